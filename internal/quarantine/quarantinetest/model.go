package quarantinetest

import (
	"crypto/sha256"
	"fmt"
	"hash/maphash"
	"iter"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"

	"github.com/mewshq/mews"
)

func shaOf(content string) string { return fmt.Sprintf("%x", sha256.Sum256([]byte(content))) }

// A state is what the service knows of one customer.
type state struct {
	records [records]record
	agents  [2]bool // hosts that have pulled
	queue   []action
}

type record struct {
	state, paths string // "" before its first report
	held         bool
	reported     int // date of the newest report that counted
	waits        int // the action for which the paths wait: its place in the queue plus one
}

type action struct {
	record  int
	name    string
	state   string
	fetched bool
	id      string // "" before a host has got it
}

func (s *state) clone() *state {
	out := *s
	out.queue = slices.Clone(s.queue)
	return &out
}

func (s *state) equal(t *state) bool {
	return s.records == t.records && s.agents == t.agents && slices.Equal(s.queue, t.queue)
}

// begin is a customer each of whose files was reported once, with its bytes.
func begin() *state {
	s := &state{}
	for _, in := range firstReports() {
		s.report(in)
	}
	return s
}

func firstReports() (list []input) {
	for r := range records {
		list = append(list, input{kind: report, record: r, bytes: true})
	}
	return list
}

// edges is the state machine.
var edges = map[string]map[string]string{
	mews.ActionRelease:   {mews.StateQuarantined: mews.StateReleased},
	mews.ActionUnrelease: {mews.StateReleased: mews.StateQuarantined},
	mews.ActionDelete:    {mews.StateQuarantined: mews.StatePurged, mews.StateReleased: mews.StatePurged},
}

// A Mistake makes the model wrong on purpose, to see that it matters.
type Mistake int

// The ways to be wrong.
const (
	Right        Mistake = iota
	CountsNoOps          // updates count the records on which they change nothing
	RevivesAfter         // unrelease brings back what was purged
	KeepsBytes           // a purge leaves the bytes to be downloaded
	AcksTwice            // a second acknowledgement counts
)

// Model is the service in one thread. Its dates are those of Record's histories.
func Model(wrong Mistake) porcupine.Model {
	seed := maphash.MakeSeed()
	return porcupine.Model{
		Init: func() any { return begin() },
		Step: func(from, in, out any) (bool, any) {
			s, got := from.(*state).clone(), out.(output)
			text := s.step(wrong, in.(input), got.ids)
			return text == got.text, s
		},
		Equal: func(a, b any) bool { return a.(*state).equal(b.(*state)) },
		Hash:  func(s any) uint64 { return maphash.String(seed, fmt.Sprint(*s.(*state))) },
		DescribeOperation: func(in, out any) string {
			return fmt.Sprintf("%+v -> %s", in, out.(output).text)
		},
	}
}

// step does what a call does and gives its answer. ids are those that a host
// got, in the order of its actions.
func (s *state) step(wrong Mistake, in input, ids []string) string {
	switch in.kind {
	case update:
		return fmt.Sprint(s.apply(wrong, in.action, func(r int) bool { return strings.ContainsRune(in.set, rune('0'+r)) }))
	case byQuery:
		return fmt.Sprint(s.apply(wrong, in.action, s.selects(in.filter)))
	case counts:
		n := func(action string) int { return s.clone().apply(Right, action, s.selects(in.filter)) }
		return fmt.Sprint(n(mews.ActionRelease), n(mews.ActionUnrelease), n(mews.ActionDelete))
	case look:
		return s.describe(in.record)
	case download:
		return fmt.Sprint(s.there(in.file))
	case report:
		return s.report(in)
	case pull:
		return s.pull(in.host, ids)
	default:
		return fmt.Sprint(s.acknowledge(wrong, in))
	}
}

