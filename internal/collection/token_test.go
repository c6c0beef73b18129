package collection_test

import (
	"encoding/base64"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// page asks in a transaction of its own.
func page(t testing.TB, db *store.DB, c *collection.Collection, q collection.Query) (p collection.Page, err error) {
	t.Helper()
	_ = db.Read(ctx, func(tx *store.Tx) error {
		p, err = c.Page(tx, q)
		return nil
	})
	return p, err
}

// mistake wants an Error that holds a text.
func mistake(t *testing.T, what string, err error, part string) {
	t.Helper()
	if _, ok := errors.AsType[*collection.Error](err); !ok || !strings.Contains(err.Error(), part) {
		t.Errorf("%s: got %v, want a mistake with %q", what, err, part)
	}
}

// TestTokensServeOneQuery: a token opens the next page for the client who got
// it, with the query for which it was made, for an hour, and nothing else.
func TestTokensServeOneQuery(t *testing.T) {
	db, c := openFew(t), things(t, collection.SQLite)
	q := collection.Query{Filter: "severity:null,severity:>0", Q: "", Sort: "hostname", Limit: 2, CID: mine, Client: alice}
	first, err := page(t, db, c, q)
	if err != nil || first.After == "" {
		t.Fatalf("%+v, %v", first, err)
	}
	q.After = first.After
	second, err := page(t, db, c, q)
	if err != nil || slices.Equal(second.IDs, first.IDs) || second.Next != 4 || second.Total != first.Total {
		t.Fatalf("%+v, %v", second, err)
	}
	const refusal = "invalid or expired pagination token"
	for what, change := range map[string]func(*collection.Query){
		"other customer": func(q *collection.Query) { q.CID = theirs },
		"other client":   func(q *collection.Query) { q.Client = "bob" },
		"other filter":   func(q *collection.Query) { q.Filter += " " },
		"no filter":      func(q *collection.Query) { q.Filter = "" },
		"other q":        func(q *collection.Query) { q.Q = "web" },
		"filter as q":    func(q *collection.Query) { q.Filter, q.Q = q.Filter[:20], q.Filter[20:] },
		"other order":    func(q *collection.Query) { q.Sort = "hostname|desc" },
		"more keys":      func(q *collection.Query) { q.Sort = "hostname,created" },
		"default sort":   func(q *collection.Query) { q.Sort = "" },
		"cut":            func(q *collection.Query) { q.After = q.After[:len(q.After)-1] },
		"longer":         func(q *collection.Query) { q.After += "A" },
		"padded":         func(q *collection.Query) { q.After += "=" },
		"spaced":         func(q *collection.Query) { q.After = q.After[:9] + "\n" + q.After[9:] },
		"empty":          func(q *collection.Query) { q.After = base64.RawURLEncoding.EncodeToString(nil) + "AA" },
		"no base64":      func(q *collection.Query) { q.After = "?" },
		"a megabyte":     func(q *collection.Query) { q.After = strings.Repeat("A", 1<<20) },
	} {
		changed := q
		change(&changed)
		if what == "filter as q" {
			changed.Filter = "*"
		}
		_, err := page(t, db, c, changed)
		mistake(t, what, err, refusal)
	}
	both := q
	both.Offset = 2
	_, err = page(t, db, c, both)
	mistake(t, "offset and token", err, "offset or by after")
	// What says the same is the same: the sort is compared by meaning, and the
	// limit may change.
	same := q
	same.Sort, same.Limit = "device.hostname.ASC", 1
	if p, err := page(t, db, c, same); err != nil || !slices.Equal(p.IDs, second.IDs[:1]) {
		t.Errorf("%+v, %v", p, err)
	}
}

// TestTamperedTokens flips every bit of a token.
func TestTamperedTokens(t *testing.T) {
	db, c := openFew(t), things(t, collection.SQLite)
	q := collection.Query{Limit: 2, CID: mine, Client: alice}
	first, err := page(t, db, c, q)
	if err != nil {
		t.Fatal(err)
	}
	raw, err := base64.RawURLEncoding.DecodeString(first.After)
	if err != nil {
		t.Fatal(err)
	}
	for i := range len(raw) * 8 {
		flipped := slices.Clone(raw)
		flipped[i/8] ^= 1 << (i % 8)
		q.After = base64.RawURLEncoding.EncodeToString(flipped)
		if _, err := page(t, db, c, q); err == nil {
			t.Fatalf("bit %d flipped: taken", i)
		}
	}
}

// TestTokensAge: a token is good until its hour is over, and of no use to a
// server with another key.
func TestTokensAge(t *testing.T) {
	db := openFew(t)
	now := clock()
	with := func(key string) *collection.Collection {
		c, err := collection.New(schema(), collection.SQLite, collection.Options{TokenKey: []byte(key), Now: func() time.Time { return now }})
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	c := with(storetest.Key)
	q := collection.Query{Limit: 2, CID: mine, Client: alice}
	first, err := page(t, db, c, q)
	if err != nil {
		t.Fatal(err)
	}
	q.After = first.After
	now = clock().Add(time.Hour - time.Second)
	if _, err := page(t, db, c, q); err != nil {
		t.Errorf("within its hour: %v", err)
	}
	_, err = page(t, db, with(strings.Repeat("x", 32)), q)
	mistake(t, "another key", err, "invalid or expired")
	now = clock().Add(time.Hour)
	_, err = page(t, db, c, q)
	mistake(t, "after its hour", err, "invalid or expired")
}

// TestTokenLife: tokens end when their page says, and the last page has none.
func TestTokenLife(t *testing.T) {
	db := openFew(t)
	now := clock()
	c, err := collection.New(schema(), collection.SQLite, collection.Options{
		TokenKey: []byte(storetest.Key), TokenLife: 2 * time.Minute, Now: func() time.Time { return now },
	})
	if err != nil {
		t.Fatal(err)
	}
	q := collection.Query{Limit: 2, CID: mine, Client: alice}
	first, err := page(t, db, c, q)
	if err != nil || first.Expires != now.Add(2*time.Minute).Unix() {
		t.Fatalf("the token ends at %d (%v)", first.Expires, err)
	}
	q.After = first.After
	now = time.Unix(first.Expires, 0)
	_, err = page(t, db, c, q)
	mistake(t, "when it ends", err, "invalid or expired")
	all, err := page(t, db, c, collection.Query{Limit: 50, CID: mine, Client: alice})
	if err != nil || all.After != "" || all.Expires != 0 {
		t.Errorf("the last page has the token %q until %d (%v)", all.After, all.Expires, err)
	}
}
