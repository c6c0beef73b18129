package quarantine

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

// pull fetches what a host is to do, as words.
func (w *world) pull(t testing.TB, aid string) (words, ids []string) {
	t.Helper()
	list, err := w.Actions(ctx, me, aid, 0)
	must(t, err)
	for _, a := range list {
		words = append(words, a.Action)
		ids = append(ids, a.ID)
	}
	return words, ids
}

// ack answers actions and tells how many answers counted.
func (w *world) ack(t testing.TB, outcome string, ids ...string) int {
	t.Helper()
	var acks []mews.ActionAck
	for _, id := range ids {
		ack := mews.ActionAck{ID: id, Outcome: outcome}
		if outcome == mews.ActionFailed {
			ack.Reason, ack.ReasonCode = "access denied", 5
		}
		acks = append(acks, ack)
	}
	n, unknown, err := w.Acknowledge(ctx, me, acks)
	must(t, err)
	if len(unknown) > 0 {
		t.Fatalf("unknown actions %q", unknown)
	}
	return n
}

// queue lists the host actions of a record as "action state".
func (w *world) queue(t testing.TB, id string) (words []string) {
	t.Helper()
	for _, a := range w.detail(t, id).Actions {
		words = append(words, a.Action+" "+a.State)
	}
	return words
}

// withAgent reports a file of a host that has an agent.
func (w *world) withAgent(t testing.TB) (id string) {
	t.Helper()
	r := simple(aidOf(1), file(1))
	r.Agent = true
	return w.report(t, r).ID
}

func TestHostCarriesOutAnAction(t *testing.T) {
	w := newWorld(t)
	id := w.withAgent(t)
	w.act(t, "release", id)
	if p := w.detail(t, id).Paths[0]; p.State != "release_pending" {
		t.Errorf("path is %s before the host answered", p.State)
	}
	words, ids := w.pull(t, strings.ToUpper(aidOf(1)))
	if !slices.Equal(words, []string{"release"}) {
		t.Fatalf("the host gets %q", words)
	}
	if again, _ := w.pull(t, aidOf(1)); !slices.Equal(again, words) {
		t.Errorf("before it answered the host gets %q", again)
	}
	before := w.detail(t, id)
	if n := w.ack(t, mews.ActionAcknowledged, ids...); n != 1 {
		t.Errorf("%d answers counted", n)
	}
	after := w.detail(t, id)
	if p := after.Paths[0]; p.State != mews.StateReleased || after.DateUpdated <= before.DateUpdated {
		t.Errorf("path is %s after the answer, updated %s -> %s", p.State, before.DateUpdated, after.DateUpdated)
	}
	if words, _ := w.pull(t, aidOf(1)); len(words) > 0 {
		t.Errorf("after its answer the host gets %q", words)
	}
	trail := len(w.trail(t))
	if n := w.ack(t, mews.ActionFailed, ids...); n != 0 || len(w.trail(t)) != trail {
		t.Error("a second answer counted")
	}
	if got := w.queue(t, id); !slices.Equal(got, []string{"release acknowledged"}) {
		t.Errorf("queue %q", got)
	}
	if got := w.events(t, id); !slices.Equal(got, []string{"added", "release", "acknowledged"}) {
		t.Errorf("history %q", got)
	}
	want := "quarantine.acknowledged " + id + " " + ids[0]
	if got := w.trail(t); got[len(got)-1] != want {
		t.Errorf("audit %q, want %q", got[len(got)-1], want)
	}
}

func TestHostFails(t *testing.T) {
	w := newWorld(t)
	id := w.withAgent(t)
	w.act(t, "delete", id)
	_, ids := w.pull(t, aidOf(1))
	w.ack(t, mews.ActionFailed, ids...)
	d := w.detail(t, id)
	if p := d.Paths[0]; d.State != mews.StatePurged || p.State != "error" || p.Reason != 5 {
		t.Errorf("state %s, path %+v", d.State, p)
	}
	if a := d.Actions[0]; a.State != mews.ActionFailed || a.Reason != "access denied" {
		t.Errorf("action %+v", a)
	}
	if e := d.History[len(d.History)-1]; e.Event != "failed" || e.Comment != "access denied" {
		t.Errorf("history ends with %+v", e)
	}
}

// TestActionNotFetchedIsWithdrawn keeps a host that was away from doing what
// was taken back.
func TestActionNotFetchedIsWithdrawn(t *testing.T) {
	w := newWorld(t)
	id := w.withAgent(t)
	w.act(t, "release", id)
	w.act(t, "unrelease", id)
	words, _ := w.pull(t, aidOf(1))
	if !slices.Equal(words, []string{"unrelease"}) {
		t.Errorf("the host gets %q", words)
	}
	if got := w.queue(t, id); !slices.Equal(got, []string{"release withdrawn", "unrelease pending"}) {
		t.Errorf("queue %q", got)
	}
	withdrawn := w.detail(t, id).Actions[0].ID
	if n := w.ack(t, mews.ActionAcknowledged, withdrawn); n != 0 {
		t.Error("an answer to a withdrawn action counted")
	}
}

