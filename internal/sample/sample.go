// Package sample keeps the corpus: it takes samples in, knows their metadata,
// gives them out and deletes them. What it acknowledges is durable: the sealed
// blob first, then one transaction with the record, the audit row and the
// place in the index's queue. It also keeps bytes for records that hold them,
// quarantined files, which do not belong to the corpus.
package sample

import (
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"syscall"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/store"
)

// An Index learns of samples that come and go. Enqueue and Forget belong to the
// transaction they are given; Offer is a gift that may be dropped.
type Index interface {
	Params() index.Params
	Enqueue(tx *store.Tx, cid store.CID, f index.File) error
	Offer(cid store.CID, f index.File, d *index.Doc)
	Forget(tx *store.Tx, cid store.CID, seq uint64) error
}

// Limits bound what samples may cost. A zero field stands for its default.
type Limits struct {
	MaxSize  int64 // bytes of one sample; default 256 MiB
	Parallel int   // uploads that are taken in at a time; default 16
	Large    int   // of them, how many may be beyond 16 MiB; default 2
}

// largeSize is where an upload needs one of the Large places: its filters
// stay in memory until it is indexed.
const largeSize = 16 << 20

// Deps are what a Service stands on.
type Deps struct {
	DB     *store.DB
	Blobs  *blob.Store
	Index  Index
	Log    *slog.Logger     // default: discards
	Now    func() time.Time // default: DB.Now
	Limits Limits
}

// A Service is the corpus. Its methods may be called from many goroutines.
type Service struct {
	db     *store.DB
	blobs  *blob.Store
	index  Index
	log    *slog.Logger
	now    func() time.Time
	limits Limits

	recovering sync.Mutex
	adopter    Adopter // nil: nobody makes holders again

	records recordCache
	locks   nameLocks
	places  chan struct{} // uploads
	large   chan struct{} // large uploads
	rooms   sync.Pool
	slicers sync.Pool // a slicer holds 200 KB
}

// New makes the service. Call Recover before the first request.
func New(d Deps) *Service {
	s := &Service{db: d.DB, blobs: d.Blobs, index: d.Index, log: d.Log, now: d.Now, limits: d.Limits}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = d.DB.Now
	}
	if s.limits.MaxSize <= 0 {
		s.limits.MaxSize = 256 << 20
	}
	if s.limits.Parallel <= 0 {
		s.limits.Parallel = 16
	}
	if s.limits.Large <= 0 {
		s.limits.Large = 2
	}
	s.places = make(chan struct{}, s.limits.Parallel)
	s.large = make(chan struct{}, s.limits.Large)
	s.rooms.New = func() any { return new(room) }
	s.slicers.New = func() any { return index.NewSlicer(s.index.Params()) }
	return s
}

// audit builds the entry of one action over some samples.
func audit(who store.Actor, action, comment string, shas ...string) store.AuditEntry {
	return store.AuditEntry{Actor: who, Action: action, Objects: shas, Outcome: "success", Comment: comment}
}

// NotFound is the one text for a sample that is not stored, or not for the
// caller to see.
func NotFound(sha string) *mews.Error {
	return mews.Errorf(mews.ErrNotFound, "sample %s not found", sha).WithID(sha)
}

// outward turns a failure of the rooms below into what the user may know. What
// is not listed stays as it is, and is an internal error outside.
func outward(err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, store.ErrFull):
		return mews.Errorf(mews.ErrUnavailable, "storage full: uploads are refused; reads and deletes work").WithCause(err)
	case errors.Is(err, blob.ErrFailed), errors.Is(err, store.ErrFailed), errors.Is(err, store.ErrClosed):
		return mews.Errorf(mews.ErrUnavailable, "storage is not writable; the server has to restart").WithCause(err)
	}
	return err
}

// damaged says that a sample's bytes cannot be trusted.
func damaged(sha string, err error) error {
	return fmt.Errorf("sample %s failed its integrity check: %w", sha, err)
}
