// Package observable gives what hosts can meet (files by hash, domains,
// addresses) one normal form, so that what telemetry says and what users ask
// meet under the same key.
package observable

import (
	"crypto/sha256"
	"encoding/hex"
	"net/netip"
)

// A Type is a kind of observable. The numbers are stored on disk: they never
// change.
type Type uint8

// The types, by the words the API has for them.
const (
	SHA256 Type = 1 + iota
	MD5
	Domain
	IPv4
	IPv6
)

// MaxDomain is the longest domain in characters: the API's limit holds for
// telemetry too, since nobody could ask for a longer one.
const MaxDomain = 200

// maxKey is the longest binary key there is.
const maxKey = MaxDomain

// String is the API's word for the type.
func (t Type) String() string {
	switch t {
	case SHA256:
		return "sha256"
	case MD5:
		return "md5"
	case Domain:
		return "domain"
	case IPv4:
		return "ipv4"
	case IPv6:
		return "ipv6"
	}
	return "unknown"
}

// TypeOf finds the type of an API word, which is case-sensitive like every
// value of the API.
func TypeOf(word string) (Type, bool) {
	for t := SHA256; t <= IPv6; t++ {
		if t.String() == word {
			return t, true
		}
	}
	return 0, false
}

// size is the length of a type's keys in bytes; 0: it varies.
func (t Type) size() int {
	switch t {
	case SHA256:
		return 32
	case MD5:
		return 16
	case IPv4:
		return 4
	case IPv6:
		return 16
	}
	return 0
}

// An Observable is one thing that hosts can meet. Key is its binary normal
// form: 32 or 16 bytes of a hash, 4 or 16 of an address, and of a domain the
// lower-case text without a trailing dot. Two observables are the same when
// they are equal by ==; an address of the IPv4-mapped part of IPv6 is an IPv4.
type Observable struct {
	Type Type
	Key  string
}

// Value is the text of the normal form, which Parse reads back.
func (o Observable) Value() string {
	switch o.Type {
	case SHA256, MD5:
		return hex.EncodeToString([]byte(o.Key))
	case IPv4, IPv6:
		if ip, ok := netip.AddrFromSlice([]byte(o.Key)); ok {
			return ip.String()
		}
	}
	return o.Key
}

// ID is "<type>:<value>".
func (o Observable) ID() string { return o.Type.String() + ":" + o.Value() }

// Digest names the observable in 16 bytes. It is cut from SHA-256 over type and
// key, so that nobody can make two observables share one.
func (o Observable) Digest() [16]byte {
	var room [1 + maxKey]byte
	room[0] = byte(o.Type)
	sum := sha256.Sum256(append(room[:1], o.Key...))
	return [16]byte(sum[:16])
}

// Append writes type and key so that the end shows without a length: bytes that
// follow keep their order within one observable. Cut reads it back.
func (o Observable) Append(dst []byte) []byte {
	dst = append(append(dst, byte(o.Type)), o.Key...)
	if o.Type == Domain {
		dst = append(dst, 0) // no domain holds a zero
	}
	return dst
}

// Cut splits what Append wrote from the bytes that follow it.
func Cut(b []byte) (o Observable, rest []byte, ok bool) {
	if len(b) == 0 {
		return Observable{}, nil, false
	}
	o.Type, b = Type(b[0]), b[1:]
	n := o.Type.size()
	switch {
	case o.Type == Domain:
		for n < len(b) && b[n] != 0 {
			n++
		}
		if n == len(b) {
			return Observable{}, nil, false
		}
		rest = b[n+1:]
	case n == 0 || len(b) < n:
		return Observable{}, nil, false
	default:
		rest = b[n:]
	}
	o.Key = string(b[:n])
	return o, rest, true
}
