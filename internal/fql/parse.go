package fql

import (
	"strings"
	"unicode/utf8"
)

// Parse reads a filter. The empty filter and "*" select everything: their tree
// is nil. Every error is an *Error.
func Parse(text string) (Expr, error) {
	if err := checkText(text); err != nil {
		return nil, err
	}
	p := &parser{text: text}
	p.space()
	if p.done() || strings.TrimRight(p.rest(), spaces) == "*" {
		return nil, nil
	}
	e, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if !p.done() {
		return nil, p.afterTerm()
	}
	return e, nil
}

// checkText refuses what no later step should have to think of.
func checkText(text string) error {
	if len(text) > MaxBytes {
		return Errorf(MaxBytes, "filter is longer than %d bytes", MaxBytes)
	}
	if i := strings.IndexByte(text, 0); i >= 0 {
		return Errorf(i, "filter holds a NUL byte")
	}
	for i, r := range text {
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], "\uFFFD") {
			return Errorf(i, "filter is not valid UTF-8")
		}
	}
	return nil
}

// or reads and-terms with commas between them; level counts the open
// parentheses.
func (p *parser) or(level int) (Expr, error) {
	terms, err := p.terms(',', level, p.and)
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return Or{Terms: terms}, nil
}

// and reads factors with plus signs between them.
func (p *parser) and(level int) (Expr, error) {
	terms, err := p.terms('+', level, p.factor)
	if err != nil || len(terms) == 1 {
		return first(terms), err
	}
	return And{Terms: terms}, nil
}

func first(terms []Expr) Expr {
	if len(terms) == 0 {
		return nil
	}
	return terms[0]
}

func (p *parser) terms(sign byte, level int, next func(int) (Expr, error)) ([]Expr, error) {
	var terms []Expr
	for {
		term, err := next(level)
		if err != nil {
			return nil, err
		}
		terms = append(terms, term)
		if !p.take(sign) {
			return terms, nil
		}
	}
}

// factor reads a comparison or a group, either with one "!" before it.
func (p *parser) factor(level int) (Expr, error) {
	if p.take('!') {
		e, err := p.positive(level)
		if err != nil {
			return nil, err
		}
		return Not{Term: e}, nil
	}
	return p.positive(level)
}

func (p *parser) positive(level int) (Expr, error) {
	at := p.pos
	if !p.take('(') {
		return p.comparison()
	}
	if level == MaxDepth {
		return nil, Errorf(at, "parentheses nested deeper than %d", MaxDepth)
	}
	e, err := p.or(level + 1)
	if err != nil {
		return nil, err
	}
	if !p.take(')') {
		if p.done() {
			return nil, Errorf(at, "this ( has no closing )")
		}
		return nil, p.afterTerm()
	}
	return e, nil
}

// comparison reads a property, the colon, an operator and its value or list.
func (p *parser) comparison() (Expr, error) {
	c := Compare{Offset: p.pos}
	name, err := p.property()
	if err != nil {
		return nil, err
	}
	c.Field = strings.ToLower(name)
	if err := p.budget.term(c.Field, c.Offset); err != nil {
		return nil, err
	}
	if !p.take(':') {
		return nil, Errorf(p.pos, "expected : after %s", Echo(name))
	}
	var not bool
	if c.Op, not, err = p.operator(); err != nil {
		return nil, err
	}
	if err := p.operand(&c); err != nil {
		return nil, err
	}
	if not {
		return Not{Term: c}, nil
	}
	return c, nil
}

// operand reads a comparison's value, or its list.
func (p *parser) operand(c *Compare) error {
	at := p.pos
	if c.List = p.take('['); !c.List {
		return p.valueOf(c)
	}
	if c.Op.Range() {
		return Errorf(at, "%s compares with one value, not with a list", c.Op)
	}
	for {
		if len(c.Values) == MaxList {
			return Errorf(p.pos, "more than %d values in one list", MaxList)
		}
		if err := p.valueOf(c); err != nil {
			return err
		}
		if p.take(']') {
			return nil
		}
		if p.done() {
			return Errorf(at, "this [ has no closing ]")
		}
		if !p.take(',') {
			return Errorf(p.pos, "expected , or ] after a value of the list")
		}
	}
}

// valueOf reads one value of c and checks that its operator can use it.
func (p *parser) valueOf(c *Compare) error {
	v, err := p.value()
	if err != nil {
		return err
	}
	switch {
	case c.Op == Equal:
	case v.Kind == Null:
		return Errorf(v.At, "%s cannot compare with null; f:null asks for missing values", c.Op)
	case c.Op.Range() && v.Kind == Bool:
		return Errorf(v.At, "%s cannot compare with %s", c.Op, v.Text)
	}
	c.Values = append(c.Values, v)
	return p.budget.value(*c, v)
}

// afterTerm says what is wrong where a term has ended and something follows
// that is no sign between terms.
func (p *parser) afterTerm() error {
	switch p.text[p.pos] {
	case ')':
		return Errorf(p.pos, "this ) closes nothing")
	case '\'', '"':
		return Errorf(p.pos, `a string ends before this quote; a quote inside a string is written \%c`, p.text[p.pos])
	}
	if strings.ContainsAny(p.text[p.termEnd:p.pos], spaces) {
		return Errorf(p.pos, "expected + (and) or , (or) between comparisons; in a URL a plus sign is written %%2B")
	}
	return Errorf(p.pos, "expected + (and), or , (or), or the end of the filter")
}
