package intel

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/feed"
	"github.com/mewshq/mews/internal/store/storetest"
)

func wantCounts(t testing.TB, got, want mews.IntelCounts) {
	t.Helper()
	if got != want {
		t.Errorf("counts are %+v, want %+v", got, want)
	}
}

// TestRecord: a record has what the feed says, and what nobody said filled in.
func TestRecord(t *testing.T) {
	w := newWorld(t)
	w.take(t, Import{Source: "a"}, feed.Row{Indicator: mews.IntelIndicator{
		Type: "hash_md5", Indicator: strings.Repeat("AB", 16), PublishedDate: 1700000000, MaliciousConfidence: "High",
		Actors: []string{"B", "a", "b"}, Labels: []mews.IntelLabel{{Name: "x"}},
		Relations: []mews.IntelRelation{{Type: "domain", Indicator: "A.example."}},
	}}, domain("plain"))
	found, page, err := w.Query(ctx, me, mews.IntelQuery{})
	must(t, err)
	now := epoch.Unix()
	want := mews.IntelIndicator{
		ID: "hash_md5_" + strings.Repeat("ab", 16), Indicator: strings.Repeat("ab", 16), Type: "hash_md5",
		Marker: found[0].Marker, PublishedDate: 1700000000, LastUpdated: now, MaliciousConfidence: "high",
		Actors: []string{"a", "B"}, Reports: []string{}, MalwareFamilies: []string{}, KillChains: []string{}, DomainTypes: []string{},
		IPAddressTypes: []string{}, Targets: []string{}, ThreatTypes: []string{}, Vulnerabilities: []string{},
		Labels:    []mews.IntelLabel{{Name: "x", CreatedOn: 1700000000, LastValidOn: 1700000000}},
		Relations: []mews.IntelRelation{{ID: "domain_a.example", Type: "domain", Indicator: "a.example", CreatedDate: 1700000000, LastValidDate: 1700000000}},
	}
	if !reflect.DeepEqual(found[0], want) {
		t.Errorf("got  %+v\nwant %+v", found[0], want)
	}
	if p := found[1]; p.PublishedDate != now || p.MaliciousConfidence != "unverified" || p.Labels == nil || p.Relations == nil || page.Total != 2 {
		t.Errorf("%+v, %+v", p, page)
	}
	if !strings.HasPrefix(found[0].Marker, "1772366400") || len(found[0].Marker) != 42 || found[0].Marker >= found[1].Marker {
		t.Errorf("markers %s and %s", found[0].Marker, found[1].Marker)
	}
}

// TestRepeat: what is imported again keeps its marker; what changed gets one
// behind all others.
func TestRepeat(t *testing.T) {
	w := newWorld(t)
	wantCounts(t, w.take(t, Import{Source: "a"}, domains("a b c")...), mews.IntelCounts{Rows: 3, Added: 3})
	before := []mews.IntelIndicator{w.get(t, "a"), w.get(t, "b"), w.get(t, "c")}
	w.now = w.now.Add(time.Hour)
	wantCounts(t, w.take(t, Import{Source: "a"}, domains("c b a")...), mews.IntelCounts{Rows: 3, Unchanged: 3})
	for n, name := range []string{"a", "b", "c"} {
		if got := w.get(t, name); !reflect.DeepEqual(got, before[n]) {
			t.Errorf("%s became %+v", name, got)
		}
	}
	wantCounts(t, w.take(t, Import{Source: "a"}, domain("a"), domain("b", "loader"), domain("a", "twice"), domain("d")),
		mews.IntelCounts{Rows: 4, Added: 1, Updated: 1, Unchanged: 1, Skipped: 1})
	if got := w.everything(t); got != "a c b d" {
		t.Errorf("by marker: %s", got)
	}
	if b := w.get(t, "b"); b.LastUpdated != w.now.Unix() || b.Marker[:10] != "1772370000" || b.PublishedDate != epoch.Unix() || b.MalwareFamilies[0] != "loader" {
		t.Errorf("b is %+v", b)
	}
}

// TestClockGoesBack: markers grow all the same.
func TestClockGoesBack(t *testing.T) {
	w := newWorld(t)
	w.take(t, Import{Source: "a"}, domain("a"))
	w.now = w.now.Add(-48 * time.Hour)
	w.take(t, Import{Source: "a"}, domain("b"))
	a, b := w.get(t, "a"), w.get(t, "b")
	if b.Marker <= a.Marker || b.LastUpdated != a.LastUpdated {
		t.Errorf("%s, then %s", a.Marker, b.Marker)
	}
}

