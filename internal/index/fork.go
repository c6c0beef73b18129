package index

import (
	"math"
	"math/bits"
	"slices"
)

// A fork is a group of bytes that stand close together and are known in part.
// Whichever values they have, all grams of that choice must be in the column.
type fork struct {
	open     []int // the bytes that vary
	last     int   // the last byte of a gram that holds one of them
	exact    int   // where the run of known bytes before them starts
	folded   int
	foldable bool         // they vary in case only: the long grams know them already
	choices  int          // how many values they can have
	widest   int          // how many the one has that can have most
	tells    [filters]int // how many grams each filter has of a choice
}

const (
	maxChoices = 256
	forkReach  = 3 // bytes between two of a group, so that a g4 holds both

	// A fork may cost this part of what it can save, and never more rows than
	// that.
	forkShare = .5
	forkRows  = 20_000
)

// forksOf groups the bytes that vary, each into one fork, if a gram holds it.
func (p pattern) forksOf() []fork {
	var out []fork
	for i := 0; i < len(p.bytes); i++ {
		if p.mask[i] == 0xFF {
			continue
		}
		f := fork{choices: 1, foldable: true}
		for j := i; j < len(p.bytes) && j <= i+forkReach; j++ {
			if p.mask[j] == 0xFF {
				continue
			}
			n := choices(p.mask[j])
			if f.choices*n > maxChoices {
				break
			}
			f.choices, f.widest = f.choices*n, max(f.widest, n)
			f.foldable = f.foldable && p.caseless(j)
			f.open = append(f.open, j)
			i = j
		}
		if f.bound(p); f.tells != [filters]int{} {
			out = append(out, f)
		}
	}
	return out
}

func choices(mask byte) int {
	n := 1
	for free := ^mask; free != 0; free &= free - 1 {
		n *= 2
	}
	return n
}

// bound finds how far the grams of the fork reach and what they tell.
func (f *fork) bound(p pattern) {
	first, final := f.open[0], f.open[len(f.open)-1]
	f.exact, f.folded = first, first
	for f.exact > 0 && p.mask[f.exact-1] == 0xFF {
		f.exact--
	}
	for f.folded > 0 && p.caseless(f.folded-1) {
		f.folded--
	}
	reach := 3
	if !f.foldable {
		reach = 5
	}
	f.last = final
	for f.last+1 < len(p.bytes) && f.last < final+reach && p.mask[f.last+1] == 0xFF {
		f.last++
	}
	near := 0 // the latest byte that varies
	for e := first; e <= f.last; e++ {
		if slices.Contains(f.open, e) {
			near = e
		}
		f.ending(p.bytes, p.bytes, e, near, func(g gram) { f.tells[g.filter]++ })
	}
}

// ending calls add for the grams that end with byte e and hold the one at near.
// b are the bytes of one choice, text the same as the long grams see them.
func (f *fork) ending(b, text []byte, e, near int, add func(gram)) {
	if e-near <= 3 && e-2 >= f.exact {
		from := e - 3
		if from < f.exact {
			from++
		}
		shortGramsAt(b[from:e+1], func(g gram) {
			if g.filter == middle || e-near <= 2 {
				add(g)
			}
		})
	}
	if !f.foldable && e-near <= 5 {
		longGrams(text[f.folded:e+1], add)
	}
}

// split keeps the live columns that have all grams of one choice for the bytes
// that vary. When that would take too many rows it keeps all.
func (b *block) split(live bitmap, w *window, f *fork) error {
	left := popcount(live)
	passes := float64(f.choices)
	for filter, n := range f.tells {
		passes *= math.Pow(b.share(filter), float64(n))
	}
	saves := float64(left) * (1 - min(1, passes)) * columnCost
	budget := min(int(saves*forkShare/(readCost+byteCost*float64(8*len(live)))), forkRows)
	if expected := f.widest * (2 + bits.Len(uint(left))) / 2; budget < expected {
		return nil
	}
	s := &splitter{
		block: b, w: w, f: f, budget: budget,
		bytes: slices.Clone(w.bytes), text: make([]byte, len(w.bytes)),
		union: newBitmap(64 * len(live)), live: make([]bitmap, f.last+2-f.open[0]),
	}
	for i, c := range w.bytes {
		s.text[i] = foldByte(c)
	}
	done, err := s.walk(f.open[0], f.open[0], live)
	if err == nil && done {
		live.and(s.union)
	}
	return err
}

// A splitter tries the choices of a fork byte by byte, each only in the columns
// that have all grams up to it.
type splitter struct {
	*block
	w      *window
	f      *fork
	budget int    // rows
	bytes  []byte // of the present choice
	text   []byte // the same as the long grams see them
	union  bitmap
	live   []bitmap // scratch, per byte
}

// walk goes on with byte e; near is the latest byte that varies. done is false
// when the budget is spent.
func (s *splitter) walk(e, near int, live bitmap) (done bool, err error) {
	if e > s.f.last {
		s.union.or(live)
		return true, nil
	}
	if slices.Contains(s.f.open, e) {
		near = e
	}
	depth := e - s.f.open[0]
	if s.live[depth] == nil {
		s.live[depth] = make(bitmap, len(live))
	}
	rest := s.live[depth]
	base, free := s.w.bytes[e], ^s.w.mask[e]
	for sub := free; ; sub = (sub - 1) & free { // every subset of the free bits
		s.bytes[e], s.text[e] = base|sub, foldByte(base|sub)
		copy(rest, live)
		some, err := s.filter(rest, e, near)
		if err != nil || s.budget < 0 {
			return false, err
		}
		if some {
			if done, err := s.walk(e+1, near, rest); err != nil || !done {
				return done, err
			}
		}
		if sub == 0 {
			return true, nil
		}
	}
}

// filter clears the columns without the grams that end with byte e.
func (s *splitter) filter(live bitmap, e, near int) (some bool, err error) {
	some = true
	s.f.ending(s.bytes, s.text, e, near, func(g gram) {
		r := s.shape.at(g)
		if !some || err != nil {
			return
		}
		if s.counts[r] == 0 {
			some = false
			return
		}
		s.budget--
		var row []byte
		if row, err = s.row(r); err == nil {
			some = live.andWords(row)
		}
	})
	return some, err
}
