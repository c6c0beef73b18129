package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/mewshq/mews/test/figures"
	"github.com/mewshq/mews/test/harness"
)

// measure takes all figures of one corpus.
func measure(ctx context.Context, s settings, c *corpus) (*corpusReport, error) {
	r := &corpusReport{Name: c.name, Files: len(c.files), Bytes: c.bytes}
	s.note("%s: filters, segments, merge", c.name)
	room, merged, err := measureRoom(ctx, s, c)
	if err != nil {
		return nil, err
	}
	s.note("%s: ingest", c.name)
	srv, err := startFresh(ctx, s, c.name)
	if err != nil {
		return nil, err
	}
	stopProfile := srv.ProfileInto(ctx, s.profiles, "ingest-"+c.name)
	in, err := ingest(ctx, srv, c)
	err = errors.Join(err, stopProfile())
	// Query memory is measured in a process that did not ingest.
	if err = errors.Join(err, srv.Stop()); err != nil {
		return nil, err
	}
	r.ingestRows(c, room, in)
	if srv, err = startAgain(ctx, srv); err != nil {
		return nil, err
	}
	err = r.query(ctx, s, c, srv, merged)
	if err = errors.Join(err, srv.Stop()); err != nil {
		return nil, err
	}
	if s.growth && c.name == growthCorpus {
		s.note("%s: growth", c.name)
		points, wrong, err := growth(ctx, s, c)
		if err != nil {
			return nil, fmt.Errorf("growth: %w", err)
		}
		r.Growth, r.Wrong = points, r.Wrong+wrong
	}
	return r, errors.Join(os.RemoveAll(srv.Data), os.Remove(merged))
}

func (r *corpusReport) ingestRows(c *corpus, room roomFigures, in ingestFigure) {
	size := float64(c.bytes) / figures.MB
	r.AtLeast("filters", "filters built", "MB per CPU second", size/room.build.FilterCPU.Seconds(), 150)
	r.AtLeast("ingest", "whole ingest until durable and searchable", "MB per CPU second", size/in.cpu.Seconds(), 75)
	r.Add("ingest_index_share", "of its CPU time: filters, placing, writing segments (index room alone)", "%",
		100*(room.build.FilterCPU+room.build.CPU).Seconds()/in.cpu.Seconds())
	r.AtMost("index_size", "index after merging", "% of corpus", 100*figures.Share(in.index, c.bytes), 23)
	r.Add("index_one_segment", "... all merged into one segment", "% of corpus", 100*figures.Share(room.merge.Bytes, c.bytes))
	r.Add("segments", "segments at rest", "", float64(in.segments))
	r.AtMost("peak_disk", "peak disk while indexing", "x final index", figures.Share(in.peak, in.index), 1.2)
	r.AtMost("rss_indexing", "memory while indexing (server, peak RSS)", "MB", float64(max(in.rss, in.restRSS))/figures.MB, 256)
	r.AtMost("rss_merging", "memory while merging everything into one (own process)", "MB", float64(room.merge.PeakRSS)/figures.MB, 256)
	r.Add("merge_rate", "merging, index bytes written", "MB per CPU second", float64(room.merge.Bytes)/figures.MB/room.merge.CPU.Seconds())
}

// query draws what to ask, finds the truth, and asks.
func (r *corpusReport) query(ctx context.Context, s settings, c *corpus, srv *harness.Server, merged string) error {
	s.note("%s: the truth by brute force", c.name)
	q, err := drawQuestions(s, c)
	if err != nil {
		return err
	}
	client, err := srv.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	t := &tester{corpus: c, srv: srv, client: client}
	s.note("%s: %d literals", c.name, len(q.literals))
	stop := srv.ProfileInto(ctx, s.profiles, "search-"+c.name)
	literals, err := t.literals(ctx, q.literals)
	if err = errors.Join(err, stop()); err != nil {
		return err
	}
	s.note("%s: %d patterns", c.name, len(q.patterns))
	if r.Patterns, err = t.patterns(ctx, q.patterns); err != nil {
		return err
	}
	plain, err := plainScan(c, q.patterns)
	if err != nil {
		return err
	}
	for i := range r.Patterns {
		r.Patterns[i].Plain = figures.MS(plain[i])
	}
	rows, err := measureRows(ctx, merged, q.literals)
	if err != nil {
		return err
	}
	s.note("%s: %d hunts", c.name, len(q.rules))
	stop = srv.ProfileInto(ctx, s.profiles, "hunt-"+c.name)
	r.Hunts, err = t.hunts(ctx, q.rules)
	if err = errors.Join(err, stop()); err != nil {
		return err
	}
	use, err := srv.Usage()
	if err != nil {
		return err
	}
	r.AtMost("rss_querying", "memory while querying (server, peak RSS)", "MB", float64(use.PeakRSS)/figures.MB, 128)
	r.searchRows(literals, rows)
	r.patternRows()
	r.huntRows()
	r.AtMost("missed", fmt.Sprintf("files missed, in %d pairs of query and file", t.pairs), "", float64(t.missed), 0)
	r.Wrong = t.missed + t.extra
	return nil
}

// questions are all that one corpus is asked.
type questions struct {
	literals []*probe
	patterns []*pattern
	rules    []*rule
}

// lengths are those of the literals.
var lengths = []int{4, 5, 6, 8, 12, 16, 32}

const (
	presentEach = 10 // literals of each length and kind
	absentEach  = 30 // literals of each length: they cost the least and vary the most
)

func drawQuestions(s settings, c *corpus) (q questions, err error) {
	d := newDrawer(c, s.source(purposeLiterals))
	for _, n := range lengths {
		for range presentEach {
			q.literals = append(q.literals, d.piece(n, ascii), d.piece(n, bytesKind))
			if n >= 8 {
				q.literals = append(q.literals, d.piece(n, wide))
			}
		}
		for range absentEach {
			q.literals = append(q.literals, d.absent(n))
		}
	}
	all := q.literals
	d.rng = s.source(purposePatterns)
	slots := patternSlots()
	for _, slot := range slots {
		all = append(all, slot.fill(d)...)
	}
	d.rng = s.source(purposeRules)
	rules := ruleSlots()
	for _, slot := range rules {
		all = append(all, slot.fill(d)...)
	}
	if *d.err != nil {
		return q, *d.err
	}
	if err := askOracle(c, all); err != nil {
		return q, err
	}
	for _, slot := range slots {
		q.patterns = append(q.patterns, slot.choose(len(c.files)))
	}
	for _, slot := range rules {
		q.rules = append(q.rules, slot.choose(len(c.files)))
	}
	return q, nil
}
