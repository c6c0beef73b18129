package query

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Bounds of a fact. A value beyond them is kept by nobody, so no tree may ask
// for it.
const (
	MaxFactName  = 64
	MaxFactValue = 256
)

func makeFact(name, value string, broad bool) (Node, error) {
	if !isFactName(name) {
		return nil, fmt.Errorf("query fact %.80q is not a field's name", name)
	}
	if len(value) > MaxFactValue || !utf8.ValidString(value) {
		return nil, fmt.Errorf("query fact %s has a value of more than %d bytes, or one that is no text", name, MaxFactValue)
	}
	return Fact{Name: name, Value: value, Broad: broad}, nil
}

// IsFact tells whether a tree may ask for this fact.
func IsFact(name, value string) bool {
	_, err := makeFact(name, value, false)
	return err == nil
}

func isFactName(s string) bool {
	if s == "" || len(s) > MaxFactName {
		return false
	}
	for i := range len(s) {
		c := s[i]
		if (c < 'a' || c > 'z') && (c < 'A' || c > 'Z') && (c < '0' || c > '9') && c != '.' && c != '_' {
			return false
		}
	}
	return true
}

func makeFiles(ranges [][2]uint64) (Node, error) {
	for i, r := range ranges {
		if r[0] > r[1] || i > 0 && (ranges[i-1][1] == math.MaxUint64 || r[0] <= ranges[i-1][1]+1) {
			return nil, fmt.Errorf("query files: range %d is empty or touches the one before", i)
		}
	}
	return Files{Ranges: ranges}, nil
}

// FilesOf makes the node that selects exactly these files, given in any order.
func FilesOf(seqs []uint64) Files {
	seqs = slices.Clone(seqs)
	slices.Sort(seqs)
	var out Files
	for _, s := range seqs {
		last := len(out.Ranges) - 1
		switch {
		case last >= 0 && s <= out.Ranges[last][1]:
		case last >= 0 && s == out.Ranges[last][1]+1:
			out.Ranges[last][1] = s
		default:
			out.Ranges = append(out.Ranges, [2]uint64{s, s})
		}
	}
	return out
}

// Has tells whether the file with this number is selected.
func (f Files) Has(seq uint64) bool {
	i, _ := slices.BinarySearchFunc(f.Ranges, seq, func(r [2]uint64, seq uint64) int { return cmp.Compare(r[1], seq) })
	return i < len(f.Ranges) && f.Ranges[i][0] <= seq
}

// String gives fact(name,"value"), with "broad" as a third word where it is.
func (f Fact) String() string {
	s := "fact(" + f.Name + "," + strconv.QuoteToASCII(f.Value)
	if f.Broad {
		s += ",broad"
	}
	return s + ")"
}

// String gives files(from-to,from-to).
func (f Files) String() string {
	var b strings.Builder
	for i, r := range f.Ranges {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, "%d-%d", r[0], r[1])
	}
	return "files(" + b.String() + ")"
}

func simplifyFiles(f Files) Node {
	switch {
	case len(f.Ranges) == 0:
		return None{}
	case f.Ranges[0] == [2]uint64{0, math.MaxUint64}:
		return All{}
	}
	return f
}

// fact reads what follows the word in a text.
func (p *parser) fact() (Node, error) {
	if !p.take('(') {
		return nil, fmt.Errorf("expected ( after fact")
	}
	name := p.word()
	if !p.take(',') || !strings.HasPrefix(p.skip(), `"`) {
		return nil, fmt.Errorf("expected , and a quoted value")
	}
	value, err := p.quoted()
	if err != nil {
		return nil, err
	}
	broad := p.take(',')
	if broad && p.word() != "broad" || !p.take(')') {
		return nil, fmt.Errorf("expected broad or )")
	}
	return makeFact(name, value, broad)
}

func filesFromText(args []string) (Node, error) {
	var ranges [][2]uint64
	for _, a := range args {
		if a == "" && len(args) == 1 {
			break
		}
		from, to, _ := strings.Cut(a, "-")
		lo, err1 := strconv.ParseUint(from, 10, 64)
		hi, err2 := strconv.ParseUint(to, 10, 64)
		if err1 != nil || err2 != nil {
			return nil, fmt.Errorf("bad files")
		}
		ranges = append(ranges, [2]uint64{lo, hi})
	}
	return makeFiles(ranges)
}

func (d *decoder) fact() (Node, error) {
	var name, value string
	var broad bool
	err := d.members(func(key string) (err error) {
		switch key {
		case "name":
			name, err = d.text()
		case "value":
			value, err = d.text()
		case "broad":
			broad, err = d.flag()
		default:
			err = fmt.Errorf("unknown key %.40q", key)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	return makeFact(name, value, broad)
}
