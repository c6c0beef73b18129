package auth

import (
	"database/sql"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// TestCarry: clients, secrets and live tokens work on another database, and what
// was there before does not.
func TestCarry(t *testing.T) {
	from := newBench(t, generous)
	kept, secret := from.client(t, cidA, "devices:read", "ioc:write")
	second, err := from.RotateSecret(ctx, admin, kept.ID)
	must(t, err)
	gone, _ := from.client(t, cidB)
	must(t, from.RevokeClient(ctx, admin, gone.ID))
	token := from.token(t, kept, secret)

	to := benchOn(t, newBench(t, generous).db, from.clock, generous)
	foreign, foreignSecret := to.client(t, cidB)
	foreignToken := to.token(t, foreign, foreignSecret)

	carried, err := from.Carry(ctx)
	must(t, err)
	for _, word := range []string{secret, second, token} {
		if strings.Contains(string(carried), word) {
			t.Error("a secret is carried in clear")
		}
	}
	must(t, to.TakeOver(ctx, carried))

	want, err := from.ListClients(ctx)
	must(t, err)
	got, err := to.ListClients(ctx)
	must(t, err)
	if !reflect.DeepEqual(got, want) || len(got) != 2 {
		t.Errorf("clients:\n%+v, want\n%+v", got, want)
	}
	// The same form again, and after a restart: it is the same.
	must(t, to.TakeOver(ctx, carried))
	for name, s := range map[string]*bench{"at once": to, "after a restart": benchOn(t, to.db, from.clock, generous)} {
		who, err := s.Verify(ctx, token)
		if err != nil || who.Client != kept.ID || who.CID != cidA || !slices.Equal(who.Scopes, kept.Scopes) {
			t.Errorf("%s: the live token is %+v, %v", name, who, err)
		}
		if _, err := s.Verify(ctx, foreignToken); !errors.Is(err, mews.ErrUnauthorized) {
			t.Errorf("%s: a token from before: %v", name, err)
		}
		for _, secret := range []string{secret, second} {
			if _, err := s.IssueToken(ctx, kept.ID, secret, "", ip, nil); err != nil {
				t.Errorf("%s: log in: %v", name, err)
			}
		}
		if _, err := s.IssueToken(ctx, foreign.ID, foreignSecret, "", ip, nil); !errors.Is(err, mews.ErrForbidden) {
			t.Errorf("%s: a client from before logs in: %v", name, err)
		}
	}
	if err := to.TakeOver(ctx, []byte("{")); err == nil {
		t.Error("half a form was taken")
	}
	if _, err := to.Verify(ctx, token); err != nil {
		t.Errorf("after a refusal: %v", err)
	}
}

// TestCarriedTables: a new table of this room is carried too, or the test's
// author has thought about it.
func TestCarriedTables(t *testing.T) {
	var tables []string
	err := newBench(t, generous).db.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(func(rows *sql.Rows) error {
			var name string
			err := rows.Scan(&name)
			tables = append(tables, name)
			return err
		}, `SELECT name FROM sqlite_master WHERE type = 'table' AND (name LIKE 'client%' OR name LIKE 'token%') ORDER BY name`)
	})
	must(t, err)
	if !slices.Equal(tables, carriedTables) {
		t.Errorf("tables %q, carried %q", tables, carriedTables)
	}
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
