package quarantine

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/sample"
)

// anyFinding draws a finding from few values, so that they meet again.
func anyFinding(t *rapid.T) finding {
	word := func(name string) string { return rapid.SampledFrom([]string{"", "a", "b", "c"}).Draw(t, name) }
	number := func(name string) *int64 {
		n := rapid.Int64Range(-1, 3).Draw(t, name)
		if n < 0 {
			return nil
		}
		return &n
	}
	f := finding{dated: rapid.Bool().Draw(t, "dated"), date: rapid.Int64Range(1, 5).Draw(t, "date")}
	f.facts = facts{
		hostname: word("hostname"), username: word("username"), removablePath: word("removable path"), sandboxID: word("sandbox"),
		sandboxState: word("sandbox state"), adversary: word("adversary"), country: word("country"),
		extracted: rapid.Bool().Draw(t, "extracted"), primaryModule: rapid.Bool().Draw(t, "primary"), removable: rapid.Bool().Draw(t, "removable"),
		maxSeverity: number("severity"), maxConfidence: number("confidence"), firstBehavior: number("first"), lastBehavior: number("last"),
	}
	for range rapid.IntRange(0, 3).Draw(t, "paths") {
		f.paths = append(f.paths, place{word("path"), word("file name")})
	}
	for range rapid.IntRange(0, 3).Draw(t, "links") {
		f.detects = append(f.detects, word("detect id"))
	}
	f.paths, _ = union(nil, f.paths, maxPaths)
	f.detects, _ = union(nil, f.detects, maxLinks)
	return f
}

// learnAll is what a record knows after some findings.
func learnAll(findings ...finding) record {
	r := record{facts: findings[0].facts}
	if findings[0].dated {
		r.reported = findings[0].date
	}
	for _, f := range findings[1:] {
		r.learn(f)
		if f.dated {
			r.reported = max(r.reported, f.date)
		}
	}
	return r
}

// TestLearning: to hear the same again teaches nothing, nothing is forgotten,
// and what has an extreme or is a list does not depend on the order.
func TestLearning(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		findings := rapid.SliceOfN(rapid.Custom(anyFinding), 1, 5).Draw(t, "findings")
		r := learnAll(findings...)
		known := r.facts
		if changed, note := r.learn(findings[len(findings)-1]); changed || note != "" || !reflect.DeepEqual(r.facts, known) {
			t.Fatalf("the last finding again changed %+v to %+v", known, r.facts)
		}
		back := slices.Clone(findings)
		slices.Reverse(back)
		other := learnAll(back...).facts
		for name, pair := range map[string][2]any{
			"flags":    {[]bool{known.extracted, known.primaryModule, known.removable}, []bool{other.extracted, other.primaryModule, other.removable}},
			"extremes": {numbers(known), numbers(other)},
			"paths":    {sorted(known.paths), sorted(other.paths)},
			"detects":  {sorted(known.detects), sorted(other.detects)},
		} {
			if !reflect.DeepEqual(pair[0], pair[1]) {
				t.Fatalf("%s depend on the order: %v and %v", name, pair[0], pair[1])
			}
		}
		for _, f := range findings {
			if f.hostname != "" && known.hostname == "" || f.sandboxState != "" && known.sandboxState == "" {
				t.Fatalf("a word was forgotten: %+v", known)
			}
		}
	})
}

func numbers(f facts) (out []int64) {
	for _, n := range []*int64{f.maxSeverity, f.maxConfidence, f.firstBehavior, f.lastBehavior} {
		if n == nil {
			out = append(out, -1)
		} else {
			out = append(out, *n)
		}
	}
	return out
}

func sorted[T any](list []T) []string {
	var out []string
	for _, v := range list {
		out = append(out, fmt.Sprint(v))
	}
	slices.Sort(out)
	return out
}

