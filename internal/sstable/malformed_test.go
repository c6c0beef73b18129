package sstable

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"testing"
)

// entryBytes is an entry of a block, said to be what one likes.
func entryBytes(shared, unshared, length uint64, rest string) []byte {
	b := binary.AppendUvarint(nil, shared)
	b = binary.AppendUvarint(b, unshared)
	return append(binary.AppendUvarint(b, length), rest...)
}

// blockBytes ends a block with restarts at the given places.
func blockBytes(entries []byte, restarts ...uint32) []byte {
	for _, r := range restarts {
		entries = binary.LittleEndian.AppendUint32(entries, r)
	}
	return binary.LittleEndian.AppendUint32(entries, uint32(len(restarts)))
}

// Blocks whose checksum holds and that no writer would write: a mistake in a
// writer must not become a wrong answer or a crash of a reader.
func TestMalformedBlocksAreDamage(t *testing.T) {
	good := entryBytes(0, 1, 1, "av")
	child := func(h handle) []byte {
		return blockBytes(entryBytes(0, 0, uint64(len(h.append(nil))), string(h.append(nil))), 0)
	}
	for name, tc := range map[string]struct {
		block  []byte
		height int
	}{
		"no restarts":                {[]byte{1, 2, 3}, 0},
		"zero restarts":              {blockBytes(good), 0},
		"more restarts than room":    {binary.LittleEndian.AppendUint32(slices.Clone(good), 1000), 0},
		"a restart behind the end":   {blockBytes(slices.Clone(good), 0, 99), 0},
		"shared bytes of nothing":    {blockBytes(entryBytes(3, 1, 1, "av"), 0), 0},
		"an entry that ends early":   {blockBytes([]byte{0}, 0), 0},
		"a key beyond the end":       {blockBytes(entryBytes(0, 99, 1, "av"), 0), 0},
		"a value beyond the end":     {blockBytes(entryBytes(0, 1, 99, "av"), 0), 0},
		"a length beyond all bounds": {blockBytes(entryBytes(0, 1, 1<<40, "av"), 0), 0},
		"keys that fall":             {blockBytes(slices.Concat(entryBytes(0, 1, 0, "b"), entryBytes(0, 1, 0, "a")), 0), 0},
		"keys that repeat":           {blockBytes(slices.Concat(entryBytes(0, 1, 0, "z"), entryBytes(1, 0, 0, "")), 0), 0},
		"another last key":           {blockBytes(slices.Clone(good), 0), 0},
		"too many keys":              {blockBytes(slices.Concat(good, entryBytes(0, 1, 0, "z")), 0), 0},
		"an index without children":  {blockBytes(nil, 0), 1},
		"an index of anything":       {blockBytes(entryBytes(0, 0, 3, "abc"), 0), 1},
		"an index that begins late":  {blockBytes(entryBytes(0, 1, 1, "zv"), 0), 1},
		"an index into the footer":   {child(handle{off: 1 << 20, stored: 9, raw: 9}), 1},
		"an index of no block":       {child(handle{off: headerLen}), 1},
		"an index of other bytes":    {child(handle{off: headerLen, stored: 9, raw: 9}), 1},
		"an unknown compression":     {child(handle{off: headerLen, stored: 1, raw: 1, codec: 9, crc: checksum([]byte{0})}), 1},
		"an index below the leaves":  {blockBytes(slices.Clone(good), 0), 2},
	} {
		table := around(tc.block, tc.height)
		r := open(t, table, nil)
		var damage *DamageError
		if err := Check(r); !errors.As(err, &damage) && !errors.Is(err, ErrVersion) {
			t.Errorf("%s: %v", name, err)
		}
		_, _, getErr := r.Get([]byte("a"))
		it := r.Scan([]byte("a"), nil)
		for it.Next() {
			if bytes.Compare(it.Key(), []byte("a")) < 0 {
				t.Errorf("%s: a scan gives %q", name, it.Key())
			}
		}
		if err := errors.Join(getErr, it.Err()); err != nil && !errors.As(err, &damage) && !errors.Is(err, ErrVersion) {
			t.Errorf("%s: %v", name, err)
		}
		if !r.MayHold([]byte("a")) && tc.height > 0 {
			t.Errorf("%s: a filter that cannot be read excludes", name)
		}
	}
}

func TestMalformedFootersAreDamage(t *testing.T) {
	block := handle{off: headerLen, stored: 4, raw: 4}
	for name, f := range map[string]footer{
		"keys without blocks":         {entries: 1},
		"blocks without keys":         {data: root{block, 0}},
		"marks without filter":        {marks: 1},
		"a block behind the end":      {entries: 1, data: root{handle{off: 1 << 40, stored: 4, raw: 4}, 0}},
		"a block longer than all":     {entries: 1, data: root{handle{off: headerLen, stored: 1 << 30, raw: 1 << 30}, 0}},
		"a block that decodes to all": {entries: 1, data: root{handle{off: headerLen, stored: 4, raw: maxBlock + 1}, 0}},
		"a tree higher than any":      {entries: 1, data: root{block, maxHeight + 1}},
	} {
		raw := f.bytes()
		table := slices.Concat(headerBytes(), make([]byte, 4), raw, trailerBytes(headerLen+4, raw))
		var damage *DamageError
		if _, err := Open(bytes.NewReader(table), int64(len(table)), nil); !errors.As(err, &damage) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
