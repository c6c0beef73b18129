package ioc

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// A Deletion says which indicators to delete: those of IDs, or those that
// Filter selects, which wins. FromParent names those of a parent customer, and
// nobody has one.
type Deletion struct {
	IDs        []string
	Filter     string
	Comment    string
	FromParent bool
}

// A Deleted is what became of a deletion: what is deleted now, in order, and
// which ids are not known.
type Deleted struct {
	IDs     []string
	Unknown []string
}

// Delete deletes indicators. They are kept, but unknown to everything except to
// queries that ask for deleted ones.
func (s *Service) Delete(ctx context.Context, who store.Actor, d Deletion) (Deleted, error) {
	var c checker
	d.Comment = c.text("comment", d.Comment, maxComment)
	if c.err != nil {
		return Deleted{}, c.err
	}
	if d.Filter = strings.TrimSpace(d.Filter); d.Filter != "" {
		return s.deleteByFilter(ctx, who, d)
	}
	if len(d.IDs) == 0 {
		return Deleted{}, mews.Errorf(mews.ErrInvalid, `name the indicators by ids or by filter; filter "*" stands for all of them`)
	}
	good, bad, err := collection.ReadIDs(d.IDs, maxBatch, parseID)
	if err != nil {
		return Deleted{}, outward.Error("delete indicators", err)
	}
	if d.FromParent {
		return Deleted{Unknown: append(bad, good...)}, nil
	}
	return s.deleteIDs(ctx, who, d.Comment, good, bad)
}

// deleteIDs deletes those of ids that there are.
func (s *Service) deleteIDs(ctx context.Context, who store.Actor, comment string, ids, bad []string) (Deleted, error) {
	out := Deleted{Unknown: bad}
	err := s.db.WriteLarge(ctx, func(tx *store.Tx) error {
		out = Deleted{Unknown: slices.Clone(bad)}
		known, err := loadIDs(tx, who.CID, ids)
		if err != nil {
			return err
		}
		var seqs []int64
		var names []string
		for _, id := range ids {
			r, ok := known[id]
			if !ok || r.deleted != nil {
				out.Unknown = append(out.Unknown, id)
				continue
			}
			out.IDs, seqs, names = append(out.IDs, id), append(seqs, r.seq), append(names, r.name())
		}
		if err := s.delete(tx, who, seqs); err != nil {
			return err
		}
		return trail(tx, who, "ioc.delete", comment, names)
	})
	if err != nil {
		return Deleted{}, outward.Error("delete indicators", err)
	}
	return out, nil
}

func (s *Service) deleteByFilter(ctx context.Context, who store.Actor, d Deletion) (Deleted, error) {
	if _, err := s.modern.Parse(d.Filter, ""); err != nil || d.FromParent {
		return Deleted{}, outward.Error("delete indicators", err)
	}
	if err := s.expire(ctx, who.CID); err != nil {
		return Deleted{}, outward.Error("delete indicators", err)
	}
	var out Deleted
	err := s.db.WriteLarge(ctx, func(tx *store.Tx) error {
		out = Deleted{}
		seqs, err := s.find(tx, who.CID, d.Filter)
		if err != nil {
			return err
		}
		var names []string
		for some := range slices.Chunk(seqs, 1000) {
			err := tx.Each(func(rows *sql.Rows) error {
				var id, name string
				err := rows.Scan(&id, &name)
				out.IDs, names = append(out.IDs, id), append(names, name)
				return err
			}, `SELECT id, name FROM ioc WHERE +cid = ? AND seq IN `+store.Listed+` ORDER BY seq`, string(who.CID), store.List(some))
			if err != nil {
				return err
			}
		}
		if err := s.delete(tx, who, seqs); err != nil || len(names) == 0 {
			return err
		}
		return tx.Audit(audit(who, "ioc.delete", "filter: "+d.Filter, d.Comment, names))
	})
	if err != nil {
		return Deleted{}, outward.Error("delete indicators", err)
	}
	return out, nil
}

// delete marks indicators as deleted, a thousand at a time.
func (s *Service) delete(tx *store.Tx, who store.Actor, seqs []int64) error {
	if len(seqs) == 0 {
		return nil
	}
	rev, err := nextRev(tx, who.CID)
	if err != nil {
		return err
	}
	now := s.now().UnixMicro()
	for some := range slices.Chunk(seqs, 1000) {
		_, err := tx.Exec(`UPDATE ioc SET deleted = 1, deleted_on = ?, deleted_by = ?, rev = ?
			WHERE +cid = ? AND deleted = 0 AND seq IN `+store.Listed, now, who.Client, rev, string(who.CID), store.List(some))
		if err != nil {
			return fmt.Errorf("mark indicators as deleted: %w", err)
		}
	}
	return nil
}

// find gives the numbers of the indicators that a filter selects and that are
// not deleted, in order.
func (s *Service) find(tx *store.Tx, cid store.CID, filter string) (seqs []int64, err error) {
	where, err := s.modern.Parse(filter, "")
	if err != nil {
		return nil, err
	}
	cond, args := where.SQL(cid)
	err = tx.Each(func(rows *sql.Rows) error {
		var seq int64
		err := rows.Scan(&seq)
		seqs = append(seqs, seq)
		return err
	}, `SELECT seq FROM ioc WHERE `+cond+` AND ioc.deleted = 0 LIMIT ?`, append(args, maxBulk+1)...)
	if err != nil {
		return nil, fmt.Errorf("find indicators: %w", err)
	}
	if len(seqs) > maxBulk {
		return nil, mews.Errorf(mews.ErrInvalid, "the filter selects more than %d indicators; narrow it and call several times", maxBulk)
	}
	slices.Sort(seqs)
	return seqs, nil
}
