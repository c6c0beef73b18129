package cli

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// The exit codes; see exitCodes for what they mean.
const (
	exitOK = iota
	exitError
	exitUsage
	exitNotFound
	exitAuth
	exitLimited
	exitPartial

	// The server's own, as sysexits.h names them.
	exitInUse = 73 // another server has the data folder
	exitDisk  = 74 // a write did not reach the disk; recovery needs a restart
)

var (
	// errNoMatch: the search worked and found nothing.
	errNoMatch = errors.New("no match")
	// errPartial: a result was printed, but it does not cover everything asked.
	errPartial = errors.New("incomplete result")
	// errInterrupted: the user ended the command.
	errInterrupted = errors.New("interrupted")
	// errSilent marks an error whose text the user has seen already.
	errSilent = errors.New("already reported")
)

// A usageError is a command line that cannot be carried out.
type usageError struct{ error }

func (e usageError) Unwrap() error { return e.error }

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// A codedError brings its own exit code.
type codedError struct {
	error
	code int
}

func (e codedError) Unwrap() error { return e.error }

// exits is the one table from errors to codes; the first row that fits counts.
var exits = []struct {
	is     func(error) bool
	code   int
	advice string
}{
	{isUsage, exitUsage, `"mews help" lists commands and flags`},
	{is(errPartial), exitPartial, ""},
	{is(errNoMatch), exitNotFound, ""},
	{is(errInterrupted), exitError, ""},
	{is(mews.ErrInvalid), exitUsage, ""},
	{is(mews.ErrNotFound), exitNotFound, ""},
	{is(mews.ErrUnauthorized), exitAuth, "check FALCON_CLIENT_ID and FALCON_CLIENT_SECRET (or --client-id, --client-secret-file)"},
	{is(mews.ErrForbidden), exitAuth, `check the credentials, and that the API client has the scope ("mews client list" on the server)`},
	{is(mews.ErrLimited), exitLimited, `"mews quotas" shows what is left of the month`},
	{func(error) bool { return true }, exitError, ""},
}

func is(target error) func(error) bool {
	return func(err error) bool { return errors.Is(err, target) }
}

func isUsage(err error) bool {
	_, ok := errors.AsType[usageError](err)
	return ok
}

func exitCode(err error) int {
	if err == nil {
		return exitOK
	}
	if coded, ok := errors.AsType[codedError](err); ok {
		return coded.code
	}
	for _, row := range exits {
		if row.is(err) {
			return row.code
		}
	}
	return exitError
}

func advice(err error) string {
	for _, row := range exits {
		if row.is(err) {
			return row.advice
		}
	}
	return ""
}

// silent keeps an error's exit code without printing it.
func silent(err error) error { return errors.Join(errSilent, err) }

var exitCodes = strings.TrimSpace(`
Every mews command ends with one of these codes:

  0  ok
  1  error: the server is away, a file cannot be read, an interrupt, a fault
  2  usage: the command line, or a pattern, rule or value that the server refuses
  3  not found: an unknown hash or request, or a search without a match
  4  not allowed: wrong credentials, or a missing scope
  5  rate limit or monthly quota
  6  partial: a result was printed, but not all of what was asked could be done;
     standard error says what is missing

"mews serve" also ends with:

  73 another process owns the data folder
  74 the disk refused a write that was to be durable; a restart recovers
`)

func newExitCodesTopic() *cobra.Command {
	return &cobra.Command{Use: "exit-codes", Short: "What the exit codes mean", Long: exitCodes}
}
