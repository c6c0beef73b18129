package auth

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

func TestTokenOfAClient(t *testing.T) {
	b := newBench(t, generous)
	c, secret := b.client(t, cidA, "malquery:write", "malquery:read")
	if len(secret) < 40 || len(c.ID) != 32 || c.Secrets != 1 {
		t.Errorf("client %+v with a secret of %d characters", c, len(secret))
	}
	tok, err := b.IssueToken(ctx, c.ID, secret, "", ip, nil)
	if err != nil || tok.ExpiresIn != 1799 || len(tok.AccessToken) != 43 {
		t.Fatalf("%+v, %v", tok, err)
	}
	p := b.alive(t, "new token", tok.AccessToken)
	if p.CID != cidA || p.Client != c.ID || !slices.Equal(p.Scopes, []string{"malquery:read", "malquery:write"}) {
		t.Errorf("principal %+v", p)
	}
	if !p.Has("malquery:read") || p.Has("ioc:read") || p.Has("") {
		t.Error("scopes of the principal")
	}
	b.clock.pass(1798 * time.Second)
	b.alive(t, "just before its end", tok.AccessToken)
	b.clock.pass(time.Second)
	b.dead(t, "at its end", tok.AccessToken)
}

func TestRefusals(t *testing.T) {
	b := newBench(t, generous)
	c, secret := b.client(t, cidA, "malquery:read")
	gone, goneSecret := b.client(t, cidA)
	if err := b.RevokeClient(ctx, admin, gone.ID); err != nil {
		t.Fatal(err)
	}
	const missing = "could not generate a token: client_id and client_secret are required"
	const invalid = "access denied, invalid client"
	for _, tc := range []struct {
		name, id, secret, member string
		scopes                   []string
		kind                     error
		text                     string
	}{
		{"no id", "", secret, "", nil, mews.ErrInvalid, missing},
		{"no secret", c.ID, "", "", nil, mews.ErrInvalid, missing},
		{"unknown client", strings.Repeat("0", 32), secret, "", nil, mews.ErrForbidden, invalid},
		{"huge id", strings.Repeat("x", 1<<20), secret, "", nil, mews.ErrForbidden, invalid},
		{"wrong secret", c.ID, secret[1:] + "x", "", nil, mews.ErrForbidden, invalid},
		{"half a secret", c.ID, secret[:20], "", nil, mews.ErrForbidden, invalid},
		{"huge secret", c.ID, secret + strings.Repeat("x", 1<<20), "", nil, mews.ErrForbidden, invalid},
		{"other client's secret", gone.ID, secret, "", nil, mews.ErrForbidden, invalid},
		{"revoked client", gone.ID, goneSecret, "", nil, mews.ErrForbidden, invalid},
		{"id in upper case", strings.ToUpper(c.ID), secret, "", nil, mews.ErrForbidden, invalid},
		{"foreign member_cid", c.ID, secret, string(cidB), nil, mews.ErrForbidden, "access denied, invalid member_cid"},
		{"no cid", c.ID, secret, "all", nil, mews.ErrForbidden, "access denied, invalid member_cid"},
		{"scope it lacks", c.ID, secret, "", []string{"malquery:read", "malquery:write"}, mews.ErrInvalid, `invalid_scope: the client does not have "malquery:write"`},
		{"unknown scope", c.ID, secret, "", []string{"*"}, mews.ErrInvalid, `invalid_scope: the client does not have "*"`},
	} {
		tok, err := b.IssueToken(ctx, tc.id, tc.secret, tc.member, ip, tc.scopes)
		want(t, tc.name, err, tc.kind, tc.text)
		if tok.AccessToken != "" {
			t.Errorf("%s: got a token", tc.name)
		}
	}
	for name, bearer := range map[string]string{
		"none": "", "literal None": "None", "too long": strings.Repeat("a", 1<<20), "well formed": strings.Repeat("a", 43),
		"not base64": strings.Repeat("!", 43), "the secret": secret,
	} {
		b.dead(t, name, bearer)
	}
	for _, member := range []string{string(cidA), strings.ToUpper(string(cidA)), strings.ToUpper(string(cidA)) + "-7F"} {
		if _, err := b.IssueToken(ctx, c.ID, secret, member, ip, []string{"malquery:read", "malquery:read"}); err != nil {
			t.Errorf("own member_cid %s: %v", member, err)
		}
	}
}

