package sample

import (
	"archive/zip"
	"compress/flate"
	"fmt"
	"hash/crc32"
	"io"
	"strings"
)

// Bits of a zip member's flags.
const (
	flagEncrypted  = 1 << 0
	flagDescriptor = 1 << 3 // sizes and checksum follow the data
)

// A Zip writes an archive whose members are encrypted in the traditional way,
// which every unzip program reads. The cipher is weak and the password public:
// it is a safety catch that keeps samples from being run or scanned by accident.
type Zip struct {
	w        *zip.Writer
	password string
	deflate  *flate.Writer
	err      error // once failed, the stream is of no use
}

// NewZip starts an archive on w, which is written in one stream.
func NewZip(w io.Writer, password string) *Zip {
	return &Zip{w: zip.NewWriter(w), password: password}
}

// Add appends a member with all bytes of r, which must be size. The name must be
// a plain one, such as a hash.
func (z *Zip) Add(name string, size int64, r io.Reader) error {
	if z.err != nil {
		return z.err
	}
	if name == "" || name == "." || name == ".." || strings.ContainsAny(name, "/\\:\x00") || size < 0 {
		return fmt.Errorf("zip member %q of %d bytes: not a plain name and size", name, size)
	}
	if err := z.add(name, size, r); err != nil {
		z.err = fmt.Errorf("zip member %s: %w", name, err)
	}
	return z.err
}

// modifiedHigh is the upper byte of a member's modification time, with which
// readers check the password when a descriptor follows. The time is not set: it
// would tell nothing.
const modifiedHigh = 0

func (z *Zip) add(name string, size int64, r io.Reader) error {
	h := &zip.FileHeader{Name: name, Method: zip.Deflate, Flags: flagEncrypted | flagDescriptor, UncompressedSize64: uint64(size)}
	raw, err := z.w.CreateRaw(h)
	if err != nil {
		return err
	}
	enc, err := newZipCipher(raw, z.password, modifiedHigh)
	if err != nil {
		return err
	}
	if z.deflate == nil {
		if z.deflate, err = flate.NewWriter(enc, flate.BestSpeed); err != nil {
			return err
		}
	} else {
		z.deflate.Reset(enc)
	}
	sum := crc32.NewIEEE()
	n, err := io.Copy(io.MultiWriter(z.deflate, sum), io.LimitReader(r, size+1))
	if err != nil {
		return err
	}
	if n != size {
		return fmt.Errorf("has not the %d bytes that were promised", size)
	}
	if err := z.deflate.Close(); err != nil {
		return err
	}
	// Both are written behind the data, when the next member or the end comes.
	h.CRC32 = sum.Sum32()
	h.CompressedSize64 = uint64(enc.written)
	//lint:ignore SA1019 what writes the directory reads these fields
	h.CompressedSize, h.UncompressedSize = uint32(min(h.CompressedSize64, 1<<32-1)), uint32(min(h.UncompressedSize64, 1<<32-1))
	return nil
}

// Close writes the directory. It does not close the writer below. After an error
// of Add the archive stays without directory, so that no reader takes it for whole.
func (z *Zip) Close() error {
	if z.err != nil {
		return z.err
	}
	if err := z.w.Close(); err != nil {
		z.err = fmt.Errorf("zip: %w", err)
		return z.err
	}
	z.err = fmt.Errorf("zip: closed")
	return nil
}
