package auth

import (
	"context"
	"crypto/sha256"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

var ctx = context.Background()

const (
	cidA   store.CID = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	cidB   store.CID = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
	ip               = "192.0.2.7"
	pepper           = "pepper-for-tests-0123456789"
)

var admin = store.Actor{Client: "local-admin", Operation: "admin"}

// A clock goes on when it is told to.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Date(2026, 2, 3, 4, 5, 6, 0, time.UTC)} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// A bench is a service with a clock of its own and a quick hash that counts.
type bench struct {
	*Service
	db     *store.DB
	clock  *clock
	hashes atomic.Int64
}

func newBench(t testing.TB, limits Limits) *bench {
	t.Helper()
	return benchOn(t, storetest.New(t), newClock(), limits)
}

func benchOn(t testing.TB, db *store.DB, c *clock, limits Limits) *bench {
	t.Helper()
	s, err := New(db, Options{Now: c.now, Pepper: []byte(pepper), Limits: limits})
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{Service: s, db: db, clock: c}
	s.hash = func(peppered, salt []byte) []byte {
		b.hashes.Add(1)
		sum := sha256.Sum256(append(append([]byte{}, peppered...), salt...))
		return sum[:]
	}
	return b
}

// generous limits are for tests that are not about them.
var generous = Limits{TokensPerIP: 1 << 20, TokensPerClient: 1 << 20, FailedSecrets: 1 << 20, BadTokensPerIP: 1 << 20}

func (b *bench) client(t testing.TB, cid store.CID, scopes ...string) (Client, string) {
	t.Helper()
	if len(scopes) == 0 {
		scopes = AllScopes()
	}
	c, secret, err := b.CreateClient(ctx, admin, ClientSpec{Name: "test", CID: cid, Scopes: scopes})
	if err != nil {
		t.Fatal(err)
	}
	return c, secret
}

func (b *bench) token(t testing.TB, c Client, secret string, scopes ...string) string {
	t.Helper()
	tok, err := b.IssueToken(ctx, c.ID, secret, "", ip, scopes)
	if err != nil {
		t.Fatal(err)
	}
	return tok.AccessToken
}

// want checks an error's kind and its exact text.
func want(t testing.TB, what string, err, kind error, text string) {
	t.Helper()
	e, ok := errors.AsType[*mews.Error](err)
	if !ok || !errors.Is(err, kind) || e.Message != text {
		t.Errorf("%s: %v; want %v with text %q", what, err, kind, text)
	}
}

func (b *bench) dead(t testing.TB, what, token string) {
	t.Helper()
	_, err := b.Verify(ctx, token)
	want(t, what, err, mews.ErrUnauthorized, "access denied, invalid bearer token")
}

func (b *bench) alive(t testing.TB, what, token string) Principal {
	t.Helper()
	p, err := b.Verify(ctx, token)
	if err != nil {
		t.Errorf("%s: %v", what, err)
	}
	return p
}

// trail reads the audit rows of one action.
func (b *bench) trail(t testing.TB, action string) (out []store.AuditRow) {
	t.Helper()
	rows, err := b.db.Audit(ctx, 0, 1<<20)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rows {
		if r.Entry.Action == action {
			out = append(out, r)
		}
	}
	return out
}
