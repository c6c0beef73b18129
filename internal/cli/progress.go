package cli

import (
	"sync/atomic"
	"time"

	"github.com/vbauerster/mpb/v8"
	"github.com/vbauerster/mpb/v8/decor"
)

// A progress is one live line on standard error; nothing where that is no
// terminal.
type progress struct {
	pool *mpb.Progress
	bar  *mpb.Bar
	note atomic.Pointer[string]
}

// newProgress starts a line that counts things of this name, or bytes where
// the name is "".
func (g *globals) newProgress(unit string) *progress {
	p := &progress{}
	if !g.isTerminal(g.Err) {
		return p
	}
	counters := decor.CountersNoUnit("%d/%d "+unit, decor.WCSyncSpaceR)
	if unit == "" {
		counters = decor.CountersKibiByte("% .1f/% .1f", decor.WCSyncSpaceR)
	}
	p.pool = mpb.New(mpb.WithOutput(g.Err), mpb.WithAutoRefresh(), mpb.WithRefreshRate(200*time.Millisecond))
	p.bar = p.pool.New(0, mpb.BarStyle().Rbound("]").Filler("=").Tip(">"),
		mpb.BarRemoveOnComplete(),
		mpb.BarWidth(30),
		mpb.PrependDecorators(counters),
		mpb.AppendDecorators(decor.Any(func(decor.Statistics) string {
			if s := p.note.Load(); s != nil {
				return " " + *s
			}
			return ""
		})),
	)
	return p
}

// set moves the line. total may grow, and is 0 while it is unknown.
func (p *progress) set(done, total int64, note string) {
	if p.bar == nil {
		return
	}
	p.note.Store(&note)
	p.bar.SetTotal(max(total, 1), false)
	p.bar.SetCurrent(min(done, total))
}

// end removes the line. It may be called twice.
func (p *progress) end() {
	if p.bar == nil {
		return
	}
	p.bar.Abort(true)
	p.pool.Wait()
	p.bar = nil
}