func (s *state) describe(r int) string {
	rec := s.records[r]
	if rec.state == "" {
		return ""
	}
	return describe(rec.state, rec.paths, s.there(fileOf(r)), func(yield func(string) bool) {
		for _, a := range s.queue {
			if a.record == r && !yield(a.name+" "+a.state) {
				return
			}
		}
	})
}

func describe(state, paths string, there bool, actions iter.Seq[string]) string {
	return fmt.Sprint(state, " ", paths, " ", there, " ", slices.Collect(actions))
}

func (s *state) there(file int) bool {
	return slices.ContainsFunc([]int{0, 1, 2}, func(r int) bool { return fileOf(r) == file && s.records[r].held })
}

func (s *state) selects(filter int) func(r int) bool {
	before := s.records
	return func(r int) bool {
		switch filter {
		case 1:
			return before[r].state == mews.StateQuarantined
		case 2:
			return before[r].state == mews.StateReleased
		case 3:
			return hostOf(r) == 1
		}
		return true
	}
}

func (s *state) apply(wrong Mistake, name string, chosen func(r int) bool) (affected int) {
	for r := range s.records {
		rec := &s.records[r]
		to, ok := edges[name][rec.state]
		if wrong == RevivesAfter && name == mews.ActionUnrelease && rec.state == mews.StatePurged {
			to, ok = mews.StateQuarantined, true
		}
		if !chosen(r) || !ok {
			if chosen(r) && wrong == CountsNoOps {
				affected++
			}
			continue
		}
		affected++
		s.withdraw(r)
		rec.state, rec.paths = to, to
		if s.agents[hostOf(r)] {
			rec.paths = name + "_pending"
		}
		if to == mews.StatePurged && wrong != KeepsBytes {
			rec.held = false
		}
		s.queue = append(s.queue, action{record: r, name: name, state: mews.ActionPending})
		rec.waits = len(s.queue)
	}
	return affected
}

func (s *state) withdraw(r int) {
	for i := range s.queue {
		if a := &s.queue[i]; a.record == r && a.state == mews.ActionPending && !a.fetched {
			a.state = mews.ActionWithdrawn
		}
	}
}

func (s *state) report(in input) string {
	rec := &s.records[in.record]
	if rec.state == "" {
		*rec = record{
			state: mews.StateQuarantined, paths: mews.StateQuarantined, reported: in.date,
			held: in.bytes || s.there(fileOf(in.record)),
		}
		return rec.state
	}
	younger := in.date > rec.reported
	quarantined := rec.state == mews.StateQuarantined
	if !younger && !quarantined {
		return rec.state // it tells of what was before
	}
	if younger && (!quarantined || rec.paths != mews.StateQuarantined) {
		s.withdraw(in.record)
		rec.state, rec.paths, rec.waits = mews.StateQuarantined, mews.StateQuarantined, 0
	}
	rec.held = rec.held || in.bytes || s.there(fileOf(in.record))
	rec.reported = max(rec.reported, in.date)
	return rec.state
}

func (s *state) pull(host int, ids []string) string {
	var text strings.Builder
	s.agents[host] = true
	for i := range s.queue {
		a := &s.queue[i]
		if hostOf(a.record) != host || a.state != mews.ActionPending {
			continue
		}
		if len(ids) == 0 || a.id != "" && a.id != ids[0] {
			return "another list of actions"
		}
		a.fetched, a.id, ids = true, ids[0], ids[1:]
		fmt.Fprintf(&text, "%s %d,", a.name, a.record)
	}
	return text.String()
}

func (s *state) acknowledge(wrong Mistake, in input) (changed int) {
	for i := range s.queue {
		a := &s.queue[i]
		if a.id != in.id {
			continue
		}
		if a.state != mews.ActionPending {
			if wrong == AcksTwice && a.state != mews.ActionWithdrawn {
				return 1
			}
			return 0
		}
		a.state = in.outcome
		if rec := &s.records[a.record]; rec.waits == i+1 {
			if rec.paths = rec.state; in.outcome == mews.ActionFailed {
				rec.paths = "error"
			}
		}
		return 1
	}
	return 0
}
