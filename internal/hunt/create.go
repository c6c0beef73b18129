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
	"github.com/mewshq/mews/internal/search"
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
	q := question{Options: r.Options, Patterns: r.Patterns, Plan: query.Encode(plan)}
	est, err := s.look(ctx, who, plan, f, &q)
	if err != nil {
		return Created{}, err
	}
	if int64(est.Candidates) > s.limits.MaxCandidates {
		return Created{}, mews.Errorf(mews.ErrInvalid, "matches too many files (est. %d); give a longer or rarer pattern", est.Candidates)
	}
	return s.create(ctx, who, kindExact, q, 1, quotaHunt)
}

// look counts the candidates and fixes which files the request is about: those
// that are stored now.
func (s *Service) look(ctx context.Context, who store.Actor, plan query.Node, f filter, q *question) (search.Estimate, error) {
	snap, err := s.search.Snapshot(ctx, who.CID)
	if err != nil {
		return search.Estimate{}, wrap("search", err)
	}
	defer snap.Close()
	est, err := snap.Estimate(ctx, plan, search.Select{Keep: f.keep})
	q.MaxSeq, q.Total = snap.MaxSeq(), int64(est.Candidates)
	return est, wrap("search", err)
}

// create charges the quota, writes the audit row and queues the job, all in one
// transaction. The objects of the audit row are the job and, for an archive,
// its samples.
func (s *Service) create(ctx context.Context, who store.Actor, kind string, q question, cost int, quota string) (Created, error) {
	payload, err := s.seal(who.CID, kind, q)
	if err != nil {
		return Created{}, err
	}
	out := Created{Status: mews.StatusInProgress}
	err = s.db.Write(ctx, func(tx *store.Tx) error {
		if err := s.charge(tx, who, quota, cost); err != nil {
			return err
		}
		if out.ID, err = s.jobs.Create(tx, job.Job{CID: who.CID, Client: who.Client, Kind: kind, Payload: payload}); err != nil {
			return err
		}
		return tx.Audit(audit(who, "malquery."+kind, "request "+q.digest(), append([]string{out.ID}, q.Samples...)...))
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
	out, err := s.create(ctx, who, kindDownload, q, len(q.Samples), quotaDownload)
	out.Errors = errs
	return out, err
}
