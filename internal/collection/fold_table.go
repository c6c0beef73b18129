package collection

import "slices"

// A table numbers the buckets of one aggregation, in every bucket of the one
// above (its parent), and counts their records. A bucket is a key in a parent.
type table struct {
	mem *ledger
	// flat: there is but one parent, and keys are small numbers: they number the
	// buckets.
	flat   bool
	counts []uint32 // by bucket; of a flat one 0 for keys that did not occur
	pairs  []uint64 // by bucket: parent and key
	slots  []uint32 // open addressing: bucket plus one; a power of two of them
}

func newTable(mem *ledger, flat bool) *table {
	t := &table{mem: mem, flat: flat}
	if !flat {
		t.slots = grown(mem, t.slots, 64, 4)
	}
	return t
}

// bucket finds or adds a bucket and counts a record in it.
func (t *table) bucket(parent, key uint32) uint32 {
	if t.flat {
		t.counts = grown(t.mem, t.counts, int(key)+1, 4)
		t.counts[key]++
		return key
	}
	pair := uint64(parent)<<32 | uint64(key)
	mask := uint64(len(t.slots) - 1)
	for i := mix(pair) & mask; ; i = (i + 1) & mask {
		n := t.slots[i]
		if n == 0 {
			return t.add(pair, i)
		}
		if t.pairs[n-1] == pair {
			t.counts[n-1]++
			return n - 1
		}
	}
}

func (t *table) add(pair, slot uint64) uint32 {
	n := len(t.pairs)
	t.pairs = grown(t.mem, t.pairs, n+1, 8)
	t.counts = grown(t.mem, t.counts, n+1, 4)
	t.pairs[n], t.counts[n] = pair, 1
	t.slots[slot] = uint32(n) + 1
	if len(t.pairs)*4 > len(t.slots)*3 {
		t.spread()
	}
	return uint32(n)
}

func (t *table) spread() {
	t.mem.take(len(t.slots) * 4)
	t.slots = make([]uint32, 2*len(t.slots))
	mask := uint64(len(t.slots) - 1)
	for n, pair := range t.pairs {
		i := mix(pair) & mask
		for t.slots[i] != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = uint32(n) + 1
	}
}

// key of a bucket in its parent.
func (t *table) key(bucket uint32) uint32 {
	if t.flat {
		return bucket
	}
	return uint32(t.pairs[bucket])
}

// children lists the buckets of every parent in the order in which they were
// first seen: those of parent p are list[from[p]:from[p+1]].
func (t *table) children() (list, from []uint32) {
	if t.flat {
		for key, count := range t.counts {
			if count > 0 {
				list = append(list, uint32(key))
			}
		}
		return list, []uint32{0, uint32(len(list))}
	}
	parents := 0
	for _, pair := range t.pairs {
		parents = max(parents, int(pair>>32)+1)
	}
	from = make([]uint32, parents+1)
	for _, pair := range t.pairs {
		from[pair>>32+1]++
	}
	for p := range parents {
		from[p+1] += from[p]
	}
	list = make([]uint32, len(t.pairs))
	at := slices.Clone(from)
	for b, pair := range t.pairs {
		list[at[pair>>32]] = uint32(b)
		at[pair>>32]++
	}
	return list, from
}

// mix spreads a number over all bits.
func mix(x uint64) uint64 {
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	x ^= x >> 32
	x *= 0xd6e8feb86659fd93
	return x ^ x>>32
}

// size is how many buckets there are.
func (t *table) size() int { return len(t.counts) }
