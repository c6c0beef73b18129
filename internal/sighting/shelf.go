package sighting

import (
	"slices"

	"github.com/mewshq/mews/internal/sstable"
	"github.com/mewshq/mews/internal/store"
)

// A view is the runs of one customer after one transaction. Its runs' files stay
// until it is released.
type view struct {
	s    *Service
	cid  store.CID
	runs []*run
}

// view takes what the catalog holds now: everything that was acknowledged.
func (s *Service) view(cid store.CID) *view {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.hold(cid, s.shelves[cid])
}

// hold keeps runs from being removed. Service.mu is held.
func (s *Service) hold(cid store.CID, shelf []*run) *view {
	for _, r := range shelf {
		r.refs++
	}
	return &view{s: s, cid: cid, runs: shelf}
}

func (v *view) release() {
	v.s.mu.Lock()
	gone := v.s.unref(v.runs)
	v.s.mu.Unlock()
	v.s.discard(gone)
}

// each gives the readers of the runs that may hold what their filter is asked
// for; nil asks nothing.
func (v *view) each(prefix []byte, fn func(*sstable.Reader) error) error {
	for _, r := range v.runs {
		table, err := r.open(v.s.fs, v.s.cache)
		if err == nil && (prefix == nil || table.MayHold(prefix)) {
			err = fn(table)
		}
		if err != nil {
			return v.s.damage(r, err)
		}
	}
	return nil
}

// scan hands over every entry whose key begins with prefix and is tail bytes
// longer, run by run. filter is what a run's filter is asked for.
func (v *view) scan(filter, prefix []byte, tail int, fn func(key, value []byte) error) error {
	end := behind(prefix)
	return v.each(filter, func(table *sstable.Reader) error {
		it := table.Scan(prefix, end)
		for it.Next() {
			if len(it.Key()) != len(prefix)+tail {
				return errValue
			}
			if err := fn(it.Key(), it.Value()); err != nil {
				return err
			}
		}
		return it.Err()
	})
}

// record joins what the runs say of a process: nothing, when its last time is 0.
func (v *view) record(number uint32, id uint64) (p process, err error) {
	key := recordKey(nil, number, id)
	err = v.each(key, func(table *sstable.Reader) error {
		value, ok, err := table.Get(key)
		if !ok || err != nil {
			return err
		}
		more, err := parseProcess(value)
		p.add(more)
		return err
	})
	return p, err
}

// span is the time of all runs.
func (v *view) span() (all span) {
	for _, r := range v.runs {
		all.add(r.oldest)
		all.add(r.newest)
	}
	return all
}

// swap puts a run on its customer's shelf in the place of others. It is called
// when the catalog says so, durably. Views keep the slice they have; whoever
// replaces runs holds them until then.
func (s *Service) swap(cid store.CID, in *run, out []*run) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var left []*run
	for _, r := range s.shelves[cid] {
		if !slices.Contains(out, r) {
			left = append(left, r)
		}
	}
	if in != nil {
		left = append(left, in)
	}
	s.shelves[cid] = left
	for _, r := range out {
		r.dropped = true
	}
	s.unref(out)
	close(s.changed)
	s.changed = make(chan struct{})
}

// unref gives references back, and tells which runs have none left. Service.mu
// is held.
func (s *Service) unref(runs []*run) (gone []*run) {
	for _, r := range runs {
		if r.refs--; r.refs == 0 {
			gone = append(gone, r)
		}
	}
	return gone
}

// discard closes runs and removes the files of those that the catalog no longer
// holds. What cannot be removed now is swept at the next start.
func (s *Service) discard(runs []*run) {
	for _, r := range runs {
		err := r.close()
		if err == nil && r.dropped {
			err = s.fs.Remove(runName(r.id))
		}
		if err != nil {
			s.log.Warn("remove a merged run", "run", r.id, "error", err)
		}
	}
}
