package auth

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

func TestLoginsAreAudited(t *testing.T) {
	b := newBench(t, generous)
	c, secret := b.client(t, cidA)
	b.token(t, c, secret, "malquery:read")
	rows := b.trail(t, "login")
	if len(rows) != 1 {
		t.Fatalf("%d rows for a login", len(rows))
	}
	e := rows[0].Entry
	if e.Outcome != "success" || e.Actor.CID != cidA || e.Actor.Client != c.ID || e.Comment != "scopes malquery:read" ||
		!slices.Contains(e.Objects, "ip:"+ip) || !strings.HasPrefix(e.Objects[1], "token:") {
		t.Errorf("%+v", e)
	}
	if rows := b.trail(t, "client.create"); len(rows) != 1 || rows[0].Entry.Actor.Client != admin.Client || rows[0].Entry.Objects[0] != "client:"+c.ID {
		t.Errorf("%+v", rows)
	}
	if n, err := b.db.VerifyAudit(ctx); n != 2 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
}

func TestFailedLoginsAreCountedTogether(t *testing.T) {
	b := newBench(t, generous)
	c, _ := b.client(t, cidA)
	for i := range 500 {
		_ = b.AuthenticateClient(ctx, c.ID, fmt.Sprint(i), ip)
		_ = b.AuthenticateClient(ctx, fmt.Sprint("made-up", i), "x", ip)
	}
	rows := b.trail(t, "login")
	if len(rows) != 2 {
		t.Fatalf("%d rows for a thousand failures of two kinds", len(rows))
	}
	if e := rows[0].Entry; e.Outcome != "failure" || e.Actor.CID != cidA || e.Actor.Client != c.ID || e.Reason != "invalid client" || e.Objects[0] != "ip:"+ip {
		t.Errorf("%+v", e)
	}
	if e := rows[1].Entry; e.Actor.CID != "" || e.Actor.Client != "made-up0" {
		t.Errorf("%+v", e)
	}
	b.clock.pass(2 * time.Minute)
	_ = b.AuthenticateClient(ctx, "made-up", "x", "192.0.2.200")
	var more []string
	for _, r := range b.trail(t, "login") {
		if _, rest, ok := strings.Cut(r.Entry.Reason, "; "); ok {
			more = append(more, rest)
		}
	}
	if len(more) != 2 || more[0] != "499 more since 2026-02-03T04:05:06Z" || more[1] != more[0] {
		t.Errorf("the others are told as %q", more)
	}
	if len(b.failures.open) != 1 {
		t.Errorf("%d kinds are still counted", len(b.failures.open))
	}
}

func TestFailuresAreBounded(t *testing.T) {
	f := newFailures()
	now := time.Unix(1_700_000_000, 0)
	written := 0
	for i := range 2 * maxFailures {
		if f.count(failure{ip: fmt.Sprint(i), reason: "r"}, now) {
			written++
		}
	}
	if len(f.open) > maxFailures+1 || written > maxFailures+1 {
		t.Errorf("%d kinds remembered, %d rows", len(f.open), written)
	}
	if over := f.take(now, true); len(over) != 1 || over[0].more != maxFailures-1 || len(f.open) != 0 {
		t.Errorf("%d tallies, %d kinds left", len(over), len(f.open))
	}
}

// TestRunKeepsHouse: the loop writes what was counted and deletes what expired.
func TestRunKeepsHouse(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		db, err := store.Open(ctx, storetest.Options(vfs.NewMem()))
		if err != nil {
			t.Fatal(err)
		}
		s, err := New(db, Options{Pepper: []byte(pepper)})
		if err != nil {
			t.Fatal(err)
		}
		c, secret, err := s.CreateClient(ctx, admin, ClientSpec{CID: cidA, Scopes: AllScopes()})
		if err != nil {
			t.Fatal(err)
		}
		run, stop := context.WithCancel(ctx)
		done := make(chan error)
		go func() { done <- s.Run(run) }()
		if _, err := s.IssueToken(ctx, c.ID, secret, "", ip, nil); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			_ = s.AuthenticateClient(ctx, c.ID, "wrong", ip)
		}
		failures := func() (n int) {
			rows, err := db.Audit(ctx, 0, 100)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range rows {
				if r.Entry.Outcome == "failure" {
					n++
				}
			}
			return n
		}
		if n := failures(); n != 1 {
			t.Errorf("%d failure rows at once", n)
		}
		time.Sleep(2*time.Minute + time.Second)
		if n := failures(); n != 2 {
			t.Errorf("%d failure rows after two minutes", n)
		}
		time.Sleep(30 * time.Minute)
		var stored int
		err = db.Read(ctx, func(tx *store.Tx) error { return tx.QueryRow(`SELECT count(*) FROM token`).Scan(&stored) })
		s.mu.RLock()
		kept := len(s.tokens)
		s.mu.RUnlock()
		if err != nil || stored != 0 || kept != 0 {
			t.Errorf("%d tokens stored, %d in memory, %v", stored, kept, err)
		}
		for range 2 {
			_ = s.AuthenticateClient(ctx, c.ID, "wrong", ip)
		}
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
		if n := failures(); n != 4 {
			t.Errorf("%d failure rows after the end", n)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
}
