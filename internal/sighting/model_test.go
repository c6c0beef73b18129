package sighting

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/telemetry"
	"github.com/mewshq/mews/internal/vfs"
)

// A happening is one event as the model knows it.
type happening struct {
	name          string // of what happened
	host, process int
	file          int
	domain        string
	at            int
	image         string
}

func (h happening) line() string {
	switch h.name {
	case "started":
		return strings.Replace(started(h.host, h.process, h.file, h.at), fmt.Sprintf(`tool-%d.exe --run`, h.file), h.image, 1)
	case "ended":
		return ended(h.host, h.process, h.at)
	}
	return asked(h.host, h.process, h.domain, h.at)
}

// A model keeps every event and answers by looking at all of them.
type model []happening

func (m model) met(o mews.Observable) (out []happening) {
	for _, h := range m {
		if h.name == "started" && o == file(h.file) || h.name == "asked" && o == domain(h.domain) {
			out = append(out, h)
		}
	}
	return out
}

// sightings writes what each host met, as answer does for the service.
func (m model) sightings(o mews.Observable) (out []string) {
	byHost := map[int][]happening{}
	for _, h := range m.met(o) {
		byHost[h.host] = append(byHost[h.host], h)
	}
	for host, all := range byHost {
		first, last := all[0].at, all[0].at
		for _, h := range all {
			first, last = min(first, h.at), max(last, h.at)
		}
		out = append(out, fmt.Sprintf("%s %d times from %s to %s", aid(host), len(all), second(first), second(last)))
	}
	slices.Sort(out)
	return out
}

func second(at int) string { return timeText(epoch.UnixMicro() + int64(at)*1e6) }

func (m model) processes(host int, o mews.Observable) []string {
	ids := map[int]bool{}
	for _, h := range m.met(o) {
		if h.host == host && h.process != 0 {
			ids[h.process] = true
		}
	}
	out := []string{}
	for _, id := range slices.Sorted(maps.Keys(ids)) {
		out = append(out, pid(host, id))
	}
	return out
}

// detail says what is known of a process: the fullest command line, the first
// start, the last stop.
func (m model) detail(host, process int) (line string, known bool) {
	command, start, stop := "", 0, 0
	begun := false
	for _, h := range m {
		if h.host != host || h.process != process {
			continue
		}
		known = true
		switch h.name {
		case "started":
			command = slices.MaxFunc([]string{command, h.image}, func(a, b string) int {
				return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
			})
			if !begun || h.at < start {
				start, begun = h.at, true
			}
		case "ended":
			stop = max(stop, h.at)
		}
	}
	line = command + "|"
	if begun {
		line += second(start)
	}
	line += "|"
	if stop != 0 {
		line += second(stop)
	}
	return line, known
}

// compare holds every answer of the service against the model's.
func (w *world) compare(m model) error {
	for _, o := range everything() {
		list, _, err := w.Sightings(ctx, w.me, of(o))
		if err != nil {
			return err
		}
		got := []string{}
		for _, s := range list {
			got = append(got, fmt.Sprintf("%s %d times from %s to %s", s.DeviceID, s.Count, s.First, s.Last))
		}
		slices.Sort(got)
		want := m.sightings(o)
		if !slices.Equal(got, want) {
			return fmt.Errorf("sightings of %s are\n%q, want\n%q", o.ID(), got, want)
		}
		if c, _, err := w.Count(ctx, w.me, o); err != nil || int(c.DeviceCount) != len(want) {
			return fmt.Errorf("%s is on %d devices (%w), want %d", o.ID(), c.DeviceCount, err, len(want))
		}
		for host := range someHosts {
			q := of(o)
			q.DeviceID = aid(host)
			p, err := w.Processes(ctx, w.me, q)
			if err != nil || !slices.Equal(p.IDs, m.processes(host, o)) {
				return fmt.Errorf("processes of %s on %d are %q (%w), want %q", o.ID(), host, p.IDs, err, m.processes(host, o))
			}
		}
	}
	return w.compareDetails(m)
}

