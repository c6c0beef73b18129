package collection

import (
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/fql"
)

// Bounds of q.
const (
	maxPhrase = 1024 // bytes
	maxTokens = 16
)

// The column of words holds, for each field that q searches there, "|a" and
// then for each of its values its words with a space before each and a "/" at
// the end: no phrase leaves its value, and the marks around a field tell where
// it stands. It ends with a mark that no field has.

// mark is the beginning of the i-th field.
func mark(i int) string { return "|" + string(rune('a'+i)) }

// maxWordFields is how many marks there are.
const maxWordFields = 25

// Words is the text that q searches of one record, for the schema's Words
// table, from the values of the fields by name. The fields it asks for are
// those of type String and Text that are InQ and have no Values.
func (c *Collection) Words(values map[string][]string) string {
	var b strings.Builder
	fields := c.wordFields()
	for i, f := range fields {
		b.WriteString(mark(i))
		for _, v := range values[f.Name] {
			for _, word := range Tokens(v) {
				b.WriteString(" " + word)
			}
			b.WriteString("/")
		}
	}
	b.WriteString(mark(len(fields)))
	return b.String()
}

func (c *Collection) wordFields() []*Field {
	var out []*Field
	for i := range c.schema.Fields {
		if f := &c.schema.Fields[i]; f.inWords() {
			out = append(out, f)
		}
	}
	return out
}

// A phrase is a parsed q: words that follow each other, the last of which may
// go on, in one field or in any.
type phrase struct {
	field *Field // nil: any
	words []string
}

// parsePhrase reads q; the phrase has no words when q asks for nothing.
func (c *Collection) parsePhrase(q string) (phrase, error) {
	var p phrase
	if len(q) > maxPhrase {
		return p, errorf("q is longer than %d bytes", maxPhrase)
	}
	text := q
	if name, rest, ok := strings.Cut(q, ":"); ok {
		if f := c.field(strings.TrimSpace(name)); f != nil && f.InQ {
			p.field, text = f, rest
		}
	}
	p.words = Tokens(text)
	switch {
	case len(p.words) > maxTokens:
		return p, errorf("q has %d words; at most %d", len(p.words), maxTokens)
	case len(p.words) == 0 && strings.TrimSpace(q) != "":
		return p, errorf("q looks for words, and there is no letter or digit in it")
	}
	return p, nil
}

// phrase holds for the records that have a phrase in one of the fields of q.
func (c *Collection) phrase(p phrase) (cond, error) {
	var parts []cond
	words := false
	for i := range c.schema.Fields {
		f := &c.schema.Fields[i]
		switch {
		case !f.InQ || p.field != nil && p.field != f:
		case f.inWords():
			words = true
		default:
			part, err := c.phraseIn(f, p)
			if err != nil {
				return cond{}, err
			}
			parts = append(parts, part...)
		}
	}
	if words {
		parts = append(parts, c.inWords(p))
	}
	if len(parts) == 0 {
		return c.never(), nil
	}
	return anyOf(parts...), nil
}

// phraseIn looks for a phrase in a field whose words are not in the table: a
// time, or one of few values. It gives nothing when it cannot be there.
func (c *Collection) phraseIn(f *Field, p phrase) ([]cond, error) {
	o := c.operand(f, fql.Compare{Op: fql.Equal}, time.Time{})
	if f.Type == Time {
		from, to, ok := p.dates()
		if !ok {
			return nil, nil
		}
		return []cond{where("("+o.column+" >= ? AND "+o.column+" < ?)", from, to).matching(o.having(between(from, to)))}, nil
	}
	values := p.among(f.Values)
	if len(values) == 0 {
		return nil, nil
	}
	part, err := o.ofRecord(func(o operand) (cond, error) { return oneOf(o.column, values), nil })
	return []cond{part.matching(o.among(values))}, err
}

// inWords looks for a phrase in the text that Words made.
func (c *Collection) inWords(p phrase) cond {
	column := c.schema.Words + ".words"
	text := " " + strings.Join(p.words, " ")
	value := where(c.dialect.contains(column), text)
	if p.field != nil {
		i := slices.Index(c.wordFields(), p.field)
		at := c.dialect.position(column)
		region := "substr(" + column + ", " + at + ", " + at + " - " + at + ")"
		value = all(value, where(c.dialect.contains(region), mark(i), mark(i+1), mark(i), text))
	}
	return c.follow(c.schema.Words, value, false).matching(p.match(c))
}

// among gives those of some values that have the phrase.
func (p phrase) among(values []string) []any {
	text := " " + strings.Join(p.words, " ")
	var out []any
	for _, v := range values {
		if strings.Contains(" "+strings.Join(Tokens(v), " "), text) {
			out = append(out, v)
		}
	}
	return out
}
