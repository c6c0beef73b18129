package main

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
)

// A hunt rule of the kinds that are usual, with strings drawn from the corpus so
// that it selects something. Its parts are what it holds of literal bytes.
type rule struct {
	name   string
	source string
	parts  []*probe
}

// A ruleSlot is one rule to be: several are drawn, and the first whose strings
// are each in a fitting share of the files is taken.
type ruleSlot struct {
	name  string
	draw  func(*drawer) *rule
	fits  func(files, of int) bool
	drawn []*rule
}

// few is what makes a string worth putting into a rule: at most one file in two
// hundred holds it. License texts and the like, which a quarter of all files hold,
// are not.
func few(files, of int) bool { return files*200 <= of }

// usual is a string that many files hold.
func usual(files, of int) bool { return files*100 >= of && files*5 <= of }

// ruleSlots are a dozen rules of the kinds that docs/performance.md compares, and
// some of other constructs.
func ruleSlots() []*ruleSlot {
	var all []*ruleSlot
	add := func(name string, fits func(int, int) bool, draw func(*drawer) *rule) {
		all = append(all, &ruleSlot{name: name, fits: fits, draw: draw})
	}
	of := func(condition string, parts []*probe, texts ...string) *rule {
		return &rule{source: ruleText("bench", condition, texts...), parts: parts}
	}
	add("and of three names", few, func(d *drawer) *rule {
		p := d.several(word, 10, 12, 14)
		return of("all of them", p, quoted(p)...)
	})
	add("any of five long strings", few, func(d *drawer) *rule {
		p := append(d.several(plain, 24, 32), d.piece(28, plain), d.piece(20, plain), d.piece(24, plain))
		return of("any of them", p, quoted(p)...)
	})
	add("MZ header and two wide strings", few, func(d *drawer) *rule {
		p := d.from(magicMZ).several(wide, 20, 24)
		return of("uint16(0) == 0x5A4D and all of them", p, narrow(p, " wide")...)
	})
	add("long string, nocase ascii wide", few, func(d *drawer) *rule {
		p := []*probe{d.piece(24, plain)}
		return of("$s0", p, fmt.Sprintf("%q nocase ascii wide", p[0].bytes))
	})
	add("two short hex sequences", few, func(d *drawer) *rule {
		p := d.several(bytesKind, 6, 8)
		p[len(p)-1].holes(3)
		return of("all of them", wholeOnly(p), p[0].hex(), p[len(p)-1].hex())
	})
	add("hex with wildcards and a jump", few, func(d *drawer) *rule {
		b := d.piece(24, bytesKind).bytes
		return of("$s0", []*probe{{bytes: b[:6]}}, "{ "+hexWords(b[:6])+" ?? ?? "+hexWords(b[8:12])+" [2-8] "+hexWords(b[17:24])+" }")
	})
	add("two regexes with literals", few, func(d *drawer) *rule {
		p := d.several(word, 8, 6)
		return of("all of them", p, "/"+string(p[0].bytes)+"[0-9a-z_]{0,12}/", "/"+string(p[len(p)-1].bytes)+".{0,8}[a-z(]/")
	})
	add("MZ header and 2 of 5 names", few, func(d *drawer) *rule {
		mz := d.from(magicMZ)
		p := append(mz.several(word, 12, 10, 14), mz.piece(11, word), mz.piece(13, word))
		return of("uint16(0) == 0x5A4D and 2 of them", p, quoted(p)...)
	})
	add("one string, xor over 255 keys", few, func(d *drawer) *rule {
		p := []*probe{d.piece(14, plain)}
		return of("$s0", p, escaped(p[0].bytes, 0x5a)+" xor(1-255)")
	})
	add("hex alternation, or a string and a size", few, func(d *drawer) *rule {
		b, p := d.piece(12, bytesKind).bytes, d.piece(12, plain)
		alt := fmt.Sprintf("{ %s ( %s | %s ) %s }", hexWords(b[:4]), hexWords(b[4:6]), "90 90", hexWords(b[6:]))
		return of("$s0 or ($s1 and filesize < 200KB)", []*probe{p}, alt, fmt.Sprintf("%q", p.bytes))
	})
	add("two common strings and a size", usual, func(d *drawer) *rule {
		p := d.several(plain, 10, 12)
		return of("all of them and filesize < 200KB", p, quoted(p)...)
	})
	add("wide string", few, func(d *drawer) *rule {
		p := []*probe{d.piece(28, wide)}
		return of("$s0", p, narrow(p, " wide")...)
	})
	add("string of 4 bytes", few, func(d *drawer) *rule {
		p := []*probe{d.piece(4, plain)}
		return of("$s0", p, quoted(p)...)
	})
	add("string of 6 bytes", few, func(d *drawer) *rule {
		p := []*probe{d.piece(6, plain)}
		return of("$s0", p, quoted(p)...)
	})
	add("hex with nibbles", few, func(d *drawer) *rule {
		p := d.piece(12, bytesKind)
		return of("$s0", []*probe{{bytes: bytes.Clone(p.bytes[:5])}}, p.nibbles(5, -8).hex())
	})
	add("three rules, one by base64", few, func(d *drawer) *rule {
		p := []*probe{d.piece(16, plain), d.piece(12, plain), d.piece(10, word)}
		return &rule{parts: p, source: ruleText("a", "$s0", fmt.Sprintf("%q base64", p[0].bytes)) +
			ruleText("b", "$s0", fmt.Sprintf("%q", p[1].bytes)) + ruleText("c", "#s0 > 1", fmt.Sprintf("%q fullword", p[2].bytes))}
	})
	return all
}

