package httpapi

import (
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"strings"

	"github.com/mewshq/mews"
)

// Bounds of a multipart upload.
const (
	maxParts    = 16
	maxField    = 8 << 10
	maxBoundary = 70 // RFC 2046
)

// An upload form is read part by part: no sample byte touches a temporary
// file. The fields may stand before or after the file, so the file is stored
// first under the fields seen so far and the late fields are handed over when
// its body has ended.
type uploadForm struct {
	parts  *multipart.Reader
	count  int
	fields map[string]string
	// large is the one field that may hold maxJSON bytes, if there is one.
	large string
}

func newUploadForm(body io.Reader, boundary, large string) (*uploadForm, error) {
	if boundary == "" || len(boundary) > maxBoundary {
		return nil, mews.Errorf(mews.ErrInvalid, "multipart: the boundary is missing or longer than %d bytes", maxBoundary)
	}
	// The reader of parts takes the end of a body inside a part's header for the
	// end of the form. A line end leaves a whole form whole, and the error behind
	// it is met by a form whose last boundary is missing.
	whole := io.MultiReader(body, strings.NewReader("\r\n"), cutForm{})
	return &uploadForm{parts: multipart.NewReader(whole, boundary), fields: map[string]string{}, large: large}, nil
}

// cutForm is what stands behind the last byte of a form.
type cutForm struct{}

func (cutForm) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// next reads fields until the file part comes; nil at the end of the form.
func (u *uploadForm) next() (*multipart.Part, error) {
	for {
		part, err := u.parts.NextRawPart()
		if err == io.EOF {
			return nil, nil
		}
		if err != nil {
			return nil, partError(err)
		}
		if u.count++; u.count > maxParts {
			return nil, mews.Errorf(mews.ErrInvalid, "multipart: more than %d parts", maxParts)
		}
		if media := part.Header.Get("Content-Type"); strings.HasPrefix(strings.ToLower(strings.TrimSpace(media)), "multipart/") {
			return nil, mews.Errorf(mews.ErrInvalid, "multipart: a part must not be multipart itself")
		}
		name := part.FormName()
		if name == "sample" {
			return part, nil
		}
		if err := u.field(name, part); err != nil {
			return nil, err
		}
	}
}

func (u *uploadForm) field(name string, part io.Reader) error {
	if _, twice := u.fields[name]; twice {
		return mews.Errorf(mews.ErrInvalid, "duplicate parameter: %s", quote(name))
	}
	most := int64(maxField)
	if name == u.large && name != "" {
		most = maxJSON
	}
	value, err := io.ReadAll(io.LimitReader(part, most+1))
	if err != nil {
		return partError(err)
	}
	if int64(len(value)) > most {
		return mews.Errorf(mews.ErrInvalid, "multipart: the field %s is larger than %d bytes", quote(name), most)
	}
	u.fields[name] = string(value)
	return nil
}

// rest reads the fields after the file. A second file is refused.
func (u *uploadForm) rest() error {
	part, err := u.next()
	if err == nil && part != nil {
		err = mews.Errorf(mews.ErrInvalid, "multipart: one file is expected")
	}
	return err
}

// partError keeps the errors that have a status, and calls the rest malformed.
func partError(err error) error {
	if _, ok := errors.AsType[*refusal](err); ok {
		return err
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return err
	}
	return mews.Errorf(mews.ErrInvalid, "multipart: the body is malformed or ended early").WithCause(err)
}
