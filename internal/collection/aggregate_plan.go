package collection

import (
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/store"
)

// A plan says what an aggregation reads: the matching rows of the noun's table,
// and of each child table that has a field of it. Where both are read each row
// comes with the key of its record, so that they can be merged.
type plan struct {
	c    *Collection
	base source
	// children in the order in which they were asked for.
	children []*source
	needBase bool // a record counts even when it has no row in a child table
	rowsOnly bool // a condition cannot be evaluated over strips
}

// A source is a table and what is read of it.
type source struct {
	table   string
	columns []cond
	kept    []kept // the same columns
	slots   []*slot
}

// kept is how a column is read from strips: it is one of the table, or whether
// the record matches.
type kept struct {
	column columnRef
	match  *match
}

func (s *source) add(column cond, from kept, slot *slot) {
	s.columns = append(s.columns, column)
	s.kept = append(s.kept, from)
	s.slots = append(s.slots, slot)
}

// value is the slot of a field's values.
func (p *plan) value(f *Field) *slot {
	src := &p.base
	if f.Multi() {
		i := slices.IndexFunc(p.children, func(s *source) bool { return s.table == f.Child })
		if i < 0 {
			i = len(p.children)
			p.children = append(p.children, &source{table: f.Child})
		}
		src = p.children[i]
	}
	column := p.c.operand(f, fql.Compare{}, time.Time{}).column
	for i, known := range src.columns {
		if known.one.sql == column {
			return src.slots[i]
		}
	}
	s := &slot{typ: f.Type, fold: f.Folded != ""}
	src.add(where(column), kept{column: columnRef{src.table, f.Column}}, s)
	return s
}

// condition is a slot that tells whether a record is selected; nil when every
// one is.
func (p *plan) condition(w Where) *slot {
	if w.Empty() {
		return nil
	}
	s := &slot{typ: Boolean}
	truth := func(s statement) statement { return statement{"CASE WHEN " + s.sql + " THEN 1 ELSE 0 END", s.args} }
	p.base.add(cond{one: truth(w.cond.one), many: truth(w.cond.many)}, kept{match: w.cond.match}, s)
	p.rowsOnly = p.rowsOnly || w.cond.match == nil
	return s
}

// keptColumns are those that are read when a part is read from strips; ok tells
// whether it can be.
func (p *plan) keptColumns(w Where) (list []columnRef, ok bool) {
	if list, ok = w.stripColumns(nil); !ok || p.rowsOnly {
		return nil, false
	}
	for _, s := range append([]*source{&p.base}, p.children...) {
		for _, k := range s.kept {
			if k.match != nil {
				list = k.match.columns(list)
			} else {
				list = append(list, k.column)
			}
		}
	}
	return list, true
}

// merged tells whether records come with a key.
func (p *plan) merged() bool { return len(p.children) > 0 }

// alone tells whether one child table holds all that is asked for.
func (p *plan) alone(w Where) bool {
	return len(p.children) == 1 && len(p.base.columns) == 0 && !p.needBase && w.Empty()
}

// A choice is some records of a customer: those with keys, or else those of a
// part.
type choice struct {
	cid  store.CID
	keys []any
	part part
}

// ofBase reads the noun's table.
func (p *plan) ofBase(w Where, of choice) statement {
	columns := p.base.columns
	key := p.c.column(p.c.schema.Key)
	if p.merged() {
		columns = append([]cond{where(key)}, columns...)
	}
	if of.keys == nil {
		return p.c.ofPart(listed(columns, func(c cond) statement { return c.many }), w, of.cid, of.part)
	}
	return p.named(p.c.schema.Table, listed(columns, func(c cond) statement { return c.one }), key, of)
}

// ofChild reads a child table.
func (p *plan) ofChild(s *source, of choice) statement {
	record := s.table + ".record"
	columns := listed(append([]cond{where(record)}, s.columns...), func(c cond) statement { return c.one })
	if of.keys != nil {
		return p.named(s.table, columns, record, of)
	}
	return p.read(s.table, columns, inPart(record).one, of)
}

// named reads the rows of the records with keys.
func (p *plan) named(table string, columns statement, key string, of choice) statement {
	return p.read(table, columns, oneOf(key, of.keys).one, of)
}

func (p *plan) read(table string, columns, rows statement, of choice) statement {
	own := both(where(p.c.dialect.unindexed(table+".cid")+" = ?", cidArg{}).one, rows)
	return statement{
		p.c.dialect.Statement("SELECT " + columns.sql + " FROM " + table + " WHERE " + own.sql),
		bound(append(columns.args[:len(columns.args):len(columns.args)], own.args...), of.cid, of.part),
	}
}

// listed joins columns, each in the same of its forms.
func listed(columns []cond, form func(cond) statement) statement {
	var texts []string
	var args []any
	for _, c := range columns {
		s := form(c)
		texts = append(texts, s.sql)
		args = append(args, s.args...)
	}
	return statement{strings.Join(texts, ", "), args}
}
