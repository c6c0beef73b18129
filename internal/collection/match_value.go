package collection

import (
	"bytes"
	"cmp"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/mewshq/mews/internal/fql"
)

// What single values fit, in the words of operand.go and text.go, whose
// conditions in SQL hold for the same.

// match holds for the records that have a value in the relation to one of
// values, of which compare has made a condition.
func (o operand) match(values []fql.Value) *match {
	var fits []fitting
	var texts []string
	for _, v := range values {
		if o.op == fql.Equal && o.field.Type.words() && !o.wild(v) {
			texts = append(texts, v.Text)
			continue
		}
		fits = append(fits, o.fitsOne(v))
	}
	if len(texts) > 0 {
		fits = append(fits, o.fitsText(texts))
	}
	if len(fits) == 1 {
		return o.having(fits[0])
	}
	return o.having(func(v value) bool {
		return slices.ContainsFunc(fits, func(f fitting) bool { return f(v) })
	})
}

// having holds for the records of whose values of the field one fits.
func (o operand) having(fits fitting) *match {
	table, fold := o.c.schema.Table, asItIs
	if o.field.Multi() {
		table = o.field.Child
	}
	switch {
	case o.folded != "":
		fold = lowerCase
	case o.field.Type.words() && !o.field.lower():
		fold = lowerASCIICase
	}
	return having(table, o.field.Column, fold, fits)
}

// anyValue fits whatever is not missing.
func anyValue(value) bool { return true }

func nothing(value) bool { return false }

func (o operand) fitsOne(v fql.Value) fitting {
	switch {
	case o.anything(v):
		return anyValue
	case o.field.Type.words():
		return o.fitsPattern(v)
	case o.field.Type == Time:
		return o.fitsTime(v)
	case o.field.Type == IP:
		return o.fitsIP(v)
	}
	operand, _ := o.single(v) // compare has read it
	switch operand := operand.(type) {
	case float64:
		return func(v value) bool { return ordered(o.op, cmp.Compare(v.number(), operand)) }
	case int64:
		return func(v value) bool { return ordered(o.op, cmp.Compare(v.n, operand)) }
	case int: // a Boolean
		return func(v value) bool { return v.n == int64(operand) }
	}
	return nothing
}

// number is the value of a cell that holds one.
func (c cell) number() float64 {
	if c.kind == cellInteger {
		return float64(c.n)
	}
	return math.Float64frombits(uint64(c.n))
}

// ordered tells whether a comparison's outcome is what an operator asks for.
func ordered(op fql.Op, outcome int) bool {
	switch op {
	case fql.Less:
		return outcome < 0
	case fql.LessEqual:
		return outcome <= 0
	case fql.Greater:
		return outcome > 0
	case fql.GreaterEqual:
		return outcome >= 0
	}
	return outcome == 0
}

func (o operand) fitsTime(v fql.Value) fitting {
	from, to, _ := fql.ParseTime(v.Text, o.now) // compare has read it
	if o.op == fql.Equal {
		return between(from.UnixMicro(), to.UnixMicro())
	}
	return func(v value) bool { return ordered(o.op, cmp.Compare(v.n, from.UnixMicro())) }
}

// between fits instants from one on, and before another.
func between(from, to int64) fitting {
	return func(v value) bool { return from <= v.n && v.n < to }
}

func (o operand) fitsIP(v fql.Value) fitting {
	s, err := parseSpan(v.Text)
	if err != nil {
		return nothing
	}
	if o.op.Range() {
		return func(v value) bool { return ordered(o.op, bytes.Compare(v.text, s.first[:])) }
	}
	return func(v value) bool {
		if bytes.Compare(v.text, s.first[:]) < 0 || bytes.Compare(v.text, s.last[:]) > 0 {
			return false
		}
		return !slices.ContainsFunc(s.fixed, func(i int) bool { return v.text[i] != s.first[i] })
	}
}

