package collection

import (
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/store"
)

// A plan says what an aggregation reads: the matching rows of the noun's table,
// and of each child table that has a field of it. Where both are read they come
// in the order of the records, so that they can be merged.
type plan struct {
	c    *Collection
	base source
	// children in the order in which they were asked for.
	children []*source
	needBase bool // a record counts even when it has no row in a child table
}

// A source is a table and what is read of it.
type source struct {
	table   string
	columns []cond
	slots   []*slot
}

func (s *source) add(column cond, slot *slot) {
	s.columns = append(s.columns, column)
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
		if known.sql == column {
			return src.slots[i]
		}
	}
	s := &slot{typ: f.Type, fold: f.Folded != ""}
	src.add(where(column), s)
	return s
}

// condition is a slot that tells whether a record is selected; nil when every
// one is.
func (p *plan) condition(w Where) *slot {
	if w.Empty() {
		return nil
	}
	s := &slot{typ: Boolean}
	p.base.add(where("CASE WHEN "+w.cond.set+" THEN 1 ELSE 0 END", w.cond.args...), s)
	return s
}

// merged tells whether records come with a key.
func (p *plan) merged() bool { return len(p.children) > 0 }

// alone tells whether one child table holds all that is asked for.
func (p *plan) alone(w Where) bool {
	return len(p.children) == 1 && len(p.base.columns) == 0 && !p.needBase && w.Empty()
}

// A statement is SQL with its arguments.
type statement struct {
	sql  string
	args []any
}

// ofBase reads the noun's table.
func (p *plan) ofBase(w Where, cid store.CID) statement {
	columns := p.base.columns
	if p.merged() {
		columns = append([]cond{where(p.c.column(p.c.schema.Key))}, columns...)
	}
	if len(columns) == 0 {
		columns = []cond{where("1")}
	}
	return p.read(p.c.schema.Table, columns, w.selected(), p.c.column(p.c.schema.Key), cid)
}

// ofChild reads a child table: of the records with these keys, or of all.
func (p *plan) ofChild(s *source, keys []any, cid store.CID) statement {
	record := s.table + ".record"
	own := where(p.c.dialect.unindexed(s.table+".cid")+" = ?", cidArg{})
	if keys != nil {
		some := oneOf(record, keys)
		own = all(own, some)
	}
	return p.read(s.table, append([]cond{where(record)}, s.columns...), own, record, cid)
}

func (p *plan) read(table string, columns []cond, selected cond, key string, cid store.CID) statement {
	var texts []string
	var args []any
	for _, c := range columns {
		texts = append(texts, c.set)
		args = append(args, c.args...)
	}
	sql := "SELECT " + strings.Join(texts, ", ") + " FROM " + table + " WHERE " + selected.set
	if p.merged() {
		sql += " ORDER BY " + key
	}
	return statement{p.c.dialect.Statement(sql), bound(append(args, selected.args...), cid)}
}
