package intel

import (
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/blob/blobtest"
	"github.com/mewshq/mews/internal/feed"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/store/storetest"
	"github.com/mewshq/mews/internal/vfs"
)

var seedFlag = flag.Uint64("seed", 0, "seed of the crash test; 0 is a random one")

func cidOf(n int) store.CID { return store.CID(fmt.Sprintf("%032x", n+16)) }

// openMem opens the service on a file system in memory.
func openMem(mem *vfs.Mem) (*world, error) {
	db, err := store.Open(ctx, storetest.Options(mem))
	if err != nil {
		return nil, fmt.Errorf("database does not open: %w", err)
	}
	w := &world{db: db, now: epoch}
	w.Service, err = New(Deps{DB: db, Keys: blobtest.Keys()})
	return w, err
}

// imports follow each other; each of them is one transaction, or two where it takes
// back.
func imports() []Import {
	many := func(from, to int, family string) (list []feed.Row) {
		for n := from; n < to; n++ {
			list = append(list, domain(fmt.Sprintf("d%d", n), family))
		}
		return list
	}
	return []Import{
		{Source: "a", Run: "1", Rows: rows(many(0, 30, "x")...)},
		{Source: "b", Run: "2", Rows: rows(many(20, 40, "y")...)},
		{Source: "a", Run: "3", Complete: true, Rows: rows(many(10, 20, "z")...)},
		{Source: "b", Run: "4", Rows: rows(many(0, 40, "y")...)},
	}
}

// TestCrash cuts the power at points of every import: what is left is what one of
// the transactions left, and to import again leads to the same as if nothing had
// happened.
func TestCrash(t *testing.T) {
	storetest.SkipUnderRace(t)
	storetest.CutPower(t, 30, *seedFlag, crashRun)
}

func crashRun(t *testing.T, rng *rand.Rand) (tried int) {
	plain, err := openMem(vfs.NewMem())
	must(t, err)
	for _, in := range imports() {
		_, _, err := plain.Import(ctx, me, in)
		must(t, err)
	}
	want, err := plain.shows()
	must(t, errors.Join(err, plain.db.Close()))

	mem := vfs.NewMem()
	w, err := openMem(mem)
	must(t, err)
	step, calls := 0, 0
	mem.Hook(func(op vfs.Op, name string) error {
		if op == vfs.OpRead || op == vfs.OpStat || op == vfs.OpOpen || op == vfs.OpReadDir {
			return nil // changes nothing
		}
		if calls++; rng.IntN(12) != 0 || t.Failed() {
			return nil
		}
		tried++
		if err := goOn(mem.CrashClone(rng, []int{0, 50, 100}[calls%3]), step, want); err != nil {
			t.Errorf("import %d, before call %d (%s %s): %v", step, calls, op, name, err)
		}
		return nil
	})
	for _, in := range imports() {
		_, _, err := w.Import(ctx, me, in)
		must(t, err)
		step++
	}
	mem.Hook(nil)
	must(t, w.db.Close())
	return tried
}

// goOn opens what a crash left, does the import that was under way again and the
// rest, and compares the end.
func goOn(mem *vfs.Mem, step int, want string) error {
	w, err := openMem(mem)
	if err != nil {
		return err
	}
	defer w.db.Close()
	for _, in := range imports()[min(step, len(imports())-1):] {
		if _, _, err := w.Import(ctx, me, in); err != nil {
			return err
		}
	}
	got, err := w.shows()
	if err != nil {
		return err
	}
	if got != want {
		err = fmt.Errorf("left is\n%s\nwant\n%s", got, want)
	}
	_, audit := w.db.VerifyAudit(ctx)
	return errors.Join(err, audit)
}

// shows is what users see, by name: the order of changes depends on where it was
// cut.
func (w *world) shows() (string, error) {
	found, _, err := w.Query(ctx, me, mews.IntelQuery{RecordQuery: mews.RecordQuery{Sort: "id"}, IncludeDeleted: true})
	var lines []string
	for _, i := range found {
		lines = append(lines, i.ID+" "+shown(i))
	}
	return strings.Join(lines, "\n"), err
}
