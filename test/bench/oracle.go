package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"os"
)

// A probe is a run of bytes to look for, and the truth about it.
type probe struct {
	class string
	bytes []byte
	mask  []byte  // bits that count; nil: all of them
	in    []int32 // numbers of the files that hold it, rising
}

// holdsAt tells whether the probe stands at the start of b, which is long enough.
func (p *probe) holdsAt(b []byte) bool {
	if p.mask == nil {
		return bytes.Equal(b[:len(p.bytes)], p.bytes)
	}
	for i, m := range p.mask {
		if b[i]&m != p.bytes[i] {
			return false
		}
	}
	return true
}

// anchorLen is the run of whole bytes that each probe must have: the oracle
// looks for it at every position.
const anchorLen = 4

// anchor is where the probe has its most varied run of whole bytes.
func (p *probe) anchor() (at int, ok bool) {
	best := 0
	for i := 0; i+anchorLen <= len(p.bytes); i++ {
		if p.mask != nil && !bytes.Equal(p.mask[i:i+anchorLen], []byte{0xff, 0xff, 0xff, 0xff}) {
			continue
		}
		distinct := map[byte]bool{}
		for _, c := range p.bytes[i : i+anchorLen] {
			if c != 0 {
				distinct[c] = true
			}
		}
		if n := 1 + len(distinct); n > best {
			at, best = i, n
		}
	}
	return at, best > 0
}

// askOracle reads every byte of the corpus once and notes which probes each
// file holds: the plain truth, without any index. It also fills c.sha256.
func askOracle(c *corpus, probes []*probe) error {
	m, err := newMatcher(probes)
	if err != nil {
		return err
	}
	c.sha256 = make([]string, len(c.files))
	for no, name := range c.files {
		data, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		sum := sha256.Sum256(data)
		c.sha256[no] = hex.EncodeToString(sum[:])
		m.scan(data, int32(no))
	}
	return nil
}

// A matcher looks for many probes in one pass.
type matcher struct {
	maybe [1 << 14]uint64 // by hash of an anchor
	lists map[uint32][]needle
}

type needle struct {
	*probe
	at int // of its anchor
}

func newMatcher(probes []*probe) (*matcher, error) {
	m := &matcher{lists: map[uint32][]needle{}}
	for _, p := range probes {
		at, ok := p.anchor()
		if !ok {
			return nil, fmt.Errorf("probe %x/%x has no %d whole bytes in a row", p.bytes, p.mask, anchorLen)
		}
		key := binary.LittleEndian.Uint32(p.bytes[at:])
		h := anchorHash(key)
		m.maybe[h>>6] |= 1 << (h & 63)
		m.lists[key] = append(m.lists[key], needle{p, at})
	}
	return m, nil
}

func anchorHash(key uint32) uint32 { return key * 0x9E3779B1 >> 12 }

// scan adds file no to every probe that data holds. Files come by rising number.
func (m *matcher) scan(data []byte, no int32) {
	for i := 0; i+anchorLen <= len(data); i++ {
		key := binary.LittleEndian.Uint32(data[i:])
		h := anchorHash(key)
		if m.maybe[h>>6]>>(h&63)&1 == 0 {
			continue
		}
		for _, n := range m.lists[key] {
			known := len(n.in) > 0 && n.in[len(n.in)-1] == no
			from := i - n.at
			if !known && from >= 0 && from+len(n.bytes) <= len(data) && n.holdsAt(data[from:]) {
				n.in = append(n.in, no)
			}
		}
	}
}
