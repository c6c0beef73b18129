package sstable

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// Check reads a whole table and verifies everything: every checksum, that keys
// increase and lie where the index says, that their number is right, and that
// the blocks leave no byte of the file over. It reads the file, not the cache.
// Damage is a *DamageError.
func Check(r *Reader) error {
	c := checker{r: r}
	err := c.tree(r.foot.data, c.leaf)
	if err == nil {
		err = c.tree(r.foot.filter, func(h handle, _, _ []byte) error {
			_, err := r.load(h, nil)
			return err
		})
	}
	if err == nil {
		err = c.total()
	}
	if err != nil {
		return fmt.Errorf("check sorted table: %w", err)
	}
	return nil
}

type checker struct {
	r       *Reader
	seen    []handle
	last    []byte
	entries uint64
}

// tree visits the leaves of a tree with the range that the index gives them: from
// low on, and below high unless that is nil.
func (c *checker) tree(from root, leaf func(h handle, low, high []byte) error) error {
	if from.stored == 0 {
		return nil
	}
	return c.node(from.handle, from.height, nil, nil, leaf)
}

func (c *checker) node(h handle, height int, low, high []byte, leaf func(handle, []byte, []byte) error) error {
	c.seen = append(c.seen, h)
	if height == 0 {
		return leaf(h, low, high)
	}
	raw, err := c.r.load(h, nil)
	if err != nil {
		return err
	}
	var at cursor
	at.reset(raw)
	var seps [][]byte
	var below []handle
	for at.advance() {
		child, err := c.r.child(&at, h, at.value, true)
		if err != nil {
			return err
		}
		seps, below = append(seps, slices.Clone(at.key)), append(below, child)
	}
	if at.bad || len(below) == 0 || !slices.IsSortedFunc(seps, bytes.Compare) || !bytes.Equal(seps[0], low) {
		return damaged(h.off, "index block is malformed")
	}
	for i, child := range below {
		end := high
		if i+1 < len(seps) {
			end = seps[i+1]
		}
		if err := c.node(child, height-1, seps[i], end, leaf); err != nil {
			return err
		}
	}
	return nil
}

// leaf checks that a block's keys increase and lie within the block's range.
func (c *checker) leaf(h handle, low, high []byte) error {
	raw, err := c.r.load(h, nil)
	if err != nil {
		return err
	}
	var at cursor
	at.reset(raw)
	for at.advance() {
		switch {
		case bytes.Compare(at.key, c.last) <= 0:
			return damaged(h.off, "key %x does not follow %x", at.key, c.last)
		case bytes.Compare(at.key, low) < 0 || high != nil && bytes.Compare(at.key, high) >= 0:
			return damaged(h.off, "key %x lies in the wrong block", at.key)
		}
		c.last = append(c.last[:0], at.key...)
		c.entries++
	}
	if at.bad {
		return damaged(h.off, "block is malformed")
	}
	return nil
}

// total checks what the footer says of the whole, and that the blocks lie one
// behind the other.
func (c *checker) total() error {
	if c.entries != c.r.foot.entries || !bytes.Equal(c.last, c.r.foot.last) {
		return damaged(c.r.end, "footer tells of %d keys up to %x, the table holds %d up to %x",
			c.r.foot.entries, c.r.foot.last, c.entries, c.last)
	}
	slices.SortFunc(c.seen, func(a, b handle) int { return cmp.Compare(a.off, b.off) })
	next := int64(headerLen)
	for _, h := range c.seen {
		if h.off != next {
			return damaged(next, "block expected here, found at %d", h.off)
		}
		next += int64(h.stored)
	}
	if next != c.r.end {
		return damaged(next, "%d bytes belong to no block", c.r.end-next)
	}
	return nil
}
