package facts

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/yara"
)

const (
	batchFiles = 64
	batchBytes = 16 << 20
	// maxAttempts is how often a file is tried that kills the worker or cannot be
	// read.
	maxAttempts = 3
	// afterError is the pause when no worker can be had.
	afterError = 10 * time.Minute
)

// Run describes files until ctx ends. Failures are logged and tried again;
// meanwhile hunts read the files.
func (s *Service) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		rest := s.limits.Quiet
		more, err := s.round(ctx)
		if err != nil && ctx.Err() == nil {
			s.log.Warn("files are not described; hunts read them instead", "error", err)
			rest = max(rest, min(s.limits.Retry, afterError))
		}
		s.resting.Store(err == nil && !more)
		pause(ctx, rest)
	}
	return nil
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// round describes what is to be described, of every customer. more tells that it
// was interrupted.
func (s *Service) round(ctx context.Context) (more bool, err error) {
	if !s.quiet(ctx) {
		return true, nil
	}
	d := s.yara.Describer()
	defer d.Close()
	for _, cid := range s.search.Customers() {
		w, err := s.workOf(ctx, cid)
		if err != nil {
			return true, err
		}
		if len(w.gaps) == 0 {
			continue
		}
		if err := s.settleVersion(ctx, d); err != nil {
			return true, err
		}
		if w, err = s.workOf(ctx, cid); err != nil {
			return true, err
		}
		if done, err := s.describeAll(ctx, d, w); !done || err != nil {
			return true, err
		}
	}
	return false, ctx.Err()
}

// quiet waits until the index has been at rest for a while: taking files in
// comes first. It gives up waiting in the end.
func (s *Service) quiet(ctx context.Context) bool {
	began, calm := s.db.Now(), s.db.Now()
	for ctx.Err() == nil {
		now := s.db.Now()
		if s.busy(ctx) {
			calm = now
		}
		if now.Sub(calm) >= s.limits.Quiet || now.Sub(began) >= s.limits.MaxWait {
			return true
		}
		pause(ctx, max(s.limits.Quiet/10, time.Millisecond))
	}
	return false
}

func (s *Service) busy(ctx context.Context) bool {
	st, err := s.search.Status(ctx)
	return err != nil || st.TailFiles > 0
}

// settleVersion throws away facts that another version of the worker made.
func (s *Service) settleVersion(ctx context.Context, d *yara.Describer) error {
	made, err := d.Version(ctx)
	if err != nil {
		return err
	}
	return s.db.Write(ctx, func(tx *store.Tx) error {
		have, err := version(tx)
		if err != nil || have == made {
			return err
		}
		s.log.Info("facts are made anew", "version", made, "before", have)
		return begin(tx, made)
	})
}

// work is what is left to describe of one customer.
type work struct {
	cid    store.CID
	max    uint64 // newest file
	gaps   ranges // up to max, of numbers that are not known and due
	failed map[uint64]failure
	now    time.Time
}

func (s *Service) workOf(ctx context.Context, cid store.CID) (work, error) {
	snap, err := s.search.Snapshot(ctx, cid)
	if err != nil {
		return work{}, fmt.Errorf("describe files: %w", err)
	}
	defer snap.Close()
	w := work{cid: cid, max: snap.MaxSeq(), now: s.db.Now()}
	if w.max == 0 {
		return w, nil // no files
	}
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		known, err := knownRanges(tx, cid)
		if err != nil {
			return err
		}
		if w.failed, err = failures(tx, cid); err != nil {
			return err
		}
		for _, gap := range union(known, ranges{{w.max + 1, 1<<64 - 1}}).complement() {
			if gap[0] != gap[1] || s.due(w, gap[0]) {
				w.gaps = append(w.gaps, gap)
			}
		}
		return nil
	})
	return w, err
}

// due tells whether a file may be tried, or tried again.
func (s *Service) due(w work, seq uint64) bool {
	f, failed := w.failed[seq]
	return !failed || f.attempts < maxAttempts && w.now.Sub(f.tried) >= s.limits.Retry
}

