package vuln

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/host"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

var (
	points = flag.Int("points", 200, "power cuts to try")
	seed   = flag.Uint64("seed", 0, "seed of the power cuts; 0: random")
)

// TestPowerCut cuts the power while reports are taken in. A report that was
// acknowledged then counts, and none counts in part.
func TestPowerCut(t *testing.T) {
	storetest.CutPower(t, *points, *seed, cutPower)
}

// scans are what is open after each report of a life.
var scans = [][]int{{}, {1, 2, 3}, {2, 3}, {1, 2, 3, 4, 5}, {}, {5}, {1, 5}}

func cutPower(t *testing.T, rng *rand.Rand) int {
	mem := vfs.NewMem()
	db, s := openMem(t, mem)
	told := 0
	var known []int
	var clones []*vfs.Mem
	mem.Hook(func(vfs.Op, string) error {
		if rng.IntN(4) == 0 {
			known = append(known, told) // before the clone
			clones = append(clones, mem.CrashClone(rng, []int{0, 25, 50, 75, 100}[rng.IntN(5)]))
		}
		return nil
	})
	for n := 1; n < len(scans); n++ {
		report := grype(epoch.Add(time.Duration(n)*time.Hour), "/", cves(scans[n]...)...)
		_, _, err := s.Import(ctx, me, mews.VulnerabilityReport{AID: aid(1)}, strings.NewReader(report))
		must(t, err)
		told = n
	}
	mem.Hook(nil)
	must(t, db.Close())
	for i, clone := range clones {
		checkClone(t, clone, known[i])
	}
	return len(clones)
}

func openMem(t *testing.T, fsys vfs.FS) (*store.DB, *Service) {
	t.Helper()
	db, err := store.Open(ctx, storetest.Options(fsys))
	must(t, err)
	hosts, err := host.New(host.Deps{DB: db, Keys: blobtest.Keys()})
	must(t, err)
	s, err := New(Deps{DB: db, Hosts: hosts, Keys: blobtest.Keys()})
	must(t, err)
	return db, s
}

// checkClone finds what is open after the last report that was acknowledged, or
// after the one that came next, and the host's time to go with it.
func checkClone(t *testing.T, fsys vfs.FS, told int) {
	t.Helper()
	db, s := openMem(t, fsys)
	defer func() { must(t, db.Close()) }()
	list, _, err := s.Combined(ctx, me, mews.RecordQuery{Filter: "status:['open','reopen']", Limit: maxRecords}, []string{mews.FacetHostInfo})
	must(t, err)
	got := []string{}
	for _, v := range list {
		got = append(got, v.CVE.ID)
	}
	slices.Sort(got)
	for n := told; n <= told+1 && n < len(scans); n++ {
		if !slices.Equal(got, names(scans[n]...)) {
			continue
		}
		for _, v := range list {
			if want := stamp(epoch.Add(time.Duration(n) * time.Hour).UnixMicro()); v.Scan.LastScan != want || v.HostInfo == nil || v.HostInfo.HostLastSeen != want {
				t.Fatalf("after report %d the scope was scanned at %s, the host seen %+v, want %s", n, v.Scan.LastScan, v.HostInfo, want)
			}
		}
		return
	}
	t.Fatalf("after %d reports there are %q", told, fmt.Sprint(got))
}
