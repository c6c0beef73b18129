package query

import "bytes"

// Find gives the offset of the first occurrence of a literal in data, or -1.
func (l Literal) Find(data []byte) int {
	if !l.Fold {
		return bytes.Index(data, l.Bytes)
	}
	return indexFold(data, l.Bytes)
}

// indexFold finds want, which is lower case, without regard to ASCII case: it
// jumps along both cases of the first byte and compares there.
func indexFold(data, want []byte) int {
	if len(want) == 0 {
		return 0
	}
	lo := want[0]
	up := lo
	if lo >= 'a' && lo <= 'z' {
		up = lo - 'a' + 'A'
	}
	nextLo, nextUp := -1, -1
	for at := 0; at+len(want) <= len(data); at++ {
		window := data[:len(data)-len(want)+1]
		if nextLo < at {
			nextLo = nextFrom(window, at, lo)
		}
		if nextUp < at {
			nextUp = nextFrom(window, at, up)
		}
		at = min(nextLo, nextUp)
		if at >= len(window) {
			return -1
		}
		if equalFold(data[at:at+len(want)], want) {
			return at
		}
	}
	return -1
}

// nextFrom is the place of c in b at or after from, len(b) when there is none.
func nextFrom(b []byte, from int, c byte) int {
	if i := bytes.IndexByte(b[from:], c); i >= 0 {
		return from + i
	}
	return len(b)
}

func equalFold(data, want []byte) bool {
	for i, c := range data {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != want[i] {
			return false
		}
	}
	return true
}
