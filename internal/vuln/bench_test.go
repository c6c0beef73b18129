package vuln

import (
	"fmt"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/telemetry"
)

// BenchmarkImport takes in reports of 500 findings, of new hosts and of hosts
// where nothing changed.
func BenchmarkImport(b *testing.B) {
	var matches []match
	for n := range 500 {
		m := cve(n)
		m.Package = fmt.Sprintf("package-%d", n)
		matches = append(matches, m)
	}
	for _, again := range []bool{false, true} {
		b.Run(map[bool]string{false: "new", true: "unchanged"}[again], func(b *testing.B) {
			w := newWorld(b)
			if again {
				w.scan(b, 0, grype(w.now, "/", matches...))
			}
			for n := 0; b.Loop(); n++ {
				host := n + 1
				if again {
					host = 0
				}
				w.scan(b, host, grype(w.now, "/", matches...))
			}
			b.ReportMetric(float64(len(matches)*b.N)/b.Elapsed().Seconds(), "findings/s")
		})
	}
}

// BenchmarkQuery asks over 50,000 vulnerabilities of 100 hosts.
func BenchmarkQuery(b *testing.B) {
	w := newWorld(b)
	for host := range 100 {
		w.sees(b, host, fmt.Sprintf("host-%d", host), telemetry.Facts{Platform: "Linux", Tags: []string{"web", "db"}[host%2]})
		var matches []match
		for n := range 500 {
			m := cve(n + host%7)
			m.Package, m.Severity = fmt.Sprintf("package-%d", n), []string{"Low", "Medium", "High", "Critical"}[n%4]
			matches = append(matches, m)
		}
		w.scan(b, host, grype(w.now, "/", matches...))
	}
	for _, filter := range []string{
		"status:'open'", "cve.severity:['CRITICAL']+status:'open'", "last_seen_within:'45'", "host_info.tags:'web'",
		"host_info.platform_name:'Linux'+cve.severity:'HIGH'", "host_info.hostname:'host-7'", "cve.id:'CVE-2024-0007'",
		"data_providers.provider:'grype'",
	} {
		b.Run(filter, func(b *testing.B) {
			for b.Loop() {
				if _, err := w.Query(ctx, me, mews.RecordQuery{Filter: filter, Limit: 400}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
