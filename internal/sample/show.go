package sample

import (
	"context"
	"fmt"

	"github.com/mewshq/mews/internal/store"
)

// A Switch tells whether searches see a customer's held samples. It is asked in
// the transaction that acts on the answer, so that whoever changes the setting
// and then calls ShowHeld has all samples follow, those just coming in included.
type Switch func(tx *store.Tx) (bool, error)

// showChunk is how many samples follow the switch in one transaction.
const showChunk = 200

// ShowHeld puts all held samples of a customer into the index, or takes them
// out, as the switch says. It works in steps, asks the switch in each, and goes
// on where an interrupted call stopped. changed counts samples.
func (s *Service) ShowHeld(ctx context.Context, cid store.CID, on Switch) (changed int64, err error) {
	for {
		var n int
		err := s.db.Write(ctx, func(tx *store.Tx) (err error) {
			n, err = s.showSome(tx, cid, on)
			return err
		})
		if err != nil {
			return changed, outward(fmt.Errorf("let held samples follow the switch: %w", err))
		}
		if n == 0 {
			return changed, nil
		}
		changed += int64(n)
	}
}

// Unsettled counts the held samples that are not yet as the switch says.
func (s *Service) Unsettled(tx *store.Tx, cid store.CID, on bool) (n int64, err error) {
	from, _ := switched(on)
	err = tx.QueryRow(unsettledQuery, from, string(cid)).Scan(&n)
	return n, wrapHold(err)
}

// switched gives the state of held samples that the switch changes, and the
// state they get.
func switched(on bool) (from, to int) {
	if on {
		return held, shown
	}
	return shown, held
}

func (s *Service) showSome(tx *store.Tx, cid store.CID, on Switch) (n int, err error) {
	yes, err := on(tx)
	if err != nil {
		return 0, err
	}
	from, to := switched(yes)
	recs, err := heldIn(tx, cid, from, showChunk)
	for _, rec := range recs {
		if err != nil {
			return 0, err
		}
		if yes {
			err = s.reenter(tx, rec, &rec, to)
			continue
		}
		if err = setState(tx, rec, to); err == nil {
			err = s.leaveIndex(tx, cid, rec.Seq)
		}
	}
	return len(recs), err
}
