package iocfile

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// anyText draws what people and attackers write into fields, without the spaces
// around that readers cut off.
func anyText(t *rapid.T, name string) string {
	part := rapid.SampledFrom([]string{
		"a", "Ä", "=", "+1", "-", "@x", "'", "''", "\"", ",", "\n", "\\", "\t", "]", " OR ", "\u202e", "\x1b[2J", "\u2028", "＝", "</script>", "#", "\u00a0",
	})
	return strings.TrimSpace(strings.Join(rapid.SliceOfN(part, 0, 5).Draw(t, name), ""))
}

// anyIndicator draws what the server gives. CSV has ";" between words, so words
// of lists have none.
func anyIndicator(t *rapid.T) Indicator {
	moment := func(name string) time.Time {
		return time.Unix(rapid.Int64Range(1e9, 4e9).Draw(t, name), 0).UTC()
	}
	list := func(name string) []string {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"windows", "case 17", "=1+1", "'x", "ü"}), 0, 3).Draw(t, name)
		if len(words) == 0 {
			return nil
		}
		return words
	}
	v := rapid.SampledFrom([][2]string{
		{"sha256", strings.Repeat("ab", 32)},
		{"md5", strings.Repeat("01", 16)},
		{"domain", "evil.example"},
		{"domain", "xn--a_b"},
		{"ipv4", "198.51.100.7"},
		{"ipv6", "2001:db8::1"},
	}).Draw(t, "value")
	i := Indicator{
		Type: v[0], Value: v[1],
		Action:       rapid.SampledFrom([]string{"no_action", "allow", "detect", "prevent", "prevent_no_ui"}).Draw(t, "action"),
		MobileAction: rapid.SampledFrom([]string{"", "detect"}).Draw(t, "mobile"),
		Severity:     rapid.SampledFrom([]string{"", "high"}).Draw(t, "severity"),
		Platforms:    list("platforms"), Tags: list("tags"), HostGroups: list("groups"),
		Source: anyText(t, "source"), Description: anyText(t, "description"), Filename: anyText(t, "filename"),
	}
	if rapid.Bool().Draw(t, "says where") {
		on := rapid.Bool().Draw(t, "globally")
		i.AppliedGlobally = &on
	}
	if rapid.Bool().Draw(t, "expires") {
		i.Expiration = moment("expiration")
	}
	return i
}

// TestRoundTrip: what is written is read as it was, in both formats.
func TestRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var want []Indicator
		var table, bundle bytes.Buffer
		csv, stix := NewCSV(&table), NewSTIX(&bundle, time.Unix(2e9, 0), [16]byte{1})
		for range rapid.IntRange(0, 4).Draw(t, "rows") {
			i := anyIndicator(t)
			want = append(want, i)
			if err := csv.Write(i); err != nil {
				t.Fatal(err)
			}
			i.ID, i.Created, i.Modified = "id", time.Unix(1, 0), time.Unix(0, 0)
			if err := stix.Write(i); err != nil {
				t.Fatal(err)
			}
			if err := stix.Sighting(i, Sighting{DeviceID: "d", First: time.Unix(2, 0), Count: 1 << 40}); err != nil {
				t.Fatal(err)
			}
		}
		if err := csv.Close(); err != nil {
			t.Fatal(err)
		}
		if err := stix.Close(); err != nil || !json.Valid(bundle.Bytes()) {
			t.Fatal(err, bundle.String())
		}
		for name, text := range map[string]*bytes.Buffer{"csv": &table, "stix": &bundle} {
			var got []Indicator
			written := text.String()
			for row, err := range Read(text, Auto) {
				if err != nil || row.Problem != "" || row.Skip != "" {
					t.Fatal(name, row, err)
				}
				got = append(got, row.Indicator)
			}
			if !reflect.DeepEqual(got, want) {
				t.Fatalf("%s: read\n%+v\nwant\n%+v\nfrom\n%s", name, got, want, written)
			}
		}
	})
}

// TestGuarded: no cell that is written begins like a formula, and none is lost.
func TestGuarded(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cell := rapid.StringMatching(`['=+\-@ a＝\t]{0,6}`).Draw(t, "cell")
		out := guarded(cell)
		if first := strings.TrimLeft(out, " \u00a0"); first != "" && strings.ContainsAny(first[:1], "=+-@\t") {
			t.Fatalf("%q becomes %q", cell, out)
		}
		if unguarded(out) != cell {
			t.Fatalf("%q becomes %q and then %q", cell, out, unguarded(out))
		}
	})
}

