package collection

import (
	"strings"
	"unicode/utf8"

	"github.com/mewshq/mews/internal/fql"
)

// maxPattern bounds the text of ~ and of wildcards, in bytes: SQL engines have
// bounds of their own there, and a pattern is matched at every place of a text.
const maxPattern = 1024

// equals holds when the value is one of some. A list respects case where a
// scalar does not; it asks for the folded value all the same, which has the
// index.
func (o operand) equals(values []string) cond {
	if o.folded == "" {
		return oneOf(o.column, o.spelled(values, o.field.lower()))
	}
	folded := oneOf(o.folded, o.spelled(values, true))
	if !o.list {
		return folded
	}
	return all(folded, oneOf(o.column, o.spelled(values, false)))
}

// spelled gives values as they are stored.
func (o operand) spelled(values []string, lower bool) []any {
	out := make([]any, len(values))
	for i, v := range values {
		if lower {
			v = strings.ToLower(v)
		}
		if word, ok := o.field.Synonyms[v]; ok {
			v = word
		}
		out[i] = v
	}
	return out
}

// fold gives a field's text without case, and a function that spells a value
// likewise. Where nothing stands folded, the engine can do so for ASCII only.
func (o operand) fold() (expr string, spell func(string) string) {
	switch {
	case o.folded != "":
		return o.folded, strings.ToLower
	case o.field.lower():
		return o.column, strings.ToLower
	}
	return o.c.dialect.lower(o.column), lowerASCII
}

func lowerASCII(s string) string {
	return strings.Map(func(r rune) rune {
		if 'A' <= r && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}

// text compares text by words, patterns and order; compare sees to equality.
func (o operand) text(v fql.Value) (cond, error) {
	switch {
	case o.op.Range():
		return o.textOrder(v), nil
	case len(v.Text) > maxPattern:
		return cond{}, fql.Errorf(v.At, "%s: a pattern is at most %d bytes long", o.field.Name, maxPattern)
	case o.op == fql.Text:
		return o.allWords(v)
	}
	return o.wildcard(v.Text), nil
}

// textOrder compares by code points; what is missing has no place in the order.
func (o operand) textOrder(v fql.Value) cond {
	column := o.column
	if o.folded != "" {
		column = o.folded
	}
	value := o.spelled([]string{v.Text}, o.folded != "" || o.field.lower())
	order := where(o.c.dialect.ordered(column)+" "+o.op.String()+" ?", value...)
	if o.op == fql.Greater || v.Text != "" && o.op == fql.GreaterEqual {
		return order
	}
	return all(order, where(column+" <> ''"))
}

// allWords holds when every word of the value is one of the text's.
func (o operand) allWords(v fql.Value) (cond, error) {
	expr, spell := o.fold()
	words := split(spell(v.Text))
	if len(words) == 0 {
		return cond{}, fql.Errorf(v.At, "%s: ~ looks for words, and there is no letter or digit in %s", o.field.Name, fql.Echo(v.Text))
	}
	parts := make([]cond, len(words))
	for i, word := range words {
		parts[i] = o.c.dialect.hasWord(expr, word)
	}
	return all(parts...), nil
}

// wildcard holds when the whole text, case ignored, fits a pattern in which
// stars stand for anything.
func (o operand) wildcard(pattern string) cond {
	expr, spell := o.fold()
	pattern = spell(pattern)
	pieces := strings.Split(pattern, "*")
	switch {
	case len(pieces) == 1:
		if word, ok := o.field.Synonyms[pattern]; ok {
			pattern = word
		}
		return where("("+expr+" = ? AND "+o.column+" <> '')", pattern)
	case pieces[0] != "" && strings.Join(pieces[1:], "") == "":
		return o.prefix(expr, pieces[0])
	case pieces[0] == "" && pieces[len(pieces)-1] == "" && oneFull(pieces):
		return where(o.c.dialect.contains(expr), strings.Join(pieces, ""))
	}
	for i, p := range pieces {
		pieces[i] = likeEscape.Replace(p)
	}
	return where(expr+` LIKE ? ESCAPE '!'`, strings.Join(pieces, "%"))
}

// oneFull tells whether exactly one piece has text.
func oneFull(pieces []string) bool {
	n := 0
	for _, p := range pieces {
		if p != "" {
			n++
		}
	}
	return n == 1
}

var likeEscape = strings.NewReplacer(`!`, `!!`, `%`, `!%`, `_`, `!_`)

// prefix is a range, which an index serves.
func (o operand) prefix(expr, prefix string) cond {
	expr = o.c.dialect.ordered(expr)
	end := successor(prefix)
	if end == "" {
		return where(expr+" >= ?", prefix)
	}
	return where("("+expr+" >= ? AND "+expr+" < ?)", prefix, end)
}

// successor is the least text greater than all that begin with a prefix, or ""
// when there is none.
func successor(prefix string) string {
	runes := []rune(prefix)
	for i := len(runes) - 1; i >= 0; i-- {
		switch r := runes[i] + 1; {
		case r > utf8.MaxRune:
			continue
		case r == 0xD800: // surrogates are no characters
			return string(append(runes[:i], 0xE000))
		default:
			return string(append(runes[:i], r))
		}
	}
	return ""
}
