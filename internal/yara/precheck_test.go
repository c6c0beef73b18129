package yara

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

func manyStrings(n int, modifier string) string {
	var b strings.Builder
	b.WriteString("rule a { strings:\n")
	for i := range n {
		fmt.Fprintf(&b, "$a%d = \"text%d\" %s\n", i, i, modifier)
	}
	return b.String() + "condition: any of them }"
}

func condition(c string) string { return "rule a { condition: " + c + " }" }

func TestPrecheck(t *testing.T) {
	for name, tt := range map[string]struct{ source, want string }{
		"plain":                     {`rule a { strings: $a = "xyz" condition: $a }`, ""},
		"nonsense":                  {"Some Yara rule", ""},
		"empty":                     {"", ""},
		"byte order mark":           {"\ufeffrule a { condition: true }", ""},
		"source":                    {strings.Repeat(" ", MaxSource), ""},
		"source + 1":                {strings.Repeat(" ", MaxSource+1), "larger than 1048576 bytes"},
		"compiled":                  {"YARA\x00\x01", "compiled"},
		"compiled by the newer one": {"YARA-X\x00\x01", "compiled"},
		"latin 1":                   {"rule a { meta: x = \"\xe9\" condition: true }", "not UTF-8"},
		"NUL":                       {"rule a { condition: true }\x00", "not UTF-8"},
		"include":                   {"\n\ninclude \"/etc/passwd\"", "line 3: include is not allowed"},
		"include without blanks":    {"rule a{condition:true}include\"x\"", "include is not allowed"},
		"include behind a comment":  {"/* x */include/* y */\"x\"", "include is not allowed"},
		"include in text":           {`rule a { meta: x = "a \" include" condition: true } // include`, ""},
		"include in a regex":        {`rule a { strings: $a = /x\/ include y/ condition: $a }`, ""},
		"include in a hex comment":  {"rule a { strings: $a = { 41 /* include */ 42 // include\n 43 } condition: $a }", ""},
		"rules":                     {strings.Repeat("rule a{condition:true}", MaxRules), ""},
		"rules + 1":                 {strings.Repeat("rule a{condition:true}", MaxRules+1), "more than 1000 rules"},
		"strings":                   {manyStrings(MaxStrings, ""), ""},
		"strings + 1":               {manyStrings(MaxStrings+1, ""), "more than 10000 strings"},
		"xor":                       {manyStrings(MaxXor, "xor(1-2)"), ""},
		"xor + 1":                   {manyStrings(MaxXor+1, "wide xor ascii"), "more than 100 xor strings"},
		"brackets":                  {condition(strings.Repeat("(", MaxNesting) + "true" + strings.Repeat(")", MaxNesting)), ""},
		"brackets + 1":              {condition(strings.Repeat("(", MaxNesting+1) + "true"), "nested deeper than 200"},
		"many brackets in a row":    {condition(strings.Repeat("(true) and ", 1000) + "true"), ""},
		"not":                       {condition(strings.Repeat("not ", MaxNesting) + "true"), ""},
		"not + 1":                   {condition(strings.Repeat("not ", MaxNesting+1) + "true"), "nested deeper than 200"},
		"minus + 1":                 {condition("1 == " + strings.Repeat("- ", MaxNesting+1) + "1"), "nested deeper than 200"},
		"not and brackets":          {condition(strings.Repeat("not (", MaxNesting/2+1) + "true"), "nested deeper than 200"},
		"many nots in a row":        {condition(strings.Repeat("not true or ", 1000) + "true"), ""},
		"sums":                      {condition("1 == " + strings.Repeat("1 - ", 1000) + "1"), ""},
		"regex groups":              {`rule a { strings: $a = /` + strings.Repeat("(", MaxNesting) + `a` + strings.Repeat(")", MaxNesting) + `/ condition: $a }`, ""},
		"regex groups + 1":          {`rule a { strings: $a = /` + strings.Repeat("(", MaxNesting+1) + `a/ condition: $a }`, "nested deeper than 200"},
		"regex classes":             {`rule a { strings: $a = /[` + strings.Repeat("(", MaxNesting+1) + `]a/ condition: $a }`, ""},
		"hex groups + 1":            {`rule a { strings: $a = { 41 ` + strings.Repeat("(", MaxNesting+1) + ` } condition: $a }`, "nested deeper than 200"},
		"long names":                {"rule " + strings.Repeat("a", MaxName) + " { strings: $" + strings.Repeat("b", MaxName-1) + " = \"x\" condition: true }", ""},
		"a rule name + 1":           {"rule " + strings.Repeat("a", MaxName+1) + " { condition: true }", "line 1: a name of more than 128 bytes"},
		"a string name + 1":         {"rule a { strings: $" + strings.Repeat("b", MaxName) + " = \"x\" condition: true }", "a name of more than 128 bytes"},
		"long hex":                  {"rule a { strings: $a = {" + strings.Repeat("ab", 200) + "} condition: $a }", ""},
		"an open string":            {"rule a { strings: $a = \"x\ncondition: $a }\ninclude \"y\"", "line 3: include is not allowed"},
		"an open comment":           {"rule a /* include", ""},
	} {
		t.Run(name, func(t *testing.T) {
			err := Precheck(tt.source)
			if tt.want == "" {
				if err != nil {
					t.Fatalf("refused: %v", err)
				}
				return
			}
			if _, ok := errors.AsType[*LimitError](err); !ok || !strings.Contains(err.Error(), tt.want) {
				t.Fatalf("error %v, want one with %q", err, tt.want)
			}
		})
	}
}

// The walk must be linear in the text, whatever the text: the hostile inputs
// here took a square of their length where a lexer backtracks.
func BenchmarkPrecheckHostile(b *testing.B) {
	for name, s := range map[string]string{
		"slashes": strings.Repeat("/ ", MaxSource/2), "comments": strings.Repeat("/*", MaxSource/2),
		"quotes": strings.Repeat("\"\\", MaxSource/2), "text": "rule a { meta: x = \"" + strings.Repeat("a", MaxSource-30) + "\"",
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(s)))
			for b.Loop() {
				_ = Precheck(s)
			}
		})
	}
}

func FuzzPrecheck(f *testing.F) {
	for _, s := range []string{`rule a { strings: $a = "x" xor $b = {41 (42|43)} $c = /a(b)/ condition: not ($a) }`, "include \"x\"", "/*", "\"\\", "//\n$=", "YARA", "!a #b @c[1] !="} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		err := Precheck(s)
		if _, ok := errors.AsType[*LimitError](err); err != nil && !ok {
			t.Fatalf("not a limit: %v", err)
		}
		l := lexer{src: s, line: 1}
		for at := -1; ; {
			tok := l.next()
			if tok.kind == tokenEnd {
				break
			}
			if l.pos <= at {
				t.Fatalf("stands still at %d", at)
			}
			at = l.pos
		}
		if l.pos != len(s) {
			t.Fatalf("stopped at %d of %d", l.pos, len(s))
		}
	})
}
