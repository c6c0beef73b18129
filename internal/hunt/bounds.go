package hunt

import (
	"sync"
	"time"
)

// bounds are what one request may cost: the server's limits or the request's own,
// whichever are smaller. What lies beyond is skipped, and counted as such.
type bounds struct {
	candidates, bytes int64
	time              time.Duration
}

func (l Limits) bounds(f filter) bounds {
	b := bounds{candidates: l.MaxCandidates, bytes: l.MaxBytes, time: l.MaxTime}
	if f.maxCandidates > 0 {
		b.candidates = min(b.candidates, f.maxCandidates)
	}
	if f.maxBytes > 0 {
		b.bytes = min(b.bytes, f.maxBytes)
	}
	if f.maxTime > 0 {
		b.time = min(b.time, f.maxTime)
	}
	return b
}

// A scanGate lets one scanner work at first and more once there is enough to do:
// starting another, which compiles the rules again, costs as much as scanning
// some megabytes.
type scanGate struct {
	slots chan struct{}
	most  int

	mu   *sync.Mutex
	open *int
	seen *int64
}

const soloBytes = 8 << 20

func newScanGate(most int) scanGate {
	g := scanGate{slots: make(chan struct{}, most), most: most, mu: new(sync.Mutex), open: new(int), seen: new(int64)}
	g.slots <- struct{}{}
	*g.open = 1
	return g
}

// enter waits for a scanner for a file of this size; leave gives it back.
func (g scanGate) enter(size int64) {
	g.mu.Lock()
	*g.seen += size
	if *g.open < g.most && *g.seen > int64(*g.open)*soloBytes {
		*g.open++
		g.slots <- struct{}{}
	}
	g.mu.Unlock()
	<-g.slots
}

func (g scanGate) leave() { g.slots <- struct{}{} }
