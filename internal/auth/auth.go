// Package auth knows who calls: API clients with their secrets and scopes,
// bearer tokens, and how often anybody may ask. Every answer to a stranger is
// the same for what is wrong and for what does not exist.
package auth

import (
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// A Principal is who a bearer token stands for.
type Principal struct {
	store.Actor
	Scopes []string // sorted
}

// Has tells whether the token carries a scope. A write scope does not imply
// read.
func (p *Principal) Has(scope string) bool { return slices.Contains(p.Scopes, scope) }

// Limits bound what one party may ask for; zero fields have the defaults.
type Limits struct {
	RequestsPerMinute int           // per CID, sliding; default 6000
	TokensPerIP       int           // token requests per minute and address; default 300
	TokensPerClient   int           // token requests per minute and client; default 30
	BadTokensPerIP    int           // requests with a bad token per minute and address; default 15
	FailedSecrets     int           // wrong secrets per client and address before it must wait; default 10
	FailedWindow      time.Duration // in which those count; default 15 min
	AliveTokens       int           // per client, the oldest gives way; default 100
	Hashers           int           // secrets checked at a time, 19 MiB each; default 4
}

// Options of the service. Pepper is required.
type Options struct {
	Now      func() time.Time // default: time.Now
	Rand     io.Reader        // secrets and tokens; default crypto/rand
	Pepper   []byte           // keys the secrets' hashes; at least 16 bytes, kept outside of the database
	TokenTTL time.Duration    // default 1799 s
	Limits   Limits
	Dev      bool         // clients may have the scope of dev mode
	Log      *slog.Logger // default: discards
}

// A Service answers who calls. Its methods may be used from many goroutines.
// One process at a time serves a database: live tokens are mirrored in memory.
type Service struct {
	db  *store.DB
	o   Options
	log *slog.Logger

	hashers chan struct{}
	hash    func(peppered, salt []byte) []byte

	requests, tokensIP, tokensClient, badTokens *limiter

	guard    *guard
	failures *failures

	mu     sync.RWMutex
	tokens map[tokenHash]*token
	rates  map[string]int // requests per minute, of clients that have a rate of their own
}

// New loads the live tokens. The database must stay open as long as the
// service is used.
func New(db *store.DB, o Options) (*Service, error) {
	if len(o.Pepper) < 16 {
		return nil, errors.New("auth: the pepper needs at least 16 bytes")
	}
	o = o.withDefaults()
	l := o.Limits
	s := &Service{
		db: db, o: o, log: o.Log,
		hashers:      make(chan struct{}, l.Hashers),
		hash:         slowHash,
		requests:     newLimiter(l.RequestsPerMinute),
		tokensIP:     newLimiter(l.TokensPerIP),
		tokensClient: newLimiter(l.TokensPerClient),
		badTokens:    newLimiter(l.BadTokensPerIP),
		guard:        newGuard(l.FailedSecrets, l.FailedWindow),
		failures:     newFailures(),
		tokens:       map[tokenHash]*token{},
		rates:        map[string]int{},
	}
	if err := s.loadTokens(context.Background()); err != nil {
		return nil, err
	}
	return s, s.loadRates(context.Background())
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Rand == nil {
		o.Rand = rand.Reader
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.TokenTTL <= 0 {
		o.TokenTTL = 1799 * time.Second
	}
	l := &o.Limits
	for _, d := range []struct {
		field *int
		value int
	}{
		{&l.RequestsPerMinute, 6000},
		{&l.TokensPerIP, 300},
		{&l.TokensPerClient, 30},
		{&l.BadTokensPerIP, 15},
		{&l.FailedSecrets, 10},
		{&l.AliveTokens, 100},
		{&l.Hashers, 4},
	} {
		if *d.field <= 0 {
			*d.field = d.value
		}
	}
	if l.FailedWindow <= 0 {
		l.FailedWindow = 15 * time.Minute
	}
	return o
}

// write is a transaction whose storage failures have texts for users.
func (s *Service) write(ctx context.Context, fn func(*store.Tx) error) error {
	err := s.db.Write(ctx, fn)
	switch {
	case errors.Is(err, store.ErrFull):
		return mews.Errorf(mews.ErrUnavailable, "storage full: no token or client can be stored or changed").WithCause(err)
	case errors.Is(err, store.ErrFailed), errors.Is(err, store.ErrClosed):
		return mews.Errorf(mews.ErrUnavailable, "storage is not writable; the server has to restart").WithCause(err)
	}
	return err
}

// Run writes the failures that were counted together into the audit trail and
// deletes expired tokens, until ctx ends. Without it both wait for the next
// occasion.
func (s *Service) Run(ctx context.Context) error {
	tick := time.NewTicker(failureWindow)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			s.flushFailures(context.WithoutCancel(ctx), true)
			return nil
		case <-tick.C:
			s.flushFailures(ctx, false)
			if err := s.sweepTokens(ctx); err != nil && ctx.Err() == nil {
				s.log.Error("cannot delete expired tokens", "error", err)
			}
		}
	}
}
