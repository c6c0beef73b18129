package blob

import (
	"bytes"
	"crypto/aes"
	"crypto/cipher"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
)

// The bytes of a container, in order: header, sealed frames, sealed trailer,
// footer. docs/format/blob.md explains each; a change there or here is a new
// format number.
const (
	headMagic = "mewsblob"
	footMagic = "mewstail"
	format    = 2 // of new containers
	oldFormat = 1 // without codecS2, otherwise the same

	keySize   = 32
	tagSize   = 16
	wrapSize  = 12 + keySize + tagSize // without the cid that is sealed behind the key
	wrapAt    = 8 + 2 + 2 + 8 + 16     // magic, format, cid length, key id, container id
	maxCID    = 255
	footSize  = 4 + 8
	entrySize = 4 + 4 + 1

	fixedTrailer = 8 + 32 + 20 + 16 + 4 + 4
	maxTrailer   = 16 << 20
	maxPlace     = 8 + 2 + 1 + 1 + 16 + 4 + 8 + 4 + maxCID // of what is authenticated with a part
)

// What is sealed. The kind is part of nonce and AAD.
const (
	kindFrame   = 1
	kindTrailer = 2
)

type containerID [16]byte

func corrupt(text string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrCorrupt, fmt.Sprintf(text, args...))
}

// A sealer seals and opens the parts of one container.
type sealer struct {
	aead   cipher.AEAD
	cid    string
	id     containerID
	format uint16
}

func newSealer(key []byte, cid string, id containerID, format uint16) (*sealer, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		return nil, err
	}
	return &sealer{aead, cid, id, format}, nil
}

// A part says where sealed bytes belong. All of it is authenticated, so bytes
// that were moved, swapped or cut do not open.
type part struct {
	kind   byte
	number uint32
	offset int64 // frame: of the first plain byte; trailer: in the container
	length int   // plain bytes
	codec  byte
}

func (p part) nonce() (n [12]byte) {
	n[0] = p.kind
	binary.BigEndian.PutUint32(n[8:], p.number)
	return n
}

func (s *sealer) aad(p part, b []byte) []byte {
	b = append(b, headMagic...)
	b = binary.BigEndian.AppendUint16(b, s.format)
	b = append(b, p.kind, p.codec)
	b = append(b, s.id[:]...)
	b = binary.BigEndian.AppendUint32(b, p.number)
	b = binary.BigEndian.AppendUint64(b, uint64(p.offset))
	b = binary.BigEndian.AppendUint32(b, uint32(p.length))
	return append(b, s.cid...)
}

// seal appends the sealed text to dst, whose room text may not overlap.
func (s *sealer) seal(dst, text []byte, p part) []byte {
	var room [maxPlace]byte
	nonce := p.nonce()
	return s.aead.Seal(dst, nonce[:], text, s.aad(p, room[:0]))
}

// open appends the text to dst; sealed[:0] is a fit dst.
func (s *sealer) open(dst, sealed []byte, p part) ([]byte, error) {
	var room [maxPlace]byte
	nonce := p.nonce()
	text, err := s.aead.Open(dst, nonce[:], sealed, s.aad(p, room[:0]))
	if err != nil {
		return nil, corrupt("part %d of kind %d does not authenticate", p.number, p.kind)
	}
	return text, nil
}

// header appends the start of a container to b: in clear what finds the key, and under
// that the container's own key and whose it is.
func (k *Keyring) header(b, key []byte, cid string, id containerID) []byte {
	at := len(b)
	b = append(b, headMagic...)
	b = binary.BigEndian.AppendUint16(b, format)
	b = binary.BigEndian.AppendUint16(b, uint16(len(cid)))
	b = append(b, k.id[:]...)
	b = append(b, id[:]...)
	return k.wrap.Seal(b, nil, append(bytes.Clone(key), cid...), bytes.Clone(b[at:]))
}

