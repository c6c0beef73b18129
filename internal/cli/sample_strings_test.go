package cli

import (
	"bytes"
	"cmp"
	"regexp"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// TestStringFinder compares the runs found in one pass with those that two
// regular expressions find.
func TestStringFinder(t *testing.T) {
	ascii := regexp.MustCompile(`[\t\x20-\x7e]+`)
	units := regexp.MustCompile(`^(?:[\t\x20-\x7e]\x00)+`)
	rapid.Check(t, func(t *rapid.T) {
		var data []byte
		for _, part := range rapid.SliceOfN(rapid.SampledFrom([]string{"a", "bc", "\t", "\x00", "\x00\x00", "d\x00", "e\x00f\x00", "\xff", "\n", "~"}), 0, 60).Draw(t, "parts") {
			data = append(data, part...)
		}
		least := rapid.IntRange(1, 4).Draw(t, "min")
		var want []stringRow
		for _, at := range ascii.FindAllIndex(data, -1) {
			want = append(want, stringRow{int64(at[0]), "ascii", string(data[at[0]:at[1]])})
		}
		for parity := range 2 {
			for i := parity; i < len(data); i += 2 {
				if run := units.Find(data[i:]); run != nil {
					want = append(want, stringRow{int64(i), "wide", strings.ReplaceAll(string(run), "\x00", "")})
					i += len(run) - 2
				}
			}
		}
		want = slices.DeleteFunc(want, func(r stringRow) bool { return len(r.Text) < least })
		for _, encoding := range []string{"ascii", "wide", "both"} {
			var got []stringRow
			f := &stringFinder{least: least, encoding: encoding, found: func(r stringRow) error { got = append(got, r); return nil }}
			if err := f.read(bytes.NewReader(data)); err != nil {
				t.Fatal(err)
			}
			wanted := slices.DeleteFunc(slices.Clone(want), func(r stringRow) bool { return encoding != "both" && r.Encoding != encoding })
			order := func(a, b stringRow) int {
				return cmp.Or(cmp.Compare(a.Offset, b.Offset), strings.Compare(a.Encoding, b.Encoding))
			}
			slices.SortFunc(got, order)
			slices.SortFunc(wanted, order)
			if !slices.Equal(got, wanted) {
				t.Fatalf("%s of %q: %v, want %v", encoding, data, got, wanted)
			}
		}
	})
}

// TestLongString: a run without an end is cut, and nothing of it is lost.
func TestLongString(t *testing.T) {
	text, got := strings.Repeat("x", 2*maxRun+5), ""
	f := &stringFinder{least: 1, encoding: "ascii", found: func(r stringRow) error {
		if int(r.Offset) != len(got) || len(r.Text) > maxRun {
			t.Errorf("a piece of %d at %d", len(r.Text), r.Offset)
		}
		got += r.Text
		return nil
	}}
	if err := f.read(strings.NewReader(text)); err != nil || got != text {
		t.Errorf("%d of %d bytes, %v", len(got), len(text), err)
	}
}

func TestSampleBytes(t *testing.T) {
	f := newFake(t)
	sha := f.put("MZ\x90\x00hello world\x00\x1b[31mh\x00i\x00d\x00d\x00e\x00n\x00\x00", "malware")
	for _, c := range []struct {
		args []string
		out  string
		code int
	}{
		{[]string{"strings", sha}, "00000004  ascii  hello world\n00000015  wide   hidden\n", 0},
		{[]string{"strings", sha, "--min", "4", "--encoding", "ascii", "-o", "ndjson"}, `{"offset":4,"encoding":"ascii","text":"hello world"}` + "\n" + `{"offset":17,"encoding":"ascii","text":"[31mh"}` + "\n", 0},
		{[]string{"strings", sha, "--limit", "1", "-o", "csv", "--fields", "text"}, "\"text\"\r\n\"hello world\"\r\n", 0},
		{[]string{"strings", sha, "--min", "100"}, "", exitNotFound},
		{[]string{"strings", sha, "--encoding", "ebcdic"}, "", exitUsage},
		{[]string{"hex", sha, "--length", "17"}, "00000000  4d 5a 90 00 68 65 6c 6c  6f 20 77 6f 72 6c 64 00  |MZ..hello world.|\n" +
			"00000010  1b                                                |.|\n", 0},
		{[]string{"hex", sha, "--offset", "4", "--length", "5", "-o", "ndjson"}, `{"offset":4,"hex":"68656c6c6f","text":"hello"}` + "\n", 0},
		{[]string{"hex", sha, "--offset", "1000"}, "", exitUsage},
		{[]string{"hex", shaOf("none")}, "", exitNotFound},
	} {
		if out, errOut, code := f.mews(run{}, append([]string{"sample"}, c.args...)...); out != c.out || code != c.code {
			t.Errorf("%q: %d\n%q want\n%q\n%s", c.args, code, out, c.out, errOut)
		}
	}
}
