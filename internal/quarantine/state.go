package quarantine

import (
	"strings"

	"github.com/mewshq/mews"
)

// An action is one edge of the state machine: it takes a record from any of the
// states in from to the state to, and does nothing to a record elsewhere.
//
//	quarantined --release--> released --unrelease--> quarantined
//	quarantined, released --delete--> purged, for good
type action struct {
	name string
	from []string
	to   string
}

// actions are the edges that clients can ask for, in the order in which counts
// name them. Reports take a record back to quarantined on their own (merge.go).
func actions() []action {
	return []action{
		{mews.ActionRelease, []string{mews.StateQuarantined}, mews.StateReleased},
		{mews.ActionDelete, []string{mews.StateQuarantined, mews.StateReleased}, mews.StatePurged},
		{mews.ActionUnrelease, []string{mews.StateReleased}, mews.StateQuarantined},
	}
}

// parseAction reads the name of an action in any case.
func parseAction(name string) (action, error) {
	for _, a := range actions() {
		if strings.EqualFold(strings.TrimSpace(name), a.name) {
			return a, nil
		}
	}
	return action{}, mews.Errorf(mews.ErrInvalid, "action: expected release, unrelease or delete")
}

// applies is the condition under which the action changes a record: what an
// update selects is what a dry run counts.
func (a action) applies() string {
	return "quarantine.state IN ('" + strings.Join(a.from, "', '") + "')"
}

// fql is applies as a filter.
func (a action) fql() string { return "state:['" + strings.Join(a.from, "','") + "']" }

// pending is the state of paths while a host that pulls its actions has not
// answered yet.
func (a action) pending() string { return a.name + "_pending" }

// pathError is the state of paths whose host failed.
const pathError = "error"

// pathStates are all the states that paths can have.
func pathStates() []string {
	words := []string{mews.StateQuarantined, mews.StateReleased, mews.StatePurged, pathError}
	for _, a := range actions() {
		words = append(words, a.pending())
	}
	return words
}

// Events of a record's history. An action's event has the action's name.
const (
	eventAdded        = "added"
	eventAgain        = "again"
	eventAcknowledged = "acknowledged"
	eventFailed       = "failed"
)
