package sighting

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/telemetry"
	"github.com/mewshq/mews/internal/vfs"
)

func TestTiers(t *testing.T) {
	for bytes, want := range map[int64]int{0: 0, 4 << 10: 0, 4<<10 + 1: 1, 32 << 10: 1, 32<<10 + 1: 2, 1 << 30: 6, 1 << 62: 16} {
		if got := tier(bytes); got != want {
			t.Errorf("%d bytes are in tier %d, want %d", bytes, got, want)
		}
	}
}

// sizes makes a shelf of runs.
func sizes(bytes ...int64) (shelf []*run) {
	for i, n := range bytes {
		shelf = append(shelf, &run{runRow: runRow{id: uint64(i), bytes: n}, refs: 1})
	}
	return shelf
}

// What is merged is the lowest full tier within the bounds of the lane: as many
// runs as there are, and none that is at work, damaged or as large as runs get.
func TestNextMerge(t *testing.T) {
	const k, m = 1 << 10, 1 << 20
	for _, tc := range []struct {
		name        string
		shelf       []*run
		least, most int64
		want        []uint64
	}{
		{"too few", sizes(k, k, 5*k), 0, 100 * m, nil},
		{"the lowest tier first", sizes(9*k, 2*k, 9*k, k, 9*k, k), 0, 100 * m, []uint64{3, 5, 1}},
		{"all that piled up", sizes(k, k, k, k, k, k), 0, 100 * m, []uint64{0, 1, 2, 3, 4, 5}},
		{"as many as the lane takes", sizes(k, k, k, k, k, k), 0, 4 * k, []uint64{0, 1, 2, 3}},
		{"too large for the lane", sizes(m, m, m), 0, 2 * m, nil},
		{"too small for the lane", sizes(k, k, k), m, 100 * m, nil},
		{"large enough for the lane", sizes(m, m, m), 3 * m, 100 * m, []uint64{0, 1, 2}},
		{"large runs rest", sizes(40*m, 40*m, 40*m), 0, 1 << 40, nil},
	} {
		w := newWorld(t, func(d *Deps) { d.Limits = Limits{FanIn: 3, MaxRun: 100 * m} })
		busy := &run{runRow: runRow{id: 100, bytes: k}, busy: true, refs: 1}
		bad := &run{runRow: runRow{id: 101, bytes: k}, damaged: true, refs: 1}
		w.shelves[me.CID] = append(tc.shelf, busy, bad)
		p, ok := w.nextMerge(tc.least, tc.most)
		var got []uint64
		for _, r := range p.runs {
			got = append(got, r.id)
			if !r.busy || r.refs != 2 {
				t.Errorf("%s: run %d is free", tc.name, r.id)
			}
		}
		if !slices.Equal(got, tc.want) || ok != (tc.want != nil) {
			t.Errorf("%s: merges %v, want %v", tc.name, got, tc.want)
		}
		if _, ok := w.nextMerge(tc.least, tc.most); ok && tc.want != nil && len(got) == len(tc.shelf) {
			t.Errorf("%s: they are merged twice", tc.name)
		}
		clear(w.shelves)
	}
}

// Merging changes no answer, and files that are no longer needed go.
func TestMerge(t *testing.T) {
	storetest.SkipUnderRace(t)
	const hosts, processes, files = 20, 40, 30
	w := newWorld(t, func(d *Deps) { d.Limits.FanIn = 4 })
	rng := rand.New(rand.NewPCG(*seedFlag, 3))
	t.Logf("seed=%d", *seedFlag)
	for range 16 {
		var all []string
		for range 200 {
			host, process, at := rng.IntN(hosts), 1+rng.IntN(processes), rng.IntN(100)
			switch rng.IntN(3) {
			case 0:
				all = append(all, started(host, process, rng.IntN(files), at))
			case 1:
				all = append(all, asked(host, process, fmt.Sprintf("host-%d.example.com", rng.IntN(files)), at))
			default:
				all = append(all, ended(host, process, at))
			}
		}
		w.ingest(t, all...)
	}
	before := w.answers(t, hosts, processes, files)
	must(t, w.mergeAll(ctx, 0, largeMerge))
	if n := w.runs(me); n != 1 {
		t.Errorf("%d runs are left", n)
	}
	w.wantFiles(t, 1)
	if got := w.answers(t, hosts, processes, files); got != before {
		t.Errorf("merging changed answers:\n%s\n%s", before, got)
	}
	must(t, w.Close())
	again, err := openWorld(w.db, w.fs)
	must(t, err)
	if got := again.answers(t, hosts, processes, files); got != before {
		t.Errorf("a restart changed answers:\n%s\n%s", before, got)
	}
	must(t, again.Close())
}

