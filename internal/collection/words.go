package collection

import (
	"fmt"
	"strings"
)

// separators are the characters between words, as ranges that grow: the ASCII
// characters that are no letters or digits, and the punctuation, symbols and
// invisible characters of Unicode that occur in names. All others, accents and
// scripts without spaces included, are parts of words. It is a list of ranges,
// and no property of Unicode's, because databases must draw the same line.
func separators() [][2]rune {
	return [][2]rune{
		{0x01, '/'},
		{':', '@'},
		{'[', '`'},
		{'{', 0xA9},
		{0xAB, 0xB1},
		{0xB4, 0xB4},
		{0xB6, 0xB8},
		{0xBB, 0xBB},
		{0xBF, 0xBF},
		{0xD7, 0xD7},
		{0xF7, 0xF7},
		{0x2000, 0x206F},
		{0x20A0, 0x20CF},
		{0x2190, 0x2BFF},
		{0x3000, 0x3004},
		{0x3008, 0x3020},
		{0xFE10, 0xFE1F},
		{0xFE30, 0xFE6F},
		{0xFEFF, 0xFEFF},
		{0xFF01, 0xFF0F},
		{0xFF1A, 0xFF20},
		{0xFF3B, 0xFF40},
		{0xFF5B, 0xFF65},
		{0xFFFD, 0xFFFD},
		{0x1F000, 0x1FAFF},
	}
}

// separatorClass writes the separators for a character class: characters up to
// U+FFFF in one form, those above in another.
func separatorClass(form, wide string) string {
	var b strings.Builder
	for _, r := range separators() {
		f := form
		if r[0] > 0xFFFF {
			f = wide
		}
		fmt.Fprintf(&b, f+"-"+f, r[0], r[1])
	}
	return b.String()
}

func separates(r rune) bool {
	if r < 0x80 { // nearly all
		return !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || 'A' <= r && r <= 'Z')
	}
	for _, s := range separators() {
		if r <= s[1] {
			return r >= s[0]
		}
	}
	return false
}

// split cuts a text into its words.
func split(text string) []string { return strings.FieldsFunc(text, separates) }

// Tokens are the words of a text in lower case.
func Tokens(text string) []string { return split(strings.ToLower(text)) }
