package fql

import (
	"math"
	"strconv"
	"strings"
)

// spaces may stand around every token.
const spaces = " \t\r\n"

// A parser walks once over the text. Between tokens pos never rests on a space.
type parser struct {
	text    string
	pos     int
	termEnd int // where the last value or parenthesis ended, before spaces
	budget  budget
}

func (p *parser) done() bool   { return p.pos == len(p.text) }
func (p *parser) rest() string { return p.text[p.pos:] }

func (p *parser) space() {
	for !p.done() && strings.IndexByte(spaces, p.text[p.pos]) >= 0 {
		p.pos++
	}
}

// skip goes over n bytes of a token and the spaces after it.
func (p *parser) skip(n int) {
	p.pos += n
	p.termEnd = p.pos
	p.space()
}

// take goes over a sign if it is next.
func (p *parser) take(sign byte) bool {
	if p.done() || p.text[p.pos] != sign {
		return false
	}
	p.skip(1)
	return true
}

func isLetter(c byte) bool { return c == '_' || 'a' <= c|0x20 && c|0x20 <= 'z' }
func isDigit(c byte) bool  { return '0' <= c && c <= '9' }

// wordLen is the length of what is made of letters, digits and the signs that
// occur in names, numbers and dates.
func wordLen(s string) int {
	n := 0
	for n < len(s) && (isLetter(s[n]) || isDigit(s[n]) || s[n] == '.' || s[n] == '-') {
		n++
	}
	return n
}

func (p *parser) property() (string, error) {
	if p.done() {
		return "", Errorf(p.pos, "the filter ends where a field is expected")
	}
	switch c := p.text[p.pos]; {
	case isLetter(c):
	case c == '\'' || c == '"' || isDigit(c):
		return "", Errorf(p.pos, "expected a field; several values of one field are a list: field:['a','b']")
	default:
		return "", Errorf(p.pos, "expected a field, ! or (")
	}
	name := p.rest()[:wordLen(p.rest())]
	p.skip(len(name))
	return name, nil
}

// operators are all signs that may follow the colon. Some clients write = on
// the wrong side of < and >.
var operators = map[string]struct {
	op  Op
	not bool
}{
	"":  {Equal, false},
	"!": {Equal, true},
	">": {Greater, false}, ">=": {GreaterEqual, false}, "=>": {GreaterEqual, false},
	"<": {Less, false}, "<=": {LessEqual, false}, "=<": {LessEqual, false},
	"~": {Text, false}, "!~": {Text, true},
	"*": {Wildcard, false}, "!*": {Wildcard, true},
}

func (p *parser) operator() (op Op, not bool, err error) {
	signs := p.rest()[:len(p.rest())-len(strings.TrimLeft(p.rest(), "!<>=~*"))]
	known, ok := operators[signs]
	if !ok {
		return 0, false, Errorf(p.pos, "unknown operator %s; there are ! > >= < <= ~ !~ * !*, and none for equals", Echo(signs))
	}
	p.skip(len(signs))
	return known.op, known.not, nil
}

// value reads a string, a number, true, false or null.
func (p *parser) value() (v Value, err error) {
	if p.done() {
		return v, Errorf(p.pos, "the filter ends where a value is expected")
	}
	v.At = p.pos
	if c := p.text[p.pos]; c == '\'' || c == '"' {
		v.Text, err = p.quoted()
		return v, err
	}
	word := p.rest()[:wordLen(p.rest())]
	switch strings.ToLower(word) {
	case "":
		return v, Errorf(p.pos, "expected a value: 'text', a number, true, false, null or a [list]")
	case "true", "false":
		v.Kind, v.Text = Bool, strings.ToLower(word)
	case "null":
		v.Kind = Null
	default:
		if !isNumber(word) {
			return v, Errorf(p.pos, "put text and dates in quotes: '...'")
		}
		v.Kind, v.Text = Number, word
	}
	p.skip(len(word))
	return v, nil
}

// isNumber tells whether a word is a finite decimal number.
func isNumber(word string) bool {
	digits := strings.TrimPrefix(word, "-")
	if digits == "" || !isDigit(digits[0]) || strings.Trim(digits, "0123456789.eE-") != "" {
		return false
	}
	f, err := strconv.ParseFloat(word, 64)
	return err == nil && !math.IsInf(f, 0)
}

// quoted reads a string in single or double quotes.
func (p *parser) quoted() (string, error) {
	quote := p.text[p.pos]
	var b strings.Builder
	for i := p.pos + 1; i < len(p.text); i++ {
		switch c := p.text[i]; c {
		case quote:
			p.skip(i + 1 - p.pos)
			return b.String(), nil
		case '\\':
			i++
			if i == len(p.text) || !strings.ContainsRune(`\'"`, rune(p.text[i])) {
				return "", Errorf(i-1, `a backslash in a string is written \\`)
			}
			b.WriteByte(p.text[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", Errorf(p.pos, `this string has no closing %c (a backslash in it is written \\)`, quote)
}
