package mews

import (
	"context"
	"encoding/json"
	"iter"
	"net/url"
	"strconv"
	"strings"
)

// All gives every object that an operation selects, page by page as they are
// needed, in whichever way the operation pages: by offset, by a scroll's token,
// by the token after, or by marker, which goes in the order of the markers (if no
// other is asked for) and also meets what changes meanwhile. The value limit is
// the size of a page. The first error is the last pair.
func (c *Client) All(ctx context.Context, operation string, p Params) iter.Seq2[json.RawMessage, error] {
	return func(yield func(json.RawMessage, error) bool) {
		o, k, err := commandCall(operation, p)
		if err == nil && o.Binary {
			err = Errorf(ErrInvalid, "%s answers with bytes; use CommandStream", o.ID)
		}
		if err != nil {
			yield(nil, err)
			return
		}
		filter := k.query.Get("filter")
		if o.Paging == PagingMarker {
			if order := k.query.Get("sort"); order == "" || isMarkerOrder(order) {
				k.query.Set("sort", markerSort)
			} else {
				o.Paging = PagingOffset
			}
		}
		for {
			r, err := c.exchange(ctx, k)
			if err != nil {
				yield(nil, err)
				return
			}
			for _, one := range r.Resources {
				if !yield(one, nil) {
					return
				}
			}
			if !o.Paging.advance(k.query, filter, r) {
				return
			}
		}
	}
}

// advance changes a query to the next page's. False: there is none.
func (g Paging) advance(query url.Values, filter string, r *Response) bool {
	got, page := len(r.Resources), r.Meta.Pagination
	if g == PagingNone || got == 0 || page == nil {
		return false
	}
	if g == PagingMarker {
		return advanceMarker(query, filter, r)
	}
	if text := page.OffsetText; text != nil && (g == PagingScroll || page.After == "" && !isNumber(*text)) {
		query.Set("offset", *text)
		return *text != ""
	}
	at, _ := strconv.Atoi(query.Get("offset"))
	q := RecordQuery{After: query.Get("after"), Offset: at}
	if !q.advance(page, got) {
		return false
	}
	query.Del("offset")
	for name, values := range (RecordQuery{After: q.After, Offset: q.Offset}).values() {
		query[name] = values
	}
	return true
}

func isNumber(text string) bool {
	_, err := strconv.Atoi(text)
	return err == nil
}

// advanceMarker goes on behind the last object. The total counts what is left
// from the page's start, so a page that holds all of it is the last.
func advanceMarker(query url.Values, filter string, r *Response) bool {
	var last struct {
		Marker string `json:"_marker"`
	}
	got := len(r.Resources)
	if json.Unmarshal(r.Resources[got-1], &last) != nil || last.Marker == "" || got >= r.Meta.Pagination.Total {
		return false
	}
	next := beyondMarker(filter, last.Marker)
	again := query.Get("filter") == next // a server that does not move on must not hold us for ever
	query.Set("filter", next)
	query.Del("offset")
	return !again
}

// markerSort is the order in which indicators were changed last.
const markerSort = "_marker.asc"

func isMarkerOrder(sort string) bool {
	return sort == markerSort || sort == "_marker|asc" || sort == "_marker"
}

// beyondMarker narrows a filter to what comes after a marker.
func beyondMarker(filter, marker string) string {
	after := "_marker:>'" + strings.ReplaceAll(marker, "'", "") + "'"
	if filter == "" || filter == "*" {
		return after
	}
	return "(" + filter + ")+" + after
}

// decoded reads the objects of All.
func decoded[T any](all iter.Seq2[json.RawMessage, error]) iter.Seq2[T, error] {
	return func(yield func(T, error) bool) {
		for raw, err := range all {
			var one T
			if err == nil {
				if err = json.Unmarshal(raw, &one); err != nil {
					err = Errorf(ErrInternal, "an object is not of the type expected: %v", err).WithCause(err)
				}
			}
			if !yield(one, err) || err != nil {
				return
			}
		}
	}
}