func TestNewClientsAreChecked(t *testing.T) {
	b := newBench(t, generous)
	for name, spec := range map[string]ClientSpec{
		"no cid":              {Scopes: AllScopes()},
		"short cid":           {CID: "abc", Scopes: AllScopes()},
		"cid with path":       {CID: "../../../../../../../../../../etc", Scopes: AllScopes()},
		"no scope":            {CID: cidA},
		"unknown scope":       {CID: cidA, Scopes: []string{"malquery:read", "malquery:admin"}},
		"wildcard":            {CID: cidA, Scopes: []string{"*"}},
		"two in one":          {CID: cidA, Scopes: []string{"malquery:read malquery:write"}},
		"long name":           {CID: cidA, Scopes: AllScopes(), Name: strings.Repeat("n", 129)},
		"id of words":         {CID: cidA, Scopes: AllScopes(), ID: "the client of the build server.."},
		"id in capitals":      {CID: cidA, Scopes: AllScopes(), ID: "00112233445566778899AABBCCDDEEFF"},
		"short secret":        {CID: cidA, Scopes: AllScopes(), Secret: "hunter2"},
		"secret of odd bytes": {CID: cidA, Scopes: AllScopes(), Secret: "0123456789abcde\xff"},
	} {
		if _, secret, err := b.CreateClient(ctx, admin, spec); err == nil || secret != "" {
			t.Errorf("%s: created", name)
		}
	}
	list, err := b.ListClients(ctx)
	if err != nil || len(list) != 0 {
		t.Errorf("refused clients are listed: %v, %v", list, err)
	}
	if !slices.IsSorted(AllScopes()) {
		t.Error("AllScopes is not sorted")
	}
	if _, err := New(b.db, Options{Pepper: []byte("short")}); err == nil {
		t.Error("a short pepper was taken")
	}
}

// TestKnownClient: a client whose id and secret were not drawn is one like any
// other.
func TestKnownClient(t *testing.T) {
	b := newBench(t, generous)
	spec := ClientSpec{CID: cidA, Scopes: AllScopes(), ID: "00112233445566778899aabbccddeeff", Secret: "a secret of the build server"}
	c, secret, err := b.CreateClient(ctx, admin, spec)
	if err != nil || c.ID != spec.ID || secret != spec.Secret {
		t.Fatalf("got %s %q %v", c.ID, secret, err)
	}
	if err := b.AuthenticateClient(ctx, spec.ID, spec.Secret, ip); err != nil {
		t.Error(err)
	}
	if err := b.AuthenticateClient(ctx, spec.ID, spec.Secret+" ", ip); err == nil {
		t.Error("another secret was taken")
	}
}

func TestRotation(t *testing.T) {
	b := newBench(t, generous)
	c, first := b.client(t, cidA)
	secrets := []string{first}
	for range 3 {
		next, err := b.RotateSecret(ctx, admin, c.ID)
		if err != nil {
			t.Fatal(err)
		}
		secrets = append(secrets, next)
		for i, s := range secrets {
			err := b.AuthenticateClient(ctx, c.ID, s, ip)
			if stands := i >= len(secrets)-2; stands != (err == nil) {
				t.Errorf("secret %d of %d: %v", i+1, len(secrets), err)
			}
		}
	}
	tok := b.token(t, c, secrets[2])
	list, err := b.ListClients(ctx)
	if err != nil || len(list) != 1 || list[0].Secrets != 2 || !list[0].Revoked.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
	if err := b.RevokeClient(ctx, admin, c.ID); err != nil {
		t.Fatal(err)
	}
	b.dead(t, "token of a revoked client", tok)
	for _, s := range secrets {
		want(t, "revoked client", b.AuthenticateClient(ctx, c.ID, s, ip), mews.ErrForbidden, "access denied, invalid client")
	}
	_, err = b.RotateSecret(ctx, admin, c.ID)
	want(t, "rotate a revoked client", err, mews.ErrNotFound, fmt.Sprintf("no active client %q", c.ID))
	want(t, "revoke twice", b.RevokeClient(ctx, admin, c.ID), mews.ErrNotFound, fmt.Sprintf("no active client %q", c.ID))
	list, err = b.ListClients(ctx)
	if err != nil || len(list) != 1 || list[0].Secrets != 0 || list[0].Revoked.IsZero() {
		t.Errorf("%+v, %v", list, err)
	}
	if n := len(b.trail(t, "client.rotate")); n != 3 {
		t.Errorf("%d audit rows for 3 rotations", n)
	}
}

