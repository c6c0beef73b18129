package demo

import (
	"bytes"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/telemetry"
)

var now = time.Date(2025, 7, 1, 8, 30, 0, 123, time.UTC)

// TestDocumentsAreWhatTheyClaim has the server's own detection look at them.
func TestDocumentsAreWhatTheyClaim(t *testing.T) {
	for _, d := range documents("some text") {
		if got := sample.Detect(d.content, int64(len(d.content))); got != d.kind {
			t.Errorf("%s is %s, want %s", d.name, got, d.kind)
		}
		if !bytes.Contains(d.content, []byte("some text")) {
			t.Errorf("%s does not hold its text", d.name)
		}
	}
}

// TestSameSeedSameStory: what a seed gives is the same on every machine and on
// every day; another seed gives other files and hosts.
func TestSameSeedSameStory(t *testing.T) {
	names := func(s *story) (all []string) {
		for _, x := range s.specimens {
			all = append(all, x.name, x.sha256, x.md5, x.label, x.family)
		}
		for _, h := range s.hosts {
			all = append(all, h.AID, h.Name)
		}
		for _, in := range s.incidents {
			all = append(all, in.host.AID, in.program.sha256, in.dropped.sha256)
		}
		for _, i := range s.indicators() {
			all = append(all, i.Type, i.Value, i.Action)
		}
		return all
	}
	first := names(newStory(Options{Seed: 1, Now: now}))
	if later := names(newStory(Options{Seed: 1, Now: now.AddDate(1, 0, 0)})); !slices.Equal(first, later) {
		t.Errorf("a year later the same seed gives\n%q\nnot\n%q", later, first)
	}
	other := names(newStory(Options{Seed: 2, Now: now}))
	if slices.Equal(first, other) {
		t.Error("another seed gives the same story")
	}
	if host := newStory(Options{Seed: 1, Now: now}).incidents[0].host; host.Name != "blue-ws-00000" || host.AID != "90aaa07b923132cc7196576f69f0d826" {
		t.Errorf("the documented host of seed 1 is %+v", host)
	}
	if CID(1) == CID(2) {
		t.Errorf("two seeds have the customer %s", CID(1))
	}
}

// TestStoriesHoldTogether looks at the story of any seed: files differ, hosts
// are there once, every line of telemetry is understood, and nothing happens in
// the future.
func TestStoriesHoldTogether(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := newStory(Options{Seed: rapid.Uint64().Draw(t, "seed"), Now: now})
		files := map[string]string{}
		for _, x := range s.specimens {
			if again := files[x.sha256]; again != "" {
				t.Fatalf("%s and %s are one file", x.name, again)
			}
			files[x.sha256] = x.name
			if !x.seen.Before(s.Now) {
				t.Fatalf("%s was first seen at %s", x.name, x.seen)
			}
		}
		records := map[string]bool{}
		for _, in := range s.incidents {
			for _, x := range []*specimen{in.program, in.dropped} {
				id := in.host.AID + x.sha256
				if records[id] {
					t.Fatalf("%s is taken from %s twice", x.name, in.host.Name)
				}
				records[id] = true
			}
		}
		var lines [][]byte
		for i, in := range s.incidents {
			lines = append(lines, in.lines(uint64(i+1)<<20)...)
		}
		checkEvents(t, s, lines)
	})
	s := newStory(Options{Seed: 1, Now: now})
	checkEvents(t, s, s.events())
}

func checkEvents(t rapid.TB, s *story, lines [][]byte) {
	p, err := telemetry.NewParser(telemetry.FDR, func() time.Time { return now })
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range lines {
		events, err := p.Parse(line)
		if err != nil || len(events) != 1 {
			t.Fatalf("%d events, %v: %s", len(events), err, line)
		}
		if at := events[0].Time; at > s.Now.UnixMicro() || at < s.Now.Add(-span).UnixMicro() {
			t.Fatalf("it happens at %s: %s", time.UnixMicro(at), line)
		}
	}
}
