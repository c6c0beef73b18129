package cli

import (
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
)

// hostile draws texts rich in what output must not pass on.
func hostile() *rapid.Generator[string] {
	part := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"\x1b[2J", "\u202e", "\u2066", "\u2028", "\u009b31m", "\x7f", "\xff\xfe", "\r\n", "\t", "=1+1", "＝", "@x", "-2", "+3", `"`, ",", "'", " ", "\ufeff",
	}))
	return rapid.Custom(func(t *rapid.T) string { return strings.Join(rapid.SliceOfN(part, 0, 6).Draw(t, "parts"), "") })
}

func TestPrintable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := printable(hostile().Draw(t, "s"))
		if !utf8.ValidString(s) || strings.ContainsFunc(s, unsafeRune) {
			t.Fatalf("unsafe output %q", s)
		}
	})
	if got := printable("ünï 漢字 😀"); got != "ünï 漢字 😀" {
		t.Errorf("harmless text changed: %q", got)
	}
	if got := printable(strings.Repeat("x", 5000)); len(got) > maxForeign+8 || !strings.HasSuffix(got, "…") {
		t.Errorf("%d bytes passed", len(got))
	}
}

func TestJSONStaysExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.MapOf(hostile(), hostile()).Draw(t, "object")
		raw, err := marshal(in, "")
		if err != nil {
			t.Fatal(err)
		}
		safe := jsonSafe(raw)
		if strings.ContainsFunc(strings.TrimSuffix(string(safe), "\n"), unsafeRune) {
			t.Fatalf("unsafe output %q", safe)
		}
		var before, after map[string]string
		if json.Unmarshal(raw, &before) != nil || json.Unmarshal(safe, &after) != nil || !reflect.DeepEqual(before, after) {
			t.Fatalf("value changed: %q to %q", raw, safe)
		}
	})
}

func TestCSVCell(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := hostile().Draw(t, "cell")
		rows, err := csv.NewReader(strings.NewReader(csvCell(in, true) + "\r\n")).ReadAll()
		if err != nil || len(rows) != 1 || len(rows[0]) != 1 {
			t.Fatalf("not one cell: %v %q", err, rows)
		}
		cell := rows[0][0]
		if first, _ := utf8.DecodeRuneInString(strings.TrimLeft(cell, " ")); strings.ContainsRune("=+-@＝＋－＠", first) {
			t.Fatalf("a formula: %q", cell)
		}
		if want := printable(in); cell != want && cell != "'"+want && printable("'"+in) != cell {
			t.Fatalf("%q became %q", in, cell)
		}
	})
	if got := csvCell("-5", false); got != `"-5"` {
		t.Errorf("a number became %s", got)
	}
}

// TestExitCodes holds the documented table against the errors.
func TestExitCodes(t *testing.T) {
	for err, want := range map[error]int{
		nil: 0, errors.New("x"): 1, usagef("x"): 2, mews.ErrInvalid: 2, mews.ErrTooLarge: 1, mews.ErrConflict: 1, mews.ErrNotFound: 3,
		errNoMatch: 3, mews.ErrUnauthorized: 4, mews.ErrForbidden: 4, mews.ErrLimited: 5, mews.ErrInternal: 1, mews.ErrUnavailable: 1,
		errPartial: 6, errInterrupted: 1, codedError{errors.New("x"), exitInUse}: 73,
	} {
		wrapped := err
		if err != nil {
			wrapped = fmt.Errorf("get: %w", err)
		}
		if got := exitCode(wrapped); got != want {
			t.Errorf("%v ends with %d, want %d", err, got, want)
		}
		if !strings.Contains(exitCodes, fmt.Sprintf("\n  %d  ", want)) && !strings.Contains(exitCodes, fmt.Sprintf("\n  %d ", want)) {
			t.Errorf("code %d is not documented", want)
		}
	}
	if got := exitCode(errors.Join(mews.Errorf(mews.ErrNotFound, "x"), errPartial)); got != exitPartial {
		t.Errorf("partial beside not found ends with %d", got)
	}
}

func TestByteCount(t *testing.T) {
	for n, want := range map[int64]string{0: "0 B", 1023: "1023 B", 1024: "1.0 KB", 1536: "1.5 KB", 1 << 20: "1.0 MB", 5 << 40: "5.0 TB", 1<<63 - 1: "8.0 EB"} {
		if got := byteCount(n); got != want {
			t.Errorf("%d is %q, want %q", n, got, want)
		}
	}
}

func TestOnlyIncludes(t *testing.T) {
	for source, want := range map[string]bool{
		"include \"a.yar\"\ninclude \"b.yar\"\n":        true,
		"// all\n/* of\nthem */\ninclude\"a.yar\"":      true,
		"include \"dir/a.yar\" // one\n":                true,
		"include \"a.yar\"\nrule r { condition: true }": false,
		"// include \"a.yar\"\n":                        false,
		"/* include":                                    false,
		"":                                              false,
		"/":                                             false,
	} {
		if got := onlyIncludes(source); got != want {
			t.Errorf("%q: %v, want %v", source, got, want)
		}
	}
}
