package collection

import (
	"errors"
	"net/netip"
	"regexp"
	"regexp/syntax"
	"strings"
)

// A pattern chooses terms: one term itself, or all that a regular expression
// (RE2, so in linear time) matches as a whole.
type pattern struct {
	text string
	fold bool
	re   *regexp.Regexp // nil: the text is none
}

// newPattern reads an include or exclude; nil when it is empty. Where a field
// ignores case, so does the pattern.
func newPattern(name, text string, fold bool) (*pattern, error) {
	if text == "" {
		return nil, nil
	}
	if len(text) > maxExpression {
		return nil, errorf("%s is longer than %d bytes", name, maxExpression)
	}
	p := &pattern{text: text, fold: fold}
	flags := "(?s)"
	if fold {
		p.text, flags = strings.ToLower(text), "(?is)"
	}
	// What is no expression, such as a Windows path, is the term itself.
	tree, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return p, nil
	}
	if size(tree) > maxSteps {
		return nil, errorf("%s is an expression of more than %d steps: repeat less", name, maxSteps)
	}
	p.re, _ = regexp.Compile(flags + `\A(?:` + text + `)\z`)
	return p, nil
}

// maxSteps bounds what an expression is compiled to: repetitions in repetitions
// make much of little.
const maxSteps = 20_000

// size is about how many steps an expression is compiled to.
func size(re *syntax.Regexp) int {
	n := 1 + len(re.Rune)
	for _, sub := range re.Sub {
		n += size(sub)
	}
	if re.Op == syntax.OpRepeat {
		n *= max(re.Min, re.Max, 1)
	}
	return min(n, 1<<30)
}

func (p *pattern) match(term string) bool {
	return term == p.text || p.fold && strings.ToLower(term) == p.text || p.re != nil && p.re.MatchString(term)
}

// keeps tells whether a term is one that was asked for.
func (t *termOptions) keeps(term string) bool {
	return (t.include == nil || t.include.match(term)) && (t.exclude == nil || !t.exclude.match(term))
}

// addressBytes gives an address the form in which IP columns hold it.
func addressBytes(text string) (string, error) {
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return "", errors.New("write an address")
	}
	b := addr.As16()
	return string(b[:]), nil
}

// addressText is an address as it is shown.
func addressText(b string) string {
	addr, ok := netip.AddrFromSlice([]byte(b))
	if !ok {
		return ""
	}
	return addr.Unmap().String()
}
