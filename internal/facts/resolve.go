package facts

import (
	"context"
	"fmt"
	"math"

	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/store"
)

const (
	// maxListed is how many files a fact may select. One that selects more filters
	// too little to be worth the list.
	maxListed = 200_000
	// fewFiles is how many files a fact selects beside which a broad one need not
	// be looked up.
	fewFiles = 2_000
)

// Resolve replaces what a plan asks of facts and digests by the files that may
// satisfy it: those that do, and those of which nothing is known. made names the
// version of the facts that the plan speaks of; nothing is looked up in facts of
// another. Files that come later are unknown, so a snapshot of the index may be
// taken after Resolve, not before.
func (s *Service) Resolve(ctx context.Context, cid store.CID, made string, plan query.Node) (query.Node, error) {
	facts, digests := asked(plan)
	if !facts && len(digests) == 0 {
		return plan, nil
	}
	var out query.Node
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		r := resolver{s: s, tx: tx, cid: cid, found: map[string]query.Node{}}
		have, err := version(tx)
		if err == nil && have != "" && have == made {
			var known ranges
			known, err = knownRanges(tx, cid)
			r.unknown, r.facts = known.complement(), true
		}
		if err == nil {
			err = r.findDigests(digests)
		}
		if err == nil {
			out, err = r.node(plan)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("look up facts: %w", err)
	}
	return query.Simplify(out), nil
}

// asked tells what there is to look up: facts, and which digests.
func asked(plan query.Node) (facts bool, digests map[string]bool) {
	digests = map[string]bool{}
	for _, leaf := range query.Leaves(plan) {
		switch leaf := leaf.(type) {
		case query.Fact:
			facts = true
		case query.Hash:
			if leaf.Algo != "sha256" {
				digests[string(leaf.Digest)] = true
			}
		}
	}
	return facts, digests
}

// A resolver works in one read transaction: what is known and what is found are
// of the same moment, or a file described in between would be lost.
type resolver struct {
	s       *Service
	tx      *store.Tx
	cid     store.CID
	facts   bool // they can be looked up
	unknown ranges
	found   map[string]query.Node // by the leaf's text
	digests map[string][]uint64   // files with the digests of the plan
	later   ranges                // files that come after them
}

func (r *resolver) node(n query.Node) (query.Node, error) {
	switch n := n.(type) {
	case query.Fact, query.Hash:
		return r.leaf(n)
	case query.And:
		return r.and(n)
	case query.Or:
		kids, err := r.nodes(n.Kids)
		return query.Or{Kids: joined(kids)}, err
	case query.MinOf:
		kids, err := r.nodes(n.Kids)
		return query.MinOf{K: n.K, Kids: kids}, err
	}
	return n, nil
}

func (r *resolver) nodes(kids []query.Node) ([]query.Node, error) {
	out := make([]query.Node, len(kids))
	for i, k := range kids {
		var err error
		if out[i], err = r.node(k); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// joined makes one list of the files that several kids of an Or list.
func joined(kids []query.Node) []query.Node {
	var lists []ranges
	rest := kids[:0]
	for _, k := range kids {
		if f, ok := k.(query.Files); ok {
			lists = append(lists, f.Ranges)
		} else {
			rest = append(rest, k)
		}
	}
	if len(lists) == 0 {
		return rest
	}
	return append(rest, query.Files{Ranges: union(lists...)})
}

// and leaves out broad facts where another kid lists few files already.
func (r *resolver) and(n query.And) (query.Node, error) {
	var kids []query.Node
	var broad []query.Node
	few := false
	for _, k := range n.Kids {
		if f, ok := k.(query.Fact); ok && f.Broad {
			broad = append(broad, k)
			continue
		}
		k, err := r.node(k)
		if err != nil {
			return nil, err
		}
		if f, ok := k.(query.Files); ok {
			few = few || len(f.Ranges) <= len(r.unknown)+fewFiles
		}
		kids = append(kids, k)
	}
	if !few {
		more, err := r.nodes(broad)
		if err != nil {
			return nil, err
		}
		kids = append(kids, more...)
	}
	return query.And{Kids: kids}, nil
}

func (r *resolver) leaf(n query.Node) (query.Node, error) {
	key := n.String()
	if known, ok := r.found[key]; ok {
		return known, nil
	}
	out, err := r.look(n)
	r.found[key] = out
	return out, err
}

func (r *resolver) look(n query.Node) (query.Node, error) {
	switch n := n.(type) {
	case query.Hash:
		if n.Algo == "md5" || n.Algo == "sha1" {
			return query.Files{Ranges: union(query.FilesOf(r.digests[string(n.Digest)]).Ranges, r.later)}, nil
		}
	case query.Fact:
		if !r.facts {
			return query.All{}, nil
		}
		list, err := filesWith(r.tx, r.s.hash(r.cid, n.Name, n.Value), maxListed+1)
		if err != nil || len(list) > maxListed {
			return query.All{}, err
		}
		return query.Files{Ranges: union(query.FilesOf(list).Ranges, r.unknown)}, nil
	}
	return n, nil
}

func (r *resolver) findDigests(digests map[string]bool) (err error) {
	if r.digests, err = filesOfDigests(r.tx, r.cid, digests); err != nil {
		return err
	}
	newest, err := newestFile(r.tx)
	r.later = ranges{{newest + 1, math.MaxUint64}}
	return err
}
