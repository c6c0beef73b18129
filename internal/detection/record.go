package detection

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/mewshq/mews/internal/ioc"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/store"
)

// upsertRows is how many rows one statement writes: so many that its text is
// still one that the database keeps prepared.
const upsertRows = 16

// upsertColumns are those a new row is given; told is 0 until it is told of.
const upsertColumns = `cid, id, indicator, type, value, action, severity, aid, process, process_at, kinds, count,
	first_seen, last_seen, created, modified, told`

// upsertRest joins a row with the one that is there: a sighting may come before
// an earlier one, and the order of batches must not show. Only the indicator's
// own words are those of the batch that came last.
const upsertRest = ` ON CONFLICT (cid, id) DO UPDATE SET
	action = excluded.action, severity = excluded.severity,
	process = CASE WHEN (excluded.process_at, excluded.process) > (detection.process_at, detection.process) THEN excluded.process ELSE detection.process END,
	process_at = CASE WHEN excluded.process_at > detection.process_at THEN excluded.process_at ELSE detection.process_at END,
	kinds = detection.kinds | excluded.kinds,
	count = detection.count + excluded.count,
	first_seen = CASE WHEN excluded.first_seen < detection.first_seen THEN excluded.first_seen ELSE detection.first_seen END,
	last_seen = CASE WHEN excluded.last_seen > detection.last_seen THEN excluded.last_seen ELSE detection.last_seen END,
	modified = excluded.modified`

// A sum is what a batch adds to one detection.
type sum struct {
	sighting.Seen
	id  string
	hit ioc.Hit
}

// Record keeps those of what was seen that are active IOCs, in the transaction
// that makes the batch known, and tells how many sightings of IOCs they are. A
// pair of observable and host comes once.
func (s *Service) Record(tx *store.Tx, cid store.CID, seen []sighting.Seen) (matches int, err error) {
	hits, err := s.iocs.Hits(tx, cid, observables(seen), s.now())
	if err != nil {
		return 0, fmt.Errorf("record detections: %w", err)
	}
	var sums []sum
	for _, one := range seen {
		if hit, ok := hits[one.Observable]; ok {
			sums = append(sums, sum{one, one.AID + "_" + hit.ID, hit})
			matches += int(one.Count)
		}
	}
	slices.SortFunc(sums, func(a, b sum) int { return cmp.Compare(a.id, b.id) }) // neighbours of the index together
	now := s.now().UnixMicro()
	for some := range slices.Chunk(sums, upsertRows) {
		if err := upsert(tx, cid, some, now); err != nil {
			return 0, fmt.Errorf("record detections: %w", err)
		}
	}
	return matches, s.post(tx, cid, sums, now)
}

// observables lists each that was seen, once.
func observables(seen []sighting.Seen) []observable.Observable {
	known := make(map[observable.Observable]bool, len(seen))
	var list []observable.Observable
	for _, one := range seen {
		if !known[one.Observable] {
			known[one.Observable] = true
			list = append(list, one.Observable)
		}
	}
	return list
}

func upsert(tx *store.Tx, cid store.CID, some []sum, now int64) error {
	var args []any
	for _, one := range some {
		process, processAt := "", int64(0)
		if one.Process != 0 {
			process, processAt = strconv.FormatUint(one.Process, 10), one.Last
		}
		args = append(args, string(cid), one.id, one.hit.ID, one.Observable.Type.String(), one.Observable.Value(),
			one.hit.Action, one.hit.Severity, one.AID, process, processAt, int64(one.Kinds), one.Count,
			one.First, one.Last, now, now, 0)
	}
	row := "(" + store.Marks(len(args)/len(some)) + "),"
	rows := strings.TrimSuffix(strings.Repeat(row, len(some)), ",")
	_, err := tx.Exec(`INSERT INTO detection (`+upsertColumns+`) VALUES `+rows+upsertRest, args...)
	return err
}