// TestSTIXFile compares a bundle with the one in testdata, which stix2, the
// reference library, reads without complaint.
func TestSTIXFile(t *testing.T) {
	at := func(n int64) time.Time { return time.Unix(1_800_000_000+n, 0) }
	yes := true
	var b bytes.Buffer
	w := NewSTIX(&b, at(1000), [16]byte{1, 2, 3})
	file := Indicator{
		ID: "aa", Type: "sha256", Value: strings.Repeat("ab", 32), Action: "detect", Severity: "high", Platforms: []string{"windows", "linux"},
		AppliedGlobally: &yes, Tags: []string{"case 17"}, Source: "team", Description: "it's \"bad\"\u2028", Filename: "a.exe",
		Created: at(0), Modified: at(10), Expiration: at(5000),
	}
	for _, i := range []Indicator{
		file,
		{ID: "bb", Type: "domain", Value: "good.example", Action: "allow", Created: at(0)},
		{Type: "ipv6", Value: "2001:db8::1", Expiration: at(-1)},
		{ID: "cc", Type: "md5", Value: strings.Repeat("01", 16), Action: "no_action"},
		{ID: "dd", Type: "ipv4", Value: "198.51.100.7"},
	} {
		if err := w.Write(i); err != nil {
			t.Fatal(err)
		}
	}
	for n, host := range []string{"ws1", "", "ws1"} {
		err := w.Sighting(file, Sighting{
			DeviceID: strings.Repeat("ab", 16)[:32-n], Hostname: host, First: at(int64(n)), Last: at(int64(10 * n)), Count: int64(n) + 1,
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	const golden = "testdata/written.stix"
	if *rewrite {
		if err := os.WriteFile(golden, b.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil || b.String() != string(want) {
		t.Errorf("%v; written:\n%s", err, b.String())
	}
}

// full fails like a full disk.
type full struct{ left int }

func (f *full) Write(p []byte) (int, error) {
	if f.left -= len(p); f.left < 0 {
		return 0, fmt.Errorf("the disk is full")
	}
	return len(p), nil
}

// TestWriteFails: who closes a file hears that it is not whole.
func TestWriteFails(t *testing.T) {
	i := Indicator{Type: "domain", Value: "a.example", Description: strings.Repeat("x", 500)}
	for room := 0; room < 20_000; room += 5000 {
		csv, stix := NewCSV(&full{room}), NewSTIX(&full{room}, time.Unix(0, 0), [16]byte{})
		for range 100 {
			_ = csv.Write(i)
			_ = stix.Write(i)
			_ = stix.Sighting(i, Sighting{DeviceID: "d"})
		}
		if csv.Close() == nil || stix.Close() == nil {
			t.Errorf("room for %d bytes: nothing was told", room)
		}
	}
}

// FuzzRead: no file breaks the reader, and each row it gives is an indicator in
// normal form, or says why it is none.
func FuzzRead(f *testing.F) {
	for _, s := range []string{
		"type,value,tags\nsha256,aa,\"x\ny\"\n", "198.51.100.7\n#\n\"", "value\n'=1\n", `{"objects":[{"type":"indicator","pattern":"[domain-name:value = 'a.example']"}]}`,
		`{"objects":[{"type":"indicator","extensions":{"` + extensionID + `":{"platforms":["x"]}},"pattern":"[a:b='']"},1,null,[]],"x":{}}`, "\xef\xbb\xbf{", "\xff\xfe",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, text string) {
		ended := false
		for row, err := range Read(strings.NewReader(text), Auto) {
			if ended {
				t.Fatal("a row after the end")
			}
			if ended = err != nil; ended {
				continue
			}
			i := row.Indicator
			switch {
			case row.At == "":
				t.Fatalf("%q: a row without a place", text)
			case row.Problem != "" || row.Skip != "":
				if !reflect.DeepEqual(i, Indicator{}) {
					t.Fatalf("%q: %+v", text, row)
				}
			default:
				if err := i.normal(); err != nil || i.Type != row.Indicator.Type || i.Value != row.Indicator.Value {
					t.Fatalf("%q: %+v, %v", text, row, err)
				}
			}
		}
	})
}