func TestNewerWordsStand(t *testing.T) {
	at := func(date int64, state string) finding {
		return finding{dated: true, date: date, facts: facts{sandboxState: state}}
	}
	for _, c := range []struct {
		findings []finding
		want     string
	}{
		{[]finding{at(1, "pending"), at(2, "done")}, "done"},
		{[]finding{at(2, "done"), at(1, "pending")}, "done"},
		{[]finding{at(2, ""), at(1, "pending")}, "pending"},
		{[]finding{at(2, "done"), at(3, "")}, "done"},
		{[]finding{at(2, "done"), {date: 9, facts: facts{sandboxState: "again"}}}, "again"},
	} {
		if got := learnAll(c.findings...).sandboxState; got != c.want {
			t.Errorf("%+v: %q, want %q", c.findings, got, c.want)
		}
	}
}

// TestFullRecordSaysWhatItLeftOut.
func TestFullRecordSaysWhatItLeftOut(t *testing.T) {
	w := newWorld(t)
	r := simple(aidOf(1), file(1))
	for batch := range 2 {
		r.Paths = nil
		for i := range maxPaths - 1 {
			r.Paths = append(r.Paths, mews.QuarantinePath{Path: fmt.Sprint("/", batch, "/", i)})
		}
		r.Comment = fmt.Sprint("batch ", batch)
		if f := w.report(t, r); len(f.Paths) != min(maxPaths, (batch+1)*(maxPaths-1)) {
			t.Errorf("%d paths", len(f.Paths))
		}
	}
	history := w.detail(t, recordID(aidOf(1), file(1))).History
	if got, want := history[1].Comment, "batch 1 (98 paths left out, the record is full)"; got != want {
		t.Errorf("history says %q, want %q", got, want)
	}
	w.report(t, r)
	if got := w.events(t, recordID(aidOf(1), file(1))); len(got) != 2 {
		t.Errorf("a repetition is told of: %q", got)
	}
}

// FuzzReport: whatever JSON says of a file is refused with a text for the user,
// or becomes a finding that the database can hold, and that its sealed copy says
// again.
func FuzzReport(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"hostname":"h"}`, `{"aid":"0123456789ABCDEF0123456789abcdef","sha256":"` + strings.Repeat("Aa", 32) + `"}`,
		`{"hostname":"\u0000\ud800","paths":[{"path":"C:\\a\\b\\"},{"filename":"../../x"},{}],"date_created":"2026-01-01T00:00:00.123456789+23:59"}`,
		`{"hostname":"h","behaviors":[{"ioc_type":"X"}],"max_severity":100,"first_behavior":"9999-12-31T23:59:59-14:00","detect_ids":"a,b,,a"}`,
	} {
		f.Add([]byte(seed))
	}
	known, err := hosts(nil)
	must(f, err)
	s := &Service{hosts: known, now: func() time.Time { return epoch }}
	f.Fuzz(func(t *testing.T, text []byte) {
		var r mews.QuarantineReport
		if json.Unmarshal(text, &r) != nil {
			return
		}
		got, err := s.read(cid, r)
		if err != nil {
			return
		}
		if !host.IsID(got.aid) || got.sha256 != "" && !isHash(got.sha256) {
			t.Errorf("ids %q and %q", got.aid, got.sha256)
		}
		for _, p := range got.paths {
			if !utf8.ValidString(p.path+p.filename) || strings.Contains(p.path+p.filename, "\x00") || p == (place{}) {
				t.Errorf("path %q", p)
			}
		}
		back, err := s.read(cid, got.report())
		if err != nil {
			t.Fatalf("the copy of %+v cannot be read: %v", got, err)
		}
		back.dated = got.dated
		if !reflect.DeepEqual(back, got) {
			t.Errorf("copied\n%+v\nas\n%+v", got, back)
		}
		if n := len(seal(me, got)); n > sample.MaxSealed {
			t.Errorf("the sealed copy has %d bytes", n)
		}
	})
}
