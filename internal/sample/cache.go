package sample

import (
	"sync"

	"github.com/mewshq/mews/internal/store"
)

// Bounds of the records kept in memory: so many, and none with texts longer
// than that, which makes some 12 MB.
const (
	keptRecords = 20_000
	keptText    = 512
)

// A recordCache keeps records that searches asked for: an answer may name
// thousands, and reading one takes longer than finding it. A record leaves when
// it changes, in the commit of the change.
type recordCache struct {
	mu      sync.Mutex
	changes uint64 // so far
	records map[recordKey]Record
}

type recordKey struct {
	cid store.CID
	seq uint64
}

// pick gives the records that are kept, the numbers of the others, and the count
// of changes that put needs.
func (c *recordCache) pick(cid store.CID, seqs []uint64) (found map[uint64]Record, missing []uint64, changes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	found = make(map[uint64]Record, len(seqs))
	for _, seq := range seqs {
		if r, ok := c.records[recordKey{cid, seq}]; ok {
			found[seq] = r
		} else {
			missing = append(missing, seq)
		}
	}
	return found, missing, c.changes
}

// put keeps records that were read after changes was counted; if something
// changed since, they may be old, and are not kept.
func (c *recordCache) put(records map[uint64]Record, changes uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.changes != changes {
		return
	}
	if c.records == nil {
		c.records = map[recordKey]Record{}
	}
	for _, r := range records {
		if len(r.FileName)+len(r.Comment)+len(r.Family) > keptText || len(r.Tags) > 8 {
			continue
		}
		for k := range c.records { // any one makes room
			if len(c.records) < keptRecords {
				break
			}
			delete(c.records, k)
		}
		c.records[recordKey{r.CID, r.Seq}] = r
	}
}

// forgetAfter drops a record when tx commits. Every change of a record calls it.
func (c *recordCache) forgetAfter(tx *store.Tx, r Record) {
	tx.OnCommit(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.changes++
		delete(c.records, recordKey{r.CID, r.Seq})
	})
}
