package quarantine

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// TestServiceIsItsModel runs random calls of two customers against the service
// and a plain model of it, and compares all that can be asked for after each.
func TestServiceIsItsModel(t *testing.T) {
	var now time.Time
	w := newWorld(t, func(d *Deps) { d.Now = func() time.Time { return now } })
	runs, steps := 0, 0
	var audited int64
	rapid.Check(t, func(t *rapid.T) {
		runs++
		now = epoch
		m := machine{w: w, now: &now, audited: audited}
		for i := range m.sides {
			// Customers of its own keep a run apart from the others.
			who := actor(store.CID(fmt.Sprintf("%016x%016x", runs, i)))
			m.sides[i] = &side{who: who, records: map[string]*modelRecord{}, agents: map[string]bool{}, actions: map[string]*modelAction{}}
		}
		t.Repeat(map[string]func(*rapid.T){
			"report": m.some(m.report), "update by ids": m.some(m.updateByIDs), "update by query": m.updateByQuery,
			"pull": m.some(m.pull), "acknowledge": m.some(m.acknowledge), "": m.compare,
		})
		for _, s := range m.sides {
			s.compare(t, w)
		}
		m.compareTrail(t)
		audited = m.audited
		for _, s := range m.sides {
			steps += len(s.trail)
		}
	})
	t.Logf("%d runs, %d changes", runs, steps)
	_, err := w.db.VerifyAudit(ctx)
	must(t, err)
}

// A machine is the model: two customers and a clock.
type machine struct {
	w       *world
	now     *time.Time
	sides   [2]*side
	last    *side // who acted last
	audited int64 // rows before this run
}

// A side is what the model knows of one customer.
type side struct {
	who     store.Actor
	records map[string]*modelRecord // by id
	agents  map[string]bool         // by aid
	queue   []*modelAction
	actions map[string]*modelAction // by id, once the host has seen it
	trail   []string
}

type modelRecord struct {
	id, aid, sha, hostname string
	state, pathState       string
	reason                 int32
	paths                  []string
	held                   bool
	changed, reported      time.Time
	waitsFor               *modelAction // whose answer the paths wait for
	events                 []string
}

type modelAction struct {
	record      *modelRecord
	name, state string
	fetched     bool
	id          string
}

func (m *machine) side(t *rapid.T) *side {
	*m.now = m.now.Add(time.Minute)
	m.last = m.sides[rapid.IntRange(0, 3).Draw(t, "customer")/3]
	return m.last
}

// some does one to four steps before the next comparison.
func (m *machine) some(step func(*rapid.T)) func(*rapid.T) {
	return func(t *rapid.T) {
		for range rapid.IntRange(1, 4).Draw(t, "steps") {
			step(t)
		}
	}
}

