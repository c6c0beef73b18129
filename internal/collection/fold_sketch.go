package collection

import "github.com/axiomhq/hyperloglog"

// exactDistinct is up to how many different values are counted one by one.
const exactDistinct = 4096

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
