package telemetry

import (
	"encoding/json"
	"regexp"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// keyed is a table whose fields have the names of its paths, to look at what a
// walk keeps.
var keyed = paths{"a": fImage, "b.c": fUser, "list": fArgs}

// FuzzScan compares the scanner with the standard library: both must accept
// the same texts, and find the same values.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"a":"x"}`, `{"a":"x","a":"y"}`, `{"b":{"c":"\u00e9\n"}}`, `{"b.c":"flat"}`, `{"list":["1",2,[3],{"a":4}]}`, ` { "a" : null , "z":[ ] } `,
		`{"a":"\ud83d\ude00\ud83d"}`, `{"a":1e5,"b":-0.5}`, `{"a":01}`, `{"a":"x}`, `{"a":tru}`, `[1]`, `{"a":1}x`, "{\"a\":\"\x01\"}", `{"a":"\x"}`, `{"a":"\u12"}`,
		`{"0123456":"01234567\"89","01234567":"\\"}`, `{"a":.5}`, `{"a":-}`, `{"a":1.}`, `{"a":1e}`, `{,}`, `{"a":1,}`, `{"a" 1}`, "{\"a\":\"\xff\"}",
	} {
		f.Add([]byte(seed))
	}
	table := tree(keyed)
	f.Fuzz(func(t *testing.T, text []byte) {
		var rec record
		var want map[string]any
		err := scanObject(text, table, &rec)
		ours, theirs := err == nil, json.Unmarshal(text, &want) == nil && want != nil
		if deep := nesting(want) > maxDepth; theirs && deep {
			if ours {
				t.Fatalf("accepted a depth beyond %d", maxDepth)
			}
			return
		}
		if ours != theirs {
			t.Fatalf("%q: scanner %v (%v), encoding/json %v", text, ours, err, theirs)
		}
		if ours {
			compareText(t, text, want, &rec)
		}
	})
}

// compareText checks the top-level strings, which both read by the same rule:
// the last of equal keys counts.
func compareText(t *testing.T, text []byte, want map[string]any, rec *record) {
	s, ok := want["a"].(string)
	if !ok {
		return
	}
	r := &reader{}
	one := regexp.MustCompile("\uFFFD+") // the standard library replaces byte by byte
	if diff := cmp.Diff(one.ReplaceAllString(s, "?"), one.ReplaceAllString(r.text(rec[fImage], 1<<20), "?")); diff != "" {
		t.Fatalf("%q: a differs: %s", text, diff)
	}
}

// nesting is the depth of a decoded value.
func nesting(v any) int {
	deepest := 0
	switch v := v.(type) {
	case map[string]any:
		for _, below := range v {
			deepest = max(deepest, nesting(below))
		}
	case []any:
		for _, below := range v {
			deepest = max(deepest, nesting(below))
		}
	default:
		return 0
	}
	return deepest + 1
}
