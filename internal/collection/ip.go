package collection

import (
	"errors"
	"net/netip"
	"strings"
)

var errSpan = errors.New("neither an address nor a network")

// A span is a set of addresses: those from first to last that have first's
// bytes at the places fixed. Networks and trailing stars need no fixed ones.
type span struct {
	first, last [16]byte
	fixed       []int
}

// parseSpan reads an address, a network or an IPv4 address with open octets.
func parseSpan(text string) (span, error) {
	if strings.Contains(text, "*") {
		return parseOctets(text)
	}
	if strings.Contains(text, "/") {
		p, err := netip.ParsePrefix(text)
		if err != nil {
			return span{}, errSpan
		}
		return network(p), nil
	}
	addr, err := netip.ParseAddr(text)
	if err != nil || addr.Zone() != "" {
		return span{}, errSpan
	}
	return span{first: addr.As16(), last: addr.As16()}, nil
}

// network is all addresses of a prefix; an IPv4 one lies behind the 96 bits
// that map it.
func network(p netip.Prefix) span {
	bits := p.Bits()
	if p.Addr().Is4() {
		bits += 96
	}
	s := span{first: p.Masked().Addr().As16()}
	s.last = s.first
	for i := bits; i < 128; i++ {
		s.last[i/8] |= 0x80 >> (i % 8)
	}
	return s
}

// parseOctets reads four octets, of which some are "*".
func parseOctets(text string) (span, error) {
	octets := strings.Split(text, ".")
	if len(octets) != 4 {
		return span{}, errSpan
	}
	fixed := make([]bool, 4)
	for i, octet := range octets {
		if octet == "*" {
			octets[i] = "0"
			continue
		}
		fixed[i] = true
	}
	addr, err := netip.ParseAddr(strings.Join(octets, "."))
	if err != nil || !addr.Is4() {
		return span{}, errSpan
	}
	s := span{first: addr.As16(), last: addr.As16()}
	open := false
	for i := range 4 {
		switch {
		case !fixed[i]:
			open = true
			s.last[12+i] = 255
		case open:
			s.fixed = append(s.fixed, 12+i)
		}
	}
	return s, nil
}
