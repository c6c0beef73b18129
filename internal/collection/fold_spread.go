package collection

import (
	"math"
	"slices"

	"github.com/caio/go-tdigest/v4"
)

// A spread gives percentiles. The p-th percentile of n sorted values is what
// stands at position (n-1)*p/100, counted from 0, on a straight line between its
// neighbours. That is exact up to exactSpread different values; beyond, a
// t-digest estimates it.
type spread struct {
	fresh  []float64 // in no order yet
	values []weighted
	digest *tdigest.TDigest
}

// A weighted is a value with how often it came.
type weighted struct {
	value float64
	count uint64
}

const (
	exactSpread = 1 << 20
	// leastFresh are values that are worth sorting.
	leastFresh = 64
	// delta is how finely a digest looks, in hundredths of itself; runs is how many
	// neighbours a batch of values becomes before it is put in.
	delta       = 500
	runs        = 4000
	digestBytes = 100 << 10
)

func (s *spread) add(mem *ledger, v float64) {
	if len(s.fresh) == cap(s.fresh) && len(s.fresh) >= max(leastFresh, len(s.values)) {
		s.settle(mem)
	}
	s.fresh = append(grown(mem, s.fresh, len(s.fresh)+1, 8)[:len(s.fresh)], v)
}

// settle sorts what is fresh into the values.
func (s *spread) settle(mem *ledger) {
	slices.Sort(s.fresh)
	if s.digest == nil {
		mem.take(16 * len(s.fresh))
		before := len(s.values)
		s.values = merged(s.values, s.fresh)
		mem.take(16 * (len(s.values) - before - len(s.fresh)))
		s.fresh = s.fresh[:0]
		if len(s.values) <= exactSpread {
			return
		}
		// The options are constants that the library takes.
		s.digest, _ = tdigest.New(tdigest.Compression(delta), tdigest.LocalRandomNumberGenerator(1))
		mem.take(digestBytes - 16*len(s.values))
	} else {
		s.values = merged(nil, s.fresh)
		s.fresh = s.fresh[:0]
	}
	s.digestValues()
}

// digestValues puts the values into the digest, neighbours together: one by one
// would take microseconds each.
func (s *spread) digestValues() {
	var total, n uint64
	for _, v := range s.values {
		total += v.count
	}
	most := max(1, total/runs)
	sum := 0.0
	for i, v := range s.values {
		sum += v.value * float64(v.count)
		n += v.count
		if n >= most || i == len(s.values)-1 {
			_ = s.digest.AddWeighted(sum/float64(n), n) // refuses only what is no number
			sum, n = 0, 0
		}
	}
	s.values = nil
}

// merged puts sorted values into others.
func merged(known []weighted, fresh []float64) []weighted {
	out := make([]weighted, 0, len(known)+len(fresh))
	for len(known) > 0 || len(fresh) > 0 {
		next := weighted{count: 1}
		if len(fresh) == 0 || len(known) > 0 && known[0].value <= fresh[0] {
			next, known = known[0], known[1:]
		} else {
			next.value, fresh = fresh[0], fresh[1:]
		}
		if last := len(out) - 1; last >= 0 && out[last].value == next.value {
			out[last].count += next.count
		} else {
			out = append(out, next)
		}
	}
	return slices.Clip(out)
}

// percentiles of a spread that has values, in the order asked for.
func (s *spread) percentiles(mem *ledger, percents []float64) []float64 {
	s.settle(mem)
	out := make([]float64, len(percents))
	if s.digest != nil {
		for i, p := range percents {
			out[i] = s.digest.Quantile(p / 100)
		}
		return out
	}
	ends := make([]uint64, len(s.values)) // how many values there are up to this one
	var n uint64
	for i, v := range s.values {
		n += v.count
		ends[i] = n
	}
	at := func(position uint64) float64 {
		i, found := slices.BinarySearch(ends, position)
		if found {
			i++
		}
		return s.values[i].value
	}
	for i, p := range percents {
		position := float64(n-1) * p / 100
		low := math.Floor(position)
		out[i] = at(uint64(low))
		if low < position {
			out[i] += (at(uint64(low)+1) - out[i]) * (position - low)
		}
	}
	return out
}
