package store

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"strconv"
	"strings"
	"unicode/utf8"
)

// ErrAudit: the audit trail was tampered with, or is read with another key.
var ErrAudit = errors.New("audit trail does not verify")

// Bounds of one audit row.
const (
	maxAuditObjects = 100
	maxAuditText    = 4096 // bytes
)

// An AuditEntry says who did what to which objects, and how it went. It must
// hold no secret. Long texts are cut at 4 KiB, lists at 100 with a digest of
// the whole.
type AuditEntry struct {
	Actor   Actor
	Action  string
	Objects []string
	Outcome string // "success" or "failure"
	Reason  string
	Comment string
}

// An AuditRow is an entry as it stands in the trail.
type AuditRow struct {
	Seq         int64
	Time        int64 // unix microseconds
	Entry       AuditEntry
	ObjectCount int
	ObjectHash  string // hex SHA-256 over all objects, when not all are listed
	Prev, Hash  []byte
	objects     string // JSON
}

// A Head is the end of the chain at some instant. Kept outside of the database
// it shows later that nothing before it was cut off.
type Head struct {
	Seq  int64
	Hash [sha256.Size]byte
}

// String is the form in which a head is exported: "seq:hash".
func (h Head) String() string { return fmt.Sprintf("%d:%x", h.Seq, h.Hash) }

// ParseHead reads what String wrote.
func ParseHead(s string) (Head, error) {
	var h Head
	seq, sum, ok := strings.Cut(s, ":")
	n, err := strconv.ParseInt(seq, 10, 64)
	raw, hexErr := hex.DecodeString(sum)
	if !ok || err != nil || hexErr != nil || n < 0 || len(raw) != len(h.Hash) {
		return Head{}, fmt.Errorf("audit head %.100q: want seq:hash", s)
	}
	h.Seq = n
	copy(h.Hash[:], raw)
	return h, nil
}

// A chain is where the trail ends. It is a value, so that a rollback is an
// assignment.
type chain struct {
	head  Head
	saved Head
}

type traceKey struct{}

// WithTrace marks what is done under ctx with the trace id of a call: audit rows
// that name none bear it.
func WithTrace(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, traceKey{}, id)
}

// Audit adds a row to the trail, in this transaction. It is the last word on
// the change: write it with every change and before every download.
func (tx *Tx) Audit(e AuditEntry) error {
	if e.Actor.TraceID == "" {
		e.Actor.TraceID, _ = tx.Context().Value(traceKey{}).(string)
	}
	if tx.write == nil {
		return errReadOnly
	}
	c := tx.db.audit
	row := newAuditRow(e)
	row.Seq, row.Time, row.Prev = c.head.Seq+1, tx.Now().UnixMicro(), c.head.Hash[:]
	head := Head{Seq: row.Seq, Hash: row.sum(tx.db.auditKey)}
	a := row.Entry.Actor
	_, err := tx.Exec(`INSERT INTO audit (seq, time, cid, client, scope, operation, trace_id, action, objects,
		object_count, object_hash, outcome, reason, comment, prev, hash) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)`,
		row.Seq, row.Time, string(a.CID), a.Client, a.Scope, a.Operation, a.TraceID, row.Entry.Action, row.objects,
		row.ObjectCount, row.ObjectHash, row.Entry.Outcome, row.Entry.Reason, row.Entry.Comment, row.Prev, head.Hash[:])
	if err != nil {
		return fmt.Errorf("write audit row: %w", err)
	}
	c.head = head
	return nil
}

