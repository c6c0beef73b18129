package intel

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/feed"
	"github.com/mewshq/mews/internal/store/storetest"
)

// A model is what statements say, kept in the simplest way.
type model struct {
	said map[string]map[string]bool // by feed, origin and name: families; nil: taken back
	dead map[string]string          // what a name showed when it was deleted
}

func (m *model) key(source, origin, name string) string {
	return strings.Join([]string{source, origin, name}, "/")
}

// shows gives what answers show of a name: "" was never there.
func (m *model) shows(name string) string {
	if !m.lives(name) {
		return m.dead[name]
	}
	families := map[string]bool{}
	for key, said := range m.said {
		if strings.HasSuffix(key, "/"+name) {
			for f := range said {
				families[f] = true
			}
		}
	}
	var list []string
	for f := range families {
		list = append(list, f)
	}
	slices.Sort(list)
	return strings.Join(list, "+") + "."
}

// take does what an import of rows with one origin does: the rows and what a whole
// origin does not say any more come first, then what the feed does not say.
func (m *model) take(source, origin string, rows map[string][]string, complete, whole bool) {
	again := func(key string) bool {
		_, ok := rows[key[strings.LastIndex(key, "/")+1:]]
		return ok && strings.HasPrefix(key, source+"/"+origin+"/")
	}
	m.step(func() {
		for name, families := range rows {
			said := map[string]bool{}
			for _, f := range families {
				said[f] = true
			}
			m.said[m.key(source, origin, name)] = said
		}
		m.end(source+"/"+origin+"/", again, whole)
	})
	m.step(func() { m.end(source+"/", again, complete) })
}

// end takes back what begins so and was not said again.
func (m *model) end(prefix string, again func(string) bool, really bool) {
	for key := range m.said {
		if really && strings.HasPrefix(key, prefix) && !again(key) {
			m.said[key] = nil
		}
	}
}

// step notes what those showed that it deletes.
func (m *model) step(change func()) {
	before := map[string]string{}
	for _, name := range names {
		before[name] = m.shows(name)
	}
	change()
	for _, name := range names {
		if b := before[name]; b != "" && !strings.HasPrefix(b, "-") && !m.lives(name) {
			m.dead[name] = "-" + b
		}
	}
}

func (m *model) lives(name string) bool {
	for key, said := range m.said {
		if strings.HasSuffix(key, "/"+name) && said != nil {
			return true
		}
	}
	return false
}

var names = []string{"a", "b", "c", "d"}

// TestModel: any imports of several feeds leave what the model has, a marker moves
// when what is shown moves and only then, and a reader by marker has it all.
func TestModel(t *testing.T) {
	storetest.SkipUnderRace(t)
	w := newWorld(t)
	run := 0
	rapid.Check(t, func(t *rapid.T) {
		run++
		who := actor(cidOf(run))
		m := &model{said: map[string]map[string]bool{}, dead: map[string]string{}}
		mirror, marker := map[string]string{}, "1000000000"
		last := map[string]mews.IntelIndicator{}
		for range rapid.IntRange(1, 12).Draw(t, "imports") {
			source := rapid.SampledFrom([]string{"s1", "s2"}).Draw(t, "source")
			origin := rapid.SampledFrom([]string{"", "o1", "o2"}).Draw(t, "origin")
			said := rapid.MapOfN(rapid.SampledFrom(names), rapid.SliceOfDistinct(rapid.SampledFrom([]string{"x", "y", "z"}), rapid.ID[string]), 1, 4).Draw(t, "rows")
			complete, whole := rapid.Bool().Draw(t, "complete"), origin != "" && rapid.Bool().Draw(t, "whole")
			var list []feed.Row
			for _, name := range names {
				if families, ok := said[name]; ok {
					r := domain(name, families...)
					r.Origin = origin
					list = append(list, r)
				}
			}
			if whole {
				list = append(list, feed.Row{Origin: origin, Whole: true})
			}
			w.now = w.now.Add(time.Duration(rapid.IntRange(-1, 2).Draw(t, "seconds")) * time.Second)
			if _, wrong, err := w.Import(ctx, who, Import{Source: source, Complete: complete, Rows: rows(list...)}); err != nil || len(wrong) > 0 {
				t.Fatal(err, wrong)
			}
			m.take(source, origin, said, complete, whole)

			found, _, err := w.Query(ctx, who, mews.IntelQuery{IncludeDeleted: true})
			if err != nil {
				t.Fatal(err)
			}
			if !slices.IsSortedFunc(found, func(a, b mews.IntelIndicator) int { return cmp.Compare(a.Marker, b.Marker) }) {
				t.Fatalf("markers are out of order: %+v", found)
			}
			got := map[string]string{}
			for _, i := range found {
				before, known := last[i.ID]
				if same := known && shown(before) == shown(i); same != (known && before.Marker == i.Marker) {
					t.Fatalf("%s moved from %s to %s, marker from %s to %s", i.ID, shown(before), shown(i), before.Marker, i.Marker)
				}
				last[i.ID] = i
				got[i.Indicator[:1]] = shown(i)
			}
			for _, name := range names {
				if got[name] != m.shows(name) {
					t.Fatalf("%s shows %q, the model has %q", name, got[name], m.shows(name))
				}
			}
			news, _, err := w.Query(ctx, who, mews.IntelQuery{RecordQuery: mews.RecordQuery{Filter: "_marker:>='" + marker + "'"}, IncludeDeleted: true})
			if err != nil {
				t.Fatal(err)
			}
			for _, i := range news {
				mirror[i.Indicator[:1]], marker = shown(i), i.Marker
			}
			if fmt.Sprint(mirror) != fmt.Sprint(got) {
				t.Fatalf("a reader has %v, the server %v", mirror, got)
			}
		}
	})
}

func shown(i mews.IntelIndicator) string {
	text := strings.Join(i.MalwareFamilies, "+") + "."
	if i.Deleted {
		text = "-" + text
	}
	return text
}