// answers writes all that is known of the things that happened.
func (w *world) answers(t testing.TB, hosts, processes, files int) string {
	t.Helper()
	var text strings.Builder
	for n := range files {
		for _, o := range []mews.Observable{file(n), domain(fmt.Sprintf("host-%d.example.com", n))} {
			list, _, err := w.Sightings(ctx, me, of(o))
			must(t, err)
			fmt.Fprintf(&text, "%+v\n", list)
			for host := range hosts {
				fmt.Fprintln(&text, w.processesOf(t, host, o))
			}
		}
	}
	var ids []string
	for host := range hosts {
		for process := range processes {
			ids = append(ids, pid(host, process))
		}
	}
	found, _, err := w.ProcessDetails(ctx, me, ids)
	must(t, err)
	fmt.Fprintf(&text, "%+v\n", found)
	return text.String()
}

func (w *world) wantFiles(t testing.TB, n int) {
	t.Helper()
	names, err := w.fs.ReadDir(folder)
	must(t, err)
	if len(names) != n {
		t.Errorf("files are %q, want %d", names, n)
	}
}

// A view that was taken before a merge goes on reading what it has.
func TestViewsOutliveMerges(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.Limits.FanIn = 2 })
	for i := range 4 {
		w.ingest(t, started(i, 1, 7, i))
	}
	v := w.view(me.CID)
	must(t, w.mergeAll(ctx, 0, largeMerge))
	w.wantFiles(t, 5)
	q, err := w.ask(me.CID, of(file(7)))
	must(t, err)
	hosts, _, err := v.hosts(q)
	must(t, err)
	if hosts.len() != 4 {
		t.Errorf("the view sees %d hosts", hosts.len())
	}
	v.release()
	w.wantFiles(t, 1)
}

// Left alone, Run keeps the number of runs small while calls and questions come
// in from all sides, and ends with its context. Each shipper sees what it has
// sent at once.
func TestRun(t *testing.T) {
	const shippers, calls = 4, 12
	w := newWorld(t, func(d *Deps) { d.Limits.FanIn = 3 })
	run, stop := context.WithCancel(ctx)
	var background, work sync.WaitGroup
	background.Go(func() {
		if err := w.Run(run); err != nil {
			t.Error(err)
		}
	})
	for no := range shippers {
		work.Go(func() {
			for i := range calls {
				host := no*calls + i
				in := Input{Lines: &lines{all: []string{started(host, 1, 7, i), started(host, 2, 100+no, i)}}, Format: telemetry.FDR}
				if _, _, err := w.Ingest(ctx, me, in); err != nil {
					t.Error(err)
				}
				c, _, err := w.Count(ctx, me, file(100+no))
				if err != nil || int(c.DeviceCount) != i+1 {
					t.Errorf("%d devices after %d (%v)", c.DeviceCount, i+1, err)
				}
				found, _, err := w.ProcessDetails(ctx, me, []string{pid(host, 1), pid(host, 2)})
				if err != nil || len(found) != 2 {
					t.Errorf("%d processes are found (%v)", len(found), err)
				}
			}
		})
	}
	work.Wait()
	for deadline := time.Now().Add(20 * time.Second); w.runs(me) > 4; time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("%d runs stay", w.runs(me))
		}
	}
	stop()
	background.Wait()
	if n := w.count(t, file(7)); n != shippers*calls {
		t.Errorf("%d devices at the end", n)
	}
	w.wantFiles(t, w.runs(me))
}

