package collection

// work says how much an aggregation takes on at a time. Tests take on less.
type work struct {
	memory int // bytes
	few    int // records whose rows in child tables are looked up one by one
	many   int // terms of the root from which on the shown ones are chosen first
	most   int // terms of the root from which on they are counted in the order of their index
	check  int // records between two looks at what is held
	part   partSize
}

func usualWork() work {
	return work{memory: maxMemory, few: 20_000, many: 1000, most: 100_000, check: 256, part: usualPart}
}

// A ledger counts the bytes that folding holds, so that no request takes more
// than its share of the server. What it refuses is told once, at the end of a
// batch of rows; until then a little more is taken.
type ledger struct {
	limit, left int
}

func newLedger(limit int) *ledger { return &ledger{limit, limit} }

func (l *ledger) take(bytes int) { l.left -= bytes }

// err tells that too much was taken.
func (l *ledger) err() error {
	if l.left >= 0 {
		return nil
	}
	return errorf("the aggregation would need more than %d MiB of memory: it has too many different values; "+
		"narrow the filter, or aggregate fewer levels", max(l.limit>>20, 1))
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
