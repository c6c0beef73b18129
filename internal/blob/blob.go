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

// ErrWrongKey says that the blobs of this folder were sealed under another key.
var ErrWrongKey = errors.New("the key does not belong to this data")

// ErrFailed says that the file system failed a sync. Nothing that was not yet
// acknowledged can be trusted to it, so the store takes no more changes until
// the process starts anew.
var ErrFailed = errors.New("storage failed; restart needed")

// MaxFrame is the largest plain frame in bytes.
const MaxFrame = 1 << 20

// MaxMeta is the largest sealed copy of a record in bytes.
const MaxMeta = 64 << 10

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
