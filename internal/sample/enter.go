package sample

import (
	"context"
	"errors"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/store"
)

// admit makes blob and row appear together: while the name is locked nobody can
// delete one of them. fresh says that the sample is new to the index.
func (s *Service) admit(ctx context.Context, who store.Actor, w *blob.Writer, rec *Record, o PutOptions) (fresh bool, err error) {
	name := rec.blobName()
	defer s.locks.lock(s.blobs.FileID(name))()
	if _, err := w.Commit(); err != nil {
		return false, err
	}
	given := *rec
	err = s.db.Write(ctx, func(tx *store.Tx) (err error) {
		*rec = given
		if fresh, err = s.enter(tx, rec, o); err != nil {
			return err
		}
		if o.OnStored != nil {
			if err := o.OnStored(tx, *rec); err != nil {
				return err
			}
		}
		if o.Hold != "" {
			return nil
		}
		return tx.Audit(audit(who, "sample.upload", "", rec.SHA256))
	})
	if err != nil {
		s.undo(name, err)
	}
	return fresh, err
}

// enter makes or changes the row of a sample. fresh says that it is new to the
// index.
func (s *Service) enter(tx *store.Tx, rec *Record, o PutOptions) (fresh bool, err error) {
	state, err := o.state(tx)
	if err != nil {
		return false, err
	}
	ok, err := s.insert(tx, rec, state)
	if err != nil {
		return false, err
	}
	if fresh = ok && visible(state); !ok {
		if fresh, err = s.again(tx, rec, state, o); err != nil {
			return false, err
		}
	}
	if o.Hold != "" {
		err = insertHold(tx, rec.CID, rec.blobName().SHA256, o.Hold)
	}
	return fresh, err
}

// state is what an upload asks for.
func (o *PutOptions) state(tx *store.Tx) (int, error) {
	if o.Hold == "" {
		return stored, nil
	}
	if o.Searchable == nil {
		return held, nil
	}
	on, err := o.Searchable(tx)
	_, state := switched(on)
	return state, err
}

// insert makes the row of a new sample, and queues it for the index if searches
// are to see it. It does nothing, and ok is false, when there is a row.
func (s *Service) insert(tx *store.Tx, rec *Record, state int) (ok bool, err error) {
	if ok, err = insert(tx, rec, state); err != nil || !ok || !visible(state) {
		return ok, err
	}
	return true, s.index.Enqueue(tx, rec.CID, rec.indexFile())
}

// again takes in a sample that has a row. fresh says that it is new to the
// index: nobody saw the old one, or its deletion was not finished.
func (s *Service) again(tx *store.Tx, rec *Record, state int, o PutOptions) (fresh bool, err error) {
	old, before, ok, err := find(tx, rec.CID, rec.blobName().SHA256)
	switch {
	case err != nil:
		return false, err
	case !ok:
		return false, errDamagedRow // the row that was in the way does not answer to its name
	case before == deleting:
		return visible(state), s.reenter(tx, old, rec, state)
	case state == stored:
		return s.intoCorpus(tx, rec, old, before, o)
	}
	*rec = old
	if before == held && state == shown {
		return true, s.reenter(tx, old, rec, shown)
	}
	return false, nil
}

// intoCorpus takes in a sample that is stored already, perhaps for a holder.
func (s *Service) intoCorpus(tx *store.Tx, rec *Record, old Record, before int, o PutOptions) (fresh bool, err error) {
	if before != stored {
		old.Uploaded, old.Client = rec.Uploaded, rec.Client
	}
	if err := old.take(o); err != nil {
		return false, err
	}
	*rec = old
	if before == stored {
		s.records.forgetAfter(tx, old)
		return false, update(tx, old)
	}
	if before == shown {
		if err := s.leaveIndex(tx, old.CID, old.Seq); err != nil {
			return false, err
		}
	}
	return true, s.reenter(tx, old, rec, stored)
}

// reenter puts rec in the place of a row that no index knows. It gets a new
// number: whatever was said of the old one (that it is dead in a segment, that it
// has no facts) stays true.
func (s *Service) reenter(tx *store.Tx, old Record, rec *Record, state int) error {
	if err := remove(tx, old); err != nil {
		return err
	}
	_, err := s.insert(tx, rec, state)
	return err
}

// undo takes back a blob whose row was refused. When it is not certain that no
// row stands for the blob, it stays, and Recover decides.
func (s *Service) undo(name blob.Name, cause error) {
	if errors.Is(cause, store.ErrFailed) {
		return
	}
	var known bool
	err := s.db.Read(context.Background(), func(tx *store.Tx) (err error) {
		_, _, known, err = find(tx, store.CID(name.CID), name.SHA256)
		return err
	})
	if err == nil && !known {
		err = s.blobs.Delete(name)
	}
	if err != nil {
		s.log.Warn("blob of a refused upload stays until the next start", "cause", err)
	}
}
