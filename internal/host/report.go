package host

import (
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// A Report says that a host was there from First to Last.
type Report struct {
	AID         string // 32 lower-case hex digits, see Service.ID
	Hostname    string
	Facts       *telemetry.Facts // what was so at Last; nil: nothing is said
	First, Last int64            // unix microseconds
}

// An entry is a report on its way to the device.
type entry struct {
	AID   string            `json:"a"`
	First int64             `json:"f"`
	Last  int64             `json:"l"`
	Facts map[string]string `json:"v,omitempty"` // by the names of facts
}

// maxRow is how many hosts share a row of reports, and a transaction when they
// are folded.
const maxRow = 1000

// Report takes reports in within the caller's transaction. It writes little:
// facts that this process has reported before, and reports that say nothing new
// at all, are left out.
func (s *Service) Report(tx *store.Tx, cid store.CID, reports []Report) error {
	var entries []entry
	known := make(map[string]told, len(reports))
	for i := range reports {
		r := &reports[i]
		if !IsID(r.AID) || r.Last < r.First {
			return fmt.Errorf("report host %q from %d to %d: malformed", r.AID, r.First, r.Last)
		}
		was, again := known[r.AID]
		if !again {
			was, _ = s.told.get(cid, r.AID)
		}
		e, now := s.news(r, was)
		if known[r.AID] = now; e != nil {
			entries = append(entries, *e)
		}
	}
	for some := range slices.Chunk(entries, maxRow) {
		text, err := json.Marshal(some)
		if err != nil {
			return fmt.Errorf("write host reports: %w", err)
		}
		if _, err := tx.Exec(`INSERT INTO host_report (cid, reports) VALUES (?,?)`, string(cid), string(text)); err != nil {
			return fmt.Errorf("insert host reports: %w", err)
		}
	}
	tx.OnCommit(func() {
		for aid, t := range known {
			s.told.put(cid, aid, t)
		}
		if len(entries) > 0 {
			s.wake()
		}
	})
	return nil
}

// wake has Run look for work.
func (s *Service) wake() {
	select {
	case s.work <- struct{}{}:
	default:
	}
}

// told is what this process has reported of a host, and is durable.
type told struct {
	first, last int64
	at          int64      // when its facts were all told, as far as they were known
	facts       []toldFact // in the order of the table
}

// A toldFact is the youngest statement of a fact that this process had.
type toldFact struct {
	at  int64 // of the last report that said so, told or not
	sum uint32
}

// retell is the time after which facts are told again although they are the
// same. What is told is as old as the report that told it first, so that another
// process could take a later, but outdated, report for younger.
const retell = 3600e6

// news is what of a report has to be kept, nil when that is nothing.
func (s *Service) news(r *Report, was told) (*entry, told) {
	e := &entry{AID: r.AID, First: r.First, Last: r.Last}
	if r.Facts != nil && r.Facts.FirstSeen > 0 {
		e.First = min(e.First, r.Facts.FirstSeen)
	}
	now := told{first: e.First, last: e.Last, at: was.at, facts: make([]toldFact, len(s.facts))}
	if was.facts != nil {
		now.first, now.last = min(was.first, e.First), max(was.last, e.Last)
		copy(now.facts, was.facts)
	}
	again := r.Last > was.at+retell
	for i, f := range s.facts {
		text := f.normal(f.of(r))
		if text == "" {
			continue
		}
		told, younger := now.facts[i].learn(toldFact{r.Last, hash(text)})
		if !told && !(again && younger) {
			continue
		}
		if e.Facts == nil {
			e.Facts = map[string]string{}
		}
		e.Facts[f.name] = text
	}
	if again && e.Facts != nil {
		now.at = r.Last
	}
	if e.Facts == nil && now.first == was.first && now.last == was.last {
		return nil, now
	}
	return e, now
}

// learn takes in a statement as [statements.learn] does.
func (f *toldFact) learn(s toldFact) (told, changed bool) {
	if s.at < f.at || s.at == f.at && s.sum <= f.sum {
		return false, false
	}
	told = s.sum != f.sum
	*f = s
	return told, true
}
