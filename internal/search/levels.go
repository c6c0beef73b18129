package search

import (
	"cmp"
	"math"
	"slices"

	"github.com/mewshq/mews/internal/index"
)

// neighbours chooses segments to merge, given the sizes of a customer's
// segments from the oldest to the newest, as seg[lo:hi]; lo equals hi when
// nothing is worth it. Three rules bound what merging costs:
//
//   - Only neighbours in age are merged, so the sequence numbers of segments do
//     not interleave and a search from the newest on can stop early.
//   - A segment is written again only into one FanOut times its size, but for an
//     eighth as segments differ a little. So a byte is written once per power of
//     FanOut between a new segment and the largest one, and there are about FanOut
//     segments per such power.
//   - Inputs stay until the output is durable, so no merge is larger than room.
func (l Limits) neighbours(segs []extent, room int64) (lo, hi int) {
	cheapest := int64(math.MaxInt64)
	for first := range segs {
		var all extent
		var largest int64
		for i, seg := range segs[first:] {
			all.bytes, all.columns = all.bytes+seg.bytes, all.columns+seg.columns
			largest = max(largest, seg.bytes)
			if all.bytes > room || all.columns > l.MaxColumns || all.bytes >= cheapest {
				break
			}
			if i > 0 && 8*all.bytes >= 7*int64(l.FanOut)*largest {
				cheapest, lo, hi = all.bytes, first, first+i+1
				break
			}
		}
	}
	return lo, hi
}

// An extent is the size of a segment.
type extent struct {
	bytes   int64
	columns int
}

// mergeable picks segments of one customer to merge: neighbours in age, or one
// that is mostly dead. It holds references to them.
func (e *Engine) mergeable() []*segment {
	e.mu.Lock()
	defer e.mu.Unlock()
	room := e.mergeRoom()
	for _, sh := range e.shards {
		for _, run := range sh.runs() {
			if i := slices.IndexFunc(run, (*segment).mostlyDead); i >= 0 {
				return hold(run[i : i+1])
			}
			sizes := make([]extent, len(run))
			for i, seg := range run {
				sizes[i] = extent{seg.bytes, seg.columns}
			}
			if lo, hi := e.limits.neighbours(sizes, room); lo < hi {
				return hold(run[lo:hi])
			}
		}
	}
	return nil
}

// mergeRoom is how many bytes a merge may add until its inputs go: a share of
// the index, and always enough for small segments. mu is held.
func (e *Engine) mergeRoom() int64 {
	var live int64
	for _, sh := range e.shards {
		for _, seg := range sh.segments {
			live += seg.bytes
		}
	}
	return max(live*int64(e.limits.MergeShare)/100, e.limits.SegmentBytes/2)
}

// runs lists the segments from the oldest to the newest, cut where one must not
// be merged with the next: it is being emptied, or was made under other
// parameters. Engine.mu is held.
func (sh *shard) runs() (runs [][]*segment) {
	all := make([]*segment, 0, len(sh.segments))
	for _, seg := range sh.segments {
		all = append(all, seg)
	}
	slices.SortFunc(all, func(a, b *segment) int { return cmp.Compare(a.minSeq, b.minSeq) })
	var run []*segment
	for _, seg := range all {
		if seg.stale || seg.damaged || len(run) > 0 && !index.Compatible(run[0].idx, seg.idx) {
			runs, run = append(runs, run), nil
		}
		if !seg.stale && !seg.damaged {
			run = append(run, seg)
		}
	}
	return append(runs, run)
}

// deadShare: a segment of whose files, or bytes, more than one in so many is dead
// is rewritten without them.
const deadShare = 5

// mostlyDead: Engine.mu is held.
func (s *segment) mostlyDead() bool {
	return s.deadN*deadShare > s.files || s.deadBytes*deadShare > s.corpus
}
