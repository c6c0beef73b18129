package detection

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sighting"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/telemetry"
	"github.com/mewshq/mews/internal/vfs"
)

// drawnBatch draws sightings of a few observables on a few hosts, each pair at
// most once.
func drawnBatch(t *rapid.T) []sighting.Seen {
	var list []sighting.Seen
	for d := range 4 {
		for h := range 3 {
			if !rapid.Bool().Draw(t, "met") {
				continue
			}
			first := rapid.IntRange(0, 50).Draw(t, "first")
			list = append(list, sighting.Seen{
				Observable: domain(d), AID: aid(h), Process: rapid.Uint64Range(0, 3).Draw(t, "process"),
				First: at(first), Last: at(first + rapid.IntRange(0, 50).Draw(t, "more")),
				Count: rapid.Int64Range(1, 9).Draw(t, "count"), Kinds: telemetry.Kind(rapid.IntRange(1, 31).Draw(t, "kinds")),
			})
		}
	}
	return list
}

// modelled is what the batches say together, whatever their order: domains 0 and 1
// are IOCs.
func modelled(batches [][]sighting.Seen) map[string]string {
	type sum struct {
		sighting.Seen
		processAt int64
	}
	sums := map[string]sum{}
	for _, batch := range batches {
		for _, s := range batch {
			if s.Observable == domain(2) || s.Observable == domain(3) {
				continue
			}
			name := s.Observable.Key + "/" + s.AID
			old, known := sums[name]
			if !known {
				old = sum{Seen: sighting.Seen{First: s.First, Last: s.Last}}
			}
			if s.Process != 0 && (s.Last > old.processAt || s.Last == old.processAt && s.Process > old.Process) {
				old.Process, old.processAt = s.Process, s.Last
			}
			old.First, old.Last = min(old.First, s.First), max(old.Last, s.Last)
			old.Count, old.Kinds = old.Count+s.Count, old.Kinds|s.Kinds
			sums[name] = old
		}
	}
	out := map[string]string{}
	for name, s := range sums {
		out[name] = fmt.Sprintf("%d %s %s %d %s", s.Process, stamp(s.First), stamp(s.Last), s.Count, s.Kinds.Words())
	}
	return out
}

// Batches add up to what they say together, in whatever order they come.
func TestDetectionsAddUp(t *testing.T) {
	w := newWorld(t)
	n := 0
	rapid.Check(t, func(rt *rapid.T) {
		batches := rapid.SliceOfN(rapid.Custom(drawnBatch), 1, 5).Draw(rt, "batches")
		orders := [][][]sighting.Seen{batches, rapid.Permutation(batches).Draw(rt, "order")}
		for _, order := range orders {
			n++
			cid := store.CID(fmt.Sprintf("%032x", n)) // a customer of its own
			w.indicator(t, cid, domain(0), mews.IndicatorDetect)
			w.indicator(t, cid, domain(1), mews.IndicatorPreventSilent)
			for _, batch := range order {
				w.record(t, cid, batch...)
			}
			got := map[string]string{}
			for _, d := range w.query(t, cid, mews.RecordQuery{}) {
				process := "0"
				if d.ProcessID != "" {
					process = d.ProcessID[strings.LastIndex(d.ProcessID, ":")+1:]
				}
				got[d.Value+"/"+d.DeviceID] = fmt.Sprintf("%s %s %s %d %s", process, d.FirstSeen, d.LastSeen, d.Count, d.Kinds)
			}
			if diff := cmp.Diff(modelled(batches), got); diff != "" {
				rt.Fatalf("%d batches: %s", len(batches), diff)
			}
		}
	})
}

// lines is a source of text.
type lines [][]byte

func (l *lines) Next() ([]byte, error) {
	if len(*l) == 0 {
		return nil, io.EOF
	}
	line := (*l)[0]
	*l = (*l)[1:]
	return line, nil
}

