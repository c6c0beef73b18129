package host

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"slices"

	"github.com/mewshq/mews/internal/outward"
	"github.com/mewshq/mews/internal/store"
)

// Numbers gives the numbers of hosts, in the order of their ids. Hosts that have
// none get one, in a transaction of its own: a number that nothing uses in the
// end is harmless.
func (s *Service) Numbers(ctx context.Context, cid store.CID, aids []string) ([]uint32, error) {
	known, missing := make(map[string]uint32, len(aids)), []string(nil)
	for _, aid := range aids {
		if _, asked := known[aid]; asked {
			continue
		}
		n, ok := s.numbers.get(cid, aid)
		if known[aid] = n; !ok {
			missing = append(missing, aid)
		}
	}
	for some := range slices.Chunk(missing, maxRow) { // as all writers wait
		found, err := s.number(ctx, cid, some)
		if err != nil {
			return nil, outward.Error("number hosts", err)
		}
		for aid, n := range found {
			known[aid] = n
			s.numbers.put(cid, aid, n)
		}
	}
	out := make([]uint32, len(aids))
	for i, aid := range aids {
		out[i] = known[aid]
	}
	return out, nil
}

// number reads the numbers of hosts, and gives one to those that have none.
func (s *Service) number(ctx context.Context, cid store.CID, aids []string) (found map[string]uint32, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = numbersOf(tx, cid, aids)
		return err
	})
	if err != nil || len(found) == len(aids) {
		return found, err
	}
	err = s.db.Write(ctx, func(tx *store.Tx) (err error) {
		found, err = allocate(tx, cid, aids)
		return err
	})
	return found, err
}

func numbersOf(tx *store.Tx, cid store.CID, aids []string) (map[string]uint32, error) {
	found := make(map[string]uint32, len(aids))
	err := tx.Each(func(rows *sql.Rows) error {
		var aid string
		var n uint32
		err := rows.Scan(&aid, &n)
		found[aid] = n
		return err
	}, `SELECT aid, number FROM host_number WHERE cid = ? AND aid IN `+store.Listed, string(cid), store.List(aids))
	if err != nil {
		return nil, fmt.Errorf("read numbers: %w", err)
	}
	return found, nil
}

// allocate gives a number to each of the hosts that has none.
func allocate(tx *store.Tx, cid store.CID, aids []string) (map[string]uint32, error) {
	found, err := numbersOf(tx, cid, aids)
	if err != nil {
		return nil, err
	}
	var last int64
	if err := tx.QueryRow(`SELECT coalesce(max(number), 0) FROM host_number WHERE cid = ?`, string(cid)).Scan(&last); err != nil {
		return nil, fmt.Errorf("last number: %w", err)
	}
	for _, aid := range aids {
		if _, ok := found[aid]; ok {
			continue
		}
		if !IsID(aid) {
			return nil, fmt.Errorf("%q is no id of a host", aid)
		}
		if last++; last > math.MaxUint32 {
			return nil, errors.New("all numbers are taken")
		}
		if _, err := tx.Exec(`INSERT INTO host_number (cid, aid, number) VALUES (?,?,?)`, string(cid), aid, last); err != nil {
			return nil, fmt.Errorf("insert number: %w", err)
		}
		found[aid] = uint32(last)
	}
	return found, nil
}

// Number is the number of a host, if it has one.
func (s *Service) Number(ctx context.Context, cid store.CID, aid string) (uint32, bool, error) {
	if n, ok := s.numbers.get(cid, aid); ok {
		return n, true, nil
	}
	var found map[string]uint32
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		found, err = numbersOf(tx, cid, []string{aid})
		return err
	})
	if err != nil {
		return 0, false, outward.Error("number of a host", err)
	}
	n, ok := found[aid]
	if ok {
		s.numbers.put(cid, aid, n)
	}
	return n, ok, nil
}

// AIDs gives the ids that numbers stand for, in their order. A number that was
// never given away is an error: what names it is damaged.
func (s *Service) AIDs(ctx context.Context, cid store.CID, numbers []uint32) ([]string, error) {
	wanted := make([]int64, len(numbers))
	for i, n := range numbers {
		wanted[i] = int64(n)
	}
	found := make(map[uint32]string, len(numbers))
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		return tx.Each(func(rows *sql.Rows) error {
			var n uint32
			var aid string
			err := rows.Scan(&n, &aid)
			found[n] = aid
			return err
		}, `SELECT number, aid FROM host_number WHERE cid = ? AND number IN `+store.Listed, string(cid), store.List(wanted))
	})
	if err != nil {
		return nil, outward.Error("ids of hosts", err)
	}
	out := make([]string, len(numbers))
	for i, n := range numbers {
		var ok bool
		if out[i], ok = found[n]; !ok {
			return nil, fmt.Errorf("ids of hosts: no host has the number %d", n)
		}
	}
	return out, nil
}
