package cli

import (
	"reflect"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
	"pgregory.net/rapid"
)

// values draws what JSON can hold, with texts that look like something else.
func values() *rapid.Generator[any] {
	text := rapid.OneOf(hostile(), rapid.SampledFrom([]string{
		"", "null", "~", "true", "No", "0x1f", "1e3", "010", "2024-05-06", "2024-05-06T07:08:09Z", "- a", "a: b", "#", "&x", "*x", "!t", "|", "{", "[", "---", "...", "<<",
	}))
	leaf := rapid.OneOf(
		rapid.Map(text, func(s string) any { return s }), rapid.Map(rapid.Bool(), func(b bool) any { return b }),
		rapid.Map(rapid.Int64(), func(n int64) any { return n }), rapid.Just(any(nil)),
	)
	list := rapid.Map(rapid.SliceOfN(leaf, 0, 3), func(l []any) any { return append([]any{}, l...) })
	inner := rapid.OneOf(leaf, list, rapid.Map(rapid.MapOfN(text, leaf, 0, 3), func(m map[string]any) any { return m }))
	return rapid.Map(rapid.MapOfN(text, inner, 0, 4), func(m map[string]any) any { return m })
}

// TestYAMLStaysExact: the YAML of a result holds the value of its JSON, and
// nothing that could steer a terminal.
func TestYAMLStaysExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		raw, err := marshal(values().Draw(t, "value"), "  ")
		if err != nil {
			t.Fatal(err)
		}
		out, err := yamlOf(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if strings.ContainsFunc(strings.ReplaceAll(string(out), "\n", ""), unsafeRune) {
			t.Fatalf("unsafe output %q", out)
		}
		var before, after any
		if err := yaml.Unmarshal(jsonSafe(raw), &before); err != nil {
			t.Fatal(err)
		}
		if err := yaml.Unmarshal(out, &after); err != nil || !reflect.DeepEqual(before, after) {
			t.Fatalf("value changed (%v):\n%s\n%s", err, raw, out)
		}
	})
}

func TestYAMLForm(t *testing.T) {
	out, err := yamlOf([]byte(`{"z":"a b","count":123456789012345678901,"no":"no","when":"2024-05-06T07:08:09Z","list":["x","12"],"none":[],"null":null,"text":"two\nlines"}`))
	want := "z: a b\ncount: 123456789012345678901\n\"no\": \"no\"\nwhen: \"2024-05-06T07:08:09Z\"\nlist:\n  - x\n  - \"12\"\nnone: []\n\"null\": null\ntext: \"two\\nlines\"\n"
	if err != nil || string(out) != want {
		t.Errorf("%v\n%s\nwant\n%s", err, out, want)
	}
}
