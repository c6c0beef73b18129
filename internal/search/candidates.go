package search

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"iter"
	"slices"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/store"
)

// Select narrows a search to files that the plan does not speak of.
type Select struct {
	// BeforeSeq, if not 0, leaves out this file and all newer ones.
	BeforeSeq uint64
	// Keep, if set, leaves out files it answers false for. It is called often,
	// and from the goroutine that searches.
	Keep func(index.File) bool
}

func (o Select) takes(f index.File) bool {
	return (o.BeforeSeq == 0 || f.Seq < o.BeforeSeq) && (o.Keep == nil || o.Keep(f))
}

// A Candidate is a file that the plan may hold for.
type Candidate struct {
	eng  *Engine
	cid  store.CID
	plan *prepared
	file index.File
	tail bool
	head []byte                 // of an indexed file
	hit  index.Hit              // of an indexed file
	cols func() [][]index.Piece // per leaf of plan: where it may be; nil: anywhere
}

// File is what the index knows of the candidate.
func (c *Candidate) File() index.File { return c.file }

// Tail tells that the file is not indexed yet: it is a candidate only because
// nothing is known of its bytes.
func (c *Candidate) Tail() bool { return c.tail }

// Shared tells that the index knows the file only together with others: it is
// more often a candidate in error than a file with columns of its own.
func (c *Candidate) Shared() bool { return c.cols != nil && c.hit.Packed() }

// Open opens the candidate's stored bytes.
func (c *Candidate) Open() (*blob.Reader, error) {
	return c.eng.blobs.Get(blob.Name{CID: string(c.cid), SHA256: c.file.SHA256})
}

// Candidates lists every file the plan may hold for, the newest first. No file
// that it holds for is missing; files of the tail of which the index knows
// nothing are all listed, unless their size, type or digest rules them out. A segment is searched only when its
// files are due, or next, so a caller that stops early saves the rest. The
// error, if any, comes last.
func (s *Snapshot) Candidates(ctx context.Context, plan query.Node, o Select) iter.Seq2[*Candidate, error] {
	return func(yield func(*Candidate, error) bool) {
		ctx, cancel := context.WithCancel(ctx)
		sources := s.sources(plan, o)
		defer func() {
			cancel()
			for _, src := range sources {
				src.wait() // nothing reads a segment after the snapshot is closed
			}
		}()
		var due runs
		shared := prepare(plan)
		for {
			for len(sources) > 0 && (len(due) == 0 || due.newest() < sources[0].newest) {
				for _, src := range sources[:min(sideBySide, len(sources))] {
					src.start(ctx)
				}
				run, err := sources[0].wait()
				if err != nil {
					yield(nil, err)
					return
				}
				due.add(slices.DeleteFunc(run, func(c *Candidate) bool { return !o.takes(c.file) }))
				sources = sources[1:]
			}
			if len(due) == 0 {
				return
			}
			c := due.next()
			if c.plan = shared; !yield(c, nil) {
				return
			}
		}
	}
}

// sideBySide is how many segments are searched at a time.
const sideBySide = 2

// A source is the tail or a segment. newest bounds the sequence numbers that
// its search gives.
type source struct {
	newest uint64
	search func(context.Context) ([]*Candidate, error)
	done   chan struct{} // nil before start
	run    []*Candidate
	err    error
}

func (src *source) start(ctx context.Context) {
	if src.done != nil {
		return
	}
	src.done = make(chan struct{})
	go func() {
		defer close(src.done)
		src.run, src.err = src.search(ctx)
	}()
}

// wait gives what the search found; nothing when it was not started.
func (src *source) wait() ([]*Candidate, error) {
	if src.done == nil {
		return nil, nil
	}
	<-src.done
	return src.run, src.err
}

// sources lists what must be searched, the one with the newest file first.
func (s *Snapshot) sources(plan query.Node, o Select) []*source {
	var out []*source
	ready := index.Compile(plan)
	if len(s.tail) > 0 {
		out = append(out, &source{newest: s.tail[0].Seq, search: func(ctx context.Context) ([]*Candidate, error) {
			return s.searchTail(ctx, plan, ready)
		}})
	}
	for _, p := range s.parts {
		if o.BeforeSeq != 0 && p.minSeq >= o.BeforeSeq {
			continue
		}
		out = append(out, &source{newest: p.maxSeq, search: func(ctx context.Context) ([]*Candidate, error) {
			return s.searchPart(ctx, p, ready)
		}})
	}
	slices.SortStableFunc(out, func(a, b *source) int { return cmp.Compare(b.newest, a.newest) })
	return out
}

// searchTail lists the files of the tail that the plan may hold for: those in
// the segment that is being filled by its filters, the others unseen.
func (s *Snapshot) searchTail(ctx context.Context, plan query.Node, ready *index.Plan) ([]*Candidate, error) {
	var run []*Candidate
	known := map[uint64]bool{}
	if s.next != nil {
		view := s.next.look()
		for no := range view.Files() {
			known[view.File(no).Seq] = true
		}
		hits, err := view.Search(ctx, ready, nil, nil)
		if err != nil {
			return nil, fmt.Errorf("search files being indexed: %w", err)
		}
		tail := map[uint64]bool{}
		for _, f := range s.tail {
			tail[f.Seq] = true
		}
		for _, h := range hits {
			if tail[view.File(h.FileNo).Seq] {
				run = append(run, s.candidate(view, h.FileNo, h, h.Cols))
			}
		}
	}
	meta := withoutHeads(plan)
	for _, f := range s.tail {
		if known[f.Seq] {
			continue
		}
		if ok, err := query.Match(meta, unread{f}); ok || err != nil {
			run = append(run, &Candidate{eng: s.eng, cid: s.cid, file: f, tail: true})
		}
	}
	newestFirst(run)
	return run, ctx.Err()
}

