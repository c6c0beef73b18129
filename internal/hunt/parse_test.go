package hunt

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/sample"
)

func TestParsePatterns(t *testing.T) {
	many := func(n int, value string) []mews.Pattern {
		var out []mews.Pattern
		for i := range n {
			out = append(out, mews.Pattern{Type: "ascii", Value: value + strings.Repeat(string(rune('a'+i%26)), 2) + string(rune('A'+i/26))})
		}
		return out
	}
	one := func(kind, value string) []mews.Pattern { return []mews.Pattern{{Type: kind, Value: value}} }
	for name, tt := range map[string]struct {
		in         []mews.Pattern
		want, fail string
	}{
		"none":             {nil, "", "at least one"},
		"hex":              {one("hex", "4d5a 9000"), `"MZ\x90\x00"`, ""},
		"HEX":              {one("HEX", "4D5A9000"), `"MZ\x90\x00"`, ""},
		"odd hex":          {one("hex", "4d5a9"), "", "pattern 1: needs an even number"},
		"short hex":        {one("hex", "4d5a90"), "", "needs at least 4 fixed bytes"},
		"wild hex":         {one("hex", "4d5a90??"), "", "use a hunt"},
		"not hex":          {one("hex", "4d5a90zz"), "", "hex digits"},
		"ascii":            {one("ascii", "abcd"), `"abcd"`, ""},
		"ascii keeps all":  {one("ascii", " é "), `" \u00e9 "`, ""},
		"short ascii":      {one("ascii", "abc"), "", "at least 4 bytes"},
		"wide":             {one("wide", "abcd"), `"a\x00b\x00c\x00d\x00"`, ""},
		"wide surrogates":  {one("Wide", "abc😀"), `"a\x00b\x00c\x00=\xd8\x00\xde"`, ""},
		"short wide":       {one("wide", "abc"), "", "4 characters"},
		"wide bytes":       {one("wide", "abcd\xff"), "", "not text"},
		"string":           {one("string", "abcd"), "", "unknown type"},
		"no type":          {one("", "abcd"), "", "unknown type"},
		"longest":          {one("ascii", strings.Repeat("a", 256)), "", ""},
		"too long":         {one("ascii", strings.Repeat("a", 257)), "", "longer than 256"},
		"too long wide":    {one("wide", strings.Repeat("a", 129)), "", "longer than 256"},
		"as many as can":   {many(32, "pattern"), "", ""},
		"too many":         {many(33, "pattern"), "", "at most 32"},
		"together at most": {many(16, strings.Repeat("x", 253)), "", ""},
		"too large":        {many(17, strings.Repeat("x", 253)), "", "together longer"},
		"two":              {append(one("ascii", "abcd"), one("ascii", "efgh")...), `and("abcd","efgh")`, ""},
	} {
		t.Run(name, func(t *testing.T) {
			n, err := parsePatterns(tt.in)
			if tt.fail != "" {
				if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), tt.fail) {
					t.Fatalf("error %v, want %q", err, tt.fail)
				}
				return
			}
			if err != nil || tt.want != "" && n.String() != tt.want || !query.Indexable(n) {
				t.Fatalf("%v, %v, want %s", n, err, tt.want)
			}
		})
	}
}

func TestParseOptions(t *testing.T) {
	for name, tt := range map[string]struct {
		in   mews.SearchOptions
		fail string
	}{
		"empty":         {mews.SearchOptions{}, ""},
		"all":           {mews.SearchOptions{FilterFiletypes: mews.List{"PE32", "elf64"}, FilterMeta: mews.List{"type", "size"}, MinSize: "1", MaxSize: "1.3 KB", MinDate: "2020/02/29", MaxDate: "2020-03-01", Limit: 5}, ""},
		"type":          {mews.SearchOptions{FilterFiletypes: mews.List{"exe"}}, "filter_filetypes"},
		"field":         {mews.SearchOptions{FilterMeta: mews.List{"sha1"}}, "filter_meta"},
		"size":          {mews.SearchOptions{MinSize: "10ZB"}, "min_size"},
		"sizes crossed": {mews.SearchOptions{MinSize: "2kb", MaxSize: "1kb"}, "larger than max_size"},
		"date":          {mews.SearchOptions{MaxDate: "2024-02-31"}, "max_date"},
		"placeholder":   {mews.SearchOptions{MinDate: "UTC_Date_Here"}, "min_date"},
		"dates crossed": {mews.SearchOptions{MinDate: "2024/01/02", MaxDate: "2024/01/01"}, "later than max_date"},
		"limit":         {mews.SearchOptions{Limit: -1}, "limit"},
	} {
		_, err := parseOptions(&tt.in)
		if (err != nil) != (tt.fail != "") || err != nil && (!errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), tt.fail)) {
			t.Errorf("%s: %v, want %q", name, err, tt.fail)
		}
	}
	for in, want := range map[int]int{0: 100, 1: 1, 10_000: 10_000, 10_001: 10_000} {
		if f, _ := parseOptions(&mews.SearchOptions{Limit: in}); f.limit != want {
			t.Errorf("limit %d becomes %d, want %d", in, f.limit, want)
		}
	}
}

