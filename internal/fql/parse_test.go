package fql

import (
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"
)

// TestParse shows every form of the language with the tree it stands for,
// written in the one way that the package writes a tree.
func TestParse(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`state:'released'`, `state:'released'`},
		{` state : 'released' `, `state:'released'`},
		{"state:\n\t'released'\r\n", `state:'released'`},
		{`State:"Released"`, `state:'Released'`},
		{`state:['released']`, `state:['released']`},
		{`state:[ 'a' , 'b',1, true ,null ]`, `state:['a','b',1,true,null]`},
		{`state:!'a'`, `state:!'a'`},
		{`state:! 'a'`, `state:!'a'`},
		{`!state:'a'`, `state:!'a'`},
		{`! state:'a'`, `state:!'a'`},
		{`!state:!'a'`, `!state:!'a'`},
		{`state:!['a','b']`, `state:!['a','b']`},
		{`!(state:'a')`, `state:!'a'`},
		{`!(!state:>1)`, `!(!state:>1)`},
		{`!(!(!state:1))`, `!(!state:!1)`},

		{`n:>1`, `n:>1`},
		{`n:>=1`, `n:>=1`},
		{`n:<1`, `n:<1`},
		{`n:<=1`, `n:<=1`},
		{`n:=>1`, `n:>=1`},
		{`n:=<1`, `n:<=1`},
		{`n:-1.50e3`, `n:-1.50e3`},
		{`n:007`, `n:007`},
		{`n:0`, `n:0`},
		{`!n:>1`, `!n:>1`},
		{`n:>='now-7d'`, `n:>='now-7d'`},
		{`f:~'a b'`, `f:~'a b'`},
		{`f:!~'a b'`, `f:!~'a b'`},
		{`f:~['a','b']`, `f:~['a','b']`},
		{`f:*'*a*'`, `f:*'*a*'`},
		{`f:!*'*a*'`, `f:!*'*a*'`},
		{`f:*['a*','b*']`, `f:*['a*','b*']`},
		{`f:*5`, `f:*5`},
		{`f:~5`, `f:~5`},
		{`f:null`, `f:null`},
		{`f:!null`, `f:!null`},
		{`f:NULL`, `f:null`},
		{`f:true`, `f:true`},
		{`f:False`, `f:false`},
		{`f:'true'`, `f:'true'`},
		{`f:''`, `f:''`},
		{`f:'it\'s'`, `f:'it\'s'`},
		{`f:"it's"`, `f:'it\'s'`},
		{`f:"\"\\"`, `f:'"\\'`},
		{`f:'C:\\Temp\\*'`, `f:'C:\\Temp\\*'`},
		{`f:'%_"; --'`, `f:'%_"; --'`},
		{`f:'ж, + ) ]'`, `f:'ж, + ) ]'`},
		{`f:'` + "\t\n\u202e\uFFFD'", "f:'\t\n\u202e\uFFFD'"},
		{`_a.b-c1.D:1`, `_a.b-c1.d:1`},

		{`a:1+b:2,c:3+d:4`, `a:1+b:2,c:3+d:4`},
		{`a:1+(b:2,c:3)+d:4`, `a:1+(b:2,c:3)+d:4`},
		{`(a:1+b:2),(c:3)`, `a:1+b:2,c:3`},
		{`(a:1+b:2)+c:3`, `(a:1+b:2)+c:3`},
		{`(a:1,b:2),c:3`, `(a:1,b:2),c:3`},
		{`!(a:1,b:2)+!(c:3+d:4)`, `!(a:1,b:2)+!(c:3+d:4)`},
		{`((((a:1))))`, `a:1`},

		// As clients send them.
		{`hostname:'x*'+date_created:>='now-7d'`, `hostname:'x*'+date_created:>='now-7d'`},
		{`(state:'released',state:'purged')+!username:null`, `(state:'released',state:'purged')+username:!null`},
		{`paths.filename:*'*evil*'`, `paths.filename:*'*evil*'`},
		{`_marker:<'1622112512'+deleted:false`, `_marker:<'1622112512'+deleted:false`},
		{`created_timestamp:=<'2021-01-01T00:00:00Z'`, `created_timestamp:<='2021-01-01T00:00:00Z'`},
	} {
		e, err := Parse(c.text)
		if err != nil {
			t.Errorf("%s: %v", c.text, err)
		} else if e.String() != c.want {
			t.Errorf("%s is read as %s, want %s", c.text, e, c.want)
		}
	}
}

