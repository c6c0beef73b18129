package host

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/telemetry"
	"github.com/mewshq/mews/internal/vfs"
)

var (
	points = flag.Int("points", 300, "power cuts to try")
	seed   = flag.Uint64("seed", 0, "seed of the power cuts; 0: random")
)

// TestPowerCut cuts the power between reports and while they are folded. What
// was acknowledged must then be in the devices, and numbers stay what they were.
func TestPowerCut(t *testing.T) {
	storetest.CutPower(t, *points, *seed, cutPower)
}

// promised is what was acknowledged: the last report of each host, by number.
type promised struct{ last, number [4]int }

func cutPower(t *testing.T, rng *rand.Rand) int {
	mem := vfs.NewMem()
	db, s := openMem(t, mem)
	var told promised
	var known []promised
	var clones []*vfs.Mem
	mem.Hook(func(vfs.Op, string) error {
		if rng.IntN(6) == 0 {
			known = append(known, told) // before the clone
			clones = append(clones, mem.CrashClone(rng, []int{0, 25, 50, 75, 100}[rng.IntN(5)]))
		}
		return nil
	})
	for step := 1; step < 8; step++ {
		n := rng.IntN(len(told.last))
		numbers, err := s.Numbers(ctx, cid, []string{aid(n)})
		must(t, err)
		told.number[n] = int(numbers[0])
		r := seen(n, step, telemetry.Facts{OSVersion: fmt.Sprint("version ", step)})
		must(t, db.Write(ctx, func(tx *store.Tx) error { return s.Report(tx, cid, []Report{r}) }))
		told.last[n] = step
		if rng.IntN(3) == 0 {
			must(t, s.CatchUp(ctx))
		}
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
	s, err := New(Deps{DB: db, Keys: blobtest.Keys()})
	must(t, err)
	return db, s
}

func checkClone(t *testing.T, fsys vfs.FS, want promised) {
	t.Helper()
	db, s := openMem(t, fsys)
	defer func() { must(t, db.Close()) }()
	for n, last := range want.last {
		if number, _, err := s.Number(ctx, cid, aid(n)); err != nil || want.number[n] != 0 && int(number) != want.number[n] {
			t.Fatalf("host %d has the number %d, had %d (%v)", n, number, want.number[n], err)
		}
		if last == 0 {
			continue
		}
		found, _, err := s.Get(ctx, me, []string{aid(n)})
		must(t, err)
		if len(found) != 1 {
			t.Fatalf("host %d is lost", n)
		}
		// A later report may have become durable without an answer.
		var version int
		if _, err := fmt.Sscanf(found[0].OSVersion, "version %d", &version); err != nil || version < last {
			t.Fatalf("host %d: %+v, want version %d or later (%v)", n, found[0], last, err)
		}
		if want := stamp(at(version)); found[0].LastSeen != want {
			t.Fatalf("host %d: version %d was last seen at %s, want %s", n, version, found[0].LastSeen, want)
		}
	}
}
