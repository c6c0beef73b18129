package httpapi

import (
	"crypto/sha256"
	"errors"
	"hash"
	"io"
	"net/http"
)

// A tap stands between a call and its peer in dev mode: it sees what is read and
// written, for the request log, and cuts the answer that a rule says to cut. A
// nil tap does nothing.
type tap struct {
	http.ResponseWriter
	body   io.ReadCloser
	digest hash.Hash // of what was read
	read   int64
	sent   int64 // bytes of the answer's body
	most   int64 // of them, when the answer is to be cut; 0: all
	cut    bool
	client string // that the caller of a login says to be
	fault  string // the rule that struck
}

// errCut is what the writer of a cut answer gets.
var errCut = errors.New("cut off by a fault rule")

// watch puts a tap on a call.
func (c *call) watch() {
	c.tap = &tap{ResponseWriter: c.w, body: c.r.Body, digest: sha256.New()}
	c.w, c.r.Body = c.tap, tapBody{c.tap}
}

// Unwrap lets a ResponseController through.
func (t *tap) Unwrap() http.ResponseWriter { return t.ResponseWriter }

// Write sends bytes of the answer, up to where it is cut.
func (t *tap) Write(b []byte) (int, error) {
	if t.most > 0 && t.sent+int64(len(b)) > t.most {
		b, t.cut = b[:t.most-t.sent], true
	}
	n, err := t.ResponseWriter.Write(b)
	t.sent += int64(n)
	if err == nil && t.cut {
		// What the peer is to see must leave before the connection ends.
		err = errors.Join(errCut, http.NewResponseController(t.ResponseWriter).Flush())
	}
	return n, err
}

// abort ends the connection of an answer that was cut.
func (t *tap) abort() {
	if t != nil && t.cut {
		panic(http.ErrAbortHandler)
	}
}

// A tapBody is the request's body as it is read.
type tapBody struct{ *tap }

func (b tapBody) Read(p []byte) (int, error) {
	n, err := b.body.Read(p)
	b.read += int64(n)
	b.digest.Write(p[:n])
	return n, err
}

func (b tapBody) Close() error { return b.body.Close() }
