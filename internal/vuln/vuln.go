// Package vuln keeps the vulnerabilities of hosts. Scanners find them: a report
// is a complete statement about its scope, which is one thing that one scanner
// looks at on one host. So the reports of a scope, one after the other, open
// vulnerabilities, close those that are no longer found, and reopen what comes
// back; what has not been scanned for long expires.
package vuln

import (
	"fmt"
	"log/slog"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/store"
)

// Deps are what a Service stands on. DB, Hosts and Keys must be set.
type Deps struct {
	DB    *store.DB
	Hosts *host.Service
	Keys  *blob.Keyring
	Log   *slog.Logger     // default: discards
	Now   func() time.Time // default: DB.Now
	// UnknownField is what a filter gets that names a field which vulnerabilities
	// lack.
	UnknownField collection.UnknownField
	// ExpireAfter is how long what is open waits for the next scan; 0: for ever.
	ExpireAfter time.Duration
	// Retention is how long what is closed or expired is kept; 0: for ever.
	Retention time.Duration
}

// maxReading is how many reports are read at a time: each may take some hundred
// MiB of memory.
const maxReading = 2

// A Service keeps the vulnerabilities of all customers. Its methods may be
// called from many goroutines; each sees those of its customer alone.
type Service struct {
	db          *store.DB
	hosts       *host.Service
	ids         *collection.Collection
	records     *collection.Collection // the same, in larger pages
	log         *slog.Logger
	now         func() time.Time
	expireAfter time.Duration
	retention   time.Duration
	reading     chan struct{}
}

// New makes the service.
func New(d Deps) (*Service, error) {
	s := &Service{
		db: d.DB, hosts: d.Hosts, log: d.Log, now: d.Now, expireAfter: d.ExpireAfter, retention: d.Retention,
		reading: make(chan struct{}, maxReading),
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = d.DB.Now
	}
	tokens := d.Keys.Secret("vulnerability page tokens")
	options := collection.Options{TokenKey: tokens[:], TokenLife: tokenLife, Now: s.now}
	var err error
	if s.ids, err = collection.New(idSchema(d), collection.SQLite, options); err != nil {
		return nil, fmt.Errorf("open vulnerabilities: %w", err)
	}
	if s.records, err = collection.New(recordSchema(d), collection.SQLite, options); err != nil {
		return nil, fmt.Errorf("open vulnerabilities: %w", err)
	}
	return s, nil
}
