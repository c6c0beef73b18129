package collection_test

import (
	"errors"
	"testing"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
)

// FuzzPage: whatever a client sends is a page of his records, or a mistake that
// is told to him. The database never sees what it does not understand.
func FuzzPage(f *testing.F) {
	for _, seed := range [][3]string{
		{"", "", ""},
		{`hostname:'web*'+created:>='now-7d'`, "web", "hostname|asc"},
		{`(state:'released',state:!['purged'])+!note:null`, "state:purged", "created.desc,severity"},
		{`paths.path:*'*a*b*',paths.size:<=5`, "2026-05-1", "paths.path|desc"},
		{`note:~'it\'s %_[]?*'`, "hostname:web", "ip"},
		{`ip:'10.0.*.1',score:!-1.5,active:true,sha256:['AB']`, `\'"%`, "score.asc"},
		{`nosuch:1`, "nosuch:1", "nosuch"},
		{`note:*'*!%%_\\**'`, "ж 日本", "code"},
	} {
		f.Add(seed[0], seed[1], seed[2])
	}
	db := openFew(f)
	dialects := []*collection.Collection{things(f, collection.SQLite), things(f, collection.Postgres)}
	all := len(fewThings())
	f.Fuzz(func(t *testing.T, filter, q, sort string) {
		for _, c := range dialects { // the other dialect's text is made, if not run
			if _, err := c.Parse(filter, q); err != nil && !isMistake(err) {
				t.Fatalf("%q, %q: %v", filter, q, err)
			}
		}
		err := db.Read(ctx, func(tx *store.Tx) error {
			page, err := dialects[0].Page(tx, collection.Query{Filter: filter, Q: q, Sort: sort, CID: mine, Client: alice})
			if err == nil && (page.Total > all || len(page.IDs) != page.Total) {
				t.Errorf("%q, %q, %q: %+v", filter, q, sort, page)
			}
			return err
		})
		if err != nil && !isMistake(err) {
			t.Fatalf("%q, %q, %q: %v", filter, q, sort, err)
		}
	})
}

func isMistake(err error) bool {
	var e *collection.Error
	return errors.As(err, &e) && e.Message != ""
}