// TestFeedsAgree: a record is what all feeds say, and is deleted when the last
// one takes it back.
func TestFeedsAgree(t *testing.T) {
	w := newWorld(t)
	say := func(source, confidence string, published int64, families ...string) feed.Row {
		r := domain("a", families...)
		r.Indicator.MaliciousConfidence, r.Indicator.PublishedDate = confidence, published
		return r
	}
	w.take(t, Import{Source: "one"}, say("one", "low", 2000, "x", "y"))
	wantCounts(t, w.take(t, Import{Source: "two"}, say("two", "high", 1000, "Y", "z")), mews.IntelCounts{Rows: 1, Updated: 1})
	if a := w.get(t, "a"); a.MaliciousConfidence != "high" || a.PublishedDate != 1000 || len(a.MalwareFamilies) != 3 {
		t.Errorf("together: %+v", a)
	}
	for feeds, want := range map[string]string{"source:'one'+source:'two'": "a", "scope:'three'": ""} {
		if got := w.query(t, filter(feeds)); got != want {
			t.Errorf("%s: %q", feeds, got)
		}
	}
	// The second feed goes on without it.
	wantCounts(t, w.take(t, Import{Source: "two", Complete: true}, domain("b")), mews.IntelCounts{Rows: 1, Added: 1, Updated: 1})
	a := w.get(t, "a")
	if a.Deleted || a.MaliciousConfidence != "low" || a.PublishedDate != 2000 || len(a.MalwareFamilies) != 2 || a.Marker <= w.get(t, "b").Marker {
		t.Errorf("with one: %+v", a)
	}
	wantCounts(t, w.take(t, Import{Source: "one", Complete: true}, domain("c")), mews.IntelCounts{Rows: 1, Added: 1, Deleted: 1})
	if got := w.get(t, "a"); !got.Deleted || got.MalwareFamilies[0] != "x" || got.Marker <= a.Marker {
		t.Errorf("with none: %+v", got)
	}
	if got := w.query(t, mews.IntelQuery{}); got != "b c" {
		t.Errorf("left are %s", got)
	}
	// It comes back as it is said then.
	wantCounts(t, w.take(t, Import{Source: "one"}, say("one", "medium", 3000)), mews.IntelCounts{Rows: 1, Added: 1})
	if got := w.get(t, "a"); got.Deleted || got.MaliciousConfidence != "medium" || len(got.MalwareFamilies) != 0 {
		t.Errorf("back: %+v", got)
	}
}

// TestRun: parts with one name are one import.
func TestRun(t *testing.T) {
	w := newWorld(t)
	w.take(t, Import{Source: "a"}, domains("a b c d")...)
	wantCounts(t, w.take(t, Import{Source: "a", Run: "r1"}, domains("a")...), mews.IntelCounts{Rows: 1, Unchanged: 1})
	wantCounts(t, w.take(t, Import{Source: "a", Run: "r1", Complete: true}, domains("a b")...),
		mews.IntelCounts{Rows: 2, Unchanged: 1, Skipped: 1, Deleted: 2})
	if got := w.query(t, mews.IntelQuery{}); got != "a b" {
		t.Errorf("left are %s", got)
	}
}

// TestOrigins: two places of a feed speak for themselves, and of a whole place
// what it does not say any more is taken back.
func TestOrigins(t *testing.T) {
	w := newWorld(t)
	at := func(origin string, r feed.Row) feed.Row { r.Origin = origin; return r }
	whole := func(origin string) feed.Row { return feed.Row{Origin: origin, Whole: true} }
	wantCounts(t, w.take(t, Import{Source: "m"},
		at("e1", domain("a", "x")), at("e1", domain("b")), whole("e1"), at("e2", domain("a", "y")), whole("e2")),
		mews.IntelCounts{Rows: 3, Added: 2, Unchanged: 0})
	if a := w.get(t, "a"); len(a.MalwareFamilies) != 2 {
		t.Errorf("a has %v", a.MalwareFamilies)
	}
	wantCounts(t, w.take(t, Import{Source: "m"}, at("e1", domain("c")), whole("e1")), mews.IntelCounts{Rows: 1, Added: 1, Updated: 1, Deleted: 1})
	if got := w.everything(t); got != "a -b c" {
		t.Errorf("there are %s", got)
	}
	if a := w.get(t, "a"); len(a.MalwareFamilies) != 1 || a.MalwareFamilies[0] != "y" {
		t.Errorf("a has %v", a.MalwareFamilies)
	}
}

