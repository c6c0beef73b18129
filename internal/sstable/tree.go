package sstable

// A treeBuilder puts index blocks above leaves as they are written, so that
// memory holds one unfinished block per level however large the table is.
type treeBuilder struct {
	size   int // at which an index block is full
	put    func(raw []byte) (handle, error)
	levels []*indexLevel
}

// An indexLevel is the unfinished index block of one level.
type indexLevel struct {
	block    blockBuilder
	children int // that this level ever had
	last     handle
}

// add puts a block below the given index level. Every key of the block is at or
// above sep, and every key of those before it is below.
func (t *treeBuilder) add(level int, sep []byte, h handle) error {
	if level == len(t.levels) {
		t.levels = append(t.levels, new(indexLevel))
	}
	l := t.levels[level]
	l.block.add(sep, h.append(nil))
	l.children++
	l.last = h
	if l.block.size() >= t.size && l.block.entries > 1 { // more than one, or the tree would not end
		return t.flush(level)
	}
	return nil
}

func (t *treeBuilder) flush(level int) error {
	b := &t.levels[level].block
	if b.entries == 0 {
		return nil
	}
	h, err := t.put(b.finish())
	if err != nil {
		return err
	}
	err = t.add(level+1, b.first, h)
	b.reset()
	return err
}

// finish writes what is left. The root is the one block that no other stands
// beside: of a single leaf the leaf itself, without leaves none.
func (t *treeBuilder) finish() (root, error) {
	for level := 0; level < len(t.levels); level++ {
		if l := t.levels[level]; l.children == 1 {
			return root{l.last, level}, nil
		}
		if err := t.flush(level); err != nil {
			return root{}, err
		}
	}
	return root{}, nil
}

// leafFor goes down from the root of a tree to the leaf that would hold key.
func (r *Reader) leafFor(from root, key []byte) (handle, error) {
	var c cursor
	h := from.handle
	for range from.height {
		raw, err := r.block(h, nil)
		if err != nil {
			return handle{}, err
		}
		c.reset(raw)
		value, ok := c.floor(key)
		if h, err = r.child(&c, h, value, ok); err != nil {
			return handle{}, err
		}
	}
	return h, nil
}

// child reads the value of an index entry. There is always one: the first
// separator is below every key.
func (r *Reader) child(c *cursor, parent handle, value []byte, ok bool) (handle, error) {
	if c.bad || !ok {
		return handle{}, damaged(parent.off, "index block is malformed")
	}
	h, rest, ok := parseHandle(value, r.end)
	if !ok || len(rest) != 0 || h.stored == 0 {
		return handle{}, damaged(parent.off, "index entry is malformed")
	}
	return h, nil
}
