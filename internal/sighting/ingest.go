package sighting

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/sstable"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// A Source gives the lines of a call, one after the other; io.EOF ends them. A
// line is valid until the next call.
type Source interface {
	Next() (line []byte, err error)
}

// An Input is one ingest call.
type Input struct {
	Lines  Source
	Format telemetry.Format
	// Key names the call for its repetitions. Without one its lines do: the same
	// lines again are the same call.
	Key string
	// Refused hears of every line that is refused, where the list in the answer is
	// bounded. May be nil.
	Refused func(line int, message string)
}

// A LineError says why a line was refused. The others count all the same.
type LineError struct {
	Line    int    `json:"line"` // from 1, as the source gave them
	Message string `json:"message"`
}

// Bounds of a call and of its answer.
const (
	maxKey    = 255 // bytes
	maxErrors = 100 // that are listed
)

// Ingest takes telemetry in. When it returns without an error, all lines are
// counted durably, except those that the answer tells of; after an error, none
// is. Lines that were counted before, by the same client under the same key,
// count nothing again and get the answer of then.
func (s *Service) Ingest(ctx context.Context, who store.Actor, in Input) (mews.IngestCounts, []LineError, error) {
	a, err := s.ingest(ctx, who, in)
	if err != nil {
		return mews.IngestCounts{}, nil, outward.Error("ingest telemetry", err)
	}
	return a.Counts, a.Errors, nil
}

func (s *Service) ingest(ctx context.Context, who store.Actor, in Input) (answer, error) {
	if len(in.Key) > maxKey {
		return answer{}, mews.Errorf(mews.ErrInvalid, "Idempotency-Key: at most %d characters", maxKey)
	}
	if err := s.pace(ctx, who.CID); err != nil {
		return answer{}, err
	}
	share := s.budget.join()
	defer share.leave()
	r, err := s.newReading(who.CID, in, share)
	if err != nil {
		return answer{}, err
	}
	if err := r.all(ctx, in.Lines); err != nil {
		return answer{}, err
	}
	if r.answer.Counts.Events == 0 { // nothing to keep, and nothing to count twice
		return r.answer, nil
	}
	c := r.call(who, in.Key)
	if known, ok, err := s.repeated(ctx, c); ok || err != nil {
		return known, err
	}
	return s.keep(ctx, c, r)
}

// A reading takes the lines of a call apart.
type reading struct {
	s      *Service
	cid    store.CID
	parser *telemetry.Parser
	rollup *rollup
	digest hash.Hash
	share  *share
	heard  func(line int, message string)
	line   int // at hand, from 1
	answer answer
}

func (s *Service) newReading(cid store.CID, in Input, share *share) (*reading, error) {
	parser, err := telemetry.NewParser(in.Format, s.now)
	if err != nil {
		return nil, mews.Errorf(mews.ErrInvalid, "%s", err.Error())
	}
	r := &reading{s: s, cid: cid, parser: parser, rollup: newRollup(), digest: sha256.New(), share: share, heard: in.Refused}
	fmt.Fprintf(r.digest, "%s\n", in.Format)
	return r, nil
}

// budgetStep is how much more memory a reading asks for at a time.
const budgetStep = 1 << 20

// all reads every line. Memory is asked for ahead of the rollup's growth.
func (r *reading) all(ctx context.Context, lines Source) error {
	for {
		line, err := lines.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		if err := r.take(line); err != nil {
			return err
		}
		if need := r.rollup.memory + budgetStep; r.line%256 == 1 && need > r.share.held {
			if err := r.s.reserve(ctx, r.share, need+budgetStep); err != nil {
				return err
			}
		}
	}
	r.answer.Counts.Sightings = len(r.rollup.notes)
	r.answer.Counts.Hosts = len(r.rollup.hosts)
	return ctx.Err()
}

func (r *reading) take(line []byte) error {
	r.line++
	r.digest.Write(line)
	r.digest.Write([]byte{'\n'})
	l := &r.s.limits
	if len(bytes.TrimSpace(line)) == 0 {
		return nil
	}
	counts := &r.answer.Counts
	if counts.Lines++; counts.Lines > l.MaxLines {
		return mews.Errorf(mews.ErrTooLarge, "more than %d lines: split them over several calls", l.MaxLines)
	}
	if len(line) > l.MaxLine {
		r.refuse(fmt.Sprintf("the line is longer than %d bytes", l.MaxLine))
		return nil
	}
	events, err := r.parser.Parse(line)
	switch {
	case err != nil:
		r.refuse(err.Error())
	case len(events) == 0:
		counts.Ignored++
	default:
		r.count(events)
	}
	return nil
}

// count takes the events of one line in.
func (r *reading) count(events []telemetry.Event) {
	for i := range events {
		if !r.rollup.add(&events[i], r.hostID) {
			r.refuse("the line does not say which host it is from")
			return
		}
	}
	r.answer.Counts.Events++
}

func (r *reading) hostID(h telemetry.Host) (string, bool) { return r.s.hosts.ID(r.cid, h) }

func (r *reading) refuse(message string) {
	if r.answer.Counts.Failed++; len(r.answer.Errors) < maxErrors {
		r.answer.Errors = append(r.answer.Errors, LineError{r.line, message})
	}
	if r.heard != nil {
		r.heard(r.line, message)
	}
}

// keep makes a call durable and then true.
func (s *Service) keep(ctx context.Context, c call, r *reading) (answer, error) {
	numbers, err := s.hosts.Numbers(ctx, c.cid, r.rollup.aids())
	if err != nil {
		return answer{}, err
	}
	batch := r.rollup.sort(numbers)
	var made *run
	if !r.rollup.empty() {
		if made, err = s.writeRun(ctx, c.cid, sstable.S2, batch.write); err != nil {
			return answer{}, err
		}
	}
	seen, err := s.watched(ctx, c.cid, &batch, r.rollup, numbers)
	if err == nil {
		err = s.commit(ctx, c, made, r, seen)
	}
	if err != nil && made != nil {
		s.abandon(made)
	}
	if known, ok := errors.AsType[*repetition](err); ok {
		return known.answer, nil
	}
	return r.answer, err
}

// manyRows is how many rows make a change that shares its commit with nobody.
const manyRows = 1000

// commit makes everything of a call true at once.
func (s *Service) commit(ctx context.Context, c call, made *run, r *reading, seen []Seen) error {
	reports := r.rollup.reports()
	write := s.db.Write
	if len(reports)+len(seen) > manyRows {
		write = s.db.WriteLarge
	}
	return write(ctx, func(tx *store.Tx) error {
		if known, ok, err := s.findCall(tx, c); err != nil {
			return err
		} else if ok { // the same call at the same time was faster
			return &repetition{known}
		}
		if made != nil {
			if err := insertRun(tx, made.runRow); err != nil {
				return fmt.Errorf("enter run into the catalog: %w", err)
			}
			tx.OnCommit(func() { s.swap(c.cid, made, nil) })
		}
		if err := s.hosts.Report(tx, c.cid, reports); err != nil {
			return fmt.Errorf("report hosts: %w", err)
		}
		if len(seen) > 0 {
			var err error
			if r.answer.Counts.Matches, err = s.watch.Record(tx, c.cid, seen); err != nil {
				return fmt.Errorf("record matches: %w", err)
			}
		}
		return insertCall(tx, c, r.answer.encode(), s.now())
	})
}
