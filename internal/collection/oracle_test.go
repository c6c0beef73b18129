package collection_test

import (
	"cmp"
	"net/netip"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/mewshq/mews/internal/fql"
)

// A plain record is what the oracle knows of one: the values that are present,
// by field. Texts are strings, times microseconds, addresses netip.Addr.
type plain struct {
	seq    int64
	id     string
	values map[string][]any
}

// kinds of the test noun's fields, told anew: the oracle shares no code with
// what it judges.
var (
	folded = map[string]bool{"hostname": true, "paths.path": true, "paths.name": true}
	lowerd = map[string]bool{"state": true, "sha256": true, "id": true}
	times  = map[string]bool{"created": true, "seen": true}
	names  = map[string]string{"status": "state", "device.hostname": "hostname", "name": "paths.name"}
)

func canonical(field string) string {
	if name, ok := names[field]; ok {
		return name
	}
	return field
}

// selects evaluates a filter's tree.
func (p plain) selects(e fql.Expr) bool {
	switch e := e.(type) {
	case nil:
		return true
	case fql.And:
		return !slices.ContainsFunc(e.Terms, func(t fql.Expr) bool { return !p.selects(t) })
	case fql.Or:
		return slices.ContainsFunc(e.Terms, p.selects)
	case fql.Not:
		return !p.selects(e.Term)
	}
	c := e.(fql.Compare)
	field := canonical(c.Field)
	have := p.values[field]
	return slices.ContainsFunc(c.Values, func(v fql.Value) bool {
		_, text := sampleOf(field).(string)
		if v.Kind == fql.Null || text && c.Op == fql.Equal && v.Text == "" {
			return len(have) == 0
		}
		return slices.ContainsFunc(have, func(value any) bool { return relates(field, c, v, value) })
	})
}

// sampleOf gives a value of the field's type.
func sampleOf(field string) any {
	switch field {
	case "severity", "paths.size", "created", "seen":
		return int64(0)
	case "score":
		return 0.0
	case "active":
		return false
	case "ip":
		return netip.Addr{}
	}
	return ""
}

// relates tells whether one value stands in a comparison's relation to one
// operand.
func relates(field string, c fql.Compare, v fql.Value, value any) bool {
	if c.Wild(v) && v.Text != "" && strings.Trim(v.Text, "*") == "" {
		return true
	}
	switch value := value.(type) {
	case string:
		return relatesText(field, c, v, value)
	case int64:
		if times[field] {
			from, to, err := fql.ParseTime(v.Text, clock())
			must(err)
			if c.Op == fql.Equal {
				return from.UnixMicro() <= value && value < to.UnixMicro()
			}
			return holds(c.Op, cmp.Compare(value, from.UnixMicro()))
		}
		return holds(c.Op, cmp.Compare(value, parse[int64](v.Text)))
	case float64:
		return holds(c.Op, cmp.Compare(value, parse[float64](v.Text)))
	case bool:
		return value == (strings.ToLower(v.Text) == "true")
	case netip.Addr:
		return relatesAddr(c.Op, v.Text, value)
	}
	panic("no such type")
}

func holds(op fql.Op, order int) bool {
	switch op {
	case fql.Equal:
		return order == 0
	case fql.Greater:
		return order > 0
	case fql.GreaterEqual:
		return order >= 0
	case fql.Less:
		return order < 0
	case fql.LessEqual:
		return order <= 0
	}
	panic("no order")
}

func relatesText(field string, c fql.Compare, v fql.Value, value string) bool {
	operand := v.Text
	if field == "state" && strings.EqualFold(operand, "deleted") {
		operand = "purged"
	}
	fold := strings.ToLower
	if !folded[field] && !lowerd[field] {
		fold = func(s string) string { return s }
	}
	switch {
	case c.Op.Range():
		return holds(c.Op, strings.Compare(fold(value), fold(operand)))
	case c.Op == fql.Text:
		return !slices.ContainsFunc(plainWords(operand), func(w string) bool { return !slices.Contains(plainWords(value), w) })
	case c.Op == fql.Wildcard, c.Wild(v) && strings.Contains(operand, "*"):
		return fits(strings.ToLower(operand), strings.ToLower(value))
	case lowerd[field]:
		return strings.ToLower(operand) == value
	case c.List:
		return operand == value
	}
	return fold(operand) == fold(value)
}

