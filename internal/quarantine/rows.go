package quarantine

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// A record is a row of the table with its children.
type record struct {
	seq        int64
	cid        store.CID
	aid        string
	sha256     string
	state      string
	pathState  string
	pathReason int32
	change     int64 // that set the state
	changed    int64 // when; of the change
	held       bool  // it holds the bytes
	created    int64
	updated    int64
	reported   int64
	facts
}

func (r *record) id() string { return recordID(r.aid, r.sha256) }

const factColumns = `hostname, username, removable_path, sandbox_id, sandbox_state, adversary, country,
	extracted, primary_module, removable, max_severity, max_confidence, first_behavior, last_behavior`

const selectRecords = `SELECT quarantine.seq, quarantine.cid, aid, sha256, state, path_state, path_reason, change, c.time, held,
	created, updated, reported, ` + factColumns + `
	FROM quarantine JOIN quarantine_change c ON c.seq = quarantine.change `

func scanRecord(rows *sql.Rows) (r record, err error) {
	f := &r.facts
	err = rows.Scan(&r.seq, &r.cid, &r.aid, &r.sha256, &r.state, &r.pathState, &r.pathReason, &r.change, &r.changed,
		&r.held, &r.created, &r.updated, &r.reported, &f.hostname, &f.username, &f.removablePath, &f.sandboxID, &f.sandboxState,
		&f.adversary, &f.country, &f.extracted, &f.primaryModule, &f.removable, &f.maxSeverity, &f.maxConfidence,
		&f.firstBehavior, &f.lastBehavior)
	return r, err
}

// loadIDs gives the records of those ids that the customer has, in no order.
func loadIDs(tx *store.Tx, cid store.CID, ids ...string) ([]record, error) {
	var out []record
	err := tx.Each(func(rows *sql.Rows) error {
		r, err := scanRecord(rows)
		out = append(out, r)
		return err
	}, selectRecords+`WHERE quarantine.cid = ? AND id IN `+store.Listed, string(cid), store.List(ids))
	if err == nil {
		err = loadChildren(tx, cid, out)
	}
	if err != nil {
		return nil, fmt.Errorf("read records: %w", err)
	}
	return out, nil
}

// maxLists bounds the lists of all records of one answer, in bytes of text: hosts
// decide how long they are, and whoever reads many records must not fill the
// server's memory.
const maxLists = 32 << 20

// errLists is the cause of an answer that would be beyond maxLists.
var errLists = errors.New("the lists of the records are too long")

// loadChildren fills in the lists of records.
func loadChildren(tx *store.Tx, cid store.CID, records []record) error {
	room := maxLists
	fits := func(texts ...string) error {
		for _, t := range texts {
			room -= len(t)
		}
		if room < 0 {
			return mews.Errorf(mews.ErrInvalid, "these %d records hold more than %d MiB; ask for fewer at a time", len(records), maxLists>>20).WithCause(errLists)
		}
		return nil
	}
	at := make(map[int64]*record, len(records))
	seqs := make([]int64, len(records))
	for i := range records {
		at[records[i].seq], seqs[i] = &records[i], records[i].seq
	}
	if len(seqs) == 0 {
		return nil
	}
	children := func(columns, table, order string, fn func(rows *sql.Rows) error) error {
		return tx.Each(fn, `SELECT record, `+columns+` FROM `+table+
			` WHERE +cid = ? AND record IN `+store.Listed+` ORDER BY record, `+order, string(cid), store.List(seqs))
	}
	var seq int64
	err := children("path, filename", "quarantine_path", "place", func(rows *sql.Rows) error {
		var p place
		err := rows.Scan(&seq, &p.path, &p.filename)
		at[seq].paths = append(at[seq].paths, p)
		return errors.Join(err, fits(p.path, p.filename))
	})
	if err != nil {
		return err
	}
	err = children("behavior, ioc_type, ioc_value, tree_root_hash", "quarantine_behavior", "place", func(rows *sql.Rows) error {
		var b behavior
		err := rows.Scan(&seq, &b.id, &b.iocType, &b.iocValue, &b.rootHash)
		at[seq].behaviors = append(at[seq].behaviors, b)
		return errors.Join(err, fits(b.id, b.iocType, b.iocValue, b.rootHash))
	})
	if err != nil {
		return err
	}
	word := func(to func(*record) *[]string) func(*sql.Rows) error {
		return func(rows *sql.Rows) error {
			var w string
			err := rows.Scan(&seq, &w)
			l := to(at[seq])
			*l = append(*l, w)
			return errors.Join(err, fits(w))
		}
	}
	err = children("detect", "quarantine_detect", "detect", word(func(r *record) *[]string { return &r.detects }))
	if err != nil {
		return err
	}
	return children("alert", "quarantine_alert", "alert", word(func(r *record) *[]string { return &r.alerts }))
}

