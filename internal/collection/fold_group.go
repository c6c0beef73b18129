package collection

// A group folds one aggregation: it is the node with what has been found so far.
type group struct {
	*node
	mem    *ledger
	values *slot
	when   *slot    // nil, or the aggregation's own filter
	named  []*slot  // of filters_spec
	absent *slot    // nil, or the value of records without one
	subs   []*group // that have a field
	below  []*group // all

	// of groups of records:
	table    *table
	starts   *interner // of a histogram: the beginnings of intervals
	verdicts []byte    // of terms, by key: 0 not yet known
	only     bool      // terms are wanted only if that is known
	keys     []uint32

	list, index []uint32 // of the table's children, once it is complete

	measures *measures // of measures
}

// verdicts of terms.
const (
	wanted byte = iota + 1
	unwanted
)

// Keys of the buckets of named filters stand far above all others.
const namedKeys = 1<<32 - 1 - maxRanges - 1

// visit folds the current record into the bucket of the group above.
func (g *group) visit(parent uint32) {
	if g.when != nil && !g.when.truth {
		return
	}
	values := g.values
	if values.count == 0 && g.absent != nil {
		values = g.absent
	}
	if !g.kind.buckets() {
		if values.count > 0 {
			g.measures.measure(parent, values.numbers, values.hashes)
		}
		return
	}
	if values.count > 0 {
		for _, key := range g.keysOf(values) {
			g.enter(parent, key)
		}
	}
	if len(g.named) > 0 {
		g.visitNamed(parent)
	}
}

// enter counts the record in a bucket and goes on below it.
func (g *group) enter(parent, key uint32) {
	bucket := g.table.bucket(parent, key)
	for _, sub := range g.subs {
		sub.visit(bucket)
	}
}

func (g *group) visitNamed(parent uint32) {
	other := true
	for i, s := range g.named {
		if s.truth || s.always {
			other = false
			g.enter(parent, namedKeys+uint32(i))
		}
	}
	if other && g.other != "" {
		g.enter(parent, namedKeys+uint32(len(g.named)))
	}
}

// keysOf gives the keys of the buckets into which values fall, each once.
func (g *group) keysOf(values *slot) []uint32 {
	g.keys = g.keys[:0]
	switch g.kind {
	case kindTerms:
		return g.termsOf(values.keys)
	case kindHistogram:
		for _, at := range values.instants {
			start := g.calendar.start(floorDiv(at, 1e6))
			g.keys = append(g.keys, g.starts.number(uint64(start)))
		}
	case kindDates:
		for i, s := range g.stretches {
			for _, at := range values.instants {
				if s.since <= at && (at < s.until || s.toText == "") {
					g.keys = append(g.keys, uint32(i))
					break
				}
			}
		}
	case kindNumbers:
		for i, s := range g.stretches {
			for _, v := range values.numbers {
				if s.from <= v && (v < s.to || s.toText == "") {
					g.keys = append(g.keys, uint32(i))
					break
				}
			}
		}
	}
	if len(g.keys) > 1 {
		g.keys = unique(g.keys)
	}
	return g.keys
}

// termsOf drops the terms that nobody asked for.
func (g *group) termsOf(keys []uint32) []uint32 {
	if !g.only && g.terms.include == nil && g.terms.exclude == nil {
		return keys
	}
	for _, key := range keys {
		if g.wants(key) {
			g.keys = append(g.keys, key)
		}
	}
	return g.keys
}

func (g *group) wants(key uint32) bool {
	if g.only && int(key) >= len(g.verdicts) {
		return false
	}
	if g.only || int(key) < len(g.verdicts) && g.verdicts[key] != 0 {
		return g.verdicts[key] == wanted
	}
	verdict := unwanted
	if g.terms.keeps(g.termText(key)) {
		verdict = wanted
	}
	g.verdicts = grown(g.mem, g.verdicts, int(key)+1, 1)
	g.verdicts[key] = verdict
	return verdict == wanted
}

// text tells whether terms are texts (or addresses, whose bytes are like text).
func (g *group) text() bool { return g.field.Type.words() || g.field.Type == IP }
