package search

import (
	"context"
	"io"
	"time"
)

// paceStep is how much a merge writes between two looks at who else is busy.
const paceStep = 1 << 20

// A pacedWriter holds a merge to a rate while searches or new files want the
// disk; otherwise it lets it run.
type pacedWriter struct {
	ctx  context.Context
	w    io.Writer
	rate int64 // bytes a second
	busy func() bool
	owed int64 // written since the last look
}

func (p *pacedWriter) Write(b []byte) (int, error) {
	n, err := p.w.Write(b)
	p.owed += int64(n)
	if err != nil || p.owed < paceStep {
		return n, err
	}
	wait := time.Duration(p.owed) * time.Second / time.Duration(p.rate)
	p.owed = 0
	if !p.busy() {
		return n, nil
	}
	pause := time.NewTimer(wait)
	defer pause.Stop()
	select {
	case <-pause.C:
		return n, nil
	case <-p.ctx.Done():
		return n, p.ctx.Err()
	}
}

// busy tells whether a search is under way or files wait to be indexed.
func (e *Engine) busy() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.snapshots > 0 {
		return true
	}
	for _, sh := range e.shards {
		if len(sh.tail) > 0 {
			return true
		}
	}
	return false
}
