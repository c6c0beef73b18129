package httpapi

import (
	"context"
	"net/http"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// MaxPage is the largest page of ids.
const MaxPage = 5000

// pageOf reads where a page begins and how long it is; the upper bound is the
// service's. A limit that is not given is 0, which stands for the default.
func pageOf(limit, offset *int) (size, from int, err error) {
	if limit != nil {
		if size = *limit; size < 1 {
			return 0, 0, mews.Errorf(mews.ErrInvalid, "limit must be 1..%d", MaxPage)
		}
	}
	if offset != nil {
		if from = *offset; from < 0 {
			return 0, 0, mews.Errorf(mews.ErrInvalid, "offset: must not be negative")
		}
	}
	return size, from, nil
}

// byRecordID answers with the records of ids, and an error for each that is
// unknown.
func byRecordID[T any](
	ctx context.Context, who store.Actor, noun string, ids mews.List,
	get func(context.Context, store.Actor, []string) ([]T, []string, error),
) (reply[T], error) {
	found, unknown, err := get(ctx, who, ids)
	if err != nil {
		return reply[T]{}, err
	}
	missing, err := unknownIDs(noun, unknown, len(found) == 0)
	return reply[T]{Errors: missing, Resources: found}, err
}

// unknownIDs gives an error for each id of which nothing is known. Where
// nothing else was asked for, the first is the answer.
func unknownIDs(noun string, unknown []string, all bool) ([]mews.APIError, error) {
	if all && len(unknown) > 0 {
		return nil, mews.Errorf(mews.ErrNotFound, "no such %s", noun).WithID(printable(unknown[0]))
	}
	var list []mews.APIError
	for _, id := range unknown {
		list = append(list, mews.APIError{Code: http.StatusNotFound, Message: "no such " + noun, ID: printable(id)})
	}
	return list, nil
}
