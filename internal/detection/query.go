package detection

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/telemetry"
)

// Query gives a page of detections.
func (s *Service) Query(ctx context.Context, who store.Actor, q mews.RecordQuery) ([]mews.Detection, collection.Page, error) {
	var page collection.Page
	out := []mews.Detection{}
	err := s.db.ReadWide(ctx, func(tx *store.Tx) (err error) {
		page, err = s.detections.Page(tx, collection.Query{
			Filter: q.Filter, Sort: q.Sort, Limit: q.Limit, Offset: q.Offset, After: q.After, CID: who.CID, Client: who.Client,
		})
		if err != nil {
			return err
		}
		list, err := load(tx, `WHERE d.cid = ? AND d.id IN `+store.Listed, string(who.CID), store.List(page.IDs))
		byID := make(map[string]record, len(list))
		for _, r := range list {
			byID[r.id] = r
		}
		for _, id := range page.IDs {
			out = append(out, byID[id].wire())
		}
		return err
	})
	if err == nil {
		err = s.name(ctx, who, out)
	}
	return out, page, outward.Error("query detections", err)
}

// Explain gives what the server makes of a filter.
func (s *Service) Explain(filter string) (mews.FilterExplanation, error) {
	return outward.Explain("detections", s.detections, filter)
}

// name fills in what the hosts are called now.
func (s *Service) name(ctx context.Context, who store.Actor, list []mews.Detection) error {
	var aids []string
	for _, d := range list {
		aids = append(aids, d.DeviceID)
	}
	slices.Sort(aids)
	if aids = slices.Compact(aids); len(aids) == 0 {
		return nil
	}
	devices, _, err := s.hosts.Get(ctx, who, aids)
	if err != nil {
		return err
	}
	names := make(map[string]string, len(devices))
	for _, d := range devices {
		names[d.DeviceID] = d.Hostname
	}
	for i := range list {
		list[i].Hostname = names[list[i].DeviceID]
	}
	return nil
}

// A record is a row.
type record struct {
	seq                                              int64
	id, indicator, typ, value, action, severity, aid string
	process                                          string
	kinds, count, first, last, created, modified     int64
}

// load reads the records that a condition selects; rows are called d.
func load(tx *store.Tx, cond string, args ...any) (list []record, err error) {
	err = tx.Each(func(rows *sql.Rows) error {
		var r record
		err := rows.Scan(&r.seq, &r.id, &r.indicator, &r.typ, &r.value, &r.action, &r.severity, &r.aid,
			&r.process, &r.kinds, &r.count, &r.first, &r.last, &r.created, &r.modified)
		list = append(list, r)
		return err
	}, `SELECT d.seq, d.id, d.indicator, d.type, d.value, d.action, d.severity, d.aid,
		d.process, d.kinds, d.count, d.first_seen, d.last_seen, d.created, d.modified FROM detection d `+cond, args...)
	if err != nil {
		return nil, fmt.Errorf("load detections: %w", err)
	}
	return list, nil
}

func (r record) wire() mews.Detection {
	d := mews.Detection{
		ID: r.id, IndicatorID: r.indicator, Type: r.typ, Value: r.value, Action: r.action, Severity: r.severity,
		DeviceID: r.aid, Kinds: telemetry.Kind(r.kinds).Words(), Count: r.count,
		FirstSeen: stamp(r.first), LastSeen: stamp(r.last), Created: stamp(r.created), Modified: stamp(r.modified),
	}
	if r.process != "" {
		d.ProcessID = "pid:" + r.aid + ":" + r.process
	}
	return d
}

func stamp(micros int64) string { return time.UnixMicro(micros).UTC().Format(time.RFC3339) }