// fits is the slow and obvious way to match a pattern.
func fits(pattern, text string) bool {
	head, rest, star := strings.Cut(pattern, "*")
	if !star {
		return pattern == text
	}
	if !strings.HasPrefix(text, head) {
		return false
	}
	for i := len(head); i <= len(text); i++ {
		if fits(rest, text[i:]) {
			return true
		}
	}
	return false
}

func plainWords(text string) []string {
	return strings.FieldsFunc(strings.ToLower(text), func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsNumber(r) })
}

func relatesAddr(op fql.Op, operand string, value netip.Addr) bool {
	if strings.Contains(operand, "/") {
		return netip.MustParsePrefix(operand).Contains(value)
	}
	if strings.Contains(operand, "*") {
		if !value.Is4() {
			return false
		}
		octets, want := strings.Split(value.String(), "."), strings.Split(operand, ".")
		return !slices.ContainsFunc([]int{0, 1, 2, 3}, func(i int) bool { return want[i] != "*" && want[i] != octets[i] })
	}
	if op == fql.Equal || op == fql.Wildcard {
		return netip.MustParseAddr(operand) == value
	}
	x, y := value.As16(), netip.MustParseAddr(operand).As16()
	return holds(op, slices.Compare(x[:], y[:]))
}

// says tells whether a phrase stands in the record.
func (p plain) says(q string) bool {
	field, text := "", q
	if name, rest, ok := strings.Cut(q, ":"); ok && slices.Contains([]string{"state", "status", "hostname", "sha256", "created", "paths.path"}, name) {
		field, text = canonical(name), rest
	}
	want := plainWords(text)
	if len(want) == 0 {
		return true
	}
	for _, name := range []string{"state", "hostname", "sha256", "paths.path", "created"} {
		for _, v := range p.values[name] {
			if field != "" && field != name {
				continue
			}
			if name == "created" && dated(want, time.UnixMicro(v.(int64)).UTC()) || name != "created" && phrased(want, plainWords(v.(string))) {
				return true
			}
		}
	}
	return false
}

func phrased(want, have []string) bool {
	for i := 0; i+len(want) <= len(have); i++ {
		last := len(want) - 1
		if slices.Equal(want[:last], have[i:i+last]) && strings.HasPrefix(have[i+last], want[last]) {
			return true
		}
	}
	return false
}

func dated(want []string, at time.Time) bool {
	parts := strings.Fields(strings.NewReplacer("t", " ", "z", " ").Replace(strings.Join(want, " ")))
	have := strings.Fields(at.Format("2006 01 02 15 04 05"))
	return len(parts) > 0 && len(parts) <= len(have) && phrased(parts, have[:len(parts)])
}

// A key of a sort: a field and whether it descends.
type key struct {
	field string
	desc  bool
}

// before orders records: what is missing last, ties by sequence in the first
// key's direction.
func before(keys []key, a, b plain) int {
	for _, k := range keys {
		x, y := end(a.values[k.field], k), end(b.values[k.field], k)
		if (x == nil) != (y == nil) {
			if x == nil {
				return 1
			}
			return -1
		}
		if x == nil {
			continue
		}
		if n := order(x, y); n != 0 {
			return turned(n, k.desc)
		}
	}
	return turned(cmp.Compare(a.seq, b.seq), keys[0].desc)
}

func turned(n int, desc bool) int {
	if desc {
		return -n
	}
	return n
}

// end is the least value for an ascending sort and the greatest for the other.
func end(values []any, k key) any {
	var out any
	for _, v := range values {
		if s, ok := v.(string); ok && folded[k.field] {
			v = strings.ToLower(s)
		}
		if out == nil || turned(order(v, out), k.desc) < 0 {
			out = v
		}
	}
	return out
}

func order(x, y any) int {
	switch x := x.(type) {
	case string:
		return strings.Compare(x, y.(string))
	case int64:
		return cmp.Compare(x, y.(int64))
	case float64:
		return cmp.Compare(x, y.(float64))
	case bool:
		return cmp.Compare(number(x), number(y.(bool)))
	case netip.Addr:
		a, b := x.As16(), y.(netip.Addr).As16()
		return slices.Compare(a[:], b[:])
	}
	panic("no such type")
}

func number(b bool) int {
	if b {
		return 1
	}
	return 0
}
