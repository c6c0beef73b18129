package httpapi

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/mewshq/mews"
)

// A reply is what a handler answers with its row's status of success. The zero Meta fields are
// filled by the writer. MetaOnly leaves the key resources out, which only the
// replies that upstream sends so may do.
type reply[T any] struct {
	Meta      mews.Meta
	Errors    []mews.APIError
	Resources []T
	MetaOnly  bool
	// NextPage is the path and query of the next page, for clients that look into
	// the headers for it.
	NextPage string
}

// envelope is a reply with its element type forgotten.
type envelope struct {
	meta      mews.Meta
	errors    []mews.APIError
	resources any // nil: absent
}

func (r reply[T]) envelope() envelope {
	e := envelope{meta: r.Meta, errors: r.Errors}
	if !r.MetaOnly {
		list := r.Resources
		if list == nil {
			list = []T{}
		}
		e.resources = list
	}
	return e
}

// body is the wire form; the key order is the documented one.
type body struct {
	Meta      mews.Meta       `json:"meta"`
	Errors    []mews.APIError `json:"errors"`
	Resources any             `json:"resources,omitempty"`
}

// encode gives the bytes of an envelope. errors is never null.
func (c *call) encode(e envelope) ([]byte, error) {
	if e.errors == nil {
		e.errors = []mews.APIError{}
	}
	e.meta.TraceID, e.meta.PoweredBy = c.traceID, poweredBy
	if e.meta.QueryTime == 0 {
		e.meta.QueryTime = c.api.now().Sub(c.start).Seconds()
	}
	if e.resources == nil {
		return json.Marshal(body{Meta: e.meta, Errors: e.errors})
	}
	return json.Marshal(body{Meta: e.meta, Errors: e.errors, Resources: e.resources})
}

// hintHeader tells why an answer about sightings is empty to those whose client
// drops what it does not know in meta.
const hintHeader = "X-Mews-Hint"

// nextPageHeader is where upstream tells the next page of indicators.
const nextPageHeader = "Next-Page"

// respond sends a reply.
func respond[T any](c *call, r reply[T]) error {
	if hint := r.Meta.Hint; hint != nil {
		c.w.Header().Set(hintHeader, hintLine(hint))
	}
	if r.NextPage != "" {
		c.w.Header().Set(nextPageHeader, r.NextPage)
	}
	b, err := c.encode(r.envelope())
	if err != nil {
		return err
	}
	c.writeJSON(cmp.Or(c.op.success, http.StatusOK), b)
	return nil
}

// hintLine is a hint in one line: words and numbers of ours only.
func hintLine(h *mews.SightingHint) string {
	line := fmt.Sprintf("%s; indicator=%t; hosts=%d", h.Reason, h.Indicator, h.Hosts)
	if h.From != "" {
		line += "; from=" + h.From + "; to=" + h.To
	}
	return line
}

const poweredBy = "mews"

// setHeaders puts the headers that every answer carries. The spelling counts:
// clients copy them into case-sensitive maps.
func (c *call) setHeaders() {
	h := c.w.Header()
	h.Set("X-Cs-Traceid", c.traceID)
	h.Set("X-Cs-Region", c.api.region)
	h.Set("X-Ratelimit-Limit", strconv.Itoa(c.rate.Limit))
	h.Set("X-Ratelimit-Remaining", strconv.Itoa(max(c.rate.Remaining, 0)))
	if inFacade(c.r) {
		h.Set("X-Elastic-Product", "Elasticsearch") // clients refuse a server without it
	}
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Cache-Control", "no-store")
	if len(c.r.TransferEncoding) > 0 || c.behindProxy && c.r.ContentLength != 0 {
		// Peers that read a body's end in another way must not get a second
		// request answered from the same bytes.
		h.Set("Connection", "close")
	}
}

// writeJSON sends one JSON body. The first answer wins: a second call after
// something was sent does nothing.
func (c *call) writeJSON(status int, b []byte) {
	if c.status != 0 {
		return
	}
	c.status = status
	c.w.Header().Set("Content-Type", "application/json")
	c.w.Header().Set("Content-Length", strconv.Itoa(len(b)))
	_ = c.control.SetWriteDeadline(time.Now().Add(writeStall))
	c.w.WriteHeader(status)
	if c.r.Method != http.MethodHead {
		_, _ = c.w.Write(b) // the peer is gone: nobody is left to tell
	}
}
