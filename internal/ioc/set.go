package ioc

import "sync/atomic"

// A set holds numbers in a table with open addressing: eight bytes a slot, two to
// four slots a number. One goroutine adds while many look.
type set struct {
	slots []atomic.Uint64 // 0: empty; a power of two of them
	n     int
}

// newSet makes a set with room for n numbers.
func newSet(n int) *set {
	size := 16
	for size < 2*n {
		size *= 2
	}
	return &set{slots: make([]atomic.Uint64, size)}
}

// has tells whether a number was added. Zero always was: it marks empty slots.
func (s *set) has(number uint64) bool {
	mask := uint64(len(s.slots) - 1)
	for i := number & mask; ; i = (i + 1) & mask {
		switch s.slots[i].Load() {
		case number:
			return true
		case 0:
			return false
		}
	}
}

// add puts a number into a set that has room for it.
func (s *set) add(number uint64) {
	mask := uint64(len(s.slots) - 1)
	for i := number & mask; ; i = (i + 1) & mask {
		switch s.slots[i].Load() {
		case number:
			return
		case 0:
			s.slots[i].Store(number)
			s.n++
			return
		}
	}
}

// with adds a number, to a larger copy where there is no room.
func (s *set) with(number uint64) *set {
	if 2*(s.n+1) > len(s.slots) {
		larger := newSet(2 * (s.n + 1))
		for i := range s.slots {
			if v := s.slots[i].Load(); v != 0 {
				larger.add(v)
			}
		}
		s = larger
	}
	s.add(number)
	return s
}
