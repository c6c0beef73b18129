package fault

import (
	"sync"

	"github.com/mewshq/mews"
)

// A Log remembers the last requests of a server in a ring of fixed size. What is
// put in must hold no secret: it is shown as it is.
type Log struct {
	mu   sync.Mutex
	ring []mews.DevRequest
	next int   // slot of the next entry
	last int64 // sequence of the newest
}

// NewLog makes a log of the last size requests.
func NewLog(size int) *Log { return &Log{ring: make([]mews.DevRequest, 0, size)} }

// Add puts a request in and numbers it. The oldest gives way.
func (l *Log) Add(e mews.DevRequest) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last++
	e.Sequence = l.last
	if len(l.ring) < cap(l.ring) {
		l.ring = append(l.ring, e)
		return
	}
	l.ring[l.next] = e
	l.next = (l.next + 1) % len(l.ring)
}

// A Query picks entries of a log. Patterns are as in rules.
type Query struct {
	Request
	Status int   // 0: any
	After  int64 // only entries with a larger sequence
	Limit  int   // the newest so many of those that match; 0: all
}

// Find gives the entries that a query picks, the oldest first.
func (l *Log) Find(q Query) []mews.DevRequest {
	l.mu.Lock()
	defer l.mu.Unlock()
	var out []mews.DevRequest
	for i := range l.ring {
		if e := l.ring[(l.next+i)%len(l.ring)]; q.picks(e) {
			out = append(out, e)
		}
	}
	if q.Limit > 0 && len(out) > q.Limit {
		out = out[len(out)-q.Limit:]
	}
	return out
}

func (q Query) picks(e mews.DevRequest) bool {
	return e.Sequence > q.After && (q.Status == 0 || e.Status == q.Status) &&
		matches(q.Client, e.Client) && matches(q.Operation, e.Operation) && matches(q.Method, e.Method) && matches(q.Path, e.Path)
}

// Clear forgets all entries and tells how many there were. Numbers go on: a
// reader that holds one never sees it twice.
func (l *Log) Clear() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := len(l.ring)
	l.ring, l.next = l.ring[:0], 0
	return n
}
