// Package hunt answers what the corpus holds: byte searches (fuzzy from the
// index, exact after reading the bytes), YARA hunts, and archives of samples.
// Exact searches, hunts and archives are jobs.
//
// The words: a request is what a client asked for, a candidate is a file that
// the index cannot rule out, and an outcome is what became of a candidate. No
// candidate is without one, so an answer is never silently short.
package hunt

import (
	"context"
	"crypto/cipher"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/facts"
	"github.com/mewshq/mews/internal/job"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/yara"
)

// Deps are what a Service stands on. All but Log and Now must be set.
type Deps struct {
	DB      *store.DB
	Jobs    *job.Table
	Samples *sample.Service
	Search  *search.Engine
	Yara    *yara.Engine
	Facts   *facts.Service
	Keys    *blob.Keyring
	Log     *slog.Logger     // default: discards
	Now     func() time.Time // default: DB.Now
	Limits  Limits
}

// Limits bound what requests may cost. A zero field stands for its default.
type Limits struct {
	// AllowFullScan permits hunts that ask for it to read every file.
	AllowFullScan bool
	// SharedRequests lets the clients of one customer see each other's requests.
	SharedRequests bool
	// Workers is how many scanning processes one hunt uses. Default 2.
	Workers int
	// HuntQuota and DownloadQuota are allowances per client and month. 0: none
	// is set, everything is allowed.
	HuntQuota, DownloadQuota int
	// MaxCandidates bounds one request; what is beyond is skipped. Default 1M.
	MaxCandidates int64
	// MaxBytes bounds the bytes of files that one request looks at; no file that
	// might exceed it is begun. Default 1 TiB.
	MaxBytes int64
	// RefuseSlow makes the compiler's warnings of slow rules errors.
	RefuseSlow bool
	// MaxTime bounds one request from its start; the rest is skipped. Default
	// 30 min.
	MaxTime time.Duration
}

// Bounds of a request.
const (
	defaultLimit = 100
	maxLimit     = 10_000
	maxArchive   = 100     // samples
	maxBytes     = 1 << 30 // of an archive
)

// A Service answers requests. Its methods may be called from many goroutines.
type Service struct {
	db      *store.DB
	jobs    *job.Table
	samples *sample.Service
	search  *search.Engine
	yara    *yara.Engine
	facts   *facts.Service
	box     cipher.AEAD
	log     *slog.Logger
	now     func() time.Time
	limits  Limits
	kept    keeper
	waiting atomic.Int64 // calls of Follow
}

// New makes the service.
func New(d Deps) *Service {
	s := &Service{
		db: d.DB, jobs: d.Jobs, samples: d.Samples, search: d.Search, yara: d.Yara, facts: d.Facts,
		box: d.Keys.Box("hunt"), log: d.Log, now: d.Now, limits: d.Limits,
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = d.DB.Now
	}
	if s.limits.Workers <= 0 {
		s.limits.Workers = 2
	}
	if s.limits.MaxCandidates <= 0 {
		s.limits.MaxCandidates = 1_000_000
	}
	if s.limits.MaxBytes <= 0 {
		s.limits.MaxBytes = 1 << 40
	}
	if s.limits.MaxTime <= 0 {
		s.limits.MaxTime = 30 * time.Minute
	}
	return s
}

// Kinds of job, as they stand in the job table.
const (
	kindExact    = "exact-search"
	kindHunt     = "hunt"
	kindDownload = "multidownload"
)

// Handlers are the job kinds that the runner gives to this service.
func (s *Service) Handlers() map[string]job.Handler {
	return map[string]job.Handler{
		kindExact: s.handle, kindHunt: s.handle,
		// The archive is written when it is fetched; nothing is left to prepare.
		kindDownload: func(context.Context, *job.Lease) error { return nil },
	}
}

// outward gives an error of the engine room its text for users.
func outward(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, yara.ErrUnavailable):
		return mews.Errorf(mews.ErrUnavailable, "hunts are not available: %v; byte searches work", err).WithCause(err)
	case errors.Is(err, job.ErrQueueFull):
		return mews.Errorf(mews.ErrLimited, "too many queued requests; wait for some to end or cancel them").WithCause(err)
	}
	if limit, ok := errors.AsType[*yara.LimitError](err); ok {
		return mews.Errorf(mews.ErrInvalid, "yara_rule: %v", limit)
	}
	if compile, ok := errors.AsType[*yara.CompileError](err); ok {
		return mews.Errorf(mews.ErrInvalid, "yara_rule does not compile: %v", compile)
	}
	if broken, ok := errors.AsType[*yara.ProtocolError](err); ok {
		return mews.Errorf(mews.ErrUnavailable, "the rule scanner failed; try again").WithCause(broken)
	}
	return err
}

// audit is the trail's row for a request.
func audit(who store.Actor, action, reason string, objects ...string) store.AuditEntry {
	return store.AuditEntry{Actor: who, Action: action, Objects: objects, Outcome: "success", Reason: reason}
}

func wrap(what string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", what, err)
}
