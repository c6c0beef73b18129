package intel

import (
	"cmp"
	"database/sql"
	"fmt"
	"maps"
	"slices"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/feed"
	"github.com/mewshq/mews/internal/store"
)

// A change is one transaction of an import.
type change struct {
	tx     *store.Tx
	run    *run
	now    int64
	clock  clock
	counts mews.IntelCounts
	names  []string // of records that changed, for the audit trail

	records    map[int64]*record
	byID       map[string]*record
	statements map[int64][]*statement
	touched    map[int64]bool // records of which a statement changed; true: a row says it
	again      []int64        // statements that the run has met as they are
}

func (r *run) newChange(tx *store.Tx, now int64) *change {
	return &change{
		tx: tx, run: r, now: now,
		records: map[int64]*record{}, byID: map[string]*record{}, statements: map[int64][]*statement{}, touched: map[int64]bool{},
	}
}

func (c *change) cid() store.CID { return c.run.who.CID }

// say takes rows in, then takes back what whole origins do not say any more.
func (c *change) say(rows []feed.Row, whole []string) error {
	if err := c.prepare(rows); err != nil {
		return err
	}
	for _, row := range rows {
		if err := c.sayOne(row); err != nil {
			return err
		}
	}
	if err := c.repeat(); err != nil {
		return err
	}
	for more := len(whole) > 0; more; {
		var err error
		if more, err = c.takeBack(`origin IN `+store.Listed+` AND run <> ?`, store.List(whole), c.run.name); err != nil {
			return err
		}
	}
	return c.settle()
}

// prepare loads the records of rows, and makes those that are new.
func (c *change) prepare(rows []feed.Row) error {
	ids := make([]string, len(rows))
	for n, row := range rows {
		ids[n] = feed.ID(row.Indicator.Type, row.Indicator.Indicator)
	}
	known, err := loadRecords(c.tx, c.cid(), ids)
	if err != nil {
		return err
	}
	c.byID = known
	for n, row := range rows {
		if known[ids[n]] != nil || row.Indicator.Deleted {
			continue
		}
		r := &record{id: ids[n], typ: row.Indicator.Type, value: row.Indicator.Indicator, added: c.now}
		if err := r.insert(c.tx, c.cid()); err != nil {
			return err
		}
		known[r.id] = r
	}
	for _, r := range known {
		c.records[r.seq] = r
	}
	c.statements, err = loadStatements(c.tx, c.cid(), slices.Collect(maps.Keys(c.records)))
	return err
}

// sayOne makes a row the statement of its place. What the run has heard from
// there before stands.
func (c *change) sayOne(row feed.Row) error {
	r := c.byID[feed.ID(row.Indicator.Type, row.Indicator.Indicator)]
	if r == nil { // deleted, and never known
		c.counts.Skipped++
		return nil
	}
	live := !row.Indicator.Deleted
	row.Indicator.Deleted = false
	body, err := bodyOf(row.Indicator)
	if err != nil {
		return err
	}
	st := c.statement(r.seq, row.Origin)
	switch {
	case st == nil && !live:
		c.counts.Skipped++
		return nil
	case st == nil:
		st = &statement{record: r.seq, source: c.run.source, origin: row.Origin}
		c.add(st)
	case st.run == c.run.name:
		c.counts.Skipped++
		return nil
	case st.live == live && (st.body == body || !live):
		c.again = append(c.again, st.seq)
		c.counts.Unchanged++
		return nil
	}
	if live {
		st.body = body
	}
	st.live, st.run = live, c.run.name
	c.touched[r.seq] = true
	return st.save(c.tx, c.cid())
}

// statement finds what the feed says of a record at a place.
func (c *change) statement(record int64, origin string) *statement {
	for _, st := range c.statements[record] {
		if st.source == c.run.source && st.origin == origin {
			return st
		}
	}
	return nil
}

// add keeps a record's statements in their order.
func (c *change) add(st *statement) {
	list := append(c.statements[st.record], st)
	slices.SortFunc(list, func(a, b *statement) int {
		return cmp.Or(cmp.Compare(a.source, b.source), cmp.Compare(a.origin, b.origin))
	})
	c.statements[st.record] = list
}

