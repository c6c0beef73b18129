package outward_test

import (
	"errors"
	"fmt"
	"io"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

func TestError(t *testing.T) {
	if err := outward.Error("look", nil); err != nil {
		t.Errorf("no failure became %v", err)
	}
	for _, tc := range []struct {
		cause error
		kind  error
		text  string
	}{
		{fmt.Errorf("parse: %w", &collection.Error{Message: "bad filter"}), mews.ErrInvalid, "bad filter"},
		{fmt.Errorf("write: %w", store.ErrFull), mews.ErrUnavailable, "look: storage full: changes are refused; reads work"},
		{store.ErrFailed, mews.ErrUnavailable, "look: storage is not writable; the server has to restart"},
		{store.ErrClosed, mews.ErrUnavailable, "look: storage is not writable; the server has to restart"},
		{io.ErrUnexpectedEOF, io.ErrUnexpectedEOF, "look: unexpected EOF"},
		{mews.Errorf(mews.ErrNotFound, "no such thing"), mews.ErrNotFound, "look: no such thing"},
	} {
		if err := outward.Error("look", tc.cause); !errors.Is(err, tc.kind) || err.Error() != tc.text {
			t.Errorf("%v became %v, want %q", tc.cause, err, tc.text)
		}
	}
}
