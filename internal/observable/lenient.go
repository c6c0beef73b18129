package observable

import (
	"net/netip"
	"strings"
)

// The functions of this file read what hosts report. What is malformed or says
// nothing is no observable, which is no error: sensors fill fields with zeros,
// with host-local addresses and with text that is no name.

// Hash reads a SHA-256 or an MD5 in hexadecimal digits; false when the text is
// neither, or all zeros.
func Hash(text string) (Observable, bool) {
	o, ok := hash(text)
	if !ok || strings.Trim(o.Key, "\x00") == "" {
		return Observable{}, false
	}
	return o, true
}

// DomainName reads a name; false when the text is none.
func DomainName(text string) (Observable, bool) { return domain(text) }

// IP reads an address; false when the text is none, or one that says nothing
// about whom a host speaks to: unspecified, loopback, multicast, link-local,
// broadcast. A zone is cut off.
func IP(text string) (Observable, bool) {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return Observable{}, false
	}
	ip = ip.Unmap().WithZone("")
	if ip.IsUnspecified() || ip.IsLoopback() || ip.IsMulticast() || ip.IsLinkLocalUnicast() || ip == netip.AddrFrom4([4]byte{255, 255, 255, 255}) {
		return Observable{}, false
	}
	return fromAddr(ip), true
}
