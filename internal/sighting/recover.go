package sighting

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sstable"
	"github.com/mewshq/mews/internal/store"
)

// recover puts the catalog's runs on their shelves, and sweeps files that it does
// not name: runs whose transaction never came, and merged ones whose removal did
// not last.
func (s *Service) recover(ctx context.Context) error {
	if err := s.fs.MkdirAll(folder); err != nil {
		return err
	}
	var rows []runRow
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		rows, err = runRows(tx)
		return err
	})
	if err != nil {
		return fmt.Errorf("read catalog: %w", err)
	}
	known := make(map[string]bool, len(rows))
	for _, row := range rows {
		known[path.Base(runName(row.id))] = true
		s.shelves[row.cid] = append(s.shelves[row.cid], &run{runRow: row, refs: 1})
		s.lastID.Store(max(s.lastID.Load(), row.id))
	}
	return s.sweep(known)
}

func (s *Service) sweep(known map[string]bool) error {
	names, err := s.fs.ReadDir(folder)
	if err != nil {
		return err
	}
	for _, name := range names {
		if known[name] {
			continue
		}
		digits, _, _ := strings.Cut(name, ".")
		if id, err := strconv.ParseUint(digits, 16, 64); err == nil {
			s.lastID.Store(max(s.lastID.Load(), id)) // its removal may not last
		}
		if err := s.fs.Remove(path.Join(folder, name)); err != nil {
			return err
		}
	}
	return nil
}

// spoils tells whether an error means that the run itself is bad.
func spoils(err error) bool {
	var damage *sstable.DamageError
	return errors.As(err, &damage) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, errValue)
}

// damage notes that a run could not be read, and says so to the user: an answer
// without it would be silently short. The run is not merged any more.
func (s *Service) damage(r *run, err error) error {
	if !spoils(err) {
		return err
	}
	s.mu.Lock()
	first := !r.damaged
	r.damaged = true
	s.mu.Unlock()
	if first {
		s.log.Error("a run of sightings is damaged; restore it from a backup", "file", runName(r.id), "cid", string(r.cid), "error", err)
	}
	return mews.Errorf(mews.ErrUnavailable,
		"part of the sightings cannot be read: file %s is damaged or missing; restore it from a backup", runName(r.id)).WithCause(err)
}
