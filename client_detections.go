package mews

import (
	"context"
	"iter"
	"net/http"
)

// DetectionService reads detections: which hosts have met custom IOCs since
// these were made. An extension of mews.
type DetectionService struct{ c *Client }

// maxDetections is the largest page of detections.
const maxDetections = 5000

// Query gives one page of detections, the last seen first unless q has a Sort.
// It has no Q.
func (s DetectionService) Query(ctx context.Context, q RecordQuery) (*Envelope[Detection], error) {
	return callJSON[Detection](ctx, s.c, call{
		op: "query detections", method: http.MethodGet, path: "/mews/combined/detections/v1", query: q.values(), safe: true,
	})
}

// All gives every detection that q selects, in its order, however many there
// are; it fetches pages of q.Limit (0: as large as the server gives) as they
// are needed. The first error is the last pair.
func (s DetectionService) All(ctx context.Context, q RecordQuery) iter.Seq2[Detection, error] {
	return pages(q, maxDetections, func(q RecordQuery) (*Envelope[Detection], error) { return s.Query(ctx, q) })
}

// Explain tells how the server reads an FQL filter over detections, and which
// fields there are.
func (s DetectionService) Explain(ctx context.Context, filter string) (FilterExplanation, error) {
	return explainFilter(ctx, s.c, "detections", filter)
}
