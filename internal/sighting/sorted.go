package sighting

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/sstable"
)

// A sorted rollup is ready to be written as a run.
type sorted struct {
	observables []ranked // in the order of their keys
	notes       []note   // by rank of the observable, host number and process
	records     []record // in the order of their keys
}

// A ranked observable has its notes in one piece.
type ranked struct {
	observable.Observable
	key      []byte // of its hosts, without the host
	digest   [16]byte
	from, to int // of the notes
}

// A record is a process with the number of its host.
type record struct {
	host uint32
	id   uint64
	*process
}

// sort puts all in the order of a run. numbers are those of the hosts. The
// rollup is used up.
func (r *rollup) sort(numbers []uint32) sorted {
	s := sorted{observables: make([]ranked, len(r.observables)), notes: r.notes}
	for i, o := range r.observables {
		s.observables[i] = ranked{Observable: o, key: observablePrefix(nil, o), digest: o.Digest(), from: i}
	}
	slices.SortFunc(s.observables, func(a, b ranked) int { return bytes.Compare(a.key, b.key) })
	rank := make([]uint32, len(r.observables))
	for i := range s.observables {
		rank[s.observables[i].from] = uint32(i)
	}
	for i := range s.notes {
		n := &s.notes[i]
		n.observable, n.host = rank[n.observable], numbers[n.host]
	}
	slices.SortFunc(s.notes, compareNotes)
	s.cut()
	for ref, p := range r.processes {
		s.records = append(s.records, record{numbers[ref.host], ref.process, p})
	}
	slices.SortFunc(s.records, func(a, b record) int {
		return cmp.Or(cmp.Compare(a.host, b.host), cmp.Compare(a.id, b.id))
	})
	return s
}

func compareNotes(a, b note) int {
	x, y := uint64(a.observable)<<32|uint64(a.host), uint64(b.observable)<<32|uint64(b.host)
	if x == y {
		x, y = a.process, b.process
	}
	return cmp.Compare(x, y)
}

// cut tells each observable which notes are its own.
func (s *sorted) cut() {
	at := 0
	for i := range s.observables {
		o := &s.observables[i]
		o.from = at
		for at < len(s.notes) && int(s.notes[at].observable) == i {
			at++
		}
		o.to = at
	}
}

// A span is the times at which the entries of a run were last seen.
type span struct{ oldest, newest int64 }

func (s *span) add(last int64) {
	if s.oldest == 0 || last < s.oldest {
		s.oldest = last
	}
	s.newest = max(s.newest, last)
}

// write gives every entry to a run's writer.
func (s *sorted) write(w *sstable.Writer) (span, error) {
	out := output{w: w}
	for i := range s.observables {
		o := &s.observables[i]
		w.Mark(o.key)
		for host, group := range groups(s.notes[o.from:o.to], sameHost) {
			out.key = appendHost(append(out.key[:0], o.key...), host)
			out.seen(sumOf(group))
		}
	}
	for _, i := range s.byDigest() {
		o := &s.observables[i]
		for host, group := range groups(s.notes[o.from:o.to], sameProcess) {
			if group[0].process == 0 {
				continue
			}
			out.key = appendProcess(processesPrefix(out.key[:0], o.digest, host), group[0].process)
			out.seen(sumOf(group))
		}
	}
	for _, r := range s.records {
		out.key = recordKey(out.key[:0], r.host, r.id)
		w.Mark(out.key)
		out.value = r.append(out.value[:0])
		out.add(r.last)
	}
	return out.span, out.err
}

// byDigest gives the observables' places in the order of their digests.
func (s *sorted) byDigest() []uint32 {
	order := make([]uint32, len(s.observables))
	for i := range order {
		order[i] = uint32(i)
	}
	slices.SortFunc(order, func(a, b uint32) int {
		return bytes.Compare(s.observables[a].digest[:], s.observables[b].digest[:])
	})
	return order
}

// An output adds entries to a run, one after the other, until one fails.
type output struct {
	w          *sstable.Writer
	key, value []byte
	span       span
	err        error
}

func (o *output) seen(s seen) {
	o.value = s.append(o.value[:0])
	o.add(s.last)
}

func (o *output) add(last int64) {
	o.span.add(last)
	if o.err == nil {
		o.err = o.w.Add(o.key, o.value)
	}
}

func sameHost(a, b note) bool { return a.host == b.host }

func sameProcess(a, b note) bool { return a.host == b.host && a.process == b.process }

// groups cuts sorted notes where they stop being the same.
func groups(notes []note, same func(a, b note) bool) func(yield func(host uint32, group []note) bool) {
	return func(yield func(uint32, []note) bool) {
		for from := 0; from < len(notes); {
			to := from + 1
			for to < len(notes) && same(notes[from], notes[to]) {
				to++
			}
			if !yield(notes[from].host, notes[from:to]) {
				return
			}
			from = to
		}
	}
}

// sumOf joins the notes of one thing.
func sumOf(group []note) seen {
	s := seen{first: group[0].time, last: group[0].time}
	for _, n := range group {
		s.add(seen{first: n.time, last: n.time, count: 1, kinds: n.kinds})
	}
	return s
}
