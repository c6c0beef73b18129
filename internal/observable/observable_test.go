package observable

import (
	"strings"
	"testing"

	"pgregory.net/rapid"
)

const (
	sha = "2CF24DBA5FB0A30E26E83B2AC5B9E29E1B161E5C1FA7425E73043362938B9824"
	md5 = "5d41402abc4b2a76b9719d911017c592"
)

func TestParse(t *testing.T) {
	for _, tc := range []struct{ typ, value, want string }{
		{"sha256", sha, "sha256:" + strings.ToLower(sha)},
		{"md5", strings.ToUpper(md5), "md5:" + md5},
		{"md5", strings.Repeat("0", 32), "md5:" + strings.Repeat("0", 32)},
		{"domain", "WWW.Example.COM.", "domain:www.example.com"},
		{"domain", "_ldap._tcp.dc._msdcs.corp", "domain:_ldap._tcp.dc._msdcs.corp"},
		{"domain", "localhost", "domain:localhost"},
		{"domain", "1.2.3.4a", "domain:1.2.3.4a"},
		{"ipv4", "192.0.2.7", "ipv4:192.0.2.7"},
		{"ipv4", "127.0.0.1", "ipv4:127.0.0.1"},
		{"ipv4", "::ffff:192.0.2.7", "ipv4:192.0.2.7"},
		{"ipv6", "::ffff:c000:207", "ipv4:192.0.2.7"},
		{"ipv6", "2001:DB8:0:0:0:0:0:1", "ipv6:2001:db8::1"},
	} {
		o, err := Parse(tc.typ, tc.value)
		if err != nil || o.ID() != tc.want {
			t.Errorf("Parse(%s, %s) = %s, %v; want %s", tc.typ, tc.value, o.ID(), err, tc.want)
		}
		if again, err := ParseID(o.ID()); err != nil || again != o {
			t.Errorf("ParseID(%s) = %v, %v; want %v", o.ID(), again, err, o)
		}
	}
}

func TestParseTellsTheMistake(t *testing.T) {
	for _, tc := range []struct{ typ, value, says string }{
		{"sha1", "x", "none of sha256"},
		{"SHA256", sha, "none of sha256"},
		{"sha256", md5, "64 hexadecimal digits"},
		{"md5", sha, "32 hexadecimal digits"},
		{"md5", strings.Repeat("g", 32), "32 hexadecimal digits"},
		{"md5", strings.Repeat("ü", 16), "32 hexadecimal digits"},
		{"domain", "", "1 to 200"},
		{"domain", ".", "1 to 200"},
		{"domain", "a..b", "1 to 200"},
		{"domain", "a.b..", "1 to 200"},
		{"domain", "*.example.com", "1 to 200"},
		{"domain", "http://example.com/", "1 to 200"},
		{"domain", " example.com", "1 to 200"},
		{"domain", "a\x00b", "1 to 200"},
		{"domain", strings.Repeat("a", 64) + ".com", "1 to 200"},
		{"domain", strings.Repeat("a.", 100) + "b", "1 to 200"},
		{"domain", "bücher.example", "xn--"},
		{"domain", "192.0.2.7", "ipv4 or ipv6"},
		{"domain", "2001:db8::1", "ipv4 or ipv6"},
		{"ipv4", "192.0.2.256", "an address"},
		{"ipv4", "192.0.2.007", "an address"},
		{"ipv4", "192.0.2.7/24", "an address"},
		{"ipv4", "2001:db8::1", "of type ipv6"},
		{"ipv6", "192.0.2.7", "of type ipv4"},
		{"ipv6", "fe80::1%eth0", "an address"},
	} {
		if _, err := Parse(tc.typ, tc.value); err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("Parse(%q, %q): %v; want it to say %q", tc.typ, tc.value, err, tc.says)
		}
	}
	if _, err := ParseID("example.com"); err == nil || !strings.Contains(err.Error(), "<type>:<value>") {
		t.Errorf("ParseID without a type: %v", err)
	}
	if _, err := Parse("md5", strings.Repeat("ü", 1000)); len(err.Error()) > 512 {
		t.Errorf("the error repeats %d bytes of what was asked", len(err.Error()))
	}
}

func TestTelemetryIsReadLeniently(t *testing.T) {
	for text, want := range map[string]string{
		sha: "sha256:" + strings.ToLower(sha), md5: "md5:" + md5,
		strings.Repeat("0", 64): "", strings.Repeat("0", 32): "", "": "", "-": "",
		"da39a3ee5e6b4b0d3255bfef95601890afd80709": "", // SHA-1
	} {
		if o, ok := Hash(text); ok != (want != "") || ok && o.ID() != want {
			t.Errorf("Hash(%q) = %v, %v; want %q", text, o, ok, want)
		}
	}
	for text, want := range map[string]string{
		"192.0.2.7": "ipv4:192.0.2.7", "::ffff:192.0.2.7": "ipv4:192.0.2.7", "2001:db8::1%eth0": "ipv6:2001:db8::1", "10.1.2.3": "ipv4:10.1.2.3",
		"0.0.0.0": "", "::": "", "127.0.0.53": "", "::1": "", "::ffff:127.0.0.1": "", "224.0.0.251": "", "ff02::fb": "",
		"169.254.3.4": "", "fe80::1%eth0": "", "255.255.255.255": "", "": "", "x": "",
	} {
		if o, ok := IP(text); ok != (want != "") || ok && o.ID() != want {
			t.Errorf("IP(%q) = %v, %v; want %q", text, o, ok, want)
		}
	}
	for text, want := range map[string]string{"Example.COM.": "domain:example.com", "192.0.2.7": "", "..": "", "a b": ""} {
		if o, ok := DomainName(text); ok != (want != "") || ok && o.ID() != want {
			t.Errorf("DomainName(%q) = %v, %v; want %q", text, o, ok, want)
		}
	}
}

