package blob

import (
	"fmt"
	"runtime"

	"github.com/klauspost/compress/s2"
	"github.com/klauspost/compress/zstd"
)

// How a frame was made smaller. The numbers stand in containers.
const (
	codecRaw  = 0
	codecZstd = 1
	codecS2   = 2 // from format 2 on
)

// A Compression says how new frames are made smaller. Frames of every kind can
// be read whatever it is.
type Compression string

const (
	// Fast is S2: several times as fast as zstd both ways, for a fifth more disk.
	Fast Compression = "fast"
	// Small is zstd at its fastest level.
	Small Compression = "small"
)

// minSaving is the part of a frame, one in so many, that compression must save:
// for less it is not worth undoing at each read.
const minSaving = 16

// A squeezer compresses and inflates frames. It serves several goroutines.
type squeezer struct {
	codec byte
	enc   *zstd.Encoder // nil unless codec is zstd
	dec   *zstd.Decoder
}

func newSqueezer(c Compression) (*squeezer, error) {
	q := &squeezer{}
	var err error
	switch c {
	case Fast, "":
		q.codec = codecS2
	case Small:
		q.codec = codecZstd
		q.enc, err = zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(false),
			zstd.WithEncoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithWindowSize(MaxFrame), zstd.WithLowerEncoderMem(true))
	default:
		err = fmt.Errorf("compression %q: want %s or %s", c, Fast, Small)
	}
	if err != nil {
		return nil, err
	}
	q.dec, err = zstd.NewReader(nil, zstd.WithDecoderConcurrency(runtime.GOMAXPROCS(0)), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxMemory(MaxFrame), zstd.WithDecodeAllCapLimit(true))
	return q, err
}

// shrink gives the text to seal for a frame: in the memory of room where it was
// compressed, else plain itself. Bytes that do not compress cost little: both
// codecs skip ahead when they find no matches.
func (q *squeezer) shrink(plain []byte, room *[]byte) (text []byte, codec byte) {
	if q.codec == codecZstd {
		text = q.enc.EncodeAll(plain, (*room)[:0])
	} else {
		text = s2.Encode((*room)[:cap(*room)], plain)
	}
	*room = text
	if len(text) > len(plain)-len(plain)/minSaving || len(text) >= len(plain) {
		return plain, codecRaw
	}
	return text, q.codec
}

// inflate fills out with the plain bytes of a frame, and nothing beyond it,
// whatever the text claims.
func (q *squeezer) inflate(text []byte, codec byte, out []byte) error {
	switch codec {
	case codecRaw:
		if copy(out, text) == len(out) && len(text) == len(out) {
			return nil
		}
	case codecZstd:
		got, err := q.dec.DecodeAll(text, out[:0:len(out)])
		if err == nil && len(got) == len(out) {
			return nil
		}
	case codecS2:
		n, err := s2.DecodedLen(text)
		if err == nil && n == len(out) {
			if _, err = s2.Decode(out[:n:n], text); err == nil {
				return nil
			}
		}
	}
	return corrupt("frame does not inflate to %d bytes", len(out))
}
