package store_test

import (
	"context"
	"math/rand/v2"
	"testing"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// A read that is cancelled at any instant must not leave its transaction on the
// connection that the next reader gets.
func TestCancelledReadsLeaveNoTransaction(t *testing.T) {
	db := storetest.New(t)
	count := func(ctx context.Context) error {
		return db.Read(ctx, func(tx *store.Tx) error {
			var n int
			return tx.QueryRow(`SELECT count(*) FROM audit`).Scan(&n)
		})
	}
	for range 5000 {
		ctx, cancel := context.WithCancel(t.Context())
		spin := rand.IntN(20_000)
		go func() {
			for range spin {
				_ = ctx.Err()
			}
			cancel()
		}()
		_ = count(ctx) // either way
		if err := count(t.Context()); err != nil {
			t.Fatal(err)
		}
		cancel()
	}
}
