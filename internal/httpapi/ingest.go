package httpapi

import (
	"bytes"
	"context"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/mewshq/mews"
)

// Media types of what hosts report.
const (
	mediaJSON  = "application/json"
	mediaLines = "application/x-ndjson"
)

// Bounds of an import of many records.
const (
	maxLines      = 10_000
	maxLinesBytes = 10 << 20
)

// recordField is the form field, or the query parameter, that holds a report
// beside the bytes of its file.
const recordField = "record"

type ingestQuery struct {
	Record string `query:"record" doc:"The report as JSON, when the body is the file's raw bytes."`
}

func (a *API) ingestOperations() []operation {
	quarantine := raw[ingestQuery, mews.QuarantinedFile](route{
		"mews.ingest.quarantine", "POST", "/ingest/v1/quarantine", mews.ScopeIngest, classUpload,
		"Report a quarantined file: a form with the fields record (JSON) and sample (the file), raw bytes with the record in the query, " +
			"a record alone, or many records as NDJSON (gzip and zstd are welcome there). What is reported again changes nothing.",
	}, a.ingestQuarantine)
	quarantine.long = true
	quarantine.consumes = []content{
		of[mews.QuarantineReport](mediaJSON), of[mews.QuarantineReport](mediaLines),
		{media: mediaBytes},
		of[reportForm](mediaForm),
	}
	return []operation{quarantine}
}

// A reportForm documents the form.
type reportForm struct {
	Record mews.QuarantineReport `json:"record"`
	Sample []byte                `json:"sample"`
}

// ingestQuarantine takes in what a host reports, in one of four forms. No byte
// of a file touches a disk in clear.
func (a *API) ingestQuarantine(ctx context.Context, c *call) error {
	if _, err := parseQuery(c.r.URL.RawQuery); err != nil {
		return err // also where the query means nothing, as everywhere
	}
	types := []string{mediaForm, mediaBytes, mediaJSON, mediaLines}
	media, params, err := checkMedia(c.r, types...)
	if err != nil {
		return err
	}
	if media != mediaLines {
		if err := checkEncoding(c.r); err != nil {
			return err
		}
	}
	switch media {
	case mediaForm:
		return a.uploading(ctx, func(ctx context.Context) error { return a.ingestForm(ctx, c, params["boundary"]) })
	case mediaBytes:
		return a.uploading(ctx, func(ctx context.Context) error { return a.ingestRaw(ctx, c) })
	case mediaLines:
		return a.uploading(ctx, func(ctx context.Context) error { return a.ingestLines(ctx, c) })
	case mediaJSON:
		return a.ingestRecord(ctx, c)
	}
	return refuse(http.StatusUnsupportedMediaType, "Content-Type: expected "+strings.Join(types, " or "))
}

// ingestForm takes file and record from a form, in either order; without a
// file it is the record alone.
func (a *API) ingestForm(ctx context.Context, c *call, boundary string) error {
	var rec mews.QuarantinedFile
	err := c.readForm(boundary, recordField, func(form *uploadForm, file io.Reader) (err error) {
		var report mews.QuarantineReport
		if _, early := form.fields[recordField]; early || file == nil {
			// A record that cannot be read ends the upload before it began.
			if report, err = formReport(form.fields); err != nil {
				return err
			}
		}
		if file == nil {
			rec, err = a.deps.Quarantine.Report(ctx, c.who.Actor, report, nil)
			return err
		}
		rec, err = a.deps.Quarantine.ReportLate(ctx, c.who.Actor, file, func() (mews.QuarantineReport, error) {
			if err := form.rest(); err != nil {
				return mews.QuarantineReport{}, err
			}
			return formReport(form.fields)
		})
		return err
	})
	return c.reported(rec, err)
}

// formReport reads the record of a form that has no other field.
func formReport(fields map[string]string) (mews.QuarantineReport, error) {
	for _, name := range slices.Sorted(maps.Keys(fields)) {
		if name != recordField {
			return mews.QuarantineReport{}, mews.Errorf(mews.ErrInvalid, "multipart: unknown field %s; expected record and sample", quote(name))
		}
	}
	text, given := fields[recordField]
	if !given {
		return mews.QuarantineReport{}, mews.Errorf(mews.ErrInvalid, "record: the form has no field of this name")
	}
	return decodeReport([]byte(text))
}

