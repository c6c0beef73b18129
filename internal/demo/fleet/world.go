package fleet

import (
	"encoding/hex"
	"fmt"
	"net/netip"
)

// Sizes of what the fleet shares. Popularity is skewed: the first of each is met
// far more often than the last.
const (
	programs  = 20_000
	libraries = 10_000
	names     = 200_000
	servers   = 100_000
)

// A world is the fleet and what it shares. Everything in it is made from its
// number, so that nothing needs to be kept.
type world struct {
	seed uint64
}

// mix makes a number that looks random of a kind, a number and the seed.
func (w world) mix(kind, n uint64) uint64 {
	x := w.seed*0x9E3779B97F4A7C15 ^ kind*0xD1B54A32D192ED03 ^ n*0x8CB92BA72F3D8DD7
	x ^= x >> 32
	x *= 0xD6E8FEB86659FD93
	x ^= x >> 32
	x *= 0xD6E8FEB86659FD93
	return x ^ x>>32
}

// Kinds of things, to make different numbers of the same one.
const (
	ofHost = 1 + iota
	ofHash
	ofServer
	ofAnswer
	ofProcess
)

// hexDigits appends the digits of n numbers of 64 bits.
func (w world) hexDigits(dst []byte, kind, no uint64, n int) []byte {
	var raw [8]byte
	for i := range n {
		x := w.mix(kind, no<<3|uint64(i))
		for j := range raw {
			raw[j] = byte(x >> (8 * j))
		}
		dst = hex.AppendEncode(dst, raw[:])
	}
	return dst
}

// sha256 and md5 are the hashes of file number n.
func (w world) sha256(dst []byte, n uint64) []byte { return w.hexDigits(dst, ofHash, n<<1, 4) }
func (w world) md5(dst []byte, n uint64) []byte    { return w.hexDigits(dst, ofHash, n<<1|1, 2) }

// Words for names. The domains are those that are reserved for examples.
var (
	words = []string{"blue", "cloud", "delta", "echo", "field", "grid", "harbor", "iris", "juniper", "kite", "lumen", "meadow", "north", "opal", "pine", "quill"}
	hosts = []string{"www", "api", "cdn", "img", "static", "login", "mail", "update", "telemetry", "edge", "ws", "assets"}
	zones = []string{"example.com", "example.net", "example.org"}
	tools = []string{"browser", "editor", "updater", "agent", "helper", "viewer", "sync", "shell", "service", "indexer", "printer", "player"}
	users = []string{"anna", "bob", "carla", "dmitri", "elif", "farid", "grace", "hiro", "ines", "jonas", "kim", "lena"}
)

// domain appends name number n.
func (w world) domain(dst []byte, n uint64) []byte {
	return fmt.Appendf(dst, "%s.%s-%s-%d.%s", hosts[n%12], words[n/12%16], words[n/192%16], n/3072, zones[n%3])
}

// server appends address number n; kind keeps servers and answers apart. They
// look like addresses of the Internet, since no others are worth keeping, and
// are random: nothing is ever sent to them.
func (w world) server(dst []byte, kind, n uint64) []byte {
	x := w.mix(kind, n)
	return netip.AddrFrom4([4]byte{byte(20 + x%80), byte(x >> 8), byte(x >> 16), byte(1 + (x>>24)%254)}).AppendTo(dst)
}

// program appends the path of program number n, on a host's system.
func (w world) program(dst []byte, n uint64, windows bool) []byte {
	tool, word := tools[n%12], words[n/12%16]
	if windows {
		return fmt.Appendf(dst, `\Device\HarddiskVolume3\Program Files\%s\%s-%d.exe`, word, tool, n/192)
	}
	return fmt.Appendf(dst, `/usr/lib/%s/%s-%d`, word, tool, n/192)
}

// A Host is one machine of the fleet.
type Host struct {
	AID      string // 32 hexadecimal digits
	Name     string
	Windows  bool
	Local    string // address
	External string
	User     string
}

// host makes host number n.
func (w world) host(n int) Host {
	x := w.mix(ofHost, uint64(n))
	h := Host{
		AID:      string(w.hexDigits(nil, ofHost, uint64(n)+1<<32, 2)),
		Windows:  x%10 < 7,
		Local:    fmt.Sprintf("10.%d.%d.%d", n>>14&255, n>>7&127, 1+n&127),
		External: string(w.server(nil, ofHost, uint64(n/200))),
		User:     users[x>>8%uint64(len(users))],
	}
	role := "srv"
	if h.Windows {
		role = "ws"
	}
	h.Name = fmt.Sprintf("%s-%s-%05d", words[n/1000%len(words)], role, n)
	return h
}
