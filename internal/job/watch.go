package job

// A watch is how those who wait for a job hear of its end.
type watch struct {
	ended   chan struct{}
	waiting int
}

// Watch gives a channel that is closed when the job ends in this process, or
// when Run stops working. To miss no end, watch first and read the job's state
// then. Call stop when done with it.
func (t *Table) Watch(id string) (ended <-chan struct{}, stop func()) {
	t.mu.Lock()
	defer t.mu.Unlock()
	w := t.watched[id]
	if w == nil {
		w = &watch{ended: make(chan struct{})}
		t.watched[id] = w
	}
	w.waiting++
	return w.ended, func() {
		t.mu.Lock()
		defer t.mu.Unlock()
		if w.waiting--; w.waiting == 0 && t.watched[id] == w {
			delete(t.watched, id)
		}
	}
}

// ended tells those who wait for a job that it will not change any more.
func (t *Table) ended(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if w := t.watched[id]; w != nil {
		delete(t.watched, id)
		close(w.ended)
	}
}

// endWatches lets all who wait go on: the server stops.
func (t *Table) endWatches() {
	t.mu.Lock()
	defer t.mu.Unlock()
	for id, w := range t.watched {
		delete(t.watched, id)
		close(w.ended)
	}
}
