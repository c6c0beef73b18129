package ioc

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// nextRev begins a change of a customer's indicators: its rows carry the number.
// Whoever has read up to some number finds by it what came later.
func nextRev(tx *store.Tx, cid store.CID) (rev int64, err error) {
	err = tx.QueryRow(`INSERT INTO ioc_customer (cid, rev) VALUES (?, 1)
		ON CONFLICT (cid) DO UPDATE SET rev = rev + 1 RETURNING rev`, string(cid)).Scan(&rev)
	if err != nil {
		return 0, fmt.Errorf("count a change of indicators: %w", err)
	}
	return rev, nil
}

// The columns that change after a row was made, in the order of values.
const valueColumns = `chosen, action, mobile_action, severity, severity_number, applied_globally, expires, days, expired, source,
	description, filename, original_filename, company_name, file_description, file_version, product_name, product_version, av_hits,
	signed, batch, created, created_by, modified, modified_by, deleted, deleted_on, deleted_by, rev`

func (r *record) values(now, rev int64) []any {
	f, m := &r.facts, &r.meta
	return []any{
		f.action, f.shown(now), f.mobile, f.severity, severityNumber(f.severity), f.global, f.expires, f.days, f.expired(now), f.source,
		f.text, m.Filename, m.OriginalFilename, m.CompanyName, m.FileDescription, m.FileVersion, m.ProductName, m.ProductVersion, orNull(m.AVHits),
		m.Signed, r.batch, r.created, r.createdBy, r.modified, r.modifiedBy, r.deleted != nil, r.deleted, r.deletedBy, rev,
	}
}

// severityNumber orders severities; nil: there is none.
func severityNumber(word string) any {
	if i := slices.Index(severities(), word); i >= 0 {
		return 10 + 20*i
	}
	return nil
}

func orNull(n int64) any {
	if n == 0 {
		return nil
	}
	return n
}

// insert makes the row of a new indicator and gives it its number.
func insert(tx *store.Tx, cid store.CID, r *record, now, rev int64) error {
	args := append([]any{string(cid), r.id, r.typ, r.value}, r.values(now, rev)...)
	res, err := tx.Exec(`INSERT INTO ioc (cid, id, type, value, `+valueColumns+`) VALUES (`+store.Marks(len(args))+`)`, args...)
	if err != nil {
		return fmt.Errorf("insert indicator: %w", err)
	}
	if r.seq, err = res.LastInsertId(); err != nil {
		return err
	}
	for _, c := range children() {
		if err := c.insert(tx, cid, r); err != nil {
			return err
		}
	}
	return nil
}

// update writes what changed of an indicator; before are the facts that the rows
// hold.
func update(tx *store.Tx, cid store.CID, r *record, before facts, now, rev int64) error {
	args := r.values(now, rev)
	_, err := tx.Exec(`UPDATE ioc SET (`+valueColumns+`) = (`+store.Marks(len(args))+`) WHERE seq = ? AND cid = ?`,
		append(args, r.seq, string(cid))...)
	if err != nil {
		return fmt.Errorf("update indicator: %w", err)
	}
	for _, c := range children() {
		if slices.Equal(*c.values(&before), *c.values(&r.facts)) {
			continue
		}
		if _, err := tx.Exec(`DELETE FROM `+c.table+` WHERE record = ? AND cid = ?`, r.seq, string(cid)); err != nil {
			return fmt.Errorf("update indicator: %w", err)
		}
		if err := c.insert(tx, cid, r); err != nil {
			return err
		}
	}
	return nil
}

func (c child) insert(tx *store.Tx, cid store.CID, r *record) error {
	values := *c.values(&r.facts)
	if len(values) == 0 {
		return nil
	}
	var args []any
	for _, v := range values {
		args = append(args, r.seq, v, string(cid))
	}
	rows := strings.TrimSuffix(strings.Repeat("(?,?,?),", len(values)), ",")
	if _, err := tx.Exec(`INSERT INTO `+c.table+` (record, `+c.column+`, cid) VALUES `+rows, args...); err != nil {
		return fmt.Errorf("insert indicator's %s: %w", c.column, err)
	}
	return nil
}

// errDry takes a dry run back.
var errDry = errors.New("dry run")

// write carries out a change. A dry run goes the same way to its end, so that it
// meets what the change would meet, and is then undone.
func (s *Service) write(ctx context.Context, dry bool, change func(*store.Tx) error) error {
	err := s.db.WriteLarge(ctx, func(tx *store.Tx) error {
		err := change(tx)
		if err == nil && dry {
			err = errDry
		}
		return err
	})
	if errors.Is(err, errDry) {
		return nil
	}
	return err
}

// trail writes the audit rows of a change to named indicators: each names up to a
// hundred, so that every one of them stands there in full.
func trail(tx *store.Tx, who store.Actor, action, comment string, names []string) error {
	for some := range slices.Chunk(names, auditObjects) {
		if err := tx.Audit(audit(who, action, "", comment, some)); err != nil {
			return err
		}
	}
	return nil
}

// auditObjects is how many objects one audit row names in full.
const auditObjects = 100

// refused is the answer to a call that changes all of its objects or none: it
// lists those that stood in the way, and its text is that of the first.
func refused(list []mews.APIError, of int) error {
	e := mews.Errorf(mews.KindOf(list[0].Code), "%s", list[0].Message).WithID(list[0].ID)
	if of > 1 || len(list) > 1 {
		e.Message = fmt.Sprintf("nothing was changed, because of %d of %d indicators; the first: %s", len(list), of, e.Message)
	}
	return e.WithEach(list)
}
