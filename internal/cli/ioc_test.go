package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/iocfile"
)

// TestIOCAsks: a person is asked with the number of indicators, and a no changes
// nothing.
func TestIOCAsks(t *testing.T) {
	f := newFake(t)
	_, errOut, code := f.mews(run{terminal: []string{"in"}, stdin: "n\n"}, "ioc", "delete", "--all")
	if code != exitError || !strings.Contains(errOut, "Delete 3 indicators?") || len(f.iocs.selected("*")) != 3 {
		t.Errorf("code %d, %q", code, errOut)
	}
	ids := "evil.example\n\n" + evil + "\n2001:db8::1\n"
	out, errOut, code := f.mews(run{terminal: []string{"in"}, stdin: ids}, "ioc", "delete", "-", "--yes", "--comment", "why")
	if code != exitOK || out != "deleted 2 indicators\n" || f.iocs.comment != "why" {
		t.Errorf("code %d, %q, %q, comment %q", code, out, errOut, f.iocs.comment)
	}
}

// TestIOCUpdateSays: what no flag speaks of stays, and an empty flag empties.
func TestIOCUpdateSays(t *testing.T) {
	empty, never := "", ""
	high, end := "high", "2099-01-01T00:00:00Z"
	yes, no := true, false
	for _, c := range []struct {
		flags []string
		want  mews.IndicatorChange
	}{
		{[]string{"--severity", "high"}, mews.IndicatorChange{Severity: &high}},
		{[]string{"--description", ""}, mews.IndicatorChange{Description: &empty}},
		{[]string{"--expires", "never"}, mews.IndicatorChange{Expiration: &never}},
		{[]string{"--expires", "2099-01-01"}, mews.IndicatorChange{Expiration: &end}},
		{[]string{"--tag", ""}, mews.IndicatorChange{Tags: &mews.List{}}},
		{[]string{"--tag", "a,b"}, mews.IndicatorChange{Tags: &mews.List{"a", "b"}}},
		{[]string{"--everywhere"}, mews.IndicatorChange{AppliedGlobally: &yes}},
		{[]string{"--host-group", aidTwo}, mews.IndicatorChange{AppliedGlobally: &no, HostGroups: mews.List{aidTwo}}},
		{
			[]string{"--action", "allow", "--mobile-action", "detect", "--platform", "mac", "--filename", "x"},
			mews.IndicatorChange{Action: "allow", MobileAction: "detect", Platforms: mews.List{"mac"}, Metadata: &mews.IndicatorMetadata{Filename: "x"}},
		},
	} {
		f := newFake(t)
		if _, errOut, code := f.mews(run{}, append([]string{"ioc", "update", "evil.example", "--yes", "--comment", "why"}, c.flags...)...); code != exitOK {
			t.Errorf("%q: code %d, %s", c.flags, code, errOut)
			continue
		}
		sent := f.iocs.updates[0]
		var want mews.IndicatorChange // as the server reads it
		if err := json.Unmarshal([]byte(mustJSON(t, c.want)), &want); err != nil {
			t.Fatal(err)
		}
		if got := sent.Indicators[0].IndicatorChange; !reflect.DeepEqual(got, want) || sent.Comment != "why" {
			t.Errorf("%q: sent %s, want %s", c.flags, mustJSON(t, got), mustJSON(t, want))
		}
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := marshal(v, "")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// TestIOCExpiresInDays counts from now.
func TestIOCExpiresInDays(t *testing.T) {
	f := newFake(t)
	if _, errOut, code := f.mews(run{}, "ioc", "add", "new.example", "--expires", "30d"); code != exitOK {
		t.Fatal(errOut)
	}
	o := indicatorFields{expires: "30d", now: func() time.Time { return timeOf("2026-01-02T03:04:05Z") }}
	if end, err := o.expiration(); err != nil || rfc3339(end) != "2026-02-01T03:04:05Z" {
		t.Error(end, err)
	}
}

// TestIOCImportMany: rows go in batches, refused ones fail alone, and a second
// run adds nothing.
func TestIOCImportMany(t *testing.T) {
	f := newFake(t)
	var feed strings.Builder
	feed.WriteString("value,severity\n")
	const rows = 2*mews.MaxIndicators + 10
	for n := range rows {
		severity := "high"
		if n%1000 == 7 {
			severity = "extreme"
		}
		fmt.Fprintf(&feed, "d%d.example,%s\n", n, severity)
	}
	out, errOut, code := f.mews(run{stdin: feed.String()}, "ioc", "import", "-", "-o", "csv", "--comment", "why")
	if code != exitPartial || !strings.Contains(out, `"4005","0","0","0","5"`) || strings.Count(errOut, "severity: extreme") != 5 {
		t.Fatalf("code %d, %s %.500s", code, out, errOut)
	}
	if len(f.iocs.creates) != 3*2 || f.iocs.creates[0].Comment != "why" || !strings.Contains(errOut, "-: line 9: severity") {
		t.Errorf("%d calls, %.500s", len(f.iocs.creates), errOut)
	}
	if out, _, code = f.mews(run{stdin: feed.String()}, "ioc", "import", "-", "-o", "csv"); code != exitPartial || !strings.Contains(out, `"0","0","4005","0","5"`) {
		t.Errorf("again: code %d, %s", code, out)
	}
}

// TestIOCImportTwice: a value that a file names twice is made once, and with
// --update the last row holds.
func TestIOCImportTwice(t *testing.T) {
	f := newFake(t)
	const feed = "value,severity\na.example,low\nA.example,high\nb.example,low\n"
	out, errOut, code := f.mews(run{stdin: feed}, "ioc", "import", "-", "-o", "csv")
	if code != exitOK || !strings.Contains(out, `"2","0","1","0","0"`) || f.iocs.records[f.iocs.index("domain:a.example")].Severity != "low" {
		t.Errorf("code %d, %s %s", code, out, errOut)
	}
	out, errOut, code = f.mews(run{stdin: feed}, "ioc", "import", "-", "-o", "csv", "--update")
	if code != exitOK || !strings.Contains(out, `"0","1","2","0","0"`) || f.iocs.records[f.iocs.index("domain:a.example")].Severity != "high" {
		t.Errorf("code %d, %s %s", code, out, errOut)
	}
}

// TestIOCImportStops: what the server refuses as a whole ends the import, and
// the summary says what was done.
func TestIOCImportStops(t *testing.T) {
	f := newFake(t)
	var feed strings.Builder
	for n := range mews.MaxIndicators + 1 {
		fmt.Fprintf(&feed, "d%d.example\n", n)
	}
	calls := 0
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/iocs/") {
			if calls++; calls > 1 {
				f.refuse(w, 403, "access denied, authorization failed")
				return true
			}
		}
		return false
	}
	out, errOut, code := f.mews(run{stdin: feed.String()}, "ioc", "import", "-", "-o", "csv")
	if code != exitAuth || !strings.Contains(out, `"2000","0","0","0","0"`) || !strings.Contains(errOut, "from line 2001 on") || !strings.Contains(errOut, "again to go on") {
		t.Errorf("code %d, %s %s", code, out, errOut)
	}
}

