package mews

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"mime/multipart"
	"net/url"
	"slices"
)

// multipartBody puts fields and a file into one form. The file is not held in
// memory, and it comes last, so that a server knows the fields before it.
func multipartBody(fields url.Values, field, name string, file *body) (*body, error) {
	var frame bytes.Buffer
	form := multipart.NewWriter(&frame)
	var err error
	for _, key := range slices.Sorted(maps.Keys(fields)) {
		for _, value := range fields[key] {
			err = errors.Join(err, form.WriteField(key, value))
		}
	}
	_, errFile := form.CreateFormFile(field, name)
	head := frame.Len()
	if err := errors.Join(err, errFile, form.Close()); err != nil {
		return nil, err
	}
	sent := body{kind: form.FormDataContentType(), size: -1, once: file.once}
	if file.size >= 0 {
		sent.size = int64(frame.Len()) + file.size
	}
	sent.open = func() (io.Reader, error) {
		r, err := file.open()
		if err != nil {
			return nil, err
		}
		return io.MultiReader(bytes.NewReader(frame.Bytes()[:head]), r, bytes.NewReader(frame.Bytes()[head:])), nil
	}
	return &sent, nil
}
