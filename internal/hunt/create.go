package hunt

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/job"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
)

// Created is the answer to a request that became a job.
type Created struct {
	ID       string // of the request, a UUID
	Status   string // mews.StatusInProgress; poll Request
	Estimate *mews.HuntEstimate
	Errors   []mews.APIError // parts of the request that are left out
}

// Exact queues an exact search.
func (s *Service) Exact(ctx context.Context, who store.Actor, r mews.SearchRequest) (Created, error) {
	plan, err := parsePatterns(r.Patterns)
	if err != nil {
		return Created{}, err
	}
	f, err := parseOptions(r.Options)
	if err != nil {
		return Created{}, err
	}
	sel, err := s.choose(ctx, who.CID, nil, plan, f)
	if err != nil {
		return Created{}, err
	}
	if int64(sel.Candidates) > s.limits.MaxCandidates {
		return Created{}, mews.Errorf(mews.ErrInvalid, "matches too many files (est. %d); give a longer or rarer pattern", sel.Candidates)
	}
	q := question{Options: r.Options, Patterns: r.Patterns, Plan: query.Encode(plan)}
	return s.start(ctx, who, kindExact, q, sel)
}

// start queues a search or hunt of a selection. One without candidates has its
// answer: it is recorded as done.
func (s *Service) start(ctx context.Context, who store.Actor, kind string, q question, sel selection) (Created, error) {
	q.MaxSeq, q.Total = sel.maxSeq, int64(sel.Candidates)
	r := request{who: who, kind: kind, question: q, cost: 1, quota: quotaHunt, ended: sel.Candidates == 0}
	r.begun = func(id string) { s.kept.put(id, sel.candidates) }
	return s.create(ctx, r)
}

// A request is what create writes down.
type request struct {
	who      store.Actor
	kind     string
	question question
	quota    string // that is charged
	cost     int
	ended    bool            // nothing is left to do
	begun    func(id string) // called before the job can begin, if set
}

// create charges the quota, writes the audit row and queues the job, all in one
// transaction. The objects of the audit row are the job and, for an archive,
// its samples.
func (s *Service) create(ctx context.Context, r request) (Created, error) {
	payload, err := s.seal(r.who.CID, r.kind, r.question)
	if err != nil {
		return Created{}, err
	}
	out := Created{Status: mews.StatusInProgress}
	add := s.jobs.Create
	if r.ended {
		add, out.Status = s.jobs.Record, mews.StatusDone
	}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		if err := s.charge(tx, r.who, r.quota, r.cost); err != nil {
			return err
		}
		if r.begun != nil && !r.ended {
			tx.OnCommit(func() { r.begun(out.ID) }) // before Create's own: it hands the job over
		}
		if out.ID, err = add(tx, job.Job{CID: r.who.CID, Client: r.who.Client, Kind: r.kind, Payload: payload}); err != nil {
			return err
		}
		return tx.Audit(audit(r.who, "malquery."+r.kind, "request "+r.question.digest(), append([]string{out.ID}, r.question.Samples...)...))
	})
	if err != nil {
		return Created{}, outward(wrap("create request", err))
	}
	return out, nil
}

// digest names a question in the audit trail without telling it.
func (q question) digest() string {
	text, _ := json.Marshal(question{Options: q.Options, Patterns: q.Patterns, Rule: q.Rule, Samples: q.Samples})
	return fmt.Sprintf("sha256:%x", sha256.Sum256(text))
}

// MultiDownload queues an archive of samples. Unknown ones are named in the
// answer's errors; none known at all is mews.ErrNotFound.
func (s *Service) MultiDownload(ctx context.Context, who store.Actor, shas []string) (Created, error) {
	if len(shas) == 0 {
		return Created{}, mews.Errorf(mews.ErrInvalid, "samples: at least one sha256 is required")
	}
	if len(shas) > maxArchive {
		return Created{}, mews.Errorf(mews.ErrInvalid, "samples: at most %d are allowed", maxArchive)
	}
	found, err := s.samples.Many(ctx, who.CID, shas)
	if err != nil {
		return Created{}, err
	}
	var q question
	var errs []mews.APIError
	var size int64
	seen := map[string]bool{}
	for _, sha := range shas {
		sum, _ := sample.ParseSHA256(sha) // Many has read it already
		key := fmt.Sprintf("%x", sum)
		rec, ok := found[key]
		switch {
		case seen[key]:
		case !ok:
			absent := sample.NotFound(key)
			errs = append(errs, mews.APIError{Code: mews.StatusOf(absent), Message: absent.Message, ID: key})
		default:
			q.Samples = append(q.Samples, key)
			size += rec.Size
		}
		seen[key] = true
	}
	if len(q.Samples) == 0 {
		return Created{}, mews.Errorf(mews.ErrNotFound, "none of these samples is stored").WithID(shas[0])
	}
	if size > maxBytes {
		return Created{}, mews.Errorf(mews.ErrInvalid, "samples: together larger than %d bytes", maxBytes)
	}
	out, err := s.create(ctx, request{who: who, kind: kindDownload, question: q, cost: len(q.Samples), quota: quotaDownload})
	out.Errors = errs
	return out, err
}
