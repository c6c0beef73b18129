package sample

import (
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"time"

	"github.com/mewshq/mews/internal/store"
)

// errDamagedRow says that a record does not have the checksum it was written with.
var errDamagedRow = errors.New("sample record is damaged")

// States of a row.
const (
	stored   = 0 // in the corpus
	deleting = 1 // to the user it is gone
	held     = 2 // only records hold it: it can be downloaded, and nothing else knows it
	shown    = 3 // only records hold it, and searches see it
)

// visible tells whether searches and lists know a sample.
func visible(state int) bool { return state == stored || state == shown }

// kept tells whether a sample's bytes are given out.
func kept(state int) bool { return state != deleting }

const columns = `seq, cid, sha256, md5, sha1, size, type, first_seen, uploaded, client,
	label, family, tags, file_name, comment, confidential, crc`

// A row is a record as its columns hold it.
type row struct {
	seq                         int64
	cid                         string
	sha256, md5, sha1           []byte
	size                        int64
	kind                        string
	firstSeen, uploaded         int64
	client, label, family, tags string
	fileName, comment           []byte
	confidential                bool
}

func toRow(r Record) row {
	list := []byte("[]")
	if len(r.Tags) > 0 {
		list, _ = json.Marshal(r.Tags) // strings always encode
	}
	out := row{
		seq: int64(r.Seq), cid: string(r.CID), size: r.Size, kind: r.Type,
		firstSeen: r.FirstSeen.UnixMicro(), uploaded: r.Uploaded.UnixMicro(),
		client: r.Client, label: r.Label, family: r.Family, tags: string(list),
		fileName: append([]byte{}, r.FileName...), comment: append([]byte{}, r.Comment...), confidential: r.Confidential,
	}
	// The hashes were made by this package from bytes.
	out.sha256, _ = hex.DecodeString(r.SHA256)
	out.md5, _ = hex.DecodeString(r.MD5)
	out.sha1, _ = hex.DecodeString(r.SHA1)
	return out
}

func (w *row) record() (Record, error) {
	r := Record{
		Seq: uint64(w.seq), CID: store.CID(w.cid), Size: w.size, Type: w.kind,
		SHA256: hex.EncodeToString(w.sha256), MD5: hex.EncodeToString(w.md5), SHA1: hex.EncodeToString(w.sha1),
		FirstSeen: time.UnixMicro(w.firstSeen).UTC(), Uploaded: time.UnixMicro(w.uploaded).UTC(),
		Client: w.client, Label: w.label, Family: w.family,
		FileName: string(w.fileName), Comment: string(w.comment), Confidential: w.confidential,
	}
	if err := json.Unmarshal([]byte(w.tags), &r.Tags); err != nil {
		return Record{}, fmt.Errorf("%w: tags of %d: %w", errDamagedRow, w.seq, err)
	}
	if len(r.Tags) == 0 {
		r.Tags = nil
	}
	return r, nil
}

// crc covers every column, each with its length, so that no flipped bit of the
// database can shape an answer.
func (w *row) crc() int64 {
	var sum uint32
	table := crc32.MakeTable(crc32.Castagnoli)
	var confidential int64
	if w.confidential {
		confidential = 1
	}
	var number [8]byte
	for _, n := range [...]int64{w.seq, w.size, w.firstSeen, w.uploaded, confidential} {
		binary.BigEndian.PutUint64(number[:], uint64(n))
		sum = crc32.Update(sum, table, number[:])
	}
	for _, b := range [...][]byte{
		[]byte(w.cid), w.sha256, w.md5, w.sha1, []byte(w.kind), []byte(w.client), []byte(w.label),
		[]byte(w.family), []byte(w.tags), w.fileName, w.comment,
	} {
		binary.BigEndian.PutUint32(number[:], uint32(len(b)))
		sum = crc32.Update(crc32.Update(sum, table, number[:4]), table, b)
	}
	return int64(sum)
}

// scanner is an *sql.Row or the current one of *sql.Rows.
type scanner interface{ Scan(dest ...any) error }

