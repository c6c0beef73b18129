package server

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// Reset gives the server the data of its first start again: none, or the seed's.
// API clients and their tokens live on; fault rules and the request log go. Only
// dev mode has it, for a data folder that was made in dev mode.
func (s *Server) Reset(ctx context.Context, who store.Actor) error {
	if err := s.restore(ctx, who, "dev.reset", ""); err != nil {
		return err
	}
	s.dev.Faults.Clear()
	s.dev.Requests.Clear()
	return nil
}

// Restore puts a snapshot in the data's place. API clients and their tokens live
// on as they are.
func (s *Server) Restore(ctx context.Context, who store.Actor, name string) error {
	if name == "" {
		return mews.Errorf(mews.ErrInvalid, "name: give the name of a snapshot")
	}
	return s.restore(ctx, who, "dev.restore", name)
}

func (s *Server) restore(ctx context.Context, who store.Actor, action, name string) error {
	plan := func(old *node) error {
		carried, err := old.auth.Carry(ctx)
		if err != nil {
			return err
		}
		return s.folder.copies.Plan(name, carried)
	}
	return s.change(ctx, plan, func() error { return nil }, note(who, action, name))
}

// SaveSnapshot copies the data under a name that no snapshot has.
func (s *Server) SaveSnapshot(ctx context.Context, who store.Actor, name string) (saved mews.Snapshot, err error) {
	nothing := func(*node) error { return nil }
	err = s.change(ctx, nothing, func() (err error) {
		saved, err = s.folder.copies.Save(ctx, name)
		return err
	}, note(who, "dev.save", name))
	return saved, err
}

// Snapshots lists the snapshots by name.
func (s *Server) Snapshots(context.Context) ([]mews.Snapshot, error) { return s.folder.copies.List() }

// DeleteSnapshot deletes a snapshot.
func (s *Server) DeleteSnapshot(_ context.Context, _ store.Actor, name string) error {
	s.changing.Lock() // no restore may be reading it
	defer s.changing.Unlock()
	return s.folder.copies.Delete(name)
}

func note(who store.Actor, action, name string) store.AuditEntry {
	return store.AuditEntry{Actor: who, Action: action, Objects: []string{"snapshot:" + name}, Outcome: "success"}
}

// change has work done on the data folder while no node stands on it, and
// begins a node on what is there then. before is asked while the old node stands
// and nobody uses it; its refusal changes nothing. An error of work is the
// answer, and the server goes on; when no node can be begun, it ends.
func (s *Server) change(ctx context.Context, before func(*node) error, work func() error, entry store.AuditEntry) error {
	s.changing.Lock()
	defer s.changing.Unlock()
	old := s.stage.current()
	if s.ending || old == nil {
		return mews.Errorf(mews.ErrUnavailable, "the server ends")
	}
	began := time.Now()
	if err := s.stage.clear(s.patience); err != nil {
		return err
	}
	if err := before(old.node); err != nil {
		s.stage.open(old)
		return err
	}
	old.stop()
	<-old.ended
	err := old.node.Close()
	var workErr error
	var next *act
	if err == nil {
		workErr = work()
		next, err = s.begin(context.WithoutCancel(ctx))
	}
	s.stage.open(next)
	if err != nil {
		s.log.Error("the data folder cannot be served any more", slog.String("error", err.Error()))
		s.group.Go(func() error { return disk(err) })
		return errors.Join(workErr, mews.Errorf(mews.ErrUnavailable, "the server cannot go on; its log says why").WithCause(err))
	}
	if workErr != nil {
		return workErr
	}
	s.log.Warn("changed the data folder", slog.String("action", entry.Action), slog.Any("objects", entry.Objects), slog.Duration("took", time.Since(began)))
	entry.Actor.CID = next.node.cid
	return next.node.db.Write(context.WithoutCancel(ctx), func(tx *store.Tx) error { return tx.Audit(entry) })
}
