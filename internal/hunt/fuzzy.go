package hunt

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
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
// fuzzyIndexed leaves time for records, the answer and its audit row within 5 ms.
const (
	fuzzyIndexed = 2500 * time.Microsecond
	fuzzyTail    = 2 * time.Second
	fuzzyReaders = 2   // candidates read at a time
	fuzzySpare   = 256 // candidates beyond the limit, to replace those found false
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
	s     *Service
	who   store.Actor
	f     filter
	begin time.Time
	found []*search.Candidate // newest first
	more  int                 // candidates beyond found
	out   FuzzyResult
}

func (g *gatherer) run(ctx context.Context, plan query.Node) error {
	snap, err := g.s.search.Snapshot(ctx, g.who.CID)
	if err != nil {
		return wrap("search", err)
	}
	defer snap.Close()
	if err := g.collect(ctx, snap, plan); err != nil {
		return err
	}
	g.confirm(ctx)
	for len(g.found) > 0 && len(g.out.Samples) < g.f.limit {
		if err := g.look(ctx); err != nil {
			return err
		}
	}
	g.more += len(g.found)
	return nil
}

// collect lists candidates, a few more than are wanted, and counts the others
// while there is time. Files that are not indexed are looked into at once.
func (g *gatherer) collect(ctx context.Context, snap *search.Snapshot, plan query.Node) error {
	for c, err := range snap.Candidates(ctx, plan, search.Select{Keep: g.f.keep}) {
		switch {
		case err != nil:
			return wrap("search", err)
		case len(g.found) >= g.f.limit+fuzzySpare:
			if g.more++; g.spent(fuzzyIndexed) {
				return nil
			}
		case !c.Tail() || g.spent(fuzzyTail):
			g.found = append(g.found, c)
		default:
			if ok, err := g.holds(ctx, c); err != nil {
				g.out.Errors = append(g.out.Errors, *err)
			} else if ok {
				g.found = append(g.found, c)
			}
		}
	}
	return nil
}

func (g *gatherer) spent(budget time.Duration) bool { return g.s.now().Sub(g.begin) > budget }

// holds reads the bytes of a candidate.
func (g *gatherer) holds(ctx context.Context, c *search.Candidate) (bool, *mews.APIError) {
	ok, _, err := c.Confirm(ctx)
	if err != nil && ctx.Err() == nil {
		bad := unreadable(hexOf(c.File().SHA256), err)
		return false, &bad
	}
	return ok || err != nil, nil
}

// confirm drops candidates whose bytes say no, while there is time: first those
// that share their columns with other files, which cost least and are wrong most
// often, then the newest.
func (g *gatherer) confirm(ctx context.Context) {
	var order []int
	for _, shared := range []bool{true, false} {
		for i, c := range g.found {
			if !c.Tail() && c.Shared() == shared {
				order = append(order, i)
			}
		}
	}
	var wg sync.WaitGroup
	var next atomic.Int64
	wrong := make([]bool, len(g.found))
	bad := make([]*mews.APIError, len(g.found))
	for range min(fuzzyReaders, len(order)) {
		wg.Go(func() {
			for n := int(next.Add(1)) - 1; n < len(order) && !g.spent(fuzzyIndexed); n = int(next.Add(1)) - 1 {
				i := order[n]
				ok, err := g.holds(ctx, g.found[i])
				wrong[i], bad[i] = !ok, err
			}
		})
	}
	wg.Wait()
	left := g.found[:0]
	for i, c := range g.found {
		if bad[i] != nil {
			g.out.Errors = append(g.out.Errors, *bad[i])
		}
		if !wrong[i] {
			left = append(left, c)
		}
	}
	g.found = left
}

// look turns the next candidates into samples, as many as are still wanted.
func (g *gatherer) look(ctx context.Context) error {
	n := min(len(g.found), g.f.limit-len(g.out.Samples))
	next := g.found[:n]
	g.found = g.found[n:]
	records, err := g.s.records(ctx, g.who.CID, next)
	if err != nil {
		return err
	}
	for _, c := range next {
		r, ok := records[c.File().Seq]
		if !ok || !g.f.dated(r) {
			continue
		}
		g.out.Stats.Count(r.Label)
		g.out.Samples = append(g.out.Samples, g.f.project(r))
	}
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
