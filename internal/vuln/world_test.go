package vuln

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/telemetry"
)

// A world is the service over a real database, with a clock that stands still
// until it is moved.
type world struct {
	*Service
	db    *store.DB
	hosts *host.Service
	now   time.Time
}

var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

const day = 24 * time.Hour

func newWorld(t testing.TB, change ...func(*Deps)) *world {
	t.Helper()
	w := &world{now: epoch}
	w.db = storetest.New(t, func(o *store.Options) { o.Now = func() time.Time { return w.now } })
	var err error
	w.hosts, err = host.New(host.Deps{DB: w.db, Keys: blobtest.Keys()})
	must(t, err)
	d := Deps{DB: w.db, Hosts: w.hosts, Keys: blobtest.Keys(), ExpireAfter: 45 * day, Retention: 100 * day}
	for _, fn := range change {
		fn(&d)
	}
	w.Service, err = New(d)
	must(t, err)
	return w
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

const (
	cid   = store.CID("00000000000000000000000000000001")
	other = store.CID("00000000000000000000000000000002")
)

var (
	me       = store.Actor{CID: cid, Client: "me", Operation: "test"}
	stranger = store.Actor{CID: other, Client: "me", Operation: "test"}
	ctx      = context.Background()
)

// aid is the id of a made-up host.
func aid(n int) string { return fmt.Sprintf("%032x", n) }

// A match is a line of a made-up Grype report.
type match struct {
	CVE, Package, Version, Path string
	Severity, Fixed             string
	Exploited                   bool
}

// grype writes a report of a folder, made at a time; the zero time is left out.
func grype(at time.Time, folder string, matches ...match) string {
	type object = map[string]any
	list := []object{}
	for _, m := range matches {
		v := object{"id": m.CVE, "severity": m.Severity}
		if m.Fixed != "" {
			v["fix"] = object{"state": "fixed", "versions": []string{m.Fixed}}
		}
		if m.Exploited {
			v["knownExploited"] = []object{{"dueDate": "2026-01-01"}}
		}
		list = append(list, object{"vulnerability": v, "artifact": object{
			"name": m.Package, "version": m.Version, "type": "deb", "locations": []object{{"path": m.Path}},
		}})
	}
	tool := object{"name": "grype", "version": "1"}
	if !at.IsZero() {
		tool["timestamp"] = at.Format(time.RFC3339Nano)
	}
	text, _ := json.Marshal(object{"matches": list, "descriptor": tool, "source": object{"type": "directory", "target": folder}})
	return string(text)
}

// cve is a match of a made-up package.
func cve(n int) match {
	return match{CVE: fmt.Sprintf("CVE-2024-%04d", n), Package: fmt.Sprintf("pkg%d", n%3), Version: "1.0", Severity: "High"}
}

func cves(numbers ...int) (list []match) {
	for _, n := range numbers {
		list = append(list, cve(n))
	}
	return list
}

// scan takes in a report about a host.
func (w *world) scan(t testing.TB, n int, report string) mews.VulnerabilityScan {
	t.Helper()
	scan, wrong, err := w.Import(ctx, me, mews.VulnerabilityReport{AID: aid(n)}, strings.NewReader(report))
	must(t, err)
	if len(wrong) > 0 {
		t.Fatalf("entries were refused: %+v", wrong)
	}
	return scan
}

// found gives the CVEs of what a filter selects, sorted.
func (w *world) found(t testing.TB, filter string) []string {
	t.Helper()
	list, _, err := w.Combined(ctx, me, mews.RecordQuery{Filter: filter, Limit: maxRecords}, nil)
	must(t, err)
	out := []string{}
	for _, v := range list {
		out = append(out, v.CVE.ID)
	}
	slices.Sort(out)
	return out
}

// names are the CVEs of numbers.
func names(numbers ...int) []string {
	out := []string{}
	for _, n := range numbers {
		out = append(out, cve(n).CVE)
	}
	return out
}

// sees reports a host.
func (w *world) sees(t testing.TB, n int, hostname string, facts telemetry.Facts) {
	t.Helper()
	at := w.now.UnixMicro()
	must(t, w.db.Write(ctx, func(tx *store.Tx) error {
		return w.hosts.Report(tx, cid, []host.Report{{AID: aid(n), Hostname: hostname, Facts: &facts, First: at, Last: at}})
	}))
}
