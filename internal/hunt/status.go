package hunt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/job"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/yara"
)

// A Request is the state of a request and, when it has ended, its answer. The
// reply's own fields (query time of a running request, trace id) are the
// surface's.
type Request struct {
	Meta      mews.Meta
	Resources []mews.RequestResult
	Errors    []mews.APIError
}

// find reads a job that the caller may see.
func (s *Service) find(tx *store.Tx, who store.Actor, id string) (job.Job, error) {
	j, err := s.jobs.GetTx(tx, who.CID, id)
	if err == nil && j.Client != who.Client && !s.limits.SharedRequests {
		err = job.ErrNotFound
	}
	return j, err
}

// Request tells how a request stands, and when it has ended what it found. One
// that is unknown, or another's, is mews.ErrInvalid: the API declares no other
// answer.
func (s *Service) Request(ctx context.Context, who store.Actor, id string) (Request, error) {
	return s.request(ctx, who, id, false)
}

// maxWait bounds how long Follow holds a call, and maxWaiting how many calls it
// holds at once; others are answered immediately.
const (
	maxWait    = 10 * time.Second
	maxWaiting = 64
)

// Follow is Request for a client that waits: it answers when the request has
// ended, or after a while. Unless brief is set, an answer before the end tells
// what was found so far.
func (s *Service) Follow(ctx context.Context, who store.Actor, id string, wait time.Duration, brief bool) (Request, error) {
	defer s.waiting.Add(-1)
	if s.waiting.Add(1) > maxWaiting {
		wait = 0
	}
	ended, stop := s.jobs.Watch(id)
	defer stop()
	r, err := s.request(ctx, who, id, !brief && wait <= 0)
	if err != nil || wait <= 0 || r.Meta.Status != mews.StatusInProgress {
		return r, err
	}
	timer := time.NewTimer(min(wait, maxWait))
	defer timer.Stop()
	select {
	case <-ended:
	case <-timer.C:
	case <-ctx.Done():
	}
	return s.request(ctx, who, id, !brief)
}

// request reads a request and, when it has ended or partial is set, its results.
func (s *Service) request(ctx context.Context, who store.Actor, id string, partial bool) (Request, error) {
	var j job.Job
	var listed []decision
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if j, err = s.find(tx, who, id); err != nil || !j.Final() && !partial {
			return err
		}
		listed, err = s.outcomes(tx, id)
		return err
	})
	if errors.Is(err, job.ErrNotFound) {
		return Request{}, mews.Errorf(mews.ErrInvalid, "no such request").WithID(id)
	}
	if err != nil {
		return Request{}, wrap("read request", err)
	}
	q, err := s.unseal(j.CID, j.Kind, j.Payload)
	if err != nil {
		return Request{}, err
	}
	out := Request{Resources: []mews.RequestResult{}, Errors: []mews.APIError{}}
	if err := s.describe(&out.Meta, j, q); err != nil {
		return Request{}, err
	}
	if !j.Final() {
		if partial && j.Kind != kindDownload {
			out.Meta.Partial = true
			err = s.answer(ctx, &out, j, q, listed)
		}
		return out, err
	}
	out.Meta.QueryTime = float64(j.Finished.Sub(j.Started).Milliseconds())
	if j.Started.IsZero() {
		out.Meta.QueryTime = 0
	}
	switch j.State {
	case job.Failed:
		out.fault(500, "the request failed: "+j.Error, "")
	case job.Cancelled:
		out.fault(500, "the request was cancelled", "")
	}
	return out, s.answer(ctx, &out, j, q, listed)
}

func (r *Request) fault(code int, message, id string) {
	r.Meta.Partial = true
	r.Errors = append(r.Errors, mews.APIError{Code: code, Message: message, ID: id})
}

// describe fills what a reply says of the request itself.
func (s *Service) describe(m *mews.Meta, j job.Job, q question) error {
	p, err := readProgress(j.Progress)
	if err != nil {
		return err
	}
	if j.State != job.Done {
		p.Total = max(p.Total, q.Total)
	}
	m.ReqID, m.Status = j.ID, mews.StatusInProgress
	switch j.State {
	case job.Done:
		m.Status = mews.StatusDone
	case job.Failed:
		m.Status = mews.StatusFailed
		p.skipRest(reasonFailed)
	case job.Cancelled:
		m.Status = mews.StatusFailed
		p.skipRest(reasonCancelled)
	}
	m.Options, m.Patterns, m.YARARule = q.Options, q.Patterns, q.Rule
	switch j.Kind {
	case kindDownload:
		m.ReqType = mews.ReqTypeDownload
	case kindExact:
		m.ReqType, m.YARARule = mews.ReqTypeSearch, ruleOf(q.Patterns)
		m.Progress = p.wire()
	case kindHunt:
		m.ReqType, m.Hunt, m.Progress = mews.ReqTypeHunt, &p.Counts, p.wire()
		m.Hunt.FullScan = q.FullScan
	}
	return nil
}

