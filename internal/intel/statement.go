package intel

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/feed"
	"github.com/mewshq/mews/internal/store"
)

// A statement is what a feed says of an indicator at one place.
type statement struct {
	seq            int64 // 0: not stored yet
	record         int64
	source, origin string
	live           bool
	run            string
	body           string // JSON of the indicator in normal form
}

// maxStatements bounds how many statements make a record: an address that
// thousands of events name is described by the first of them.
const maxStatements = 200

// loadStatements gives the statements of records.
func loadStatements(tx *store.Tx, cid store.CID, records []int64) (map[int64][]*statement, error) {
	out := make(map[int64][]*statement, len(records))
	err := tx.Each(func(rows *sql.Rows) error {
		var st statement
		err := rows.Scan(&st.seq, &st.record, &st.source, &st.origin, &st.live, &st.run, &st.body)
		out[st.record] = append(out[st.record], &st)
		return err
	}, `SELECT seq, record, source, origin, live, run, body FROM intel_statement
		WHERE +cid = ? AND record IN `+store.Listed+` ORDER BY record, source, origin`, string(cid), store.List(records))
	if err != nil {
		return nil, fmt.Errorf("read statements: %w", err)
	}
	return out, nil
}

// save writes a statement that is new or says something else.
func (st *statement) save(tx *store.Tx, cid store.CID) error {
	var err error
	if st.seq == 0 {
		_, err = tx.Exec(`INSERT INTO intel_statement (cid, record, source, origin, live, run, body) VALUES (?,?,?,?,?,?,?)`,
			string(cid), st.record, st.source, st.origin, st.live, st.run, st.body)
	} else {
		_, err = tx.Exec(`UPDATE intel_statement SET live = ?, run = ?, body = ? WHERE seq = ? AND cid = ?`,
			st.live, st.run, st.body, st.seq, string(cid))
	}
	if err != nil {
		return fmt.Errorf("write statement: %w", err)
	}
	return nil
}

// bodyOf is the text of an indicator by which statements, and records, are
// compared.
func bodyOf(i mews.IntelIndicator) (string, error) {
	b, err := json.Marshal(i)
	return string(b), err
}

// together is what statements say of a record; none of them live: it is as it
// was, but deleted.
func (r *record) together(list []*statement) error {
	r.deleted = true
	var all mews.IntelIndicator
	left := maxStatements
	for _, st := range list {
		if !st.live || left == 0 {
			continue
		}
		left--
		var one mews.IntelIndicator
		if err := json.Unmarshal([]byte(st.body), &one); err != nil {
			return fmt.Errorf("read statement %d: %w", st.seq, err)
		}
		if r.deleted {
			r.deleted, r.sources, all = false, nil, one
		} else {
			feed.Merge(&all, one)
		}
		if !slices.Contains(r.sources, st.source) {
			r.sources = append(r.sources, st.source)
		}
	}
	if r.deleted {
		return nil
	}
	return r.describe(all)
}

// describe gives a record what is said of it, with what nobody says filled in.
func (r *record) describe(i mews.IntelIndicator) error {
	added := r.added / 1e6
	if i.PublishedDate == 0 {
		i.PublishedDate = added
	}
	if i.MaliciousConfidence == "" {
		i.MaliciousConfidence = mews.ConfidenceUnverified
	}
	for n := range i.Labels {
		l := &i.Labels[n]
		if l.CreatedOn == 0 {
			l.CreatedOn = i.PublishedDate
		}
		l.LastValidOn = max(l.CreatedOn, l.LastValidOn)
	}
	for n := range i.Relations {
		o := &i.Relations[n]
		if o.CreatedDate == 0 {
			o.CreatedDate = i.PublishedDate
		}
		o.LastValidDate = max(o.CreatedDate, o.LastValidDate)
	}
	for _, l := range feed.Lists(&i) {
		if *l.Words == nil {
			*l.Words = []string{} // as answers show it
		}
	}
	if i.Labels == nil {
		i.Labels = []mews.IntelLabel{}
	}
	if i.Relations == nil {
		i.Relations = []mews.IntelRelation{}
	}
	i.Deleted = false // the column says it
	body, err := bodyOf(i)
	r.said, r.body = i, body
	return err
}
