package iocfile

import (
	"fmt"
	"strings"
	"testing"
)

func TestPattern(t *testing.T) {
	for _, c := range []struct{ pattern, want string }{
		{`[domain-name:value = 'a']`, `domain-name:value=a`},
		{`[file:hashes.'SHA-256'='a']`, `file:hashes.SHA-256=a`},
		{`[file:hashes."SHA-256"='a']`, `file:hashes."SHA-256"=a`},
		{`[a:b = 'it\'s \\']`, `a:b=it's \`},
		{`[a:b = '[x] OR y = (z)']`, `a:b=[x] OR y = (z)`},
		{`[a:b IN ('1','2') OR c:d = '3'] OR [e:f = '4']`, `a:b=1 a:b=2 c:d=3 e:f=4`},
		{`([a:b = '1']) OR (([c:d = '2'] OR [(e:f = '3' OR (g:h = '4'))]))`, `a:b=1 c:d=2 e:f=3 g:h=4`},
		{"\t[\na:b\r= '1' ]\n", `a:b=1`},

		{``, `the pattern ends where [ is expected`},
		{`[`, `the pattern ends where a property such as domain-name:value is expected`},
		{`[a:b`, `the pattern ends where = is expected`},
		{`[a:b =`, `the pattern ends where a value in single quotes is expected`},
		{`[a:b = '1'`, `the pattern ends where ] is expected`},
		{`[a:b = '1'] x`, `pattern, character 13: "x" where the end is expected`},
		{`[a:b = '1'] OR`, `the pattern ends where [ is expected`},
		{`[a:b = 1]`, `pattern, character 8: "1" where a value in single quotes is expected`},
		{`[a:b = h'00']`, `pattern, character 8: "h" where a value in single quotes is expected`},
		{`[a:b = '1]`, `pattern, character 8: the quote is not closed`},
		{`[a:b = '\1']`, `pattern, character 8: \ stands before ' and \ only`},
		{`[a:hashes.'x = '1']`, `pattern, character 18: the quote is not closed`},
		{`[a:hashes.'x`, `pattern, character 2: the quote is not closed`},
		{`[a = '1']`, `pattern, character 2: "a" where a property such as domain-name:value is expected`},
		{`[a:b IN '1']`, `pattern, character 9: "1" where ( is expected`},
		{`[a:b IN ()]`, `pattern, character 10: ")" where a value in single quotes is expected`},
		{`[a:b IN ('1' '2')]`, `pattern, character 14: "2" where ) is expected`},
		{`domain-name:value = 'a'`, `pattern, character 1: "domain-name:value" where [ is expected`},
		{`[a:b = '1' AND c:d = '2']`, `the pattern uses AND; only = and IN, joined by OR, make a list of indicators`},
		{`[a:b != '1']`, `the pattern uses !=; only = and IN, joined by OR, make a list of indicators`},
		{`[a:b > '1']`, `the pattern uses >; only = and IN, joined by OR, make a list of indicators`},
		{`[a:b NOT = '1']`, `the pattern uses NOT; only = and IN, joined by OR, make a list of indicators`},
		{`[a:b LIKE '1%']`, `the pattern uses LIKE; only = and IN, joined by OR, make a list of indicators`},
		{`[a:b = '1'] FOLLOWEDBY [a:b = '2']`, `the pattern uses FOLLOWEDBY; only = and IN, joined by OR, make a list of indicators`},
		{`[a:b = '1'] WITHIN 5 SECONDS`, `the pattern uses WITHIN; only = and IN, joined by OR, make a list of indicators`},
		{strings.Repeat("(", 100) + `[a:b = '1']`, `the pattern nests deeper than 32`},
	} {
		terms, err := ReadPattern(c.pattern)
		var list []string
		for _, x := range terms {
			list = append(list, x.Path+"="+x.Value)
		}
		got := strings.Join(list, " ")
		if err != nil {
			got = err.Error()
		}
		if got != c.want {
			t.Errorf("%s\n got %s\nwant %s", c.pattern, got, c.want)
		}
	}
}

// FuzzPattern: no pattern breaks the reader, and one that is read has a value in
// each term that stands in the text.
func FuzzPattern(f *testing.F) {
	for _, s := range []string{`[file:hashes.'SHA-256' = 'a' OR a:b IN ('1', '2')]`, `([a:b='\\\''])`, `[a:b = '1' AND`, `''.''`, `[x.'y:z' = '']`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		terms, err := ReadPattern(text)
		if err != nil {
			if err.Error() == "" || len(err.Error()) > 300 {
				t.Errorf("%q: %q", text, err)
			}
			return
		}
		plain := strings.NewReplacer(`\'`, `'`, `\\`, `\`).Replace(text)
		if len(terms) == 0 || len(terms) > len(text) {
			t.Errorf("%q: %d terms", text, len(terms))
		}
		for _, x := range terms {
			if !strings.Contains(plain, x.Value) {
				t.Errorf("%q holds no %q", text, x.Value)
			}
		}
		// What is read is read alike when it is written out.
		var out []string
		for _, x := range terms {
			if strings.ContainsAny(x.Path, "\\' \t\r\n[]()=,<>!") {
				return // had quotes around it
			}
			out = append(out, fmt.Sprintf(`%s = '%s'`, x.Path, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(x.Value)))
		}
		again, err := ReadPattern("[" + strings.Join(out, " OR ") + "]")
		if err != nil || fmt.Sprint(again) != fmt.Sprint(terms) {
			t.Errorf("%q: %v, then %v, %v", text, terms, again, err)
		}
	})
}
