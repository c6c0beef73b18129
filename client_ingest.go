package mews

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
)

const ingestQuarantine = "/ingest/v1/quarantine"

// Bounds of one import, as the server has them.
const (
	maxImportLen  = 10_000
	maxImportSize = 10 << 20
)

// Report takes in one quarantined file, streamed: its record and the bytes of
// file, which may be nil when only the record is known. When it returns without
// an error both are durable. A failed report is repeated if file can be read
// from its start again (a file or a bytes.Reader can).
func (s QuarantineService) Report(ctx context.Context, r QuarantineReport, file io.Reader) (QuarantinedFile, error) {
	sent := postJSON(r)
	if file != nil {
		record, errRecord := json.Marshal(r)
		bytes, errFile := rawBody(file)
		if err := errors.Join(errRecord, errFile); err != nil {
			return QuarantinedFile{}, err
		}
		// The file's name on this machine is not told.
		var err error
		if sent, err = multipartBody(url.Values{"record": {string(record)}}, "sample", "sample", bytes); err != nil {
			return QuarantinedFile{}, err
		}
	}
	return callOne[QuarantinedFile](ctx, s.c, call{
		op: "report quarantined file", method: http.MethodPost, path: ingestQuarantine, body: sent, safe: true,
	})
}

// Import takes in many records without their bytes, in as many calls as they
// need. Meta.Writes counts those that were new or changed something; each entry
// of Errors is a report that was refused, its ID the report's number from 1. An
// error tells that the reports from some number on were not taken in.
func (s QuarantineService) Import(ctx context.Context, reports []QuarantineReport) (*Envelope[struct{}], error) {
	all := &Envelope[struct{}]{Meta: Meta{Writes: &Writes{}}, Errors: []APIError{}}
	for done := 0; done < len(reports); {
		lines, n, err := importLines(reports[done:])
		if err != nil {
			return all, err
		}
		env, err := callWrite(ctx, s.c, call{
			op: "import quarantine records", method: http.MethodPost, path: ingestQuarantine, safe: true,
			body: bytesBody("application/x-ndjson", lines),
		})
		if err != nil {
			return all, fmt.Errorf("reports from %d on: %w", done+1, err)
		}
		all.Meta.TraceID = env.Meta.TraceID
		all.Meta.Writes.ResourcesAffected += env.Meta.Writes.ResourcesAffected
		for _, e := range env.Errors {
			if line, err := strconv.Atoi(e.ID); err == nil {
				e.ID = strconv.Itoa(done + line)
			}
			all.Errors = append(all.Errors, e)
		}
		done += n
	}
	return all, nil
}

// importLines writes the first reports, as many as one call takes.
func importLines(reports []QuarantineReport) (lines []byte, n int, err error) {
	for _, r := range reports[:min(len(reports), maxImportLen)] {
		line, err := json.Marshal(r)
		if err != nil {
			return nil, 0, err
		}
		if n > 0 && len(lines)+len(line)+1 > maxImportSize {
			break
		}
		lines = append(append(lines, line...), '\n')
		n++
	}
	return lines, n, nil
}
