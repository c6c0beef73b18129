package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/mewshq/mews/internal/demo/fleet"
	"github.com/mewshq/mews/internal/store"
)

const (
	fleetSize = 12
	// span is how far back the data reaches.
	span = 7 * 24 * time.Hour
)

// CID is the customer that a seed's data belongs to.
func CID(seed uint64) store.CID {
	sum := sha256.Sum256(fmt.Appendf(nil, "mews demo customer %d", seed))
	return store.CID(hex.EncodeToString(sum[:16]))
}

// A story is all that the data tells: who was there and what happened. The rooms
// hear it part by part.
type story struct {
	Options
	rng       *rand.Rand
	hosts     []fleet.Host
	specimens []*specimen
	campaigns []*campaign
	incidents []incident
}

// A campaign is a family of made-up malware and the servers that it calls.
type campaign struct {
	family    string
	domain    string
	address   string
	severity  string
	adversary string
	country   string
	programs  []*specimen
	lure      *specimen // the document by which it arrives
}

// An incident is a host that ran a campaign's program.
type incident struct {
	*campaign
	host    *fleet.Host
	program *specimen // that ran
	dropped *specimen // that it wrote
	at      time.Time
}

// newStory makes up everything from the seed. Names of families and servers are
// the same for every seed, so that examples can name them.
func newStory(o Options) *story {
	o.Now = o.Now.UTC().Truncate(time.Second)
	s := &story{
		Options: o,
		rng:     rand.New(rand.NewPCG(o.Seed, 0x64656d6f)),
		campaigns: []*campaign{
			{family: "DemoLoader", domain: "cdn.demo-loader.example.com", address: "203.0.113.10", severity: "critical", adversary: "DEMO BADGER", country: "DE"},
			{family: "DemoStealer", domain: "drop.demo-stealer.example.net", address: "203.0.113.20", severity: "high", adversary: "DEMO MAGPIE", country: "FR"},
			{family: "DemoMiner", domain: "pool.demo-miner.example.org", address: "198.51.100.30", severity: "medium", adversary: "DEMO MOLE", country: "US"},
		},
	}
	machines := s.fleet()
	for n := range fleetSize {
		s.hosts = append(s.hosts, machines.Host(n))
	}
	s.makeSpecimens()
	s.makeIncidents()
	return s
}

// fleet opens the everyday telemetry of the hosts.
func (s *story) fleet() *fleet.Stream {
	return fleet.New(fleet.Options{
		Seed: s.Seed, Hosts: fleetSize, Fresh: .05, Start: s.Now.Add(-span), Step: span / (everydayEvents + 1),
	})
}

// makeIncidents lets every campaign reach three hosts, one of which all three
// campaigns have reached. Windows machines come first.
func (s *story) makeIncidents() {
	hosts := make([]*fleet.Host, len(s.hosts))
	for i := range s.hosts {
		hosts[i] = &s.hosts[i]
	}
	slices.SortStableFunc(hosts, func(a, b *fleet.Host) int {
		if a.Windows == b.Windows {
			return 0
		} else if a.Windows {
			return -1
		}
		return 1
	})
	for i, c := range s.campaigns {
		for j, h := range []*fleet.Host{hosts[0], hosts[1+2*i], hosts[2+2*i]} {
			s.incidents = append(s.incidents, incident{
				campaign: c, host: h,
				program: c.programs[j%len(c.programs)], dropped: c.programs[(j+1)%len(c.programs)],
				at: s.Now.Add(-span * time.Duration(5-j) / 6).Add(time.Duration(i) * 7 * time.Hour),
			})
		}
	}
}
