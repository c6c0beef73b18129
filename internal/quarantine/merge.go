package quarantine

import (
	"fmt"
	"slices"

	"github.com/mewshq/mews"
)

// A verdict says what a report does to its record.
type verdict int

const (
	stale  verdict = iota // older than the last change: it says nothing about now
	known                 // it repeats what is known
	merged                // the record stays quarantined and learns something
	again                 // the file is in quarantine anew
	added                 // nobody knew it
)

// event is what the history says of it; empty when there is nothing to say.
func (v verdict) event() string {
	switch v {
	case merged, again:
		return eventAgain
	case added:
		return eventAdded
	}
	return ""
}

// judge compares a report with the record. A report counts as younger when it
// is dated after the record's last change of state and after every report that
// counted, so that a repeated one never brings back what was released or purged
// since. One without a date is dated now.
func judge(r record, f finding) verdict {
	younger := f.date > r.changed && (!f.dated || f.date > r.reported)
	switch {
	case younger && r.state != mews.StateQuarantined:
		return again
	case r.state != mews.StateQuarantined:
		return stale
	case younger && f.dated && r.pathState != mews.StateQuarantined:
		return again // the host has it, whatever it failed at or still owes
	}
	return merged
}

// learn adds what a report says. Lists grow, flags stay set, extremes widen; of
// two words the newer report's one stands, and no report takes a word away. The
// note says what no longer found room.
func (r *record) learn(f finding) (changed bool, note string) {
	newer := !f.dated || f.date >= r.reported
	to, from := &r.facts, f.facts
	for _, w := range []struct {
		to   *string
		from string
	}{
		{&to.hostname, from.hostname},
		{&to.username, from.username},
		{&to.removablePath, from.removablePath},
		{&to.sandboxID, from.sandboxID},
		{&to.sandboxState, from.sandboxState},
		{&to.adversary, from.adversary},
		{&to.country, from.country},
	} {
		if w.from != "" && (newer || *w.to == "") && *w.to != w.from {
			*w.to, changed = w.from, true
		}
	}
	for _, b := range []struct {
		to   *bool
		from bool
	}{
		{&to.extracted, from.extracted}, {&to.primaryModule, from.primaryModule}, {&to.removable, from.removable},
	} {
		if b.from && !*b.to {
			*b.to, changed = true, true
		}
	}
	changed = widen(&to.maxSeverity, from.maxSeverity, +1) || changed
	changed = widen(&to.maxConfidence, from.maxConfidence, +1) || changed
	changed = widen(&to.firstBehavior, from.firstBehavior, -1) || changed
	changed = widen(&to.lastBehavior, from.lastBehavior, +1) || changed
	grown, note := to.grow(from)
	return changed || grown, note
}

// widen moves an extreme: the greatest value for sign +1, the least for -1.
func widen(to **int64, from *int64, sign int64) bool {
	if from == nil || *to != nil && sign*(*from-**to) <= 0 {
		return false
	}
	v := *from
	*to = &v
	return true
}

// grow adds to the lists.
func (to *facts) grow(from facts) (grown bool, note string) {
	before := len(to.paths) + len(to.behaviors) + len(to.detects) + len(to.alerts)
	var left [4]int
	to.paths, left[0] = union(to.paths, from.paths, maxPaths)
	to.behaviors, left[1] = union(to.behaviors, from.behaviors, maxBehaviors)
	to.detects, left[2] = union(to.detects, from.detects, maxLinks)
	to.alerts, left[3] = union(to.alerts, from.alerts, maxLinks)
	for i, what := range []string{"paths", "behaviors", "detect ids", "alert ids"} {
		if left[i] > 0 {
			note += fmt.Sprintf(" (%d %s left out, the record is full)", left[i], what)
		}
	}
	return len(to.paths)+len(to.behaviors)+len(to.detects)+len(to.alerts) > before, note
}

// union appends what is new, up to a length, and counts what had to stay out.
func union[T comparable](to, from []T, limit int) (out []T, left int) {
	out = slices.Clip(to)
	known := make(map[T]bool, len(to)+len(from))
	for _, v := range to {
		known[v] = true
	}
	for _, v := range from {
		switch {
		case known[v]:
		case len(out) == limit:
			left++
		default:
			out = append(out, v)
		}
		known[v] = true
	}
	return out, left
}
