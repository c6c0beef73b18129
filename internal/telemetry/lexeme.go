package telemetry

import (
	"encoding/binary"
	"math/bits"
)

// quoted reads a string from its opening quote.
func (s *scanner) quoted() (value, error) {
	s.at++
	v := value{form: plain}
	from := s.at
	for {
		s.at += ordinary(s.text[s.at:])
		if s.at == len(s.text) {
			return value{}, s.fail("a string without an end")
		}
		switch c := s.text[s.at]; c {
		case '"':
			v.raw = s.text[from:s.at]
			s.at++
			return v, nil
		case '\\':
			v.form = escaped
			if err := s.escape(); err != nil {
				return value{}, err
			}
		default:
			return value{}, s.fail("a control character in a string")
		}
	}
}

// escape reads one escape sequence.
func (s *scanner) escape() error {
	if s.at++; s.at == len(s.text) {
		return s.fail("a string without an end")
	}
	switch s.text[s.at] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		s.at++
		return nil
	case 'u':
		if _, ok := hex4(s.text[s.at+1:]); ok {
			s.at += 5
			return nil
		}
	}
	return s.fail("an unknown escape sequence")
}

// ordinary counts the leading bytes of a string that are neither quotes nor
// backslashes nor control characters. It looks at eight bytes at a time.
func ordinary(text []byte) int {
	const low, high = 0x0101010101010101, 0x8080808080808080
	at := 0
	for ; at+8 <= len(text); at += 8 {
		w := binary.LittleEndian.Uint64(text[at:])
		quote, back := w^low*'"', w^low*'\\'
		// The high bit of a byte is set where the byte is 0, or below 0x20. A
		// borrow reaches only bytes above the first such one.
		odd := ((quote - low) &^ quote) | ((back - low) &^ back) | ((w - low*0x20) &^ w)
		if odd &= high; odd != 0 {
			return at + bits.TrailingZeros64(odd)/8
		}
	}
	for ; at < len(text); at++ {
		if c := text[at]; c == '"' || c == '\\' || c < 0x20 {
			break
		}
	}
	return at
}

// number reads a number by the grammar of JSON.
func (s *scanner) number() error {
	if s.text[s.at] == '-' {
		s.at++
	}
	switch digits := s.digits(); {
	case digits == 0:
		return s.fail("expected a digit")
	case digits > 1 && s.text[s.at-digits] == '0':
		return s.fail("a number with a leading zero")
	}
	if s.at < len(s.text) && s.text[s.at] == '.' {
		if s.at++; s.digits() == 0 {
			return s.fail("expected a digit")
		}
	}
	if s.at < len(s.text) && s.text[s.at]|0x20 == 'e' {
		if s.at++; s.at < len(s.text) && (s.text[s.at] == '+' || s.text[s.at] == '-') {
			s.at++
		}
		if s.digits() == 0 {
			return s.fail("expected a digit")
		}
	}
	return nil
}

// digits skips decimal digits and counts them.
func (s *scanner) digits() int {
	from := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at - from
}