func TestParseEverything(t *testing.T) {
	for _, text := range []string{"", " ", "*", " * ", "\n"} {
		if e, err := Parse(text); e != nil || err != nil {
			t.Errorf("%q: %v, %v", text, e, err)
		}
	}
}

// TestParseTree shows a tree node by node, with its places in the text.
func TestParseTree(t *testing.T) {
	e, err := Parse(` a:>=1 + !B:*['x', 'y']`)
	if err != nil {
		t.Fatal(err)
	}
	want := And{Terms: []Expr{
		Compare{Field: "a", Op: GreaterEqual, Offset: 1, Values: []Value{{Kind: Number, Text: "1", At: 5}}},
		Not{Term: Compare{Field: "b", Op: Wildcard, List: true, Offset: 10, Values: []Value{{Text: "x", At: 14}, {Text: "y", At: 19}}}},
	}}
	if fmt.Sprintf("%#v", e) != fmt.Sprintf("%#v", want) {
		t.Errorf("got  %#v\nwant %#v", e, want)
	}
	if e.At() != 1 || want.Terms[1].At() != 10 || (Or{Terms: want.Terms[1:]}).At() != 10 {
		t.Errorf("a node begins at %d, want 1", e.At())
	}
}

// TestParseErrors: the position counts from 1, the text says what to do.
func TestParseErrors(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`a`, `at 2: expected : after "a"`},
		{`a'b'`, `at 2: expected : after "a"`},
		{`a:`, `at 3: the filter ends where a value is expected`},
		{`a:*`, `at 4: the filter ends where a value`},
		{`a:'x`, `at 3: this string has no closing '`},
		{`a:'C:\Temp\'`, `at 6: a backslash in a string is written \\`},
		{`a:'x\'`, `at 3: this string has no closing '`},
		{`a:'x\`, `at 5: a backslash`},
		{`a:x`, `at 3: put text and dates in quotes`},
		{`a:>now-7d`, `at 4: put text and dates in quotes`},
		{`a:2021-01-01`, `at 3: put text and dates in quotes`},
		{`a:1e400`, `at 3: put text`},
		{`a:inf`, `at 3: put text`},
		{`a:0x10`, `at 3: put text`},
		{`a:1_000`, `at 3: put text`},
		{`a:.5`, `at 3: put text`},
		{`a:+1`, `at 3: expected a value`},
		{`a:='x'`, `at 3: unknown operator "="`},
		{`a:=='x'`, `unknown operator`},
		{`a:!>1`, `at 3: unknown operator "!>"`},
		{`a:<>1`, `unknown operator`},
		{`a:>null`, `at 4: > cannot compare with null`},
		{`a:~null`, `at 4: ~ cannot`},
		{`a:>=true`, `at 5: >= cannot compare with true`},
		{`a:>[1]`, `at 4: > compares with one value, not with a list`},
		{`a:[]`, `at 4: expected a value`},
		{`a:[1`, `at 3: this [ has no closing ]`},
		{`a:[1 2]`, `at 6: expected , or ]`},
		{`a:[1,]`, `at 6: expected a value`},
		{`a:[[1]]`, `at 4: expected a value`},
		{`a:[>1]`, `at 4: expected a value`},
		{`(a:1`, `at 1: this ( has no closing )`},
		{`a:1)`, `at 4: this ) closes nothing`},
		{`()`, `at 2: expected a field`},
		{`((a:1)`, `at 1: this ( has no`},
		{`(a:1]`, `at 5: expected +`},
		{`a:1+`, `at 5: the filter ends where a field is expected`},
		{`,a:1`, `at 1: expected a field`},
		{`!`, `at 2: the filter ends`},
		{`!!a:1`, `at 2: expected a field`},
		{`*+a:1`, `at 1: expected a field`},
		{`a:1,*`, `at 5: expected a field`},
		{`a:'1' b:'2'`, `at 7: expected + (and) or , (or) between comparisons; in a URL a plus sign is written %2B`},
		{`a:'1'b:'2'`, `at 6: expected + (and), or , (or), or the end`},
		{`a:1&b:2`, `at 4: expected +`},
		{`hostname:'vp-*''`, `at 16: a string ends before this quote; a quote inside a string is written \'`},
		{`f:'a','b'`, `at 7: expected a field; several values of one field are a list: field:['a','b']`},
		{`f:‘a’`, `at 3: expected a value: 'text'`},
		{`'a':1`, `at 1: expected a field`},
		{`1a:1`, `at 1: expected a field`},
		{`ж:1`, `at 1: expected a field`},
		{"a:'\x00'", `at 4: filter holds a NUL byte`},
		{"a:'\xff'", `at 4: filter is not valid UTF-8`},
		{strings.Repeat("ab", 50) + `?`, `at 101: expected : after "` + strings.Repeat("ab", 32) + `"...`},
		{"a:!<!<\u202e", `unknown operator "!<!<"`},
	} {
		_, err := Parse(c.text)
		var e *Error
		if !errors.As(err, &e) {
			t.Errorf("%q: error %v", c.text, err)
		} else if !strings.HasPrefix(e.Error(), "FQL error at ") || !strings.Contains(e.Error(), c.want) {
			t.Errorf("%q: %q, want %q", c.text, e, c.want)
		}
	}
}

