package main

import (
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/mewshq/mews"
)

// A pattern is a byte query of the kinds that people pose: at least so many of
// its parts must be in a file.
type pattern struct {
	class string
	parts []*probe
	least int
}

// truth lists the files in which the pattern holds.
func (p *pattern) truth() (files []int32) {
	hits := map[int32]int{}
	for _, part := range p.parts {
		for _, no := range part.in {
			hits[no]++
		}
	}
	for no, n := range hits {
		if n >= p.least {
			files = append(files, no)
		}
	}
	slices.Sort(files)
	return files
}

// exact tells that the pattern is an exact search: no wildcards, and every part
// must be there. Other patterns are rules.
func (p *pattern) exact() bool {
	return p.least == len(p.parts) && !slices.ContainsFunc(p.parts, func(q *probe) bool { return q.mask != nil })
}

func (p *pattern) search() mews.SearchRequest {
	req := mews.SearchRequest{Options: &mews.SearchOptions{Limit: maxResults, FilterMeta: mews.List{"sha256"}}}
	for _, part := range p.parts {
		req.Patterns = append(req.Patterns, mews.Pattern{Type: "hex", Value: hex.EncodeToString(part.bytes)})
	}
	return req
}

func (p *pattern) rule() string {
	var texts []string
	for _, part := range p.parts {
		texts = append(texts, part.hex())
	}
	return ruleText("pattern", fmt.Sprintf("%d of them", p.least), texts...)
}

// hex writes the probe as a hex string of a rule.
func (p *probe) hex() string {
	words := make([]string, len(p.bytes))
	for i, b := range p.bytes {
		w := []byte(hex.EncodeToString([]byte{b}))
		if p.mask != nil && p.mask[i]&0xf0 == 0 {
			w[0] = '?'
		}
		if p.mask != nil && p.mask[i]&0x0f == 0 {
			w[1] = '?'
		}
		words[i] = string(w)
	}
	return "{ " + strings.Join(words, " ") + " }"
}

func ruleText(name, condition string, patterns ...string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "rule %s {\n", name)
	for i, p := range patterns {
		if i == 0 {
			b.WriteString("  strings:\n")
		}
		fmt.Fprintf(&b, "    $s%d = %s\n", i, p)
	}
	fmt.Fprintf(&b, "  condition:\n    %s\n}\n", condition)
	return b.String()
}

// A slot is one pattern to be: several are drawn, and the first that is in a
// fitting number of files is taken.
type slot struct {
	class string
	draw  func(*drawer) *pattern
	fits  func(files, of int) bool
	drawn []*pattern
}

// tries is how many patterns are drawn for a slot.
const tries = 12

func rare(files, _ int) bool      { return files >= 1 && files <= 20 }
func selective(files, _ int) bool { return files <= selectiveFiles }
func common(files, of int) bool   { return files > selectiveFiles && files < of/4 }

// patternSlots are the classes of section "queries" in docs/performance.md:
// about sixty patterns, most of them selective.
func patternSlots() []*slot {
	var all []*slot
	one := func(class string, fits func(int, int) bool, draw func(*drawer) *probe) {
		all = append(all, &slot{class: class, fits: fits, draw: func(d *drawer) *pattern {
			return &pattern{class: class, parts: []*probe{draw(d)}, least: 1}
		}})
	}
	literal := func(class string, k kind, fits func(int, int) bool, lengths ...int) {
		for _, n := range lengths {
			one(class, fits, func(d *drawer) *probe { return d.piece(n, k) })
		}
	}
	literal("short ascii, rare", ascii, rare, 4, 4, 5, 5, 6, 6, 8, 8)
	literal("short ascii, common", ascii, common, 4, 5, 6, 8)
	literal("long ascii", ascii, selective, 12, 16, 20, 24, 32, 48)
	literal("wide", wide, selective, 8, 12, 16, 24, 32, 40)
	literal("hex", bytesKind, selective, 4, 4, 6, 6, 8, 8, 16, 16, 32, 32)
	for _, holes := range [][]int{{4}, {4, 9}, {6, 7}, {4, 5, 6}, {4, 9, 10}} {
		one("hex with ??", selective, func(d *drawer) *probe { return d.piece(14, bytesKind).holes(holes...) })
	}
	for _, nibbles := range [][]int{{4}, {4, -9}, {-6, 8}, {4, 5}, {-5, -10}} {
		one("hex with nibbles", selective, func(d *drawer) *probe { return d.piece(12, bytesKind).nibbles(nibbles...) })
	}
	many := func(class string, least int, draw func(*drawer) []*probe) {
		for range 4 {
			all = append(all, &slot{class: class, fits: selective, draw: func(d *drawer) *pattern {
				return &pattern{class: class, parts: draw(d), least: least}
			}})
		}
	}
	many("all of 3", 3, func(d *drawer) []*probe { return d.several(ascii, 8, 6, 10) })
	many("any of 5", 1, func(d *drawer) []*probe {
		var parts []*probe
		for _, n := range []int{20, 24, 18, 28, 22} {
			parts = append(parts, d.piece(n, plain))
		}
		return parts
	})
	many("2 of 5", 2, func(d *drawer) []*probe { return append(d.several(ascii, 8, 9, 7), d.several(ascii, 10, 8)...) })
	return all
}

// fill draws what the slot can choose from.
func (s *slot) fill(d *drawer) (probes []*probe) {
	for range tries {
		p := s.draw(d)
		s.drawn = append(s.drawn, p)
		probes = append(probes, p.parts...)
	}
	return probes
}

// choose takes the first drawn pattern that fits, else the one in the fewest
// files that is in any.
func (s *slot) choose(of int) *pattern {
	best, least := s.drawn[0], of+1
	for _, p := range s.drawn {
		n := len(p.truth())
		if s.fits(n, of) {
			return p
		}
		if n > 0 && n < least {
			best, least = p, n
		}
	}
	return best
}
