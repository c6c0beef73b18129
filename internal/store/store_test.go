package store

import (
	"context"
	"path/filepath"
	"testing"
)

func TestSmoke(t *testing.T) {
	db, err := Open(context.Background(), Options{Path: filepath.Join(t.TempDir(), "a ?b.db")})
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		if err := db.Write(context.Background(), func(tx *Tx) error { return tx.Audit(AuditEntry{Action: "x", Objects: []string{"a"}}) }); err != nil {
			t.Fatal(err)
		}
	}
	n, err := db.VerifyAudit(context.Background())
	if err != nil || n != 10 {
		t.Fatal(n, err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}
