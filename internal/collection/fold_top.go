package collection

import (
	"container/heap"
	"slices"
)

// topTerms keeps the first few buckets of many in the order that was asked for.
// It is a heap with the last of them at its root.
type topTerms struct {
	g    *group
	room int
	list []uint32
}

func (t *topTerms) Len() int           { return len(t.list) }
func (t *topTerms) Less(i, j int) bool { return t.compare(t.list[i], t.list[j]) > 0 }
func (t *topTerms) Swap(i, j int)      { t.list[i], t.list[j] = t.list[j], t.list[i] }

// Push implements heap.Interface.
func (t *topTerms) Push(x any) { t.list = append(t.list, x.(uint32)) }

// Pop implements heap.Interface.
func (t *topTerms) Pop() any {
	last := t.list[len(t.list)-1]
	t.list = t.list[:len(t.list)-1]
	return last
}

func (t *topTerms) add(bucket uint32) {
	if len(t.list) < t.room {
		heap.Push(t, bucket)
		return
	}
	if t.compare(bucket, t.list[0]) < 0 {
		t.list[0] = bucket
		heap.Fix(t, 0)
	}
}

// compare puts the term that comes first in front; terms with equal counts are
// in their own order.
func (t *topTerms) compare(a, b uint32) int {
	g := t.g
	c := 0
	if g.terms.byTerm {
		c = g.compareTerms(g.table.key(a), g.table.key(b))
	} else if x, y := g.table.counts[a], g.table.counts[b]; x < y {
		c = -1
	} else if x > y {
		c = 1
	}
	if g.terms.desc {
		c = -c
	}
	if c == 0 && !g.terms.byTerm {
		c = g.compareTerms(g.table.key(a), g.table.key(b))
	}
	return c
}

func (t *topTerms) sorted() []uint32 {
	slices.SortFunc(t.list, t.compare)
	return t.list
}
