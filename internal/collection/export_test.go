package collection

import (
	"database/sql/driver"

	"github.com/mewshq/mews/internal/store"
)

// Strategy makes a collection of few records choose as one of many does, with
// parts of eight keys.
func (c *Collection) Strategy(sparse, few, reach int) {
	c.strategy = strategy{sparse: sparse, led: few, few: few, reach: reach}
	c.work.part = 3
}

// Limit lets a collection's aggregates take on less: records whose rows in child
// tables are looked up, terms of the root that are folded at once, the same without
// anything below them, and bytes.
func Limit(c *Collection, few, many, most, memory int) {
	c.work = work{few: few, many: many, most: most, memory: memory, check: 1, part: 3}
}

// A Statement is SQL that a page asks, by what it does.
type Statement struct {
	Does, SQL string
	Args      []any
}

// Statements are all that a query can lead to.
func (c *Collection) Statements(q Query) ([]Statement, error) {
	f, err := c.finder(nil, q)
	if err != nil {
		return nil, err
	}
	var out []Statement
	add := func(does string, s statement) { out = append(out, Statement{does, s.sql, s.args}) }
	add("all", f.allOf(11))
	add("count", f.counting())
	for _, s := range c.selections(f.where, q.CID, everything()) {
		add("select", s)
	}
	add("keyed", f.keyed([]any{int64(1), int64(2)}))
	if len(f.keys) == 1 {
		add("along", f.ofIndex())
		add("missing", f.ofMissing())
		add("walk", f.walkOver(20, 11))
	}
	add("sort", f.sortedBy(11))
	add("name", f.naming([]row{{key: 1}, {key: 2}}))
	return out, nil
}

// SeparatorClass and Separates are the two sides of what ends a word.
func SeparatorClass() string { return "[" + separatorClass("%c", "%c") + "]" }
func Separates(r rune) bool  { return separates(r) }
func (c *Collection) Token(q Query, seen int, values ...any) string {
	keys, _ := c.parseSort(q.Sort)
	return c.sign(q, keys, token{Expires: c.now().Add(tokenLife).Unix(), Total: seen, Seen: seen, Last: row{values: values, key: 7}})
}

// Statements are those that an aggregation runs: over the noun's table, the
// child tables (the first one whole, the second for two records), and the index
// of a field.
func Statements(c *Collection, a Aggregation, field string, cid store.CID) ([]string, error) {
	n, err := c.check(&a, 0, "")
	if err != nil {
		return nil, err
	}
	fold, err := c.newFolding(n)
	if err != nil {
		return nil, err
	}
	out := []string{fold.plan.ofBase(n.where, choice{cid: cid, part: everything()}).sql}
	for i, s := range fold.plan.children {
		of := choice{cid: cid, part: everything()}
		if i > 0 {
			of.keys = []any{1, 2}
		}
		out = append(out, fold.plan.ofChild(s, of).sql)
	}
	f := c.field(field)
	return append(out, c.inOrder(f, cid, nil, nil).sql, c.inOrder(f, cid, []driver.Value{"a"}, []driver.Value{"b"}).sql, c.sample(f).sql), nil
}
