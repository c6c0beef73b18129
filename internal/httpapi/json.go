package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mewshq/mews"
)

// Limits of one JSON body besides its size.
const (
	maxDepth  = 32
	maxTokens = 50_000 // of a body of up to 800 kB
)

// A node is one JSON value with its place in the body.
type node struct {
	kind byte // one of { [ " 0 t f n
	off  int
	raw  []byte
	text string // of a string
	keys []string
	kids []node
}

// parseJSON reads exactly one JSON value. It refuses what a lenient reader
// would take in two ways: keys given twice or differing in case only, invalid
// UTF-8, lone surrogates, a byte order mark, a second value.
func parseJSON(body []byte) (node, error) {
	if bytes.HasPrefix(body, []byte("\xef\xbb\xbf")) {
		return node{}, jsonError(0, "byte order mark")
	}
	if !utf8.Valid(body) {
		return node{}, jsonError(invalidUTF8At(body), "invalid UTF-8")
	}
	if err := checkShape(body); err != nil {
		return node{}, err
	}
	var whole json.RawMessage
	if err := json.Unmarshal(body, &whole); err != nil {
		if syntax, ok := errors.AsType[*json.SyntaxError](err); ok {
			return node{}, jsonError(int(syntax.Offset), "%s", syntax.Error())
		}
		return node{}, jsonError(0, "malformed")
	}
	b := builder{body: body}
	return b.value()
}

func jsonError(off int, format string, args ...any) error {
	return mews.Errorf(mews.ErrInvalid, "JSON error at %d: %s", off, fmt.Sprintf(format, args...))
}

func invalidUTF8At(b []byte) int {
	off := 0
	for off < len(b) {
		r, n := utf8.DecodeRune(b[off:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		off += n
	}
	return off
}

// checkShape bounds depth and tokens in one pass, before anything is built. Of a
// long body that means what it says a token has sixteen bytes and more.
func checkShape(body []byte) error {
	most := max(maxTokens, len(body)/16)
	depth, tokens := 0, 0
	for i := 0; i < len(body); i++ {
		switch body[i] {
		case '"':
			i = skipString(body, i) - 1
		case '{', '[':
			if depth++; depth > maxDepth {
				return mews.Errorf(mews.ErrInvalid, "JSON nested deeper than %d", maxDepth)
			}
		case '}', ']':
			depth--
		case ',', ':':
			if tokens++; tokens > most {
				return mews.Errorf(mews.ErrInvalid, "JSON has more than %d tokens", most)
			}
		}
	}
	return nil
}

// skipString gives the offset after the string that starts at i.
func skipString(body []byte, i int) int {
	for i++; i < len(body); i++ {
		switch body[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(body)
}

// A builder turns text that is known to be valid JSON into nodes.
type builder struct {
	body []byte
	pos  int
}

func (b *builder) space() byte {
	for b.pos < len(b.body) {
		switch c := b.body[b.pos]; c {
		case ' ', '\t', '\r', '\n':
			b.pos++
		default:
			return c
		}
	}
	return 0
}

func (b *builder) value() (node, error) {
	n := node{kind: b.space(), off: b.pos}
	var err error
	switch n.kind {
	case '{', '[':
		err = b.container(&n)
	case '"':
		n.text, err = b.text()
	case 't', 'f', 'n':
		b.word()
	default:
		n.kind = '0'
		b.word()
	}
	n.raw = b.body[n.off:b.pos]
	return n, err
}

// word passes over a number or one of true, false, null.
func (b *builder) word() {
	for b.pos < len(b.body) && !bytes.ContainsRune([]byte(" \t\r\n,]}"), rune(b.body[b.pos])) {
		b.pos++
	}
}

func (b *builder) container(n *node) error {
	closing := byte(']')
	if n.kind == '{' {
		closing = '}'
	}
	seen := map[string]string{}
	b.pos++
	for b.space() != closing {
		if b.body[b.pos] == ',' {
			b.pos++
			continue
		}
		if n.kind == '{' {
			if err := b.key(n, seen); err != nil {
				return err
			}
		}
		kid, err := b.value()
		if err != nil {
			return err
		}
		n.kids = append(n.kids, kid)
	}
	b.pos++
	return nil
}

func (b *builder) key(n *node, seen map[string]string) error {
	off := b.pos
	key, err := b.text()
	if err != nil {
		return err
	}
	fold := foldKey(key)
	if first, twice := seen[fold]; twice {
		if first == key {
			return jsonError(off, "duplicate key %s", quote(key))
		}
		return jsonError(off, "key %s repeats %s in another case", quote(key), quote(first))
	}
	seen[fold] = key
	n.keys = append(n.keys, key)
	b.space()
	b.pos++ // the colon
	return nil
}

func (b *builder) text() (string, error) {
	off := b.pos
	b.pos = skipString(b.body, off)
	raw := b.body[off:b.pos]
	if at := loneSurrogate(raw); at >= 0 {
		return "", jsonError(off+at, "lone surrogate")
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return "", jsonError(off, "bad string")
	}
	return s, nil
}

// loneSurrogate finds a \u escape of half a character in a raw string, or -1.
func loneSurrogate(raw []byte) int {
	for i := 0; i+1 < len(raw); i++ {
		if raw[i] != '\\' {
			continue
		}
		if raw[i+1] != 'u' {
			i++
			continue
		}
		switch c := escape(raw[i:]); {
		case c >= 0xDC00 && c <= 0xDFFF:
			return i
		case c >= 0xD800 && c <= 0xDBFF:
			if low := escape(raw[min(i+6, len(raw)):]); low < 0xDC00 || low > 0xDFFF {
				return i
			}
			i += 11
		default:
			i += 5
		}
	}
	return -1
}

// escape reads \uXXXX, or gives -1.
func escape(raw []byte) int {
	if len(raw) < 6 || raw[0] != '\\' || raw[1] != 'u' {
		return -1
	}
	c, err := strconv.ParseUint(string(raw[2:6]), 16, 16)
	if err != nil {
		return -1
	}
	return int(c)
}

// foldKey maps keys that differ in case only to one word.
func foldKey(s string) string {
	return strings.Map(func(r rune) rune {
		least := r
		for f := unicode.SimpleFold(r); f != r; f = unicode.SimpleFold(f) {
			least = min(least, f)
		}
		return least
	}, s)
}

// quote shows foreign text in an error: escaped and cut to 64 characters.
func quote(s string) string {
	if r := []rune(s); len(r) > 64 {
		s = string(r[:64]) + "..."
	}
	return strconv.QuoteToASCII(s)
}
