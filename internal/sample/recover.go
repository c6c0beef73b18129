package sample

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/store"
)

// Recover brings blobs and rows together again after a crash: it finishes
// deletions, and looks at blobs without a row. Such a blob is an upload that
// was never answered; it is whole, and sealed with its record, so it is given
// its row. Were it thrown away instead, a lost or older database would take the
// corpus with it. What was stored for a holder goes back to it (OnAdopt), and
// never into the corpus. Of many deletions that were interrupted Recover finishes
// only some, so that a start does not wait: FinishDeletes does the rest. Recover
// may run beside requests, and any number of times.
func (s *Service) Recover(ctx context.Context) error {
	s.recovering.Lock()
	defer s.recovering.Unlock()
	if err := s.finishPending(ctx, "", deletesAtStart); err != nil {
		return fmt.Errorf("recover samples: %w", err)
	}
	if err := s.adoptOrphans(ctx); err != nil {
		return fmt.Errorf("recover samples: %w", err)
	}
	return nil
}

// adoptOrphans first lists blobs and then rows: what comes later is in no list,
// and what is being worked on meanwhile is left alone.
func (s *Service) adoptOrphans(ctx context.Context) error {
	defer s.locks.watch()()
	blobs := map[uint64]string{} // by the first 64 bits of the name, which is an HMAC
	for id, err := range s.blobs.All() {
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		blobs[short(id)] = id
	}
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT cid, sha256 FROM sample`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var cid string
			var sum []byte
			if err := rows.Scan(&cid, &sum); err != nil {
				return err
			}
			if len(sum) != 32 {
				return errDamagedRow
			}
			delete(blobs, short(s.blobs.FileID(blob.Name{CID: cid, SHA256: [32]byte(sum)})))
		}
		return rows.Err()
	})
	for _, id := range blobs {
		if err == nil {
			err = s.adopt(ctx, id)
		}
	}
	return err
}

func short(id string) uint64 {
	b, _ := hex.DecodeString(id[:16]) // the blob store lists hex digits only
	return binary.BigEndian.Uint64(b)
}

// adopt gives a blob its row. One whose key is destroyed is swept; a damaged
// one stays for the operator.
func (s *Service) adopt(ctx context.Context, id string) error {
	unlock, ok := s.locks.lockIdle(id)
	if !ok {
		return nil
	}
	defer unlock()
	rec, meta, err := s.readMeta(id)
	switch {
	case errors.Is(err, blob.ErrNotFound):
		return s.blobs.DeleteFile(id)
	case errors.Is(err, blob.ErrCorrupt):
		s.log.Error("a blob without a record is damaged", "file", id, "cause", err)
		return nil
	case err != nil:
		return err
	}
	s.log.Info("taking in a sample whose upload was interrupted", "sha256", rec.SHA256)
	err = s.db.Write(ctx, func(tx *store.Tx) error { return s.enterAdopted(tx, rec, meta) })
	switch {
	case errors.Is(err, ErrUnwanted):
		return s.blobs.DeleteFile(id)
	case errors.Is(err, errNoHolder):
		s.log.Error("a blob's holder cannot be made again; its bytes stay where they are", "sha256", rec.SHA256, "cause", err)
		return nil
	}
	return err
}

// errNoHolder marks an error of the room that holds bytes.
var errNoHolder = errors.New("restore holder")

// enterAdopted makes the row of a blob that has none, and what stands with it.
func (s *Service) enterAdopted(tx *store.Tx, rec Record, m sealedMeta) error {
	state := stored
	if m.Holder != "" {
		state = held
	}
	ok, err := s.insert(tx, &rec, state)
	if err != nil || !ok { // not ok: it has a row meanwhile
		return err
	}
	if m.Holder != "" {
		if err := insertHold(tx, rec.CID, rec.blobName().SHA256, m.Holder); err != nil {
			return err
		}
		if s.adopter != nil {
			if err := s.adopter(tx, rec, m.Sealed); err != nil {
				return fmt.Errorf("%w: %w", errNoHolder, err)
			}
		}
	}
	who := store.Actor{CID: rec.CID, Client: rec.Client, Operation: "recover"}
	return tx.Audit(audit(who, "sample.recover", "", rec.SHA256))
}

// readMeta makes the record again that was sealed into the blob.
func (s *Service) readMeta(id string) (rec Record, m sealedMeta, err error) {
	r, err := s.blobs.GetFile(id)
	if err != nil {
		return rec, m, err
	}
	defer r.Close()
	info, err := r.Info()
	if err != nil {
		return rec, m, err
	}
	if err := json.Unmarshal(r.Meta(), &m); err != nil {
		return rec, m, fmt.Errorf("%w: metadata: %w", blob.ErrCorrupt, err)
	}
	if m.Version != corpusMeta && m.Version != heldMeta {
		return rec, m, fmt.Errorf("%w: metadata of version %d", blob.ErrCorrupt, m.Version)
	}
	rec = Record{
		Type: m.Type, FirstSeen: time.UnixMicro(m.FirstSeen).UTC(), Uploaded: time.UnixMicro(m.Uploaded).UTC(),
		Client: m.Client, Label: m.Label, Family: m.Family, Tags: m.Tags,
		FileName: string(m.FileName), Comment: string(m.Comment), Confidential: m.Confidential,
	}
	rec.identify(info)
	return rec, m, nil
}
