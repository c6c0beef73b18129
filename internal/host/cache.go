package host

import (
	"sync"

	"github.com/mewshq/mews/internal/store"
)

// Bounds of the caches; beyond them they begin anew.
const (
	maxNumbers = 1 << 18 // some 25 MB
	maxTold    = 1 << 16 // some 35 MB
)

// A cache keeps something about hosts that can always be had again.
type cache[V any] struct {
	mu    sync.RWMutex
	max   int
	hosts map[hostKey]V
}

type hostKey struct {
	cid store.CID
	aid string
}

func newCache[V any](most int) *cache[V] { return &cache[V]{max: most, hosts: map[hostKey]V{}} }

func (c *cache[V]) get(cid store.CID, aid string) (V, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	v, ok := c.hosts[hostKey{cid, aid}]
	return v, ok
}

func (c *cache[V]) put(cid store.CID, aid string, v V) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.hosts) >= c.max {
		clear(c.hosts)
	}
	c.hosts[hostKey{cid, aid}] = v
}
