package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/telemetry"
)

// keyHeader names a call, so that it can be repeated without being counted
// again.
const (
	keyHeader = "Idempotency-Key"
	maxKey    = 255
)

type eventsQuery struct {
	Format string `query:"format" doc:"Of the lines: auto (default; told by each line's shape), fdr, ecs, sysmon or osquery."`
}

func (a *API) eventOperations() []operation {
	events := raw[eventsQuery, struct{}](route{
		"mews.ingest.events", "POST", "/ingest/v1/events", mews.ScopeIngest, classUpload,
		"Take in telemetry, one event a line; gzip and zstd bodies are welcome. A line that is wrong is an error with its number as id, and the " +
			"others count. The call counts as a whole or not at all; with the same Idempotency-Key (or, without one, the same lines) it " +
			"counts once in 24 hours.",
	}, a.ingestEvents)
	events.long = true
	events.consumes = []content{{media: mediaLines}, {media: mediaJSON}, {media: mediaText}, {media: mediaBytes}}
	return []operation{events}
}

const mediaText = "text/plain"

// ingestEvents streams lines into the sightings: no call holds its body.
func (a *API) ingestEvents(ctx context.Context, c *call) error {
	if _, _, err := checkMedia(c.r, mediaLines, mediaJSON, mediaText, mediaBytes); err != nil {
		return err
	}
	q, err := bindCall[eventsQuery](c)
	if err != nil {
		return err
	}
	in := sighting.Input{Format: telemetry.Format(q.Format)}
	counts, wrong, err := c.ingest(ctx, in, func(lines *lineReader) sighting.Source { return lines })
	if err != nil {
		return err
	}
	if counts.Lines == 0 && !counts.Repeated {
		return mews.Errorf(mews.ErrInvalid, "the body holds no line; expected one event a line")
	}
	out := reply[struct{}]{Meta: mews.Meta{Ingest: &counts}}
	for _, e := range wrong {
		out.Errors = append(out.Errors, mews.APIError{Code: http.StatusBadRequest, Message: e.Message, ID: strconv.Itoa(e.Line)})
	}
	return respond(c, out)
}

// ingest feeds the body's lines, as source reads them, to the sightings.
func (c *call) ingest(ctx context.Context, in sighting.Input, source func(*lineReader) sighting.Source) (counts mews.IngestCounts, wrong []sighting.LineError, err error) {
	if in.Key, err = idempotencyKey(c.r); err != nil {
		return counts, nil, err
	}
	err = c.api.uploading(ctx, func(ctx context.Context) error {
		body, done, err := c.inflate(bodyLimits{encoded: mews.MaxIngestEncoded, decoded: mews.MaxIngestDecoded})
		if err != nil {
			return err
		}
		defer done()
		in.Lines = source(newLineReader(body))
		counts, wrong, err = c.api.deps.Sightings.Ingest(ctx, c.who.Actor, in)
		return body.cause(err)
	})
	return counts, wrong, err
}

// idempotencyKey reads the key that the client gave its call; "" is none.
func idempotencyKey(r *http.Request) (string, error) {
	given := r.Header.Values(keyHeader)
	if len(given) == 0 {
		return "", nil
	}
	key := given[0]
	ok := len(given) == 1 && key != "" && len(key) <= maxKey
	for i := 0; ok && i < len(key); i++ {
		ok = key[i] > ' ' && key[i] < 0x7f
	}
	if !ok {
		return "", mews.Errorf(mews.ErrInvalid, "%s: expected one word of 1 to %d printable ASCII characters", keyHeader, maxKey)
	}
	return key, nil
}