// candidate is file no of a segment; what a hit says of it, if there is one.
func (s *Snapshot) candidate(seg *index.Segment, no int, hit index.Hit, cols func() [][]index.Piece) *Candidate {
	c := &Candidate{eng: s.eng, cid: s.cid, file: seg.File(no), hit: hit, cols: cols}
	head := seg.Head(no)
	c.head = head[:min(int64(len(head)), c.file.Size)]
	return c
}

func newestFirst(run []*Candidate) {
	slices.SortFunc(run, func(a, b *Candidate) int { return cmp.Compare(b.file.Seq, a.file.Seq) })
}

// searchPart asks one segment, and lists its candidates newest first. A segment
// that cannot be read gives every file it holds.
func (s *Snapshot) searchPart(ctx context.Context, p part, ready *index.Plan) ([]*Candidate, error) {
	alive := func(no int) bool { return !p.dead.has(no) }
	var st index.Stats
	hits, err := p.idx.Search(ctx, ready, alive, &st)
	if cerr := ctx.Err(); cerr != nil {
		return nil, fmt.Errorf("search segment %d: %w", p.id, cerr)
	}
	if st.DamagedRegions > 0 || err != nil {
		s.eng.suspect(p.segment, int64(st.DamagedRegions), err)
	}
	run := make([]*Candidate, 0, len(hits))
	if err != nil {
		for no := range p.files {
			if alive(no) {
				run = append(run, s.candidate(p.idx, no, index.Hit{}, nil))
			}
		}
	}
	for _, h := range hits {
		run = append(run, s.candidate(p.idx, h.FileNo, h, h.Cols))
	}
	newestFirst(run)
	return run, nil
}

// runs is a heap of candidate lists, each newest first; none is empty.
type runs [][]*Candidate

func (r runs) Len() int           { return len(r) }
func (r runs) Less(i, j int) bool { return r[i][0].file.Seq > r[j][0].file.Seq }
func (r runs) Swap(i, j int)      { r[i], r[j] = r[j], r[i] }

// Push and Pop are for package heap.
func (r *runs) Push(x any) { *r = append(*r, x.([]*Candidate)) }

// Pop removes the last list.
func (r *runs) Pop() any {
	last := (*r)[len(*r)-1]
	*r = (*r)[:len(*r)-1]
	return last
}

func (r runs) newest() uint64 { return r[0][0].file.Seq }

func (r *runs) add(run []*Candidate) {
	if len(run) > 0 {
		heap.Push(r, run)
	}
}

// next takes the newest candidate.
func (r *runs) next() *Candidate {
	c := (*r)[0][0]
	if (*r)[0] = (*r)[0][1:]; len((*r)[0]) == 0 {
		heap.Pop(r)
	} else {
		heap.Fix(r, 0)
	}
	return c
}

// unread is the view of a file whose bytes are not known: it may hold anything.
type unread struct{ file index.File }

func (u unread) Seq() uint64  { return u.file.Seq }
func (u unread) Size() uint64 { return uint64(u.file.Size) }
func (u unread) Head() []byte { return nil }
func (u unread) Type() string { return u.file.Type }

func (u unread) Digest(algo string) []byte {
	if algo == "sha256" {
		return u.file.SHA256[:]
	}
	return nil
}

func (u unread) Contains(query.Pattern) (bool, error) { return true, nil }

// withoutHeads weakens a plan to one that asks nothing about first bytes.
func withoutHeads(n query.Node) query.Node {
	if _, ok := n.(query.Head); ok {
		return query.All{}
	}
	return withKids(n, withoutHeads)
}

// withKids rebuilds a node with each kid replaced.
func withKids(n query.Node, kid func(query.Node) query.Node) query.Node {
	each := func(kids []query.Node) []query.Node {
		out := make([]query.Node, len(kids))
		for i, k := range kids {
			out[i] = kid(k)
		}
		return out
	}
	switch n := n.(type) {
	case query.And:
		return query.And{Kids: each(n.Kids)}
	case query.Or:
		return query.Or{Kids: each(n.Kids)}
	case query.MinOf:
		return query.MinOf{K: n.K, Kids: each(n.Kids)}
	}
	return n
}

// An Estimate says what a search would have to read.
type Estimate struct {
	Files          int   // files the search looks at
	Candidates     int   // files that the plan may hold for
	CandidateBytes int64 // plain bytes of the candidates
	CorpusBytes    int64 // plain bytes of Files
}

// Estimate counts candidates without reading them.
func (s *Snapshot) Estimate(ctx context.Context, plan query.Node, o Select) (Estimate, error) {
	est := s.Corpus(o)
	for c, err := range s.Candidates(ctx, plan, o) {
		if err != nil {
			return est, err
		}
		est.Candidates++
		est.CandidateBytes += c.file.Size
	}
	return est, nil
}

// Corpus is an Estimate without candidates: what a search looks at.
func (s *Snapshot) Corpus(o Select) (est Estimate) {
	count := func(f index.File, n int) {
		if o.takes(f) {
			est.Files += n
			est.CorpusBytes += int64(n) * f.Size
		}
	}
	for _, f := range s.tail {
		count(f, 1)
	}
	for _, p := range s.parts {
		all := o.Keep == nil && o.BeforeSeq == 0
		if all {
			est.Files += p.files
			est.CorpusBytes += p.corpus
		}
		for no := range p.files {
			switch dead := p.dead.has(no); {
			case all && dead:
				count(p.idx.File(no), -1)
			case !all && !dead:
				count(p.idx.File(no), 1)
			}
		}
	}
	return est
}
