package collection

import "math"

// A sum adds numbers with the error of each addition carried along, so that the
// order of the records hardly matters.
type sum struct{ value, carry float64 }

func (s *sum) add(v float64) {
	t := s.value + v
	if math.Abs(s.value) >= math.Abs(v) {
		s.carry += s.value - t + v
	} else {
		s.carry += v - t + s.value
	}
	s.value = t
}

func (s sum) total() float64 {
	if math.IsInf(s.value, 0) || math.IsNaN(s.carry) {
		return s.value
	}
	return s.value + s.carry
}

// measures keep what a metric knows of every bucket of the aggregation above.
// Only what the metric needs has a length.
type measures struct {
	mem     *ledger
	kind    kind
	docs    []uint32 // records with a value
	values  []uint32 // avg: values, of which a record may have several
	sums    []sum
	extreme []float64 // of max and min
	sets    []distinct
	spreads []spread
}

// measure takes the values of one record, at least one, into a bucket. Numbers
// are as fields hold them; hashes is for cardinality.
func (m *measures) measure(bucket uint32, numbers []float64, hashes []uint64) {
	n := int(bucket) + 1
	m.docs = grown(m.mem, m.docs, n, 4)
	m.docs[bucket]++
	switch m.kind {
	case kindMax, kindMin:
		first := m.docs[bucket] == 1
		m.extreme = grown(m.mem, m.extreme, n, 8)
		for _, v := range numbers {
			if first || m.kind == kindMax && v > m.extreme[bucket] || m.kind == kindMin && v < m.extreme[bucket] {
				m.extreme[bucket], first = v, false
			}
		}
	case kindAvg, kindSum:
		m.sums = grown(m.mem, m.sums, n, 16)
		m.values = grown(m.mem, m.values, n, 4)
		m.values[bucket] += uint32(len(numbers))
		for _, v := range numbers {
			m.sums[bucket].add(v)
		}
	case kindCardinality:
		m.sets = grown(m.mem, m.sets, n, 16)
		for _, h := range hashes {
			m.sets[bucket].add(m.mem, h)
		}
	case kindPercentiles:
		m.spreads = grown(m.mem, m.spreads, n, 56)
		for _, v := range numbers {
			m.spreads[bucket].add(m.mem, v)
		}
	}
}

// count is how many records of a bucket have a value.
func (m *measures) count(bucket uint32) int64 {
	if int(bucket) >= len(m.docs) {
		return 0
	}
	return int64(m.docs[bucket])
}

// value of a bucket that has values.
func (m *measures) value(bucket uint32) float64 {
	switch m.kind {
	case kindMax, kindMin:
		return m.extreme[bucket]
	case kindSum:
		return m.sums[bucket].total()
	case kindAvg:
		return m.sums[bucket].total() / float64(m.values[bucket])
	}
	return float64(m.sets[bucket].count())
}
