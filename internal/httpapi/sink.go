package httpapi

import (
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Media types of downloads. A file's own type never shows: a client would
// parse a stored JSON file as an answer.
const (
	mediaBytes = "application/octet-stream"
	mediaZip   = "application/zip"
)

// holdBack is how many bytes a sink keeps until the source has proved whole.
const holdBack = 64 << 10

// A sink is the body of a download. Headers leave with the first flush, and
// the last bytes leave only when the source ended well: before that an error
// is a JSON answer or a cut connection, never a whole-looking wrong file.
type sink struct {
	call  *call
	media string
	name  string // made of hashes and request ids only
	size  int64  // bytes, -1 when unknown
	tag   string // names these very bytes; empty: no other answer has them
	skip  int64  // bytes that the client has already
	gone  int64  // bytes left out so far
	buf   []byte
}

// Open says what the body will be; it must come before the first Write.
func (s *sink) Open(media, name string, size int64) { s.media, s.name, s.size = media, name, size }

// OpenSample is Open for the plain bytes of a sample. A client that has its
// beginning may ask for the rest; the source is still read from its start, so
// that it proves whole.
func (s *sink) OpenSample(sha256 string, size int64) {
	s.Open(mediaBytes, sha256, size)
	s.tag = `"` + sha256 + `"`
	h := s.call.r.Header
	if from, ok := restFrom(h.Get("Range")); ok && from < size && (h.Get("If-Range") == "" || h.Get("If-Range") == s.tag) {
		s.skip = from
	}
}

// restFrom reads the one form of a range that a resumed download needs,
// bytes=N-. Any other is answered with the whole file, as ranges may be.
func restFrom(text string) (int64, bool) {
	text, isBytes := strings.CutPrefix(text, "bytes=")
	text, isRest := strings.CutSuffix(text, "-")
	n, err := strconv.ParseUint(text, 10, 63)
	return int64(n), isBytes && isRest && err == nil && n > 0
}

// Write takes bytes and sends all but the last ones.
func (s *sink) Write(p []byte) (int, error) {
	left := min(int64(len(p)), s.skip-s.gone)
	s.gone += left
	for rest := p[left:]; len(rest) > 0; {
		n := min(len(rest), holdBack)
		if len(s.buf) > 0 && len(s.buf)+n > holdBack {
			if err := s.flush(); err != nil {
				return 0, err
			}
		}
		s.buf = append(s.buf, rest[:n]...)
		rest = rest[n:]
	}
	return len(p), nil
}

func (s *sink) flush() error {
	s.header()
	_ = s.call.control.SetWriteDeadline(time.Now().Add(writeStall))
	_, err := s.call.w.Write(s.buf)
	s.buf = s.buf[:0]
	return err
}

func (s *sink) header() {
	c := s.call
	if c.status != 0 {
		return
	}
	c.status = http.StatusOK
	h := c.w.Header()
	h.Set("Accept-Ranges", "none")
	if s.tag != "" {
		h.Set("Accept-Ranges", "bytes")
		h.Set("Etag", s.tag)
	}
	if s.skip > 0 {
		c.status = http.StatusPartialContent
		h.Set("Content-Range", fmt.Sprintf("bytes %d-%d/%d", s.skip, s.size-1, s.size))
	}
	h.Set("Content-Type", s.media)
	h.Set("Content-Disposition", `attachment; filename="`+s.name+`"`)
	h.Set("Content-Security-Policy", "sandbox; default-src 'none'")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	if s.size >= 0 {
		h.Set("Content-Length", strconv.FormatInt(s.size-s.skip, 10))
	}
	c.w.WriteHeader(c.status)
}

// finish ends the body: whole after nil, otherwise as an error.
func (s *sink) finish(err error) {
	if err == nil {
		err = s.flush()
		if err == nil {
			return
		}
	}
	sent := s.call.status != 0
	s.call.fail(err)
	if sent {
		panic(http.ErrAbortHandler) // the peer must see a cut, not an end
	}
}
