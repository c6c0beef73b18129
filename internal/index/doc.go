// Package index owns one immutable segment of the column-sliced signature
// index: how it is built, written, read, merged and checked.
//
// Words used here:
//
//   - A gram is a short run of bytes of a file under one of the gram rules.
//     Every rule is context-free: a gram is present if and only if its own bytes
//     are present, wherever they stand.
//   - A filter is a bit set; a gram sets the one bit its hash selects. Every
//     column has three: long, middle and short, by the length of their grams.
//   - A column is a byte range of one file, or several small files and file
//     ends packed together. Neighbouring columns of a file share Overlap bytes,
//     so a literal of up to Overlap+1 bytes lies inside one column.
//   - A class is a set of columns whose filters have the same sizes.
//   - A row is one bit position over all columns of a class, contiguous on disk.
//   - A segment is a set of files with their columns, stored row by row. A view
//     is the same in memory, of a builder that goes on.
//   - A pattern is what is looked for: bytes of which some bits may not matter. A
//     window is a part of it that lies inside one column; a fork is a group of
//     bytes known in part, whose choices are tried one after another.
//
// The index may over-select; the verifier decides. A file that holds a literal
// is never left out: whatever is not known (a damaged row, a literal too short,
// bytes beyond the cap) selects.
package index

import "errors"

// ErrCorrupt says that the bytes are not a whole, undamaged segment.
var ErrCorrupt = errors.New("index: corrupt segment")

// ErrVersion says that a segment is written under rules this program does not
// know; a newer program can read it.
var ErrVersion = errors.New("index: unknown segment version")

// ErrParams says that parameters are out of range, or that segments built under
// different ones were to be merged.
var ErrParams = errors.New("index: unfit parameters")

// ErrFull says that a builder takes no more files: it was written out already.
var ErrFull = errors.New("index: builder is closed")

// A File is what a segment knows of a file beside its bytes. Seq orders files
// by age within one corpus; Type is a lower-case sample type.
type File struct {
	Seq    uint64
	SHA256 [32]byte
	Size   int64
	Type   string
}

// A Piece is a byte range [Off, Off+Len) of a file. Its first Lead bytes belong
// to the column before as well: what lies wholly within them lies in that
// column's own piece too.
type Piece struct {
	Off, Len int64
	Lead     int
}
