package hunt

import (
	"context"
	"encoding/hex"
	"errors"
	"sync/atomic"

	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/yara"
)

// Reasons of a skipped candidate.
const (
	reasonLimit      = "result limit"
	reasonCandidates = "candidate cap"
	reasonBytes      = "byte cap"
	reasonTime       = "time limit"
	reasonDeleted    = "deleted"
	reasonCrashes    = "crash skip list"
	reasonCancelled  = "cancelled"
	reasonFailed     = "the request failed"
)

// A decision is the outcome of one candidate.
type decision struct {
	seq     uint64
	sha256  [32]byte
	outcome yara.Outcome
	reason  string
	rules   []string // that matched
	read    int64    // bytes of the file that were looked at
	scanned int64    // bytes given to the scanner
	crashed bool
	dropped bool // by the date options: it was never a candidate
}

func (d decision) skip(reason string) decision {
	d.outcome, d.reason, d.rules = yara.Skipped, reason, nil
	return d
}

func hexOf(sum [32]byte) string { return hex.EncodeToString(sum[:]) }

// decide gives the outcomes of the round, in its order. An error is one of the
// whole request; what is wrong with one file is its outcome.
func (r *runner) decide(ctx context.Context) ([]decision, error) {
	out := make([]decision, len(r.round))
	for i, c := range r.round {
		out[i] = decision{seq: c.File().Seq, sha256: c.File().SHA256}
	}
	dated, err := r.dated(ctx)
	if err != nil {
		return nil, err
	}
	why := r.stopped()
	open := make([]int, 0, len(out)) // places of candidates to look at
	for i := range out {
		d := &out[i]
		switch {
		case dated != nil && !dated[d.seq].stored:
			*d = d.skip(reasonDeleted)
		case dated != nil && !dated[d.seq].within:
			d.dropped = true
		case why != "":
			*d = d.skip(why)
		case r.round[i].Gone():
			*d = d.skip(reasonDeleted)
		case r.crashes[d.sha256] >= maxCrashes:
			*d = d.skip(reasonCrashes)
		default:
			open = append(open, i)
		}
	}
	return out, r.lookAtAll(ctx, open, out)
}

// A dating is what the date options say of a file.
type dating struct{ stored, within bool }

// dated asks the records of the round when the options speak of dates, which the
// index does not know.
func (r *runner) dated(ctx context.Context) (map[uint64]dating, error) {
	if !r.filter.hasDates() {
		return nil, nil
	}
	records, err := r.s.records(ctx, r.job.CID, r.round)
	if err != nil {
		return nil, err
	}
	out := make(map[uint64]dating, len(records))
	for seq, rec := range records {
		out[seq] = dating{stored: true, within: r.filter.dated(rec)}
	}
	return out, nil
}

// What one turn takes on: files that are confirmed one after the other and then
// scanned together, while their bytes are at hand.
const (
	turnFiles = 32
	turnBytes = 4 << 20
)

// lookAtAll works through places of the round on several goroutines.
func (r *runner) lookAtAll(ctx context.Context, places []int, out []decision) error {
	var next atomic.Int64
	// Short rounds are shared out too.
	step := max(1, min(turnFiles, len(places)/(2*r.s.limits.Workers)))
	group, ctx := errgroup.WithContext(ctx)
	for range min(r.s.limits.Workers, len(places)) {
		group.Go(func() error {
			for {
				from := int(next.Add(int64(step))) - step
				if from >= len(places) {
					return nil
				}
				if err := r.turn(ctx, places[from:min(from+step, len(places))], out); err != nil {
					return err
				}
			}
		})
	}
	return group.Wait()
}

// turn confirms files and scans those of which the plan still holds.
func (r *runner) turn(ctx context.Context, places []int, out []decision) error {
	var waiting held
	defer waiting.close()
	for i, at := range places {
		if err := r.confirm(ctx, r.round[at], &out[at], &waiting); err != nil {
			return err
		}
		if waiting.bytes >= turnBytes || i == len(places)-1 {
			if err := r.scan(ctx, &waiting); err != nil {
				return err
			}
			waiting.close()
		}
	}
	return nil
}

// confirm reads the candidate where the index points. Only when the plan still
// holds, and there is a scanner to ask, does the file wait to be scanned.
func (r *runner) confirm(ctx context.Context, c *search.Candidate, d *decision, waiting *held) error {
	if r.late() {
		*d = d.skip(reasonTime)
		return nil
	}
	reading, err := c.Examine(ctx)
	if err != nil {
		return r.broken(ctx, c, d, err)
	}
	d.read = min(reading.Read(), c.File().Size)
	d.outcome = yara.NoMatch
	if !reading.Holds() {
		return reading.Close()
	}
	if r.pool == nil {
		d.outcome = yara.Match
		return reading.Close()
	}
	waiting.add(c, d, reading)
	return nil
}

// broken is the outcome of a file that cannot be read.
func (r *runner) broken(ctx context.Context, c *search.Candidate, d *decision, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, blob.ErrNotFound) && c.Gone() {
		*d = d.skip(reasonDeleted)
		return nil
	}
	r.s.log.Error("sample cannot be searched", "sha256", hexOf(d.sha256), "cause", err)
	d.outcome, d.reason, d.rules = yara.Error, readReason(err), nil
	return nil
}
