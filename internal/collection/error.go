package collection

import (
	"errors"
	"fmt"

	"github.com/mewshq/mews/internal/fql"
)

// An Error is a mistake of the client. Message says what is wrong and what to
// do; it may be shown to him.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

// errorf makes an Error.
func errorf(format string, args ...any) *Error {
	return &Error{Message: fmt.Sprintf(format, args...)}
}

// ours makes a mistake in a filter an Error; other errors stay as they are.
func ours(err error) error {
	if e, ok := errors.AsType[*fql.Error](err); ok {
		return &Error{Message: e.Error()}
	}
	return err
}
