package vuln

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// A modelScope is a scope as the documentation tells it.
type modelScope struct {
	scanned time.Time
	status  map[string]string // by CVE
	version map[string]string
}

// TestModel takes in reports in any order, damaged, outdated and repeated ones
// among them, while time goes by, and compares what becomes of each
// vulnerability with the rules of docs/vulnerabilities.md.
func TestModel(t *testing.T) {
	w, hosts := newWorld(t, func(d *Deps) { d.Retention = 0 }), 0
	rapid.Check(t, func(rt *rapid.T) {
		hosts += 2 // of this life alone
		scopes := map[string]*modelScope{}
		var sent []string // reports, to repeat
		var about []string
		for step := range rapid.IntRange(1, 12).Draw(rt, "steps") {
			w.now = w.now.Add(time.Duration(rapid.IntRange(0, 30).Draw(rt, "days")) * day)
			n, folder := hosts+rapid.IntRange(0, 1).Draw(rt, "host"), rapid.SampledFrom([]string{"/", "/srv"}).Draw(rt, "folder")
			at := w.now.Add(-time.Duration(rapid.IntRange(0, 60).Draw(rt, "age")) * day)
			var matches []match
			for _, c := range rapid.SliceOfDistinct(rapid.IntRange(1, 4), rapid.ID[int]).Draw(rt, "cves") {
				m := cve(c)
				m.Version = rapid.SampledFrom([]string{"1.0", "1.1"}).Draw(rt, "version")
				matches = append(matches, m)
			}
			report := grype(at, folder, matches...)
			damaged := rapid.IntRange(0, 4).Draw(rt, "damaged") == 0
			if damaged {
				report = strings.Replace(report, `"matches":[`, `"matches":[7`+map[bool]string{true: ",", false: ""}[len(matches) > 0], 1)
			}
			key := aid(n) + " " + folder
			scope := scopes[key]
			if scope == nil {
				scope = &modelScope{status: map[string]string{}, version: map[string]string{}}
				scopes[key] = scope
			}
			scan, _, err := w.Import(ctx, me, mews.VulnerabilityReport{AID: aid(n)}, strings.NewReader(report))
			must(t, err)
			want := scope.take(at, at.Before(w.now.Add(-45*day)), matches, damaged)
			if got := [4]int{scan.Opened, scan.Reopened, scan.Changed, scan.Closed}; got != want {
				rt.Fatalf("step %d: opened, reopened, changed, closed %v, want %v", step, got, want)
			}
			sent, about = append(sent, report), append(about, aid(n))
			if len(sent) > 1 && rapid.Bool().Draw(rt, "repeat") {
				again := rapid.IntRange(0, len(sent)-1).Draw(rt, "which")
				w.repeat(t, rt, about[again], sent[again])
			}
			w.compare(t, rt, hosts, scopes)
		}
	})
}

// take is what a report does, by the rules.
func (s *modelScope) take(at time.Time, stale bool, matches []match, damaged bool) (counts [4]int) {
	if at.Before(s.scanned) {
		return counts
	}
	s.scanned = at
	named := map[string]bool{}
	for _, m := range matches {
		named[m.CVE] = true
		switch status := s.status[m.CVE]; {
		case status == "":
			s.status[m.CVE] = "open"
			counts[0]++
		case status == "closed":
			s.status[m.CVE] = "reopen"
			counts[1]++
		case status == "expired" && !stale:
			s.status[m.CVE] = "open"
			counts[1]++
		case s.version[m.CVE] != m.Version:
			counts[2]++
		}
		s.version[m.CVE] = m.Version
	}
	for id, status := range s.status {
		if !named[id] && !damaged && status != "closed" {
			s.status[id] = "closed"
			counts[3]++
		}
	}
	return counts
}

// repeat sends an earlier report again. It is the last of its scope, or older
// than that; one of the same time is a new statement, so it is left alone.
func (w *world) repeat(t *testing.T, rt *rapid.T, aid, report string) {
	t.Helper()
	in, err := w.read(ctx, "auto", strings.NewReader(report))
	must(t, err)
	var scanned int64
	var digest []byte
	must(t, w.db.Read(ctx, func(tx *store.Tx) error {
		return tx.QueryRow(`SELECT scanned, digest FROM vuln_scope WHERE cid = ? AND aid = ? AND name = ?`, string(cid), aid, in.report.Artifact).Scan(&scanned, &digest)
	}))
	if in.at.UnixMicro() == scanned && !slices.Equal(digest, in.digest[:]) {
		return
	}
	scan, _, err := w.Import(ctx, me, mews.VulnerabilityReport{AID: aid}, strings.NewReader(report))
	must(t, err)
	if scan.Opened+scan.Changed+scan.Closed+scan.Reopened != 0 || !scan.Repeated && !scan.Outdated {
		rt.Fatalf("an earlier report again: %+v", scan)
	}
}

// compare looks at every vulnerability there is.
func (w *world) compare(t *testing.T, rt *rapid.T, hosts int, scopes map[string]*modelScope) {
	t.Helper()
	var want []string
	for key, s := range scopes {
		for id, status := range s.status {
			if (status == "open" || status == "reopen") && s.scanned.Before(w.now.Add(-45*day)) {
				s.status[id], status = "expired", "expired"
			}
			want = append(want, fmt.Sprintf("%s %s %s %s", key, id, status, s.version[id]))
		}
	}
	list, _, err := w.Combined(ctx, me, mews.RecordQuery{Filter: fmt.Sprintf("aid:['%s','%s']", aid(hosts), aid(hosts+1)), Limit: maxRecords}, nil)
	must(t, err)
	var got []string
	for _, v := range list {
		got = append(got, fmt.Sprintf("%s %s %s %s %s", v.AID, v.Scan.Scope, v.CVE.ID, v.Status, v.Apps[0].Version))
		if (v.Closed != "") != (v.Status == "closed") || v.Updated < v.Created {
			rt.Fatalf("%+v", v)
		}
	}
	slices.Sort(got)
	slices.Sort(want)
	if !slices.Equal(got, want) {
		rt.Fatalf("there are\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}