// A merge leaves room on the disk, and one that fails leaves everything as it
// was.
func TestFailedMerge(t *testing.T) {
	mem := vfs.NewMem()
	w, err := openWorld(storetest.New(t), mem, func(d *Deps) { d.Limits.FanIn = 4 })
	must(t, err)
	for i := range 4 {
		w.ingest(t, started(i, 1, 7, i))
	}
	mem.Limit(64 << 20)
	if err := w.mergeAll(ctx, 0, largeMerge); err == nil {
		t.Error("a merge filled the disk")
	}
	mem.Limit(-1)
	for _, op := range []vfs.Op{vfs.OpCreate, vfs.OpWrite, vfs.OpSync, vfs.OpRename, vfs.OpSyncDir} {
		mem.FailNth(op, 1, syscall.EIO)
		if err := w.mergeAll(ctx, 0, largeMerge); !errors.Is(err, syscall.EIO) {
			t.Errorf("%s fails: %v", op, err)
		}
		mem.Hook(nil)
		if n := w.count(t, file(7)); n != 4 || w.runs(me) != 4 {
			t.Errorf("%s failed: %d devices in %d runs", op, n, w.runs(me))
		}
	}
	must(t, w.mergeAll(ctx, 0, largeMerge))
	if n := w.count(t, file(7)); n != 4 || w.runs(me) != 1 {
		t.Errorf("%d devices in %d runs", n, w.runs(me))
	}
	must(t, w.Close())
	// What a failed call could not remove goes at the next start.
	w, err = openWorld(w.db, mem)
	must(t, err)
	w.wantFiles(t, 1)
	must(t, w.Close())
}

// A damaged run is told to the user and to Check, is not merged, and stops
// neither ingest nor the merges of others.
func TestDamage(t *testing.T) {
	mem := vfs.NewMem()
	change := func(d *Deps) { d.Limits.FanIn = 3 }
	w, err := openWorld(storetest.New(t), mem, change)
	must(t, err)
	for i := range 3 {
		w.ingest(t, started(i, 1, 7, i))
	}
	must(t, w.Close())
	must(t, mem.Flip(runName(2), 8*40))
	must(t, mem.Remove(runName(3)))
	w, err = openWorld(w.db, mem, change)
	must(t, err)
	report, err := w.Check(ctx)
	must(t, err)
	if report.Runs != 3 || len(report.Problems) != 2 || report.Problems[0].File != runName(2) {
		t.Errorf("check says %+v", report)
	}
	_, _, err = w.Count(ctx, me, file(7))
	kind(t, err, mews.ErrUnavailable, "restore it from a backup")
	if st, err := w.Status(ctx); err != nil || st.Runs != 3 || st.Damaged != 1 || st.Entries != report.Entries {
		t.Errorf("status is %+v (%v)", st, err)
	}
	if _, _, err := w.Count(ctx, stranger, file(7)); err != nil {
		t.Errorf("another customer: %v", err)
	}
	if err := w.mergeAll(ctx, 0, largeMerge); err != nil {
		t.Errorf("merge: %v", err)
	}
	for i := range 3 {
		w.ingest(t, started(i, 2, 8, i))
	}
	must(t, w.mergeAll(ctx, 0, largeMerge))
	if n := w.runs(me); n != 3 {
		t.Errorf("%d runs, want the two that are damaged and one", n)
	}
	must(t, w.Close())
	if _, err := mem.Stat(runName(2)); errors.Is(err, fs.ErrNotExist) {
		t.Error("the damaged file was removed")
	}
}

// A whole file in the wrong place is noticed as well.
func TestSwappedFiles(t *testing.T) {
	mem := vfs.NewMem()
	w, err := openWorld(storetest.New(t), mem)
	must(t, err)
	w.ingest(t, started(1, 1, 7, 0))
	w.ingest(t, started(1, 1, 7, 0), started(2, 1, 7, 0), started(3, 1, 8, 0))
	must(t, w.Close())
	must(t, mem.Rename(runName(2), runName(1)))
	w, err = openWorld(w.db, mem)
	must(t, err)
	report, err := w.Check(ctx)
	must(t, err)
	if len(report.Problems) != 2 {
		t.Errorf("check says %+v", report)
	}
	must(t, w.Close())
}
