package hunt

import (
	"context"
	"sync"

	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
)

// fix makes of a request's plan the one that is searched for. It is called once
// when the request is made, for the estimate, and once more when a job begins
// without the candidates that were found then; what a plan asks of records that
// the index does not hold is looked up here. by tells who made the plan; nil for
// one that asks for no facts.
func (s *Service) fix(ctx context.Context, cid store.CID, by *planned, plan query.Node) (query.Node, error) {
	var version string
	if by != nil {
		version = by.Facts
	}
	return s.facts.Resolve(ctx, cid, version, plan)
}

// A selection is what a request is about: the files that are stored when it is
// made, and those of them that its plan may hold for.
type selection struct {
	search.Estimate
	maxSeq     uint64
	candidates []*search.Candidate // newest first; nil when there are too many to keep
}

// maxKept is how many candidates are kept from the making of a request to its
// beginning, and maxAllKept how many for all requests.
const (
	maxKept    = 20_000
	maxAllKept = 50_000
)

// choose counts the candidates of a plan and fixes which files are looked at.
func (s *Service) choose(ctx context.Context, cid store.CID, by *planned, plan query.Node, f filter) (selection, error) {
	plan, err := s.fix(ctx, cid, by, plan)
	if err != nil {
		return selection{}, err
	}
	snap, err := s.search.Snapshot(ctx, cid)
	if err != nil {
		return selection{}, wrap("search", err)
	}
	defer snap.Close()
	look := search.Select{Keep: f.keeper()}
	sel := selection{Estimate: snap.Corpus(look), maxSeq: snap.MaxSeq(), candidates: []*search.Candidate{}}
	for c, err := range snap.Candidates(ctx, plan, look) {
		if err != nil {
			return sel, wrap("search", err)
		}
		sel.Candidates++
		sel.CandidateBytes += c.File().Size
		if sel.Candidates > maxKept {
			sel.candidates = nil
		} else {
			sel.candidates = append(sel.candidates, c)
		}
	}
	return sel, nil
}

// A keeper holds selections until their jobs begin, so that the index is asked
// once. The oldest make room for new ones: their jobs ask again.
type keeper struct {
	mu    sync.Mutex
	lists map[string][]*search.Candidate // by job
	order []string                       // of arrival; some may be gone
	total int                            // candidates
}

func (k *keeper) put(job string, list []*search.Candidate) {
	if list == nil {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	for len(k.order) > 0 && (k.total+len(list) > maxAllKept || k.lists[k.order[0]] == nil) {
		k.drop(k.order[0])
		k.order = k.order[1:]
	}
	if k.lists == nil {
		k.lists = map[string][]*search.Candidate{}
	}
	k.lists[job] = list
	k.order = append(k.order, job)
	k.total += len(list)
}

// take gives the candidates that were kept for a job, once; nil when there are
// none.
func (k *keeper) take(job string) []*search.Candidate {
	k.mu.Lock()
	defer k.mu.Unlock()
	list := k.lists[job]
	k.drop(job)
	return list
}

func (k *keeper) drop(job string) {
	k.total -= len(k.lists[job])
	delete(k.lists, job)
}
