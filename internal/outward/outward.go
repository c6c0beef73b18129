// Package outward turns what the rooms below give into what users may know:
// failures of storage and of filters, aggregates, and how a filter is read. The
// services share it, so that the same thing reads the same on every route.
package outward

import (
	"errors"
	"fmt"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
)

// Error says what was being done and, where the user can do something about it,
// what went wrong. What it does not know stays as it is, and is an internal
// error outside.
func Error(doing string, err error) error {
	if err == nil {
		return nil
	}
	if e, ok := errors.AsType[*collection.Error](err); ok {
		return mews.Errorf(mews.ErrInvalid, "%s", e.Message)
	}
	switch {
	case errors.Is(err, store.ErrFull):
		err = mews.Errorf(mews.ErrUnavailable, "storage full: changes are refused; reads work").WithCause(err)
	case errors.Is(err, store.ErrFailed), errors.Is(err, store.ErrClosed):
		err = mews.Errorf(mews.ErrUnavailable, "storage is not writable; the server has to restart").WithCause(err)
	}
	return fmt.Errorf("%s: %w", doing, err)
}
