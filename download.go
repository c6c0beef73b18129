package mews

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"net/http"
	"net/url"
	"time"
)

// A Download is the bytes of a reply as they arrive. Read it to io.EOF, which
// comes only when everything did: a cut connection is io.ErrUnexpectedEOF, and
// a sample whose bytes do not have the SHA-256 asked for is an error. Close it.
type Download struct {
	// Size is the number of bytes to come, -1 when the server does not say.
	Size int64
	// Header is the reply's; its Content-Disposition names the file.
	Header http.Header

	body   io.ReadCloser
	cancel context.CancelFunc
	quiet  time.Duration // the silence that is borne
	sum    hash.Hash     // nil: nothing to compare with
	want   string
	err    error // sticky
}

// download opens a binary route. want is the SHA-256 that the bytes must have,
// "" when it is unknown.
func (c *Client) download(ctx context.Context, op, path string, query url.Values, want string) (*Download, error) {
	return c.stream(ctx, call{op: op, method: http.MethodGet, path: path, query: query, safe: true}, want)
}

// stream carries out a call whose reply is bytes.
func (c *Client) stream(ctx context.Context, k call, want string) (*Download, error) {
	ctx, cancel := context.WithCancel(ctx)
	d := &Download{cancel: cancel, quiet: c.timeout, want: want}
	if want != "" {
		d.sum = sha256.New()
	}
	k.stream = true
	err := c.do(ctx, k, func(r *http.Response) error { d.body, d.Size, d.Header = r.Body, r.ContentLength, r.Header; return nil })
	if err != nil {
		cancel()
		return nil, err
	}
	return d, nil
}

// Read gives the next bytes; see Download for what its errors mean.
func (d *Download) Read(p []byte) (int, error) {
	if d.err != nil {
		return 0, d.err
	}
	watch := time.AfterFunc(d.quiet, d.cancel)
	n, err := d.body.Read(p)
	if !watch.Stop() && err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("download: the server sent nothing for %s: %w", d.quiet, err)
	}
	if d.sum != nil {
		d.sum.Write(p[:n])
		if errors.Is(err, io.EOF) {
			if got := hex.EncodeToString(d.sum.Sum(nil)); got != d.want {
				err = Errorf(ErrInternal, "download %s: the bytes received have SHA-256 %s; do not use them", d.want, got)
			}
		}
	}
	d.err = err
	return n, err
}

// Close ends the download; it need not be complete.
func (d *Download) Close() error {
	d.cancel()
	return d.body.Close()
}