// unwrap reads the header at the start of b and opens the key in it. A destroyed
// key is ErrNotFound. size is the header's length.
func (k *Keyring) unwrap(b []byte) (s *sealer, size int, err error) {
	if len(b) < wrapAt+wrapSize || string(b[:8]) != headMagic {
		return nil, 0, corrupt("no header")
	}
	version := binary.BigEndian.Uint16(b[8:])
	if version != format && version != oldFormat {
		return nil, 0, corrupt("format %d, this program reads %d and %d", version, oldFormat, format)
	}
	if !bytes.Equal(b[12:20], k.id[:]) {
		return nil, 0, corrupt("sealed under key %x", b[12:20])
	}
	if bytes.Equal(b[wrapAt:wrapAt+wrapSize], make([]byte, wrapSize)) {
		return nil, 0, ErrNotFound
	}
	size = wrapAt + wrapSize + int(binary.BigEndian.Uint16(b[10:]))
	if size > len(b) {
		return nil, 0, corrupt("cut short")
	}
	text, err := k.wrap.Open(nil, nil, b[wrapAt:size], b[:wrapAt])
	if err != nil {
		return nil, 0, corrupt("key does not unwrap")
	}
	s, err = newSealer(text[:keySize], string(text[keySize:]), containerID(b[20:36]), version)
	return s, size, err
}

// A trailer is what the sealed end of a container holds.
type trailer struct {
	size   int64
	sha256 [32]byte
	sha1   [20]byte
	md5    [16]byte
	frames []frame
	meta   []byte
}

// A frame knows both its plain and its stored place.
type frame struct {
	Frame
	at     int64 // in the container
	stored int   // sealed bytes, tag included
	codec  byte
}

func (t *trailer) encode() []byte {
	b := make([]byte, 0, fixedTrailer+len(t.frames)*entrySize+len(t.meta)+tagSize)
	b = binary.BigEndian.AppendUint64(b, uint64(t.size))
	b = append(b, t.sha256[:]...)
	b = append(b, t.sha1[:]...)
	b = append(b, t.md5[:]...)
	b = binary.BigEndian.AppendUint32(b, uint32(len(t.frames)))
	b = binary.BigEndian.AppendUint32(b, uint32(len(t.meta)))
	for _, f := range t.frames {
		b = binary.BigEndian.AppendUint32(b, uint32(f.Length))
		b = binary.BigEndian.AppendUint32(b, uint32(f.stored))
		b = append(b, f.codec)
	}
	return append(b, t.meta...)
}

// decode reads an opened trailer, which t refers to from then on. Its frames must
// fill the container from start, the header's end, to end, the place of the
// trailer, and add up to the file's size.
func (t *trailer) decode(b []byte, start, end int64) error {
	if len(b) < fixedTrailer {
		return corrupt("trailer of %d bytes", len(b))
	}
	t.size = int64(binary.BigEndian.Uint64(b))
	b = b[8:]
	b = b[copy(t.sha256[:], b):]
	b = b[copy(t.sha1[:], b):]
	b = b[copy(t.md5[:], b):]
	count, metaLen := uint64(binary.BigEndian.Uint32(b)), uint64(binary.BigEndian.Uint32(b[4:]))
	b = b[8:]
	if count*entrySize+metaLen != uint64(len(b)) {
		return corrupt("trailer does not hold %d frames and %d bytes", count, metaLen)
	}
	t.frames = slices.Grow(t.frames[:0], int(count))[:count]
	at, offset := start, int64(0)
	for i := range t.frames {
		f := frame{
			Frame:  Frame{Offset: offset, Length: int(binary.BigEndian.Uint32(b))},
			at:     at,
			stored: int(binary.BigEndian.Uint32(b[4:])),
			codec:  b[8],
		}
		if err := f.check(); err != nil {
			return err
		}
		t.frames[i] = f
		at, offset, b = at+int64(f.stored), offset+int64(f.Length), b[entrySize:]
	}
	if offset != t.size || at != end {
		return corrupt("frames do not add up")
	}
	t.meta = b
	return nil
}

// check bounds what opening a frame may cost.
func (f frame) check() error {
	text := f.stored - tagSize
	switch {
	case f.Length < 1 || f.Length > MaxFrame || text < 1 || text > f.Length:
	case f.codec == codecRaw && text == f.Length:
		return nil
	case (f.codec == codecZstd || f.codec == codecS2) && text < f.Length:
		return nil
	}
	return corrupt("frame of %d bytes, stored as %d", f.Length, f.stored)
}

func appendFooter(b []byte, trailerLen int) []byte {
	b = binary.BigEndian.AppendUint32(b, uint32(trailerLen))
	return append(b, footMagic...)
}

// readFull fills b from off. Bytes that should be there and are not are corrupt.
func readFull(r io.ReaderAt, b []byte, off int64) error {
	if off < 0 {
		return corrupt("cut short")
	}
	n, err := r.ReadAt(b, off)
	if n == len(b) {
		return nil
	}
	if err == io.EOF || err == nil {
		return corrupt("cut short")
	}
	return err
}
