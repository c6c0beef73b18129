package main

import (
	"bytes"
	"os"
	"slices"
	"time"

	"github.com/mewshq/mews/test/harness"
)

// plainScan is the CPU time of looking for each pattern in every file, without
// an index, as grep would: the longest run of whole bytes is searched for, and
// the rest compared there. The files are in memory already; reading them does
// not count. It stops at a file's first hit, as mews does.
func plainScan(c *corpus, set []*pattern) ([]time.Duration, error) {
	cpu := make([]time.Duration, len(set))
	for _, name := range c.files {
		data, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		for i, p := range set {
			began := harness.SelfCPU()
			p.holdsIn(data)
			cpu[i] += harness.SelfCPU() - began
		}
	}
	return cpu, nil
}

// holdsIn decides a pattern over the bytes of a file.
func (p *pattern) holdsIn(data []byte) bool {
	hits := 0
	for i, part := range p.parts {
		if hits+len(p.parts)-i < p.least {
			return false
		}
		if part.holdsIn(data) {
			hits++
		}
		if hits >= p.least {
			return true
		}
	}
	return false
}

func (p *probe) holdsIn(data []byte) bool {
	if p.mask == nil {
		return bytes.Contains(data, p.bytes)
	}
	from, to := p.longestRun()
	run := p.bytes[from:to]
	for at := 0; ; at++ {
		i := bytes.Index(data[at:], run)
		if i < 0 {
			return false
		}
		at += i
		if start := at - from; start >= 0 && start+len(p.bytes) <= len(data) && p.holdsAt(data[start:]) {
			return true
		}
	}
}

// longestRun is the longest run of whole bytes.
func (p *probe) longestRun() (from, to int) {
	for i := 0; i < len(p.mask); i++ {
		n := slices.IndexFunc(p.mask[i:], func(m byte) bool { return m != 0xff })
		if n < 0 {
			n = len(p.mask) - i
		}
		if n > to-from {
			from, to = i, i+n
		}
		i += n
	}
	return from, to
}
