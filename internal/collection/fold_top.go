package collection

import (
	"container/heap"
	"slices"
)

// A top keeps the terms that are shown of all that are offered. It is a heap
// with the last of them at its root.
type top[T any] struct {
	from, size int              // as the request says
	compare    func(a, b T) int // the order of the answer
	count      func(T) int64    // records of a term
	list       []T
	total      int64 // records of all terms
}

func (t *top[T]) Len() int           { return len(t.list) }
func (t *top[T]) Less(i, j int) bool { return t.compare(t.list[i], t.list[j]) > 0 }
func (t *top[T]) Swap(i, j int)      { t.list[i], t.list[j] = t.list[j], t.list[i] }

// Push implements heap.Interface.
func (t *top[T]) Push(x any) { t.list = append(t.list, x.(T)) }

// Pop implements heap.Interface.
func (t *top[T]) Pop() any {
	last := t.list[len(t.list)-1]
	t.list = t.list[:len(t.list)-1]
	return last
}

// offer takes a term into account.
func (t *top[T]) offer(x T) {
	t.total += t.count(x)
	if len(t.list) < t.from+t.size {
		heap.Push(t, x)
		return
	}
	if t.compare(x, t.list[0]) < 0 {
		t.list[0] = x
		heap.Fix(t, 0)
	}
}

// join takes over what others counted, of terms that are not in it.
func (t *top[T]) join(other top[T]) {
	t.total += other.total
	for _, x := range other.list {
		t.total -= t.count(x) // which offer adds
		t.offer(x)
	}
}

// shown are the terms in their order, and the records of those behind them.
func (t *top[T]) shown() (list []T, other int64) {
	slices.SortFunc(t.list, t.compare)
	other = t.total
	for _, x := range t.list {
		other -= t.count(x)
	}
	return t.list[min(t.from, len(t.list)):], other
}