// TestIOCExportSTIX: a bundle brings the same indicators to another server, and
// holds the sightings that were asked for.
func TestIOCExportSTIX(t *testing.T) {
	for _, format := range []string{"csv", "stix"} {
		from, to := newFake(t), newFake(t)
		to.iocs.records = nil
		args := []string{"ioc", "export", "--format", format}
		if format == "stix" {
			args = append(args, "--sightings")
		}
		file, errOut, code := from.mews(run{}, args...)
		if code != exitOK || strings.Count(file, `"type":"sighting"`) != map[string]int{"stix": 2}[format] {
			t.Fatalf("code %d, %s %s", code, errOut, file)
		}
		out, errOut, code := to.mews(run{stdin: file}, "ioc", "import", "-", "-o", "csv")
		if code != exitOK || !strings.Contains(out, `"2","0","0","1","0"`) { // one has expired
			t.Fatalf("code %d, %s %s", code, out, errOut)
		}
		for n, want := range from.iocs.records[:2] {
			got := to.iocs.records[n]
			if mustJSON(t, fileIndicator(got)) != mustJSON(t, fileIndicator(want)) {
				t.Errorf("%s: %+v\nbecame %+v", format, want, got)
			}
		}
	}
}

// TestIOCExportTerminal: on a screen, names that others chose steer nothing.
func TestIOCExportTerminal(t *testing.T) {
	f := newFake(t)
	for _, terminal := range [][]string{nil, {"out"}} {
		out, errOut, code := f.mews(run{terminal: terminal}, "ioc", "export")
		if code != exitOK || strings.Contains(out, "\x1b") != (terminal == nil) {
			t.Errorf("terminal %v: code %d, %q %q", terminal, code, out, errOut)
		}
	}
}

