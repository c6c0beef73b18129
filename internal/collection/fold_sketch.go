package collection

import (
	"fmt"
	"math"
	"slices"

	"github.com/axiomhq/hyperloglog"
	"github.com/caio/go-tdigest/v4"
)

// Bounds up to which different values are counted one by one.
const (
	exactDistinct = 4096
	exactSpread   = 4096
)

// sketchPrecision gives 2^15 registers of a byte: a standard error of 0.57 %.
const sketchPrecision = 15

// distinct counts different values by 64-bit hashes of them: exactly up to
// exactDistinct, beyond with an error that is hardly ever above 2 %.
type distinct struct {
	set    map[uint64]struct{}
	sketch *hyperloglog.Sketch
}

func (d *distinct) add(mem *ledger, hash uint64) {
	if d.sketch != nil {
		d.sketch.InsertHash(hash)
		return
	}
	if d.set == nil {
		d.set = map[uint64]struct{}{}
		mem.take(48)
	}
	before := len(d.set)
	d.set[hash] = struct{}{}
	if len(d.set) == before {
		return
	}
	mem.take(setBytes)
	if len(d.set) <= exactDistinct {
		return
	}
	d.sketch, _ = hyperloglog.NewSketch(sketchPrecision, false) // the precision is one there is
	mem.take(1<<sketchPrecision - len(d.set)*setBytes)
	for h := range d.set {
		d.sketch.InsertHash(h)
	}
	d.set = nil
}

// setBytes is about what a map holds per entry of eight bytes.
const setBytes = 16

func (d *distinct) count() int64 {
	if d.sketch != nil {
		return int64(d.sketch.Estimate())
	}
	return int64(len(d.set))
}

// A spread gives percentiles. The p-th percentile of n sorted values is what
// stands at position (n-1)*p/100, counted from 0, on a straight line between its
// neighbours. That is exact up to exactSpread different values, beyond a t-digest
// estimates it.
type spread struct {
	counts map[float64]uint32
	digest *tdigest.TDigest
}

// spreadDelta trades the size of a digest (about 20 bytes each) for its error.
const spreadDelta = 500

func (s *spread) add(mem *ledger, v float64) {
	if s.digest != nil {
		_ = s.digest.Add(v) // refuses only what is no number
		return
	}
	if s.counts == nil {
		s.counts = map[float64]uint32{}
		mem.take(48)
	}
	before := len(s.counts)
	s.counts[v]++
	if len(s.counts) == before {
		return
	}
	mem.take(spreadBytes)
	if len(s.counts) <= exactSpread {
		return
	}
	s.digest = newDigest()
	mem.take(spreadDelta*100 - len(s.counts)*spreadBytes)
	for _, v := range s.sorted() { // in an order, so that the same records give the same estimate
		_ = s.digest.AddWeighted(v, uint64(s.counts[v]))
	}
	s.counts = nil
}

const spreadBytes = 24

func newDigest() *tdigest.TDigest {
	d, err := tdigest.New(tdigest.Compression(spreadDelta), tdigest.LocalRandomNumberGenerator(1))
	if err != nil {
		panic(fmt.Sprintf("options of a digest: %v", err)) // they are constants
	}
	return d
}

func (s *spread) sorted() []float64 {
	values := make([]float64, 0, len(s.counts))
	for v := range s.counts {
		values = append(values, v)
	}
	slices.Sort(values)
	return values
}

// percentiles of a spread that has values, in the order asked for.
func (s *spread) percentiles(percents []float64) []float64 {
	out := make([]float64, len(percents))
	if s.digest != nil {
		for i, p := range percents {
			out[i] = s.digest.Quantile(p / 100)
		}
		return out
	}
	values := s.sorted()
	ends := make([]uint64, len(values)) // how many values there are up to this one
	var n uint64
	for i, v := range values {
		n += uint64(s.counts[v])
		ends[i] = n
	}
	at := func(position uint64) float64 {
		i, found := slices.BinarySearch(ends, position)
		if found {
			i++
		}
		return values[i]
	}
	for i, p := range percents {
		position := float64(n-1) * p / 100
		low := math.Floor(position)
		a, b := at(uint64(low)), at(min(uint64(low)+1, n-1))
		out[i] = a + (b-a)*(position-low)
	}
	return out
}
