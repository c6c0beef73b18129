package sighting

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"fmt"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// An answer is what a call is told, now and when it is repeated.
type answer struct {
	Counts mews.IngestCounts `json:"counts"`
	Errors []LineError       `json:"errors,omitempty"`
}

func (a answer) encode() string {
	b, _ := json.Marshal(a) // numbers and text
	return string(b)
}

// A repetition ends a transaction that has nothing to do.
type repetition struct{ answer answer }

func (*repetition) Error() string { return "the call was counted before" }

// call names the call that was read. The letters keep keys of clients and names
// made of lines apart.
func (r *reading) call(who store.Actor, key string) call {
	lines := r.digest.Sum(nil)
	name := "lines " + hex.EncodeToString(lines)
	if key != "" {
		name = "key " + key
	}
	return call{cid: who.CID, client: who.Client, name: name, lines: lines}
}

// repeated gives the answer of a call that was counted before.
func (s *Service) repeated(ctx context.Context, c call) (a answer, ok bool, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		a, ok, err = s.findCall(tx, c)
		return err
	})
	return a, ok, err
}

func (s *Service) findCall(tx *store.Tx, c call) (answer, bool, error) {
	row, ok, err := findCall(tx, c, s.now().Add(-s.limits.KeepCalls))
	if !ok || err != nil {
		return answer{}, false, err
	}
	if !bytes.Equal(row.lines, c.lines) {
		return answer{}, false, mews.Errorf(mews.ErrConflict,
			"this Idempotency-Key was used for other lines; give each call a key of its own")
	}
	var a answer
	if err := json.Unmarshal([]byte(row.answer), &a); err != nil {
		return answer{}, false, fmt.Errorf("read the answer of a counted call: %w", err)
	}
	a.Counts.Repeated = true
	return a, true, nil
}