// TestFetchedActionStays: the host may have done it, so it answers both, and the
// paths wait for the last.
func TestFetchedActionStays(t *testing.T) {
	w := newWorld(t)
	id := w.withAgent(t)
	w.act(t, "release", id)
	w.pull(t, aidOf(1))
	w.act(t, "unrelease", id)
	words, ids := w.pull(t, aidOf(1))
	if !slices.Equal(words, []string{"release", "unrelease"}) {
		t.Fatalf("the host gets %q", words)
	}
	w.ack(t, mews.ActionFailed, ids[0])
	if p := w.detail(t, id).Paths[0]; p.State != "unrelease_pending" || p.Reason != 0 {
		t.Errorf("path %+v after the answer to the first", p)
	}
	w.ack(t, mews.ActionAcknowledged, ids[1])
	if p := w.detail(t, id).Paths[0]; p.State != mews.StateQuarantined {
		t.Errorf("path %+v after both answers", p)
	}
}

// TestReportWhileTheHostOwes: what was asked for before the file was taken anew
// is void.
func TestReportWhileTheHostOwes(t *testing.T) {
	w := newWorld(t)
	id := w.withAgent(t)
	w.act(t, "release", id)
	_, ids := w.pull(t, aidOf(1))
	r := simple(aidOf(1), file(1))
	r.DateCreated = "2027-01-01T00:00:00Z"
	if f := w.report(t, r); f.State != mews.StateQuarantined || f.Paths[0].State != mews.StateQuarantined {
		t.Fatalf("record %+v", f)
	}
	w.ack(t, mews.ActionFailed, ids...)
	if p := w.detail(t, id).Paths[0]; p.State != mews.StateQuarantined {
		t.Errorf("the answer to the old release made the path %s", p.State)
	}
}

// TestHostWithoutAgent: its paths follow at once, and a program that begins to
// pull later still gets what is left to do.
func TestHostWithoutAgent(t *testing.T) {
	w := newWorld(t)
	id := w.report(t, simple(aidOf(1), file(1))).ID
	w.act(t, "release", id)
	if d := w.detail(t, id); d.Paths[0].State != mews.StateReleased || d.Agent {
		t.Errorf("path %s, agent %t", d.Paths[0].State, d.Agent)
	}
	words, ids := w.pull(t, aidOf(1))
	if !slices.Equal(words, []string{"release"}) || !w.detail(t, id).Agent {
		t.Errorf("the host gets %q, agent %t", words, w.detail(t, id).Agent)
	}
	w.ack(t, mews.ActionAcknowledged, ids...)
	w.act(t, "unrelease", id)
	if p := w.detail(t, id).Paths[0].State; p != "unrelease_pending" {
		t.Errorf("path %s with an agent", p)
	}
}

func TestPullOfAnUnknownHostLeavesNoTrace(t *testing.T) {
	w := newWorld(t)
	if words, _ := w.pull(t, aidOf(7)); len(words) > 0 {
		t.Errorf("an unknown host gets %q", words)
	}
	id := w.report(t, simple(aidOf(7), file(1))).ID
	if w.detail(t, id).Agent {
		t.Error("the pull of an unknown host was kept")
	}
}

func TestMistakesOfHosts(t *testing.T) {
	w := newWorld(t)
	for want, err := range map[string]error{
		"aid: expected 32": func() error { _, err := w.Actions(ctx, me, "../x", 0); return err }(),
		"limit must be 1":  func() error { _, err := w.Actions(ctx, me, aidOf(1), maxActions+1); return err }(),
		"acknowledge at":   func() error { _, _, err := w.Acknowledge(ctx, me, nil); return err }(),
		"outcome: expected": func() error {
			_, _, err := w.Acknowledge(ctx, me, []mews.ActionAck{{ID: "x", Outcome: "maybe"}})
			return err
		}(),
		"at most 1000": func() error {
			_, _, err := w.Acknowledge(ctx, me, make([]mews.ActionAck, maxActions+1))
			return err
		}(),
	} {
		if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
	made := strings.Repeat("00", 16)
	_, unknown, err := w.Acknowledge(ctx, me, []mews.ActionAck{{ID: made, Outcome: "acknowledged"}, {ID: "x", Outcome: "FAILED"}, {ID: w.actionID(99), Outcome: "failed"}})
	must(t, err)
	if !slices.Equal(unknown, []string{made, "x", w.actionID(99)}) {
		t.Errorf("unknown %q", unknown)
	}
}

func TestActionIDsHideTheirNumbers(t *testing.T) {
	w := newWorld(t)
	seen := map[string]bool{}
	for seq := int64(1); seq < 1000; seq++ {
		id := w.actionID(seq)
		if back, ok := w.parseActionID(id); !ok || back != seq || seen[id] {
			t.Fatalf("%d became %s became %d, %t", seq, id, back, ok)
		}
		seen[id] = true
	}
}
