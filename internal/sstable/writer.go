package sstable

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
)

// Sizes of data blocks.
const (
	DefaultBlockSize = 16 << 10
	MaxBlockSize     = 1 << 20
)

// indexBlockSize is where an index block is full, if data blocks are not smaller.
// Index blocks are small: one is read per level on the way to a block that is
// not cached.
const indexBlockSize = 8 << 10

// Options say how a table is written. The zero value is 16 KiB without
// compression.
type Options struct {
	BlockSize   int // at which a data block is full; 0: DefaultBlockSize
	Compression Compression
}

// An Info tells what was written.
type Info struct {
	Entries uint64
	Marks   uint64 // different marks
	Bytes   int64  // of the table
	Raw     int64  // of all keys and values
}

// A Writer writes one table. It holds one block per level and the marks of one
// filter in memory. A failure stays: Close reports it. Nothing is durable until
// the caller makes it so.
type Writer struct {
	out    *bufio.Writer
	off    int64
	err    error
	size   int
	codec  *encoder
	block  blockBuilder
	sep    []byte // of the block at hand
	last   []byte // the last key of all
	data   treeBuilder
	marks  markBuilder
	filter treeBuilder
	info   Info
}

// A markBuilder collects the marks of one filter block.
type markBuilder struct {
	hashes []uint64
	sep    []byte // of the filter at hand
	last   []byte // the last mark of all
	room   []byte
}

// NewWriter begins a table. Mistakes in the options show on the first call.
func NewWriter(w io.Writer, o Options) *Writer {
	if o.BlockSize == 0 {
		o.BlockSize = DefaultBlockSize
	}
	sw := &Writer{out: bufio.NewWriterSize(w, 128<<10), size: o.BlockSize}
	index := min(indexBlockSize, o.BlockSize)
	sw.data = treeBuilder{size: index, put: sw.put}
	sw.filter = treeBuilder{size: index, put: sw.put}
	if o.BlockSize < 0 || o.BlockSize > MaxBlockSize {
		sw.err = fmt.Errorf("write sorted table: block size %d is not in 1..%d", o.BlockSize, MaxBlockSize)
		return sw
	}
	if sw.codec, sw.err = newEncoder(o.Compression); sw.err == nil {
		sw.err = sw.write(headerBytes())
	}
	return sw
}

// Add appends an entry. Keys are strictly increasing and not empty; key and
// value may be changed after the call.
func (w *Writer) Add(key, value []byte) error {
	if w.err == nil {
		w.err = w.add(key, value)
	}
	return w.err
}

func (w *Writer) add(key, value []byte) error {
	switch {
	case len(key) == 0 || len(key) > MaxKey:
		return fmt.Errorf("write sorted table: key of %d bytes, want 1..%d", len(key), MaxKey)
	case len(value) > MaxValue:
		return fmt.Errorf("write sorted table: value of %d bytes, at most %d", len(value), MaxValue)
	case bytes.Compare(w.last, key) >= 0:
		return fmt.Errorf("write sorted table: key %x does not follow %x", key, w.last)
	}
	if w.block.entries == 0 {
		w.sep = w.boundary(w.last, key)
	}
	w.block.add(key, value)
	w.last = append(w.last[:0], key...)
	w.info.Entries++
	w.info.Raw += int64(len(key) + len(value))
	if w.block.size() >= w.size {
		return w.flushBlock()
	}
	return nil
}

// boundary is what the index says of the block that begins with next. The first
// block's is empty, so that every key has a block.
func (w *Writer) boundary(last, next []byte) []byte {
	if len(last) == 0 {
		return nil
	}
	return separator(last, next)
}

func (w *Writer) flushBlock() error {
	h, err := w.put(w.block.finish())
	if err != nil {
		return err
	}
	w.block.reset()
	return w.data.add(0, w.sep, h)
}

// Mark puts a prefix into the filter: MayHold will be true for it. Marks come in
// increasing order, each as often as one likes.
func (w *Writer) Mark(prefix []byte) {
	if w.err == nil {
		w.err = w.mark(prefix)
	}
}

func (w *Writer) mark(prefix []byte) error {
	m := &w.marks
	switch c := bytes.Compare(m.last, prefix); {
	case len(prefix) == 0 || len(prefix) > MaxKey:
		return fmt.Errorf("write sorted table: mark of %d bytes, want 1..%d", len(prefix), MaxKey)
	case c == 0:
		return nil
	case c > 0:
		return fmt.Errorf("write sorted table: mark %x does not follow %x", prefix, m.last)
	}
	if len(m.hashes) == 0 {
		m.sep = w.boundary(m.last, prefix)
	}
	m.hashes = append(m.hashes, hashOf(prefix))
	m.last = append(m.last[:0], prefix...)
	w.info.Marks++
	if len(m.hashes) == marksPerFilter {
		return w.flushMarks()
	}
	return nil
}

func (w *Writer) flushMarks() error {
	m := &w.marks
	m.room = filterOf(m.hashes, m.room)
	h, err := w.putAs(None, m.room, m.room)
	if err != nil {
		return err
	}
	m.hashes = m.hashes[:0]
	return w.filter.add(0, m.sep, h)
}

// Close completes the table and tells what was written, or what failed first.
func (w *Writer) Close() (Info, error) {
	if w.err == nil {
		w.err = w.finish()
	}
	err := w.err
	w.err = errors.Join(errors.New("write sorted table: it is closed"), err)
	return w.info, err
}

func (w *Writer) finish() error {
	if w.block.entries > 0 {
		if err := w.flushBlock(); err != nil {
			return err
		}
	}
	if len(w.marks.hashes) > 0 {
		if err := w.flushMarks(); err != nil {
			return err
		}
	}
	f := footer{entries: w.info.Entries, marks: w.info.Marks, last: w.last}
	var err error
	if f.data, err = w.data.finish(); err != nil {
		return err
	}
	if f.filter, err = w.filter.finish(); err != nil {
		return err
	}
	raw := f.bytes()
	if err := w.write(slices.Concat(raw, trailerBytes(w.off, raw))); err != nil {
		return err
	}
	w.info.Bytes = w.off
	if err := w.out.Flush(); err != nil {
		return fmt.Errorf("write sorted table: %w", err)
	}
	return nil
}

// put stores a block, compressed where that pays.
func (w *Writer) put(raw []byte) (handle, error) {
	stored, codec := w.codec.encode(raw)
	return w.putAs(codec, raw, stored)
}

func (w *Writer) putAs(codec Compression, raw, stored []byte) (handle, error) {
	h := handle{off: w.off, stored: len(stored), raw: len(raw), codec: codec, crc: checksum(stored)}
	return h, w.write(stored)
}

func (w *Writer) write(b []byte) error {
	n, err := w.out.Write(b)
	w.off += int64(n)
	if err != nil {
		return fmt.Errorf("write sorted table: %w", err)
	}
	return nil
}
