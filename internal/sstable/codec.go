package sstable

import (
	"fmt"
	"sync"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// A Compression says how blocks are stored. The numbers are stored on disk.
type Compression uint8

// The compressions: none, the fast one for tables that are merged soon, and the
// strong one for tables that stay.
const (
	None Compression = iota
	S2
	Zstd
)

// An encoder compresses the blocks of one writer.
type encoder struct {
	kind Compression
	zstd *zstd.Encoder
	buf  []byte
}

func newEncoder(kind Compression) (*encoder, error) {
	e := &encoder{kind: kind}
	switch kind {
	case None, S2:
		return e, nil
	case Zstd:
		z, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderConcurrency(1),
			zstd.WithEncoderCRC(false), zstd.WithWindowSize(1<<20), zstd.WithLowerEncoderMem(true))
		if err != nil {
			return nil, fmt.Errorf("set up zstd: %w", err)
		}
		e.zstd = z
		return e, nil
	}
	return nil, fmt.Errorf("unknown compression %d", kind)
}

// encode returns the bytes to store, valid until the next call. A block that
// does not get smaller by an eighth is stored as it is: reading it is free.
func (e *encoder) encode(raw []byte) ([]byte, Compression) {
	switch e.kind {
	case S2:
		if need := s2.MaxEncodedLen(len(raw)); cap(e.buf) < need {
			e.buf = make([]byte, need)
		}
		e.buf = s2.Encode(e.buf[:cap(e.buf)], raw)
	case Zstd:
		e.buf = e.zstd.EncodeAll(raw, e.buf[:0])
	default:
		return raw, None
	}
	if len(e.buf) > len(raw)-len(raw)/8 {
		return raw, None
	}
	return e.buf, e.kind
}

// A decoder reads blocks of any compression. It serves many goroutines.
type decoder struct {
	once sync.Once
	zstd *zstd.Decoder
	err  error
}

// decode returns the raw bytes of a stored block, in dst's room when that is
// large enough. Of an uncompressed block they are the stored bytes themselves.
func (d *decoder) decode(h handle, stored, dst []byte) ([]byte, error) {
	raw, err := stored, error(nil)
	switch h.codec {
	case None:
	case S2:
		n, lenErr := s2.DecodedLen(stored)
		if lenErr != nil || n != h.raw {
			return nil, damaged(h.off, "block does not decode to its length")
		}
		raw, err = s2.Decode(roomOf(dst, n), stored)
	case Zstd:
		d.once.Do(func() {
			d.zstd, d.err = zstd.NewReader(nil, zstd.WithDecoderMaxMemory(maxBlock), zstd.WithDecoderConcurrency(0))
		})
		if d.err != nil {
			return nil, fmt.Errorf("set up zstd: %w", d.err)
		}
		raw, err = d.zstd.DecodeAll(stored, roomOf(dst, h.raw)[:0])
	default:
		return nil, fmt.Errorf("%w: compression %d", ErrVersion, h.codec)
	}
	if err != nil {
		return nil, damaged(h.off, "block does not decode: %v", err)
	}
	if len(raw) != h.raw {
		return nil, damaged(h.off, "block decodes to %d bytes, not to %d", len(raw), h.raw)
	}
	return raw, nil
}

// roomOf is n bytes, of b when b has room for them.
func roomOf(b []byte, n int) []byte {
	if cap(b) < n {
		return make([]byte, n)
	}
	return b[:n]
}