// repeat notes which statements the run has met as they are.
func (c *change) repeat() error {
	if len(c.again) == 0 {
		return nil
	}
	_, err := c.tx.Exec(`UPDATE intel_statement SET run = ? WHERE cid = ? AND seq IN `+store.Listed,
		c.run.name, string(c.cid()), store.List(c.again))
	if err != nil {
		return fmt.Errorf("note statements: %w", err)
	}
	return nil
}

// vanish takes back some of what the feed did not say in this run, and tells
// whether there may be more.
func (c *change) vanish() (more bool, err error) {
	if more, err = c.takeBack(`run <> ?`, c.run.name); err != nil {
		return false, err
	}
	return more, c.settle()
}

// takeBack ends some of the feed's statements that a condition selects, and tells
// whether there may be more.
func (c *change) takeBack(where string, args ...any) (more bool, err error) {
	var seqs []int64
	ended := map[int64]bool{}
	var fresh []int64 // records
	err = c.tx.Each(func(rows *sql.Rows) error {
		var seq, record int64
		err := rows.Scan(&seq, &record)
		seqs, ended[seq] = append(seqs, seq), true
		if _, known := c.records[record]; !known {
			c.records[record] = nil
			fresh = append(fresh, record)
		}
		c.touched[record] = c.touched[record] || false
		return err
	}, `SELECT seq, record FROM intel_statement WHERE cid = ? AND source = ? AND live = 1 AND `+where+` LIMIT ?`,
		append(append([]any{string(c.cid()), c.run.source}, args...), importBatch)...)
	if err != nil {
		return false, fmt.Errorf("find statements: %w", err)
	}
	_, err = c.tx.Exec(`UPDATE intel_statement SET live = 0, run = ? WHERE cid = ? AND seq IN `+store.Listed,
		c.run.name, string(c.cid()), store.List(seqs))
	if err != nil {
		return false, fmt.Errorf("take statements back: %w", err)
	}
	for _, list := range c.statements {
		for _, st := range list {
			st.live = st.live && !ended[st.seq]
		}
	}
	return len(seqs) == importBatch, c.join(fresh)
}

// join loads further records.
func (c *change) join(seqs []int64) error {
	known, err := load(c.tx, c.cid(), `seq IN `+store.Listed, store.List(seqs))
	if err != nil {
		return err
	}
	for _, r := range known {
		c.records[r.seq] = r
	}
	more, err := loadStatements(c.tx, c.cid(), seqs)
	maps.Copy(c.statements, more)
	return err
}

// spoke tells whether the run has said anything.
func (c *change) spoke() (said bool, err error) {
	err = c.tx.QueryRow(`SELECT EXISTS (SELECT 1 FROM intel_statement WHERE cid = ? AND source = ? AND live = 1 AND run = ?)`,
		string(c.cid()), c.run.source, c.run.name).Scan(&said)
	if err != nil {
		return false, fmt.Errorf("find statements: %w", err)
	}
	return said, nil
}

// settle gives the records whose statements changed what they say now, in the
// order in which they came.
func (c *change) settle() error {
	for _, seq := range slices.Sorted(maps.Keys(c.touched)) {
		r := c.records[seq]
		before := *r
		if err := r.together(c.statements[seq]); err != nil {
			return err
		}
		if r.body == before.body && r.deleted == before.deleted {
			if c.touched[seq] {
				c.counts.Unchanged++
			}
			if slices.Equal(r.sources, before.sources) {
				continue
			}
		} else {
			r.marker, r.updated = c.clock.next()
			c.count(r, &before)
			c.names = append(c.names, r.id)
		}
		if err := r.update(c.tx, c.cid(), before); err != nil {
			return err
		}
	}
	return nil
}

func (c *change) count(r, before *record) {
	switch {
	case r.deleted:
		c.counts.Deleted++
	case before.body == "" || before.deleted:
		c.counts.Added++
	default:
		c.counts.Updated++
	}
}
