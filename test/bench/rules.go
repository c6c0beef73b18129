package main

import (
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"strings"
)

// A rule is one hunt of the kinds that search-index research compares: each has
// its strings drawn from the corpus, so that it selects something.
type rule struct{ name, source string }

// drawRules writes a dozen rules with literals taken from random files.
func drawRules(c corpus, rng *rand.Rand) ([]rule, error) {
	d := drawer{c: c, rng: rng}
	rules := []rule{
		{"and of three strings", d.rule("all of them", d.text(8), d.text(9), d.text(10))},
		{"any of five long strings", d.rule("any of them", d.text(20), d.text(24), d.text(20), d.text(28), d.text(22))},
		{"header and two strings", d.rule("uint32(0) == 0x464c457f and all of them", d.text(12), d.text(10))},
		{"long string, nocase ascii wide", d.rule("$s0", d.text(24)+" nocase ascii wide")},
		{"two short hex sequences", d.rule("all of them", d.hex(6, 0), d.hex(6, 3))},
		{"hex with wildcards and jump", d.rule("$s0", "{ "+d.hexBytes(6)+" ?? ?? "+d.hexBytes(4)+" [2-8] "+d.hexBytes(5)+" }")},
		{"two regexes with literals", d.rule("all of them", "/"+d.word(8)+"[0-9a-z_]{0,12}/", "/"+d.word(6)+".{0,8}/")},
		{"header and 2 of 5", d.rule("uint32(0) == 0x464c457f and 2 of them", d.text(8), d.text(8), d.text(9), d.text(10), d.text(7))},
		{"xor over 255 keys", d.rule("$s0", d.text(14)+" xor(1-255)")},
		{"hex alternation, or string and size", d.rule("$s0 or ($s1 and filesize < 200KB)", "{ "+d.hexBytes(4)+" ( "+d.hexBytes(2)+" | "+d.hexBytes(2)+" ) "+d.hexBytes(4)+" }", d.text(12))},
		{"wide string", d.rule("$s0", d.text(14)+" wide")},
		{"string and size", d.rule("all of them and filesize < 2MB", d.text(6), d.text(7))},
	}
	return rules, d.err
}

// A drawer takes literals from the corpus; its first error sticks.
type drawer struct {
	c   corpus
	rng *rand.Rand
	n   int
	err error
}

func (d *drawer) piece(n int, ok func([]byte) bool) []byte {
	for range 5000 {
		if d.err != nil {
			break
		}
		b, err := randomPiece(d.c, d.rng, n)
		if err != nil {
			d.err = err
		} else if b != nil && ok(b) {
			return b
		}
	}
	if d.err == nil {
		d.err = fmt.Errorf("found no piece of %d bytes of the wanted kind", n)
	}
	return make([]byte, n)
}

func (d *drawer) text(n int) string {
	return fmt.Sprintf("%q", strings.ToValidUTF8(string(d.piece(n, isPlainText)), "?"))
}

func (d *drawer) word(n int) string { return string(d.piece(n, isWord)) }

func (d *drawer) hexBytes(n int) string {
	b := d.piece(n, varied)
	var words []string
	for i := range b {
		words = append(words, hex.EncodeToString(b[i:i+1]))
	}
	return strings.Join(words, " ")
}

// hex writes a hex string of n bytes, with a wildcard before byte hole when it
// is not 0.
func (d *drawer) hex(n, hole int) string {
	if hole == 0 {
		return "{ " + d.hexBytes(n) + " }"
	}
	return "{ " + d.hexBytes(hole) + " ?? " + d.hexBytes(n) + " }"
}

func (d *drawer) rule(condition string, patterns ...string) string {
	d.n++
	var b strings.Builder
	fmt.Fprintf(&b, "rule bench_%d {\n  strings:\n", d.n)
	for i, p := range patterns {
		fmt.Fprintf(&b, "    $s%d = %s\n", i, p)
	}
	fmt.Fprintf(&b, "  condition:\n    %s\n}\n", condition)
	return b.String()
}

// isPlainText holds text that needs no escape in a rule.
func isPlainText(b []byte) bool {
	return isText(b) && !strings.ContainsAny(string(b), "\"\\")
}

func isWord(b []byte) bool {
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' {
			return false
		}
	}
	return varied(b)
}
