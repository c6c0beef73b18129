package ioc

import (
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"strconv"
	"syscall"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/store"
)

// spent is the CPU time of this process.
func spent(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	must(t, syscall.Getrusage(syscall.RUSAGE_SELF, &u))
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// feed is the n-th indicator of a made-up feed: half hashes, the rest domains and
// addresses.
func feed(n int) mews.IndicatorCreate {
	sum := sha256.Sum256([]byte(strconv.Itoa(n)))
	in := simple("sha256", fmt.Sprintf("%x", sum))
	switch n % 4 {
	case 1:
		in = simple("domain", fmt.Sprintf("%x.example", sum[:6]))
	case 3:
		in = simple("ipv4", fmt.Sprintf("%d.%d.%d.%d", 1+n>>24, n>>16&255, n>>8&255, n&255))
	}
	in.Source, in.Platforms = fmt.Sprintf("feed %d", n%20), mews.List(desktops())
	in.Severity = severities()[n%5]
	if n%10 == 0 {
		in.Tags = mews.List{"campaign-" + strconv.Itoa(n%1000)}
	}
	if n%3 == 0 {
		in.Expiration = epoch.AddDate(1+n%5, 0, 0).Format(time.RFC3339)
	}
	return in
}

func (w *world) feed(t testing.TB, from, to int) {
	t.Helper()
	for i := from; i < to; i += maxBatch {
		var list []mews.IndicatorCreate
		for j := i; j < min(i+maxBatch, to); j++ {
			list = append(list, feed(j))
		}
		w.create(t, list...)
	}
}

// TestMillion measures what a million indicators cost, and what questions cost
// then. It runs when MEWS_IOC_MILLION says how many there shall be.
func TestMillion(t *testing.T) {
	n, _ := strconv.Atoi(os.Getenv("MEWS_IOC_MILLION"))
	if n == 0 {
		t.Skip("set MEWS_IOC_MILLION=1000000")
	}
	w := newWorld(t)
	begun, cpu := time.Now(), spent(t)
	for step := range 10 {
		was, wasCPU := time.Now(), spent(t)
		w.feed(t, step*n/10, (step+1)*n/10)
		t.Logf("%8d indicators: the last tenth took %v, %v CPU", (step+1)*n/10, time.Since(was).Round(time.Millisecond), (spent(t) - wasCPU).Round(time.Millisecond))
	}
	t.Logf("all: %v, %v CPU", time.Since(begun).Round(time.Millisecond), (spent(t) - cpu).Round(time.Millisecond))
	var pages, size int64
	must(t, w.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT p.page_count, p.page_count * s.page_size FROM pragma_page_count p, pragma_page_size s`).Scan(&pages, &size)
	}))
	t.Logf("%d bytes an indicator in the database", size/int64(n))
	took := func(what string, fn func()) {
		cpu, was := spent(t), time.Now()
		fn()
		t.Logf("%-60s %8.1f ms, %8.1f ms CPU", what, float64(time.Since(was).Microseconds())/1e3, float64((spent(t)-cpu).Microseconds())/1e3)
	}
	took("read the active ones into memory", func() { _, err := w.Candidates(ctx, cid); must(t, err) })
	took("ask again", func() { _, err := w.Candidates(ctx, cid); must(t, err) })
	pass, err := w.Candidates(ctx, cid)
	must(t, err)
	some := make([]observable.Observable, 100_000)
	for i := range some {
		some[i] = observed(t, "domain", fmt.Sprintf("host-%d.example", i))
	}
	took("100,000 quick tests", func() {
		for _, o := range some {
			pass(o)
		}
	})
	took("1,000 exact ones", func() { w.hits(t, cid, epoch, some[:1000]...) })
	took("create one", func() { w.create(t, simple("domain", "one.more.example")) })
	took("and see it", func() { _, err := w.Candidates(ctx, cid); must(t, err) })
	for _, filter := range []string{
		"", "value:'" + feed(n/2).Value + "'", "type:'domain'", "type:'domain'+severity:'critical'", "source:'feed 7'", "tags:'campaign-100'",
		"expired:true", "expiration:<'now+600d'", "value:*'*abc*'", "value:'ab*'", "platforms:'linux'", "deleted:true", "description:'x'",
	} {
		for _, sort := range []string{"", "value", "severity_number|desc"} {
			q := Query{RecordQuery: mews.RecordQuery{Filter: filter, Sort: sort}}
			took(fmt.Sprintf("combined %q by %q", filter, sort), func() { _, _, err := w.Combined(ctx, me, q); must(t, err) })
		}
	}
	for _, field := range []string{"type", "severity", "source", "platforms", "tags", "created_by"} {
		took("terms of "+field, func() {
			_, err := w.Aggregate(ctx, me, Query{}, []mews.AggregateRequest{{Type: "terms", Field: field}})
			must(t, err)
		})
	}
	took("delete a twentieth by filter", func() {
		_, err := w.Delete(context.Background(), me, Deletion{Filter: "source:'feed 7'"})
		must(t, err)
	})
}
