package sstable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
)

// reference is a small table of several levels, and what it holds.
func reference(t testing.TB, codec Compression) ([]byte, []entry) {
	var list []entry
	for i := range 60 {
		list = append(list, entry{fmt.Appendf(nil, "key/%02d", i), bytes.Repeat([]byte{byte(i)}, i%30)})
	}
	return build(t, Options{BlockSize: 96, Compression: codec}, list, func(key []byte) []byte { return key[:5] }), list
}

// readAll opens a table and reads it in every way there is. Any answer that is
// not an error must be the right one.
func readAll(t *testing.T, what string, table []byte, want []entry) error {
	t.Helper()
	r, err := Open(bytes.NewReader(table), int64(len(table)), nil)
	if err != nil {
		return err
	}
	it, n := r.Scan(nil, nil), 0
	for ; it.Next(); n++ {
		if n >= len(want) || !same([]entry{{it.Key(), it.Value()}}, want[n:n+1]) {
			t.Fatalf("%s: entry %d is %q: %x", what, n, it.Key(), it.Value())
		}
	}
	if it.Err() == nil && n != len(want) {
		t.Fatalf("%s: a scan ends after %d of %d entries without an error", what, n, len(want))
	}
	for i := 0; i < len(want); i += 7 {
		if value, ok, err := r.Get(want[i].key); err == nil && (!ok || !bytes.Equal(value, want[i].value)) {
			t.Fatalf("%s: Get(%q) is %x, %v", what, want[i].key, value, ok)
		}
		if !r.MayHold(want[i].key[:5]) {
			t.Fatalf("%s: the filter excludes %q", what, want[i].key[:5])
		}
	}
	return errors.Join(it.Err(), Check(r))
}

func wantDamage(t *testing.T, what string, err error, size int) {
	t.Helper()
	var damage *DamageError
	switch {
	case err == nil:
		t.Errorf("%s: nobody noticed", what)
	case !errors.As(err, &damage):
		t.Errorf("%s: %v is no damage", what, err)
	case damage.Offset < 0 || damage.Offset > int64(size) || damage.What == "":
		t.Errorf("%s: damage is %+v", what, damage)
	}
}

func TestFlippedBitsAreFound(t *testing.T) {
	for _, codec := range []Compression{None, S2, Zstd} {
		table, list := reference(t, codec)
		if err := readAll(t, "whole", table, list); err != nil {
			t.Fatal(err)
		}
		step := 1
		if codec != None {
			step = 5 // the checksums do not know of compression
		}
		for bit := 0; bit < 8*len(table); bit += step {
			table[bit/8] ^= 1 << (bit % 8)
			what := fmt.Sprintf("codec %d, bit %d of byte %d", codec, bit%8, bit/8)
			wantDamage(t, what, readAll(t, what, table, list), len(table))
			table[bit/8] ^= 1 << (bit % 8)
		}
	}
}

func TestEveryTruncationIsFound(t *testing.T) {
	table, list := reference(t, S2)
	for n := range table {
		what := fmt.Sprintf("%d of %d bytes", n, len(table))
		wantDamage(t, what, readAll(t, what, table[:n], list), len(table))
	}
	what := "a byte more"
	wantDamage(t, what, readAll(t, what, append(slices.Clone(table), 0), list), len(table))
}

// A block that is whole, but belongs to another place or another table, is
// damage like any other.
func TestBlocksOfOtherPlacesAreFound(t *testing.T) {
	table, list := reference(t, None)
	blocks := leaves(t, open(t, table, nil))
	swapped := 0
	for i, a := range blocks {
		for _, b := range blocks[i+1:] {
			if a.stored != b.stored {
				continue
			}
			swapped++
			bad := slices.Clone(table)
			copy(bad[a.off:], table[b.off:][:b.stored])
			copy(bad[b.off:], table[a.off:][:a.stored])
			what := fmt.Sprintf("blocks %d and %d swapped", a.off, b.off)
			wantDamage(t, what, readAll(t, what, bad, list), len(table))
		}
	}
	if swapped == 0 {
		t.Fatal("no two blocks are of one size")
	}
	changed := slices.Clone(list)
	changed[0].value = bytes.Repeat([]byte("x"), len(list[0].value))
	changed[29].value = bytes.Repeat([]byte("x"), len(list[29].value))
	stale := build(t, Options{BlockSize: 96}, changed, func(key []byte) []byte { return key[:5] })
	for _, h := range leaves(t, open(t, stale, nil)) {
		bad := slices.Clone(table)
		copy(bad[h.off:], stale[h.off:][:h.stored])
		if what := fmt.Sprintf("block %d of another table", h.off); !bytes.Equal(bad, table) {
			wantDamage(t, what, readAll(t, what, bad, list), len(table))
			return
		}
	}
	t.Fatal("no block differs")
}

// leaves lists the data blocks of a table.
func leaves(t *testing.T, r *Reader) []handle {
	t.Helper()
	var list []handle
	c := checker{r: r}
	if err := c.tree(r.foot.data, func(h handle, _, _ []byte) error { list = append(list, h); return nil }); err != nil {
		t.Fatal(err)
	}
	return list
}

