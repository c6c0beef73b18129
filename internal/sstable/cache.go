package sstable

import (
	"container/list"
	"sync"
)

// blockOverhead is about what the cache itself needs for one block.
const blockOverhead = 160

// A Cache keeps decoded blocks of many tables, those used last, within a bound
// of bytes. It serves many goroutines. Blocks of a reader that nobody uses any
// more age out.
type Cache struct {
	limit   int64
	codec   decoder
	mu      sync.Mutex
	readers uint64
	bytes   int64
	blocks  map[cacheKey]*list.Element
	used    *list.List // of *cached; the last used in front
}

type cacheKey struct {
	reader uint64
	off    int64
}

type cached struct {
	key cacheKey
	raw []byte
}

// NewCache makes a cache that holds at most limit bytes.
func NewCache(limit int64) *Cache {
	return &Cache{limit: limit, blocks: map[cacheKey]*list.Element{}, used: list.New()}
}

// join gives a new reader its number and the decoder that all share.
func (c *Cache) join() (uint64, *decoder) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.readers++
	return c.readers, &c.codec
}

func (c *Cache) get(reader uint64, off int64) ([]byte, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.blocks[cacheKey{reader, off}]
	if !ok {
		return nil, false
	}
	c.used.MoveToFront(e)
	return e.Value.(*cached).raw, true
}

// put keeps a block; of two readers of one block that race, the first wins.
func (c *Cache) put(reader uint64, off int64, raw []byte) {
	cost := int64(cap(raw)) + blockOverhead
	if cost > c.limit/4 { // one block must not empty the cache
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	key := cacheKey{reader, off}
	if _, ok := c.blocks[key]; ok {
		return
	}
	c.blocks[key] = c.used.PushFront(&cached{key, raw})
	c.bytes += cost
	for c.bytes > c.limit {
		oldest := c.used.Remove(c.used.Back()).(*cached)
		delete(c.blocks, oldest.key)
		c.bytes -= int64(cap(oldest.raw)) + blockOverhead
	}
}

// Bytes is how much the cache holds now.
func (c *Cache) Bytes() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.bytes
}
