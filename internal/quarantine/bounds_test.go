package quarantine

import (
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

// TestLargeRecordsComeInSmallPortions: hosts decide how long a record's lists
// are, but not how much memory a reader takes.
func TestLargeRecordsComeInSmallPortions(t *testing.T) {
	w := newWorld(t)
	long := func(i int) string { return fmt.Sprintf("%04d", i) + strings.Repeat("x", maxText-4) }
	var ids []string
	for size, n := 0, 0; size <= maxLists; n++ {
		r := mews.QuarantineReport{AID: aidOf(1), SHA256: fmt.Sprintf("%064x", n)}
		for i := range maxBehaviors {
			r.Behaviors = append(r.Behaviors, mews.QuarantineBehavior{BehaviorID: long(i), IOCType: "x", IOCValue: long(i), TreeRootHash: long(i)})
			r.AlertIDs = append(r.AlertIDs, long(i))
			size += 4*maxText + 1
		}
		rec, err := w.Report(ctx, me, r, nil)
		must(t, err)
		ids = append(ids, rec.ID)
	}
	if _, _, err := w.Get(ctx, me, ids); !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), "ask for fewer") {
		t.Errorf("%d large records at once: %v", len(ids), err)
	}
	if found, _, err := w.Details(ctx, me, ids[1:]); err != nil || len(found) != len(ids)-1 {
		t.Errorf("one less: %d records, %v", len(found), err)
	}
	// A program on a host always asks for the same number: it gets the first ones.
	w.act(t, mews.ActionRelease, ids...)
	queue, err := w.Actions(ctx, me, aidOf(1), 0)
	must(t, err)
	if len(queue) != len(ids)/2 || queue[0].QuarantineID != ids[0] {
		t.Errorf("%d actions of %d large records, the first of %s", len(queue), len(ids), queue[0].QuarantineID)
	}
}
