// Package blob keeps sample bytes: content-addressed per customer, cut into
// frames, each frame compressed and sealed on its own, durable before it is
// visible. See docs/format/blob.md for every byte.
package blob

import (
	"errors"
)

// ErrCorrupt marks bytes that do not authenticate, do not decompress or do not
// add up. errors.Is(err, ErrCorrupt) holds for each such error.
var ErrCorrupt = errors.New("blob is corrupt")

// ErrNotFound says that no blob of this name is stored (or its key was destroyed).
var ErrNotFound = errors.New("blob not found")

// MaxFrame is the largest plain frame in bytes.
const MaxFrame = 1 << 20

// A Name finds one blob. Equal bytes of two customers are two blobs.
type Name struct {
	CID    string
	SHA256 [32]byte
}

// Info describes a stored blob.
type Info struct {
	Name
	MD5    [16]byte
	SHA1   [20]byte
	Size   int64 // plain bytes
	Stored int64 // bytes on disk
	Frames int
	Fresh  bool // false when the same bytes were already stored
}

// A Frame is a range of plain bytes that can be opened on its own.
type Frame struct {
	Offset int64 // of the first plain byte
	Length int   // plain bytes
}
