package intel

import (
	"context"
	"encoding/hex"
	"fmt"
	"io"
	"iter"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/feed"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Bounds of an import.
const (
	importBatch = 500 // indicators of a transaction
	maxSource   = 64  // characters of the name of a feed, or of a run
	maxErrors   = 100 // rows that an answer tells of
)

// An Import says what a feed is, and what it says.
type Import struct {
	Source string // the feed
	// Run joins several imports to one; "" is a run of its own.
	Run string
	// Complete: with this import the run has all that the feed says. What the feed
	// said before and did not say in this run is taken back, unless a row of this
	// import was wrong: nobody knows what it would have said.
	Complete bool
	Rows     iter.Seq2[feed.Row, error]
}

// Import takes in what a feed says, some rows at a time: what was counted when
// an error ends it stays. Rows that are wrong are told of, up to maxErrors.
func (s *Service) Import(ctx context.Context, who store.Actor, in Import) (mews.IntelCounts, []mews.APIError, error) {
	run, err := s.begin(who, in)
	if err != nil {
		return mews.IntelCounts{}, nil, err
	}
	done, err := s.turns.take(ctx, feedKey{who.CID, run.source})
	if err != nil {
		return mews.IntelCounts{}, nil, err
	}
	defer done()
	err = run.rows(ctx, in.Rows)
	if err == nil && in.Complete {
		err = run.finish(ctx)
	}
	return run.counts, run.wrong, outward.Error("import intel indicators", err)
}

// A run is one import under way.
type run struct {
	s            *Service
	who          store.Actor
	source, name string
	counts       mews.IntelCounts
	wrong        []mews.APIError

	batch map[string]bool // ids in rows
	rowsOf
}

// rowsOf are the rows that the next transaction takes in.
type rowsOf struct {
	rows  []feed.Row
	whole []string // origins of which everything has come
}

func (s *Service) begin(who store.Actor, in Import) (*run, error) {
	r := &run{s: s, who: who, source: strings.TrimSpace(in.Source), name: strings.TrimSpace(in.Run), batch: map[string]bool{}}
	if r.source == "" {
		return nil, mews.Errorf(mews.ErrInvalid, "source: name the feed, for example source=urlhaus")
	}
	for name, word := range map[string]string{"source": r.source, "run": r.name} {
		if !utf8.ValidString(word) || utf8.RuneCountInString(word) > maxSource || strings.ContainsFunc(word, unicode.IsControl) {
			return nil, mews.Errorf(mews.ErrInvalid, "%s: expected at most %d characters of text", name, maxSource)
		}
	}
	if r.name == "" {
		var b [16]byte
		if _, err := io.ReadFull(s.rand, b[:]); err != nil {
			return nil, fmt.Errorf("name an import: %w", err)
		}
		r.name = hex.EncodeToString(b[:])
	}
	return r, nil
}

// rows takes all rows in. What stands before an error of the file is taken in.
func (r *run) rows(ctx context.Context, rows iter.Seq2[feed.Row, error]) error {
	for row, bad := range rows {
		if bad != nil {
			if err := r.flush(ctx); err != nil {
				return err
			}
			return r.unreadable(bad)
		}
		if err := r.take(ctx, row); err != nil {
			return err
		}
	}
	return r.flush(ctx)
}

// unreadable is the error of a file that cannot be read on.
func (r *run) unreadable(bad error) error {
	if mews.StatusOf(bad) < 500 { // a body that is too large, or too slow
		return bad
	}
	before := ""
	if r.counts.Rows > 0 {
		before = fmt.Sprintf("; the %d rows before that were taken in", r.counts.Rows)
	}
	return mews.Errorf(mews.ErrInvalid, "%v%s", bad, before).WithCause(bad)
}

// take keeps a row for the next transaction.
func (r *run) take(ctx context.Context, row feed.Row) error {
	switch {
	case row.Whole:
		r.whole = append(r.whole, row.Origin)
		return r.flushAt(ctx, importBatch)
	case row.Problem != "":
		r.fail(row.At, row.Problem)
		return nil
	case row.Skip != "":
		r.counts.Rows++
		r.counts.Skipped++
		return nil
	}
	key := row.Origin + "\x00" + feed.ID(row.Indicator.Type, row.Indicator.Indicator)
	r.counts.Rows++
	if r.batch[key] {
		r.counts.Skipped++ // the row before it stands for it
		return nil
	}
	r.batch[key] = true
	r.rowsOf.rows = append(r.rowsOf.rows, row)
	return r.flushAt(ctx, importBatch)
}

func (r *run) fail(at, message string) {
	r.counts.Rows++
	r.counts.Failed++
	if len(r.wrong) < maxErrors {
		r.wrong = append(r.wrong, mews.APIError{Code: mews.StatusOf(mews.ErrInvalid), Message: message, ID: at})
	}
}

func (r *run) flushAt(ctx context.Context, most int) error {
	if len(r.rowsOf.rows) < most && len(r.whole) < most {
		return nil
	}
	return r.flush(ctx)
}

// flush takes the rows at hand in, in one transaction.
func (r *run) flush(ctx context.Context) error {
	if len(r.rowsOf.rows) == 0 && len(r.whole) == 0 {
		return nil
	}
	err := r.transact(ctx, func(c *change) error { return c.say(r.rowsOf.rows, r.whole) })
	r.rowsOf = rowsOf{}
	clear(r.batch)
	return err
}

// finish takes back what the feed did not say in this run.
func (r *run) finish(ctx context.Context) error {
	if r.counts.Failed > 0 {
		r.wrong = append(r.wrong, mews.APIError{
			Code:    mews.StatusOf(mews.ErrInvalid),
			Message: "nothing was taken back: of rows that are wrong nobody knows what they say",
		})
		return nil
	}
	for more := true; more; {
		err := r.transact(ctx, func(c *change) error {
			said, err := c.spoke()
			if err == nil && !said {
				return mews.Errorf(mews.ErrInvalid, "a complete import without an indicator would delete all that %s says; is the file whole?", r.source)
			}
			if err == nil {
				more, err = c.vanish()
			}
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// transact carries out a change with its audit row, and counts it once it is
// durable.
func (r *run) transact(ctx context.Context, do func(*change) error) error {
	var c *change
	err := r.s.db.WriteLarge(ctx, func(tx *store.Tx) (err error) {
		c = r.newChange(tx, r.s.now().UnixMicro())
		if c.clock, err = readClock(tx, r.who.CID, c.now); err != nil {
			return err
		}
		if err := do(c); err != nil {
			return err
		}
		if err := c.clock.save(tx, r.who.CID); err != nil || len(c.names) == 0 {
			return err
		}
		slices.Sort(c.names)
		return tx.Audit(store.AuditEntry{Actor: r.who, Action: "intel.import", Objects: c.names, Outcome: "success", Reason: "source: " + r.source})
	})
	if err != nil {
		return err
	}
	r.counts.Added += c.counts.Added
	r.counts.Updated += c.counts.Updated
	r.counts.Unchanged += c.counts.Unchanged
	r.counts.Deleted += c.counts.Deleted
	r.counts.Skipped += c.counts.Skipped
	return nil
}
