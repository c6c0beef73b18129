package hunt

import (
	"context"
	"math"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// What the monthly allowances count.
const (
	quotaHunt     = "hunt"
	quotaDownload = "download"
)

func (s *Service) allowance(kind string) int {
	n := s.limits.HuntQuota
	if kind == quotaDownload {
		n = s.limits.DownloadQuota
	}
	if n <= 0 {
		return math.MaxInt32
	}
	return n
}

func month(now time.Time) string { return now.UTC().Format("2006-01") }

// nextMonth is when the allowances are fresh again.
func nextMonth(now time.Time) time.Time {
	now = now.UTC()
	return time.Date(now.Year(), now.Month()+1, 1, 0, 0, 0, 0, time.UTC)
}

// charge counts n uses in the caller's transaction, or refuses when the month's
// allowance does not hold them. A negative n gives back.
func (s *Service) charge(tx *store.Tx, who store.Actor, kind string, n int) error {
	now := s.now()
	var used int
	err := tx.QueryRow(`INSERT INTO hunt_quota (cid, client, kind, month, used) VALUES (?, ?, ?, ?, max(?, 0))
		ON CONFLICT DO UPDATE SET used = max(used + ?, 0) RETURNING used`,
		string(who.CID), who.Client, kind, month(now), n, n).Scan(&used)
	if err != nil {
		return wrap("charge quota", err)
	}
	if limit := s.allowance(kind); n > 0 && used > limit {
		return mews.Errorf(mews.ErrLimited, "the monthly quota of %d %ss is exhausted; it is renewed on %s",
			limit, kind, nextMonth(now).Format("2006-01-02")).WithRetryAt(nextMonth(now))
	}
	return nil
}

// Quotas tells what the caller's allowances are and what is used of them, with
// the use of every client of the customer.
func (s *Service) Quotas(ctx context.Context, who store.Actor) (mews.Quotas, error) {
	now := s.now()
	next := nextMonth(now)
	q := mews.Quotas{
		HuntLimit: s.allowance(quotaHunt), DownloadLimit: s.allowance(quotaDownload),
		DaysLeft: int(next.Sub(now) / (24 * time.Hour)), RefreshTime: next.Format(time.RFC3339),
		HuntCounts: []mews.UserCount{}, DownloadCounts: []mews.UserCount{},
	}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT kind, client, used FROM hunt_quota WHERE cid = ? AND month = ? AND used > 0 ORDER BY client`,
			string(who.CID), month(now))
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var kind string
			var c mews.UserCount
			if err := rows.Scan(&kind, &c.UserID, &c.Counter); err != nil {
				return err
			}
			mine, list := &q.HuntCount, &q.HuntCounts
			if kind == quotaDownload {
				mine, list = &q.DownloadCount, &q.DownloadCounts
			}
			*list = append(*list, c)
			if c.UserID == who.Client {
				*mine = c.Counter
			}
		}
		return rows.Err()
	})
	return q, wrap("read quotas", err)
}
