package detection

import (
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// untold takes everything out of the outbox.
func (w *world) untold(t *testing.T) map[store.CID][]mews.Detection {
	t.Helper()
	out := map[store.CID][]mews.Detection{}
	for {
		next, err := w.Untold(ctx)
		must(t, err)
		if len(next.Detections) == 0 {
			return out
		}
		if len(next.Detections) > MaxTold {
			t.Fatalf("%d detections at a time", len(next.Detections))
		}
		again, err := w.Untold(ctx)
		must(t, err)
		if len(again.Detections) != len(next.Detections) || again.Detections[0].ID != next.Detections[0].ID {
			t.Fatal("what was not told of does not wait")
		}
		out[next.CID] = append(out[next.CID], next.Detections...)
		must(t, w.Told(ctx, next))
	}
}

func (w *world) isAwake() bool {
	select {
	case <-w.Waiting():
		return true
	default:
		return false
	}
}

func TestOutbox(t *testing.T) {
	w := newWorld(t)
	w.indicator(t, cid, domain(1), mews.IndicatorDetect)
	w.indicator(t, other, domain(1), mews.IndicatorDetect)
	if w.isAwake() {
		t.Error("the webhook is woken for nothing")
	}
	for n := range MaxTold + 20 {
		w.record(t, cid, seen(domain(1), n, n, 1))
	}
	w.record(t, other, seen(domain(1), 1, 0, 1))
	if !w.isAwake() {
		t.Error("the webhook sleeps")
	}
	got := w.untold(t)
	if len(got[cid]) != MaxTold+20 || len(got[other]) != 1 {
		t.Errorf("told of %d and %d detections", len(got[cid]), len(got[other]))
	}
	told := map[string]bool{}
	for _, d := range got[cid] {
		told[d.ID] = true
	}
	if len(told) != MaxTold+20 {
		t.Errorf("only %d of them differ", len(told))
	}
	w.now = w.now.Add(23 * time.Hour)
	w.record(t, cid, seen(domain(1), 3, 1000, 1))
	if got := w.untold(t); len(got) != 0 {
		t.Errorf("told again too early: %v", got)
	}
	w.now = w.now.Add(time.Hour)
	w.record(t, cid, seen(domain(1), 3, 2000, 1), seen(domain(1), 3000, 2000, 1))
	w.record(t, cid, seen(domain(1), 3, 3000, 1))
	again := w.untold(t)[cid]
	if len(again) != 2 || again[0].DeviceID != aid(3) || again[0].Count != 4 {
		t.Errorf("a day later told of %+v", again)
	}
}

func TestOutboxStaysEmptyWithoutAWebhook(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.Tell = false })
	w.indicator(t, cid, domain(1), mews.IndicatorDetect)
	w.record(t, cid, seen(domain(1), 1, 1, 1))
	if got := w.untold(t); len(got) != 0 || w.isAwake() {
		t.Errorf("the outbox holds %v", got)
	}
}

func TestOnceIsEnough(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.Repeat = 0 })
	w.indicator(t, cid, domain(1), mews.IndicatorDetect)
	for range 3 {
		w.record(t, cid, seen(domain(1), 1, 1, 1))
		w.now = w.now.Add(1000 * time.Hour)
	}
	if got := w.untold(t)[cid]; len(got) != 1 {
		t.Errorf("told %d times", len(got))
	}
	w.record(t, cid, seen(domain(1), 1, 1, 1))
	if got := w.untold(t)[cid]; len(got) != 0 {
		t.Errorf("told again: %v", got)
	}
}