// TestRevoked: a row that says so takes back what its place said before.
func TestRevoked(t *testing.T) {
	w := newWorld(t)
	gone := domain("a")
	gone.Indicator.Deleted = true
	wantCounts(t, w.take(t, Import{Source: "a"}, gone), mews.IntelCounts{Rows: 1, Skipped: 1})
	w.take(t, Import{Source: "a"}, domains("a b")...)
	wantCounts(t, w.take(t, Import{Source: "a"}, gone), mews.IntelCounts{Rows: 1, Deleted: 1})
	wantCounts(t, w.take(t, Import{Source: "a"}, gone), mews.IntelCounts{Rows: 1, Unchanged: 1})
	if got := w.everything(t); got != "b -a" {
		t.Errorf("there are %s", got)
	}
}

// TestCompleteIsCareful: nothing is deleted on the strength of a file that could
// not be read, or that says nothing.
func TestCompleteIsCareful(t *testing.T) {
	w := newWorld(t)
	w.take(t, Import{Source: "a"}, domains("a b")...)
	in := Import{Source: "a", Complete: true, Rows: rows(domain("a"), feed.Row{At: "line 2", Problem: "is wrong"})}
	counts, wrong, err := w.Import(ctx, me, in)
	must(t, err)
	wantCounts(t, counts, mews.IntelCounts{Rows: 2, Unchanged: 1, Failed: 1})
	if len(wrong) != 2 || wrong[0].ID != "line 2" || !strings.Contains(wrong[1].Message, "nothing was taken back") {
		t.Errorf("told of %+v", wrong)
	}
	in.Rows = rows(feed.Row{Skip: "of no kind"})
	_, _, err = w.Import(ctx, me, in)
	wantInvalid(t, err, "without an indicator")
	in.Rows = func(yield func(feed.Row, error) bool) {
		_ = yield(feed.Row{Indicator: mews.IntelIndicator{Type: "domain", Indicator: "c.example"}}, nil) &&
			yield(feed.Row{}, errors.New("the file ends too early"))
	}
	_, _, err = w.Import(ctx, me, in)
	wantInvalid(t, err, "the file ends too early; the 1 rows before that were taken in")
	if got := w.query(t, mews.IntelQuery{}); got != "a b c" {
		t.Errorf("left are %s", got)
	}
	for text, in := range map[string]Import{
		"source:":       {},
		"64 characters": {Source: strings.Repeat("x", 65)},
		"run:":          {Source: "a", Run: "a\nb"},
	} {
		in.Rows = rows()
		_, _, err := w.Import(ctx, me, in)
		wantInvalid(t, err, text)
	}
}

// TestManyBatches: an import and what it takes back span transactions.
func TestManyBatches(t *testing.T) {
	storetest.SkipUnderRace(t)
	w := newWorld(t)
	const n = 2*importBatch + 7
	many := func(family string) (list []feed.Row) {
		for i := range n {
			list = append(list, domain(strings.Repeat("a", i%60+1)+string(rune('a'+i/60)), family))
		}
		return list
	}
	wantCounts(t, w.take(t, Import{Source: "a"}, many("x")...), mews.IntelCounts{Rows: n, Added: n})
	wantCounts(t, w.take(t, Import{Source: "a"}, many("y")...), mews.IntelCounts{Rows: n, Updated: n})
	wantCounts(t, w.take(t, Import{Source: "a", Complete: true}, domain("last")), mews.IntelCounts{Rows: 1, Added: 1, Deleted: n})
	if got := w.query(t, mews.IntelQuery{}); got != "last" {
		t.Errorf("left are %.100s", got)
	}
	if _, err := w.db.VerifyAudit(ctx); err != nil {
		t.Error(err)
	}
}

// TestCustomersApart: each has records and markers of its own.
func TestCustomersApart(t *testing.T) {
	w := newWorld(t)
	w.take(t, Import{Source: "a"}, domains("a b")...)
	counts, _, err := w.Import(ctx, actor(other), Import{Source: "a", Complete: true, Rows: rows(domain("b"))})
	must(t, err)
	wantCounts(t, counts, mews.IntelCounts{Rows: 1, Added: 1})
	if got := w.query(t, mews.IntelQuery{}); got != "a b" {
		t.Errorf("left are %s", got)
	}
	found, unknown, err := w.Get(ctx, actor(other), []string{"domain_a.example", "domain_b.example"})
	must(t, err)
	if len(found) != 1 || len(unknown) != 1 || found[0].Indicator != "b.example" {
		t.Errorf("%+v, %v", found, unknown)
	}
}
