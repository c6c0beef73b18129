package query

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// Parse reads the text form that String writes. Blanks between the parts are
// allowed. Errors name the byte offset.
func Parse(text string) (Node, error) {
	p := &parser{text: text}
	n, err := p.node(1)
	if err == nil && p.skip() != "" {
		err = fmt.Errorf("text after the end")
	}
	if err != nil {
		return nil, fmt.Errorf("query text at %d: %w", p.pos, err)
	}
	return n, nil
}

type parser struct {
	budget
	text string
	pos  int
}

// skip passes over blanks and returns the rest of the text.
func (p *parser) skip() string {
	for p.pos < len(p.text) && strings.IndexByte(" \t\r\n", p.text[p.pos]) >= 0 {
		p.pos++
	}
	return p.text[p.pos:]
}

func (p *parser) take(c byte) bool {
	rest := p.skip()
	if rest == "" || rest[0] != c {
		return false
	}
	p.pos++
	return true
}

func (p *parser) word() string {
	rest := p.skip()
	end := 0
	for end < len(rest) && strings.IndexByte(" \t\r\n(),\"", rest[end]) < 0 {
		end++
	}
	p.pos += end
	return rest[:end]
}

func (p *parser) node(depth int) (Node, error) {
	if err := p.spend(depth); err != nil {
		return nil, err
	}
	if strings.HasPrefix(p.skip(), `"`) {
		return p.literal()
	}
	name := p.word()
	switch name {
	case "all":
		return All{}, nil
	case "none":
		return None{}, nil
	case "fact":
		return p.fact()
	case "and", "or", "min":
		return p.combined(name, depth)
	}
	args, err := p.args()
	if err != nil {
		return nil, err
	}
	return leafFromText(name, args)
}

func (p *parser) literal() (Node, error) {
	s, err := p.quoted()
	if err != nil {
		return nil, err
	}
	fold := strings.HasPrefix(p.text[p.pos:], "i")
	if fold {
		p.pos++
	}
	return makeLiteral([]byte(s), fold)
}

// quoted reads a text in quotes.
func (p *parser) quoted() (string, error) {
	quoted, err := strconv.QuotedPrefix(p.text[p.pos:])
	if err != nil {
		return "", fmt.Errorf("bad quoted text")
	}
	s, err := strconv.Unquote(quoted)
	if err != nil {
		return "", fmt.Errorf("bad quoted text")
	}
	p.pos += len(quoted)
	return s, nil
}

// args reads "(a,b,...)" of plain words.
func (p *parser) args() ([]string, error) {
	if !p.take('(') {
		return nil, fmt.Errorf("expected a node")
	}
	var args []string
	for {
		args = append(args, p.word())
		if p.take(')') {
			return args, nil
		}
		if !p.take(',') {
			return nil, fmt.Errorf("expected , or )")
		}
	}
}

func leafFromText(name string, args []string) (Node, error) {
	switch {
	case name == "files":
		return filesFromText(args)
	case name == "type":
		return makeType(args)
	case name == "size" && len(args) == 2:
		lo, err1 := strconv.ParseUint(args[0], 10, 64)
		hi, err2 := strconv.ParseUint(args[1], 10, 64)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("bad size")
		}
		return Size{Min: lo, Max: hi}, nil
	case name == "masked" && len(args) == 2:
		b, err1 := hex.DecodeString(args[0])
		mask, err2 := hex.DecodeString(args[1])
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("bad masked")
		}
		return makeMasked(b, mask)
	case (name == "head" || name == "nothead") && len(args) == 2:
		at, err1 := strconv.Atoi(args[0])
		b, err2 := hex.DecodeString(args[1])
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("bad %s", name)
		}
		return makeHead(at, b, name == "nothead")
	case digestLen(name) > 0 && len(args) == 1:
		b, err := hex.DecodeString(args[0])
		if err != nil {
			return nil, fmt.Errorf("bad %s digest", name)
		}
		return makeHash(name, b)
	}
	return nil, fmt.Errorf("unknown node %.20q with %d arguments", name, len(args))
}

func (p *parser) combined(name string, depth int) (Node, error) {
	if !p.take('(') {
		return nil, fmt.Errorf("expected ( after %s", name)
	}
	k := 0
	if name == "min" {
		var err error
		if k, err = strconv.Atoi(p.word()); err != nil {
			return nil, fmt.Errorf("min needs a number first")
		}
	}
	kids, err := p.kids(name == "min", depth)
	if err != nil {
		return nil, err
	}
	switch name {
	case "and":
		return And{Kids: kids}, nil
	case "or":
		return Or{Kids: kids}, nil
	}
	return makeMin(k, kids)
}

// kids reads nodes up to the closing bracket; after a number a comma comes first.
func (p *parser) kids(comma bool, depth int) ([]Node, error) {
	var kids []Node
	for {
		if p.take(')') {
			return kids, nil
		}
		if comma && !p.take(',') {
			return nil, fmt.Errorf("expected , or )")
		}
		n, err := p.node(depth + 1)
		if err != nil {
			return nil, err
		}
		kids, comma = append(kids, n), true
	}
}
