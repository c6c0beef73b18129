package intel

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/mewshq/mews/internal/store"
)

// A clock gives the markers of one transaction: seconds that never go back, and
// a number that always grows.
type clock struct {
	seconds, rev int64
	used         bool
}

// lastSecond is the last one with ten digits.
const lastSecond = 9_999_999_999

func readClock(tx *store.Tx, cid store.CID, now int64) (c clock, err error) {
	err = tx.QueryRow(`SELECT coalesce(max(rev), 0), coalesce(max(seconds), 0) FROM intel_customer WHERE cid = ?`, string(cid)).
		Scan(&c.rev, &c.seconds)
	if err != nil {
		return c, fmt.Errorf("read the last marker: %w", err)
	}
	c.seconds = min(max(c.seconds, now/1e6, 1_000_000_000), lastSecond)
	return c, nil
}

// next is the marker of a change, and its time.
func (c *clock) next() (marker string, updated int64) {
	c.rev++
	c.used = true
	return fmt.Sprintf("%010d%032x", c.seconds, c.rev), c.seconds * 1e6
}

func (c *clock) save(tx *store.Tx, cid store.CID) error {
	if !c.used {
		return nil
	}
	_, err := tx.Exec(`INSERT INTO intel_customer (cid, rev, seconds) VALUES (?, ?, ?)
		ON CONFLICT (cid) DO UPDATE SET rev = excluded.rev, seconds = excluded.seconds`, string(cid), c.rev, c.seconds)
	if err != nil {
		return fmt.Errorf("write the last marker: %w", err)
	}
	return nil
}

// insert makes the row of a record that is not complete yet, and gives it its
// number.
func (r *record) insert(tx *store.Tx, cid store.CID) error {
	res, err := tx.Exec(`INSERT INTO intel (cid, id, type, indicator, indicator_folded, marker, deleted, confidence, published, updated, added, sources, body)
		VALUES (?,?,?,?,?,?,0,'',0,0,?,'[]','')`,
		string(cid), r.id, r.typ, r.value, strings.ToLower(r.value), "new "+r.id, r.added)
	if err != nil {
		return fmt.Errorf("insert intel indicator: %w", err)
	}
	r.seq, err = res.LastInsertId()
	return err
}

// update writes a record. What it says of itself beside deletion is written only
// when that changed.
func (r *record) update(tx *store.Tx, cid store.CID, before record) error {
	sources, err := json.Marshal(r.sources)
	if err != nil {
		return err
	}
	if r.body == before.body {
		_, err = tx.Exec(`UPDATE intel SET marker = ?, deleted = ?, updated = ?, sources = ? WHERE seq = ? AND cid = ?`,
			r.marker, r.deleted, r.updated, string(sources), r.seq, string(cid))
	} else {
		_, err = tx.Exec(`UPDATE intel SET marker = ?, deleted = ?, updated = ?, sources = ?, confidence = ?, published = ?, body = ? WHERE seq = ? AND cid = ?`,
			r.marker, r.deleted, r.updated, string(sources), r.said.MaliciousConfidence, r.said.PublishedDate*1e6, r.body, r.seq, string(cid))
	}
	if err != nil {
		return fmt.Errorf("update intel indicator: %w", err)
	}
	if r.body == before.body && slices.Equal(r.sources, before.sources) {
		return nil
	}
	return r.index(tx, cid, before.body == "")
}

// index writes what filters look at beside the row.
func (r *record) index(tx *store.Tx, cid store.CID, fresh bool) error {
	if err := r.read(); err != nil {
		return err
	}
	if !fresh {
		for _, table := range []string{"intel_word", "intel_label", "intel_text"} {
			if _, err := tx.Exec(`DELETE FROM `+table+` WHERE record = ? AND cid = ?`, r.seq, string(cid)); err != nil {
				return fmt.Errorf("index intel indicator: %w", err)
			}
		}
	}
	words := r.words()
	var rows []any
	for _, kind := range slices.Sorted(maps.Keys(words)) {
		for _, w := range words[kind] {
			rows = append(rows, r.seq, kind, w, strings.ToLower(w), string(cid))
		}
	}
	err := insertAll(tx, `intel_word (record, kind, word, folded, cid)`, 5, rows)
	if err != nil {
		return err
	}
	rows = nil
	for _, l := range r.said.Labels {
		rows = append(rows, r.seq, l.Name, strings.ToLower(l.Name), l.CreatedOn*1e6, l.LastValidOn*1e6, string(cid))
	}
	if err := insertAll(tx, `intel_label (record, name, folded, created, last_valid, cid)`, 6, rows); err != nil {
		return err
	}
	return insertAll(tx, `intel_text (record, text, cid)`, 3, []any{r.seq, r.text(), string(cid)})
}

// read fills in what the body says, where the record was only read.
func (r *record) read() error {
	if r.said.Type != "" {
		return nil
	}
	if err := json.Unmarshal([]byte(r.body), &r.said); err != nil {
		return fmt.Errorf("read intel indicator %d: %w", r.seq, err)
	}
	return nil
}

// insertAll inserts rows, some at a time.
func insertAll(tx *store.Tx, into string, columns int, values []any) error {
	const most = 16 // rows of a statement
	for some := range slices.Chunk(values, most*columns) {
		row := "(" + store.Marks(columns) + "),"
		text := `INSERT INTO ` + into + ` VALUES ` + strings.TrimSuffix(strings.Repeat(row, len(some)/columns), ",")
		if _, err := tx.Exec(text, some...); err != nil {
			return fmt.Errorf("index intel indicator: %w", err)
		}
	}
	return nil
}
