package vuln

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// A Page is a page of what was asked for.
type Page = collection.Page

// Query gives a page of ids. Pages are gone through by token alone.
func (s *Service) Query(ctx context.Context, who store.Actor, q mews.RecordQuery) (page Page, err error) {
	err = s.look(ctx, who.CID, func(tx *store.Tx) error {
		page, err = s.page(tx, s.ids, who, q)
		return err
	})
	return page, outward.Error("query vulnerabilities", err)
}

// Combined gives a page of vulnerabilities with the facets that are asked for.
func (s *Service) Combined(ctx context.Context, who store.Actor, q mews.RecordQuery, facets []string) ([]mews.Vulnerability, Page, error) {
	want, err := readFacets(facets)
	if err != nil {
		return nil, Page{}, err
	}
	var page Page
	var list []record
	err = s.look(ctx, who.CID, func(tx *store.Tx) (err error) {
		if page, err = s.page(tx, s.records, who, q); err != nil {
			return err
		}
		list, _, err = load(tx, who.CID, page.IDs)
		return err
	})
	if err != nil {
		return nil, page, outward.Error("query vulnerabilities", err)
	}
	out, err := s.wire(ctx, who, list, want)
	return out, page, outward.Error("query vulnerabilities", err)
}

func (s *Service) page(tx *store.Tx, c *collection.Collection, who store.Actor, q mews.RecordQuery) (Page, error) {
	filter, err := readFilter(c, q.Filter)
	if err != nil {
		return Page{}, err
	}
	return c.Page(tx, collection.Query{Filter: filter, Sort: q.Sort, Limit: q.Limit, After: q.After, CID: who.CID, Client: who.Client})
}

// Get gives vulnerabilities in the order in which their ids are asked for, with
// all that is known of them, and the ids that the customer does not have.
func (s *Service) Get(ctx context.Context, who store.Actor, ids []string) (found []mews.Vulnerability, unknown []string, err error) {
	good, bad, err := collection.ReadIDs(ids, maxIDs, parseID)
	if err != nil {
		return nil, nil, outward.Error("get vulnerabilities", err)
	}
	var list []record
	err = s.look(ctx, who.CID, func(tx *store.Tx) error {
		list, unknown, err = load(tx, who.CID, good)
		return err
	})
	if err != nil {
		return nil, nil, outward.Error("get vulnerabilities", err)
	}
	found, err = s.wire(ctx, who, list, facets{cve: true, host: true, remediation: true})
	return found, append(bad, unknown...), outward.Error("get vulnerabilities", err)
}

// parseID gives an id in the form in which it is stored.
func parseID(text string) (id string, ok bool) {
	id = strings.ToLower(strings.TrimSpace(text))
	aid, own, ok := strings.Cut(id, "_")
	return id, ok && host.IsID(aid) && host.IsID(own) // both are 32 hex digits
}

// Explain gives what the server makes of a filter.
func (s *Service) Explain(filter string) (mews.FilterExplanation, error) {
	if strings.Trim(filter, " *") != "" {
		if _, err := readFilter(s.ids.Strict(), filter); err != nil {
			return mews.FilterExplanation{}, err
		}
	}
	return outward.Explain("vulnerabilities", s.ids, filter)
}

// look reads what is so now: hosts as they were last reported, and what has
// expired as expired. Where nothing can be written any more, reads still work.
func (s *Service) look(ctx context.Context, cid store.CID, fn func(*store.Tx) error) error {
	err := errors.Join(s.hosts.CatchUpOf(ctx, cid), s.expire(ctx, cid))
	if errors.Is(err, store.ErrFull) || errors.Is(err, store.ErrFailed) {
		s.log.LogAttrs(ctx, slog.LevelWarn, "vulnerabilities are shown as they were", slog.String("error", err.Error()))
		err = nil
	}
	if err != nil {
		return err
	}
	return s.db.Read(ctx, fn)
}

// A record is a vulnerability as the tables hold it.
type record struct {
	id, aid, cve, name, target, kind, pkg, installed string
	severity, exprt, remediation, reason, status     string
	score                                            *float64
	exploit                                          int
	kev, suppressed                                  bool
	created, updated                                 int64
	closed                                           *int64
	about                                            string
	format, scanner, version, scope                  string
	scanned                                          int64
}

// load reads records in the order of their ids, and tells which there are not.
func load(tx *store.Tx, cid store.CID, ids []string) (list []record, unknown []string, err error) {
	known := make(map[string]record, len(ids))
	err = tx.Each(func(rows *sql.Rows) error {
		var r record
		err := rows.Scan(&r.id, &r.aid, &r.cve, &r.name, &r.target, &r.kind, &r.pkg, &r.installed,
			&r.severity, &r.exprt, &r.remediation, &r.reason, &r.status, &r.score, &r.exploit, &r.kev, &r.suppressed,
			&r.created, &r.updated, &r.closed, &r.about, &r.format, &r.scanner, &r.version, &r.scope, &r.scanned)
		known[r.id] = r
		return err
	}, `SELECT v.id, v.aid, v.cve, v.name, v.target, v.kind, v.package, v.installed,
		v.severity, v.exprt, v.remediation, v.reason, v.status, v.base_score, v.exploit, v.kev, v.suppressed,
		v.created, v.updated, v.closed, a.about, s.format, s.scanner, s.version, s.name, s.scanned
		FROM vulnerability v JOIN vuln_about a ON a.seq = v.about JOIN vuln_scope s ON s.seq = v.scope
		WHERE v.cid = ? AND v.id IN `+store.Listed, string(cid), store.List(ids))
	if err != nil {
		return nil, nil, fmt.Errorf("load vulnerabilities: %w", err)
	}
	for _, id := range ids {
		if r, ok := known[id]; ok {
			list = append(list, r)
		} else {
			unknown = append(unknown, id)
		}
	}
	return list, unknown, nil
}

// seqs reads one column of numbers.
func seqs(tx *store.Tx, query string, args ...any) (list []int64, err error) {
	err = tx.Each(func(rows *sql.Rows) error {
		var n int64
		err := rows.Scan(&n)
		list = append(list, n)
		return err
	}, query, args...)
	return list, err
}
