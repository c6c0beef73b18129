package collection_test

import (
	"slices"
	"testing"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
)

func TestPageOfSimpleRecords(t *testing.T) {
	db := open(t)
	c := things(t, collection.SQLite)
	err := db.Write(ctx, func(tx *store.Tx) error {
		for i, host := range []string{"Web1", "web2", "db1"} {
			_, err := tx.Exec(`INSERT INTO thing (seq, cid, id, state, host, host_folded, note, hash, created, path_low, path_high)
				VALUES (?, ?, ?, 'quarantined', ?, lower(?), '', '', ?, '', '')`, i+1, string(mine), "id"+host, host, host, i)
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	err = db.Read(ctx, func(tx *store.Tx) error {
		page, err := c.Page(tx, collection.Query{Filter: "hostname:'web*'+state:'quarantined'", CID: mine, Client: alice})
		if want := []string{"idweb2", "idWeb1"}; !slices.Equal(page.IDs, want) || page.Total != 2 || page.Next != 2 {
			t.Errorf("%+v, want %v", page, want)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