// What is read from a buffer outlives it.
func TestKeysAreCopies(t *testing.T) {
	allocs := testing.AllocsPerRun(100, func() {
		Hash(sha)
		DomainName("www.example.com")
		IP("192.0.2.7")
	})
	if allocs > 3 {
		t.Errorf("reading three observables takes %v allocations; want one key each", allocs)
	}
}

// The words and numbers are stored and sent: they must never change.
func TestTypesAreFixed(t *testing.T) {
	for number, word := range []string{"unknown", "sha256", "md5", "domain", "ipv4", "ipv6", "unknown"} {
		if got := Type(number).String(); got != word {
			t.Errorf("type %d is %s, want %s", number, got, word)
		}
	}
}

func TestDigestIsFixed(t *testing.T) {
	o, err := Parse("domain", "example.com")
	if err != nil {
		t.Fatal(err)
	}
	// printf '\003example.com' | sha256sum
	if d := o.Digest(); d != [16]byte{0x82, 0xaa, 0xa5, 0x9b, 0xa8, 0x59, 0x2b, 0xcc, 0x4c, 0x14, 0xaf, 0xf2, 0x14, 0x99, 0xe2, 0xf6} {
		t.Errorf("digest is %x", d)
	}
	if (Observable{IPv6, strings.Repeat("\x00", 16)}).Digest() == (Observable{MD5, strings.Repeat("\x00", 16)}).Digest() {
		t.Error("a digest does not depend on the type")
	}
}

// drawn is an observable of any type.
func drawn(t *rapid.T) Observable {
	typ := Type(rapid.IntRange(int(SHA256), int(IPv6)).Draw(t, "type"))
	if typ == Domain {
		name := rapid.StringMatching(`[a-z0-9_-]{1,20}(\.[a-z0-9_-]{1,20}){0,3}\.[a-z]{1,8}`).Draw(t, "name")
		return Observable{Domain, name}
	}
	raw := rapid.SliceOfN(rapid.Byte(), typ.size(), typ.size()).Draw(t, "key")
	o := Observable{typ, string(raw)}
	if again, err := ParseID(o.ID()); err == nil {
		return again // an IPv6 of the mapped part is an IPv4
	}
	t.Fatalf("%s is refused", o.ID())
	return o
}

func TestNormalFormsAreReadBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		o := drawn(t)
		if again, err := ParseID(o.ID()); err != nil || again != o {
			t.Fatalf("%s is read as %v, %v", o.ID(), again, err)
		}
		rest := rapid.SliceOf(rapid.Byte()).Draw(t, "rest")
		got, after, ok := Cut(append(o.Append(nil), rest...))
		if !ok || got != o || string(after) != string(rest) {
			t.Fatalf("%v and %x are cut into %v, %x, %v", o, rest, got, after, ok)
		}
		other := drawn(t)
		if o != other && (o.Digest() == other.Digest() || strings.HasPrefix(string(o.Append(nil)), string(other.Append(nil)))) {
			t.Fatalf("%v and %v are not told apart", o, other)
		}
	})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"sha256:" + sha, "md5:" + md5, "domain:a.example.", "ipv4:192.0.2.7", "ipv6:::ffff:1.2.3.4", "ipv6:fe80::1%x", "x", ":", ""} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, id string) {
		if o, ok := DomainName(id); ok && o.Key == "" {
			t.Fatalf("%q is an empty domain", id)
		}
		o, err := ParseID(id)
		if err != nil {
			if len(err.Error()) > 1024 {
				t.Fatalf("an error of %d bytes", len(err.Error()))
			}
			return
		}
		if again, err := ParseID(o.ID()); err != nil || again != o {
			t.Fatalf("%q is %v, but that is read as %v, %v", id, o, again, err)
		}
		if got, rest, ok := Cut(o.Append(nil)); !ok || got != o || len(rest) != 0 {
			t.Fatalf("%v is cut into %v, %x, %v", o, got, rest, ok)
		}
	})
}

func FuzzCut(f *testing.F) {
	f.Add([]byte("\x03example.com\x00rest"))
	f.Add([]byte("\x041234"))
	f.Fuzz(func(t *testing.T, b []byte) {
		if o, rest, ok := Cut(b); ok && string(append(o.Append(nil), rest...)) != string(b) {
			t.Fatalf("%x is cut into %v and %x", b, o, rest)
		}
	})
}
