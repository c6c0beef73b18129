package observable

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"strings"
)

// maxEcho bounds how much of a user's text an error repeats.
const maxEcho = 64

// Parse reads what a user of the API names. The error's text is for that user.
func Parse(typ, value string) (Observable, error) {
	t, ok := TypeOf(typ)
	if !ok {
		return Observable{}, fmt.Errorf("type: %q is none of sha256, md5, domain, ipv4, ipv6", short(typ))
	}
	switch t {
	case SHA256, MD5:
		if o, ok := hash(value); ok && o.Type == t {
			return o, nil
		}
		return Observable{}, fmt.Errorf("%s: expected %d hexadecimal digits, not %q", t, 2*t.size(), short(value))
	case Domain:
		return parseDomain(value)
	}
	return parseIP(t, value)
}

// ParseID reads "<type>:<value>". It splits at the first colon: the values of
// IPv6 hold more of them.
func ParseID(id string) (Observable, error) {
	typ, value, ok := strings.Cut(id, ":")
	if !ok {
		return Observable{}, fmt.Errorf("id: %q is not <type>:<value>, such as domain:example.com", short(id))
	}
	return Parse(typ, value)
}

func parseDomain(value string) (Observable, error) {
	if o, ok := domain(value); ok {
		return o, nil
	}
	if _, err := netip.ParseAddr(value); err == nil {
		return Observable{}, fmt.Errorf("domain: %q is an address: use the type ipv4 or ipv6", short(value))
	}
	for i := range len(value) {
		if value[i] >= 0x80 {
			return Observable{}, fmt.Errorf("domain: %q: write an internationalized name in its ASCII form (xn--...)", short(value))
		}
	}
	return Observable{}, fmt.Errorf("domain: expected a name of 1 to %d characters, labels of letters, digits, - and _ parted by dots, not %q",
		MaxDomain, short(value))
}

func parseIP(t Type, value string) (Observable, error) {
	o, ok := address(value)
	switch {
	case !ok:
		return Observable{}, fmt.Errorf("%s: expected an address, not %q", t, short(value))
	case o.Type == t || o.Type == IPv4 && strings.Contains(value, ":"):
		return o, nil // the second: an IPv4-mapped IPv6, by either type
	}
	return Observable{}, fmt.Errorf("%s: %q is an address of type %s", t, short(value), o.Type)
}

// hash reads a SHA-256 or an MD5; its length tells which.
func hash(text string) (Observable, bool) {
	var raw [32]byte
	t, n := SHA256, len(text)/2
	switch len(text) {
	case 64:
	case 32:
		t = MD5
	default:
		return Observable{}, false
	}
	var digits [64]byte
	copy(digits[:], text)
	if _, err := hex.Decode(raw[:n], digits[:2*n]); err != nil {
		return Observable{}, false
	}
	return Observable{Type: t, Key: string(raw[:n])}, true
}

// domain reads a name in any case, with or without its trailing dot. The key is
// a copy: the text may lie in a buffer that is filled again.
func domain(text string) (Observable, bool) {
	name := strings.TrimSuffix(text, ".")
	if name == "" || len(name) > MaxDomain {
		return Observable{}, false
	}
	var lower [MaxDomain]byte
	label, digits := 0, true // of the label at hand: its length, and whether it is a number
	for i := range len(name) {
		c := name[i]
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
		if c == '.' {
			if label == 0 {
				return Observable{}, false
			}
			label, digits = 0, true
			continue
		}
		number := '0' <= c && c <= '9'
		if !number && !('a' <= c && c <= 'z') && c != '-' && c != '_' {
			return Observable{}, false
		}
		label++
		digits = digits && number
		if label > 63 {
			return Observable{}, false
		}
	}
	if label == 0 || digits { // names that end in a number are addresses
		return Observable{}, false
	}
	return Observable{Type: Domain, Key: string(lower[:len(name)])}, true
}

// address reads an address of either family, without a zone: a zone means
// something on one host only.
func address(text string) (Observable, bool) {
	ip, err := netip.ParseAddr(text)
	if err != nil || ip.Zone() != "" {
		return Observable{}, false
	}
	return fromAddr(ip.Unmap()), true
}

func fromAddr(ip netip.Addr) Observable {
	if ip.Is4() {
		raw := ip.As4()
		return Observable{Type: IPv4, Key: string(raw[:])}
	}
	raw := ip.As16()
	return Observable{Type: IPv6, Key: string(raw[:])}
}

func short(text string) string {
	if len(text) <= maxEcho {
		return text
	}
	return strings.ToValidUTF8(text[:maxEcho], "") + "..."
}
