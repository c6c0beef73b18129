package host

import (
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

const fleet = 10_000

// many are reports of a fleet, all facts included, at one time.
func many(seconds int) []Report {
	facts := full()
	reports := make([]Report, fleet)
	for n := range reports {
		reports[n] = seen(n+1, seconds, facts)
	}
	return reports
}

func (w *world) reportLarge(b *testing.B, reports []Report) {
	b.Helper()
	must(b, w.db.Write(ctx, func(tx *store.Tx) error { return w.Report(tx, cid, reports) }))
}

// BenchmarkReport takes in what 10,000 known hosts report in one call.
func BenchmarkReport(b *testing.B) {
	w := newWorld(b)
	w.reportLarge(b, many(0))
	must(b, w.CatchUp(ctx))
	for n := 0; b.Loop(); n++ {
		b.StopTimer()
		reports := many(n + 1)
		b.StartTimer()
		w.reportLarge(b, reports)
	}
}

// BenchmarkFold folds ten such calls at a time.
func BenchmarkFold(b *testing.B) {
	w := newWorld(b)
	w.reportLarge(b, many(0))
	must(b, w.CatchUp(ctx))
	for n := 1; b.Loop(); {
		b.StopTimer()
		for range 10 {
			w.reportLarge(b, many(n))
			n++
		}
		b.StartTimer()
		must(b, w.CatchUp(ctx))
	}
}

// BenchmarkFirst makes 10,000 devices.
func BenchmarkFirst(b *testing.B) {
	for b.Loop() {
		b.StopTimer()
		w := newWorld(b)
		w.reportLarge(b, many(0))
		b.StartTimer()
		must(b, w.CatchUp(ctx))
	}
}

// BenchmarkQuery asks for pages of 10,000 devices.
func BenchmarkQuery(b *testing.B) {
	w := newWorld(b)
	w.reportLarge(b, many(0))
	must(b, w.CatchUp(ctx))
	for name, q := range map[string]mews.RecordQuery{
		"by name":   {Limit: 100},
		"of filter": {Filter: "platform_name:'windows'+os_version:*'win*'", Sort: "last_seen.desc", Limit: 100},
		"all":       {Limit: maxLimit},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := w.Query(ctx, me, q)
				must(b, err)
			}
		})
	}
}
