package fql

import (
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"
)

// drawExpr draws a tree as Parse makes it, places left out.
func drawExpr(t *rapid.T, depth int) Expr {
	kind := rapid.SampledFrom([]string{"compare", "compare", "and", "or", "not"}).Draw(t, "node")
	if depth == 0 {
		kind = "compare"
	}
	terms := func() []Expr {
		out := make([]Expr, rapid.IntRange(2, 3).Draw(t, "terms"))
		for i := range out {
			out[i] = drawExpr(t, depth-1)
		}
		return out
	}
	switch kind {
	case "and":
		return And{Terms: terms()}
	case "or":
		return Or{Terms: terms()}
	case "not":
		return Not{Term: drawExpr(t, depth-1)}
	}
	return drawCompare(t)
}

func drawCompare(t *rapid.T) Compare {
	c := Compare{
		Field: rapid.SampledFrom([]string{"a", "b", "_c.d-e9"}).Draw(t, "field"),
		Op:    Op(rapid.IntRange(int(Equal), int(Wildcard)).Draw(t, "op")),
	}
	c.List = !c.Op.Range() && rapid.Bool().Draw(t, "list")
	n := 1
	if c.List {
		n = rapid.IntRange(1, 3).Draw(t, "values")
	}
	for range n {
		c.Values = append(c.Values, drawValue(t, c.Op))
	}
	return c
}

func drawValue(t *rapid.T, op Op) Value {
	text := rapid.StringOf(rapid.RuneFrom([]rune(`'"\*,+()[]!:ax й` + "\n\u202e\uFFFD😀")))
	values := []Value{
		{Kind: String, Text: strings.ReplaceAll(text.Draw(t, "text"), "**", "")},
		{Kind: Number, Text: rapid.SampledFrom([]string{"0", "-1", "12.50", "1e9"}).Draw(t, "number")},
		{Kind: Bool, Text: rapid.SampledFrom([]string{"true", "false"}).Draw(t, "bool")},
		{Kind: Null},
	}
	kinds := map[bool]int{true: 4, false: 3}[op == Equal]
	if op.Range() {
		kinds = 2
	}
	return values[rapid.IntRange(0, kinds-1).Draw(t, "kind")]
}

// forget leaves out the places, which differ between two texts of one tree.
func forget(e Expr) Expr {
	all := func(terms []Expr) []Expr {
		out := make([]Expr, len(terms))
		for i, t := range terms {
			out[i] = forget(t)
		}
		return out
	}
	switch e := e.(type) {
	case And:
		return And{Terms: all(e.Terms)}
	case Or:
		return Or{Terms: all(e.Terms)}
	case Not:
		return Not{Term: forget(e.Term)}
	case Compare:
		e.Offset = 0
		values := make([]Value, len(e.Values))
		for i, v := range e.Values {
			values[i] = Value{Kind: v.Kind, Text: v.Text}
		}
		e.Values = values
		return e
	}
	return nil
}

// A tree that is written is read as itself.
func TestPrintParse(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		tree := drawExpr(t, 4)
		back, err := Parse(tree.String())
		var e *Error
		if errors.As(err, &e) && strings.Contains(e.Message, "more than") {
			return // a budget, which trees know nothing of
		}
		if err != nil || !reflect.DeepEqual(forget(back), tree) {
			t.Fatalf("%#v\nis written %s\nand read as %#v: %v", tree, tree, back, err)
		}
	})
}

// FuzzParse: no text makes the parser panic; an error names a place in it; a
// tree is within the limits, its places point at its fields and values, and
// its text is read as the same tree.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "*", `a:1`, `hostname:'x*'+date_created:>='now-7d'`, `(state:'released',state:"purged")+!username:null`,
		`paths.filename:*'*evil*'`, `a:!['x',1,true,null],!b:!~'y\'\\'`, `a:=<'2021-01-01'`, `!(a:1+(b:2,c:3))`,
		`a:'x`, `a:[1,`, `((a:1)`, `a:'\q'`, "a:'\xff'", strings.Repeat("(", 40), `a:*'********'`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		tree, err := Parse(text)
		if err != nil {
			checkError(t, text, err)
			return
		}
		if tree == nil {
			return
		}
		Lines(tree)
		checkPlaces(t, text, tree)
		back, err := Parse(tree.String())
		if len(tree.String()) > MaxBytes {
			return // one text of a tree may be longer than another
		}
		if err != nil || !reflect.DeepEqual(forget(back), forget(tree)) {
			t.Fatalf("%q is written %q and read as %#v: %v", text, tree, back, err)
		}
	})
}

func checkError(t *testing.T, text string, err error) {
	var e *Error
	if !errors.As(err, &e) {
		t.Fatalf("%q: %T is no *Error", text, err)
	}
	if e.At < 0 || e.At > len(text) || !utf8.ValidString(e.Error()) || len(e.Error()) > 1000 {
		t.Fatalf("%q: %q at %d", text, e, e.At)
	}
}

func checkPlaces(t *testing.T, text string, e Expr) {
	switch e := e.(type) {
	case And:
		checkAll(t, text, e.Terms)
	case Or:
		checkAll(t, text, e.Terms)
	case Not:
		checkPlaces(t, text, e.Term)
	case Compare:
		if !strings.EqualFold(text[e.Offset:e.Offset+len(e.Field)], e.Field) || len(e.Values) == 0 {
			t.Fatalf("%q: no %q at %d", text, e.Field, e.Offset)
		}
		for _, v := range e.Values {
			at := text[v.At:]
			if v.Kind == String && at[0] != '\'' && at[0] != '"' || v.Kind == Number && !strings.HasPrefix(at, v.Text) {
				t.Fatalf("%q: no %q at %d", text, v.Text, v.At)
			}
		}
	}
}

func checkAll(t *testing.T, text string, terms []Expr) {
	if len(terms) < 2 || len(terms) > MaxTerms {
		t.Fatalf("%q: a node of %d terms", text, len(terms))
	}
	for _, term := range terms {
		checkPlaces(t, text, term)
	}
}

// FuzzParseTime: no text makes it panic, and what it reads is a span.
func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"", "now", "now-7d", "now+1M/M", "now-1d/d", "2021-05-15", "2021-05-15T14:55:21.892315096Z", "1427846400", "now-99999999999d"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		from, to, err := ParseTime(text, testNow)
		if err == nil && (!from.Before(to) || !inYears(from)) {
			t.Fatalf("%q is [%s, %s)", text, from, to)
		}
	})
}
