package sstable

import (
	"bytes"
	"fmt"
	"slices"
	"sort"
	"testing"

	"pgregory.net/rapid"
)

// An entry is one key and its value.
type entry struct{ key, value []byte }

// build writes a table of sorted entries, marking what mark gives for each key.
func build(t testing.TB, o Options, entries []entry, mark func([]byte) []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := NewWriter(&out, o)
	for _, e := range entries {
		if err := w.Add(e.key, e.value); err != nil {
			t.Fatal(err)
		}
		if mark != nil {
			w.Mark(mark(e.key))
		}
	}
	info, err := w.Close()
	if err != nil {
		t.Fatal(err)
	}
	if info.Bytes != int64(out.Len()) || info.Entries != uint64(len(entries)) {
		t.Fatalf("info %+v of %d entries in %d bytes", info, len(entries), out.Len())
	}
	return out.Bytes()
}

func open(t testing.TB, table []byte, c *Cache) *Reader {
	t.Helper()
	r, err := Open(bytes.NewReader(table), int64(len(table)), c)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// all reads an iterator to its end.
func all(t testing.TB, it *Iterator) []entry {
	t.Helper()
	var got []entry
	for it.Next() {
		got = append(got, entry{slices.Clone(it.Key()), slices.Clone(it.Value())})
	}
	if it.Err() != nil {
		t.Fatal(it.Err())
	}
	if it.Next() {
		t.Fatal("an iterator goes on behind its end")
	}
	return got
}

func same(a, b []entry) bool {
	return slices.EqualFunc(a, b, func(a, b entry) bool { return bytes.Equal(a.key, b.key) && bytes.Equal(a.value, b.value) })
}

// model is a table as a sorted slice.
type model []entry

func (m model) at(key []byte) int {
	return sort.Search(len(m), func(i int) bool { return bytes.Compare(m[i].key, key) >= 0 })
}

func (m model) get(key []byte) ([]byte, bool) {
	if i := m.at(key); i < len(m) && bytes.Equal(m[i].key, key) {
		return m[i].value, true
	}
	return nil, false
}

func (m model) scan(from, to []byte) []entry {
	end := len(m)
	if to != nil {
		end = m.at(to)
	}
	return m[min(m.at(from), end):end]
}

// drawnKey draws from few bytes, so that keys share prefixes and repeat.
func drawnKey() *rapid.Generator[[]byte] {
	return rapid.OneOf(
		rapid.SliceOfN(rapid.ByteRange('a', 'c'), 1, 12),
		rapid.Custom(func(t *rapid.T) []byte {
			return fmt.Appendf(nil, "host/%06d", rapid.IntRange(0, 5000).Draw(t, "number"))
		}),
		rapid.SliceOfN(rapid.Byte(), 1, 300),
		rapid.Custom(func(t *rapid.T) []byte { // long keys that differ late
			return append(bytes.Repeat([]byte("path/"), 50), rapid.SliceOfN(rapid.Byte(), 1, 5).Draw(t, "end")...)
		}),
	)
}

func drawnModel(t *rapid.T, label string, most int) model {
	byKey := map[string][]byte{}
	for range rapid.IntRange(0, most).Draw(t, label+" entries") {
		key := drawnKey().Draw(t, label+" key")
		byKey[string(key)] = bytes.Repeat(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, label+" value"), rapid.SampledFrom([]int{1, 1, 1, 100}).Draw(t, "times"))
	}
	var m model
	for key, value := range byKey {
		m = append(m, entry{[]byte(key), value})
	}
	slices.SortFunc(m, func(a, b entry) int { return bytes.Compare(a.key, b.key) })
	return m
}

func drawnOptions(t *rapid.T) Options {
	return Options{
		BlockSize:   rapid.SampledFrom([]int{1, 64, 500, 0}).Draw(t, "block size"),
		Compression: rapid.SampledFrom([]Compression{None, S2, Zstd}).Draw(t, "compression"),
	}
}

