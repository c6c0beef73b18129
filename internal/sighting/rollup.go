package sighting

import (
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/telemetry"
)

// A rollup gathers the events of one call. Sightings are only noted while lines
// are read; sorting the notes at the end costs less than looking each up in a
// table on the way.
type rollup struct {
	observables []observable.Observable
	byValue     map[observable.Observable]uint32 // place in observables
	hosts       []hostSeen
	byAID       map[string]uint32 // place in hosts
	byName      map[string]uint32 // the same, of hosts that gave no id
	notes       []note
	processes   map[processRef]*process
	memory      int64 // bytes, by estimate
}

// A note is one observable of one event. Until the rollup is sorted, observable
// and host are places in its lists; then they are the observable's rank and the
// host's number.
type note struct {
	observable, host uint32
	process          uint64 // 0: the event named none
	time             int64
	kinds            telemetry.Kind
}

// A processRef names a process of a call: by the place of its host.
type processRef struct {
	process uint64
	host    uint32
}

// A hostSeen is what a call tells of one host.
type hostSeen struct {
	host.Report
	named int64 // when the event was that gave the name
	told  int64 // when the newest event was that gave facts
}

// What things cost in memory, beside their texts.
const (
	noteCost       = 40
	observableCost = 150
	hostCost       = 400
	processCost    = 250
)

func newRollup() *rollup {
	return &rollup{
		byValue: map[observable.Observable]uint32{},
		byAID:   map[string]uint32{}, byName: map[string]uint32{},
		processes: map[processRef]*process{},
	}
}

// add takes an event in. id gives the host's id, and false when the event does
// not name its host.
func (r *rollup) add(ev *telemetry.Event, id func(telemetry.Host) (string, bool)) bool {
	at, ok := r.host(ev, id)
	if !ok {
		return false
	}
	for _, s := range ev.Seen {
		r.notes = append(r.notes, note{
			observable: r.observable(s.Observable), host: at, process: ev.Process.ID, time: ev.Time, kinds: s.Kind,
		})
	}
	r.memory += int64(len(ev.Seen)) * noteCost
	if ev.Process.ID != 0 {
		r.process(ev, at)
	}
	return true
}

func (r *rollup) observable(o observable.Observable) uint32 {
	at, ok := r.byValue[o]
	if !ok {
		at = uint32(len(r.observables))
		r.observables = append(r.observables, o)
		r.byValue[o] = at
		r.memory += observableCost + int64(len(o.Key))
	}
	return at
}

func (r *rollup) process(ev *telemetry.Event, host uint32) {
	ref := processRef{ev.Process.ID, host}
	p := processOf(ev)
	known := r.processes[ref]
	if known == nil {
		r.processes[ref] = &p
		r.memory += processCost + int64(len(p.image)+len(p.commandLine)+len(p.user))
		return
	}
	before := len(known.image) + len(known.commandLine) + len(known.user)
	known.add(p)
	r.memory += int64(len(known.image) + len(known.commandLine) + len(known.user) - before)
}

// host finds the place of an event's host, and widens what is known of it.
func (r *rollup) host(ev *telemetry.Event, id func(telemetry.Host) (string, bool)) (uint32, bool) {
	h := &ev.Host
	places, name := r.byAID, h.AID
	if name == "" {
		places, name = r.byName, h.Hostname
	}
	at, ok := places[name]
	if !ok {
		aid, known := id(*h)
		if !known {
			return 0, false
		}
		at = r.place(aid, ev.Time)
		places[name] = at
	}
	r.hosts[at].widen(ev)
	return at, true
}

// place finds a host by its own id, whichever way it was named.
func (r *rollup) place(aid string, at int64) uint32 {
	i, ok := r.byAID[aid]
	if !ok {
		i = uint32(len(r.hosts))
		r.hosts = append(r.hosts, hostSeen{Report: host.Report{AID: aid, First: at, Last: at}})
		r.byAID[aid] = i
		r.memory += hostCost
	}
	return i
}

// widen joins what an event says of its host. The newest name stands.
func (h *hostSeen) widen(ev *telemetry.Event) {
	h.First, h.Last = min(h.First, ev.Time), max(h.Last, ev.Time)
	if name := ev.Host.Hostname; name != "" && (h.Hostname == "" || ev.Time >= h.named) {
		h.Hostname, h.named = name, ev.Time
	}
	if facts := ev.Host.Facts; facts != nil {
		h.learn(*facts, ev.Time)
	}
}

// learn joins facts, of which each event may tell a part.
func (h *hostSeen) learn(facts telemetry.Facts, at int64) {
	switch {
	case h.Facts == nil:
		h.Facts, h.told = &facts, at
	case at >= h.told:
		h.Facts.Merge(&facts)
		h.told = at
	default:
		facts.Merge(h.Facts)
		h.Facts = &facts
	}
}

// aids lists the hosts in their places.
func (r *rollup) aids() []string {
	out := make([]string, len(r.hosts))
	for i := range r.hosts {
		out[i] = r.hosts[i].AID
	}
	return out
}

// reports lists what the call tells of hosts, once each.
func (r *rollup) reports() []host.Report {
	out := make([]host.Report, len(r.hosts))
	for i := range r.hosts {
		out[i] = r.hosts[i].Report
	}
	return out
}

// empty tells whether there is nothing to write: the events told of hosts only.
func (r *rollup) empty() bool { return len(r.notes)+len(r.processes) == 0 }
