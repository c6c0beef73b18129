package fql

import (
	"fmt"
	"strings"
)

// maxEcho bounds how many characters of a filter an error repeats.
const maxEcho = 64

// An Error is a mistake in a filter. At is a byte offset into its text; the
// message counts from 1, as people do.
type Error struct {
	At      int
	Message string
}

// Errorf makes the error of a mistake at a byte offset. Those who give a filter
// its meaning use it too, so that all mistakes look alike.
func Errorf(at int, format string, args ...any) *Error {
	return &Error{At: at, Message: fmt.Sprintf(format, args...)}
}

// Error is "FQL error at 17: ...".
func (e *Error) Error() string {
	return fmt.Sprintf("FQL error at %d: %s", e.At+1, e.Message)
}

// Echo quotes a piece of a filter for a message: what is not printable escaped,
// and not more than an eye takes in.
func Echo(text string) string {
	runes := []rune(strings.ToValidUTF8(text[:min(len(text), 4*maxEcho+4)], "\uFFFD"))
	if len(runes) > maxEcho {
		return fmt.Sprintf("%q...", string(runes[:maxEcho]))
	}
	return fmt.Sprintf("%q", string(runes))
}