func TestRevoke(t *testing.T) {
	b := newBench(t, generous)
	c, secret := b.client(t, cidA)
	other, _ := b.client(t, cidA)
	tok, keep := b.token(t, c, secret), b.token(t, c, secret)
	for _, bad := range []string{"None", "", strings.Repeat("a", 43)} {
		if err := b.Revoke(ctx, bad, c.ID); err != nil {
			t.Errorf("revoking %q: %v", bad, err)
		}
	}
	if err := b.Revoke(ctx, tok, other.ID); err != nil {
		t.Errorf("revoking a foreign token: %v", err)
	}
	b.alive(t, "after another client's revoke", tok)
	for range 2 {
		if err := b.Revoke(ctx, tok, c.ID); err != nil {
			t.Error(err)
		}
		b.dead(t, "revoked", tok)
	}
	b.alive(t, "the other token", keep)
	if n := len(b.trail(t, "token.revoke")); n != 1 {
		t.Errorf("%d audit rows for one revocation", n)
	}
	// None of it is forgotten by a restart.
	again := benchOn(t, b.db, b.clock, generous)
	again.dead(t, "revoked, after a restart", tok)
	if p := again.alive(t, "the other token, after a restart", keep); p.CID != cidA || len(p.Scopes) != len(AllScopes()) {
		t.Errorf("principal after a restart: %+v", p)
	}
	b.clock.pass(time.Hour)
	if n := benchOn(t, b.db, b.clock, generous); len(n.tokens) != 0 {
		t.Error("expired tokens were loaded")
	}
}

func TestClockPutBackDoesNotProlong(t *testing.T) {
	b := newBench(t, generous)
	c, secret := b.client(t, cidA)
	tok := b.token(t, c, secret)
	b.clock.pass(-24 * time.Hour)
	again := benchOn(t, b.db, b.clock, generous)
	again.alive(t, "after the jump", tok)
	b.clock.pass(1800 * time.Second)
	again.dead(t, "a lifetime after the restart", tok)
}

func TestOldestTokenGivesWay(t *testing.T) {
	b := newBench(t, Limits{TokensPerClient: 1000, AliveTokens: 5})
	c, secret := b.client(t, cidA)
	other, otherSecret := b.client(t, cidA)
	foreign := b.token(t, other, otherSecret)
	var toks []string
	for range 8 {
		toks = append(toks, b.token(t, c, secret))
		b.clock.pass(time.Second)
	}
	for i, tok := range toks {
		if i < 3 {
			b.dead(t, "one of too many", tok)
		} else {
			b.alive(t, "one of the last five", tok)
		}
	}
	b.alive(t, "another client's", foreign)
}

