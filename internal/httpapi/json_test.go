package httpapi

import (
	"bytes"
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews"
)

func TestStrictJSONRefuses(t *testing.T) {
	for name, c := range map[string]struct{ body, want string }{
		"empty":             {``, "JSON error"},
		"second value":      {`{} {}`, "JSON error at 4"},
		"trailing text":     {`{}x`, "JSON error"},
		"byte order mark":   {"\xef\xbb\xbf{}", "byte order mark"},
		"invalid UTF-8":     {"{\"yara_rule\":\"a\xff\"}", "at 15: invalid UTF-8"},
		"same key":          {`{"yara_rule":"a","yara_rule":"b"}`, `duplicate key "yara_rule"`},
		"key in case":       {`{"yara_rule":"a","YARA_rule":"b"}`, `another case`},
		"key by kelvin":     {`{"k":1,"\u212a":2}`, "another case"},
		"key by long s":     {`{"s":1,"ſ":2}`, "another case"},
		"escaped key":       {`{"ids":1,"\u0069ds":2}`, "duplicate key"},
		"nested duplicates": {`{"options":{"limit":1,"limit":2}}`, "duplicate key"},
		"high surrogate":    {`{"yara_rule":"\ud800"}`, "lone surrogate"},
		"low surrogate":     {`{"yara_rule":"\udc00x"}`, "lone surrogate"},
		"high then high":    {`{"yara_rule":"\ud800\ud800"}`, "lone surrogate"},
		"deep":              {strings.Repeat("[", 33) + strings.Repeat("]", 33), "JSON nested deeper than 32"},
		"very deep":         {strings.Repeat("[", 10001), "JSON nested deeper than 32"},
		"many tokens":       {"[" + strings.Repeat("0,", maxTokens+1) + "0]", "more than"},
		"NaN":               {`{"options":{"limit":NaN}}`, "JSON error"},
		"Infinity":          {`{"options":{"limit":Infinity}}`, "JSON error"},
		"array body":        {`[]`, "must be a JSON object"},
		"null body":         {`null`, "must be a JSON object"},
		"1e400":             {`{"options":{"limit":1e400}}`, "options.limit: expected an integer"},
		"too big":           {`{"options":{"limit":99999999999999999999}}`, "options.limit: expected an integer"},
		"1.0":               {`{"options":{"limit":1.0}}`, "options.limit: expected an integer"},
		"-0":                {`{"options":{"limit":-0}}`, "options.limit: expected an integer"},
		"numeric text":      {`{"options":{"limit":"10"}}`, "options.limit: expected an integer"},
		"text for object":   {`{"options":"x"}`, "options: expected an object"},
		"number for text":   {`{"yara_rule":1}`, "yara_rule: expected a string"},
		"number in a list":  {`{"options":{"filter_meta":[1]}}`, "options.filter_meta: expected a list of strings"},
		"bool for text":     {`{"options":{"min_size":true}}`, "options.min_size: expected a string or a number"},
	} {
		t.Run(name, func(t *testing.T) {
			var req mews.HuntRequest
			err := decodeJSON([]byte(c.body), &req, false)
			if err == nil || !strings.Contains(err.Error(), c.want) || !errors.Is(err, mews.ErrInvalid) {
				t.Errorf("got %v, want an ErrInvalid with %q", err, c.want)
			}
		})
	}
}