func TestDatesHoldWholeDays(t *testing.T) {
	f, err := parseOptions(&mews.SearchOptions{MinDate: "2024/02/29", MaxDate: "2024/02/29"})
	if err != nil {
		t.Fatal(err)
	}
	day := time.Date(2024, 2, 29, 0, 0, 0, 0, time.UTC)
	for at, want := range map[time.Time]bool{
		day: true, day.Add(24*time.Hour - 1): true, day.Add(-1): false, day.Add(24 * time.Hour): false,
	} {
		if got := f.dated(sample.Record{FirstSeen: at}); got != want {
			t.Errorf("%v: %v, want %v", at, got, want)
		}
	}
}

func TestParseSize(t *testing.T) {
	for text, want := range map[string]int64{
		"0": 0, "128000": 128000, "1.3 KB": 1331, "8mb": 8 << 20, " 1gb ": 1 << 30, "1.5  Mb": 3 << 19, ".5kb": 512, "2.": 2, "1.9": 1,
		"": -1, "kb": -1, ".": -1, "-1": -1, "1e3": -1, "1/2": -1, "10ZB": -1, "1 2": -1, "0x10": -1, "1_000": -1, "1.2.3": -1, "99999999999999999999": -1, "9999999999999GB": -1,
	} {
		got, ok := parseSize(text)
		if ok != (want >= 0) || ok && got != want {
			t.Errorf("%q: %d, %v, want %d", text, got, ok, want)
		}
	}
}

func TestProjection(t *testing.T) {
	r := sample.Record{SHA256: "a", MD5: "b", SHA1: "c", Size: 3, Type: "pe32", FirstSeen: time.Unix(0, 0), Label: "clean", Family: "f"}
	all, _ := parseOptions(nil)
	if got := all.project(r); got != (mews.SampleMeta{SHA256: "a", MD5: "b", SHA1: "c", FileSize: 3, FileType: "PE32", FirstSeen: "1970/01/01", Label: "clean", Family: "f"}) {
		t.Errorf("everything: %+v", got)
	}
	some, _ := parseOptions(&mews.SearchOptions{FilterMeta: mews.List{"sha256", "type", "size"}})
	if got := some.project(r); got != (mews.SampleMeta{SHA256: "a", FileSize: 3, FileType: "PE32"}) {
		t.Errorf("type and size: %+v", got)
	}
}

func FuzzSize(f *testing.F) {
	for _, s := range []string{"128000", "1.3 KB", "8mb", ".", "9999999999999GB"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if n, ok := parseSize(s); ok && n < 0 {
			t.Fatalf("%q is %d", s, n)
		}
	})
}

func FuzzDate(f *testing.F) {
	for _, s := range []string{"2024/02/29", "2024-02-29", "2024-02-29T12:00:00+14:00", "0000-01-01T00:00:00+23:59"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, ok := parseDate(s)
		if ok && (d.Location() != time.UTC || d.Hour()+d.Minute()+d.Second()+d.Nanosecond() != 0 || d.Year() < 1) {
			t.Fatalf("%q is %v", s, d)
		}
	})
}

func FuzzPattern(f *testing.F) {
	f.Add("hex", "4d 5a 90 00")
	f.Add("wide", "abc😀")
	f.Add("ascii", "abcd")
	f.Fuzz(func(t *testing.T, kind, value string) {
		in := []mews.Pattern{{Type: kind, Value: value}}
		n, err := parsePatterns(in)
		if err != nil {
			return
		}
		l, ok := n.(query.Literal)
		if !ok || len(l.Bytes) < 4 || len(l.Bytes) > maxPatternBytes || l.Fold {
			t.Fatalf("plan %v", n)
		}
		if rule := ruleOf(in); !strings.Contains(rule, "$ = {") {
			t.Fatalf("rule %s", rule)
		}
	})
}
