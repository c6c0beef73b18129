package sighting

import (
	"bytes"
	"encoding/hex"
	"testing"

	"pgregory.net/rapid"

	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/telemetry"
)

// What stands on disk never changes: runs are kept for years.
func TestFormat(t *testing.T) {
	name, err := observable.Parse("domain", "a.example")
	must(t, err)
	address, err := observable.Parse("ipv4", "192.0.2.1")
	must(t, err)
	s := seen{first: 1_700_000_000_000_000, last: 1_700_000_000_000_300, count: 129, kinds: telemetry.Exec | telemetry.DNS}
	p := process{last: 300, start: 1, stop: 2, parent: 128, image: "i", commandLine: "cc", user: "", sha256: "\x01\x02", md5: "\x03"}
	for _, tc := range []struct {
		what string
		got  []byte
		want string
	}{
		{"hosts of a domain", appendHost(observablePrefix(nil, name), 258), "4103612e6578616d706c650000000102"},
		{"hosts of an address", appendHost(observablePrefix(nil, address), 1), "4104c000020100000001"},
		{"processes of an address", appendProcess(processesPrefix(nil, address.Digest(), 1), 2), "42" + hexDigest(address) + "000000010000000000000002"},
		{"record", recordKey(nil, 1, 1<<63), "43000000018000000000000000"},
		{"seen", s.append(nil), "ac82f9c0c1c48203ac02810111"},
		{"process", p.append(nil), "ac02010280010169026363000201020103"},
	} {
		if got := hex.EncodeToString(tc.got); got != tc.want {
			t.Errorf("%s is %s, want %s", tc.what, got, tc.want)
		}
	}
}

func hexDigest(o observable.Observable) string {
	d := o.Digest()
	return hex.EncodeToString(d[:])
}

func genSeen(t *rapid.T) seen {
	first := rapid.Int64Range(0, 1<<52).Draw(t, "first")
	return seen{
		first: first, last: first + rapid.Int64Range(0, 1<<50).Draw(t, "span"),
		count: rapid.Int64Range(1, 1<<40).Draw(t, "count"), kinds: telemetry.Kind(rapid.Byte().Draw(t, "kinds")),
	}
}

func genProcess(t *rapid.T) process {
	at, text := rapid.Int64Range(0, 3), rapid.SampledFrom([]string{"", "a", "b", "ab", "abc"})
	return process{
		last: at.Draw(t, "last"), start: at.Draw(t, "start"), stop: at.Draw(t, "stop"), parent: uint64(at.Draw(t, "parent")),
		image: text.Draw(t, "image"), commandLine: text.Draw(t, "line"), user: text.Draw(t, "user"),
		sha256: text.Draw(t, "sha256"), md5: text.Draw(t, "md5"),
	}
}

// What is written is read back, and joins alike in any order and any grouping.
func TestValuesJoinInAnyOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		for _, table := range []byte{tableHosts, tableRecords} {
			var all [][]byte
			for range rapid.IntRange(1, 6).Draw(t, "values") {
				if table == tableHosts {
					s := genSeen(t)
					all = append(all, s.append(nil))
					if got, err := parseSeen(all[len(all)-1]); err != nil || got != s {
						t.Fatalf("%+v is read as %+v (%v)", s, got, err)
					}
					continue
				}
				p := genProcess(t)
				all = append(all, p.append(nil))
				if got, err := parseProcess(all[len(all)-1]); err != nil || got != p {
					t.Fatalf("%+v is read as %+v (%v)", p, got, err)
				}
			}
			once := joined(t, table, all)
			shuffled := rapid.Permutation(all).Draw(t, "order")
			cut := rapid.IntRange(0, len(all)-1).Draw(t, "cut")
			twice := [][]byte{joined(t, table, shuffled[cut:])}
			if cut > 0 {
				twice = append(twice, joined(t, table, shuffled[:cut]))
			}
			if got := joined(t, table, twice); !bytes.Equal(got, once) {
				t.Fatalf("in another order they join to %x, not %x", got, once)
			}
		}
	})
}

func joined(t *rapid.T, table byte, values [][]byte) []byte {
	out, last, err := join(table, values, nil)
	if err != nil {
		t.Fatal(err)
	}
	if quick, err := lastOf(out); err != nil || quick != last {
		t.Fatalf("last is %d, read as %d (%v)", last, quick, err)
	}
	return out
}

// Whatever bytes a value has: it is refused, or read back as it would be written.
func FuzzValues(f *testing.F) {
	f.Add(seen{first: 1, last: 2, count: 3, kinds: 4}.append(nil))
	p := process{last: 300, start: 1, stop: 2, parent: 128, image: "i", commandLine: "cc", sha256: "\x01"}
	f.Add(p.append(nil))
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, value []byte) {
		if s, err := parseSeen(value); err == nil {
			if again, err := parseSeen(s.append(nil)); err != nil || again != s || s.first < 0 || s.last < s.first || s.count < 1 {
				t.Errorf("%x is read as %+v, written and read as %+v (%v)", value, s, again, err)
			}
		}
		if p, err := parseProcess(value); err == nil {
			if again, err := parseProcess(p.append(nil)); err != nil || again != p {
				t.Errorf("%x is read as %+v, written and read as %+v (%v)", value, p, again, err)
			}
		}
	})
}

// Ids of processes are read as lists write them, and as details do.
func TestProcessIDs(t *testing.T) {
	a := aid(1)
	for _, tc := range []struct {
		text string
		id   uint64
	}{
		{"pid:" + a + ":12", 12},
		{a + ":12", 12},
		{" pid:" + a + ":18446744073709551615 ", 1<<64 - 1},
		{"pid:" + a + ":0", 0},
		{"pid:" + a + ":-1", 0},
		{"pid:" + a + ":18446744073709551616", 0},
		{"pid:" + a + ":", 0},
		{"pid:" + a, 0},
		{"pid:" + a + ":1:2", 0},
		{"pid:pid:" + a + ":1", 0},
		{"pid:xyz:1", 0},
		{"", 0},
	} {
		got, id, ok := parseProcessID(tc.text)
		if ok != (tc.id != 0) || ok && (id != tc.id || got != a) {
			t.Errorf("%q is read as %q, %d, %v", tc.text, got, id, ok)
		}
	}
}

func TestBehind(t *testing.T) {
	for _, tc := range []struct{ prefix, want string }{
		{"a", "b"}, {"a\xff", "b"}, {"a\xff\xff", "b"}, {"ab\x00", "ab\x01"}, {"\xff", ""},
	} {
		if got := string(behind([]byte(tc.prefix))); got != tc.want {
			t.Errorf("behind %q is %q, want %q", tc.prefix, got, tc.want)
		}
	}
}