// columns of a record that reports can set, in the order of values.
const reportColumns = factColumns + `, state, path_state, path_reason, change, held, updated, reported,
	hostname_folded, username_folded, country_folded, path_low, path_high`

func values(r *record) []any {
	f := &r.facts
	low, high := f.span()
	return []any{
		f.hostname, f.username, f.removablePath, f.sandboxID, f.sandboxState, f.adversary, f.country,
		f.extracted, f.primaryModule, f.removable, f.maxSeverity, f.maxConfidence, f.firstBehavior, f.lastBehavior,
		r.state, r.pathState, r.pathReason, r.change, r.held, r.updated, r.reported,
		fold(f.hostname), fold(f.username), fold(f.country), low, high,
	}
}

// fold is the form in which text is compared when case does not matter.
func fold(s string) string { return strings.ToLower(s) }

// span gives the least and the greatest path, for sorting.
func (f *facts) span() (low, high string) {
	for _, p := range f.paths {
		path := fold(p.path)
		if path == "" {
			continue
		}
		if low == "" || path < low {
			low = path
		}
		high = max(high, path)
	}
	return low, high
}

// words are what phrases are looked for in.
func (s *Service) words(r *record) string {
	paths := make([]string, len(r.paths))
	for i, p := range r.paths {
		paths[i] = p.path
	}
	return s.records.Words(map[string][]string{
		"sha256": {r.sha256}, "hostname": {r.hostname}, "username": {r.username}, "paths.path": paths,
	})
}

// insert makes the row of a new record and gives it its number.
func (s *Service) insert(tx *store.Tx, r *record) error {
	args := append([]any{string(r.cid), r.aid, r.sha256, r.created}, values(r)...)
	res, err := tx.Exec(`INSERT INTO quarantine (cid, aid, sha256, created, `+reportColumns+`)
		VALUES (`+store.Marks(len(args))+`)`, args...)
	if err != nil {
		return fmt.Errorf("insert record: %w", err)
	}
	if r.seq, err = res.LastInsertId(); err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO quarantine_words (record, cid, words) VALUES (?,?,?)`, r.seq, string(r.cid), s.words(r))
	if err != nil {
		return fmt.Errorf("insert words: %w", err)
	}
	return insertChildren(tx, r, facts{})
}

// update writes what a report changed of a record; before are the facts that
// the rows hold.
func (s *Service) update(tx *store.Tx, r *record, before facts) error {
	args := append(values(r), r.seq, string(r.cid))
	_, err := tx.Exec(`UPDATE quarantine SET (`+reportColumns+`) = (`+store.Marks(len(args)-2)+`) WHERE seq = ? AND cid = ?`, args...)
	if err != nil {
		return fmt.Errorf("update record: %w", err)
	}
	_, err = tx.Exec(`UPDATE quarantine_words SET words = ? WHERE record = ? AND cid = ?`, s.words(r), r.seq, string(r.cid))
	if err != nil {
		return fmt.Errorf("update words: %w", err)
	}
	return insertChildren(tx, r, before)
}

// insertChildren adds the rows of what lists have beyond before. Lists only
// grow, at their ends.
func insertChildren(tx *store.Tx, r *record, before facts) error {
	cid := string(r.cid)
	for i := len(before.paths); i < len(r.paths); i++ {
		p := r.paths[i]
		_, err := tx.Exec(`INSERT INTO quarantine_path (record, place, cid, path, path_folded, filename, filename_folded)
			VALUES (?,?,?,?,?,?,?)`, r.seq, i, cid, p.path, fold(p.path), p.filename, fold(p.filename))
		if err != nil {
			return fmt.Errorf("insert path: %w", err)
		}
	}
	for i := len(before.behaviors); i < len(r.behaviors); i++ {
		b := r.behaviors[i]
		_, err := tx.Exec(`INSERT INTO quarantine_behavior (record, place, cid, behavior, ioc_type, ioc_value,
			ioc_value_folded, tree_root_hash) VALUES (?,?,?,?,?,?,?,?)`,
			r.seq, i, cid, b.id, b.iocType, b.iocValue, fold(b.iocValue), b.rootHash)
		if err != nil {
			return fmt.Errorf("insert behavior: %w", err)
		}
	}
	for _, id := range r.detects[len(before.detects):] {
		if _, err := tx.Exec(`INSERT INTO quarantine_detect (record, cid, detect) VALUES (?,?,?)`, r.seq, cid, id); err != nil {
			return fmt.Errorf("insert detect id: %w", err)
		}
	}
	for _, id := range r.alerts[len(before.alerts):] {
		if _, err := tx.Exec(`INSERT INTO quarantine_alert (record, cid, alert) VALUES (?,?,?)`, r.seq, cid, id); err != nil {
			return fmt.Errorf("insert alert id: %w", err)
		}
	}
	return nil
}