// answer fills the results that a request has found, and names every file
// that it could not look into.
func (s *Service) answer(ctx context.Context, out *Request, j job.Job, q question, listed []decision) error {
	stats := mews.Stats{}
	out.Meta.Stats = &stats
	if j.Kind == kindDownload {
		return s.answerArchive(ctx, out, j, q)
	}
	f, err := parseOptions(q.Options)
	if err != nil {
		return err
	}
	var hits []decision
	for _, d := range listed {
		switch d.outcome {
		case yara.Match:
			hits = append(hits, d)
		case yara.Uncertain:
			if len(d.rules) > 0 {
				hits = append(hits, d)
			}
			out.fault(500, "sample was not fully decided: "+d.reason, hexOf(d.sha256))
		case yara.Error:
			out.fault(500, "sample was not searched: "+d.reason, hexOf(d.sha256))
		}
	}
	records, err := s.recordsOf(ctx, j.CID, hits)
	if err != nil {
		return err
	}
	for _, d := range hits {
		r, ok := records[d.seq]
		if !ok {
			continue // deleted since: it is gone from every answer
		}
		stats.Count(r.Label)
		out.Resources = append(out.Resources, result(f.project(r), d, j.Kind, q))
	}
	if p := out.Meta.Progress; p != nil && out.Meta.Hunt != nil && out.Meta.Hunt.Skipped > 0 {
		out.Meta.Partial = true
	}
	return nil
}

func result(m mews.SampleMeta, d decision, kind string, q question) mews.RequestResult {
	r := mews.RequestResult{SampleMeta: m, Samples: []mews.SampleMeta{}}
	if kind == kindHunt && len(d.rules) > 0 {
		r.YARARule, r.YARARules = d.rules[0], d.rules
		for _, name := range q.Rules.Names {
			if name.Name == d.rules[0] {
				r.Tags = name.Tags
			}
		}
	}
	if d.outcome == yara.Uncertain {
		r.IgnoreReason = d.reason
	}
	return r
}

func (s *Service) recordsOf(ctx context.Context, cid store.CID, hits []decision) (map[uint64]sample.Record, error) {
	seqs := make([]uint64, len(hits))
	for i, d := range hits {
		seqs[i] = d.seq
	}
	return s.samples.BySeq(ctx, cid, seqs)
}

func (s *Service) answerArchive(ctx context.Context, out *Request, j job.Job, q question) error {
	records, err := s.samples.Many(ctx, j.CID, q.Samples)
	if err != nil {
		return err
	}
	for _, sha := range q.Samples {
		r, ok := records[sha]
		if !ok {
			out.fault(404, "sample was deleted meanwhile", sha)
			continue
		}
		out.Meta.Stats.Count(r.Label)
		out.Resources = append(out.Resources, mews.RequestResult{SampleMeta: r.Meta(), Samples: []mews.SampleMeta{}})
	}
	return nil
}

// Outcomes lists the candidates of a request that are more than "no match", also
// while it runs.
func (s *Service) Outcomes(ctx context.Context, who store.Actor, id string) ([]mews.RequestOutcome, error) {
	out := []mews.RequestOutcome{}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		if _, err := s.find(tx, who, id); err != nil {
			return err
		}
		listed, err := s.outcomes(tx, id)
		for _, d := range listed {
			out = append(out, mews.RequestOutcome{SHA256: hexOf(d.sha256), Outcome: string(d.outcome), Reason: d.reason, Rules: d.rules})
		}
		return err
	})
	return out, notFound("read outcomes", id, err)
}

// Cancel ends a request and tells whether it still ran. What it has found so far
// stays readable. One that has ended stays as it is.
func (s *Service) Cancel(ctx context.Context, who store.Actor, id string) (ran bool, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		_, err := s.find(tx, who, id)
		return err
	})
	if err == nil {
		err = s.jobs.Cancel(ctx, who.CID, id, func(tx *store.Tx) error {
			ran = true
			tx.OnCommit(func() { s.kept.take(id) })
			return tx.Audit(audit(who, "malquery.cancel", "", id))
		})
	}
	return ran && err == nil, notFound("cancel request", id, err)
}

func notFound(what, id string, err error) error {
	if errors.Is(err, job.ErrNotFound) {
		return mews.Errorf(mews.ErrNotFound, "no such request").WithID(id)
	}
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}