func (s *ruleSlot) fill(d *drawer) (probes []*probe) {
	for range tries {
		r := s.draw(d)
		r.name = s.name
		s.drawn = append(s.drawn, r)
		probes = append(probes, r.parts...)
	}
	return probes
}

// choose takes the first rule whose strings all fit, else the one with the
// fewest files for its most common string.
func (s *ruleSlot) choose(of int) *rule {
	best, least := s.drawn[0], of+1
	for _, r := range s.drawn {
		most, fit := 0, true
		for _, p := range r.parts {
			most, fit = max(most, len(p.in)), fit && s.fits(len(p.in), of)
		}
		if fit {
			return r
		}
		if most < least {
			best, least = r, most
		}
	}
	return best
}

var magicMZ = []byte("MZ")

// from narrows the drawer to files that begin with these bytes.
func (d *drawer) from(magic []byte) *drawer {
	if d.magic == nil {
		d.magic = map[string]*corpus{}
	}
	if d.magic[string(magic)] == nil {
		c := &corpus{name: d.c.name}
		for no, name := range d.c.files {
			if bytes.HasPrefix(d.head(name, len(magic)), magic) {
				c.add(name, d.c.sizes[no])
			}
		}
		d.magic[string(magic)] = c
	}
	c := d.magic[string(magic)]
	if len(c.files) == 0 {
		return d
	}
	return &drawer{c: c, rng: d.rng, err: d.err}
}

// wholeOnly leaves out probes with wildcards.
func wholeOnly(in []*probe) (out []*probe) {
	for _, p := range in {
		if p.mask == nil {
			out = append(out, p)
		}
	}
	return out
}

func quoted(probes []*probe) (texts []string) {
	for _, p := range probes {
		texts = append(texts, fmt.Sprintf("%q", p.bytes))
	}
	return texts
}

// narrow writes wide probes as text with a modifier.
func narrow(probes []*probe, modifier string) (texts []string) {
	for _, p := range probes {
		var b []byte
		for i := 0; i < len(p.bytes); i += 2 {
			b = append(b, p.bytes[i])
		}
		texts = append(texts, fmt.Sprintf("%q%s", b, modifier))
	}
	return texts
}

// escaped writes bytes under a key as a text string.
func escaped(b []byte, key byte) string {
	var out strings.Builder
	for _, c := range b {
		fmt.Fprintf(&out, `\x%02x`, c^key)
	}
	return `"` + out.String() + `"`
}

func hexWords(b []byte) string {
	var words []string
	for i := range b {
		words = append(words, hex.EncodeToString(b[i:i+1]))
	}
	return strings.Join(words, " ")
}
