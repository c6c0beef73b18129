package blob

import (
	"encoding/hex"
	"errors"
	"fmt"
	"path"
	"sync"
)

// A group gathers the small blobs that are committed at the same time. What one
// costs a file system, a file made, synced and moved, they then cost together.
type group struct {
	mu      sync.Mutex
	waiting []*member
	turn    sync.Mutex // held by the one who commits for all
}

// A member is a writer that waits for its commit.
type member struct {
	w     *Writer
	id    string
	twin  *member // of the same name, that came before it
	done  bool    // guarded by turn
	fresh bool
	err   error
}

var errUncommitted = errors.New("the commit was cut off")

// commitSmall commits w, with others if others wait. Who gets the turn first serves
// those that came by then; the slower the disk, the larger the groups.
func (s *Store) commitSmall(w *Writer) (fresh bool, err error) {
	g := &s.group
	m := &member{w: w, id: s.keys.fileID(w.name)}
	g.mu.Lock()
	g.waiting = append(g.waiting, m)
	g.mu.Unlock()
	g.turn.Lock()
	defer g.turn.Unlock()
	for !m.done {
		s.commitGroup(g.take())
	}
	return m.fresh, m.err
}

// take gives those who wait longest, as many as fit into a pack.
func (g *group) take() []*member {
	g.mu.Lock()
	defer g.mu.Unlock()
	n, size := 0, int64(0)
	for n < len(g.waiting) && n < maxPacked && (n == 0 || size+g.waiting[n].w.at <= maxPackLen) {
		size += g.waiting[n].w.at
		n++
	}
	members := g.waiting[:n:n]
	if g.waiting = g.waiting[n:]; len(g.waiting) == 0 {
		g.waiting = nil // let the array go
	}
	return members
}

// commitGroup commits finished small writers, each as if it were alone.
func (s *Store) commitGroup(members []*member) {
	for _, m := range members {
		m.done, m.err = true, errUncommitted // whatever happens below
	}
	if err := s.usable(); err != nil {
		for _, m := range members {
			m.err = err
		}
		return
	}
	defer s.lockAll(members)()
	var absent []*member
	first := map[string]*member{}
	for _, m := range members {
		if m.twin = first[m.id]; m.twin != nil {
			continue
		}
		first[m.id] = m
		stored, err := s.stored(m.id)
		switch {
		case err != nil:
			m.err = err
		case stored:
			m.fresh, m.err = s.commitAlone(m.w, m.id)
		default:
			absent = append(absent, m)
		}
	}
	switch len(absent) {
	case 0:
	case 1:
		m := absent[0]
		m.fresh, m.err = s.commitAlone(m.w, m.id)
	default:
		err := s.writePack(absent)
		for _, m := range absent {
			m.fresh, m.err = err == nil, err
		}
	}
	for _, m := range members {
		if m.twin != nil {
			m.err = m.twin.err
			m.w.Abort()
		}
	}
}

// stored tells whether there is a blob of this name, sound or not.
func (s *Store) stored(id string) (bool, error) {
	_, err := s.fs.Stat(s.path(id))
	if isAbsent(err) {
		return s.packs.has(id), nil
	}
	return err == nil, err
}

// lockAll locks the names of a group, in one order for all groups.
func (s *Store) lockAll(members []*member) (unlock func()) {
	var held [len(s.locks)]bool
	for _, m := range members {
		held[s.stripe(m.id)] = true
	}
	for i, yes := range held {
		if yes {
			s.locks[i].Lock()
		}
	}
	return func() {
		for i, yes := range held {
			if yes {
				s.locks[i].Unlock()
			}
		}
	}
}

// writePack makes a pack of new blobs, durable before it is known.
func (s *Store) writePack(members []*member) (err error) {
	if err := s.makeDir(packDir); err != nil {
		return err
	}
	name := fmt.Sprintf("%x%s", members[0].w.sealer.id, packSuffix)
	temp := path.Join(tempDir, name)
	f, err := s.fs.Create(temp)
	if err != nil {
		return err
	}
	entries, at := make([]packed, len(members)), 0
	for i, m := range members {
		text := *m.w.held
		_, _ = hex.Decode(entries[i].id[:], []byte(m.id))
		entries[i].at, entries[i].length = uint32(at), uint32(len(text))
		at += len(text)
		if err == nil {
			_, err = f.Write(text)
		}
	}
	if err == nil {
		_, err = f.Write(encodeDirectory(entries))
	}
	if err == nil {
		err = s.sync(f)
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err == nil {
		err = s.fs.Rename(temp, path.Join(packDir, name))
	}
	if err != nil {
		// What cannot be removed now is swept at the next start.
		_ = s.fs.Remove(temp)
		return err
	}
	if err := s.syncDir(packDir); err != nil {
		return err
	}
	s.packs.add(&pack{name: name}, entries)
	for _, m := range members {
		m.w.release()
	}
	return nil
}

// commitLarge commits a blob that has its temporary file already.
func (s *Store) commitLarge(w *Writer) (fresh bool, err error) {
	id := s.keys.fileID(w.name)
	defer s.lock(id)()
	return s.commitAlone(w, id)
}

// commitAlone gives a blob a file of its own, which goes before a packed one of
// the same name: that one was damaged. The name is locked.
func (s *Store) commitAlone(w *Writer, id string) (fresh bool, err error) {
	to := s.path(id)
	if err := s.makeDir(path.Dir(to)); err != nil {
		return false, err
	}
	if s.sound(id) {
		if err := s.syncDir(path.Dir(to)); err != nil { // who put it there may have died before this
			return false, err
		}
		w.Abort()
		return false, nil
	}
	if err := w.settle(); err != nil {
		return false, err
	}
	s.packs.heal(id)
	if err := s.fs.Rename(w.temp, to); err != nil {
		return false, err
	}
	w.temp = ""
	if err := s.syncDir(path.Dir(to)); err != nil {
		return true, err
	}
	return true, s.deletePacked(id)
}