// candidates asks for files that begin as a module expects: every other file has
// no facts, and that is known without reading it.
func candidates() query.Node {
	var starts []query.Node
	for _, b := range yara.Starts() {
		starts = append(starts, query.Head{Bytes: b})
	}
	return query.Or{Kids: starts}
}

// describeAll walks through a customer's files from the newest to the oldest
// that is not known. done is false when it was interrupted.
func (s *Service) describeAll(ctx context.Context, d *yara.Describer, w work) (done bool, err error) {
	snap, err := s.search.Snapshot(ctx, w.cid)
	if err != nil {
		return false, fmt.Errorf("describe files: %w", err)
	}
	defer snap.Close()
	keep := func(f index.File) bool { return w.gaps.has(f.Seq) && s.due(w, f.Seq) }
	upTo := w.max // every file above is known or was seen in this walk
	var batch []*search.Candidate
	var size int64
	for c, err := range snap.Candidates(ctx, candidates(), search.Select{BeforeSeq: w.max + 1, Keep: keep}) {
		if err != nil {
			return false, fmt.Errorf("describe files: %w", err)
		}
		batch = append(batch, c)
		if size += c.File().Size; len(batch) < batchFiles && size < batchBytes {
			continue
		}
		if err := s.describe(ctx, d, w, batch, c.File().Seq, upTo); err != nil {
			return false, err
		}
		upTo, batch, size = c.File().Seq-1, nil, 0
		if s.busy(ctx) {
			return false, nil
		}
	}
	return true, s.describe(ctx, d, w, batch, 0, upTo)
}

// describe has a batch described and saves what is known of the numbers from
// first to last thereby.
func (s *Service) describe(ctx context.Context, d *yara.Describer, w work, batch []*search.Candidate, first, last uint64) error {
	files := make([]yara.File, len(batch))
	for i, c := range batch {
		files[i] = yara.File{Size: c.File().Size, Open: func() (io.ReadCloser, error) { return open(c) }}
	}
	got, err := d.Describe(ctx, files)
	if err != nil {
		return fmt.Errorf("describe files: %w", err)
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		var holes []uint64
		for seq := range w.failed {
			if seq >= first && seq <= last {
				holes = append(holes, seq)
			}
		}
		for i, c := range batch {
			failed, err := s.save(tx, w, c.File().Seq, got[i])
			if err != nil {
				return err
			}
			holes = slices.DeleteFunc(holes, func(seq uint64) bool { return seq == c.File().Seq })
			if failed {
				holes = append(holes, c.File().Seq)
			}
		}
		return learn(tx, w.cid, without(first, last, holes))
	})
	if err != nil {
		return fmt.Errorf("save facts: %w", err)
	}
	return nil
}

// save keeps the facts of a file, or that there are none to be had.
func (s *Service) save(tx *store.Tx, w work, seq uint64, got yara.Description) (failed bool, err error) {
	if ok, err := stored(tx, seq); err != nil || !ok {
		return false, err // deleted meanwhile: no number is used twice
	}
	if got.Err != nil || got.Reason != "" {
		f := failure{attempts: w.failed[seq].attempts + 1, tried: w.now}
		reason := got.Reason
		if got.Err != nil {
			reason = "cannot be read"
		}
		return true, insertFailure(tx, w.cid, seq, f, reason)
	}
	var hashes []int64
	for _, f := range got.Facts {
		hashes = append(hashes, s.hash(w.cid, f.Name, f.Value))
	}
	slices.Sort(hashes)
	return false, errors.Join(insertFacts(tx, seq, hashes), deleteFailure(tx, seq))
}

func open(c *search.Candidate) (io.ReadCloser, error) {
	r, err := c.Open()
	if err != nil {
		return nil, err
	}
	return plain{r.Plain(), r}, nil
}

// plain is a blob's bytes, closed with the blob.
type plain struct {
	io.Reader
	blob *blob.Reader
}

func (p plain) Close() error { return p.blob.Close() }
