package main

import (
	"bytes"
	"math/rand/v2"
	"os"
)

// A probe is a byte string to look for, and the truth about it.
type probe struct {
	class  string // ascii, wide, binary or absent
	bytes  []byte
	inFile map[string]bool // sha256 of each file that holds it
}

// absentFactor: absent literals cost the least and vary the most.
const absentFactor = 3

var lengths = []int{4, 5, 6, 8, 12, 16, 32}

// drawProbes takes byte strings of every length and class from random places
// of the corpus, and splices absent ones from two files each. What is really
// absent the oracle tells.
func drawProbes(c corpus, rng *rand.Rand, perLength int) ([]*probe, error) {
	var probes []*probe
	pick := func(n int, ok func([]byte) bool) ([]byte, error) {
		for range 200 {
			b, err := randomPiece(c, rng, n)
			if err != nil {
				return nil, err
			}
			if b != nil && ok(b) {
				return b, nil
			}
		}
		return nil, nil
	}
	for _, n := range lengths {
		for range perLength {
			for _, cl := range classes {
				b, err := pick(n, cl.holds)
				if err != nil {
					return nil, err
				}
				if b != nil {
					probes = append(probes, &probe{class: cl.name, bytes: b})
				}
			}
		}
		for range absentFactor * perLength {
			half, err := pick(n/2, varied)
			if err != nil {
				return nil, err
			}
			other, err := pick(n-n/2, varied)
			if err != nil {
				return nil, err
			}
			if half != nil && other != nil {
				probes = append(probes, &probe{class: "absent", bytes: append(bytes.Clone(half), other...)})
			}
		}
	}
	return probes, nil
}

// classes are the kinds of byte strings that people search for.
var classes = []struct {
	name  string
	holds func([]byte) bool
}{{"ascii", isText}, {"wide", isWide}, {"binary", varied}}

// varied refuses runs and padding, which no one searches for.
func varied(b []byte) bool {
	seen := map[byte]bool{}
	for _, c := range b {
		seen[c] = true
	}
	return len(seen) > len(b)/2 && len(seen) > 1
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
	for i := 0; i < len(b); i += 2 {
		if b[i] < 0x20 || b[i] > 0x7e || b[i+1] != 0 {
			return false
		}
	}
	return true
}

// randomPiece reads n bytes from a random place of a random file, nil when the
// file is too short.
func randomPiece(c corpus, rng *rand.Rand, n int) ([]byte, error) {
	f, err := os.Open(c.files[rng.IntN(len(c.files))])
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || info.Size() < int64(n) {
		return nil, err
	}
	b := make([]byte, n)
	if _, err := f.ReadAt(b, rng.Int64N(info.Size()-int64(n)+1)); err != nil {
		return nil, err
	}
	return b, nil
}