// newAuditRow makes every text storable, so that what is hashed is what is read
// back.
func newAuditRow(e AuditEntry) AuditRow {
	a := &e.Actor
	a.CID = CID(clip(string(a.CID)))
	for _, s := range []*string{&a.Client, &a.Scope, &a.Operation, &a.TraceID, &e.Action, &e.Outcome, &e.Reason, &e.Comment} {
		*s = clip(*s)
	}
	row := AuditRow{ObjectCount: len(e.Objects)}
	if len(e.Objects) > maxAuditObjects {
		all := sha256.New()
		for _, o := range e.Objects {
			writeField(all, []byte(o))
		}
		row.ObjectHash = hex.EncodeToString(all.Sum(nil))
		e.Objects = e.Objects[:maxAuditObjects]
	}
	listed := make([]string, len(e.Objects))
	for i, o := range e.Objects {
		listed[i] = clip(o)
	}
	e.Objects = listed
	b, _ := json.Marshal(listed) // strings always encode
	row.Entry, row.objects = e, string(b)
	return row
}

// clip bounds a text and makes it valid UTF-8 without NUL.
func clip(s string) string {
	if len(s) > maxAuditText {
		s = s[:maxAuditText]
		for len(s) > 0 && !utf8.RuneStart(s[len(s)-1]) {
			s = s[:len(s)-1]
		}
		s = s[:max(0, len(s)-1)] + "…"
	}
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}

// sum is the row's link: it covers the link before and every column.
func (r *AuditRow) sum(key []byte) [sha256.Size]byte {
	h := hmac.New(sha256.New, key)
	writeField(h, []byte("audit row v1"))
	writeField(h, r.Prev)
	for _, n := range []int64{r.Seq, r.Time, int64(r.ObjectCount)} {
		writeField(h, binary.BigEndian.AppendUint64(nil, uint64(n)))
	}
	e, a := &r.Entry, &r.Entry.Actor
	for _, s := range []string{
		string(a.CID), a.Client, a.Scope, a.Operation, a.TraceID, e.Action, r.objects, r.ObjectHash,
		e.Outcome, e.Reason, e.Comment,
	} {
		writeField(h, []byte(s))
	}
	return [sha256.Size]byte(h.Sum(nil))
}

// writeField puts the length first, so that no two rows read alike.
func writeField(h hash.Hash, b []byte) {
	h.Write(binary.BigEndian.AppendUint64(nil, uint64(len(b))))
	h.Write(b)
}

// mac binds the head to the key: without it a chain cannot be cut and closed.
func (h Head) mac(key []byte) []byte {
	m := hmac.New(sha256.New, key)
	writeField(m, []byte("audit head v1"))
	writeField(m, binary.BigEndian.AppendUint64(nil, uint64(h.Seq)))
	writeField(m, h.Hash[:])
	return m.Sum(nil)
}

// save writes the head into the transaction that moved it.
func (c *chain) save(ctx context.Context, conn *sql.Conn, key []byte) error {
	if c.head == c.saved {
		return nil
	}
	_, err := conn.ExecContext(ctx, `UPDATE audit_head SET seq = ?, hash = ?, mac = ? WHERE id = 1`,
		c.head.Seq, c.head.Hash[:], c.head.mac(key))
	c.saved = c.head
	return err
}

// loadChain finds the end of the trail, or begins one in a new database.
func loadChain(ctx context.Context, db *sql.DB, key []byte) (*chain, error) {
	var raw, mac []byte
	var h Head
	err := db.QueryRowContext(ctx, `SELECT seq, hash, mac FROM audit_head WHERE id = 1`).Scan(&h.Seq, &raw, &mac)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = db.ExecContext(ctx, `INSERT INTO audit_head (id, seq, hash, mac) VALUES (1, 0, ?, ?)`, h.Hash[:], h.mac(key))
		raw, mac = h.Hash[:], h.mac(key)
	}
	if err != nil {
		return nil, fmt.Errorf("read audit head: %w", err)
	}
	copy(h.Hash[:], raw)
	if len(raw) != len(h.Hash) || !hmac.Equal(mac, h.mac(key)) {
		return nil, fmt.Errorf("%w: its head was changed, or the key is another one", ErrAudit)
	}
	return &chain{head: h, saved: h}, nil
}