func decodeReport(text []byte) (mews.QuarantineReport, error) {
	var r mews.QuarantineReport
	err := decodeJSON(text, &r, true)
	return r, err
}

// ingestRaw takes the body as the file and the record from the query.
func (a *API) ingestRaw(ctx context.Context, c *call) error {
	values, err := parseQuery(c.r.URL.RawQuery)
	if err != nil {
		return err
	}
	given := values[recordField]
	if len(given) != 1 || given[0] == "" {
		return mews.Errorf(mews.ErrInvalid, "record: give it once, as JSON in the query, beside a body of raw bytes")
	}
	report, err := decodeReport([]byte(given[0]))
	if err != nil {
		return err
	}
	body, err := c.uploadBody(a.deps.MaxUpload)
	if err != nil {
		return err
	}
	rec, err := a.deps.Quarantine.Report(ctx, c.who.Actor, report, body)
	return c.reported(rec, body.cause(err))
}

// ingestRecord takes one record without its bytes.
func (a *API) ingestRecord(ctx context.Context, c *call) error {
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	text, err := c.readBody(maxJSON, callLimit)
	if err != nil {
		return err
	}
	report, err := decodeReport(text)
	if err != nil {
		return err
	}
	rec, err := a.deps.Quarantine.Report(ctx, c.who.Actor, report, nil)
	return c.reported(rec, err)
}

func (c *call) reported(rec mews.QuarantinedFile, err error) error {
	if err != nil {
		return err
	}
	return respond(c, reply[mews.QuarantinedFile]{Resources: []mews.QuarantinedFile{rec}})
}

// ingestLines takes in many records, one a line. A line that is wrong is an
// error with its number as id and keeps no other from being taken in.
func (a *API) ingestLines(ctx context.Context, c *call) error {
	body, free, err := c.inflate(bodyLimits{encoded: maxLinesBytes, decoded: maxLinesBytes})
	if err != nil {
		return err
	}
	text, err := io.ReadAll(body)
	free()
	if err != nil {
		return body.cause(err)
	}
	ctx, cancel := context.WithTimeout(ctx, callLimit)
	defer cancel()
	in, err := readLines(text)
	if err != nil {
		return err
	}
	done, err := a.deps.Quarantine.Import(ctx, c.who.Actor, in.reports)
	if err != nil {
		return err
	}
	for i, err := range done.Errors {
		if err != nil {
			in.wrong[in.numbers[i]] = err
		}
	}
	out := reply[mews.QuarantinedFile]{Meta: mews.Meta{Writes: &mews.Writes{ResourcesAffected: done.Changed}}}
	for _, number := range slices.Sorted(maps.Keys(in.wrong)) {
		r := classify(in.wrong[number])
		if r.status >= http.StatusInternalServerError {
			return in.wrong[number]
		}
		out.Errors = append(out.Errors, mews.APIError{Code: r.status, Message: r.message, ID: strconv.Itoa(number)})
	}
	return respond(c, out)
}

// An importText is what many lines hold.
type importText struct {
	reports []mews.QuarantineReport
	numbers []int         // their lines, from 1
	wrong   map[int]error // of other lines
}

// readLines reads an NDJSON text. Empty lines count for the numbers only.
func readLines(text []byte) (importText, error) {
	in := importText{wrong: map[int]error{}}
	number := 0
	for line := range bytes.SplitSeq(text, []byte{'\n'}) {
		number++
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		if len(in.reports)+len(in.wrong) == maxLines {
			return in, mews.Errorf(mews.ErrInvalid, "more than %d lines; send them in several requests", maxLines)
		}
		if len(line) > maxJSON {
			in.wrong[number] = mews.Errorf(mews.ErrTooLarge, "the line is longer than %d bytes", maxJSON)
			continue
		}
		report, err := decodeReport(line)
		if err != nil {
			in.wrong[number] = err
			continue
		}
		in.reports, in.numbers = append(in.reports, report), append(in.numbers, number)
	}
	if len(in.reports)+len(in.wrong) == 0 {
		return in, mews.Errorf(mews.ErrInvalid, "the body holds no record; expected one JSON object a line")
	}
	return in, nil
}
