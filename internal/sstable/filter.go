package sstable

import "github.com/cespare/xxhash/v2"

// A filter block answers whether a prefix was marked in a range of them: a
// Bloom filter with 10 bits and 7 probes per mark, which is wrong for one in
// 120 of those that were not marked and never for one that was.
const (
	marksPerFilter = 4096
	bitsPerMark    = 10
	probes         = 7
)

// filterOf makes the block for the given hashes.
func filterOf(hashes []uint64, dst []byte) []byte {
	n := max(64, (len(hashes)*bitsPerMark+7)/8)
	dst = roomOf(dst, n)
	clear(dst)
	for _, h := range hashes {
		eachProbe(h, n, func(bit uint64) bool {
			dst[bit/8] |= 1 << (bit % 8)
			return true
		})
	}
	return dst
}

// filterHolds tells whether all probes of a hash are set.
func filterHolds(filter []byte, h uint64) bool {
	return eachProbe(h, len(filter), func(bit uint64) bool { return filter[bit/8]&(1<<(bit%8)) != 0 })
}

// eachProbe visits the bits of a hash until one is refused. The step is odd, so
// that the probes differ.
func eachProbe(h uint64, size int, visit func(bit uint64) bool) bool {
	bits, step := uint64(size)*8, h>>32|1
	for i := range uint64(probes) {
		if !visit((h + i*step) % bits) {
			return false
		}
	}
	return true
}

func hashOf(prefix []byte) uint64 { return xxhash.Sum64(prefix) }
