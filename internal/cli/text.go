package cli

import (
	"fmt"
	"io"
	"strings"
	"unicode/utf8"
)

// maxForeign bounds, in bytes, what one foreign value may take of a line.
const maxForeign = 1 << 10

// unsafeRune tells whether a character could steer a terminal or make a text
// look like another one: controls, and marks of writing direction.
func unsafeRune(r rune) bool {
	switch {
	case r < 0x20, r >= 0x7f && r <= 0x9f,
		r >= 0x202a && r <= 0x202e, r >= 0x2066 && r <= 0x2069,
		r == 0x2028, r == 0x2029, r == 0x200e, r == 0x200f, r == 0x061c, r == 0xfeff:
		return true
	}
	return false
}

// printable makes a text that others chose harmless on a terminal and in a log:
// unsafe characters and bytes are spelled out, and it stays short.
func printable(s string) string {
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case unsafeRune(r):
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		i += n
		if b.Len() > maxForeign && i < len(s) {
			b.WriteString("…")
			break
		}
	}
	return b.String()
}

// textOut is standard output for a text that must come through as it is; where
// that is a terminal, it is made harmless.
func (g *globals) textOut() io.Writer {
	if g.isTerminal(g.Out) {
		return harmless{g.Out}
	}
	return g.Out
}

// harmless spells out what could steer a terminal, but for line breaks.
type harmless struct{ w io.Writer }

func (h harmless) Write(p []byte) (int, error) {
	var b strings.Builder
	for text := p; len(text) > 0; {
		r, n := utf8.DecodeRune(text)
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, text[0])
		case unsafeRune(r) && r != '\n' && r != '\t':
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			b.WriteRune(r)
		}
		text = text[n:]
	}
	if _, err := io.WriteString(h.w, b.String()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// jsonSafe spells out the unsafe characters that encoding/json leaves as they
// are. The text stays JSON of the same value.
func jsonSafe(b []byte) []byte {
	out := make([]byte, 0, len(b))
	for len(b) > 0 {
		r, n := utf8.DecodeRune(b)
		if r >= 0x7f && unsafeRune(r) { // below, JSON text holds only its own line breaks
			out = fmt.Appendf(out, `\u%04x`, r)
		} else {
			out = append(out, b[:n]...)
		}
		b = b[n:]
	}
	return out
}

// csvCell quotes a value. A text that a spreadsheet would take for a formula
// gets an apostrophe in front; the JSON output is the exact one.
func csvCell(value string, isText bool) string {
	first, _ := utf8.DecodeRuneInString(strings.TrimLeft(value, " \u00a0"))
	if isText && strings.ContainsRune("=+-@\t\r\n＝＋－＠", first) {
		value = "'" + value
	}
	return `"` + strings.ReplaceAll(printable(value), `"`, `""`) + `"`
}
