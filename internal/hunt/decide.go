package hunt

import (
	"context"
	"encoding/hex"
	"errors"
	"io"

	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/yara"
)

// A decision is the outcome of one candidate.
type decision struct {
	seq       uint64
	sha256    [32]byte
	outcome   yara.Outcome
	reason    string
	rules     []string // that matched
	confirmed int64    // bytes read to confirm
	scanned   int64    // bytes given to the scanner
	crashed   bool
	dropped   bool // by the date options: it was never a candidate
}

func (d decision) skip(reason string) decision {
	d.outcome, d.reason, d.rules = yara.Skipped, reason, nil
	return d
}

func hexOf(sum [32]byte) string { return hex.EncodeToString(sum[:]) }

// decide gives the outcomes of the batch, in its order. An error is one of the
// whole request; what is wrong with one file is its outcome.
func (r *runner) decide(ctx context.Context) ([]decision, error) {
	out := make([]decision, len(r.batch))
	for i, c := range r.batch {
		out[i] = decision{seq: c.File().Seq, sha256: c.File().SHA256}
	}
	why := r.stopped()
	if why != "" && !r.filter.hasDates() {
		for i := range out {
			out[i] = out[i].skip(why)
		}
		return out, nil
	}
	records, err := r.s.records(ctx, r.job.CID, r.batch)
	if err != nil {
		return nil, err
	}
	crashes, err := r.s.crashes(ctx, r.job.CID, r.hash)
	if err != nil {
		return nil, err
	}
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(r.workers())
	for i, c := range r.batch {
		d := &out[i]
		rec, stored := records[d.seq]
		switch {
		case !stored:
			*d = d.skip(reasonDeleted)
		case !r.filter.dated(rec):
			d.dropped = true
		case why != "":
			*d = d.skip(why)
		case crashes[d.sha256] >= maxCrashes:
			*d = d.skip(reasonCrashes)
		default:
			group.Go(func() error { return r.look(ctx, c, d) })
		}
	}
	return out, group.Wait()
}

// soloBytes is what one scanner takes on alone: starting a second one, which
// compiles the rules again, costs about as much CPU time as scanning this much.
const soloBytes = 8 << 20

// workers is how many candidates of the batch are decided side by side.
func (r *runner) workers() int {
	if r.pool == nil {
		return r.s.limits.Workers
	}
	return int(min(int64(r.s.limits.Workers), 1+r.batchSize/soloBytes))
}

// look reads the candidate where the index points, and scans the whole of it
// only when the plan still holds.
func (r *runner) look(ctx context.Context, c *search.Candidate, d *decision) error {
	ok, read, err := c.Confirm(ctx)
	d.confirmed = read
	switch {
	case err != nil:
		return r.broken(ctx, d, err)
	case !ok:
		d.outcome = yara.NoMatch
		return nil
	case r.pool == nil:
		d.outcome = yara.Match
		return nil
	}
	return r.scan(ctx, c, d)
}

func (r *runner) scan(ctx context.Context, c *search.Candidate, d *decision) error {
	bytes, err := c.Open()
	if err != nil {
		return r.broken(ctx, d, err)
	}
	defer bytes.Close()
	size := bytes.Size()
	v, err := r.pool.Scan(ctx, size, func() (io.Reader, error) { return bytes.Plain(), nil })
	if unread, ok := errors.AsType[*yara.ReadError](err); ok {
		return r.broken(ctx, d, unread.Err)
	}
	if err != nil {
		return err
	}
	d.outcome, d.reason, d.crashed = v.Outcome, v.Reason, v.Crashed
	if v.Outcome != yara.Skipped {
		d.scanned = size
	}
	for _, m := range v.Rules {
		d.rules = append(d.rules, m.Name)
	}
	return nil
}

// broken is the outcome of a file that cannot be read.
func (r *runner) broken(ctx context.Context, d *decision, err error) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if errors.Is(err, blob.ErrNotFound) && !r.stillStored(ctx, d) {
		*d = d.skip(reasonDeleted)
		return nil
	}
	r.s.log.Error("sample cannot be searched", "sha256", hexOf(d.sha256), "cause", err)
	d.outcome, d.reason, d.rules = yara.Error, readReason(err), nil
	return nil
}

func (r *runner) stillStored(ctx context.Context, d *decision) bool {
	records, err := r.s.samples.BySeq(ctx, r.job.CID, []uint64{d.seq})
	_, ok := records[d.seq]
	return ok || err != nil
}
