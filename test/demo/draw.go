package main

import (
	"bytes"
	"fmt"
	"os"
	"regexp"
	"strings"
)

// A subject is one program of the corpus that the demo looks for: what it asks
// for is then surely there.
type subject struct {
	name  string
	texts []string // four printable strings of the program
	code  []byte   // 16 bytes from its middle
}

var words = regexp.MustCompile(`[A-Za-z][A-Za-z0-9_ .,:%-]{13,27}`)

// chooseSubject takes the first program of middling size that holds enough text.
func (d *demo) chooseSubject() (*subject, error) {
	for _, name := range d.files[d.planted:] {
		text, err := os.ReadFile(name)
		if err != nil || len(text) < 64<<10 || len(text) > 8<<20 || !bytes.HasPrefix(text, []byte("\x7fELF")) {
			continue
		}
		found := words.FindAllString(string(text), -1)
		code := text[len(text)/2 : len(text)/2+16]
		if len(found) >= 40 && distinct(code) >= 10 {
			n := len(found)
			return &subject{name: name, texts: []string{found[n/5], found[2*n/5], found[3*n/5], found[4*n/5]}, code: code}, nil
		}
	}
	return nil, fmt.Errorf("found no program with text of its own among %d files", len(d.files))
}

func distinct(b []byte) int {
	seen := map[byte]bool{}
	for _, c := range b {
		seen[c] = true
	}
	return len(seen)
}

func hexOf(b []byte) string { return strings.TrimSpace(fmt.Sprintf("% x", b)) }

// textRule wants strings of the program, in any case, and a small file.
func (s *subject) textRule() string {
	return fmt.Sprintf(`rule program_text
{
  strings:
    $a = %q
    $b = %q
    $c = %q nocase
  condition:
    uint32(0) == 0x464c457f and 2 of them and filesize < 20MB
}
`, s.texts[0], s.texts[1], s.texts[2])
}

// codeRule wants machine code with two bytes left open.
func (s *subject) codeRule() string {
	return fmt.Sprintf(`rule program_code
{
  strings:
    $k = { %s ?? ?? %s }
  condition:
    $k
}
`, hexOf(s.code[:7]), hexOf(s.code[9:]))
}
