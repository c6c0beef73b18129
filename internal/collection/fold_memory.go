package collection

// A ledger counts the bytes that folding holds, so that no request takes more
// than its share of the server. What it refuses is told once, at the end of a
// batch of rows; until then a little more is taken.
type ledger struct {
	left int
}

func (l *ledger) take(bytes int) { l.left -= bytes }

// err tells that too much was taken.
func (l *ledger) err() error {
	if l.left >= 0 {
		return nil
	}
	return errorf("the aggregation would need more than %d MiB of memory: it has too many different values; "+
		"narrow the filter, or aggregate fewer levels", maxMemory>>20)
}

// grown makes a slice as long as n, with zeros, and books what it takes.
func grown[T any](l *ledger, s []T, n, size int) []T {
	if n <= len(s) {
		return s
	}
	if n > cap(s) {
		room := max(n, 16, len(s)+len(s)/2)
		l.take((room - cap(s)) * size)
		s = append(make([]T, 0, room), s...)
	}
	return s[:n]
}
