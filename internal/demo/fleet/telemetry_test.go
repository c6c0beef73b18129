package fleet

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews/internal/telemetry"
)

var start = time.Date(2025, 7, 1, 8, 0, 0, 0, time.UTC)

func stream(ecs bool) *Stream {
	return New(Options{Seed: 7, Hosts: 50, ECS: ecs, Fresh: .2, Start: start})
}

// TestRead has the server's own parser read the streams: it must find every
// observable that the generator says is there, on that host, and nothing else.
func TestRead(t *testing.T) {
	for _, ecs := range []bool{false, true} {
		s := stream(ecs)
		p, err := telemetry.NewParser(telemetry.Auto, func() time.Time { return start.Add(time.Hour) })
		if err != nil {
			t.Fatal(err)
		}
		kinds := map[string]int{}
		for range 20_000 {
			e := s.Next()
			if !json.Valid(e.Line) {
				t.Fatalf("not JSON: %s", e.Line)
			}
			events, err := p.Parse(e.Line)
			if err != nil || len(events) != 1 {
				t.Fatalf("%v %v: %s", events, err, e.Line)
			}
			if got, want := found(events[0]), said(e); !cmp.Equal(got, want) {
				t.Fatalf("%s\n%s", cmp.Diff(want, got), e.Line)
			}
			if got, want := events[0].Host.AID, s.Host(e.Host).AID; got != want {
				t.Fatalf("host %s, want %s", got, want)
			}
			for _, seen := range events[0].Seen {
				kinds[fmt.Sprint(seen.Type, seen.Kind.Words())]++
			}
		}
		if len(kinds) < 7 {
			t.Error("the mix is thin:", kinds)
		}
	}
}

func found(e telemetry.Event) []string {
	ids := []string{}
	for _, seen := range e.Seen {
		ids = append(ids, seen.ID())
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func said(e Event) []string {
	ids := []string{}
	for _, seen := range e.Seen {
		ids = append(ids, seen.Type+":"+string(seen.Value))
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

// TestDistinct counts what was met, where chance makes no two the same.
func TestDistinct(t *testing.T) {
	s := stream(false)
	met := map[string]bool{}
	for range 20_000 {
		for _, id := range said(s.Next()) {
			met[id] = true
		}
	}
	if got, want := s.Distinct(), uint64(len(met)); got < want || got > want+want/1000 {
		t.Errorf("%d observables, counted %d", got, want)
	}
}

// TestSeed writes a stream twice, and one of another seed.
func TestSeed(t *testing.T) {
	text := func(seed uint64) []byte {
		s := New(Options{Seed: seed, Hosts: 20, Fresh: .1, Start: start})
		var all bytes.Buffer
		for range 1000 {
			all.Write(append(s.Next().Line, '\n'))
		}
		return all.Bytes()
	}
	if !bytes.Equal(text(1), text(1)) {
		t.Error("the same seed gives different lines")
	}
	if bytes.Equal(text(1), text(2)) {
		t.Error("another seed gives the same lines")
	}
}

// TestPopularity looks at who meets what: some programs everywhere, many once.
func TestPopularity(t *testing.T) {
	s := stream(false)
	on := map[string]map[int]bool{}
	for range 50_000 {
		e := s.Next()
		for _, seen := range e.Seen {
			if seen.Type == "sha256" {
				if on[string(seen.Value)] == nil {
					on[string(seen.Value)] = map[int]bool{}
				}
				on[string(seen.Value)][e.Host] = true
			}
		}
	}
	if files := len(on); s.Distinct() < uint64(files) {
		t.Errorf("%d observables, but %d files alone", s.Distinct(), files)
	}
	once, everywhere := 0, 0
	for hosts := range maps.Values(on) {
		if len(hosts) == 1 {
			once++
		} else if len(hosts) >= 40 {
			everywhere++
		}
	}
	if everywhere < 5 || once < len(on)/3 {
		t.Errorf("of %d files %d are nearly everywhere, %d on one host", len(on), everywhere, once)
	}
}

func BenchmarkFDR(b *testing.B) {
	s := stream(false)
	size := 0
	for b.Loop() {
		size += len(s.Next().Line)
	}
	b.ReportMetric(float64(size)/float64(b.N), "B/line")
}
