// Package ioc keeps custom indicators of compromise: it creates, changes,
// deletes, finds and counts them, and tells which of what hosts have met are
// indicators that count.
//
// There is one store behind two views: the older one (/indicators/) knows a
// policy and days, the newer one (/iocs/) actions, severities, platforms and
// tags. What one changes, the other shows. An indicator is known by customer,
// type and value, and its id is derived from them: one that was deleted and
// comes back is the same.
//
// A call changes all of its indicators or none, and its audit rows are in the
// same transaction.
package ioc

import (
	"crypto/rand"
	"fmt"
	"hash/maphash"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
)

// Deps are what a Service stands on. DB and Keys must be set.
type Deps struct {
	DB   *store.DB
	Keys *blob.Keyring
	Log  *slog.Logger     // default: discards
	Now  func() time.Time // default: DB.Now
	Rand io.Reader        // of batch ids; default: crypto/rand
	// Window bounds offset+limit of a query; 0: no bound.
	Window int
	// UnknownField is what a filter gets that names a field which indicators lack.
	UnknownField collection.UnknownField
}

// Bounds of a call.
const (
	maxBatch    = 2000    // indicators that are created, or changed by id
	maxBulk     = 100_000 // that are changed or deleted by filter
	maxComment  = 4096    // runes
	maxTexts    = 4096    // runes of a description
	maxSource   = 256     // runes
	maxMetadata = 1024    // runes of one text
	maxTags     = 100
	maxGroups   = 100
	maxDays     = 36_500
)

// A Service keeps the indicators of all customers. Its methods may be called
// from many goroutines; each sees those of its customer alone.
type Service struct {
	db     *store.DB
	modern *collection.Collection
	legacy *collection.Collection
	log    *slog.Logger
	now    func() time.Time
	rand   io.Reader

	seed     maphash.Seed // of fingerprints
	mu       sync.Mutex   // guards watchers
	watchers map[store.CID]*watcher
}

// New makes the service.
func New(d Deps) (*Service, error) {
	s := &Service{
		db: d.DB, log: d.Log, now: d.Now, rand: d.Rand,
		seed: maphash.MakeSeed(), watchers: map[store.CID]*watcher{},
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = d.DB.Now
	}
	if s.rand == nil {
		s.rand = rand.Reader
	}
	tokens := d.Keys.Secret("indicator page tokens")
	options := collection.Options{TokenKey: tokens[:], Now: s.now}
	var err error
	if s.modern, err = collection.New(modernSchema(d), collection.SQLite, options); err != nil {
		return nil, fmt.Errorf("open indicators: %w", err)
	}
	if s.legacy, err = collection.New(legacySchema(d), collection.SQLite, options); err != nil {
		return nil, fmt.Errorf("open indicators: %w", err)
	}
	return s, nil
}

// audit is a row of the trail; its objects are "<type>:<value>".
func audit(who store.Actor, action, reason, comment string, objects []string) store.AuditEntry {
	return store.AuditEntry{Actor: who, Action: action, Objects: objects, Outcome: "success", Reason: reason, Comment: comment}
}
