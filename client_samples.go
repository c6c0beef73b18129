package mews

import (
	"context"
	"io"
	"net/http"
	"net/url"
	"strings"
)

// SampleService stores, describes and removes samples.
type SampleService struct{ c *Client }

// UploadOptions describe a sample. FileName is required. Label is clean,
// malware, pua or unknown; FirstSeen is YYYY/MM/DD, YYYY-MM-DD or RFC 3339.
type UploadOptions struct {
	FileName        string
	Comment         string
	NotConfidential bool
	Label           string
	Family          string
	Tags            []string
	FirstSeen       string
	// SHA256, when set, makes the server refuse bytes that differ from it.
	SHA256 string
}

func (o UploadOptions) query() url.Values {
	q := url.Values{"file_name": {o.FileName}}
	for key, value := range map[string]string{
		"comment": o.Comment, "label": o.Label, "family": o.Family, "first_seen": o.FirstSeen, "sha256": o.SHA256,
	} {
		if value != "" {
			q.Set(key, value)
		}
	}
	if len(o.Tags) > 0 {
		q["tags"] = o.Tags
	}
	if o.NotConfidential {
		q.Set("is_confidential", "false")
	}
	return q
}

// Upload stores the bytes of r, streamed. When it returns without an error they
// are durable. A failed upload is repeated if r can be read from its start
// again (a file or a bytes.Reader can). Equal bytes are stored once.
func (s SampleService) Upload(ctx context.Context, r io.Reader, o UploadOptions) (UploadedSample, error) {
	body, err := rawBody(r)
	if err != nil {
		return UploadedSample{}, err
	}
	return callOne[UploadedSample](ctx, s.c, call{
		op: "upload", method: http.MethodPost, path: "/samples/entities/samples/v3", query: o.query(), body: body, safe: true,
	})
}

// rawBody sends the rest of a reader, with its length where that can be known. A
// pipe is a file that cannot be read from its start again.
func rawBody(r io.Reader) (*body, error) {
	const kind = "application/octet-stream"
	at, random := r.(io.ReaderAt)
	seek, seeks := r.(io.Seeker)
	start := int64(-1)
	if random && seeks {
		if at, err := seek.Seek(0, io.SeekCurrent); err == nil {
			start = at
		}
	}
	if start < 0 {
		return &body{kind: kind, size: -1, once: true, open: func() (io.Reader, error) { return r, nil }}, nil
	}
	end, err := seek.Seek(0, io.SeekEnd)
	if err != nil {
		return nil, err
	}
	size := end - start
	return &body{kind: kind, size: size, open: func() (io.Reader, error) {
		return io.NewSectionReader(at, start, size), nil
	}}, nil
}

// Get gives the raw bytes of a sample. They may be live malware.
func (s SampleService) Get(ctx context.Context, sha256 string) (*Download, error) {
	return s.c.download(ctx, "get sample "+sha256, "/samples/entities/samples/v3",
		url.Values{"ids": {sha256}}, strings.ToLower(sha256))
}

// GetZip gives a sample in a zip encrypted with the password "infected".
func (s SampleService) GetZip(ctx context.Context, sha256 string) (*Download, error) {
	return s.c.download(ctx, "get sample "+sha256, "/samples/entities/samples/v3",
		url.Values{"ids": {sha256}, "password_protected": {"true"}}, "")
}

// Delete destroys a sample. It cannot be undone.
func (s SampleService) Delete(ctx context.Context, sha256 string) error {
	return s.c.do(ctx, call{
		op: "delete sample " + sha256, method: http.MethodDelete, path: "/samples/entities/samples/v3",
		query: url.Values{"ids": {sha256}}, safe: true,
	}, discard)
}

// Info gives all that is known about samples. Unknown hashes are entries of
// Errors; when none is known the error is ErrNotFound.
func (s SampleService) Info(ctx context.Context, sha256s ...string) (*Envelope[SampleRecord], error) {
	return inBatches(sha256s, maxHashes, func(ids []string) (*Envelope[SampleRecord], error) {
		return callJSON[SampleRecord](ctx, s.c, call{
			op: "get sample info", method: http.MethodGet, path: "/mews/entities/samples/v1", query: url.Values{"ids": ids}, safe: true,
		})
	})
}

// Update changes the metadata of samples and tells how many it touched. Unknown
// hashes are entries of the reply's Errors.
func (s SampleService) Update(ctx context.Context, u SampleUpdate) (*Envelope[string], error) {
	return callJSON[string](ctx, s.c, call{
		op: "update samples", method: http.MethodPatch, path: "/mews/entities/samples/v1", safe: true, body: postJSON(u),
	})
}
