package sstable

import "bytes"

// A Joint walks over the union of several ranges in key order: each key once,
// with its values in the order of the ranges.
type Joint struct {
	in     []*Iterator // a heap by key, then by rank
	rank   map[*Iterator]int
	at     []*Iterator // those that stand at the key
	values [][]byte
	err    error
}

// Join walks over iterators that have not been moved yet, as one.
func Join(in ...*Iterator) *Joint {
	j := &Joint{in: make([]*Iterator, 0, len(in)), rank: make(map[*Iterator]int, len(in))}
	for i, it := range in {
		j.rank[it] = i
		j.at = append(j.at, it)
	}
	return j
}

// Next moves to the next key; false after the last one and after a failure,
// which Err tells.
func (j *Joint) Next() bool {
	for _, it := range j.at {
		switch {
		case j.err != nil:
		case it.Next():
			j.push(it)
		default:
			j.err = it.Err()
		}
	}
	j.at, j.values = j.at[:0], j.values[:0]
	if j.err != nil {
		return false
	}
	for len(j.in) > 0 && (len(j.at) == 0 || bytes.Equal(j.in[0].Key(), j.at[0].Key())) {
		it := j.pop()
		j.at = append(j.at, it)
		j.values = append(j.values, it.Value())
	}
	return len(j.at) > 0
}

// Key is the key at hand, valid until Next.
func (j *Joint) Key() []byte { return j.at[0].Key() }

// Values are the values of the key, one of each range that holds it. They are
// valid until Next.
func (j *Joint) Values() [][]byte { return j.values }

// Err is what ended the walk early, or nil.
func (j *Joint) Err() error { return j.err }

func (j *Joint) below(a, b int) bool {
	if c := bytes.Compare(j.in[a].Key(), j.in[b].Key()); c != 0 {
		return c < 0
	}
	return j.rank[j.in[a]] < j.rank[j.in[b]]
}

func (j *Joint) push(it *Iterator) {
	j.in = append(j.in, it)
	for i := len(j.in) - 1; i > 0; {
		parent := (i - 1) / 2
		if !j.below(i, parent) {
			return
		}
		j.in[i], j.in[parent] = j.in[parent], j.in[i]
		i = parent
	}
}

func (j *Joint) pop() *Iterator {
	top, last := j.in[0], len(j.in)-1
	j.in[0] = j.in[last]
	j.in = j.in[:last]
	for i := 0; ; {
		least := i
		for child := 2*i + 1; child <= 2*i+2 && child < last; child++ {
			if j.below(child, least) {
				least = child
			}
		}
		if least == i {
			return top
		}
		j.in[i], j.in[least] = j.in[least], j.in[i]
		i = least
	}
}

// Combine makes one value of all values of a key, in dst's room if it likes, and
// never in that of values, which are the blocks themselves; what it returns is
// used before it is called again. With keep false the key is left out.
// It is called for every key, also for those of one value.
type Combine func(key []byte, values [][]byte, dst []byte) (value []byte, keep bool, err error)

// Merge adds the union of several ranges to w, which the caller closes. The mark
// function, which may be nil, tells the prefix of a key that goes into the
// filter.
func Merge(w *Writer, combine Combine, mark func(key []byte) (prefix []byte, ok bool), in ...*Iterator) error {
	var room []byte
	j := Join(in...)
	for j.Next() {
		value, keep, err := combine(j.Key(), j.Values(), room[:0])
		if err != nil {
			return err
		}
		if !keep {
			continue
		}
		if err := w.Add(j.Key(), value); err != nil {
			return err
		}
		room = value
		if mark == nil {
			continue
		}
		if prefix, ok := mark(j.Key()); ok {
			w.Mark(prefix)
		}
	}
	return j.Err()
}
