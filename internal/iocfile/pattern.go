package iocfile

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// A Term is one comparison of a STIX pattern: a property and the value that it
// must have. Quotes around a part of the path are left out.
type Term struct{ Path, Value string }

// ReadPattern reads a STIX pattern of which any term alone is a match:
//
//	pattern    = observation { "OR" observation }
//	observation = "[" any "]" | "(" pattern ")"
//	any        = comparison { "OR" comparison }
//	comparison = path "=" string | path "IN" "(" string { "," string } ")" | "(" any ")"
//
// Whatever else STIX has (AND, NOT, FOLLOWEDBY, LIKE, qualifiers) says more than
// a list of indicators can, and is refused.
func ReadPattern(text string) ([]Term, error) {
	p := &patternReader{text: text}
	p.next()
	if err := p.alternatives(p.observation, 0); err != nil {
		return nil, err
	}
	if p.kind != tokEnd {
		return nil, p.unexpected("the end")
	}
	return p.terms, nil
}

type tokenKind int

const (
	tokEnd    tokenKind = iota
	tokMark             // one or two characters
	tokWord             // an object path, or an operator
	tokString           // token is its value
	tokBad              // token says why
)

type patternReader struct {
	text  string
	at    int // behind the token
	begin int // of the token
	kind  tokenKind
	token string
	terms []Term
}

// maxNesting bounds parentheses.
const maxNesting = 32

func (p *patternReader) alternatives(one func(depth int) error, depth int) error {
	if depth > maxNesting {
		return fmt.Errorf("the pattern nests deeper than %d", maxNesting)
	}
	for {
		if err := one(depth); err != nil {
			return err
		}
		if p.kind != tokWord || p.token != "OR" {
			return nil
		}
		p.next()
	}
}

func (p *patternReader) observation(depth int) error {
	switch {
	case p.is("["):
		return p.enclosed(p.comparison, depth, "]")
	case p.is("("):
		return p.enclosed(p.observation, depth, ")")
	}
	return p.unexpected("[")
}

// enclosed reads alternatives between the mark at hand and the one that ends them.
func (p *patternReader) enclosed(one func(int) error, depth int, end string) error {
	p.next()
	if err := p.alternatives(one, depth+1); err != nil {
		return err
	}
	return p.take(end)
}

func (p *patternReader) comparison(depth int) error {
	if p.is("(") {
		return p.enclosed(p.comparison, depth, ")")
	}
	path := p.token
	if p.kind != tokWord || !strings.Contains(path, ":") {
		return p.unexpected("a property such as domain-name:value")
	}
	p.next()
	switch {
	case p.is("="):
		p.next()
		return p.value(path)
	case p.kind == tokWord && p.token == "IN":
		p.next()
		if err := p.take("("); err != nil {
			return err
		}
		for {
			if err := p.value(path); err != nil {
				return err
			}
			if !p.is(",") {
				return p.take(")")
			}
			p.next()
		}
	}
	return p.unexpected("=")
}

func (p *patternReader) value(path string) error {
	if p.kind != tokString {
		return p.unexpected("a value in single quotes")
	}
	p.terms = append(p.terms, Term{path, p.token})
	p.next()
	return nil
}

func (p *patternReader) is(mark string) bool { return p.kind == tokMark && p.token == mark }

func (p *patternReader) take(mark string) error {
	if !p.is(mark) {
		return p.unexpected(mark)
	}
	p.next()
	return nil
}

// operators that STIX has and a list of indicators cannot have.
var operators = []string{
	"AND", "NOT", "LIKE", "MATCHES", "ISSUBSET", "ISSUPERSET", "EXISTS", "FOLLOWEDBY", "WITHIN", "REPEATS", "START", "!=", "<>", "<", ">", "<=", ">=",
}

// unexpected says what is wrong at the token.
func (p *patternReader) unexpected(wanted string) error {
	switch {
	case p.kind == tokBad:
		return fmt.Errorf("pattern, character %d: %s", p.begin+1, p.token)
	case p.kind == tokEnd:
		return fmt.Errorf("the pattern ends where %s is expected", wanted)
	case p.kind != tokString && slices.Contains(operators, p.token):
		return fmt.Errorf("the pattern uses %s; only = and IN, joined by OR, make a list of indicators", p.token)
	}
	return fmt.Errorf("pattern, character %d: %q where %s is expected", p.begin+1, cut(p.token), wanted)
}

// next reads a token.
func (p *patternReader) next() {
	for p.at < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.at]) >= 0 {
		p.at++
	}
	p.begin = p.at
	rest := p.text[p.at:]
	switch {
	case rest == "":
		p.kind, p.token = tokEnd, ""
	case rest[0] == '\'':
		p.quoted()
	case strings.IndexByte("[]()=,", rest[0]) >= 0:
		p.mark(1)
	case strings.IndexByte("<>!", rest[0]) >= 0:
		n := 1
		if len(rest) > 1 && strings.IndexByte("=>", rest[1]) >= 0 {
			n = 2
		}
		p.mark(n)
	default:
		p.word()
	}
}

func (p *patternReader) mark(n int) {
	p.kind, p.token = tokMark, p.text[p.at:p.at+n]
	p.at += n
}

// quoted reads a string; a backslash stands before a quote and before itself.
func (p *patternReader) quoted() {
	value, n, err := unquote(p.text[p.at:])
	if err != nil {
		p.kind, p.token, p.at = tokBad, err.Error(), len(p.text)
		return
	}
	p.kind, p.token = tokString, value
	p.at += n
}

// unquote reads the string in single quotes with which a text begins, and tells
// how long it is in the text.
func unquote(text string) (value string, n int, err error) {
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch text[i] {
		case '\'':
			return b.String(), i + 1, nil
		case '\\':
			if i++; i == len(text) || text[i] != '\\' && text[i] != '\'' {
				return "", 0, errors.New(`\ stands before ' and \ only`)
			}
		}
		b.WriteByte(text[i])
	}
	return "", 0, errors.New("the quote is not closed")
}

// word reads an operator or an object path, whose keys may be in quotes:
// file:hashes.'SHA-256'. The path comes without them.
func (p *patternReader) word() {
	var b strings.Builder
	for p.at < len(p.text) {
		c := p.text[p.at]
		if c == '\'' && strings.HasSuffix(b.String(), ".") {
			key, n, err := unquote(p.text[p.at:])
			if err != nil {
				p.kind, p.token, p.at = tokBad, err.Error(), len(p.text)
				return
			}
			b.WriteString(key)
			p.at += n
			continue
		}
		if strings.IndexByte(" \t\r\n[]()=,<>!'", c) >= 0 {
			break
		}
		b.WriteByte(c)
		p.at++
	}
	p.kind, p.token = tokWord, b.String()
}
