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
		if e, now := s.news(r, was); e != nil {
			entries, known[r.AID] = append(entries, *e), now
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
	if len(entries) > 0 {
		tx.OnCommit(func() {
			for aid, t := range known {
				s.told.put(cid, aid, t)
			}
			s.wake()
		})
	}
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
	at          int64    // of the youngest report whose facts are all told
	facts       []uint32 // hashes of their texts, in the order of the table; 0: unknown
}

// retell is the time after which facts are told again although they are the
// same: it ends whatever a report that came late, or a hash that did not change,
// has left wrong.
const retell = 3600e6

// news is what of a report has to be kept, nil when that is nothing.
func (s *Service) news(r *Report, was told) (*entry, told) {
	e := &entry{AID: r.AID, First: r.First, Last: r.Last}
	if r.Facts != nil && r.Facts.FirstSeen > 0 {
		e.First = min(e.First, r.Facts.FirstSeen)
	}
	now := was
	if was.last == 0 {
		now.first = e.First
	}
	now.first, now.last = min(now.first, e.First), max(was.last, e.Last)
	again := r.Last > was.at+retell
	for i, f := range s.facts {
		raw := f.of(r)
		if raw == "" {
			continue
		}
		sum := hash(raw)
		if !again && len(was.facts) > 0 && was.facts[i] == sum {
			continue
		}
		text := f.normal(raw)
		if text == "" {
			continue
		}
		if e.Facts == nil {
			e.Facts = map[string]string{}
			now.facts = make([]uint32, len(s.facts))
			copy(now.facts, was.facts)
		}
		if e.Facts[f.name] = text; r.Last <= was.last {
			sum = 0 // it comes late: what is so now has to be told anew
		}
		now.facts[i] = sum
	}
	if again && e.Facts != nil {
		now.at = r.Last
	}
	if e.Facts == nil && now.first == was.first && now.last == was.last {
		return nil, was
	}
	return e, now
}

// hash is FNV-1a without 0. Facts that only collide are told an hour later.
func hash(s string) uint32 {
	h := uint32(2166136261)
	for i := range len(s) {
		h = (h ^ uint32(s[i])) * 16777619
	}
	return max(h, 1)
}
