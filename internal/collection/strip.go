package collection

import (
	"bytes"
	"database/sql/driver"
	"fmt"
	"math"
	"strings"
	"unicode/utf8"
)

// A strip is one column of one part of a customer's records: its different
// values, and for each row which of them it has. What looks at all records looks
// at each different value once, and at a number for each row.
type strip struct {
	cells []cell   // the different values; the first stands for none
	text  []byte   // of the cells
	rows  []uint32 // by row: its cell

	// What a strip that is read again takes the place of.
	body, wide, lower []byte
	hits              []bool
}

// A value is one of a strip that is not missing.
type value struct {
	cell
	text   []byte
	folded []byte // text as its fitting wants it folded
}

// A folding of text for comparison, for all values of a strip at once.
type textFold uint8

const (
	asItIs textFold = iota
	lowerCase
	lowerASCIICase
)

// fitting tells for each cell whether it fits. The answer is good until the next
// one.
func (s *strip) fitting(fold textFold, fits fitting) []bool {
	s.hits = append(s.hits[:0], make([]bool, len(s.cells))...)
	folded, whole := s.folded(fold)
	for i := 1; i < len(s.cells); i++ {
		v := value{cell: s.cells[i]}
		if v.kind == cellText {
			v.text = v.of(s.text)
			v.folded = v.of(folded)
			if !whole {
				v.folded = bytes.ToLower(v.text)
			}
		}
		s.hits[i] = fits(v)
	}
	return s.hits
}

// folded is the text folded, with all values where they were; whole is false when
// that cannot be: a character in lower case may be longer or shorter.
func (s *strip) folded(fold textFold) (text []byte, whole bool) {
	if fold == asItIs {
		return s.text, true
	}
	s.lower = append(s.lower[:0], s.text...)
	for i, c := range s.lower {
		switch {
		case 'A' <= c && c <= 'Z':
			s.lower[i] = c + 'a' - 'A'
		case c >= utf8.RuneSelf && fold == lowerCase:
			return s.text, false
		}
	}
	return s.lower, true
}

// A stripMaker puts values into a strip, row by row.
type stripMaker struct {
	cells []cell
	text  []byte
	rows  []uint32
	texts map[string]uint32 // known ones
	plain map[cell]uint32   // without text
}

func newStripMaker() *stripMaker {
	return &stripMaker{cells: make([]cell, 1), texts: map[string]uint32{}, plain: map[cell]uint32{}}
}

func (m *stripMaker) add(v driver.Value) error {
	var n uint32
	switch v := v.(type) {
	case nil:
	case int64:
		n = m.number(cell{n: v, kind: cellInteger})
	case float64:
		n = m.number(cell{n: int64(math.Float64bits(v)), kind: cellNumber})
	case string:
		n = m.word(v)
	case []byte:
		n = m.word(string(v))
	default:
		return fmt.Errorf("a strip cannot hold a %T", v)
	}
	m.rows = append(m.rows, n)
	return nil
}

// number gives the cell of a value without text.
func (m *stripMaker) number(c cell) uint32 {
	n, ok := m.plain[c]
	if !ok {
		n = uint32(len(m.cells))
		m.plain[c], m.cells = n, append(m.cells, c)
	}
	return n
}

// word gives the cell of a text; an empty one is none.
func (m *stripMaker) word(text string) uint32 {
	n, ok := m.texts[text]
	if ok || text == "" {
		return n
	}
	n = uint32(len(m.cells))
	m.cells = append(m.cells, cell{n: int64(len(m.text)), size: int32(len(text)), kind: cellText})
	m.text = append(m.text, text...)
	m.texts[strings.Clone(text)] = n
	return n
}
