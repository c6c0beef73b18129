package fleet

import "strconv"

// add appends a piece that needs no escape.
func (s *Stream) add(text string) { s.line = append(s.line, text...) }

// quote appends a string whose only odd characters are backslashes and quotes.
func (s *Stream) quote(text []byte) {
	for _, c := range text {
		if c == '\\' || c == '"' {
			s.line = append(s.line, '\\')
		}
		s.line = append(s.line, c)
	}
}

// number appends a number.
func (s *Stream) number(n uint64) { s.line = strconv.AppendUint(s.line, n, 10) }

// uuid appends a random UUID.
func (s *Stream) uuid() {
	const digits = "0123456789abcdef"
	a, b := s.rng.Uint64(), s.rng.Uint64()
	for i := range 32 {
		if i == 8 || i == 12 || i == 16 || i == 20 {
			s.line = append(s.line, '-')
		}
		if i == 16 {
			a = b
		}
		s.line = append(s.line, digits[a&15])
		a >>= 4
	}
}

// commandLine appends what a process was called with, to be quoted.
func (s *Stream) commandLine(dst []byte, m *machine, p *process) []byte {
	dst = append(dst, '"')
	dst = s.w.program(dst, p.program, m.Windows)
	dst = append(dst, `" --session `...)
	dst = strconv.AppendUint(dst, p.id&0xffff, 10)
	return append(dst, " --quiet"...)
}