func (m *machine) report(t *rapid.T) {
	s := m.side(t)
	n := rapid.IntRange(0, 2).Draw(t, "host")
	content := fmt.Sprint("file ", rapid.IntRange(0, 2).Draw(t, "file"), s.who.CID)
	r := mews.QuarantineReport{
		AID: aidOf(n), SHA256: shaOf(content), Hostname: fmt.Sprint("Host-", n), Agent: rapid.IntRange(0, 5).Draw(t, "agent") == 0,
		Paths: []mews.QuarantinePath{{Path: rapid.SampledFrom([]string{"/a/x", "/b/x", "/c/x"}).Draw(t, "path")}},
	}
	date := *m.now
	dated := rapid.Bool().Draw(t, "dated")
	if dated {
		date = epoch.Add(time.Duration(rapid.IntRange(-3, 12).Draw(t, "date")) * 5 * time.Minute)
		r.DateCreated = date.Format(time.RFC3339)
	}
	bytes := rapid.Bool().Draw(t, "bytes")
	var err error
	var f mews.QuarantinedFile
	if bytes {
		f, err = m.w.Report(ctx, s.who, r, strings.NewReader(content))
	} else {
		f, err = m.w.Report(ctx, s.who, r, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
	s.take(r, date, dated, bytes, *m.now)
	if want := s.records[f.ID]; want == nil || f.State != want.state || len(f.Paths) != len(want.paths) {
		t.Fatalf("the report gives %+v, want %+v", f, want)
	}
}

// take is the model of a report.
func (s *side) take(r mews.QuarantineReport, date time.Time, dated, bytes bool, now time.Time) {
	id := r.AID + "_" + r.SHA256
	rec := s.records[id]
	stored := bytes || s.stored(r.SHA256)
	path := r.Paths[0].Path
	if rec == nil {
		rec = &modelRecord{
			id: id, aid: r.AID, sha: r.SHA256, hostname: r.Hostname, state: "quarantined", pathState: "quarantined",
			paths: []string{path}, held: stored, changed: now, events: []string{"added"},
		}
		if dated {
			rec.reported = date
		}
		s.records[id] = rec
		s.trail = append(s.trail, "quarantine.added "+id)
		s.agents[r.AID] = s.agents[r.AID] || r.Agent
		return
	}
	young := date.After(rec.changed) && (!dated || date.After(rec.reported))
	if rec.state != "quarantined" && !young {
		// With bytes the whole call is undone, the note about the agent with it.
		s.agents[r.AID] = s.agents[r.AID] || r.Agent && !bytes
		return
	}
	s.agents[r.AID] = s.agents[r.AID] || r.Agent
	if dated && date.After(rec.reported) {
		rec.reported = date
	}
	news := stored && !rec.held
	rec.held = rec.held || stored
	if !slices.Contains(rec.paths, path) {
		rec.paths, news = append(rec.paths, path), true
	}
	if rec.state != "quarantined" || young && dated && rec.pathState != "quarantined" {
		rec.state, rec.pathState, rec.reason, rec.changed, rec.waitsFor, news = "quarantined", "quarantined", 0, now, nil, true
		s.withdraw(rec)
	}
	if news {
		rec.events = append(rec.events, "again")
		s.trail = append(s.trail, "quarantine.again "+id)
	}
}

// stored tells whether any record holds the bytes; nothing else does here.
func (s *side) stored(sha string) bool {
	for _, r := range s.records {
		if r.sha == sha && r.held {
			return true
		}
	}
	return false
}

func (s *side) withdraw(r *modelRecord) {
	for _, a := range s.queue {
		if a.record == r && a.state == "pending" && !a.fetched {
			a.state = "withdrawn"
		}
	}
}

// act is the model of an action on one record.
func (s *side) act(r *modelRecord, action string, now time.Time) bool {
	edges := map[string]string{
		"quarantined release": "released", "released unrelease": "quarantined",
		"quarantined delete": "purged", "released delete": "purged",
	}
	to, ok := edges[r.state+" "+action]
	if !ok {
		return false
	}
	s.withdraw(r)
	a := &modelAction{record: r, name: action, state: "pending"}
	s.queue = append(s.queue, a)
	r.state, r.pathState, r.reason, r.changed, r.waitsFor = to, to, 0, now, a
	if s.agents[r.aid] {
		r.pathState = action + "_pending"
	}
	r.held = r.held && to != "purged"
	r.events = append(r.events, action)
	return true
}

var modelActions = []string{"release", "unrelease", "delete"}

func (m *machine) updateByIDs(t *rapid.T) {
	s := m.side(t)
	action := rapid.SampledFrom(modelActions).Draw(t, "action")
	known := append(slices.Sorted(maps.Keys(s.records)), recordID(aidOf(77), file(77)))
	ids := rapid.SliceOfN(rapid.SampledFrom(known), 1, 3).Draw(t, "ids")
	u, err := m.w.UpdateByIDs(ctx, s.who, mews.QuarantineUpdate{Action: action, IDs: ids})
	if err != nil {
		t.Fatal(err)
	}
	affected, unknown := 0, 0
	for _, r := range s.inOrder(ids) {
		if s.act(r, action, *m.now) {
			affected++
			s.trail = append(s.trail, "quarantine."+action+" "+r.id)
		}
	}
	if slices.Contains(ids, known[len(known)-1]) {
		unknown = 1
	}
	if u.Affected != affected || len(u.Unknown) != unknown {
		t.Fatalf("%s %q: %+v, want %d affected and %d unknown", action, ids, u, affected, unknown)
	}
}

// inOrder gives the records of ids once each, in the order of their making.
func (s *side) inOrder(ids []string) (out []*modelRecord) {
	for _, line := range s.trail {
		if id, ok := strings.CutPrefix(line, "quarantine.added "); ok && slices.Contains(ids, id) {
			out = append(out, s.records[id])
		}
	}
	return out
}

func (m *machine) updateByQuery(t *rapid.T) {
	s := m.side(t)
	action := rapid.SampledFrom(modelActions).Draw(t, "action")
	filters := map[string]func(*modelRecord) bool{
		"*":                     func(*modelRecord) bool { return true },
		"hostname:'HOST-1'":     func(r *modelRecord) bool { return r.hostname == "Host-1" },
		"state:!'released'":     func(r *modelRecord) bool { return r.state != "released" },
		"paths.path:'/b/x'":     func(r *modelRecord) bool { return slices.Contains(r.paths, "/b/x") },
		"paths.state:*'*ing'":   func(r *modelRecord) bool { return strings.HasSuffix(r.pathState, "_pending") },
		"paths.path:!*'/a/*'":   func(r *modelRecord) bool { return !slices.Contains(r.paths, "/a/x") },
		"state:'deleted',aid:0": func(r *modelRecord) bool { return r.state == "purged" },
	}
	filter := rapid.SampledFrom(slices.Sorted(maps.Keys(filters))).Draw(t, "filter")
	counts, err := m.w.ActionCounts(ctx, s.who, filter, "")
	if err != nil {
		t.Fatal(err)
	}
	u, err := m.w.UpdateByQuery(ctx, s.who, mews.QuarantineQueryUpdate{Action: action, Filter: mews.Filters(filter)})
	if err != nil {
		t.Fatal(err)
	}
	var done []string
	for _, r := range s.inOrder(slices.Collect(maps.Keys(s.records))) {
		if filters[filter](r) && s.act(r, action, *m.now) {
			done = append(done, r.id)
		}
	}
	if len(done) > 0 {
		s.trail = append(s.trail, "quarantine."+action+" "+strings.Join(done, " "))
	}
	if u.Affected != len(done) || counts[action] != int64(len(done)) {
		t.Fatalf("%s where %s: changed %d, counted %d, want %d", action, filter, u.Affected, counts[action], len(done))
	}
}

func (m *machine) pull(t *rapid.T) {
	s := m.side(t)
	aid := aidOf(rapid.IntRange(0, 3).Draw(t, "host"))
	limit := rapid.IntRange(1, 3).Draw(t, "limit")
	got, err := m.w.Actions(ctx, s.who, aid, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range s.records {
		s.agents[aid] = s.agents[aid] || r.aid == aid
	}
	for _, a := range s.queue {
		if a.record.aid != aid || a.state != "pending" || limit == 0 {
			continue
		}
		limit--
		if len(got) == 0 || got[0].Action != a.name || got[0].QuarantineID != a.record.id || a.id != "" && a.id != got[0].ID {
			t.Fatalf("host %s gets %+v, want %s of %s first", aid, got, a.name, a.record.id)
		}
		a.fetched, a.id = true, got[0].ID
		s.actions[a.id] = a
		got = got[1:]
	}
	if len(got) > 0 {
		t.Fatalf("host %s gets %+v as well", aid, got)
	}
}

func (m *machine) acknowledge(t *rapid.T) {
	s := m.side(t)
	foreign := m.sides[0]
	if s == foreign {
		foreign = m.sides[1]
	}
	ids := append(slices.Sorted(maps.Keys(s.actions)), slices.Sorted(maps.Keys(foreign.actions))...)
	if len(ids) == 0 {
		return
	}
	ack := mews.ActionAck{ID: rapid.SampledFrom(ids).Draw(t, "action"), Outcome: rapid.SampledFrom([]string{"acknowledged", "failed"}).Draw(t, "outcome"), ReasonCode: 5}
	n, unknown, err := m.w.Acknowledge(ctx, s.who, []mews.ActionAck{ack})
	if err != nil {
		t.Fatal(err)
	}
	a := s.actions[ack.ID]
	if a == nil {
		if n != 0 || len(unknown) != 1 {
			t.Fatalf("a foreign action: %d counted, unknown %q", n, unknown)
		}
		return
	}
	if counts := a.state == "pending"; n == 1 != counts || len(unknown) > 0 {
		t.Fatalf("the answer to %+v: %d counted, unknown %q", a, n, unknown)
	}
	if a.state != "pending" {
		return
	}
	a.state = ack.Outcome
	r := a.record
	r.events = append(r.events, ack.Outcome)
	s.trail = append(s.trail, "quarantine."+ack.Outcome+" "+r.id+" "+ack.ID)
	if r.waitsFor == a {
		r.pathState, r.reason = r.state, 0
		if ack.Outcome == "failed" {
			r.pathState, r.reason = "error", 5
		}
	}
}

// compare asks the service for everything of the customer who has just acted.
func (m *machine) compare(t *rapid.T) {
	if m.last != nil {
		m.last.compare(t, m.w)
	}
}

func (s *side) compare(t *rapid.T, w *world) {
	ids := slices.Sorted(maps.Keys(s.records))
	page, err := w.Query(ctx, s.who, mews.RecordQuery{Limit: 100})
	if err != nil {
		t.Fatal(err)
	}
	if slices.Sort(page.IDs); !slices.Equal(page.IDs, ids) {
		t.Fatalf("records %q, want %q", page.IDs, ids)
	}
	if len(ids) == 0 {
		return
	}
	found, _, err := w.Details(ctx, s.who, ids)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range found {
		r := s.records[d.ID]
		if got, want := describe(d), s.describe(r); got != want {
			t.Fatalf("record\n%s\nwant\n%s", got, want)
		}
	}
}

// compareTrail holds the audit rows of the run against what was done.
func (m *machine) compareTrail(t *rapid.T) {
	rows, err := m.w.db.Audit(ctx, m.audited, 100_000)
	if err != nil {
		t.Fatal(err)
	}
	got := map[store.CID][]string{}
	for _, r := range rows {
		m.audited = r.Seq
		a := r.Entry
		got[a.Actor.CID] = append(got[a.Actor.CID], strings.Join(append([]string{a.Action}, a.Objects...), " "))
	}
	for _, s := range m.sides {
		if !slices.Equal(got[s.who.CID], s.trail) {
			t.Fatalf("audit\n%s\nwant\n%s", strings.Join(got[s.who.CID], "\n"), strings.Join(s.trail, "\n"))
		}
	}
}

// describe writes what is compared of a record.
func describe(d mews.QuarantineDetail) string {
	var b strings.Builder
	fmt.Fprintln(&b, d.ID, d.State, "agent", d.Agent, "bytes", d.HasBytes)
	for _, p := range d.Paths {
		fmt.Fprintln(&b, p.Path, p.State, p.Reason)
	}
	for _, e := range d.History {
		fmt.Fprintln(&b, e.Event)
	}
	for _, a := range d.Actions {
		fmt.Fprintln(&b, a.Action, a.State)
	}
	return b.String()
}

func (s *side) describe(r *modelRecord) string {
	d := mews.QuarantineDetail{Agent: s.agents[r.aid], HasBytes: s.stored(r.sha)}
	d.ID, d.State = r.id, r.state
	for _, p := range r.paths {
		d.Paths = append(d.Paths, mews.QuarantinePath{Path: p, State: r.pathState, Reason: r.reason})
	}
	for _, e := range r.events {
		d.History = append(d.History, mews.QuarantineEvent{Event: e})
	}
	for _, a := range s.queue {
		if a.record == r {
			d.Actions = append(d.Actions, mews.HostAction{Action: a.name, State: a.state})
		}
	}
	return describe(d)
}
