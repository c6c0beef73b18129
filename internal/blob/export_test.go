package blob

// CommitTogether commits finished small writers as one group, as if they had
// waited for each other.
func (s *Store) CommitTogether(ws ...*Writer) (fresh []bool, err error) {
	var members []*member
	for _, w := range ws {
		members = append(members, &member{w: w, id: s.keys.fileID(w.name)})
	}
	s.commitGroup(members)
	for _, m := range members {
		if m.err != nil {
			return nil, m.err
		}
		fresh = append(fresh, m.fresh)
	}
	return fresh, nil
}

// HoldCommits makes small commits wait for each other until release.
func (s *Store) HoldCommits() (release func()) {
	s.group.turn.Lock()
	return s.group.turn.Unlock
}

// Waiting is how many commits wait.
func (s *Store) Waiting() int {
	s.group.mu.Lock()
	defer s.group.mu.Unlock()
	return len(s.group.waiting)
}
