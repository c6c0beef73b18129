package jsonstream_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/mewshq/mews/internal/jsonstream"
)

// whole reads any document by the reader's own methods.
func whole(r *jsonstream.Reader, text string) (any, error) {
	var out any
	var err error
	switch strings.TrimLeft(text, "\ufeff \t\r\n")[:1] {
	case "{":
		object := map[string]any{}
		out, err = object, r.Object(func(name string) error {
			if strings.HasPrefix(name, "skip") {
				return r.Skip()
			}
			var v any
			err := r.Value(&v)
			object[name] = v
			return err
		})
	default:
		list := []any{}
		err = r.List(func(n int) error {
			var v any
			err := r.Value(&v)
			list = append(list, v)
			if len(list) != n {
				return fmt.Errorf("item %d is the %dth", n, len(list))
			}
			return err
		})
		out = list
	}
	if err == nil {
		err = r.End()
	}
	return out, err
}

func TestRead(t *testing.T) {
	for text, want := range map[string]any{
		`{}`:   map[string]any{},
		"[]\n": []any{},
		"\ufeff {\"a\": 1, \"skip\": {\"b\": [1, {\"c\": []}, \"]\"]}, \"d\": null}\r\n": map[string]any{"a": 1.0, "d": nil},
		`{"skip1":1,"skip2":"}","skip3":true,"skip4":null,"e":{"f":[1,2]}}`:              map[string]any{"e": map[string]any{"f": []any{1.0, 2.0}}},
		`[1, [2, 3], {"a": "b"}]`: []any{1.0, []any{2.0, 3.0}, map[string]any{"a": "b"}},
		`null`:                    []any{},
	} {
		for _, wrap := range []func(io.Reader) io.Reader{func(r io.Reader) io.Reader { return r }, iotest.OneByteReader, iotest.DataErrReader} {
			got, err := whole(jsonstream.New(wrap(strings.NewReader(text)), 1<<10), text)
			if err != nil || !reflect.DeepEqual(got, want) {
				t.Errorf("%s: %v, %v", text, got, err)
			}
		}
	}
}

func TestMistakes(t *testing.T) {
	for text, want := range map[string]string{
		`{"a":1`:       "ends too early",
		`{"a"`:         "ends too early",
		`{"skip":[1,2`: "ends too early",
		`{"a":1}x`:     "is no JSON",
		`{"a":1}{`:     "text after the document",
		`{"a":tru}`:    "is no JSON",
		`{1:2}`:        "JSON",
		`[1,,2]`:       "is no JSON",
		`"text"`:       "expected a list",
		`{"a":"` + strings.Repeat("x", 10_000) + `"}`:    "larger than 1 KiB",
		`{"skip":"` + strings.Repeat("x", 10_000) + `"}`: "larger than 1 KiB",
		`{"skip":` + strings.Repeat("[", 2000):           "nested deeper",
		`[` + strings.Repeat(" ", 10_000) + `1]`:         "larger than 1 KiB",
	} {
		if got, err := whole(jsonstream.New(strings.NewReader(text), 1<<10), text); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.40s: %v, %v, want something about %q", text, got, err, want)
		}
	}
	broken := errors.New("broken")
	if _, err := whole(jsonstream.New(io.MultiReader(strings.NewReader(`{"a":`), iotest.ErrReader(broken)), 1<<10), "{"); !errors.Is(err, broken) {
		t.Errorf("a reader that breaks: %v", err)
	}
	if err := jsonstream.New(strings.NewReader(`[]`), 1<<10).Object(nil); err == nil || !strings.Contains(err.Error(), "expected an object") {
		t.Errorf("a list as an object: %v", err)
	}
}

// TestMistyped: a value of the wrong type does not end its list.
func TestMistyped(t *testing.T) {
	r := jsonstream.New(strings.NewReader(`[{"n":1},{"n":"x"},7,{"n":2}]`), 1<<10)
	var got []int
	wrong := 0
	err := r.List(func(int) error {
		var v struct{ N int }
		err := r.Value(&v)
		if _, ok := jsonstream.Mistyped(err); ok {
			wrong++
			return nil
		}
		got = append(got, v.N)
		return err
	})
	if err != nil || wrong != 2 || !reflect.DeepEqual(got, []int{1, 2}) {
		t.Errorf("%v, %d wrong, %v", got, wrong, err)
	}
	if _, ok := jsonstream.Mistyped(errors.New("other")); ok {
		t.Error("any error is a wrong type")
	}
}

// A flood is a document without an end that would fit into no memory.
type flood struct{ head, rest string }

func (f *flood) Read(p []byte) (int, error) {
	if f.head == "" {
		f.head = f.rest
	}
	n := copy(p, f.head)
	f.head = f.head[n:]
	return n, nil
}

// TestMemory: what is skipped, and a list of small items, may be of any size.
func TestMemory(t *testing.T) {
	const size = 64 << 20
	for name, text := range map[string]io.Reader{
		"skipped": io.MultiReader(strings.NewReader(`{"skip":[0`), io.LimitReader(&flood{rest: `,{"a":[1,2,"x"]}`}, size), strings.NewReader(`]}`)),
		"items":   io.MultiReader(strings.NewReader(`[0`), io.LimitReader(&flood{rest: `,"0123456789abcdef"`}, size/19*19), strings.NewReader(`]`)),
	} {
		var before, after runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&before)
		r := jsonstream.New(text, 1<<10)
		var err error
		if name == "skipped" {
			err = r.Object(func(string) error { return r.Skip() })
		} else {
			var v json.RawMessage
			err = r.List(func(int) error { v = v[:0]; return r.Value(&v) })
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		if grown := int64(after.HeapAlloc) - int64(before.HeapAlloc); err != nil || grown > 4<<20 {
			t.Errorf("%s: %v, and %d bytes more are held", name, err, grown)
		}
		runtime.KeepAlive(r)
	}
}

// FuzzSkip: what Skip passes over is what encoding/json takes for a value.
func FuzzSkip(f *testing.F) {
	for _, text := range []string{`{"a":[1,2,{"b":null}]}`, `[[[]]]`, `"x\"y"`, `-1.5e3`, `{"a":}`, `[1,]`, `{} {}`, ``, `tru`} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		r := jsonstream.New(strings.NewReader(text), 1<<20)
		err := r.Skip()
		if err == nil {
			err = r.End()
		}
		valid := json.Valid([]byte(strings.TrimPrefix(text, "\ufeff")))
		if deep := err != nil && strings.Contains(err.Error(), "nested deeper"); valid != (err == nil) && !deep {
			t.Errorf("%q: valid %v, but %v", text, valid, err)
		}
	})
}
