package sighting

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/telemetry"
	"github.com/mewshq/mews/internal/vfs"
)

var ctx = context.Background()

// Two customers, and a second client of the first.
var (
	me       = store.Actor{CID: "00000000000000000000000000000001", Client: "sensor gateway", Operation: "test"}
	mate     = store.Actor{CID: me.CID, Client: "another gateway", Operation: "test"}
	stranger = store.Actor{CID: "00000000000000000000000000000002", Client: "sensor gateway", Operation: "test"}
)

// epoch is when worlds begin. Events are told in seconds before it or after.
var epoch = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// A world is the service with everything it really stands on, and a clock that
// stands still until it is moved.
type world struct {
	*Service
	db    *store.DB
	fs    vfs.FS
	clock *atomic.Int64 // seconds after the epoch
	me    store.Actor   // who looks
}

func newWorld(t testing.TB, change ...func(*Deps)) *world {
	t.Helper()
	fsys, err := vfs.OS(t.TempDir())
	must(t, err)
	w, err := openWorld(storetest.New(t), fsys, change...)
	must(t, err)
	t.Cleanup(func() { must(t, w.Close()) })
	return w
}

func openWorld(db *store.DB, fsys vfs.FS, change ...func(*Deps)) (*world, error) {
	w := &world{db: db, fs: fsys, clock: new(atomic.Int64), me: me}
	hosts, err := host.New(host.Deps{DB: db, Keys: blobtest.Keys(), Now: w.now})
	if err != nil {
		return nil, err
	}
	d := Deps{DB: db, FS: fsys, Hosts: hosts, Now: w.now}
	for _, fn := range change {
		fn(&d)
	}
	w.Service, err = Open(ctx, d)
	return w, err
}

func (w *world) now() time.Time { return epoch.Add(time.Duration(w.clock.Load()) * time.Second) }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// kind checks that an error is of a kind and tells the user something.
func kind(t testing.TB, err, want error, part string) {
	t.Helper()
	if !errors.Is(err, want) || !strings.Contains(err.Error(), part) {
		t.Errorf("got %v, want %v that says %q", err, want, part)
	}
}

// lines are a Source.
type lines struct {
	all []string
	at  int
}

func (l *lines) Next() ([]byte, error) {
	if l.at == len(l.all) {
		return nil, io.EOF
	}
	l.at++
	return []byte(l.all[l.at-1]), nil
}

func (w *world) ingest(t testing.TB, all ...string) mews.IngestCounts {
	t.Helper()
	return w.ingestAs(t, me, "", all...)
}

func (w *world) ingestAs(t testing.TB, who store.Actor, key string, all ...string) mews.IngestCounts {
	t.Helper()
	counts, bad, err := w.Ingest(ctx, who, Input{Lines: &lines{all: all}, Format: telemetry.FDR, Key: key})
	must(t, err)
	if len(bad) > 0 {
		t.Fatalf("refused lines: %v", bad)
	}
	return counts
}

// An event is written as a line of the Falcon Data Replicator.
type event map[string]string

func line(name string, hostNo, at int, more event) string {
	e := event{
		"event_simpleName": name, "aid": aid(hostNo), "cid": "00112233445566778899aabbccddeeff",
		"timestamp": fmt.Sprint(epoch.Add(time.Duration(at) * time.Second).UnixMilli()),
	}
	for k, v := range more {
		e[k] = v
	}
	b, err := json.Marshal(e)
	if err != nil {
		panic(err)
	}
	return string(b)
}

func aid(n int) string { return fmt.Sprintf("%032x", 0xa1d0000+n) }

func sha(n int) string { return fmt.Sprintf("%064x", 0x5a256000+n) }

// started is a process that begins with a file.
func started(hostNo, process, file, at int) string {
	return line("ProcessRollup2", hostNo, at, event{
		"TargetProcessId": fmt.Sprint(process), "ParentProcessId": "4", "SHA256HashData": sha(file),
		"ImageFileName": fmt.Sprintf(`\Device\HarddiskVolume2\tool-%d.exe`, file), "CommandLine": fmt.Sprintf("tool-%d.exe --run", file),
		"UserName": "alice", "ProcessStartTime": fmt.Sprintf("%d.250", epoch.Unix()+int64(at)),
	})
}

func ended(hostNo, process, at int) string {
	return line("EndOfProcess", hostNo, at, event{"TargetProcessId": fmt.Sprint(process)})
}

// asked is a name lookup of a process; 0: the line names none.
func asked(hostNo, process int, name string, at int) string {
	e := event{"DomainName": name}
	if process != 0 {
		e["ContextProcessId"] = fmt.Sprint(process)
	}
	return line("DnsRequest", hostNo, at, e)
}

func file(n int) mews.Observable { return mews.Observable{Type: mews.TypeSHA256, Value: sha(n)} }

func domain(name string) mews.Observable {
	return mews.Observable{Type: mews.TypeDomain, Value: name}
}

func of(o mews.Observable) mews.SightingQuery { return mews.SightingQuery{Observable: o} }

func (w *world) devices(t testing.TB, who store.Actor, o mews.Observable) []string {
	t.Helper()
	p, err := w.Devices(ctx, who, of(o))
	must(t, err)
	return p.IDs
}

func (w *world) processesOf(t testing.TB, hostNo int, o mews.Observable) []string {
	t.Helper()
	q := of(o)
	q.DeviceID = aid(hostNo)
	p, err := w.Processes(ctx, me, q)
	must(t, err)
	return p.IDs
}

func (w *world) count(t testing.TB, o mews.Observable) int {
	t.Helper()
	c, _, err := w.Count(ctx, me, o)
	must(t, err)
	return int(c.DeviceCount)
}

// runs is how many runs a customer has.
func (w *world) runs(who store.Actor) int {
	v := w.view(who.CID)
	defer v.release()
	return len(v.runs)
}

func pid(hostNo, process int) string { return fmt.Sprintf("pid:%s:%d", aid(hostNo), process) }
