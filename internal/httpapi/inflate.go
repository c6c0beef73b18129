package httpapi

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"

	"github.com/mewshq/mews"
)

// Encodings of bodies that hold many lines.
const (
	encodingGzip = "gzip"
	encodingZstd = "zstd"
)

// zstdWindow bounds what one zstd body takes in memory. Encoders stay below it
// unless they are told otherwise.
const zstdWindow = 8 << 20

// bodyLimits bound a body that may be compressed, as it comes and as it was: a
// small bomb could go on for ever.
type bodyLimits struct{ encoded, decoded int64 }

// inflate gives the body as it was before its Content-Encoding. It is decoded
// while it is read, in little memory whatever it claims to hold. Call done when
// it is read.
func (c *call) inflate(limits bodyLimits) (body *watched, done func(), err error) {
	encoding, err := encodingOf(c.r)
	if err != nil {
		return nil, nil, err
	}
	over := tooMuch("is larger than", limits.encoded)
	if c.r.ContentLength > limits.encoded {
		return nil, nil, over
	}
	raw := &watched{r: &bounded{r: c.body(maxUpload), left: limits.encoded, over: over}}
	plain, done, err := decoder(encoding, raw)
	if err != nil {
		return nil, nil, err
	}
	return &watched{r: &bounded{r: plain, left: limits.decoded, over: tooMuch("decodes to more than", limits.decoded)}}, done, nil
}

// encodingOf reads the one Content-Encoding of a request; "" is none.
func encodingOf(r *http.Request) (string, error) {
	given := r.Header.Values("Content-Encoding")
	if len(given) == 0 {
		return "", nil
	}
	word := strings.ToLower(strings.TrimSpace(given[0]))
	switch {
	case len(given) == 1 && (word == "" || word == "identity"):
		return "", nil
	case len(given) == 1 && (word == encodingGzip || word == encodingZstd):
		return word, nil
	}
	return "", refuse(http.StatusUnsupportedMediaType, "Content-Encoding: expected gzip or zstd, once, or none")
}

// decoder reads one encoding.
func decoder(encoding string, raw *watched) (plain io.Reader, done func(), err error) {
	d := &decoding{name: encoding, raw: raw}
	switch encoding {
	case encodingGzip:
		z, err := gzip.NewReader(raw)
		d.r = z
		return d, func() {}, d.explain(err)
	case encodingZstd:
		z, err := zstd.NewReader(raw, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true), zstd.WithDecoderMaxWindow(zstdWindow))
		if err != nil {
			return nil, nil, d.explain(err)
		}
		d.r = z
		return d, z.Close, nil
	}
	return raw, func() {}, nil
}

// A decoding tells what is wrong with a compressed body.
type decoding struct {
	name string
	raw  *watched
	r    io.Reader
}

func (d *decoding) Read(p []byte) (int, error) {
	n, err := d.r.Read(p)
	if err == io.EOF {
		return n, err
	}
	return n, d.explain(err)
}

func (d *decoding) explain(err error) error {
	switch {
	case err == nil:
		return nil
	case d.raw.err != nil: // it did not even come whole
		return d.raw.err
	case errors.Is(err, zstd.ErrWindowSizeExceeded), errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return mews.Errorf(mews.ErrInvalid, "Content-Encoding: the zstd window is larger than %d MiB; compress without --long and --ultra", zstdWindow>>20)
	}
	return mews.Errorf(mews.ErrInvalid, "Content-Encoding: the body is no whole and sound %s", d.name).WithCause(err)
}

// A bounded reader gives at most left bytes, then its own error.
type bounded struct {
	r    io.Reader
	left int64
	over error
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, b.over
	}
	// One byte more than is left tells a body at the limit from one beyond it.
	n, err := b.r.Read(p[:min(int64(len(p)), b.left+1)])
	if b.left -= int64(n); b.left < 0 {
		return n - 1, b.over
	}
	return n, err
}

func tooMuch(verb string, bytes int64) error {
	return mews.Errorf(mews.ErrTooLarge, "the body %s %d MiB; split it into several calls", verb, bytes>>20)
}