// TestDiffers: a row that a record was made from asks for no change, and a row
// that says something else does.
func TestDiffers(t *testing.T) {
	words := rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "c"}), 0, 3)
	text := rapid.SampledFrom([]string{"", "x", "y"})
	rapid.Check(t, func(t *rapid.T) {
		record := mews.Indicator{
			Action: text.Draw(t, "action"), Severity: text.Draw(t, "severity"), Source: text.Draw(t, "source"), Tags: words.Draw(t, "tags"),
			Description: text.Draw(t, "description"), Platforms: words.Draw(t, "platforms"), AppliedGlobally: rapid.Bool().Draw(t, "everywhere"),
			Expiration: rapid.SampledFrom([]string{"", "2099-01-01T00:00:00Z", "2099-01-01T00:00:00.25Z"}).Draw(t, "end"),
		}
		says := fileIndicator(record)
		slices.Reverse(says.Tags)
		if differs(record, says) || differs(record, iocfile.Indicator{}) {
			t.Fatalf("%+v", record)
		}
		n := rapid.IntRange(0, 4).Draw(t, "field")
		switch n {
		case 0:
			says.Action += "z"
		case 1:
			says.Tags = append(slices.Clone(says.Tags), "z")
		case 2:
			says.Expiration = timeOf("2098-01-01T00:00:00Z")
		case 3:
			other := !record.AppliedGlobally
			says.AppliedGlobally = &other
		default:
			says.Description += "z"
		}
		if !differs(record, says) {
			t.Fatalf("field %d of %+v", n, record)
		}
	})
}

// TestIOCProcessesOfMany: processes come host by host, and no more is asked than
// is shown.
func TestIOCProcessesOfMany(t *testing.T) {
	f := newFake(t)
	for n := range 300 {
		f.iocs.seen[evil] = append(f.iocs.seen[evil], mews.Sighting{DeviceID: shaOf(strconv.Itoa(n))[:32], Count: int64(n)})
	}
	asked := 0
	f.intercept = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/indicators/queries/processes/v1" {
			asked++
		}
		return false
	}
	out, errOut, code := f.mews(run{}, "ioc", "processes", "evil.example", "--ids", "--limit", "250")
	if code != exitOK || strings.Count(out, "pid:") != 250 || asked != 251 || !strings.Contains(errOut, "the first 250") {
		t.Errorf("code %d, %d lines, %d calls, %s", code, strings.Count(out, "\n"), asked, errOut)
	}
	out, errOut, code = f.mews(run{}, "ioc", "processes", "evil.example", "--all", "-o", "ndjson")
	if code != exitOK || strings.Count(out, "\n") != 302 {
		t.Errorf("code %d, %d lines, %s", code, strings.Count(out, "\n"), errOut)
	}
}

// TestIOCImportLarge: rows with much to say go in calls that the server takes.
func TestIOCImportLarge(t *testing.T) {
	f := newFake(t)
	var feed strings.Builder
	feed.WriteString("value,description\n")
	for n := range 60 {
		fmt.Fprintf(&feed, "d%d.example,%s\n", n, strings.Repeat("<", 20<<10)) // six bytes each in a request
	}
	f.intercept = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPost && r.ContentLength > 4<<20 {
			t.Errorf("a request of %d bytes", r.ContentLength)
		}
		return false
	}
	out, errOut, code := f.mews(run{stdin: feed.String()}, "ioc", "import", "-", "-o", "csv")
	if code != exitOK || !strings.Contains(out, `"60","0","0","0","0"`) || len(f.iocs.creates) < 2 {
		t.Errorf("code %d, %d calls, %s %s", code, len(f.iocs.creates), out, errOut)
	}
}