// TestLimits tries each limit, and one more.
func TestLimits(t *testing.T) {
	field := func(i int) string { return fmt.Sprintf("f%d:1", i) }
	many := func(n int, term func(int) string) string {
		var terms []string
		for i := range n {
			terms = append(terms, term(i))
		}
		return strings.Join(terms, ",")
	}
	same := func(term string) func(int) string { return func(int) string { return term } }
	for _, c := range []struct {
		name, ok, over, want string
	}{
		{"bytes", `a:'` + strings.Repeat("x", MaxBytes-4) + `'`, `a:'` + strings.Repeat("x", MaxBytes-3) + `'`, "at 65537: filter is longer than 65536 bytes"},
		{"depth", strings.Repeat("(", 32) + "a:1" + strings.Repeat(")", 32), strings.Repeat("(", 33) + "a:1" + strings.Repeat(")", 33), "at 33: parentheses nested deeper than 32"},
		{"depth with !", strings.Repeat("!(", 32) + "a:1" + strings.Repeat(")", 32), strings.Repeat("!(", 65530/2), "deeper than 32"},
		{"terms", many(1024, same("a:1")), many(1025, same("a:1")), "at 4097: more than 1024 comparisons"},
		{"list", `a:[` + many(1000, same("1")) + `]`, `a:[` + many(1001, same("1")) + `]`, "more than 1000 values in one list"},
		{"properties", many(20, field) + "," + many(20, field), many(21, field), "more than 20 different fields"},
		{"stars", `a:*'` + strings.Repeat("*", 8) + `'`, `a:'` + strings.Repeat("*a", 9) + `'`, "at 3: more than 8 * in one value"},
		{"exact stars", `a:['` + strings.Repeat("*", 9) + `']`, `a:*['` + strings.Repeat("*", 9) + `']`, "at 5: more than 8 *"},
		{"wildcards", many(32, same("a:'x*'")) + "," + many(40, same("a:'x',a:*'x',a:['x*']")), many(33, same("a:'x*'")), "more than 32 values with"},
		{"wildcard lists", `a:*[` + many(32, same("'*'")) + `]`, `a:*[` + many(33, same("'*'")) + `]`, "more than 32 values with"},
		{"texts", many(32, same("a:~'x'")), many(33, same("a:~'x'")), "more than 32 values with"},
	} {
		if _, err := Parse(c.ok); err != nil {
			t.Errorf("%s: at the limit: %v", c.name, err)
		}
		if _, err := Parse(c.over); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: above the limit: %v", c.name, err)
		}
	}
}

func TestLines(t *testing.T) {
	e, err := Parse(`(state:'released',!username:null)+!(n:>5+paths.filename:*'*evil*')+h:'x*'+f:~['a b','c']+g:['x*','y']`)
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"all of",
		"  any of",
		"    state is 'released'",
		"    not username is missing",
		"  not",
		"    all of",
		"      n > 5",
		"      paths.filename like '*evil*'",
		"  h like 'x*'",
		"  f holds the words of 'a b' or 'c'",
		"  g is exactly 'x*' or 'y'",
	}
	if got := Lines(e); !slices.Equal(got, want) {
		t.Errorf("got\n%s", strings.Join(got, "\n"))
	}
	if got := Lines(nil); !slices.Equal(got, []string{"everything"}) {
		t.Errorf("no tree: %q", got)
	}
}

// The guide's filters are filters.
func TestGuide(t *testing.T) {
	guide, err := os.ReadFile("../../docs/fql.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := strings.Split(string(guide), "```fql\n")[1:]
	if len(blocks) == 0 {
		t.Fatal("no filters in the guide")
	}
	for _, block := range blocks {
		block, _, _ = strings.Cut(block, "```")
		for filter := range strings.Lines(block) {
			if e, err := Parse(filter); e == nil || err != nil {
				t.Errorf("%s: %v", filter, err)
			}
		}
	}
}
