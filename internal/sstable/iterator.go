package sstable

import (
	"bytes"
	"slices"
)

// An Iterator walks over a range of keys in order. It is for one goroutine.
type Iterator struct {
	r       *Reader
	from    []byte
	to      []byte // nil: to the end
	stack   []place
	leaf    cursor
	leafOff int64
	scratch scratch
	state   iterState
	err     error
}

type iterState uint8

const (
	iterNew iterState = iota
	iterAt
	iterDone
)

// A place is where an iterator stands in an index block.
type place struct {
	handle handle
	c      cursor
}

// Scan walks over the keys that are not below from and below to. A nil from
// begins with the first key, a nil to ends with the last.
func (r *Reader) Scan(from, to []byte) *Iterator {
	return &Iterator{r: r, from: slices.Clone(from), to: slices.Clone(to)}
}

// Next moves to the next entry; false after the last one and after a failure,
// which Err tells.
func (it *Iterator) Next() bool {
	if it.state == iterDone {
		return false
	}
	found := false
	if it.state == iterNew {
		it.state = iterAt
		found = it.begin()
	} else {
		found = it.leaf.advance()
	}
	for !found && it.err == nil && !it.leaf.bad && it.nextLeaf() {
		found = it.leaf.advance()
	}
	if it.leaf.bad && it.err == nil {
		it.err = damaged(it.leafOff, "block is malformed")
	}
	if found = found && it.err == nil && (it.to == nil || bytes.Compare(it.leaf.key, it.to) < 0); !found {
		it.state = iterDone
	}
	return found
}

// Key is the key at hand, valid until Next.
func (it *Iterator) Key() []byte { return it.leaf.key }

// Value is the value at hand, valid until Next.
func (it *Iterator) Value() []byte { return it.leaf.value }

// Err is what ended the walk early, or nil.
func (it *Iterator) Err() error { return it.err }

// begin goes down to the first leaf and to the first key in it.
func (it *Iterator) begin() bool {
	if it.r.foot.entries == 0 {
		it.state = iterDone
		return false
	}
	h := it.r.foot.data.handle
	for range it.r.foot.data.height {
		raw, err := it.r.block(h, nil)
		if err != nil {
			return it.fail(err)
		}
		it.stack = append(it.stack, place{handle: h})
		top := &it.stack[len(it.stack)-1]
		top.c.reset(raw)
		value, ok := top.c.floor(it.from)
		if h, err = it.r.child(&top.c, h, value, ok); err != nil {
			return it.fail(err)
		}
	}
	return it.enter(h) && it.leaf.seek(it.from)
}

// nextLeaf goes to the leaf behind the one at hand.
func (it *Iterator) nextLeaf() bool {
	up := len(it.stack) - 1
	for ; up >= 0 && !it.stack[up].c.advance(); up-- {
		if it.stack[up].c.bad {
			return it.fail(damaged(it.stack[up].handle.off, "index block is malformed"))
		}
	}
	if up < 0 {
		it.state = iterDone
		return false
	}
	for ; ; up++ {
		top := &it.stack[up]
		h, err := it.r.child(&top.c, top.handle, top.c.value, true)
		if err != nil {
			return it.fail(err)
		}
		if up == len(it.stack)-1 {
			return it.enter(h)
		}
		raw, err := it.r.block(h, nil)
		if err != nil {
			return it.fail(err)
		}
		below := &it.stack[up+1]
		below.handle = h
		below.c.reset(raw)
		if !below.c.advance() {
			return it.fail(damaged(h.off, "index block is empty"))
		}
	}
}

// enter loads a leaf.
func (it *Iterator) enter(h handle) bool {
	raw, err := it.r.block(h, &it.scratch)
	if err != nil {
		return it.fail(err)
	}
	it.leafOff = h.off
	it.leaf.reset(raw)
	return true
}

func (it *Iterator) fail(err error) bool {
	it.err, it.state = err, iterDone
	return false
}
