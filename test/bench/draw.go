package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"os"
)

// A drawer takes runs of bytes from random places of the corpus. Its first
// error sticks.
type drawer struct {
	c     *corpus
	rng   *rand.Rand
	magic map[string]*corpus // the files that begin so
	err   *error
}

func newDrawer(c *corpus, rng *rand.Rand) *drawer { return &drawer{c: c, rng: rng, err: new(error)} }

func (d *drawer) failed() bool { return *d.err != nil }

// A kind of bytes that people search for.
type kind struct {
	name  string
	holds func([]byte) bool
}

var (
	ascii     = kind{"ascii", isText}
	wide      = kind{"wide", isWide}
	bytesKind = kind{"binary", varied}
	plain     = kind{"plain text", isPlainText} // needs no escape in a rule
	word      = kind{"word", isWord}
)

// varied refuses runs and padding, which no one searches for.
func varied(b []byte) bool {
	seen := map[byte]bool{}
	for _, c := range b {
		seen[c] = true
	}
	return len(seen) > len(b)/2 && len(seen) > 1 || len(seen) > 16
}

func isText(b []byte) bool {
	for _, c := range b {
		if c < 0x20 || c > 0x7e {
			return false
		}
	}
	return varied(b)
}

func isWide(b []byte) bool {
	if len(b) < 8 || len(b)%2 != 0 {
		return false
	}
	narrow := make([]byte, 0, len(b)/2)
	for i := 0; i < len(b); i += 2 {
		if b[i+1] != 0 {
			return false
		}
		narrow = append(narrow, b[i])
	}
	return isPlainText(narrow)
}

func isPlainText(b []byte) bool { return isText(b) && !bytes.ContainsAny(b, "\"\\") }

func isWord(b []byte) bool {
	for _, c := range b {
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && c != '_' {
			return false
		}
	}
	return varied(b)
}

// window is how much of a file is looked through for a piece of a kind.
const window = 64 << 10

// piece takes n bytes of a kind from anywhere.
func (d *drawer) piece(n int, k kind) *probe {
	for range 4000 {
		if d.failed() {
			break
		}
		if b := d.pieceOf(d.rng.IntN(len(d.c.files)), n, k); b != nil {
			return &probe{class: k.name, bytes: b}
		}
	}
	if !d.failed() {
		*d.err = fmt.Errorf("found no %d bytes of kind %s in corpus %s", n, k.name, d.c.name)
	}
	return &probe{class: k.name, bytes: make([]byte, max(n, anchorLen))}
}

// pieceOf takes n bytes of a kind from a random place of a file, or what
// follows next after that place; nil when there are none near.
func (d *drawer) pieceOf(no, n int, k kind) []byte {
	size := d.c.sizes[no]
	if d.failed() || size < int64(n) {
		return nil
	}
	f, err := os.Open(d.c.files[no])
	if err != nil {
		*d.err = err
		return nil
	}
	defer f.Close()
	from := d.rng.Int64N(size - int64(n) + 1)
	b := make([]byte, min(window, size-from))
	if _, err := f.ReadAt(b, from); err != nil {
		*d.err = err
		return nil
	}
	for i := 0; i+n <= len(b); i++ {
		if k.holds(b[i : i+n]) {
			return bytes.Clone(b[i : i+n])
		}
	}
	return nil
}

// several takes pieces of a kind, all from one file.
func (d *drawer) several(k kind, lengths ...int) []*probe {
	for range 400 {
		no := d.rng.IntN(len(d.c.files))
		var out []*probe
		for _, n := range lengths {
			b := d.pieceOf(no, n, k)
			if b == nil || contains(out, b) {
				break
			}
			out = append(out, &probe{class: k.name, bytes: b})
		}
		if len(out) == len(lengths) {
			return out
		}
	}
	if !d.failed() {
		*d.err = fmt.Errorf("found no file with pieces of %v bytes of kind %s", lengths, k.name)
	}
	return []*probe{d.piece(lengths[0], k)}
}

func contains(probes []*probe, b []byte) bool {
	for _, p := range probes {
		if bytes.Equal(p.bytes, b) {
			return true
		}
	}
	return false
}

// absent splices two halves of different files. That no file holds the whole
// the oracle tells.
func (d *drawer) absent(n int) *probe {
	half, other := d.piece(n/2, bytesKind), d.piece(n-n/2, bytesKind)
	return &probe{class: "absent", bytes: append(bytes.Clone(half.bytes), other.bytes...)}
}

// holes makes the bytes at these places wildcards.
func (p *probe) holes(at ...int) *probe { return p.cover(0x00, at) }

// nibbles makes the low half of the bytes at these places a wildcard, and the
// high half of those at negative places.
func (p *probe) nibbles(at ...int) *probe {
	for _, i := range at {
		if i < 0 {
			p.cover(0x0f, []int{-i})
		} else {
			p.cover(0xf0, []int{i})
		}
	}
	return p
}

func (p *probe) cover(mask byte, at []int) *probe {
	if p.mask == nil {
		p.mask = bytes.Repeat([]byte{0xff}, len(p.bytes))
	}
	for _, i := range at {
		p.mask[i] = mask
		p.bytes[i] &= mask
	}
	return p
}

// head reads the first n bytes of a file, fewer when it is shorter.
func (d *drawer) head(name string, n int) []byte {
	f, err := os.Open(name)
	if err != nil {
		*d.err = err
		return nil
	}
	defer f.Close()
	b := make([]byte, n)
	n, _ = f.ReadAt(b, 0) // a shorter file has a shorter head
	return b[:n]
}
