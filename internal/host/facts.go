package host

import (
	"net"
	"net/netip"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/mewshq/mews/internal/telemetry"
)

// A fact is one thing that reports can say of a host. All values are text, in
// one spelling per fact; empty is unknown.
type fact struct {
	name   string // as answers spell it; also a key in rows that are on disk
	of     func(*Report) string
	normal func(string) string
}

// factTable lists the facts. A new one may be added anywhere.
func factTable() []fact {
	of := func(get func(*telemetry.Facts) string) func(*Report) string {
		return func(r *Report) string {
			if r.Facts == nil {
				return ""
			}
			return get(r.Facts)
		}
	}
	return []fact{
		{"hostname", func(r *Report) string { return r.Hostname }, evidence},
		{"platform_name", of(func(f *telemetry.Facts) string { return f.Platform }), platform},
		{"os_version", of(func(f *telemetry.Facts) string { return f.OSVersion }), evidence},
		{"os_build", of(func(f *telemetry.Facts) string { return f.OSBuild }), evidence},
		{"kernel_version", of(func(f *telemetry.Facts) string { return f.KernelVersion }), evidence},
		{"product_type", of(func(f *telemetry.Facts) string { return f.ProductType }), evidence},
		{"agent_version", of(func(f *telemetry.Facts) string { return f.AgentVersion }), evidence},
		{"local_ip", of(func(f *telemetry.Facts) string { return f.LocalIP }), address},
		{"external_ip", of(func(f *telemetry.Facts) string { return f.ExternalIP }), address},
		{"mac_address", of(func(f *telemetry.Facts) string { return f.MAC }), hardware},
		{"default_gateway_ip", of(func(f *telemetry.Facts) string { return f.GatewayIP }), address},
		{"machine_domain", of(func(f *telemetry.Facts) string { return f.Domain }), evidence},
		{"site_name", of(func(f *telemetry.Facts) string { return f.Site }), evidence},
		{"ou", of(func(f *telemetry.Facts) string { return f.OU }), evidence},
		{"tags", of(func(f *telemetry.Facts) string { return f.Tags }), evidence},
		{"system_manufacturer", of(func(f *telemetry.Facts) string { return f.Manufacturer }), evidence},
		{"system_product_name", of(func(f *telemetry.Facts) string { return f.ProductName }), evidence},
		{"serial_number", of(func(f *telemetry.Facts) string { return f.Serial }), evidence},
		{"bios_manufacturer", of(func(f *telemetry.Facts) string { return f.BIOSManufacturer }), evidence},
		{"bios_version", of(func(f *telemetry.Facts) string { return f.BIOSVersion }), evidence},
		{"chassis_type", of(func(f *telemetry.Facts) string { return f.ChassisType }), evidence},
		{"service_provider", of(func(f *telemetry.Facts) string { return f.ServiceProvider }), evidence},
		{"instance_id", of(func(f *telemetry.Facts) string { return f.InstanceID }), evidence},
		{"last_login_user", of(func(f *telemetry.Facts) string { return f.LastUser }), evidence},
		{"last_reboot", of(func(f *telemetry.Facts) string { return micros(f.BootTime) }), evidence},
	}
}

// maxFact bounds one fact, in bytes: hosts write them.
const maxFact = 1024

// evidence is text as the host wrote it, made storable and cut where it is too
// long.
func evidence(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
	if len(s) <= maxFact {
		return s
	}
	end := maxFact
	for !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}

// platform has the words of upstream where there is one.
func platform(s string) string {
	for _, word := range []string{"Windows", "Mac", "Linux"} {
		if strings.EqualFold(s, word) {
			return word
		}
	}
	return evidence(s)
}

// address is an IP address in its shortest form; what is none is not known.
func address(s string) string {
	ip, err := netip.ParseAddr(s)
	if err != nil {
		return ""
	}
	return ip.Unmap().WithZone("").String()
}

// hardware is an address of six bytes, with dashes as upstream has it.
func hardware(s string) string {
	mac, err := net.ParseMAC(s)
	if err != nil || len(mac) != 6 {
		return ""
	}
	return strings.ReplaceAll(mac.String(), ":", "-")
}

// micros is a time as a fact.
func micros(t int64) string {
	if t <= 0 {
		return ""
	}
	return strconv.FormatInt(t, 10)
}

// A statement is what a report says of one fact, and when that was so.
type statement struct {
	Text string `json:"v"`
	At   int64  `json:"t"` // unix microseconds
}

// statements are what is known of a host, by the names of facts.
type statements map[string]statement

// learn takes in a statement. The youngest stands, and of two of one time the
// one with the greater hash, so that the order in which reports are folded does
// not matter. It tells whether the text changed, and whether anything did.
func (known statements) learn(name string, s statement) (told, changed bool) {
	old, has := known[name]
	if has && (s.At < old.At || s.At == old.At && !s.beats(old)) {
		return false, false
	}
	known[name] = s
	return s.Text != old.Text, true
}

// beats decides between two statements of one time. It goes by the hash, which
// is all that a process remembers of what it told; the text is for two with the
// same hash.
func (s statement) beats(old statement) bool {
	if a, b := hash(s.Text), hash(old.Text); a != b {
		return a > b
	}
	return s.Text > old.Text
}

// hash is FNV-1a without 0, which stands for no text.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return max(h, 1)
}
