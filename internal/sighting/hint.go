package sighting

import (
	"context"
	"fmt"
	"time"

	"github.com/mewshq/mews"
)

// A nothing says what was found where an answer is empty.
type nothing struct {
	expired bool   // what was asked for, but too long ago
	device  string // that was asked for, "" for all
}

// hint says why an answer is empty: it is the question that users have next.
func (s *Service) hint(ctx context.Context, v *view, q question, n nothing) (*mews.SightingHint, error) {
	hosts, err := s.hosts.Count(ctx, q.cid)
	if err != nil {
		return nil, fmt.Errorf("count hosts: %w", err)
	}
	h := &mews.SightingHint{Hosts: hosts}
	if s.iocs != nil {
		if h.Indicator, err = s.iocs.Known(ctx, q.cid, q.observable); err != nil {
			return nil, fmt.Errorf("look up indicator: %w", err)
		}
	}
	kept := v.span()
	h.From, h.To = timeText(max(kept.oldest, min(q.cutoff, kept.newest))), timeText(kept.newest)
	h.Reason, h.Message, err = s.reason(ctx, v, q, n)
	return h, err
}

// reason tells the first of the reasons that holds, in words too.
func (s *Service) reason(ctx context.Context, v *view, q question, n nothing) (reason, message string, err error) {
	if len(v.runs) == 0 {
		return mews.HintNoTelemetry, "no host has sent telemetry, so nothing can have been seen: send some with mews ingest", nil
	}
	if n.device != "" {
		there, elsewhere, err := s.whereabouts(ctx, v, q, n.device)
		switch {
		case err != nil:
			return "", "", err
		case there:
			return mews.HintNoProcess, "seen on this device, but its telemetry names no process that met it", nil
		case elsewhere > 0:
			return mews.HintOtherDevice, fmt.Sprintf("not seen on this device, but on %d others: list them as devices", elsewhere), nil
		}
	}
	if n.expired {
		return mews.HintOutOfWindow, fmt.Sprintf("seen before, but not in the last %s, for which sightings are kept", inDays(s.retention)), nil
	}
	return mews.HintNeverSeen, "hosts send telemetry, and none of them has met it", nil
}

// whereabouts tells whether a device has met an observable at all, and how many
// have.
func (s *Service) whereabouts(ctx context.Context, v *view, q question, device string) (there bool, hosts int, err error) {
	all, _, err := v.hosts(q)
	if err != nil {
		return false, 0, err
	}
	number, known, err := s.hosts.Number(ctx, q.cid, device)
	return known && all.has(number), all.len(), err
}

// inDays writes a time as people say it.
func inDays(d time.Duration) string {
	const day = 24 * time.Hour
	if d >= 2*day && d%day == 0 {
		return fmt.Sprintf("%d days", d/day)
	}
	return d.String()
}
