package sighting

import (
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/store"
)

// Bounds of a page.
const (
	defaultLimit = 100
	maxLimit     = 5000
)

// A Page is one page of ids. Next is the offset of the page that follows; Hint
// tells why there is nothing at all.
type Page struct {
	IDs         []string
	Total       int
	Limit, Next int
	Hint        *mews.SightingHint
}

// A question is a query whose words have been read.
type question struct {
	cid           store.CID
	observable    observable.Observable
	limit, offset int
	cutoff        int64
}

// ask reads a query's words.
func (s *Service) ask(cid store.CID, q mews.SightingQuery) (question, error) {
	o, err := observable.Parse(q.Type, q.Value)
	if err != nil {
		return question{}, mews.Errorf(mews.ErrInvalid, "%s", err.Error())
	}
	switch {
	case q.Limit < 0 || q.Limit > maxLimit:
		return question{}, mews.Errorf(mews.ErrInvalid, "limit must be 1..%d", maxLimit)
	case q.Offset < 0:
		return question{}, mews.Errorf(mews.ErrInvalid, "offset must be 0 or more")
	case q.Limit == 0:
		q.Limit = defaultLimit
	}
	return question{cid: cid, observable: o, limit: q.Limit, offset: q.Offset, cutoff: s.cutoff()}, nil
}

// page cuts a page out of all answers there are.
func page[T any](q question, all []T) (part []T, p Page) {
	from := min(q.offset, len(all))
	part = all[from:min(from+q.limit, len(all))]
	return part, Page{Total: len(all), Limit: q.limit, Next: q.offset + len(part)}
}

// word is the observable on the wire, in its normal form.
func (q question) word() mews.Observable {
	return mews.Observable{Type: q.observable.Type.String(), Value: q.observable.Value()}
}

// timeText is how the API writes times; "" stands for none.
func timeText(micros int64) string {
	if micros == 0 {
		return ""
	}
	return time.UnixMicro(micros).UTC().Format(time.RFC3339)
}
