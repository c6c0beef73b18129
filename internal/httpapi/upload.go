package httpapi

import (
	"context"
	"io"
	"net/http"
	"reflect"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sample"
)

// uploadFields describe a sample: query parameters beside a raw body, or form
// fields beside a file part.
type uploadFields struct {
	FileName     string    `query:"file_name" form:"file_name" doc:"Required, here or in the form."`
	Comment      string    `query:"comment" form:"comment"`
	Confidential *bool     `query:"is_confidential" form:"is_confidential" doc:"Default true."`
	Label        string    `query:"label" form:"label" doc:"clean, malware, pua, unwanted or unknown. Extension."`
	Family       string    `query:"family" form:"family" doc:"Extension."`
	Tags         mews.List `query:"tags" form:"tags" doc:"Extension."`
	FirstSeen    string    `query:"first_seen" form:"first_seen" doc:"YYYY/MM/DD, YYYY-MM-DD or RFC 3339. Extension."`
	SHA256       string    `query:"sha256" form:"sha256" doc:"Refuses bytes that differ from it. Extension."`
}

// formSlack is what a form may add to the bytes of its file.
const formSlack = maxJSON + maxParts*(maxField+4096)

const mediaForm = "multipart/form-data"

// uploading runs fn, which moves a file in, with one of the places for that.
func (a *API) uploading(ctx context.Context, fn func(context.Context) error) error {
	select {
	case a.uploads <- struct{}{}:
		defer func() { <-a.uploads }()
	default:
		return &refusal{status: http.StatusServiceUnavailable, message: "too many uploads in flight", retryAt: a.now().Add(time.Second)}
	}
	ctx, cancel := context.WithTimeout(ctx, maxUpload)
	defer cancel()
	return fn(ctx)
}

// upload streams one sample into the store. No byte of it touches a file in
// clear, and nothing is kept unless the whole request was good.
func (a *API) upload(ctx context.Context, c *call) error {
	return a.uploading(ctx, func(ctx context.Context) error { return a.uploadSample(ctx, c) })
}

func (a *API) uploadSample(ctx context.Context, c *call) error {
	if err := checkEncoding(c.r); err != nil {
		return err
	}
	media, params, err := checkMedia(c.r, mediaBytes, mediaForm)
	if err != nil {
		return err
	}
	var rec sample.Record
	if media == mediaForm {
		rec, err = a.uploadForm(ctx, c, params["boundary"])
	} else {
		rec, err = a.uploadRaw(ctx, c)
	}
	if err != nil {
		return err
	}
	return respond(c, reply[mews.UploadedSample]{
		Resources: []mews.UploadedSample{{SHA256: rec.SHA256, FileName: rec.FileName}},
	})
}

// uploadRaw takes the body as the file and the fields from the query.
func (a *API) uploadRaw(ctx context.Context, c *call) (sample.Record, error) {
	opts, err := c.uploadOptions(nil)
	if err != nil {
		return sample.Record{}, err
	}
	body, err := c.uploadBody(a.deps.MaxUpload)
	if err != nil {
		return sample.Record{}, err
	}
	rec, err := a.deps.Samples.Put(ctx, c.who.Actor, body, opts)
	return rec, body.cause(err)
}

// uploadForm takes the file from a form. Fields after the file are read when
// its bytes have ended, before anything is committed.
func (a *API) uploadForm(ctx context.Context, c *call, boundary string) (rec sample.Record, err error) {
	err = c.readForm(boundary, "", func(form *uploadForm, file io.Reader) error {
		if file == nil {
			return mews.Errorf(mews.ErrInvalid, "sample: the form has no file part of this name")
		}
		rec, err = a.deps.Samples.Put(ctx, c.who.Actor, file, sample.PutOptions{Late: func() (sample.PutOptions, error) {
			if err := form.rest(); err != nil {
				return sample.PutOptions{}, err
			}
			return c.uploadOptions(form.fields)
		}})
		return err
	})
	return rec, err
}

// readForm hands a form's file to use, which reads it to its end and then calls
// form.rest. file is nil when the form has none.
func (c *call) readForm(boundary, large string, use func(form *uploadForm, file io.Reader) error) error {
	body, err := c.uploadBody(c.api.deps.MaxUpload + formSlack)
	if err != nil {
		return err
	}
	form, err := newUploadForm(body, boundary, large)
	if err != nil {
		return err
	}
	part, err := form.next()
	switch {
	case err != nil:
		return body.cause(err)
	case part == nil:
		return use(form, nil)
	}
	file := &watched{r: http.MaxBytesReader(nil, part, c.api.deps.MaxUpload)}
	return body.cause(file.cause(use(form, file)))
}

// uploadOptions merges the query with a form; the form wins.
func (c *call) uploadOptions(form map[string]string) (sample.PutOptions, error) {
	values, err := parseQuery(c.r.URL.RawQuery)
	if err != nil {
		return sample.PutOptions{}, err
	}
	for name, value := range form {
		values[name] = []string{value}
	}
	var f uploadFields
	if _, err := bindQuery(values, paramsOf(reflect.TypeFor[uploadFields]()), reflect.ValueOf(&f).Elem()); err != nil {
		return sample.PutOptions{}, err
	}
	return f.options()
}

func (f uploadFields) options() (sample.PutOptions, error) {
	o := sample.PutOptions{
		FileName: f.FileName, Comment: f.Comment, Confidential: f.Confidential == nil || *f.Confidential,
		Label: f.Label, Family: f.Family, Tags: f.Tags,
	}
	if f.FileName == "" {
		return o, mews.Errorf(mews.ErrInvalid, "file_name: required parameter is missing")
	}
	var err error
	if f.FirstSeen != "" {
		if o.FirstSeen, err = parseDay("first_seen", f.FirstSeen); err != nil {
			return o, err
		}
	}
	if f.SHA256 != "" {
		o.SHA256, err = oneHash("sha256", mews.List{f.SHA256})
	}
	return o, err
}

// uploadBody is the body of at most max bytes. A Content-Length above it is
// refused before a byte is read.
func (c *call) uploadBody(max int64) (*watched, error) {
	if c.r.ContentLength > max {
		return nil, &http.MaxBytesError{Limit: c.api.deps.MaxUpload}
	}
	return &watched{r: http.MaxBytesReader(c.w, c.body(maxUpload), max)}, nil
}

// A watched reader remembers why it ended, so that the answer names the cause
// whatever the reader's user made of it.
type watched struct {
	r   io.Reader
	err error
}

func (w *watched) Read(p []byte) (int, error) {
	n, err := w.r.Read(p)
	if err != nil && err != io.EOF && w.err == nil {
		w.err = bodyError(err)
	}
	return n, err
}

// cause gives the reader's own error, if there is one, for a failed use of it.
func (w *watched) cause(err error) error {
	if err != nil && w.err != nil {
		return w.err
	}
	return err
}