// dns is a line that the sensor of a host would write.
func dns(host int, name string) string {
	return fmt.Sprintf(`{"event_simpleName":"DnsRequest","aid":"%s","event_platform":"Lin","timestamp":"%d","ContextProcessId":"77","DomainName":"%s"}`,
		aid(host+1), epoch.UnixMilli(), name)
}

// ingest takes lines in as the server does.
func (w *world) ingest(t testing.TB, fsys vfs.FS, text ...string) (counts mews.IngestCounts, err error) {
	t.Helper()
	s, err := sighting.Open(ctx, sighting.Deps{DB: w.db, FS: fsys, Hosts: w.hosts, IOCs: w.iocs, Watch: w.Service})
	if err != nil {
		return counts, err
	}
	in := lines(bytes.Split([]byte(strings.Join(text, "\n")), []byte("\n")))
	counts, failed, err := s.Ingest(ctx, actor(cid), sighting.Input{Lines: &in, Format: "fdr"})
	if len(failed) > 0 {
		t.Fatalf("lines are refused: %v", failed)
	}
	return counts, errors.Join(err, s.Close())
}

func TestTelemetryIsWatched(t *testing.T) {
	w := newWorld(t)
	w.indicator(t, cid, domain(1), mews.IndicatorDetect)
	fsys := vfs.NewMem()
	counts, err := w.ingest(t, fsys, dns(1, "D1.example."), dns(1, "d1.example"), dns(2, "d1.example"), dns(2, "d2.example"))
	must(t, err)
	if counts.Matches != 3 {
		t.Errorf("%+v, want 3 matches", counts)
	}
	if again, err := w.ingest(t, fsys, dns(1, "D1.example."), dns(1, "d1.example"), dns(2, "d1.example"), dns(2, "d2.example")); err != nil || !again.Repeated {
		t.Errorf("the same lines again: %+v, %v", again, err)
	}
	got := map[string]int64{}
	for _, d := range w.query(t, cid, mews.RecordQuery{}) {
		got[d.DeviceID] = d.Count
	}
	if want := map[string]int64{aid(2): 2, aid(3): 1}; !maps.Equal(got, want) {
		t.Errorf("detections count %v, want %v", got, want)
	}
}

// Power is lost at random calls of the file system: what a client was told has
// its detections and its outbox, and what was not acknowledged has both or
// neither.
func TestDetectionsSurviveCrashes(t *testing.T) {
	points := 40
	if storetest.Race {
		points = 10
	}
	most := 0 // calls acknowledged before a crash
	for point := range points {
		rng := rand.New(rand.NewPCG(uint64(point), 13))
		mem := vfs.NewMem()
		w := &world{now: epoch}
		db, err := store.Open(ctx, storetest.Options(mem))
		must(t, err)
		w.db = db
		w.open(t)
		w.indicator(t, cid, domain(1), mews.IndicatorDetect)
		calls, stop := 0, 1+rng.IntN(200)
		off := errors.New("power is off")
		mem.Hook(func(vfs.Op, string) error {
			if calls++; calls >= stop {
				return off
			}
			return nil
		})
		acknowledged := 0
		for n := range 4 {
			if _, err := w.ingest(t, mem, dns(n, "d1.example")); err != nil {
				break
			}
			acknowledged++
		}
		left := mem.CrashClone(rng, rng.IntN(101))
		mem.Hook(nil)
		_ = db.Close()
		after := &world{now: epoch}
		if after.db, err = store.Open(ctx, storetest.Options(left)); err != nil {
			t.Fatalf("point %d: %v", point, err)
		}
		after.open(t)
		found, told := after.query(t, cid, mews.RecordQuery{}), after.untold(t)[cid]
		if len(found) != len(told) || len(found) < acknowledged || len(found) > acknowledged+1 {
			t.Errorf("point %d: %d calls acknowledged, %d detections, %d wait for the webhook", point, acknowledged, len(found), len(told))
		}
		must(t, after.db.Close())
		most = max(most, acknowledged)
	}
	if most < 2 {
		t.Errorf("no crash came after more than %d calls", most)
	}
}
