package yara

import "strings"

// The lexer splits YARA source just far enough to count what the limits speak
// of. It is no parser: where the text is broken it goes on, and the engine says
// what is wrong.

type tokenKind byte

const (
	tokenWord   tokenKind = iota // identifier or keyword
	tokenNumber                  // anything that starts with a digit
	tokenText                    // "..."
	tokenRegex                   // /.../
	tokenSigil                   // $a, #a, @a, !a, names included
	tokenMark                    // one byte of punctuation
	tokenEnd
)

type token struct {
	kind tokenKind
	text string
	line int
}

type lexer struct {
	src  string
	pos  int
	line int
}

// next gives the next token outside comments. It always moves on.
func (l *lexer) next() token {
	l.skip()
	start, line := l.pos, l.line
	if start == len(l.src) {
		return token{kind: tokenEnd, line: line}
	}
	c := l.src[l.pos]
	l.pos++
	kind := tokenMark
	switch {
	case c == '"':
		kind = tokenText
		l.quoted('"')
	case c == '/':
		kind = tokenRegex // division is written \
		l.quoted('/')
	case isDigit(c):
		kind = tokenNumber
		l.word()
	case isWord(c):
		kind = tokenWord
		l.word()
	case c == '$' || c == '#' || c == '@' || c == '!' && l.pos < len(l.src) && isWord(l.src[l.pos]):
		kind = tokenSigil
		l.word()
	}
	return token{kind: kind, text: l.src[start:l.pos], line: line}
}

// skip passes over blanks and comments.
func (l *lexer) skip() {
	for l.pos < len(l.src) {
		rest := l.src[l.pos:]
		switch {
		case rest[0] == '\n':
			l.line++
			l.pos++
		case rest[0] == ' ' || rest[0] == '\t' || rest[0] == '\r':
			l.pos++
		case strings.HasPrefix(rest, "//"):
			l.to(rest, "\n", 0)
		case strings.HasPrefix(rest, "/*"):
			l.to(rest, "*/", 2)
		default:
			return
		}
	}
}

// to moves to the end mark (and past so many bytes of it), or to the end.
func (l *lexer) to(rest, end string, past int) {
	i := strings.Index(rest[2:], end)
	if i < 0 {
		i = len(rest)
	} else {
		i += 2 + past
	}
	l.line += strings.Count(rest[:i], "\n")
	l.pos += i
}

// quoted moves past the closing quote. A line end closes it too: neither form
// may span lines.
func (l *lexer) quoted(quote byte) {
	for l.pos < len(l.src) {
		c := l.src[l.pos]
		switch {
		case c == '\n':
			return
		case c == '\\' && l.pos+1 < len(l.src) && l.src[l.pos+1] != '\n':
			l.pos++
		case c == quote:
			l.pos++
			return
		}
		l.pos++
	}
}

func (l *lexer) word() {
	for l.pos < len(l.src) && isWord(l.src[l.pos]) {
		l.pos++
	}
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func isWord(c byte) bool {
	return c == '_' || isDigit(c) || c|0x20 >= 'a' && c|0x20 <= 'z'
}
