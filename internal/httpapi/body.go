package httpapi

import (
	"errors"
	"io"
	"mime"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/mewshq/mews"
)

// Pace of bodies. A peer below it holds a connection and gives little for it.
const (
	bodyGrace  = 10 * time.Second
	bodyRate   = 16 << 10 // bytes a second, after the grace
	writeStall = 30 * time.Second
	callLimit  = 30 * time.Second // wall time of an ordinary call
	maxUpload  = 15 * time.Minute // wall time of one upload
)

// A paced reader reads a body under a deadline that moves with the bytes
// received, so a slow peer ends and a long upload does not.
type paced struct {
	body  io.ReadCloser
	start time.Time
	got   int64
	set   func(time.Time) error
	grace time.Duration
	limit time.Duration
}

func (p *paced) Read(b []byte) (int, error) {
	earned := p.grace + time.Duration(p.got)*time.Second/bodyRate
	// A writer without deadlines (a test recorder) reads without a pace.
	_ = p.set(p.start.Add(min(earned, p.limit)))
	n, err := p.body.Read(b)
	p.got += int64(n)
	if err == io.EOF {
		// From here on net/http watches the connection, and a passed deadline
		// would cancel the handler's context. Before the end it must stand: the
		// rest of a refused body is read under it.
		_ = p.set(time.Time{})
	}
	if errors.Is(err, os.ErrDeadlineExceeded) {
		return n, refuse(http.StatusRequestTimeout, "the body came too slowly")
	}
	return n, err
}

func (p *paced) Close() error { return p.body.Close() }

// readBody reads a whole body of at most max bytes in at most that time, and checks the read error:
// a broken chunk shows nowhere else.
func (c *call) readBody(max int64, limit time.Duration) ([]byte, error) {
	if c.r.ContentLength > max {
		return nil, &http.MaxBytesError{Limit: max}
	}
	return readAll(http.MaxBytesReader(c.w, c.body(limit), max))
}

func readAll(r io.Reader) ([]byte, error) {
	b, err := io.ReadAll(r)
	return b, bodyError(err)
}

// body is the request body under its pace.
func (c *call) body(limit time.Duration) io.ReadCloser {
	return &paced{body: c.r.Body, start: time.Now(), set: c.control.SetReadDeadline, grace: c.api.deps.BodyGrace, limit: limit}
}

// limitBody bounds how long net/http waits for what nobody reads of a body,
// before and after the answer.
func (c *call) limitBody() {
	if c.r.ContentLength != 0 {
		_ = c.control.SetReadDeadline(time.Now().Add(c.api.deps.BodyGrace))
	}
}

// maxIgnored is how much of a body that means nothing is read in order to keep
// the connection.
const maxIgnored = 64 << 10

// ignoreBody passes over the body of an operation that takes none. It comes to
// the body's end, because a deadline that is left behind would cut a long
// answer off; if it does not, the connection ends with the answer.
func (c *call) ignoreBody() error {
	if c.r.ContentLength == 0 {
		return nil
	}
	n, err := io.Copy(io.Discard, io.LimitReader(c.body(callLimit), maxIgnored+1))
	if slow, ok := errors.AsType[*refusal](err); ok {
		return slow
	}
	if err != nil || n > maxIgnored {
		c.w.Header().Set("Connection", "close")
	}
	return nil
}

// bodyError names a body that could not be read to its end.
func bodyError(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*refusal](err); ok {
		return err
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	if _, ok := errors.AsType[*mews.Error](err); ok {
		return err
	}
	return mews.Errorf(mews.ErrInvalid, "the body ended early or is malformed").WithCause(err)
}

// checkEncoding refuses compressed bodies: a small bomb could fill memory.
func checkEncoding(r *http.Request) error {
	for _, v := range r.Header.Values("Content-Encoding") {
		if v = strings.TrimSpace(v); v != "" && !strings.EqualFold(v, "identity") {
			return refuse(http.StatusUnsupportedMediaType, "Content-Encoding is not accepted here; send the body as it is")
		}
	}
	return nil
}

// checkMedia accepts a body without a type, or of one of the given types.
func checkMedia(r *http.Request, types ...string) (string, map[string]string, error) {
	values := r.Header.Values("Content-Type")
	if len(values) == 0 || len(values) == 1 && strings.TrimSpace(values[0]) == "" {
		return "", nil, nil
	}
	media, params, err := mime.ParseMediaType(values[0])
	if err == nil && len(values) == 1 {
		charset, given := params["charset"]
		if given && !strings.EqualFold(charset, "utf-8") && !strings.EqualFold(charset, "utf8") {
			return "", nil, refuse(http.StatusUnsupportedMediaType, "Content-Type: only the charset utf-8 is accepted")
		}
		for _, t := range types {
			if media == t {
				return media, params, nil
			}
		}
	}
	return "", nil, refuse(http.StatusUnsupportedMediaType, "Content-Type: expected "+strings.Join(types, " or "))
}