func TestStrictJSONAccepts(t *testing.T) {
	body := `{"options":{"filter_meta":"sha256, type,,sha256","filter_filetypes":["pe32",null," elf64 "],` +
		`"limit":10,"min_size":128000,"max_size":"1.3 KB","min_date":null,"app":null,"later":[{"x":{}}]},` +
		`"yara_rule":"caf\u00e9 \ud83d\ude00 \\ud800","submitted_by_customer":null}`
	var got mews.HuntRequest
	if err := decodeJSON([]byte(body), &got, false); err != nil {
		t.Fatal(err)
	}
	want := mews.HuntRequest{
		Options: &mews.SearchOptions{
			FilterMeta: mews.List{"sha256", "type"}, FilterFiletypes: mews.List{"pe32", "elf64"},
			Limit: 10, MinSize: "128000", MaxSize: "1.3 KB",
		},
		YARARule: "café 😀 \\ud800",
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestDepthLimitIsExact(t *testing.T) {
	if _, err := parseJSON([]byte(strings.Repeat("[", 32) + strings.Repeat("]", 32))); err != nil {
		t.Errorf("depth 32: %v", err)
	}
	if _, err := parseJSON([]byte(`{"a":"` + strings.Repeat("[", 100) + `"}`)); err != nil {
		t.Errorf("brackets in text count as depth: %v", err)
	}
}

func TestStrictKeys(t *testing.T) {
	for body, want := range map[string]string{
		`{"IDS":["a"]}`:             `unknown field "IDS"`,
		`{"ids":["a"],"lable":"x"}`: `unknown field "lable"`,
	} {
		var req mews.SampleUpdate
		if err := decodeJSON([]byte(body), &req, true); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("strict %s: got %v, want %q", body, err, want)
		}
		if err := decodeJSON([]byte(body), &req, false); err != nil {
			t.Errorf("lenient %s: %v", body, err)
		}
	}
	var req mews.SampleUpdate
	if err := decodeJSON([]byte(`{"IDS":["a"]}`), &req, false); err != nil || req.IDs != nil {
		t.Errorf("a key in another case was taken: %v %v", req.IDs, err)
	}
}

// TestListBodies: where a list is meant, one object is a list of one.
func TestListBodies(t *testing.T) {
	for body, want := range map[string][]mews.AggregateRequest{
		`{"type":"terms","field":"state"}`:              {{Type: "terms", Field: "state"}},
		` [ {"type":"terms"} , null , {"field":"a"} ] `: {{Type: "terms"}, {Field: "a"}},
		`[]`:     {},
		`[null]`: {},
		`{"sub_aggregates":[null,{"name":"a","from":0}]}`:       {{SubAggregates: []mews.AggregateRequest{{Name: "a"}}}},
		`{"filters_spec":{"filters":{"a.b":"x:'1'","n":null}}}`: {{FiltersSpec: &mews.FiltersSpec{Filters: map[string]string{"a.b": "x:'1'"}}}},
		`{"ranges":[{"From":1,"To":null},{"from":2.5}],"percents":[50,99.9],"missing":7,"min_doc_count":0}`: {{
			Ranges: []mews.NumberRange{{From: new(1.0)}, {FromLower: new(2.5)}}, Percents: []float64{50, 99.9},
			Missing: new(mews.Text("7")), MinDocCount: new(int64(0)),
		}},
	} {
		var got []mews.AggregateRequest
		if err := decodeJSON([]byte(body), &got, true); err != nil {
			t.Errorf("%s: %v", body, err)
		} else if d := cmp.Diff(want, got); d != "" {
			t.Errorf("%s: %s", body, d)
		}
	}
	for body, want := range map[string]string{
		`null`:                                 "a JSON object or a list of objects",
		`"x"`:                                  "a JSON object or a list of objects",
		`[1]`:                                  "[0]: expected an object",
		`[[{}]]`:                               "[0]: expected an object",
		`[{},{"size":"1"}]`:                    "[1].size: expected an integer",
		`{"size":1.5}`:                         "size: expected an integer",
		`{"sub_aggregates":[{"from":"x"}]}`:    "sub_aggregates[0].from: expected an integer",
		`{"ranges":[{"From":1,"from":2}]}`:     "another case",
		`{"ranges":[{"From":"1"}]}`:            "ranges[0].From: expected a number",
		`{"filters_spec":{"filters":{"a":1}}}`: "filters_spec.filters.a: expected a string",
		`{"filters_spec":{"filters":[]}}`:      "filters_spec.filters: expected an object",
		`[{"typ":"terms"}]`:                    `unknown field "typ"`,
		`{"missing":true}`:                     "missing: expected a string or a number",
		`{"percents":[1e400]}`:                 "percents[0]: expected a number",
	} {
		var got []mews.AggregateRequest
		if err := decodeJSON([]byte(body), &got, true); err == nil || !strings.Contains(err.Error(), want) || !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("%s: got %v, want an ErrInvalid with %q", body, err, want)
		}
	}
}

