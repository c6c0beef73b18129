package mews

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Download is the bytes of a reply as they arrive. Read it to io.EOF, which
// comes only when everything did: a sample whose bytes do not have the SHA-256
// asked for is an error. A cut or silent connection is opened again, and the
// bytes go on where they stopped; when that does not help the error is
// io.ErrUnexpectedEOF or says how long the server was silent. Close it.
type Download struct {
	// Size is the number of bytes to come, -1 when the server does not say.
	Size int64
	// Header is the first reply's; its Content-Disposition names the file.
	Header http.Header

	client *Client
	call   call
	ctx    context.Context // of the whole download, whose later requests need it
	want   string          // the SHA-256 that the bytes must have, "" when it is unknown
	sum    hash.Hash       // of the bytes given so far
	at     int64           // how many these are
	cut    int64           // where it was cut the last time
	tries  int             // how often it was cut with little gained in between
	err    error           // sticky

	body   io.ReadCloser
	cancel context.CancelFunc // ends the request that body belongs to
}

// download opens a binary route. want is the SHA-256 that the bytes must have,
// "" when it is unknown.
func (c *Client) download(ctx context.Context, op, path string, query url.Values, want string) (*Download, error) {
	return c.stream(ctx, call{op: op, method: http.MethodGet, path: path, query: query, safe: true}, want)
}

// stream carries out a call whose reply is bytes.
func (c *Client) stream(ctx context.Context, k call, want string) (*Download, error) {
	k.stream = true
	d := &Download{client: c, call: k, ctx: ctx, want: want, sum: sha256.New()}
	if err := d.open(d.first, nil); err != nil {
		return nil, err
	}
	return d, nil
}

// open sends the request, with further headers, and lets take judge the reply.
func (d *Download) open(take func(*http.Response) error, header http.Header) error {
	ctx, cancel := context.WithCancel(d.ctx)
	d.cancel = cancel
	k := d.call
	if header != nil {
		k.header = header
	}
	err := d.client.do(ctx, k, func(r *http.Response) error {
		d.body = r.Body
		return take(r)
	})
	if err != nil {
		cancel()
	}
	return err
}

func (d *Download) first(r *http.Response) error {
	d.Size, d.Header = r.ContentLength, r.Header
	if r.Uncompressed {
		d.Header.Del("Etag") // it names the bytes as they were sent
	}
	return nil
}

// Read gives the next bytes; see Download for what its errors mean.
func (d *Download) Read(p []byte) (int, error) {
	for d.err == nil {
		n, err := d.receive(p)
		d.sum.Write(p[:n])
		d.at += int64(n)
		switch {
		case errors.Is(err, io.EOF):
			d.err = d.check()
		case err != nil:
			d.err = d.resume(err)
		}
		if n > 0 || len(p) == 0 {
			return n, nil
		}
	}
	return 0, d.err
}

// receive reads from the connection, and gives up a silent one.
func (d *Download) receive(p []byte) (int, error) {
	quiet := d.client.timeout
	watch := time.AfterFunc(quiet, d.cancel)
	n, err := d.body.Read(p)
	if !watch.Stop() && err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("download: the server sent nothing for %s: %w", quiet, err)
	}
	return n, err
}

// check gives io.EOF when the bytes are what was asked for.
func (d *Download) check() error {
	if got := hex.EncodeToString(d.sum.Sum(nil)); d.want != "" && got != d.want {
		return Errorf(ErrInternal, "download %s: the bytes received have SHA-256 %s; do not use them", d.want, got)
	}
	return io.EOF
}

// worthIt is how many bytes make a new try out of a resumed one.
const worthIt = 1 << 20

// resume opens the download again after the last byte that came, until the
// client's retries are used up with little gained. It gives cause when there is
// no more to try.
func (d *Download) resume(cause error) error {
	_ = d.body.Close()
	d.cancel()
	if !d.call.safe || d.call.header.Get("Range") != "" || d.ctx.Err() != nil {
		return cause
	}
	if d.at-d.cut >= worthIt {
		d.tries = 0
	}
	d.cut = d.at
	d.tries++
	pause, ok := d.client.retry.wait(d.tries, 0, -1)
	if !ok {
		return cause
	}
	if d.client.retry.notice != nil {
		d.client.retry.notice(d.call.op, cause, pause)
	}
	if d.client.retry.sleep(d.ctx, pause) != nil {
		return cause
	}
	return d.open(d.again, d.rest())
}

// rest asks for the bytes that are missing, of the very file that the first
// reply gave; without a name for it the file is fetched from its start.
func (d *Download) rest() http.Header {
	h := d.call.header.Clone()
	if tag := d.Header.Get("Etag"); strings.HasPrefix(tag, `"`) && d.at > 0 {
		if h == nil {
			h = http.Header{}
		}
		h.Set("Range", fmt.Sprintf("bytes=%d-", d.at))
		h.Set("If-Range", tag)
	}
	return h
}

// again takes a later reply: the rest, or all of it, of which what came already
// must be the same as before.
func (d *Download) again(r *http.Response) error {
	if r.StatusCode == http.StatusPartialContent {
		if !strings.HasPrefix(r.Header.Get("Content-Range"), fmt.Sprintf("bytes %d-", d.at)) {
			return Errorf(ErrInternal, "download: the server goes on at %q instead of byte %d", r.Header.Get("Content-Range"), d.at)
		}
		return nil
	}
	skipped := sha256.New()
	n, err := io.Copy(skipped, io.LimitReader(readerFunc(d.receive), d.at))
	if err == nil && n < d.at {
		err = io.ErrUnexpectedEOF
	}
	switch {
	case err != nil:
		return fmt.Errorf("%w: %w", errCut, err) // is tried again
	case !bytes.Equal(skipped.Sum(nil), d.sum.Sum(nil)):
		return Errorf(ErrConflict, "download: the server gives other bytes than before; begin anew")
	}
	return nil
}

// A readerFunc reads by a function.
type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(p []byte) (int, error) { return f(p) }

// Close ends the download; it need not be complete.
func (d *Download) Close() error {
	d.cancel()
	return d.body.Close()
}
