package search

import (
	"bytes"
	"math"

	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/store"
)

// plan draws a plan about a customer's files: often one that holds for a few.
func (w *world) plan(cid store.CID, depth int) query.Node {
	if depth == 0 || w.rng.IntN(3) == 0 {
		if w.rng.IntN(5) > 0 {
			return w.literal(cid)
		}
		return w.meta(cid)
	}
	kids := make([]query.Node, 1+w.rng.IntN(4))
	for i := range kids {
		kids[i] = w.plan(cid, depth-1)
	}
	switch w.rng.IntN(3) {
	case 0:
		return query.And{Kids: kids}
	case 1:
		return query.Or{Kids: kids}
	}
	return query.MinOf{K: w.rng.IntN(len(kids) + 1), Kids: kids}
}

func (w *world) meta(cid store.CID) query.Node {
	files := w.files[cid]
	switch w.rng.IntN(9) {
	case 0:
		return query.All{}
	case 1:
		return query.None{}
	case 2:
		return query.Type{Names: []string{"pe32", "text"}[:w.rng.IntN(3)]}
	case 3, 4:
		if len(files) > 0 {
			f := files[w.rng.IntN(len(files))]
			return query.Hash{Algo: "sha256", Digest: f.SHA256[:]}
		}
	case 7:
		var seqs []uint64
		for _, f := range files {
			if w.rng.IntN(2) == 0 {
				seqs = append(seqs, f.Seq)
			}
		}
		return query.FilesOf(seqs)
	case 5, 6:
		off := w.rng.IntN(8)
		head := query.Head{Offset: off, Bytes: []byte("MZ"), Not: w.rng.IntN(2) == 0}
		if len(files) > 0 {
			if f := files[w.rng.IntN(len(files))]; len(f.plain) >= 16 {
				head.Bytes = f.plain[off : off+1+w.rng.IntN(16-off)]
			}
		}
		return head
	}
	size := query.Size{Min: uint64(w.rng.IntN(50_000)), Max: math.MaxUint64}
	if w.rng.IntN(2) == 0 {
		size.Max = size.Min + uint64(w.rng.IntN(100_000))
	}
	return size
}

// literal draws bytes of a file, at a place where things go wrong if they can:
// near borders of columns and frames; or bytes that are in no file.
func (w *world) literal(cid store.CID) query.Node {
	files := w.files[cid]
	length := []int{1, 2, 3, 4, 5, 6, 7, 8, 10, 12, 16, 24, 32, 64, 65, 66, 67, 130, 300}[w.rng.IntN(19)]
	if len(files) == 0 || w.rng.IntN(12) == 0 {
		b := make([]byte, length)
		for i := range b {
			b[i] = byte(w.rng.Uint32())
		}
		return query.Literal{Bytes: b}
	}
	f := files[w.rng.IntN(len(files))]
	if len(f.plain) == 0 {
		return query.Literal{Bytes: []byte("none")}
	}
	length = min(length, len(f.plain))
	at := w.rng.IntN(len(f.plain) - length + 1)
	if w.rng.IntN(2) == 0 { // across a border, if there is one near
		border := w.border(cid, f)
		at = min(max(border-w.rng.IntN(length+1), 0), len(f.plain)-length)
	}
	lit := query.Literal{Bytes: bytes.Clone(f.plain[at : at+length])}
	switch w.rng.IntN(8) {
	case 6, 7:
		return w.masked(lit.Bytes)
	case 0:
		lit.Bytes[w.rng.IntN(length)] ^= 1 << w.rng.IntN(8)
	case 1, 2:
		lit = query.Literal{Bytes: lowerASCII(lit.Bytes), Fold: true}
	case 3: // the halves of two files
		g := files[w.rng.IntN(len(files))]
		half := min(length/2, len(g.plain))
		copy(lit.Bytes, g.plain[:half])
	}
	return lit
}

// masked hides some bits of bytes of a file.
func (w *world) masked(b []byte) query.Node {
	m := query.Masked{Bytes: b, Mask: bytes.Repeat([]byte{0xFF}, len(b))}
	for range w.rng.IntN(4) {
		i := w.rng.IntN(len(b))
		m.Mask[i] = []byte{0xF0, 0x0F, 0xDF}[w.rng.IntN(3)]
		if i > 0 && i < len(b)-1 && w.rng.IntN(2) == 0 {
			m.Mask[i] = 0
		}
	}
	for i := range b {
		b[i] &= m.Mask[i]
	}
	return m
}

// border draws the offset of a frame of a file, which is often the end of a
// column too.
func (w *world) border(cid store.CID, f known) int {
	r, err := w.blobs.Get(blobName(cid, f.File))
	w.must(err)
	defer r.Close()
	frames := r.Frames()
	return int(frames[w.rng.IntN(len(frames))].Offset)
}
