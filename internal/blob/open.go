package blob

import (
	"encoding/binary"
	"io"
	"slices"
)

const (
	// smallContainer is the length up to which a container is read at once: that
	// is one call to the system instead of four.
	smallContainer = 256 << 10
	// longHeader is the length of the longest header.
	longHeader = wrapAt + wrapSize + maxCID
	// mostTrailers are no longer, with their footers.
	mostTrailers = 8 << 10
)

// An opened container: what its seals say. It is used again for another one when
// its reader is closed, for what it refers to costs as much as opening it.
type opened struct {
	sealer  *sealer
	trailer trailer
	bytes   []byte // of the container: all of a small one, else some
	small   bool
}

// load opens the container of size bytes that r gives. A destroyed key is
// ErrNotFound.
func (o *opened) load(k *Keyring, r io.ReaderAt, size int64) (err error) {
	o.small = size <= smallContainer
	head, tail, err := o.ends(r, size)
	if err != nil {
		return err
	}
	var start int
	if o.sealer, start, err = k.unwrap(head); err != nil {
		return err
	}
	n, err := trailerLen(tail, int64(start), size)
	if err != nil {
		return err
	}
	if n+footSize > len(tail) {
		tail = make([]byte, n+footSize)
		if err := readFull(r, tail, size-int64(len(tail))); err != nil {
			return err
		}
	}
	at := size - footSize - int64(n)
	sealed := tail[len(tail)-footSize-n : len(tail)-footSize]
	text, err := o.sealer.open(sealed[:0], sealed, part{kind: kindTrailer, offset: at, length: n - tagSize})
	if err != nil {
		return err
	}
	return o.trailer.decode(text, int64(start), at)
}

// name is whose file it is, and which.
func (o *opened) name() Name { return Name{CID: o.sealer.cid, SHA256: o.trailer.sha256} }

// ends reads the two ends of a container; each is the whole of a small one.
func (o *opened) ends(r io.ReaderAt, size int64) (head, tail []byte, err error) {
	if o.small {
		o.bytes = slices.Grow(o.bytes[:0], int(size))[:size]
		return o.bytes, o.bytes, readFull(r, o.bytes, 0)
	}
	o.bytes = slices.Grow(o.bytes[:0], longHeader+mostTrailers)[:longHeader+mostTrailers]
	head, tail = o.bytes[:longHeader], o.bytes[longHeader:]
	if err := readFull(r, head, 0); err != nil {
		return nil, nil, err
	}
	return head, tail, readFull(r, tail, size-mostTrailers)
}

// trailerLen reads the footer at the end of b, of a container of size bytes whose
// frames begin at start: how long the sealed trailer before it is.
func trailerLen(b []byte, start, size int64) (int, error) {
	if len(b) < footSize {
		return 0, corrupt("cut short")
	}
	foot := b[len(b)-footSize:]
	n := int64(binary.BigEndian.Uint32(foot))
	if string(foot[4:]) != footMagic || n < fixedTrailer+tagSize || n > maxTrailer || size-footSize-n < start {
		return 0, corrupt("no trailer")
	}
	return int(n), nil
}
