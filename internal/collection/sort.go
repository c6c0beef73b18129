package collection

import (
	"bytes"
	"cmp"
	"strings"

	"github.com/mewshq/mews/internal/fql"
)

// An order is one key of a sort. Records that miss its value come last, in
// either direction.
type order struct {
	field *Field
	desc  bool
}

// column is what the order looks at.
func (o order) column(c *Collection) string {
	switch {
	case o.field.Multi() && o.desc:
		return c.column(o.field.High)
	case o.field.Multi():
		return c.column(o.field.Low)
	case o.field.Folded != "":
		return c.column(o.field.Folded)
	}
	return c.column(o.field.Column)
}

// ordered is the column where its order matters.
func (o order) ordered(c *Collection) string {
	if o.field.Type.words() {
		return c.dialect.ordered(o.column(c))
	}
	return o.column(c)
}

// present and missing tell whether a record has a value.
func (o order) present(c *Collection) string {
	if o.field.Type.words() {
		return o.column(c) + " > ''"
	}
	return o.column(c) + " IS NOT NULL"
}

func (o order) missing(c *Collection) string { return "(" + o.present(c) + ") IS NOT TRUE" }

// direction is "ASC" or "DESC".
func (o order) direction() string {
	if o.desc {
		return "DESC"
	}
	return "ASC"
}

// beyond is the sign that leads further in the order.
func (o order) beyond() string {
	if o.desc {
		return " < "
	}
	return " > "
}

// A row is a record with what it is sorted by.
type row struct {
	values []any  // one for each order: nil, int64, float64, string or []byte
	key    int64  // breaks ties, in the direction of the first order
	id     string // once it is known
}

// compare sorts rows as orderBy does.
func compare(keys []order, a, b row) int {
	for i, o := range keys {
		x, y := a.values[i], b.values[i]
		if isMissing(x) || isMissing(y) {
			if isMissing(x) == isMissing(y) {
				continue
			}
			return flip(isMissing(x), -1)
		}
		if n := compareValues(x, y); n != 0 {
			return flip(o.desc, n)
		}
	}
	return flip(keys[0].desc, cmp.Compare(a.key, b.key))
}

// flip turns a comparison round.
func flip(turn bool, n int) int {
	if turn {
		return -n
	}
	return n
}

func isMissing(v any) bool { return v == nil || v == "" }

// compareValues compares two values of one column.
func compareValues(x, y any) int {
	switch x := x.(type) {
	case int64:
		return cmp.Compare(x, y.(int64))
	case float64:
		return cmp.Compare(x, y.(float64))
	case string:
		return strings.Compare(x, y.(string))
	case []byte:
		return bytes.Compare(x, y.([]byte))
	}
	return 0
}

// orderBy lists the keys of a sort for ORDER BY.
func (c *Collection) orderBy(keys []order) string {
	var b strings.Builder
	for _, o := range keys {
		column := o.ordered(c)
		if o.field.Type.words() {
			column = "nullif(" + column + ", '')" // the two kinds of missing text are ties
		}
		b.WriteString(o.missing(c) + ", " + column + " " + o.direction() + ", ")
	}
	return b.String() + c.column(c.schema.Key) + " " + keys[0].direction()
}

// after holds for the records that follow a row in a sort.
func (c *Collection) after(keys []order, r row) cond {
	last := where(c.column(c.schema.Key)+keys[0].beyond()+"?", r.key)
	for i := len(keys) - 1; i >= 0; i-- {
		o, v := keys[i], r.values[i]
		if isMissing(v) {
			last = all(where(o.missing(c)), last)
			continue
		}
		tie := all(where(o.column(c)+" = ?", v), last)
		last = anyOf(where(o.ordered(c)+o.beyond()+"?", v), where(o.missing(c)), tie)
	}
	return last
}

// maxSortKeys bounds the fields of one sort.
const maxSortKeys = 8

// parseSort reads "field|asc", "field.desc" or "field", several with commas
// between them. No sort is the default.
func (c *Collection) parseSort(text string) ([]order, error) {
	if strings.TrimSpace(text) == "" {
		return c.sort, nil
	}
	var out []order
	for key := range strings.SplitSeq(text, ",") {
		o, err := c.parseOrder(strings.TrimSpace(key))
		if err != nil {
			return nil, err
		}
		out = append(out, o)
	}
	if len(out) > maxSortKeys {
		return nil, errorf("sort names %d fields; at most %d", len(out), maxSortKeys)
	}
	return out, nil
}

func (c *Collection) parseOrder(key string) (order, error) {
	name, direction, bar := strings.Cut(key, "|")
	if !bar {
		if i := strings.LastIndexByte(key, '.'); i >= 0 && isDirection(key[i+1:]) {
			name, direction = key[:i], key[i+1:]
		} else {
			direction = "asc"
		}
	}
	f := c.field(strings.TrimSpace(name))
	direction = strings.TrimSpace(direction)
	switch {
	case f == nil || !f.Sortable:
		return order{}, errorf("cannot sort by %s; sort by one of: %s",
			fql.Echo(name), c.known(func(f *Field) bool { return f.Sortable }))
	case !isDirection(direction):
		return order{}, errorf("cannot sort in direction %s; write %s|asc or %s|desc", fql.Echo(direction), f.Name, f.Name)
	}
	return order{f, strings.EqualFold(direction, "desc")}, nil
}

func isDirection(word string) bool {
	return strings.EqualFold(word, "asc") || strings.EqualFold(word, "desc")
}
