package httpapi

import (
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// peer tells the address that rate limits count for, and whether the request
// came through a proxy that the operator trusts. X-Forwarded-For of anybody
// else is ignored; of a trusted proxy, the rightmost address that is no
// trusted proxy itself counts, because everything left of it can be forged.
func peer(r *http.Request, trusted []netip.Prefix) (ip string, proxied bool) {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		host = r.RemoteAddr
	}
	addr, err := netip.ParseAddr(host)
	if err != nil || !within(addr, trusted) {
		return host, false
	}
	ip = host
	hops := strings.Split(strings.Join(r.Header.Values("X-Forwarded-For"), ","), ",")
	for i := len(hops) - 1; i >= 0; i-- {
		hop, err := netip.ParseAddr(strings.TrimSpace(hops[i]))
		if err != nil {
			break
		}
		ip = hop.Unmap().String()
		if !within(hop, trusted) {
			break
		}
	}
	return ip, true
}

func within(addr netip.Addr, prefixes []netip.Prefix) bool {
	addr = addr.Unmap().WithZone("")
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}