func TestSecretsAreNowhere(t *testing.T) {
	dir := t.TempDir()
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	db := storetest.New(t, func(o *store.Options) { o.Path = filepath.Join(dir, "mews.db"); o.Log = logger })
	s, err := New(db, Options{Pepper: []byte(pepper), Log: logger})
	if err != nil {
		t.Fatal(err)
	}
	c, secret, err := s.CreateClient(ctx, admin, ClientSpec{Name: "n", CID: cidA, Scopes: AllScopes()})
	if err != nil {
		t.Fatal(err)
	}
	second, err := s.RotateSecret(ctx, admin, c.ID)
	if err != nil {
		t.Fatal(err)
	}
	tok, err := s.IssueToken(ctx, c.ID, second, "", ip, nil)
	if err != nil {
		t.Fatal(err)
	}
	const guess = "canary-guess-0123456789abcdef0123456789"
	var texts []string
	for _, id := range []string{c.ID, "nobody"} {
		_, err := s.IssueToken(ctx, id, guess, "", ip, nil)
		texts = append(texts, err.Error())
	}
	_, err = s.Verify(ctx, guess)
	texts = append(texts, err.Error())
	_, err = s.IssueToken(ctx, c.ID, second, guess, ip, []string{"malquery:read"})
	texts = append(texts, err.Error())
	if err := s.Revoke(ctx, tok.AccessToken, c.ID); err != nil {
		t.Fatal(err)
	}
	canaries := map[string]string{"secret": secret, "second secret": second, "token": tok.AccessToken, "guess": guess, "pepper": pepper}
	places := map[string][]byte{"log": log.Bytes(), "error texts": []byte(strings.Join(texts, "\n"))}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	found := false
	for _, f := range files {
		b, err := os.ReadFile(filepath.Join(dir, f.Name()))
		if err != nil {
			t.Fatal(err)
		}
		places[f.Name()] = b
		found = found || bytes.Contains(b, []byte(c.ID))
	}
	if !found {
		t.Fatal("the client's id is in no file: this test looks in the wrong place")
	}
	for place, content := range places {
		for name, canary := range canaries {
			raw, _ := base64.RawURLEncoding.DecodeString(canary)
			for _, form := range []string{
				canary, canary[:20], hex.EncodeToString([]byte(canary)), base64.StdEncoding.EncodeToString([]byte(canary)), string(raw),
			} {
				if len(form) >= 16 && bytes.Contains(content, []byte(form)) {
					t.Errorf("the %s stands in %s", name, place)
				}
			}
		}
	}
}

// The work of a login must tell nothing about the client.
func TestEveryGuessCostsTheSame(t *testing.T) {
	b := newBench(t, generous)
	c, _ := b.client(t, cidA)
	rotated, _ := b.client(t, cidA)
	gone, _ := b.client(t, cidA)
	if _, err := b.RotateSecret(ctx, admin, rotated.ID); err != nil {
		t.Fatal(err)
	}
	if err := b.RevokeClient(ctx, admin, gone.ID); err != nil {
		t.Fatal(err)
	}
	var texts []string
	for _, id := range []string{c.ID, rotated.ID, gone.ID, strings.Repeat("0", 32), "x", strings.Repeat("y", 9999)} {
		before := b.hashes.Load()
		_, err := b.IssueToken(ctx, id, "wrong", "", ip, nil)
		texts = append(texts, err.Error())
		if n := b.hashes.Load() - before; n != 1 {
			t.Errorf("client %.40s: %d slow hashes", id, n)
		}
	}
	if distinct := slices.Compact(slices.Clone(texts)); len(distinct) != 1 {
		t.Errorf("answers differ: %q", distinct)
	}
}

func TestSlowHash(t *testing.T) {
	a := slowHash([]byte("secret"), []byte("0123456789abcdef"))
	// Pinned: with other costs no stored secret would match any more.
	if got := hex.EncodeToString(a); got != "f2a3e96968a0d07df5c2f89b280829821b76472d8cf2bb51418b59f77a2832eb" {
		t.Errorf("hash is %s", got)
	}
	if bytes.Equal(a, slowHash([]byte("secret"), []byte("0123456789abcdeg"))) || bytes.Equal(a, slowHash([]byte("secreu"), []byte("0123456789abcdef"))) {
		t.Error("hash does not depend on its input")
	}
}

func TestAtMostFourHashesAtATime(t *testing.T) {
	b := newBench(t, generous)
	var now, most atomic.Int64
	quick := b.hash
	b.hash = func(p, salt []byte) []byte {
		if n := now.Add(1); n > most.Load() {
			most.Store(n)
		}
		defer now.Add(-1)
		time.Sleep(time.Millisecond)
		return quick(p, salt)
	}
	var wg sync.WaitGroup
	for range 40 {
		wg.Go(func() { _ = b.AuthenticateClient(ctx, "nobody", "x", ip) })
	}
	wg.Wait()
	if n := most.Load(); n != 4 {
		t.Errorf("%d hashes at a time, want 4", n)
	}
}
