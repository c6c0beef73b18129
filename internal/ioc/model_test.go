package ioc

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// A modelled is what the model knows of one indicator.
type modelled struct {
	id       string
	action   string
	severity string
	expires  time.Time // zero: never
	tags     []string
	deleted  bool
	creator  string
}

func (m *modelled) expired(now time.Time) bool { return !m.expires.IsZero() && !m.expires.After(now) }

func (m *modelled) shown(now time.Time) string {
	if m.expired(now) {
		return mews.IndicatorNoAction
	}
	return m.action
}

// TestModel does to the service and to a map whatever users can, in any order, and
// asks both the same. The clock stands still inside a step.
func TestModel(t *testing.T) {
	storetest.SkipUnderRace(t)
	names := []string{"domain:a.example", "domain:b.example", "ipv4:192.0.2.1", "ipv6:2001:db8::1", "sha256:" + hash(1), "md5:" + hash(2)[32:]}
	w := newWorld(t)
	count := 0
	rapid.Check(t, func(t *rapid.T) {
		count++
		who := actor(store.CID(fmt.Sprintf("%032x", 100+count))) // a customer of its own: the database is shared
		now := epoch
		w.Service.now = func() time.Time { return now }
		model := map[string]*modelled{}
		live := func() (out []string) {
			for _, n := range slices.Sorted(maps.Keys(model)) {
				if !model[n].deleted {
					out = append(out, n)
				}
			}
			return out
		}
		draw := func(list []string, what string) string { return rapid.SampledFrom(list).Draw(t, what) }
		end := func() time.Time {
			if rapid.Bool().Draw(t, "ends") {
				return now.Add(time.Duration(rapid.IntRange(1, 100).Draw(t, "hours")) * time.Hour)
			}
			return time.Time{}
		}
		text := func(at time.Time) string {
			if at.IsZero() {
				return ""
			}
			return at.Format(time.RFC3339)
		}
		steps := map[string]func(*rapid.T){
			"create": func(t *rapid.T) {
				some := rapid.SliceOfNDistinct(rapid.SampledFrom(names), 1, 3, rapid.ID).Draw(t, "names")
				var list []mews.IndicatorCreate
				fails := false
				made := map[string]*modelled{}
				for _, n := range some {
					typ, value, _ := strings.Cut(n, ":")
					in := simple(typ, value)
					m := &modelled{action: draw(actions(), "action"), severity: draw(severities(), "severity"), expires: end(), creator: who.Client}
					in.Action, in.Severity, in.Expiration = m.action, m.severity, text(m.expires)
					if rapid.Bool().Draw(t, "tagged") {
						m.tags = []string{"x", "y"}
						in.Tags = mews.List{"y", "x"}
					}
					list, made[n] = append(list, in), m
					if old := model[n]; old != nil {
						m.id = old.id
						fails = fails || !old.deleted
					}
				}
				out, err := w.Create(ctx, who, mews.IndicatorCreates{Indicators: list})
				if fails != (err != nil) || err != nil && !errors.Is(err, mews.ErrInvalid) {
					t.Fatalf("create %q: %v, want a failure: %v", some, err, fails)
				}
				for _, i := range out {
					m := made[i.Type+":"+i.Value]
					if m.id != "" && m.id != i.ID {
						t.Fatalf("%s came back as %s", m.id, i.ID)
					}
					m.id = i.ID
				}
				if err == nil {
					maps.Copy(model, made)
				}
			},
			"update": func(t *rapid.T) {
				n := draw(names, "name")
				m := model[n]
				id := hash(0)
				if m != nil {
					id = m.id
				}
				at, action := end(), draw(actions(), "action")
				expiration := text(at)
				_, err := w.Update(ctx, who, mews.IndicatorUpdates{Indicators: []mews.IndicatorUpdate{{
					ID: id, IndicatorChange: mews.IndicatorChange{Action: action, Expiration: &expiration, Severity: ptr("low")},
				}}})
				if known := m != nil && !m.deleted; known != (err == nil) || !known && !errors.Is(err, mews.ErrNotFound) {
					t.Fatalf("update %s: %v, known: %v", n, err, known)
				}
				if err == nil {
					m.action, m.expires, m.severity = action, at, "low"
				}
			},
			"update by filter": func(t *rapid.T) {
				action := draw(actions(), "shown")
				done, err := w.Update(ctx, who, mews.IndicatorUpdates{BulkUpdate: &mews.IndicatorBulkUpdate{
					Filter: "action:'" + action + "'", IndicatorChange: mews.IndicatorChange{Severity: ptr("medium")},
				}})
				want := 0
				for _, n := range live() {
					if m := model[n]; m.shown(now) == action {
						m.severity = "medium"
						want++
					}
				}
				if err != nil || done.Affected != want {
					t.Fatalf("update %s: %d, %v; want %d", action, done.Affected, err, want)
				}
			},
			"legacy update": func(t *rapid.T) {
				n, policy := draw(names, "name"), draw([]string{"detect", "none"}, "policy")
				m := model[n]
				_, err := w.UpdateLegacy(ctx, who, []string{n}, mews.LegacyIOCUpdate{Policy: policy})
				if known := m != nil && !m.deleted; known != (err == nil) {
					t.Fatalf("update %s: %v", n, err)
				}
				if err == nil && policyOf(m.shown(now)) != policy {
					m.action = map[string]string{"detect": "detect", "none": "no_action"}[policy]
				}
			},
			"delete": func(t *rapid.T) {
				n := draw(names, "name")
				out, err := w.DeleteLegacy(ctx, who, []string{n})
				m := model[n]
				if known := m != nil && !m.deleted; err != nil || known != (len(out.IDs) == 1) || known == (len(out.Unknown) == 1) {
					t.Fatalf("delete %s: %+v, %v", n, out, err)
				}
				if m != nil {
					m.deleted = true
				}
			},
			"delete by filter": func(t *rapid.T) {
				out, err := w.Delete(ctx, who, Deletion{Filter: "expired:true"})
				want := 0
				for _, n := range live() {
					if model[n].expired(now) {
						model[n].deleted = true
						want++
					}
				}
				if err != nil || len(out.IDs) != want {
					t.Fatalf("delete what has expired: %d, %v; want %d", len(out.IDs), err, want)
				}
			},
			"time passes": func(t *rapid.T) { now = now.Add(time.Duration(rapid.IntRange(1, 60).Draw(t, "passes")) * time.Hour) },
			"": func(t *rapid.T) {
				for _, f := range []struct {
					filter string
					holds  func(*modelled) bool
				}{
					{"", func(m *modelled) bool { return !m.deleted }},
					{"deleted:true", func(m *modelled) bool { return m.deleted }},
					{"deleted:[true,false]", func(*modelled) bool { return true }},
					{"expired:true", func(m *modelled) bool { return !m.deleted && m.expired(now) }},
					{"action:'detect'", func(m *modelled) bool { return !m.deleted && m.shown(now) == "detect" }},
					{"tags:'x'+severity:!'low'", func(m *modelled) bool { return !m.deleted && len(m.tags) > 0 && m.severity != "low" }},
					{"expiration:null", func(m *modelled) bool { return !m.deleted && m.expires.IsZero() }},
				} {
					found, page, err := w.Combined(ctx, who, Query{RecordQuery: mews.RecordQuery{Filter: f.filter}})
					if err != nil {
						t.Fatal(err)
					}
					var got, want []string
					for _, i := range found {
						got = append(got, describe(i))
					}
					for n, m := range model {
						if f.holds(m) {
							want = append(want, fmt.Sprintf("%s %s %s %s %v %v %s", m.id, n, m.shown(now), m.severity, m.tags, m.deleted, text(m.expires)))
						}
					}
					slices.Sort(got)
					slices.Sort(want)
					if !slices.Equal(got, want) || page.Total != len(want) {
						t.Fatalf("%s at %v:\n%s\nwant\n%s", f.filter, now, strings.Join(got, "\n"), strings.Join(want, "\n"))
					}
				}
				pass, err := w.Candidates(ctx, who.CID)
				if err != nil {
					t.Fatal(err)
				}
				for _, n := range names {
					o, err := observable.ParseID(n)
					if err != nil {
						t.Fatal(err)
					}
					m := model[n]
					known, err := w.Known(ctx, who.CID, o)
					if err != nil || known != (m != nil && !m.deleted) {
						t.Fatalf("%s: known %v, %v", n, known, err)
					}
					active := known && watches(m.shown(now))
					if _, hit := w.hits(t, who.CID, now, o)[o]; hit != active || active && !pass(o) {
						t.Fatalf("%s: hit %v, candidate %v; active %v", n, hit, pass(o), active)
					}
				}
			},
		}
		t.Repeat(steps)
	})
}

func describe(i mews.Indicator) string {
	return fmt.Sprintf("%s %s:%s %s %s %v %v %s", i.ID, i.Type, i.Value, i.Action, i.Severity, i.Tags, i.Deleted, i.Expiration)
}

func ptr[T any](v T) *T { return &v }
