package facts

import (
	"cmp"
	"math"
	"slices"
)

// ranges are numbers: rising ranges, both ends inclusive, that do not touch.
type ranges [][2]uint64

// union joins sets of ranges that may overlap.
func union(sets ...ranges) ranges {
	all := slices.Concat(sets...)
	slices.SortFunc(all, func(a, b [2]uint64) int { return cmp.Compare(a[0], b[0]) })
	var out ranges
	for _, r := range all {
		last := len(out) - 1
		if last >= 0 && (out[last][1] == math.MaxUint64 || r[0] <= out[last][1]+1) {
			out[last][1] = max(out[last][1], r[1])
		} else {
			out = append(out, r)
		}
	}
	return out
}

// complement is every other number.
func (r ranges) complement() ranges {
	var out ranges
	next := uint64(0)
	for _, x := range r {
		if x[0] > next {
			out = append(out, [2]uint64{next, x[0] - 1})
		}
		if x[1] == math.MaxUint64 {
			return out
		}
		next = x[1] + 1
	}
	return append(out, [2]uint64{next, math.MaxUint64})
}

// without cuts single numbers out of a range; they come in any order.
func without(first, last uint64, holes []uint64) ranges {
	var cut ranges
	for _, h := range holes {
		cut = append(cut, [2]uint64{h, h})
	}
	outside := ranges{{first, last}}.complement()
	return union(cut, outside).complement()
}

// has tells whether a number is in one of the ranges.
func (r ranges) has(n uint64) bool {
	i, _ := slices.BinarySearchFunc(r, n, func(x [2]uint64, n uint64) int { return cmp.Compare(x[1], n) })
	return i < len(r) && r[i][0] <= n
}