// A table answers as a sorted list does: with and without a cache, and when the
// cache is so small that it forgets all the time.
func TestTableIsASortedList(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		m := drawnModel(rt, "table", 200)
		mark := func(key []byte) []byte { return key[:(len(key)+1)/2] }
		marks := map[string]bool{}
		var out bytes.Buffer
		w := NewWriter(&out, drawnOptions(rt))
		for _, e := range m {
			if err := w.Add(e.key, e.value); err != nil {
				rt.Fatal(err)
			}
		}
		var sorted []string
		for _, e := range m {
			if p := string(mark(e.key)); !marks[p] {
				marks[p] = true
				sorted = append(sorted, p)
			}
		}
		slices.Sort(sorted)
		for _, p := range sorted {
			w.Mark([]byte(p))
			w.Mark([]byte(p))
		}
		info, err := w.Close()
		if err != nil || info.Marks != uint64(len(marks)) || info.Entries != uint64(len(m)) {
			rt.Fatalf("wrote %d entries and %d marks: %+v, %v", len(m), len(marks), info, err)
		}
		limit := rapid.SampledFrom([]int64{0, 4 << 10, 1 << 20}).Draw(rt, "cache")
		var cache *Cache
		if limit > 0 {
			cache = NewCache(limit)
		}
		r, err := Open(bytes.NewReader(out.Bytes()), int64(out.Len()), cache)
		if err != nil {
			rt.Fatal(err)
		}
		if err := Check(r); err != nil {
			rt.Fatal(err)
		}
		for _, e := range m {
			if got, ok, err := r.Get(e.key); err != nil || !ok || !bytes.Equal(got, e.value) {
				rt.Fatalf("Get(%q) = %q, %v, %v; want %q", e.key, got, ok, err, e.value)
			}
			if !r.MayHold(mark(e.key)) {
				rt.Fatalf("%q was marked, and the filter excludes it", mark(e.key))
			}
		}
		for range 10 {
			from, to := drawnKey().Draw(rt, "from"), drawnKey().Draw(rt, "to")
			if rapid.Bool().Draw(rt, "to the end") {
				to = nil
			}
			want, wantOK := m.get(from)
			if got, ok, err := r.Get(from); err != nil || ok != wantOK || !bytes.Equal(got, want) {
				rt.Fatalf("Get(%q) = %q, %v, %v; want %q, %v", from, got, ok, err, want, wantOK)
			}
			if got, want := all(t, r.Scan(from, to)), m.scan(from, to); !same(got, want) {
				rt.Fatalf("Scan(%q, %q) gives %d entries, want %d", from, to, len(got), len(want))
			}
		}
		if !same(all(t, r.Scan(nil, nil)), m) {
			rt.Fatal("a scan of everything does not give everything")
		}
		if cache != nil && cache.Bytes() > limit {
			rt.Fatalf("the cache holds %d bytes, its limit is %d", cache.Bytes(), limit)
		}
	})
}

// joinValues is a combination that shows the order of what it was given.
func joinValues(_ []byte, values [][]byte, dst []byte) ([]byte, bool, error) {
	for _, v := range values {
		dst = append(append(dst, v...), '.')
	}
	return dst, true, nil
}

// Merging gives the union in key order, values in the order of the ranges.
func TestMergeIsTheUnion(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		n := rapid.IntRange(0, 9).Draw(rt, "tables")
		var in []*Iterator
		want := map[string]string{}
		for i := range n {
			m := drawnModel(rt, fmt.Sprint("table ", i), 40)
			for _, e := range m {
				want[string(e.key)] += string(e.value) + "."
			}
			in = append(in, open(t, build(t, drawnOptions(rt), m, nil), nil).Scan(nil, nil))
		}
		dropped := rapid.Byte().Draw(rt, "dropped")
		var out bytes.Buffer
		w := NewWriter(&out, drawnOptions(rt))
		err := Merge(w, func(key []byte, values [][]byte, dst []byte) ([]byte, bool, error) {
			value, _, err := joinValues(key, values, dst)
			return value, key[0] != dropped, err
		}, func(key []byte) ([]byte, bool) { return key[:1], key[0] != 'a' }, in...)
		if err != nil {
			rt.Fatal(err)
		}
		if _, err := w.Close(); err != nil {
			rt.Fatal(err)
		}
		r := open(t, out.Bytes(), nil)
		if err := Check(r); err != nil {
			rt.Fatal(err)
		}
		got := map[string]string{}
		for _, e := range all(t, r.Scan(nil, nil)) {
			got[string(e.key)] = string(e.value)
			if e.key[0] != 'a' && !r.MayHold(e.key[:1]) {
				rt.Fatalf("the mark of %q is lost", e.key)
			}
		}
		for key, value := range want {
			if key[0] == dropped {
				value, delete := got[key]
				if delete {
					rt.Fatalf("%q was dropped and is there: %q", key, value)
				}
				continue
			}
			if got[key] != value {
				rt.Fatalf("%q is %q, want %q", key, got[key], value)
			}
			delete(got, key)
		}
		if len(got) != 0 {
			rt.Fatalf("%d keys came from nowhere", len(got))
		}
	})
}
