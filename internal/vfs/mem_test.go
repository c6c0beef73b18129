package vfs

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"
)

func rng(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }

func TestCrashKeepsWhatWasSynced(t *testing.T) {
	m := NewMem()
	must(t, m.MkdirAll("d"))
	put(t, m, "d/kept", "synced")
	must(t, m.SyncDir("d"))
	put(t, m, "d/nameless", "content synced, name not")
	f, err := m.Open("d/kept")
	must(t, err)
	_, err = f.WriteAt([]byte("SYN"), 0)
	must(t, err)

	none := m.CrashClone(rng(1), 0)
	if got := text(t, none, "d/kept"); got != "synced" {
		t.Errorf("with nothing unsynced kept: %q", got)
	}
	if _, err := none.Open("d/nameless"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a name without SyncDir survived: %v", err)
	}
	all := m.CrashClone(rng(1), 100)
	if got := text(t, all, "d/kept"); got != "SYNced" {
		t.Errorf("with all unsynced kept: %q", got)
	}
	if got := text(t, all, "d/nameless"); got != "content synced, name not" {
		t.Errorf("with all unsynced kept: %q", got)
	}
}

func TestCrashTearsWrites(t *testing.T) {
	m := NewMem()
	f, err := m.Create("f")
	must(t, err)
	must(t, m.SyncDir("."))
	_, err = io.WriteString(f, strings.Repeat("x", 8*sector))
	must(t, err)
	seen := map[string]bool{}
	for seed := range uint64(50) {
		got := text(t, m.CrashClone(rng(seed), 50), "f")
		if len(got)%sector != 0 {
			t.Fatalf("torn inside a sector: %d bytes", len(got))
		}
		for at := 0; at < len(got); at += sector {
			if s := got[at : at+sector]; strings.Trim(s, "x") != "" && strings.Trim(s, "\x00") != "" {
				t.Fatalf("sector is half written: %q", s)
			}
		}
		seen[got] = true
	}
	if len(seen) < 20 {
		t.Errorf("only %d different outcomes", len(seen))
	}
}

func TestFailedSyncLosesTheFile(t *testing.T) {
	m := NewMem()
	f, err := m.Create("f")
	must(t, err)
	must(t, m.SyncDir("."))
	_, err = io.WriteString(f, "data")
	must(t, err)
	m.FailNth(OpSync, 1, syscall.EIO)
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("sync: %v", err)
	}
	must(t, f.Sync())
	if got := text(t, m.CrashClone(rng(1), 0), "f"); got != "" {
		t.Errorf("the second sync was believed: %q", got)
	}
}

func TestDiskFull(t *testing.T) {
	m := NewMem()
	m.Limit(10)
	f, err := m.Create("f")
	must(t, err)
	n, err := io.WriteString(f, "0123456789ab")
	if n != 10 || !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("wrote %d, %v", n, err)
	}
	if free, _ := m.Free(); free != 0 {
		t.Errorf("free %d", free)
	}
	if _, err := f.WriteAt([]byte("zz"), 2); err != nil {
		t.Errorf("overwriting needs no space: %v", err)
	}
	m.Limit(12)
	if _, err := io.WriteString(f, "ab"); err != nil {
		t.Errorf("space was freed: %v", err)
	}
}

func TestFlip(t *testing.T) {
	m := NewMem()
	put(t, m, "f", "\x00\x00")
	must(t, m.Flip("f", 9))
	if got := text(t, m, "f"); got != "\x00\x02" {
		t.Errorf("got %q", got)
	}
	if got := text(t, m.CrashClone(rng(1), 100), "f"); got != "\x00\x02" && got != "" {
		t.Errorf("after a crash %q", got)
	}
	if m.Flip("f", 16) == nil || m.Flip("g", 0) == nil {
		t.Error("flipped a bit that is not there")
	}
}

