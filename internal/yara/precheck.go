package yara

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// The limits on rule text, checked before any engine sees it.
const (
	MaxSource  = 1 << 20 // bytes
	MaxRules   = 1_000
	MaxStrings = 10_000
	MaxXor     = 100 // strings with the xor modifier
	MaxNesting = 200 // brackets and unary operators within each other
	MaxName    = 128 // bytes of an identifier, the mark of a string included
)

// A LimitError says that a rule text is over a limit, or is no rule text.
type LimitError struct {
	Message string
	Line    int // from 1; 0 when the whole text is meant
}

func (e *LimitError) Error() string {
	if e.Line == 0 {
		return e.Message
	}
	return fmt.Sprintf("line %d: %s", e.Line, e.Message)
}

// Precheck refuses, in one linear pass, texts that no engine should be given:
// compiled rules, includes, and anything over the limits above. It does not
// tell whether the rules are right. The error is a *LimitError.
func Precheck(source string) error {
	switch {
	case len(source) > MaxSource:
		return &LimitError{Message: fmt.Sprintf("the rules are larger than %d bytes", MaxSource)}
	case strings.HasPrefix(source, "YARA"):
		return &LimitError{Message: "compiled rules are not accepted; send the source text"}
	case !utf8.ValidString(source) || strings.IndexByte(source, 0) >= 0:
		return &LimitError{Message: "the rules are not UTF-8 text"}
	}
	c := counter{lexer: lexer{src: strings.TrimPrefix(source, "\ufeff"), line: 1}}
	return c.run()
}

// counter walks the tokens and knows in which section of a rule it is.
type counter struct {
	lexer
	rules, strings, xors int
	inStrings            bool
	levels               []int // open brackets; each holds the unary operators before its operand
	deep                 int   // open brackets and all those operators
}

func (c *counter) run() error {
	c.restart()
	previous := token{}
	for {
		t := c.next()
		if t.kind == tokenEnd {
			return nil
		}
		if err := c.count(previous, t); err != nil {
			return err
		}
		previous = t
	}
}

func (c *counter) count(previous, t token) error {
	if (t.kind == tokenWord || t.kind == tokenSigil) && len(t.text) > MaxName {
		return &LimitError{Message: fmt.Sprintf("a name of more than %d bytes", MaxName), Line: t.line}
	}
	switch t.kind {
	case tokenWord:
		return c.keyword(t)
	case tokenMark:
		return c.mark(previous, t)
	case tokenRegex:
		if deep := groupDepth(t.text); deep > MaxNesting {
			return tooDeep(t.line)
		}
	}
	c.operand()
	return nil
}

func (c *counter) keyword(t token) error {
	switch t.text {
	case "include":
		return &LimitError{Message: "include is not allowed", Line: t.line}
	case "rule":
		c.restart()
		return over(&c.rules, MaxRules, "rules", t.line)
	case "strings":
		c.inStrings = true
	case "condition":
		c.restart()
	case "xor":
		if c.inStrings {
			return over(&c.xors, MaxXor, "xor strings", t.line)
		}
	case "not", "defined":
		return c.deeper(t.line)
	}
	c.operand()
	return nil
}

func (c *counter) mark(previous, t token) error {
	switch t.text {
	case "=":
		if c.inStrings && previous.kind == tokenSigil {
			return over(&c.strings, MaxStrings, "strings", t.line)
		}
	case "{":
		if c.inStrings && previous.text == "=" {
			return c.hexString(t.line)
		}
	case "(", "[":
		c.levels = append(c.levels, 0)
		c.deep++
		return c.check(t.line)
	case ")", "]":
		if len(c.levels) > 1 {
			c.operand()
			c.levels = c.levels[:len(c.levels)-1]
			c.deep--
		}
		c.operand()
	case "-", "~":
		return c.deeper(t.line)
	}
	return nil
}

// hexString passes over the bytes between { and }, where ( nests.
func (c *counter) hexString(line int) error {
	deep := 0
	for {
		switch t := c.next(); {
		case t.kind == tokenEnd || t.text == "}":
			return nil
		case t.text == "(":
			if deep++; deep > MaxNesting {
				return tooDeep(line)
			}
		case t.text == ")":
			deep--
		}
	}
}

// deeper counts one more operator that waits for its operand.
func (c *counter) deeper(line int) error {
	c.levels[len(c.levels)-1]++
	c.deep++
	return c.check(line)
}

// operand ends the run of unary operators of the innermost bracket.
func (c *counter) operand() {
	last := len(c.levels) - 1
	c.deep -= c.levels[last]
	c.levels[last] = 0
}

// restart is called where a rule or a condition begins: nothing is open there.
func (c *counter) restart() {
	c.inStrings, c.levels, c.deep = false, append(c.levels[:0], 0), 0
}

func (c *counter) check(line int) error {
	if c.deep > MaxNesting {
		return tooDeep(line)
	}
	return nil
}

func tooDeep(line int) error {
	return &LimitError{Message: fmt.Sprintf("nested deeper than %d", MaxNesting), Line: line}
}

func over(count *int, limit int, what string, line int) error {
	if *count++; *count > limit {
		return &LimitError{Message: fmt.Sprintf("more than %d %s", limit, what), Line: line}
	}
	return nil
}

// groupDepth is how deep the groups of a regular expression nest.
func groupDepth(regex string) int {
	deep, most, class := 0, 0, false
	for i := 0; i < len(regex); i++ {
		switch c := regex[i]; {
		case c == '\\':
			i++
		case class:
			class = c != ']'
		case c == '[':
			class = true
			if i+1 < len(regex) && regex[i+1] == ']' {
				i++ // a leading ] stands for itself
			}
		case c == '(':
			deep++
			most = max(most, deep)
		case c == ')':
			deep--
		}
	}
	return most
}
