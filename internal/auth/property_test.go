package auth

import (
	"errors"
	"flag"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

// TestScopesNeverGrow: of all subsets asked for, a token carries exactly the
// one asked for, and only when the client has all of it.
func TestScopesNeverGrow(t *testing.T) {
	b := newBench(t, generous)
	subset := rapid.SliceOfDistinct(rapid.SampledFrom(append(AllScopes(), "*", "admin", "malquery:*", "")), func(s string) string { return s })
	rapid.Check(t, func(rt *rapid.T) {
		have := rapid.SliceOfNDistinct(rapid.SampledFrom(AllScopes()), 1, -1, func(s string) string { return s }).Draw(rt, "client has")
		asked := subset.Draw(rt, "asked for")
		c, secret := b.client(t, cidA, have...)
		tok, err := b.IssueToken(ctx, c.ID, secret, "", ip, asked)
		covered := !slices.ContainsFunc(asked, func(s string) bool { return !slices.Contains(have, s) })
		if covered != (err == nil) {
			rt.Fatalf("client with %v asked for %v: %v", have, asked, err)
		}
		if err != nil {
			return
		}
		if len(asked) == 0 {
			asked = have
		}
		p, err := b.Verify(ctx, tok.AccessToken)
		if err != nil || !slices.Equal(p.Scopes, slices.Sorted(slices.Values(asked))) || !slices.Equal(p.Scopes, tok.Scopes) {
			rt.Fatalf("asked for %v, got %v, %v", asked, p.Scopes, err)
		}
		for _, s := range AllScopes() {
			if p.Has(s) != slices.Contains(asked, s) {
				rt.Fatalf("Has(%s) with %v", s, asked)
			}
		}
		p.Scopes[0] = "changed by the caller"
		if again, _ := b.Verify(ctx, tok.AccessToken); again.Scopes[0] == p.Scopes[0] {
			rt.Fatal("a caller can change the token's scopes")
		}
	})
}

// TestStateMachine plays administrators, clients, time and restarts against a
// model of which secrets and tokens hold.
func TestStateMachine(t *testing.T) {
	storetest.SkipUnderRace(t)
	rapid.Check(t, func(rt *rapid.T) {
		db, err := store.Open(ctx, storetest.Options(vfs.NewMem()))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close()
		m := &machine{b: benchOn(t, db, newClock(), generous), t: t}
		rt.Repeat(map[string]func(*rapid.T){
			"create": m.create, "rotate": m.rotate, "revoke client": m.revokeClient,
			"issue": m.issue, "revoke": m.revoke,
			"wait":    func(rt *rapid.T) { m.b.clock.pass(time.Duration(rapid.IntRange(1, 1000).Draw(rt, "s")) * time.Second) },
			"restart": func(*rapid.T) { m.b = benchOn(t, db, m.b.clock, generous) },
			"":        m.check,
		})
		if _, err := db.VerifyAudit(ctx); err != nil {
			rt.Fatal(err)
		}
	})
}

type machine struct {
	b       *bench
	t       *testing.T
	clients []*modelClient
	tokens  []*modelToken
}

type modelClient struct {
	Client
	secrets []string // all there ever were
	revoked bool
}

type modelToken struct {
	text    string
	client  *modelClient
	expires time.Time
	revoked bool
}

func (m *machine) pick(rt *rapid.T) *modelClient {
	if len(m.clients) == 0 {
		rt.Skip("no client yet")
	}
	return rapid.SampledFrom(m.clients).Draw(rt, "client")
}

func (m *machine) create(rt *rapid.T) {
	c, secret := m.b.client(m.t, rapid.SampledFrom([]store.CID{cidA, cidB}).Draw(rt, "cid"))
	m.clients = append(m.clients, &modelClient{Client: c, secrets: []string{secret}})
}

func (m *machine) rotate(rt *rapid.T) {
	c := m.pick(rt)
	secret, err := m.b.RotateSecret(ctx, admin, c.ID)
	if c.revoked != errors.Is(err, mews.ErrNotFound) || !c.revoked && err != nil {
		rt.Fatal(err)
	}
	if err == nil {
		c.secrets = append(c.secrets, secret)
	}
}

func (m *machine) revokeClient(rt *rapid.T) {
	c := m.pick(rt)
	if err := m.b.RevokeClient(ctx, admin, c.ID); c.revoked != errors.Is(err, mews.ErrNotFound) {
		rt.Fatal(err)
	}
	c.revoked = true
	for _, tok := range m.tokens {
		tok.revoked = tok.revoked || tok.client == c
	}
}

func (m *machine) issue(rt *rapid.T) {
	c, from := m.pick(rt), m.pick(rt)
	i := rapid.IntRange(0, len(from.secrets)-1).Draw(rt, "secret")
	holds := c == from && !c.revoked && i >= len(c.secrets)-maxSecrets
	tok, err := m.b.IssueToken(ctx, c.ID, from.secrets[i], "", ip, nil)
	if holds != (err == nil) || err != nil && !errors.Is(err, mews.ErrForbidden) {
		rt.Fatalf("secret holds: %v, answer: %v", holds, err)
	}
	if err == nil {
		m.tokens = append(m.tokens, &modelToken{text: tok.AccessToken, client: c, expires: m.b.clock.now().Add(1799 * time.Second)})
	}
}

func (m *machine) revoke(rt *rapid.T) {
	if len(m.tokens) == 0 {
		rt.Skip("no token yet")
	}
	tok, by := rapid.SampledFrom(m.tokens).Draw(rt, "token"), m.pick(rt)
	if err := m.b.Revoke(ctx, tok.text, by.ID); err != nil {
		rt.Fatal(err)
	}
	tok.revoked = tok.revoked || by == tok.client
}

func (m *machine) check(rt *rapid.T) {
	for _, tok := range m.tokens {
		p, err := m.b.Verify(ctx, tok.text)
		if holds := !tok.revoked && m.b.clock.now().Before(tok.expires); holds != (err == nil) {
			rt.Fatalf("token holds: %v, answer: %v", holds, err)
		}
		if err == nil && (p.CID != tok.client.CID || p.Client != tok.client.ID) {
			rt.Fatalf("token of %s in %s is %s in %s", tok.client.ID, tok.client.CID, p.Client, p.CID)
		}
	}
}

// TestRevocationUnderLoad: once RevokeClient has returned, no token of that
// client is good anywhere, also none that was being issued meanwhile.
func TestRevocationUnderLoad(t *testing.T) {
	b := newBench(t, generous)
	for range 10 {
		c, secret := b.client(t, cidA)
		var mu sync.Mutex
		var toks []string
		var wg sync.WaitGroup
		revoked := make(chan struct{})
		for range 6 {
			wg.Go(func() {
				for late := false; !late; {
					select {
					case <-revoked:
						late = true
					default:
					}
					tok, err := b.IssueToken(ctx, c.ID, secret, "", ip, nil)
					if err != nil {
						if !errors.Is(err, mews.ErrForbidden) {
							t.Error(err)
						}
						continue
					}
					if late {
						t.Error("a token was issued after the revocation")
					}
					mu.Lock()
					toks = append(toks, tok.AccessToken)
					mu.Unlock()
					_, _ = b.Verify(ctx, tok.AccessToken)
				}
			})
		}
		time.Sleep(5 * time.Millisecond)
		if err := b.RevokeClient(ctx, admin, c.ID); err != nil {
			t.Fatal(err)
		}
		mu.Lock()
		for _, tok := range toks {
			b.dead(t, "after the revocation", tok)
		}
		mu.Unlock()
		close(revoked)
		wg.Wait()
		for _, tok := range toks {
			b.dead(t, "in the end", tok)
		}
	}
}

var (
	points = flag.Int("points", 250, "power cuts to try")
	seed   = flag.Uint64("seed", 0, "seed of the power cuts; 0: random")
)

// TestPowerCut: tokens that were handed out hold after a crash, and what was
// revoked stays revoked.
func TestPowerCut(t *testing.T) {
	storetest.CutPower(t, *points, *seed, cutPower)
}

// known is what clients were told: a token holds or was revoked. A revocation
// on its way is neither.
type known map[string]bool

func cutPower(t *testing.T, rng *rand.Rand) (tried int) {
	mem := vfs.NewMem()
	db, err := store.Open(ctx, storetest.Options(mem))
	if err != nil {
		t.Fatal(err)
	}
	b := benchOn(t, db, newClock(), generous)
	c, secret := b.client(t, cidA)
	told := known{}
	type point struct {
		fs   *vfs.Mem
		told known
	}
	var cuts []point
	var mu sync.Mutex
	mem.Hook(func(vfs.Op, string) error {
		mu.Lock()
		defer mu.Unlock()
		if rng.IntN(3) == 0 {
			copied := known{}
			for k, v := range told {
				copied[k] = v
			}
			cuts = append(cuts, point{mem.CrashClone(rng, []int{0, 25, 50, 75, 100}[rng.IntN(5)]), copied})
		}
		return nil
	})
	tell := func(tok string, holds, sure bool) {
		mu.Lock()
		defer mu.Unlock()
		told[tok] = holds
		if !sure {
			delete(told, tok)
		}
	}
	for i := range 20 {
		tok := b.token(t, c, secret)
		tell(tok, true, true)
		if i%2 == 0 {
			tell(tok, true, false)
			if err := b.Revoke(ctx, tok, c.ID); err != nil {
				t.Fatal(err)
			}
			tell(tok, false, true)
		}
	}
	mem.Hook(nil)
	_ = db.Close()
	for _, cut := range cuts {
		after, err := store.Open(ctx, storetest.Options(cut.fs))
		if err != nil {
			t.Fatal(err)
		}
		again := benchOn(t, after, b.clock, generous)
		for tok, holds := range cut.told {
			if _, err := again.Verify(ctx, tok); holds != (err == nil) {
				t.Fatalf("told that the token holds: %v; after the crash: %v", holds, err)
			}
		}
		if err := again.AuthenticateClient(ctx, c.ID, secret, ip); err != nil {
			t.Fatal(err)
		}
		if _, err := after.VerifyAudit(ctx); err != nil {
			t.Fatal(err)
		}
		_ = after.Close()
	}
	return len(cuts)
}

// TestStorageFailures: nothing is handed out that could not be stored, tokens
// that stand keep working, and space that is freed is enough to go on.
func TestStorageFailures(t *testing.T) {
	mem := vfs.NewMem()
	db, err := store.Open(ctx, storetest.Options(mem))
	if err != nil {
		t.Fatal(err)
	}
	b := benchOn(t, db, newClock(), generous)
	c, secret := b.client(t, cidA)
	tok := b.token(t, c, secret)
	mem.Limit(0)
	_, err = b.IssueToken(ctx, c.ID, secret, "", ip, nil)
	want(t, "token on a full disk", err, mews.ErrUnavailable, "storage full: no token or client can be stored or changed")
	if err := b.RevokeClient(ctx, admin, c.ID); !errors.Is(err, mews.ErrUnavailable) {
		t.Errorf("revoke on a full disk: %v", err)
	}
	if err := b.AuthenticateClient(ctx, c.ID, "wrong", ip); !errors.Is(err, mews.ErrForbidden) {
		t.Errorf("wrong secret on a full disk: %v", err)
	}
	b.alive(t, "on a full disk", tok)
	mem.Limit(-1)
	b.alive(t, "with space again", b.token(t, c, secret))

	mem.FailNth(vfs.OpSync, 1, errors.New("disk gone"))
	for range 2 {
		_, err = b.IssueToken(ctx, c.ID, secret, "", ip, nil)
		want(t, "token on a broken disk", err, mews.ErrUnavailable, "storage is not writable; the server has to restart")
	}
	b.alive(t, "on a broken disk", tok)
	_ = db.Close()
}
