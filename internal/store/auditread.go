package store

import (
	"bytes"
	"context"
	"crypto/hmac"
	"database/sql"
	"encoding/json"
	"fmt"
)

const selectAudit = `SELECT seq, time, cid, client, scope, operation, trace_id, action, objects,
	object_count, object_hash, outcome, reason, comment, prev, hash FROM audit WHERE seq > ? ORDER BY seq LIMIT ?`

// Audit lists rows of the trail after a sequence number, oldest first.
func (db *DB) Audit(ctx context.Context, after int64, limit int) ([]AuditRow, error) {
	var out []AuditRow
	err := db.Read(ctx, func(tx *Tx) error {
		return tx.auditRows(after, limit, func(r *AuditRow) error {
			out = append(out, *r)
			return nil
		})
	})
	return out, err
}

// AuditHead is the end of the chain now, for export.
func (db *DB) AuditHead(ctx context.Context) (Head, error) {
	var h Head
	err := db.Read(ctx, func(tx *Tx) (err error) {
		h, _, err = tx.storedHead()
		return err
	})
	return h, err
}

func (tx *Tx) storedHead() (h Head, mac []byte, err error) {
	var raw []byte
	err = tx.QueryRow(`SELECT seq, hash, mac FROM audit_head WHERE id = 1`).Scan(&h.Seq, &raw, &mac)
	if err != nil {
		return h, nil, fmt.Errorf("read audit head: %w", err)
	}
	if copy(h.Hash[:], raw) != len(raw) || len(raw) != len(h.Hash) {
		return h, nil, fmt.Errorf("%w: head of %d bytes", ErrAudit, len(raw))
	}
	return h, mac, nil
}

// VerifyAudit recomputes the chain from its first row to its head and tells how
// many rows it has. A row deleted, changed, added or moved gives ErrAudit; so
// does a trail that ends before one of the heads exported earlier, or passes it
// by.
func (db *DB) VerifyAudit(ctx context.Context, exported ...Head) (rows int64, err error) {
	want := map[int64]Head{}
	for _, h := range exported {
		if old, ok := want[h.Seq]; ok && old != h {
			return 0, fmt.Errorf("%w: two exported heads differ at row %d", ErrAudit, h.Seq)
		}
		want[h.Seq] = h
	}
	err = db.Read(ctx, func(tx *Tx) error {
		var at Head
		if err := at.passes(want); err != nil {
			return err
		}
		err := tx.auditRows(0, -1, func(r *AuditRow) error {
			if err := at.next(db.auditKey, r); err != nil {
				return err
			}
			rows = at.Seq
			return at.passes(want)
		})
		if err != nil {
			return err
		}
		return tx.verifyEnd(at, want)
	})
	return rows, err
}

// next moves the head over one row.
func (h *Head) next(key []byte, r *AuditRow) error {
	switch sum := r.sum(key); {
	case r.Seq != h.Seq+1:
		return fmt.Errorf("%w: row %d follows row %d", ErrAudit, r.Seq, h.Seq)
	case !bytes.Equal(r.Prev, h.Hash[:]):
		return fmt.Errorf("%w: row %d does not continue row %d", ErrAudit, r.Seq, h.Seq)
	case !hmac.Equal(sum[:], r.Hash):
		return fmt.Errorf("%w: row %d was changed", ErrAudit, r.Seq)
	default:
		*h = Head{Seq: r.Seq, Hash: sum}
		return nil
	}
}

// passes checks an exported head when the chain comes to it.
func (h Head) passes(want map[int64]Head) error {
	if w, ok := want[h.Seq]; ok && w != h {
		return fmt.Errorf("%w: row %d is not the one exported", ErrAudit, h.Seq)
	}
	return nil
}

func (tx *Tx) verifyEnd(at Head, want map[int64]Head) error {
	end, mac, err := tx.storedHead()
	if err != nil {
		return err
	}
	if end != at || !hmac.Equal(mac, end.mac(tx.db.auditKey)) {
		return fmt.Errorf("%w: it ends at row %d, its head says %d", ErrAudit, at.Seq, end.Seq)
	}
	for seq := range want {
		if seq > at.Seq {
			return fmt.Errorf("%w: it ends at row %d, row %d was exported", ErrAudit, at.Seq, seq)
		}
	}
	return nil
}

// auditRows calls fn for each row; the row is reused.
func (tx *Tx) auditRows(after int64, limit int, fn func(*AuditRow) error) error {
	rows, err := tx.Query(selectAudit, after, limit)
	if err != nil {
		return fmt.Errorf("read audit rows: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		r, err := scanAudit(rows)
		if err != nil {
			return fmt.Errorf("read audit row: %w", err)
		}
		if err := fn(r); err != nil {
			return err
		}
	}
	return tx.db.translate(rows.Err())
}

func scanAudit(rows *sql.Rows) (*AuditRow, error) {
	var r AuditRow
	e, a := &r.Entry, &r.Entry.Actor
	err := rows.Scan(&r.Seq, &r.Time, &a.CID, &a.Client, &a.Scope, &a.Operation, &a.TraceID, &e.Action, &r.objects,
		&r.ObjectCount, &r.ObjectHash, &e.Outcome, &e.Reason, &e.Comment, &r.Prev, &r.Hash)
	if err != nil {
		return nil, err
	}
	// A list that does not decode was tampered with; its hash will say so.
	_ = json.Unmarshal([]byte(r.objects), &e.Objects)
	return &r, nil
}
