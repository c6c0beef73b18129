package telemetry

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
	"unsafe"
)

// A reader turns values into texts, times and numbers. What it decodes lives in
// its buffer until the next line.
type reader struct {
	buf    []byte
	latest int64 // µs; times behind it are refused
	texts  interner
}

// bytes are the characters of a value: a string's content, a literal as
// written, a list's first element. Nothing for an object.
func (r *reader) bytes(v value) []byte {
	switch v.form {
	case plain, literal:
		return v.raw
	case escaped:
		from := len(r.buf)
		r.buf = unescape(r.buf, v.raw)
		return r.buf[from:len(r.buf):len(r.buf)]
	case list:
		var first []byte
		found := false
		v.elements(func(element value) {
			if !found && element.form != list {
				found, first = true, r.bytes(element)
			}
		})
		return first
	}
	return nil
}

// each calls f with the characters of the elements of a list, or of the one
// value that stands in its place.
func (r *reader) each(v value, f func([]byte)) {
	if v.form != list {
		f(r.bytes(v))
		return
	}
	v.elements(func(element value) {
		if element.form != list {
			f(r.bytes(element))
		}
	})
}

// text is a value as a string of its own, cut to max bytes and made valid UTF-8.
func (r *reader) text(v value, max int) string { return r.own(r.bytes(v), max) }

func (r *reader) own(b []byte, max int) string {
	if len(b) > max {
		for b = b[:max]; max > 0 && len(b) > max-utf8.UTFMax && !utf8.RuneStart(b[len(b)-1]); {
			b = b[:len(b)-1]
		}
	}
	if !utf8.Valid(b) {
		b = bytes.ToValidUTF8(b, []byte("\uFFFD"))
	}
	return r.texts.text(b)
}

// view reads bytes as a string that is valid until the next line: for calls
// that keep nothing of it.
func view(b []byte) string { return unsafe.String(unsafe.SliceData(b), len(b)) }

// unescape appends the characters of an escaped string that a scanner has
// accepted.
func unescape(dst, raw []byte) []byte {
	for {
		at := bytes.IndexByte(raw, '\\')
		if at < 0 {
			return append(dst, raw...)
		}
		dst = append(dst, raw[:at]...)
		c := raw[at+1]
		raw = raw[at+2:]
		switch c {
		case 'b':
			c = '\b'
		case 'f':
			c = '\f'
		case 'n':
			c = '\n'
		case 'r':
			c = '\r'
		case 't':
			c = '\t'
		case 'u':
			var char rune
			char, raw = escapedRune(raw)
			dst = utf8.AppendRune(dst, char)
			continue
		}
		dst = append(dst, c)
	}
}

// escapedRune reads the four digits behind \u and, of a surrogate pair, the
// second escape.
func escapedRune(raw []byte) (rune, []byte) {
	char, _ := hex4(raw)
	raw = raw[4:]
	if !utf16.IsSurrogate(char) {
		return char, raw
	}
	if len(raw) >= 6 && raw[0] == '\\' && raw[1] == 'u' {
		second, _ := hex4(raw[2:])
		if pair := utf16.DecodeRune(char, second); pair != utf8.RuneError {
			return pair, raw[6:]
		}
	}
	return utf8.RuneError, raw
}

// hex4 reads four hexadecimal digits.
func hex4(b []byte) (rune, bool) {
	if len(b) < 4 {
		return 0, false
	}
	var n rune
	for _, c := range b[:4] {
		digit := hexDigit(c)
		if digit < 0 {
			return 0, false
		}
		n = n<<4 | rune(digit)
	}
	return n, true
}

// hexDigit is the value of a hexadecimal digit; below 0 when c is none.
func hexDigit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return int(c|0x20-'a') + 10
	}
	return -1
}

// number reads an unsigned decimal; 0 when the value is none.
func (r *reader) number(v value) uint64 {
	n, err := strconv.ParseUint(view(r.bytes(v)), 10, 64)
	if err != nil {
		return 0
	}
	return n
}
