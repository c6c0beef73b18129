package vuln

import (
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/scanreport"
)

// A finding is what a report says of one vulnerability of one package: what its
// entries of several versions and places add up to.
type finding struct {
	id        string
	cve, name string
	target    string
	kind, pkg string
	installed []installed
	severity  string
	level     string // of remediation
	reason    string // why it is suppressed; "" where an entry of it is not
	about     *scanreport.About
}

// installed is a version of a package in a place.
type installed struct {
	Version string `json:"v,omitempty"`
	Fixed   string `json:"f,omitempty"`
	Path    string `json:"p,omitempty"`
}

// maxInstalled is how many places of a package a finding names.
const maxInstalled = 100

// Levels of remediation, in upstream's letters.
const (
	levelFixed = "o" // official fix
	levelNone  = "u" // unavailable
)

// findingsOf folds the entries of a report, and gives what is left in the order
// of the ids.
func findingsOf(sc scope, r *scanreport.Report) []finding {
	known := map[string]int{}
	var list []finding
	for i := range r.Findings {
		entry := &r.Findings[i]
		id := sc.findingID(entry)
		n, ok := known[id]
		if !ok {
			n = len(list)
			known[id] = n
			list = append(list, finding{
				id: id, cve: entry.ID, name: entry.Name, target: entry.Target, kind: strings.ToLower(entry.Type), pkg: entry.Package,
				severity: entry.Severity, reason: entry.Suppressed, about: entry.About,
			})
		}
		list[n].add(entry)
	}
	for i := range list {
		list[i].settle()
	}
	slices.SortFunc(list, func(a, b finding) int { return cmp.Compare(a.id, b.id) })
	return list
}

// findingID is the id of a vulnerability. It is made of what makes it the same
// from scan to scan, so neither versions nor places are in it.
func (sc scope) findingID(f *scanreport.Finding) string {
	h := sha256.New()
	for _, part := range []string{"mews vulnerability 1", sc.format, sc.scanner, sc.name, f.Target, strings.ToLower(f.Type), f.Package, f.ID} {
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(part))))
		h.Write([]byte(part))
	}
	return sc.aid + "_" + hex.EncodeToString(h.Sum(nil)[:16])
}

// add takes in an entry. The order of entries does not matter.
func (f *finding) add(e *scanreport.Finding) {
	f.installed = append(f.installed, installed{e.Version, e.Fixed, e.Path})
	f.name = min(f.name, e.Name)
	if worse(e.Severity, f.severity) {
		f.severity = e.Severity
	}
	f.reason = min(f.reason, e.Suppressed) // "", which is of one that is not suppressed, is the least
	switch {
	case e.Fixed != "":
		f.level = levelFixed
	case e.Unfixed && f.level == "":
		f.level = levelNone
	}
}

// settle brings the places into an order, as many as are kept.
func (f *finding) settle() {
	slices.SortFunc(f.installed, func(a, b installed) int {
		return cmp.Or(cmp.Compare(a.Version, b.Version), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Fixed, b.Fixed))
	})
	f.installed = slices.Compact(f.installed)
	f.installed = f.installed[:min(len(f.installed), maxInstalled)]
}

// worse tells whether a severity stands before another.
func worse(a, b string) bool {
	order := scanreport.Severities()
	return slices.Index(order, a) < slices.Index(order, b)
}

// contentColumns are those that a report decides, in the order of content.
const contentColumns = `cve, cve_folded, name, target, kind, package, package_folded, installed, severity, base_score, exprt, exploit, kev,
	remediation, published, suppressed, reason, reason_folded`

// content are the values of contentColumns.
func (f *finding) content() ([]any, error) {
	places, err := json.Marshal(f.installed)
	if err != nil {
		return nil, err
	}
	return []any{
		f.cve, strings.ToLower(f.cve), f.name, f.target, f.kind, f.pkg, strings.ToLower(f.pkg), string(places),
		f.severity, orNull(f.about.Score), rating(f.about), exploitStatus(f.about), f.about.Exploited,
		f.level, timeOrNull(f.about.Published), f.reason != "", f.reason, strings.ToLower(f.reason),
	}, nil
}

// digest tells one content from another.
func digest(content []any) []byte {
	h := sha256.New()
	for _, value := range content {
		text := fmt.Sprintf("%T %v", value, value)
		h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(text))))
		h.Write([]byte(text))
	}
	return h.Sum(nil)[:16]
}

func orNull(score float64) any {
	if score == 0 {
		return nil
	}
	return score
}

func timeOrNull(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMicro()
}
