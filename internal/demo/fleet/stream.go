package fleet

import (
	"math/rand/v2"
	"time"
)

// Options say which stream to write.
type Options struct {
	Seed  uint64
	Hosts int           // of the fleet; default 10,000
	ECS   bool          // lines of ECS; else of Falcon Data Replicator
	Fresh float64       // the share of what is met that nobody has met before
	Start time.Time     // of the first event
	Step  time.Duration // from one event to the next; default 1 ms
}

// A Stream writes the events of a fleet, one line each.
type Stream struct {
	o     Options
	w     world
	rng   *rand.Rand
	hosts []machine
	now   time.Time
	fresh uint64 // numbers given to what is new

	program, library, written, name, server pool
	distinct                                uint64

	line []byte
	seen []Sighting
	text []byte // of the sightings
}

// A pool is a number of things that the fleet shares.
type pool struct {
	size uint64
	draw *rand.Zipf
	met  []bool
}

func newPool(r *rand.Rand, size uint64) pool {
	return pool{size, rand.NewZipf(r, 1.1, 8, size-1), make([]bool, size)}
}

// A machine is a host and the processes that run there.
type machine struct {
	Host
	told    bool // its facts were written
	running [8]process
	serial  uint64
}

// A process is one that runs.
type process struct {
	id, parent uint64
	program    uint64
	start      time.Time
}

// A Sighting is one observable of an event: what a reader of the line must find.
// Value is valid until the next line.
type Sighting struct {
	Type  string // as in the API
	Value []byte
}

// New opens a stream.
func New(o Options) *Stream {
	if o.Hosts <= 0 {
		o.Hosts = 10_000
	}
	if o.Step <= 0 {
		o.Step = time.Millisecond
	}
	r := rand.New(rand.NewPCG(o.Seed, 5))
	s := &Stream{
		o: o, w: world{o.Seed}, rng: r, now: o.Start, hosts: make([]machine, o.Hosts),
		program: newPool(r, programs), library: newPool(r, libraries), written: newPool(r, programs), name: newPool(r, names), server: newPool(r, servers),
	}
	for n := range s.hosts {
		s.hosts[n].Host = s.w.host(n)
	}
	return s
}

// Host gives a host of the fleet by its number.
func (s *Stream) Host(n int) Host { return s.hosts[n].Host }

// An Event is one line, and what it says. It is valid until the next one.
type Event struct {
	Line []byte
	Host int // its number
	Seen []Sighting
}

// Next writes the next event. A host's first is about the host itself.
func (s *Stream) Next() Event {
	n := s.rng.IntN(len(s.hosts))
	m := &s.hosts[n]
	s.now = s.now.Add(s.o.Step)
	s.line, s.seen, s.text = s.line[:0], s.seen[:0], s.text[:0]
	if !m.told && !s.o.ECS {
		m.told = true
		s.fdrHost(m)
		return Event{s.line, n, nil}
	}
	slot := s.rng.IntN(len(m.running))
	p := &m.running[slot]
	switch dice := s.rng.IntN(100); {
	case p.id == 0 || dice < 30:
		s.starts(m, p)
	case dice < 45:
		s.ends(m, p)
	case dice < 70:
		s.asks(m, p)
	case dice < 92:
		s.connects(m, p)
	case dice < 96:
		s.writes(m, p)
	default:
		s.loads(m, p)
	}
	return Event{s.line, n, s.seen}
}

// Distinct is how many observables were met so far. Random addresses that
// happen to be the same count twice.
func (s *Stream) Distinct() uint64 { return s.distinct }

// pick draws a thing of a pool, or a new one. It has so many observables.
func (s *Stream) pick(p *pool, observables func(n uint64) uint64) (n uint64) {
	if s.rng.Float64() < s.o.Fresh {
		s.fresh++
		n = p.size + s.fresh
	} else if n = p.draw.Uint64(); p.met[n] {
		return n
	} else {
		p.met[n] = true
	}
	s.distinct += observables(n)
	return n
}

func one(uint64) uint64 { return 1 }
func two(uint64) uint64 { return 2 }

// answers is how many addresses a name has.
func answers(n uint64) uint64 { return 1 + n%3 }

// Numbers of files: programs come first, then libraries, then what is written.
const (
	firstLibrary = 1 << 40
	firstWritten = 1 << 41
)

// see keeps an observable that the event tells of.
func (s *Stream) see(kind string, from int) []byte {
	v := s.text[from:len(s.text):len(s.text)]
	s.seen = append(s.seen, Sighting{kind, v})
	return v
}

// hashes writes the hashes of a file into the sightings.
func (s *Stream) hashes(file uint64) (sha256, md5 []byte) {
	from := len(s.text)
	s.text = s.w.sha256(s.text, file)
	sha256 = s.see("sha256", from)
	from = len(s.text)
	s.text = s.w.md5(s.text, file)
	return sha256, s.see("md5", from)
}

// starts has a host start a program in the place of another.
func (s *Stream) starts(m *machine, p *process) {
	m.serial++
	parent := m.running[s.rng.IntN(len(m.running))].id
	*p = process{
		id: s.w.mix(ofProcess, m.serial)>>24<<8 | m.serial&255, parent: parent,
		program: s.pick(&s.program, two), start: s.now,
	}
	sha256, md5 := s.hashes(p.program)
	if s.o.ECS {
		s.ecsStart(m, p, sha256, md5)
		return
	}
	s.fdrStart(m, p, sha256, md5)
}

func (s *Stream) ends(m *machine, p *process) {
	if s.o.ECS {
		s.ecsEnd(m, p)
	} else {
		s.fdrEnd(m, p)
	}
	*p = process{}
}

// asks has a process look up a name, which has one to three addresses.
func (s *Stream) asks(m *machine, p *process) {
	n := s.pick(&s.name, func(n uint64) uint64 { return 1 + answers(n) })
	s.text = s.w.domain(s.text, n)
	domain := s.see("domain", 0)
	found := [3][]byte{}
	count := answers(n)
	for i := range count {
		from := len(s.text)
		s.text = s.w.server(s.text, ofAnswer, n<<2|i)
		found[i] = s.see("ipv4", from)
	}
	if s.o.ECS {
		s.ecsName(m, p, domain, found[:count])
		return
	}
	s.fdrName(m, p, domain, found[:count])
}

func (s *Stream) connects(m *machine, p *process) {
	s.text = s.w.server(s.text, ofServer, s.pick(&s.server, one))
	remote := s.see("ipv4", 0)
	if s.o.ECS {
		s.ecsConnect(m, p, remote)
		return
	}
	s.fdrConnect(m, p, remote)
}

func (s *Stream) writes(m *machine, p *process) {
	file := firstWritten + s.pick(&s.written, one)
	s.text = s.w.sha256(s.text, file)
	sha256 := s.see("sha256", 0)
	if s.o.ECS {
		s.ecsWrite(m, p, file, sha256)
		return
	}
	s.fdrWrite(m, p, file, sha256)
}

func (s *Stream) loads(m *machine, p *process) {
	sha256, md5 := s.hashes(firstLibrary + s.pick(&s.library, two))
	if s.o.ECS {
		s.ecsLoad(m, p, sha256, md5)
		return
	}
	s.fdrLoad(m, p, sha256, md5)
}