func (w *world) compareDetails(m model) error {
	ids, want := []string{}, []string{}
	for host := range someHosts {
		for process := range someProcesses {
			ids = append(ids, pid(host, process+1))
			if line, known := m.detail(host, process+1); known {
				want = append(want, line)
			}
		}
	}
	found, _, err := w.ProcessDetails(ctx, w.me, ids)
	if err != nil {
		return err
	}
	got := []string{}
	for _, p := range found {
		got = append(got, p.CommandLine+"|"+p.StartTimestamp+"|"+p.StopTimestamp)
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("details are\n%q, want\n%q", got, want)
	}
	return nil
}

// The few things that happen, so that they meet.
const (
	someHosts, someProcesses, someFiles, someNames = 3, 4, 3, 3
)

func everything() (all []mews.Observable) {
	for i := range someFiles {
		all = append(all, file(i))
	}
	for i := range someNames {
		all = append(all, domain(fmt.Sprintf("n%d.example.com", i)))
	}
	return all
}

func genHappening(t *rapid.T) happening {
	h := happening{
		name:    rapid.SampledFrom([]string{"started", "started", "asked", "asked", "ended"}).Draw(t, "what"),
		host:    rapid.IntRange(0, someHosts-1).Draw(t, "host"),
		process: rapid.IntRange(1, someProcesses).Draw(t, "process"),
		at:      rapid.IntRange(1, 1000).Draw(t, "at"),
		file:    rapid.IntRange(0, someFiles-1).Draw(t, "file"),
		image:   rapid.SampledFrom([]string{"a", "b", "bb", "cut", "cut short of nothing"}).Draw(t, "image"),
		domain:  fmt.Sprintf("n%d.example.com", rapid.IntRange(0, someNames-1).Draw(t, "name")),
	}
	if h.name == "asked" && rapid.IntRange(0, 4).Draw(t, "nameless") == 0 {
		h.process = 0
	}
	return h
}

// Whatever happens in whatever batches, merged whenever: the service knows what
// a list of all events knows. Each try is a customer of its own.
func TestModel(t *testing.T) {
	storetest.SkipUnderRace(t)
	db, mem, tries := storetest.New(t), vfs.NewMem(), 0
	rapid.Check(t, func(t *rapid.T) {
		tries++
		open := func() *world {
			w, err := openWorld(db, mem, func(d *Deps) { d.Limits.FanIn = rapid.IntRange(2, 3).Draw(t, "fan-in") })
			check(t, err)
			w.me.CID = store.CID(fmt.Sprintf("customer %d", tries))
			return w
		}
		w := open()
		var m model
		for key := range rapid.IntRange(1, 8).Draw(t, "calls") {
			batch := rapid.SliceOfN(rapid.Custom(genHappening), 1, 12).Draw(t, "batch")
			m = append(m, batch...)
			check(t, w.tell(fmt.Sprint(key), batch))
			switch rapid.IntRange(0, 3).Draw(t, "then") {
			case 0:
				check(t, w.mergeAll(ctx, 0, largeMerge))
			case 1:
				check(t, w.Close())
				w = open()
			}
		}
		check(t, w.compare(m))
		check(t, w.mergeAll(ctx, 0, largeMerge))
		check(t, w.compare(m))
		check(t, w.Close())
	})
}

func check(t interface{ Fatal(...any) }, err error) {
	if err != nil {
		t.Fatal(err)
	}
}

// tell ingests what happened.
func (w *world) tell(key string, batch []happening) error {
	var all []string
	for _, h := range batch {
		all = append(all, h.line())
	}
	_, bad, err := w.Ingest(ctx, w.me, Input{Lines: &lines{all: all}, Format: telemetry.FDR, Key: key})
	if err == nil && len(bad) > 0 {
		err = fmt.Errorf("refused: %v", bad)
	}
	return err
}
