package store_test

import (
	"testing"

	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
)

// BenchmarkWrite is an audited write per operation, alone and from 64 callers.
func BenchmarkWrite(b *testing.B) {
	entry := store.AuditEntry{Action: "bench", Objects: []string{"object"}, Outcome: "success"}
	b.Run("alone", func(b *testing.B) {
		db := storetest.New(b)
		for b.Loop() {
			audit(b, db, entry)
		}
	})
	b.Run("64 at a time", func(b *testing.B) {
		db := storetest.New(b)
		b.SetParallelism(32)
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				if err := db.Write(ctx, func(tx *store.Tx) error { return tx.Audit(entry) }); err != nil {
					b.Error(err)
				}
			}
		})
	})
}
