package vuln

import "github.com/mewshq/mews/internal/scanreport"

// Statuses of exploitation, in upstream's numbers.
const (
	exploitUnknown = 0
	exploitActive  = 90 // used in attacks
)

func exploitStatus(a *scanreport.About) int {
	if a.Exploited {
		return exploitActive
	}
	return exploitUnknown
}

// ratings are the words of rating.
func ratings() []string { return []string{"critical", "high", "medium", "low", "unknown"} }

// rating says how likely a vulnerability is attacked. Upstream's rating is its
// own; this one is made of what scanners tell: CISA's catalog, and the
// probability of the EPSS model. Where they tell neither it is unknown.
func rating(a *scanreport.About) string {
	switch {
	case a.Exploited:
		return "critical"
	case a.EPSS == 0:
		return "unknown"
	case a.EPSS >= 0.1:
		return "high"
	case a.EPSS >= 0.01:
		return "medium"
	}
	return "low"
}