func scan(from scanner, more ...any) (Record, error) {
	var w row
	var crc int64
	err := from.Scan(append([]any{
		&w.seq, &w.cid, &w.sha256, &w.md5, &w.sha1, &w.size, &w.kind, &w.firstSeen, &w.uploaded, &w.client,
		&w.label, &w.family, &w.tags, &w.fileName, &w.comment, &w.confidential, &crc,
	}, more...)...)
	if err != nil {
		return Record{}, err
	}
	if crc != w.crc() {
		return Record{}, fmt.Errorf("%w: number %d", errDamagedRow, w.seq)
	}
	return w.record()
}

// find gives the record of a sample in any state; ok is false when there is none.
func find(tx *store.Tx, cid store.CID, sum [32]byte) (r Record, state int, ok bool, err error) {
	r, err = scan(tx.QueryRow(`SELECT `+columns+`, state FROM sample WHERE cid = ? AND sha256 = ?`, string(cid), sum[:]), &state)
	if errors.Is(err, sql.ErrNoRows) {
		return Record{}, 0, false, nil
	}
	return r, state, err == nil, err
}

// Conditions of list, but for the values. The plus keeps SQLite from walking
// through all of a customer's samples, which it would prefer to looking up a few
// dozen numbers.
const (
	bySHA256 = "cid = ? AND sha256"
	bySeq    = "+cid = ? AND seq"
)

func listQuery(where string, n int) string {
	return `SELECT ` + columns + ` FROM sample WHERE state IN (0, 3) AND ` + where + ` IN (` + store.Marks(n) + `)`
}

// list gives those of a customer's records that are named and visible.
func list(tx *store.Tx, cid store.CID, where string, args ...any) ([]Record, error) {
	return records(tx, listQuery(where, len(args)), append([]any{string(cid)}, args...)...)
}

func records(tx *store.Tx, query string, args ...any) (out []Record, err error) {
	err = tx.Each(func(rows *sql.Rows) error {
		r, err := scan(rows)
		out = append(out, r)
		return err
	}, query, args...)
	return out, err
}

// insert gives the record the next number, unless the same bytes of the customer
// have a row already: then nothing changes and ok is false. The checksum covers
// the number, so the number is asked for first; there is one writer.
func insert(tx *store.Tx, r *Record, state int) (ok bool, err error) {
	w := toRow(*r)
	err = tx.QueryRow(`SELECT seq FROM sqlite_sequence WHERE name = 'sample'`).Scan(&w.seq)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return false, err
	}
	w.seq++
	res, err := tx.Exec(`INSERT INTO sample (`+columns+`, state) VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?,?)
		ON CONFLICT (cid, sha256) DO NOTHING`,
		w.seq, w.cid, w.sha256, w.md5, w.sha1, w.size, w.kind, w.firstSeen, w.uploaded, w.client,
		w.label, w.family, w.tags, w.fileName, w.comment, w.confidential, w.crc(), state)
	if err != nil {
		return false, err
	}
	n, err := res.RowsAffected()
	if n == 0 || err != nil {
		return false, err
	}
	r.Seq = uint64(w.seq)
	return true, nil
}

// update writes what may change of a record.
func update(tx *store.Tx, r Record) error {
	w := toRow(r)
	_, err := tx.Exec(`UPDATE sample SET first_seen = ?, label = ?, family = ?, tags = ?, file_name = ?, comment = ?,
		confidential = ?, crc = ? WHERE seq = ? AND cid = ?`,
		w.firstSeen, w.label, w.family, w.tags, w.fileName, w.comment, w.confidential, w.crc(), w.seq, w.cid)
	return err
}

func setState(tx *store.Tx, r Record, state int) error {
	_, err := tx.Exec(`UPDATE sample SET state = ? WHERE seq = ? AND cid = ?`, state, int64(r.Seq), string(r.CID))
	return err
}

func remove(tx *store.Tx, r Record) error {
	_, err := tx.Exec(`DELETE FROM sample WHERE seq = ? AND cid = ?`, int64(r.Seq), string(r.CID))
	return err
}
