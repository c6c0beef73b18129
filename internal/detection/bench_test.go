package detection

import (
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sighting"
)

// A popular IOC on many hosts at once: what the writer is held for.
func BenchmarkRecord(b *testing.B) {
	w := newWorld(b)
	w.indicator(b, cid, domain(1), mews.IndicatorDetect)
	var list []sighting.Seen
	for n := range 10_000 {
		list = append(list, seen(domain(1), n+1, n, 7))
	}
	for b.Loop() {
		w.record(b, cid, list...)
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/float64(len(list)), "us/row")
}
