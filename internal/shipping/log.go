package shipping

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// headSize is how much of a log marks it.
const headSize = 1024

// packed tells whether a file's name says that it is compressed.
func packed(path string) bool {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz", ".zst", ".zstd":
		return true
	}
	return false
}

// An opened file is read from any plain byte on, whatever it is packed in.
type opened struct {
	in *bufio.Reader
	place
	stamp
	head []byte // the first plain bytes

	raw counter
	at  int64 // of the next plain byte
}

// A counter tells how much was read of a file as it lies there.
type counter struct {
	file *os.File
	read int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.file.Read(p)
	c.read += int64(n)
	return n, err
}

// bufferSize is how much of a file is read at a time.
const bufferSize = 256 << 10

// openLog reads the head of an open file. Call done when it is read; the file
// stays open.
func openLog(f *os.File, path string) (o *opened, done func(), err error) {
	o = &opened{raw: counter{file: f}}
	if o.place, o.stamp, err = look(f, path); err != nil {
		return nil, nil, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, nil, err
	}
	plain, done, err := unpack(path, &o.raw)
	if err != nil {
		return nil, nil, err
	}
	o.in = bufio.NewReaderSize(plain, bufferSize)
	head, err := o.in.Peek(headSize)
	if len(head) == 0 && !errors.Is(err, io.EOF) {
		done()
		return nil, nil, err
	}
	o.head = bytes.Clone(head)
	return o, done, nil
}

// goTo makes the next byte that is read the plain byte at off, which must not
// lie before what was read of a packed file.
func (o *opened) goTo(off int64) error {
	if packed(o.Path) {
		n, err := io.CopyN(io.Discard, o.in, off-o.at)
		o.at += n
		return err
	}
	if _, err := o.raw.file.Seek(off, io.SeekStart); err != nil {
		return err
	}
	o.in.Reset(&o.raw)
	o.at, o.raw.read = off, off
	return nil
}

func look(f *os.File, path string) (place, stamp, error) {
	info, err := f.Stat()
	if err != nil {
		return place{}, stamp{}, err
	}
	if !info.Mode().IsRegular() {
		return place{}, stamp{}, errors.New("is no regular file")
	}
	return placeOf(path, info), stampOf(info), nil
}

func placeOf(path string, info os.FileInfo) place {
	p := place{Path: path}
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		p.Dev, p.Ino = uint64(s.Dev), s.Ino
	}
	return p
}

func stampOf(info os.FileInfo) stamp { return stamp{info.Size(), info.ModTime().UnixNano()} }

func unpack(path string, raw io.Reader) (io.Reader, func(), error) {
	switch strings.ToLower(filepath.Ext(path)) {
	case ".gz":
		z, err := gzip.NewReader(bufio.NewReaderSize(raw, bufferSize))
		if err != nil {
			return nil, nil, err
		}
		return z, func() {}, nil
	case ".zst", ".zstd":
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1))
		if err != nil {
			return nil, nil, err
		}
		return z, z.Close, nil
	}
	return raw, func() {}, nil
}

func markOf(head []byte) mark {
	sum := sha256.Sum256(head)
	return mark{len(head), hex.EncodeToString(sum[:])}
}

// marks tells whether a file begins as a log did.
func (m mark) marks(head []byte) bool {
	return m.Head > 0 && m.Head <= len(head) && markOf(head[:m.Head]) == m
}

// find gives the log of an open file: the one that was this file under any name,
// or had this name and the same first bytes, or was packed into this file since.
func (j *Journal) find(o *opened) *log {
	fits := func(l *log) bool { return l.head.marks(o.head) && (packed(o.Path) || l.next <= o.Size) }
	for _, list := range [][]*log{j.byFile[o.file()], j.byPath[o.Path]} {
		for _, l := range slices.Backward(list) {
			if fits(l) {
				return l
			}
		}
	}
	if !packed(o.Path) || len(o.head) < headSize {
		return nil
	}
	for _, l := range j.logs {
		if !packed(l.Path) && l.head.Head == headSize && fits(l) && l.away() {
			return l
		}
	}
	return nil
}

// away tells that a log's file is no longer where it was.
func (l *log) away() bool {
	info, err := os.Stat(l.Path)
	return err != nil || placeOf(l.Path, info) != l.place
}