// FuzzBodies holds the decoder of the quarantine's bodies to the standard one.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{
		`{"type":"terms","field":"state","sub_aggregates":[{"type":"max","field":"max_severity"}]}`,
		`[{"ranges":[{"From":0,"To":70}],"date_ranges":[{"from":"now-7d","to":""}],"percents":[1.5]}]`,
		`{"filters_spec":{"filters":{"a":"b"},"other_bucket":true},"extended_bounds":{"min":1,"max":"2020"},"missing":3}`,
		`{"aid":"0","paths":[{"path":"/a","reason":-1}],"max_severity":70,"behaviors":[{"ioc_type":"x"}],"detect_ids":"a,b"}`,
		`{"action":"release","ids":"a,b","filter":["x","y"],"q":null}`,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		sameAsStandard(t, body, new([]mews.AggregateRequest), new([]mews.AggregateRequest))
		sameAsStandard(t, body, new(mews.QuarantineReport), new(mews.QuarantineReport))
		sameAsStandard(t, body, new(mews.QuarantineQueryUpdate), new(mews.QuarantineQueryUpdate))
		sameAsStandard(t, body, new([]mews.ActionAck), new([]mews.ActionAck))
	})
}

// sameAsStandard decodes a body in both ways. Where a list is meant, the
// standard library has to be told that one object is one; and it keeps what is
// null in a list.
func sameAsStandard(t *testing.T, body []byte, mine, std any) {
	t.Helper()
	err := decodeJSON(body, mine, true)
	if err != nil {
		if !errors.Is(err, mews.ErrInvalid) {
			t.Fatalf("error of the wrong kind: %v", err)
		}
		return
	}
	if bytes.Contains(body, []byte("null")) {
		return
	}
	if reflect.TypeOf(std).Elem().Kind() == reflect.Slice && bytes.HasPrefix(bytes.TrimSpace(body), []byte{'{'}) {
		body = append(append([]byte{'['}, body...), ']')
	}
	if err := json.Unmarshal(body, std); err != nil {
		t.Fatalf("%q: mine reads it, the standard library does not: %v", body, err)
	}
	if d := cmp.Diff(mine, std); d != "" {
		t.Fatalf("%q: %s", body, d)
	}
}

// FuzzStrictJSON holds the decoder to its promises against the standard one:
// whatever it accepts, the standard library accepts too and reads alike.
func FuzzStrictJSON(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"options":{"limit":1},"yara_rule":"rule a{condition:true}"}`, `{"a":[1,2,{"b":null}]}`,
		`{"yara_rule":"\ud83d\ude00"}`, `[1,"x",true,false,null]`, "{\"a\":\"\xff\"}", `{"a":1,"A":2}`, ` { "a" : [ ] } `,
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		n, err := parseJSON(body)
		if err != nil {
			if !errors.Is(err, mews.ErrInvalid) {
				t.Fatalf("parse error of the wrong kind: %v", err)
			}
			return
		}
		if !utf8.Valid(body) || !json.Valid(body) {
			t.Fatalf("accepted %q", body)
		}
		checkNode(t, n)
		var mine, std mews.HuntRequest
		if decodeJSON(body, &mine, true) != nil {
			return
		}
		if err := json.Unmarshal(body, &std); err != nil {
			t.Fatalf("%q: mine reads it, the standard library does not: %v", body, err)
		}
		if d := cmp.Diff(mine, std); d != "" {
			t.Fatalf("%q: %s", body, d)
		}
	})
}

// checkNode compares a node's parts with what the standard library makes of
// its raw text.
func checkNode(t *testing.T, n node) {
	t.Helper()
	var std any
	if err := json.Unmarshal(n.raw, &std); err != nil && n.kind != '0' {
		t.Fatalf("raw %q: %v", n.raw, err)
	}
	switch v := std.(type) {
	case string:
		if v != n.text {
			t.Fatalf("text %q, want %q", n.text, v)
		}
	case []any:
		if len(v) != len(n.kids) {
			t.Fatalf("%q: %d items, want %d", n.raw, len(n.kids), len(v))
		}
	case map[string]any:
		if len(v) != len(n.kids) || len(n.keys) != len(n.kids) {
			t.Fatalf("%q: %d members, want %d", n.raw, len(n.kids), len(v))
		}
	}
	for _, kid := range n.kids {
		checkNode(t, kid)
	}
}
