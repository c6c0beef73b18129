package sighting

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sstable"
	"github.com/mewshq/mews/internal/store"
)

const (
	// largeMerge is how many bytes a merge reads that runs beside the small ones:
	// these must not wait for it, or runs would pile up meanwhile.
	largeMerge = 128 << 20
	// dense is from which size on a run is compressed well instead of fast.
	dense = 16 << 20
	// spareRoom stays free on the disk for what is acknowledged: merges leave it.
	spareRoom = 256 << 20
)

// Run merges runs and drops what has expired until ctx ends. Failures are logged
// and tried again.
func (s *Service) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() {
		s.loop(ctx, time.Minute, s.nextChange, "merge small runs", func() error { return s.mergeAll(ctx, 0, largeMerge) })
	})
	wg.Go(func() {
		s.loop(ctx, time.Minute, s.nextChange, "merge large runs", func() error { return s.mergeAll(ctx, largeMerge, s.limits.MaxRun) })
	})
	wg.Go(func() {
		s.loop(ctx, time.Hour, never, "expire sightings", func() error { return s.expire(ctx) })
	})
	wg.Wait()
	return nil
}

// nextChange is closed when a shelf changes.
func (s *Service) nextChange() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}

func never() <-chan struct{} { return nil }

// loop calls step every so often, and when what wakes it is closed meanwhile.
func (s *Service) loop(ctx context.Context, every time.Duration, wake func() <-chan struct{}, what string, step func() error) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for ctx.Err() == nil {
		changed := wake()
		if err := step(); err != nil && ctx.Err() == nil {
			s.log.Error(what, "error", err)
			changed = nil // do not spin on a failure
		}
		select {
		case <-ctx.Done():
		case <-changed:
		case <-tick.C:
		}
	}
}

// mergeAll merges until no tier is full.
func (s *Service) mergeAll(ctx context.Context, least, most int64) error {
	for ctx.Err() == nil {
		p, ok := s.nextMerge(least, most)
		if !ok {
			return nil
		}
		if err := s.replace(ctx, p); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// replace writes the union of busy runs, without what has expired, and puts it
// in their place: new run durable, then one transaction, then their files go.
func (s *Service) replace(ctx context.Context, p plan) error {
	defer s.settle(p.runs)
	if p.newest() < s.cutoff() {
		return s.publish(ctx, p.runs, nil)
	}
	if free, err := s.fs.Free(); err != nil || free < p.bytes+spareRoom {
		return errors.Join(fmt.Errorf("merge %d runs of %d bytes: the disk has %d bytes left", len(p.runs), p.bytes, free), err)
	}
	made, err := s.merge(ctx, p)
	if errors.Is(err, mews.ErrUnavailable) {
		return nil // a run is damaged, which was noted; the others go on without it
	}
	if err != nil {
		return fmt.Errorf("merge %d runs: %w", len(p.runs), err)
	}
	s.log.Debug("runs merged", "runs", len(p.runs), "bytes", p.bytes, "into", made.bytes)
	if made.entries == 0 {
		s.abandon(made)
		made = nil
	}
	if err = s.publish(ctx, p.runs, made); err != nil && made != nil {
		s.abandon(made)
	}
	return err
}

// settle ends the work on runs.
func (s *Service) settle(runs []*run) {
	s.mu.Lock()
	for _, r := range runs {
		r.busy = false
	}
	gone := s.unref(runs)
	s.mu.Unlock()
	s.discard(gone)
}

// publish swaps catalog rows. A caller that gives up must not leave it open
// whether the commit happened.
func (s *Service) publish(ctx context.Context, out []*run, in *run) error {
	cid := out[0].cid
	err := s.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error {
		for _, r := range out {
			if err := deleteRun(tx, cid, r.id); err != nil {
				return err
			}
		}
		if in != nil {
			if err := insertRun(tx, in.runRow); err != nil {
				return err
			}
		}
		tx.OnCommit(func() { s.swap(cid, in, out) })
		return nil
	})
	if err != nil {
		return fmt.Errorf("replace %d runs in the catalog: %w", len(out), err)
	}
	return nil
}

// merge writes the union of runs. Each is read once from end to end, beside the
// cache.
func (s *Service) merge(ctx context.Context, p plan) (*run, error) {
	var in []*sstable.Iterator
	for _, r := range p.runs {
		table, err := r.bypass(s.fs)
		if err != nil {
			return nil, s.damage(r, err)
		}
		in = append(in, table.Scan(nil, nil))
	}
	compression := sstable.S2
	if p.bytes >= dense {
		compression = sstable.Zstd
	}
	u := union{cutoff: s.cutoff()}
	made, err := s.writeRun(ctx, p.runs[0].cid, compression, func(w *sstable.Writer) (span, error) {
		err := sstable.Merge(w, u.combine, filtered, in...)
		return u.span, err
	})
	if err == nil {
		return made, nil
	}
	for i, it := range in {
		if it.Err() != nil {
			err = s.damage(p.runs[i], it.Err())
		}
	}
	return nil, err
}

// A union joins the values of one key, and leaves out what has expired.
type union struct {
	cutoff int64
	span   span
}

func (u *union) combine(key []byte, values [][]byte, dst []byte) (value []byte, keep bool, err error) {
	var last int64
	if len(values) == 1 {
		value = append(dst, values[0]...)
		last, err = lastOf(value)
	} else {
		value, last, err = join(key[0], values, dst)
	}
	if err != nil || last < u.cutoff {
		return dst, false, err
	}
	u.span.add(last)
	return value, true, nil
}

// join makes one value of several.
func join(table byte, values [][]byte, dst []byte) (value []byte, last int64, err error) {
	if table == tableRecords {
		p, err := joinProcesses(values)
		return p.append(dst), p.last, err
	}
	sum, err := joinSeen(values)
	return sum.append(dst), sum.last, err
}

func joinSeen(values [][]byte) (sum seen, err error) {
	for i, v := range values {
		next, err := parseSeen(v)
		if err != nil {
			return seen{}, err
		}
		if i == 0 {
			sum = next
			continue
		}
		sum.add(next)
	}
	return sum, nil
}

func joinProcesses(values [][]byte) (sum process, err error) {
	for _, v := range values {
		next, err := parseProcess(v)
		if err != nil {
			return process{}, err
		}
		sum.add(next)
	}
	return sum, nil
}