// Whatever call fails, and wherever power is lost, a durable write leaves the old
// content or the new; after a nil return, the new.
func TestWriteDurableCrashes(t *testing.T) {
	fill := func(s string) func(io.Writer) error {
		return func(w io.Writer) error { _, err := io.WriteString(w, s); return err }
	}
	older, newer := strings.Repeat("o", 3*sector), strings.Repeat("n", 5*sector)
	crashes, failures := 0, 0
	check := func(what string, m *Mem, acked bool) {
		for _, pct := range []int{0, 25, 50, 75, 100} {
			for seed := range uint64(4) {
				c := m.CrashClone(rng(seed), pct)
				got := text(t, c, "f")
				if got != newer && (acked || got != older) {
					t.Fatalf("%s, %d%%, seed %d: %d bytes", what, pct, seed, len(got))
				}
				must(t, RemoveTemp(c, "."))
				if names, _ := c.ReadDir("."); len(names) != 1 {
					t.Fatalf("%s: left behind %q", what, names)
				}
				crashes++
			}
		}
	}
	for n := 1; ; n++ {
		m := NewMem()
		must(t, WriteDurable(m, "f", fill(older)))
		calls := 0
		m.Hook(func(op Op, _ string) error {
			check(fmt.Sprintf("before call %d %s", calls, op), m, false)
			if calls++; calls == n {
				return syscall.EIO
			}
			return nil
		})
		err := WriteDurable(m, "f", fill(newer))
		m.Hook(nil)
		check(fmt.Sprintf("with call %d failed: %v", n, err), m, err == nil)
		if calls < n {
			break
		}
		if err == nil {
			t.Fatalf("acknowledged although call %d failed", n)
		}
		failures++
	}
	if failures != 6 { // create, write, sync, close, rename, sync of the folder
		t.Errorf("%d failures injected", failures)
	}
	t.Logf("%d crashes, %d failed calls", crashes, failures)
}

func TestTruncate(t *testing.T) {
	m := NewMem()
	put(t, m, "f", "0123456789")
	must(t, m.SyncDir("."))
	f, err := m.Open("f")
	must(t, err)
	cut := f.(interface{ Truncate(int64) error }).Truncate
	must(t, cut(4))
	must(t, cut(6))
	if got := text(t, m, "f"); got != "0123\x00\x00" {
		t.Errorf("got %q", got)
	}
	if got := text(t, m.CrashClone(rng(1), 0), "f"); got != "0123456789" {
		t.Errorf("after a crash without sync %q", got)
	}
	if got := text(t, m.CrashClone(rng(1), 100), "f"); got != "0123\x00\x00" {
		t.Errorf("after a crash that kept all %q", got)
	}
	must(t, f.Sync())
	if got := text(t, m.CrashClone(rng(1), 0), "f"); got != "0123\x00\x00" {
		t.Errorf("after sync and a crash %q", got)
	}
}

// Names become durable in no order, and a file that is renamed between folders
// can be lost until both are synced.
func TestCrashRename(t *testing.T) {
	m := NewMem()
	must(t, m.MkdirAll("a"))
	must(t, m.MkdirAll("b"))
	put(t, m, "a/f", "x")
	must(t, m.SyncDir("a"))
	must(t, m.Rename("a/f", "b/f"))
	seen := map[string]bool{}
	for seed := range uint64(40) {
		c := m.CrashClone(rng(seed), 50)
		_, inA := c.Stat("a/f")
		_, inB := c.Stat("b/f")
		seen[fmt.Sprint(inA == nil, inB == nil)] = true
	}
	if len(seen) != 4 {
		t.Errorf("outcomes %v", seen)
	}
	must(t, m.SyncDir("a"))
	must(t, m.SyncDir("b"))
	if got := text(t, m.CrashClone(rng(1), 0), "b/f"); got != "x" {
		t.Errorf("after both syncs %q", got)
	}
	if want := "[b/f 1 bytes, 0 unsynced writes\n]"; m.String() != want {
		t.Errorf("listing %q, want %q", m, want)
	}
}
