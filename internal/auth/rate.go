package auth

import (
	"context"
	"fmt"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// maxRate is the greatest rate that a client may have of its own.
const maxRate = 1 << 30

func checkRate(perMinute int) error {
	if perMinute < 0 || perMinute > maxRate {
		return mews.Errorf(mews.ErrInvalid, "requests_per_minute: expected 1 to %d, or 0 for no rate of the client's own", maxRate)
	}
	return nil
}

// SetRate gives a client a request rate of its own below its customer's; 0
// takes it away. It counts from the next request on, also for tokens that live.
func (s *Service) SetRate(ctx context.Context, who store.Actor, id string, perMinute int) (Client, error) {
	if err := checkRate(perMinute); err != nil {
		return Client{}, err
	}
	err := s.write(ctx, func(tx *store.Tx) error {
		if err := active(tx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE client SET requests_per_minute = ? WHERE id = ?`, perMinute, id); err != nil {
			return fmt.Errorf("set rate of client: %w", err)
		}
		tx.OnCommit(func() { s.keepRate(id, perMinute) })
		return tx.Audit(adminEntry(who, "client.set", id, fmt.Sprint("requests_per_minute ", perMinute)))
	})
	if err != nil {
		return Client{}, err
	}
	c, _, err := s.findClient(ctx, id)
	return c.Client, err
}

// ownRate is a client's own requests per minute; 0: it has none.
func (s *Service) ownRate(client string) int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.rates[client]
}

func (s *Service) keepRate(client string, perMinute int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if perMinute == 0 {
		delete(s.rates, client)
		return
	}
	s.rates[client] = perMinute
}

// loadRates fills the memory at start.
func (s *Service) loadRates(ctx context.Context) error {
	clients, err := s.ListClients(ctx)
	if err != nil {
		return fmt.Errorf("load rates: %w", err)
	}
	for _, c := range clients {
		if c.Revoked.IsZero() {
			s.keepRate(c.ID, c.RequestsPerMinute)
		}
	}
	return nil
}
