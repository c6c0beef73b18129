package sample

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// A record read by number is never older than a change that was acknowledged
// before, however reads and changes meet.
func TestKeptRecordsAreNeverOld(t *testing.T) {
	w := newWorld(t, Limits{})
	ctx := context.Background()
	rec := w.put(t, []byte("changing"), PutOptions{Family: "0"})
	var acknowledged atomic.Int64
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for !stop.Load() {
				least := acknowledged.Load()
				got, err := w.BySeq(ctx, cid, []uint64{rec.Seq})
				if err != nil {
					t.Error(err)
					return
				}
				if n, _ := strconv.ParseInt(got[rec.Seq].Family, 10, 64); n < least {
					t.Errorf("read change %d after change %d was acknowledged", n, least)
					return
				}
			}
		})
	}
	for i := range int64(200) {
		family := strconv.FormatInt(i, 10)
		if _, err := w.Update(ctx, me, []string{rec.SHA256}, Change{Family: &family}); err != nil {
			t.Fatal(err)
		}
		acknowledged.Store(i)
	}
	again := w.put(t, []byte("changing"), PutOptions{Comment: "seen again"})
	stop.Store(true)
	wg.Wait()
	if got, err := w.BySeq(ctx, cid, []uint64{rec.Seq}); err != nil || got[rec.Seq].Comment != "seen again" || again.Seq != rec.Seq {
		t.Errorf("after a second upload: %+v, %v", got, err)
	}
	must(t, w.Delete(ctx, me, rec.SHA256))
	if got, err := w.BySeq(ctx, cid, []uint64{rec.Seq}); err != nil || len(got) > 0 {
		t.Errorf("after the sample was deleted: %v, %v", got, err)
	}
}

func TestKeptRecordsAreBounded(t *testing.T) {
	var c recordCache
	for i := range uint64(keptRecords + 500) {
		c.put(map[uint64]Record{i: {Seq: i, CID: "c"}}, 0)
	}
	if len(c.records) != keptRecords {
		t.Errorf("%d records are kept", len(c.records))
	}
	c.put(map[uint64]Record{1 << 40: {Seq: 1 << 40, CID: "c", Comment: strings.Repeat("x", keptText+1)}}, 0)
	if found, missing, _ := c.pick("c", []uint64{1 << 40}); len(found) != 0 || len(missing) != 1 {
		t.Error("a record with a long text is kept")
	}
}