// fitsText is equals.
func (o operand) fitsText(values []string) fitting {
	if o.folded == "" {
		known := o.spelling(values, o.field.lower())
		return func(v value) bool { return known[string(v.text)] }
	}
	folded, spelled := o.spelling(values, true), o.spelling(values, false)
	return func(v value) bool { return folded[string(v.folded)] && (!o.list || spelled[string(v.text)]) }
}

func (o operand) spelling(values []string, lower bool) map[string]bool {
	known := make(map[string]bool, len(values))
	for _, v := range o.spelled(values, lower) {
		known[v.(string)] = true // as spelled makes them
	}
	return known
}

// fitsPattern looks at text by order, words and patterns.
func (o operand) fitsPattern(v fql.Value) fitting {
	_, spell := o.fold()
	switch {
	case o.op.Range():
		return o.fitsOrder(v)
	case o.op == fql.Text:
		return fitsWords(split(spell(v.Text)))
	}
	return o.fitsWildcard(spell(v.Text))
}

func (o operand) fitsOrder(v fql.Value) fitting {
	limit := []byte(o.spelled([]string{v.Text}, o.folded != "" || o.field.lower())[0].(string))
	return func(v value) bool {
		text := v.text
		if o.folded != "" {
			text = v.folded
		}
		return ordered(o.op, bytes.Compare(text, limit))
	}
}

func fitsWords(words []string) fitting {
	return func(v value) bool {
		return !slices.ContainsFunc(words, func(word string) bool { return !hasWord(v.folded, []byte(word)) })
	}
}

// hasWord tells whether a word of split's is one of a text.
func hasWord(text, word []byte) bool {
	for at := 0; ; {
		i := bytes.Index(text[at:], word)
		if i < 0 {
			return false
		}
		i += at
		at = i + len(word)
		if apart(utf8.DecodeLastRune(text[:i])) && apart(utf8.DecodeRune(text[at:])) {
			return true
		}
	}
}

// apart tells whether a character beside a word ends it; of size 0 there is none.
func apart(r rune, size int) bool { return size == 0 || separates(r) }

func (o operand) fitsWildcard(pattern string) fitting {
	pieces := bytes.Split([]byte(pattern), []byte("*"))
	if len(pieces) == 1 {
		if word, ok := o.field.Synonyms[pattern]; ok {
			pattern = word
		}
		return func(v value) bool { return string(v.folded) == pattern }
	}
	first, last, middle := pieces[0], pieces[len(pieces)-1], pieces[1:len(pieces)-1]
	return func(v value) bool {
		rest, ok := bytes.CutPrefix(v.folded, first)
		if !ok {
			return false
		}
		for _, piece := range middle {
			if _, rest, ok = bytes.Cut(rest, piece); !ok {
				return false
			}
		}
		return bytes.HasSuffix(rest, last)
	}
}

// among holds for the records that have one of values as a column holds them:
// Folded, where there is one.
func (o operand) among(values []any) *match {
	texts, numbers := map[string]bool{}, map[float64]bool{}
	whole := map[int64]bool{}
	for _, v := range values {
		switch v := v.(type) {
		case string:
			texts[v] = true
		case []byte:
			texts[string(v)] = true
		case int64:
			whole[v], numbers[float64(v)] = true, true
		case float64:
			numbers[v] = true
		}
	}
	return o.having(func(v value) bool {
		switch {
		case v.kind == cellText && o.folded != "":
			return texts[string(v.folded)]
		case v.kind == cellText:
			return texts[string(v.text)]
		case o.field.Type == Number:
			return numbers[v.number()]
		}
		return whole[v.n]
	})
}

// match holds for the records in whose words the phrase stands.
func (p phrase) match(c *Collection) *match {
	sought := []byte(" " + strings.Join(p.words, " "))
	fits := func(v value) bool { return bytes.Contains(v.text, sought) }
	if p.field != nil {
		i := slices.Index(c.wordFields(), p.field)
		from, to := []byte(mark(i)), []byte(mark(i+1))
		fits = func(v value) bool {
			_, region, _ := bytes.Cut(v.text, from)
			region, _, _ = bytes.Cut(region, to)
			return bytes.Contains(region, sought)
		}
	}
	return having(c.schema.Words, "words", asItIs, fits)
}
