package telemetry

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

// goldenLines are all lines of the golden files, by their format.
func goldenLines(t testing.TB) map[Format][][]byte {
	t.Helper()
	all := map[Format][][]byte{}
	for _, f := range Formats()[1:] {
		text, err := os.ReadFile(filepath.Join("testdata", string(f)+".ndjson"))
		if err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(bytes.NewReader(text))
		for lines.Scan() {
			all[f] = append(all[f], bytes.Clone(lines.Bytes()))
		}
	}
	return all
}

func newParser(t testing.TB, f Format) *Parser {
	t.Helper()
	p, err := NewParser(f, testNow)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// TestNamedFormat reads lines by the name of their format, which must give
// what Auto gives.
func TestNamedFormat(t *testing.T) {
	for format, lines := range goldenLines(t) {
		named, auto := newParser(t, format), newParser(t, Auto)
		for i, line := range lines {
			want, err := auto.Parse(line)
			if err != nil {
				continue
			}
			got, err := named.Parse(line)
			if err != nil || cmp.Diff(want, got) != "" {
				t.Errorf("%s line %d: as %s: %v %s", format, i+1, format, err, cmp.Diff(want, got))
			}
		}
	}
}

// TestForeignFormat gives lines to parsers of other formats, which must refuse
// them: read as what they are not they would look empty.
func TestForeignFormat(t *testing.T) {
	lines := goldenLines(t)
	for _, format := range Formats()[1:] {
		for other, its := range lines {
			if other == format || other == Sysmon && format == ECS {
				continue
			}
			if _, err := newParser(t, format).Parse(its[0]); err == nil && !(format == Sysmon || other == Sysmon) {
				t.Errorf("a line of %s passed as %s", other, format)
			}
		}
	}
	if _, err := newParser(t, FDR).Parse([]byte(`{}`)); err == nil || !strings.Contains(err.Error(), "not of format fdr") {
		t.Error("an empty object passed as fdr:", err)
	}
}

func TestUnknownFormat(t *testing.T) {
	if _, err := NewParser("xml", testNow); err == nil || !strings.Contains(err.Error(), "auto, fdr, ecs") {
		t.Error("xml:", err)
	}
	if _, err := NewParser("", testNow); err != nil {
		t.Error("no format:", err)
	}
}

func TestEmptyLine(t *testing.T) {
	for _, line := range []string{"", " ", "\r"} {
		if events, err := newParser(t, Auto).Parse([]byte(line)); len(events) != 0 || err != nil {
			t.Errorf("%q: %v %v", line, events, err)
		}
	}
}

// TestNothingAliased overwrites a line and reads others: what was read before
// must stay.
func TestNothingAliased(t *testing.T) {
	for format, lines := range goldenLines(t) {
		for i, line := range lines {
			p := newParser(t, format)
			mine := bytes.Clone(line)
			events, err := p.Parse(mine)
			if err != nil {
				continue
			}
			before := show(t, newParser(t, format), i, line)
			kept := make([]Event, len(events))
			for j, e := range events {
				kept[j] = e
				kept[j].Seen = append([]Sighting(nil), e.Seen...)
			}
			clear(mine)
			for _, other := range lines {
				_, _ = p.Parse(other)
			}
			again, err := newParser(t, format).Parse(line)
			if err != nil || cmp.Diff(kept, normal(again)) != "" {
				t.Errorf("%s line %d has changed: %s, was %v", format, i+1, cmp.Diff(kept, normal(again)), before)
			}
		}
	}
}

// normal copies events with no sightings as nil.
func normal(events []Event) []Event {
	out := make([]Event, len(events))
	for i, e := range events {
		out[i] = e
		out[i].Seen = append([]Sighting(nil), e.Seen...)
	}
	return out
}

// TestFactsOnce tells of facts when they are new, and only then.
func TestFactsOnce(t *testing.T) {
	line := func(aid, ip string, at int) []byte {
		return fmt.Appendf(nil, `{"event_simpleName":"AgentOnline","aid":"%s","timestamp":"%d","aip":"%s"}`, strings.Repeat(aid, 16), 1718000000000+at, ip)
	}
	p := newParser(t, Auto)
	for i, step := range []struct {
		aid, ip string
		at      int
		told    bool
	}{
		{"ab", "192.0.2.1", 10, true},
		{"ab", "192.0.2.1", 20, false},
		{"ab", "192.0.2.2", 15, false}, // older than what was repeated
		{"cd", "192.0.2.1", 15, true},
		{"ab", "192.0.2.2", 30, true},
		{"ab", "192.0.2.1", 40, true},
		{"ab", "", 50, false},
		{"ab", "192.0.2.1", 60, false},
		{"ab", "192.0.2.2", 70, true}, // once said, then contradicted
		{"ab", "192.0.2.1", 80, true},
		{"ab", "192.0.2.2", 75, false},
		{"ab", "192.0.2.2", 90, true},
		{"ab", "192.0.2.2", 91, false},
	} {
		events, err := p.Parse(line(step.aid, step.ip, step.at))
		if err != nil || len(events) != 1 {
			t.Fatal(events, err)
		}
		if told := events[0].Host.Facts != nil; told != step.told {
			t.Errorf("step %d: told %v, want %v", i, told, step.told)
		}
	}
}

// TestFactFields checks that every text of Facts has its field, in order.
func TestFactFields(t *testing.T) {
	var f Facts
	seen := map[string]bool{}
	for _, text := range f.texts() {
		*text = "x"
	}
	v := reflect.ValueOf(f)
	for i := range v.NumField() {
		if name := v.Type().Field(i).Name; v.Field(i).Kind() == reflect.String && v.Field(i).String() != "x" {
			t.Errorf("%s has no field", name)
		} else {
			seen[name] = true
		}
	}
	if len(seen) < 20 {
		t.Error("the walk is broken:", seen)
	}
}

// TestNoConflicts refuses tables that name one path for two fields: the walk
// over a line knows its format only afterwards.
func TestNoConflicts(t *testing.T) {
	all := paths{}
	for _, table := range []paths{fdrPaths, ecsPaths, sysmonPaths, osqueryPaths} {
		for path, f := range table {
			if before, ok := all[path]; ok && before != f {
				t.Errorf("%s is two fields: %d and %d", path, before, f)
			}
			all[path] = f
		}
	}
}

// TestHugeLines reads lines made to cost much: a key of many steps, a list of
// many answers, deep nesting.
func TestHugeLines(t *testing.T) {
	p := newParser(t, Auto)
	answers := []string{}
	for i := range 50_000 {
		answers = append(answers, fmt.Sprintf("10.%d.%d.1", i>>8, i&255))
	}
	events, err := p.Parse([]byte(`{"event_simpleName":"DnsRequest","aid":"3f0c2b7d9e8a41c5b6d7e8f901234567","timestamp":"1718000000000","IP4Records":"` +
		strings.Join(answers, ";") + `","` + strings.Repeat(".", 1<<19) + `":1}`))
	if err != nil || len(events) != 1 || len(events[0].Seen) != maxSeen {
		t.Error(len(events), err)
	}
	_, err = p.Parse([]byte(`{"a":` + strings.Repeat("[", 1<<19) + strings.Repeat("]", 1<<19) + `}`))
	if err == nil || !strings.Contains(err.Error(), "nested deeper") {
		t.Error("deep:", err)
	}
	_, err = p.Parse([]byte(strings.Repeat("<Event>", 1<<16)))
	if err == nil || !strings.Contains(err.Error(), "nested too deep") {
		t.Error("deep XML:", err)
	}
}

// TestDocumented holds the guide to the tables: it names every field that is
// read, and every event.
func TestDocumented(t *testing.T) {
	guide, err := os.ReadFile("../../docs/telemetry.md")
	if err != nil {
		t.Fatal(err)
	}
	known := func(name string) {
		if !bytes.Contains(guide, []byte(name)) {
			t.Errorf("docs/telemetry.md does not tell of %s", name)
		}
	}
	for _, table := range []paths{fdrPaths, ecsPaths, sysmonData} {
		for path := range table {
			known("`" + path + "`")
		}
	}
	for path := range osqueryPaths {
		known("`" + strings.TrimPrefix(path, "columns.") + "`")
	}
	for event := range fdrEvents {
		known(strings.TrimSuffix(event, "IP6"))
	}
}

func TestTimes(t *testing.T) {
	want := time.Date(2024, 6, 10, 6, 13, 20, 123000000, time.UTC).UnixMicro()
	r := &reader{latest: testNow().UnixMicro()}
	for _, text := range []string{
		"1718000000.123", "1718000000123", "1718000000123000", "1718000000123000000", "133624736001230000",
		"2024-06-10T06:13:20.123Z", "2024-06-10T08:13:20.123+02:00", "2024-06-10T08:13:20.123+0200", "2024-06-10 06:13:20.123", " 1718000000123 ",
	} {
		if got, ok := r.when(value{plain, []byte(text)}); !ok || got != want {
			t.Errorf("%s: %v %v, want %v", text, got, ok, want)
		}
	}
	for _, text := range []string{
		"", "0", "-5", "1", "599999999", "99999999999999999999", "1718000000.1x", "1718000000123.", "2024-06-10", "2031-01-01T00:00:00Z", "1989-12-31T23:59:59Z", "NaN", "1e9",
	} {
		if got, ok := r.when(value{plain, []byte(text)}); ok && text != "1718000000123." {
			t.Errorf("%q passed as %v", text, got)
		}
	}
}

// FuzzParse reads anything: no panic, and what comes out keeps its promises.
func FuzzParse(f *testing.F) {
	for _, lines := range goldenLines(f) {
		for _, line := range lines {
			f.Add(line)
		}
	}
	formats := Formats()
	f.Fuzz(func(t *testing.T, line []byte) {
		for _, format := range formats {
			events, err := newParser(t, format).Parse(line)
			if err != nil {
				var ours *LineError
				if !asLineError(err, &ours) || len(events) != 0 || len(err.Error()) > 4096 {
					t.Fatalf("%s: error %T %v with %d events", format, err, err, len(events))
				}
			}
			for _, e := range events {
				checkEvent(t, e)
			}
		}
	})
}

func asLineError(err error, to **LineError) bool {
	ours, ok := err.(*LineError)
	*to = ours
	return ok
}

// checkEvent checks what every event promises.
func checkEvent(t *testing.T, e Event) {
	t.Helper()
	if e.Time < earliest || e.Time > testNow().Add(24*time.Hour).UnixMicro() {
		t.Fatalf("time %d is out of bounds", e.Time)
	}
	if e.Host.AID == "" && e.Host.Hostname == "" || e.Host.AID != "" && len(e.Host.AID) != 32 {
		t.Fatalf("host %q %q", e.Host.AID, e.Host.Hostname)
	}
	if p := e.Process; p.ID == 0 && p != (Process{}) {
		t.Fatalf("a process without an id: %+v", p)
	}
	for _, text := range []string{e.Host.Hostname, e.Process.Image, e.Process.CommandLine, e.Process.User} {
		if !utf8.ValidString(text) || len(text) > maxCommand+utf8.UTFMax {
			t.Fatalf("text %q", text)
		}
	}
	for _, seen := range e.Seen {
		if seen.Kind == 0 || seen.Key == "" {
			t.Fatalf("sighting %+v", seen)
		}
	}
}