// A failing disk is no damage: the bytes may be right.
func TestFailuresOfReadingAreToldAsTheyAre(t *testing.T) {
	table, list := reference(t, S2)
	broken := errors.New("disk is gone")
	reads := 0
	for n := 0; ; n++ {
		in := &failingReader{r: bytes.NewReader(table), after: n, err: broken}
		r, err := Open(in, int64(len(table)), NewCache(1<<20))
		if err == nil {
			it := r.Scan(nil, nil)
			for i := 0; it.Next(); i++ {
				if !bytes.Equal(it.Key(), list[i].key) {
					t.Fatalf("entry %d is %q", i, it.Key())
				}
			}
			_, _, getErr := r.Get(list[0].key)
			err = errors.Join(it.Err(), getErr, Check(r))
		}
		if err == nil {
			break // enough reads for everything
		}
		var damage *DamageError
		if !errors.Is(err, broken) || errors.As(err, &damage) {
			t.Fatalf("after %d reads: %v", n, err)
		}
		reads++
	}
	if reads < 10 {
		t.Fatalf("only %d reads could fail", reads)
	}
}

type failingReader struct {
	r     io.ReaderAt
	after int
	err   error
}

func (f *failingReader) ReadAt(b []byte, off int64) (int, error) {
	if f.after--; f.after < 0 {
		return 0, f.err
	}
	return f.r.ReadAt(b, off)
}

// A table of a later program is told apart from a damaged one.
func TestNewerFormatsAreRefused(t *testing.T) {
	table, list := reference(t, None)
	newer := slices.Clone(table)
	binary.LittleEndian.PutUint32(newer[8:], format+1)
	binary.LittleEndian.PutUint32(newer[12:], checksum(newer[:12]))
	if err := readAll(t, "newer", newer, list); !errors.Is(err, ErrVersion) {
		t.Errorf("header: %v", err)
	}
	foot := (&footer{}).bytes()
	foot[0] = format + 1
	raw := slices.Concat(headerBytes(), foot, trailerBytes(headerLen, foot))
	if _, err := Open(bytes.NewReader(raw), int64(len(raw)), nil); !errors.Is(err, ErrVersion) {
		t.Errorf("footer: %v", err)
	}
}

func TestWriterRefuses(t *testing.T) {
	long := bytes.Repeat([]byte("k"), MaxKey+1)
	for _, tc := range []struct {
		name string
		o    Options
		do   func(w *Writer) error
		says string
	}{
		{"equal keys", Options{}, func(w *Writer) error { return errors.Join(w.Add([]byte("b"), nil), w.Add([]byte("b"), nil)) }, "does not follow"},
		{"falling keys", Options{}, func(w *Writer) error { return errors.Join(w.Add([]byte("b"), nil), w.Add([]byte("a"), nil)) }, "does not follow"},
		{"no key", Options{}, func(w *Writer) error { return w.Add(nil, nil) }, "key of 0 bytes"},
		{"a long key", Options{}, func(w *Writer) error { return w.Add(long, nil) }, "key of 65536 bytes"},
		{"a long value", Options{}, func(w *Writer) error { return w.Add([]byte("a"), make([]byte, MaxValue+1)) }, "value of"},
		{"falling marks", Options{}, func(w *Writer) error { w.Mark([]byte("b")); w.Mark([]byte("a")); return nil }, "mark 61 does not follow"},
		{"no mark", Options{}, func(w *Writer) error { w.Mark(nil); return nil }, "mark of 0 bytes"},
		{"large blocks", Options{BlockSize: MaxBlockSize + 1}, func(*Writer) error { return nil }, "block size"},
		{"unknown compression", Options{Compression: 9}, func(*Writer) error { return nil }, "unknown compression"},
	} {
		w := NewWriter(io.Discard, tc.o)
		addErr := tc.do(w)
		_, err := w.Close()
		if err == nil || !strings.Contains(err.Error(), tc.says) {
			t.Errorf("%s: %v; want it to say %q", tc.name, err, tc.says)
		}
		if addErr != nil && !strings.Contains(addErr.Error(), tc.says) {
			t.Errorf("%s: the call says %v, Close %v", tc.name, addErr, err)
		}
		if w.Add([]byte("z"), nil) == nil {
			t.Errorf("%s: a closed writer goes on", tc.name)
		}
	}
}

// A failed write shows at Close at the latest, wherever it happened.
func TestFailuresOfWritingShow(t *testing.T) {
	full := errors.New("disk full")
	for room := 0; room < 300<<10; room += 40 << 10 {
		w := NewWriter(&fullWriter{room: room, err: full}, Options{})
		for i := range 400 {
			if w.Add(fmt.Appendf(nil, "%06d", i), make([]byte, 1000)) != nil {
				break
			}
		}
		if _, err := w.Close(); !errors.Is(err, full) {
			t.Errorf("room for %d bytes: %v", room, err)
		}
	}
}

type fullWriter struct {
	room int
	err  error
}

func (f *fullWriter) Write(b []byte) (int, error) {
	if f.room -= len(b); f.room < 0 {
		return 0, f.err
	}
	return len(b), nil
}

// What combine or a table below says ends a merge.
func TestMergeStopsAtTheFirstFailure(t *testing.T) {
	table, _ := reference(t, None)
	broken := slices.Clone(table)
	broken[len(table)/3] ^= 1
	keep := func(_ []byte, values [][]byte, dst []byte) ([]byte, bool, error) {
		return append(dst, values[0]...), true, nil
	}
	var damage *DamageError
	err := Merge(NewWriter(io.Discard, Options{}), keep, nil, open(t, table, nil).Scan(nil, nil), open(t, broken, nil).Scan(nil, nil))
	if !errors.As(err, &damage) {
		t.Errorf("a damaged table: %v", err)
	}
	stop := errors.New("stop")
	refuse := func([]byte, [][]byte, []byte) ([]byte, bool, error) { return nil, false, stop }
	if err := Merge(NewWriter(io.Discard, Options{}), refuse, nil, open(t, table, nil).Scan(nil, nil)); !errors.Is(err, stop) {
		t.Errorf("combine: %v", err)
	}
}
