// Package vfs is the seam between mews and a file system. Everything durable
// goes through an FS, so that tests can lose power, fill the disk, flip bits
// and fail calls at will. The one recipe for a durable write lives here and
// nowhere else.
package vfs

import "io"

// An FS is the part of a file system that mews needs. Names are slash-separated
// and relative to the root the FS was opened on; they never come from input.
type FS interface {
	// Create makes a new file of mode 0600. It fails when the name exists.
	Create(name string) (File, error)
	// Open opens an existing file for reading, and for WriteAt on file systems
	// that allow it. A missing file gives an error for which errors.Is(err,
	// fs.ErrNotExist) holds.
	Open(name string) (File, error)
	// Rename moves a file over whatever stands at newName. The new name is
	// durable only after SyncDir of its folder.
	Rename(oldName, newName string) error
	// Remove deletes a file. A missing file is fs.ErrNotExist.
	Remove(name string) error
	// MkdirAll makes a folder of mode 0700 and its parents, and makes each new
	// name durable.
	MkdirAll(dir string) error
	// SyncDir makes the names inside a folder durable.
	SyncDir(dir string) error
	// ReadDir lists the names inside a folder, sorted.
	ReadDir(dir string) ([]string, error)
	// Stat tells a file's size in bytes.
	Stat(name string) (size int64, err error)
	// Free tells how many bytes can still be written.
	Free() (int64, error)
}

// A File is an open file. Bytes written are durable only after Sync.
type File interface {
	io.Writer
	io.ReaderAt
	io.WriterAt
	io.Closer
	// Sync makes the content durable. After an error the file must be
	// abandoned: the kernel may have dropped the dirty pages, so a second Sync
	// would lie.
	Sync() error
	// Size is the current length in bytes.
	Size() (int64, error)
	// Discard gives the room of n bytes from off back to the disk where that is
	// possible. Until they are written again they read as zeros or as before;
	// the length stays.
	Discard(off, n int64) error
}
