package collection

// A match says over strips what a condition says in SQL: it holds for the same
// records.
type match struct {
	kind matchKind
	of   []*match

	// of a value: it holds for the records that have one in this column that fits,
	// when it is folded so.
	column columnRef
	fold   textFold
	fits   fitting
}

type matchKind uint8

const (
	matchAll matchKind = iota
	matchAny
	matchNot
	matchValue
)

// A columnRef names a column of the noun's table, or of one with its records'
// values.
type columnRef struct{ table, name string }

// A fitting looks at one value, which is not missing.
type fitting func(value) bool

// matches joins what conditions match; nil when SQL alone can tell of one.
func matches(kind matchKind, conds []cond) *match {
	if len(conds) == 1 && kind != matchNot {
		return conds[0].match
	}
	m := &match{kind: kind}
	for _, c := range conds {
		if c.match == nil {
			return nil
		}
		m.of = append(m.of, c.match)
	}
	return m
}

// matching is the same condition with what it matches.
func (c cond) matching(m *match) cond {
	c.match = m
	return c
}

// having holds for the records that have a fitting value.
func having(table, column string, fold textFold, fits fitting) *match {
	return &match{kind: matchValue, column: columnRef{table, column}, fold: fold, fits: fits}
}

// columns adds those that it looks at to a list.
func (m *match) columns(list []columnRef) []columnRef {
	if m.kind == matchValue {
		return append(list, m.column)
	}
	for _, part := range m.of {
		list = part.columns(list)
	}
	return list
}

// eval gives the places in a part of the records for which it holds. Where a
// negation stands in it, there may be places without a record among them.
func (m *match) eval(p *stripPart) (keyPage, error) {
	if m.kind == matchValue {
		return p.having(m)
	}
	page := p.page()
	if m.kind == matchAll {
		page.turn()
	}
	for _, part := range m.of {
		other, err := part.eval(p)
		if err != nil {
			return nil, err
		}
		if m.kind == matchAll {
			page.keep(other)
		} else {
			page.join(other)
		}
	}
	if m.kind == matchNot {
		page.turn()
	}
	return page, nil
}

// join puts in what is in another page.
func (p keyPage) join(other keyPage) {
	for i, word := range other {
		p[i] |= word
	}
}

// turn puts in what was not, and takes out what was.
func (p keyPage) turn() {
	for i := range p {
		p[i] = ^p[i]
	}
}
