package mews

import (
	"encoding/json"
	"strconv"
)

// An Envelope is the JSON body of every reply but a token. Errors is never
// null on the wire; Resources is absent only where the API has none (quotas).
type Envelope[T any] struct {
	Meta      Meta       `json:"meta"`
	Errors    []APIError `json:"errors"`
	Resources []T        `json:"resources,omitzero"`
}

// An APIError is one element of an envelope's errors: Code is the HTTP status
// the object would have had alone, ID the object it speaks of.
type APIError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
	ID      string `json:"id,omitempty"`
	Type    string `json:"type,omitempty"`
}

// Meta is what a reply says about itself. Extra facts of mews stand here and
// not beside it, because Falcon clients drop unknown top-level keys.
type Meta struct {
	// QueryTime is seconds; on a finished MalQuery request it is whole
	// milliseconds of job run time, as upstream has it.
	QueryTime  float64     `json:"query_time"`
	PoweredBy  string      `json:"powered_by,omitempty"`
	TraceID    string      `json:"trace_id"`
	Pagination *Pagination `json:"pagination,omitempty"`
	Writes     *Writes     `json:"writes,omitempty"`

	// The MalQuery family.
	ReqID    string         `json:"reqid,omitempty"`
	ReqType  string         `json:"reqtype,omitempty"` // search, hunt or download
	Status   string         `json:"status,omitempty"`  // inprogress, failed or done
	Stats    *Stats         `json:"stats,omitempty"`
	Options  *SearchOptions `json:"options,omitempty"`
	Patterns []Pattern      `json:"patterns,omitempty"`
	YARARule string         `json:"yara_rule,omitempty"`
	*Quotas                 // set in the quotas reply only

	// Entity is the URI template of the route that gives the objects of these ids.
	Entity string `json:"entity,omitempty"`

	// Extensions of mews.
	Hint   *SightingHint `json:"hint,omitempty"`   // why an answer about sightings is empty
	Ingest *IngestCounts `json:"ingest,omitempty"` // what became of the lines of a call
	// Indicators tells what became of the rows of a feed.
	Indicators *IntelCounts  `json:"indicators,omitempty"`
	Hunt       *HuntCounts   `json:"hunt,omitempty"`
	Progress   *Progress     `json:"progress,omitempty"`
	Estimate   *HuntEstimate `json:"estimate,omitempty"`
	// Partial: the answer does not cover everything; errors says why.
	Partial bool `json:"partial,omitempty"`
	// RequiredScope names the scope that a refused token lacks.
	RequiredScope string `json:"required_scope,omitempty"`
}

// Pagination tells where a page stands. Offset is the offset of the NEXT page,
// so that clients which feed it back come to an end.
type Pagination struct {
	Offset int `json:"offset"`
	Limit  int `json:"limit"`
	Total  int `json:"total"`
	// After is the token of the next page, where the route gives one; it reaches
	// beyond the bound of offsets.
	After string `json:"after,omitempty"`
	// Scrolls says that After is on the wire also when it is empty: the route's
	// clients go on until it is.
	Scrolls bool `json:"-"`
	// NextPage is the path and query of the next page, where the route tells it.
	NextPage string `json:"next_page,omitempty"`
	// ExpiresAt is when a scroll's token ends, in Unix seconds.
	ExpiresAt int64 `json:"expires_at,omitempty"`
	// OffsetText stands in Offset's place on the wire where the API has text
	// there: a scroll's token ("" on its last page), or a number that clients
	// read as a string.
	OffsetText *string `json:"-"`
}

// wirePagination is a Pagination without its methods.
type wirePagination Pagination

// MarshalJSON writes the offset as a number, or as OffsetText.
func (p Pagination) MarshalJSON() ([]byte, error) {
	wire := struct {
		Offset any `json:"offset"`
		wirePagination
		After *string `json:"after,omitempty"`
	}{Offset: p.Offset, wirePagination: wirePagination(p)}
	if p.OffsetText != nil {
		wire.Offset = *p.OffsetText
	}
	if p.After != "" || p.Scrolls {
		wire.After = &p.After
	}
	return json.Marshal(wire)
}

// UnmarshalJSON reads an offset in either form; one that is text and a number
// sets both fields.
func (p *Pagination) UnmarshalJSON(b []byte) error {
	var wire struct {
		Offset json.RawMessage `json:"offset"`
		wirePagination
	}
	if err := json.Unmarshal(b, &wire); err != nil {
		return err
	}
	*p = Pagination(wire.wirePagination)
	if len(wire.Offset) == 0 {
		return nil
	}
	if wire.Offset[0] != '"' {
		return json.Unmarshal(wire.Offset, &p.Offset)
	}
	var text string
	if err := json.Unmarshal(wire.Offset, &text); err != nil {
		return err
	}
	p.OffsetText = &text
	if n, err := strconv.Atoi(text); err == nil {
		p.Offset = n
	}
	return nil
}

// Writes counts what a mutation changed.
type Writes struct {
	ResourcesAffected int `json:"resources_affected"`
}

// A Token is the reply of /oauth2/token; ExpiresIn is whole seconds.
type Token struct {
	AccessToken string `json:"access_token"`
	ExpiresIn   int    `json:"expires_in"`
	TokenType   string `json:"token_type"`
}
