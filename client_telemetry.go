package mews

import (
	"context"
	"io"
	"net/http"
	"net/url"
)

// TelemetryService takes in what sensors write.
type TelemetryService struct{ c *Client }

// Telemetry gives the way in for what sensors write.
func (c *Client) Telemetry() TelemetryService { return TelemetryService{c} }

// Bounds of one call of Ingest, as the server has them.
const (
	MaxIngestEncoded = 32 << 20  // bytes as they are sent
	MaxIngestDecoded = 256 << 20 // bytes of the lines
	MaxIngestLines   = 200_000
	MaxIngestLine    = 1 << 20 // bytes; a longer line is refused alone
)

// IngestOptions say what the lines of a call are.
type IngestOptions struct {
	Format   string // fdr, ecs, sysmon or osquery; "" tells it by each line's shape
	Encoding string // how the lines are compressed: gzip, zstd, or "" for not at all
	// Key names the call for 24 hours: sent again it is answered as the first time
	// and counts nothing. Without one the lines themselves are the key.
	Key string
}

// Ingest takes in telemetry, one event a line: as a whole or, on an error, not
// at all. Meta.Ingest counts; each of Errors is a line that was refused, its ID
// the line's number from 1, up to 100 of them. When it returns without an error
// the events are durable. A failed call is repeated if lines can be read from
// their start again (a file or a bytes.Reader can); however often it is, the
// lines count once.
func (s TelemetryService) Ingest(ctx context.Context, lines io.Reader, o IngestOptions) (*Envelope[struct{}], error) {
	sent, err := rawBody(lines)
	if err != nil {
		return nil, err
	}
	sent.kind = "application/x-ndjson"
	k := call{
		op: "ingest telemetry", method: http.MethodPost, path: "/ingest/v1/events", body: sent, safe: true,
		query: url.Values{}, header: http.Header{},
	}
	if o.Format != "" {
		k.query.Set("format", o.Format)
	}
	for name, value := range map[string]string{"Content-Encoding": o.Encoding, "Idempotency-Key": o.Key} {
		if value != "" {
			k.header.Set(name, value)
		}
	}
	env, err := callJSON[struct{}](ctx, s.c, k)
	if err == nil && env.Meta.Ingest == nil {
		err = Errorf(ErrInternal, "%s: the reply does not say what became of the lines", k.op)
	}
	return env, err
}
