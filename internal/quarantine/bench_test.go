package quarantine

import (
	"errors"
	"fmt"
	"testing"

	"github.com/mewshq/mews"
)

// fill imports n records of n/10 hosts.
func (w *world) fill(t testing.TB, n int) {
	t.Helper()
	var batch []mews.QuarantineReport
	for i := range n {
		r := simple(aidOf(i/10), shaOf(fmt.Sprint(i)))
		r.Hostname, r.Username = fmt.Sprintf("Web-%05d", i/10), fmt.Sprintf(`CORP\user%d`, i%1000)
		r.Paths = []mews.QuarantinePath{{Path: fmt.Sprintf(`C:\Users\user%d\Downloads\invoice-%d.exe`, i%1000, i)}}
		r.DetectIDs = mews.List{fmt.Sprintf("ldt:%032x:%d", i/10, i)}
		if batch = append(batch, r); len(batch) == 5000 || i == n-1 {
			out, err := w.Import(ctx, me, batch)
			must(t, err)
			if out.Changed != len(batch) {
				t.Fatal(errors.Join(out.Errors...))
			}
			batch = batch[:0]
		}
	}
}

// BenchmarkUpdateByQuery acts on 100,000 records in one transaction.
func BenchmarkUpdateByQuery(b *testing.B) {
	const n = 100_000
	w := newWorld(b)
	w.fill(b, n)
	for b.Loop() {
		for _, action := range []string{mews.ActionRelease, mews.ActionUnrelease} {
			u, err := w.UpdateByQuery(ctx, me, mews.QuarantineQueryUpdate{Action: action, Filter: "*"})
			must(b, err)
			if u.Affected != n {
				b.Fatalf("%s changed %d", action, u.Affected)
			}
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()/float64(2*b.N), "s/update")
}
