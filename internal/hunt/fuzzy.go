package hunt

import (
	"context"
	"errors"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
)

// What a fuzzy search spends on reading bytes: a little on candidates of the
// index, more on files that are not indexed yet, of which nothing is known.
const (
	fuzzyIndexed = 5 * time.Millisecond
	fuzzyTail    = 2 * time.Second
	fuzzyCount   = 50 * time.Millisecond // after which further candidates are not counted
)

// A FuzzyResult is the answer of a fuzzy search: files that hold the patterns,
// and perhaps some that do not.
type FuzzyResult struct {
	Samples []mews.SampleMeta
	Stats   mews.Stats // TotalCount may exceed the samples returned
	Errors  []mews.APIError
}

// Fuzzy answers from the index, newest files first. Date, size and type options
// apply as in an exact search.
func (s *Service) Fuzzy(ctx context.Context, who store.Actor, r mews.SearchRequest) (FuzzyResult, error) {
	plan, err := parsePatterns(r.Patterns)
	if err != nil {
		return FuzzyResult{}, err
	}
	f, err := parseOptions(r.Options)
	if err != nil {
		return FuzzyResult{}, err
	}
	q := question{Options: r.Options, Patterns: r.Patterns}
	audited := make(chan error, 1)
	go func() { // the row is durable before the answer goes out
		audited <- s.db.Write(ctx, func(tx *store.Tx) error {
			return tx.Audit(audit(who, "malquery.fuzzy-search", "request "+q.digest()))
		})
	}()
	g := gatherer{s: s, who: who, f: f, begin: s.now()}
	err = g.run(ctx, plan)
	g.out.Stats.TotalCount = len(g.out.Samples) + g.more
	return g.out, errors.Join(err, wrap("fuzzy search", <-audited))
}

// A gatherer collects candidates until the limit.
type gatherer struct {
	s       *Service
	who     store.Actor
	f       filter
	begin   time.Time
	more    int // candidates beyond the limit
	waiting []*search.Candidate
	out     FuzzyResult
}

func (g *gatherer) run(ctx context.Context, plan query.Node) error {
	snap, err := g.s.search.Snapshot(ctx, g.who.CID)
	if err != nil {
		return wrap("search", err)
	}
	defer snap.Close()
	full := false
	for c, err := range snap.Candidates(ctx, plan, search.Select{Keep: g.f.keep}) {
		switch {
		case err != nil:
			return wrap("search", err)
		case full:
			if g.more++; g.s.now().Sub(g.begin) > fuzzyCount {
				return nil
			}
			continue
		case !g.mayHold(ctx, c):
			continue
		}
		g.waiting = append(g.waiting, c)
		if len(g.out.Samples)+len(g.waiting) >= g.f.limit {
			if err := g.look(ctx); err != nil {
				return err
			}
			full = len(g.out.Samples) >= g.f.limit
		}
	}
	return g.look(ctx)
}

// mayHold reads the bytes of a candidate while there is time for it.
func (g *gatherer) mayHold(ctx context.Context, c *search.Candidate) bool {
	budget := fuzzyIndexed
	if c.Tail() {
		budget = fuzzyTail
	}
	if g.s.now().Sub(g.begin) > budget {
		return true
	}
	ok, _, err := c.Confirm(ctx)
	if err != nil && ctx.Err() == nil {
		g.out.Errors = append(g.out.Errors, unreadable(hexOf(c.File().SHA256), err))
		return false
	}
	return ok
}

// look turns the waiting candidates into samples.
func (g *gatherer) look(ctx context.Context) error {
	if len(g.waiting) == 0 {
		return nil
	}
	records, err := g.s.records(ctx, g.who.CID, g.waiting)
	if err != nil {
		return err
	}
	for _, c := range g.waiting {
		r, ok := records[c.File().Seq]
		if !ok || !g.f.dated(r) {
			continue
		}
		g.out.Stats.Count(r.Label)
		g.out.Samples = append(g.out.Samples, g.f.project(r))
	}
	g.waiting = g.waiting[:0]
	return nil
}

func (s *Service) records(ctx context.Context, cid store.CID, cs []*search.Candidate) (map[uint64]sample.Record, error) {
	seqs := make([]uint64, len(cs))
	for i, c := range cs {
		seqs[i] = c.File().Seq
	}
	return s.samples.BySeq(ctx, cid, seqs)
}

// unreadable is what an answer says of a sample that it could not look into.
func unreadable(sha string, err error) mews.APIError {
	return mews.APIError{Code: 500, Message: "sample was not searched: " + readReason(err), ID: sha}
}

func readReason(err error) string {
	switch {
	case errors.Is(err, blob.ErrCorrupt):
		return "integrity error"
	case errors.Is(err, blob.ErrNotFound):
		return "missing bytes"
	}
	return "read error"
}
