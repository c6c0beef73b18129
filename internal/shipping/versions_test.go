package shipping

import (
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/vfs"
)

func TestVersions(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	v, err := OpenVersions(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := OpenVersions(dir); err == nil || !strings.Contains(err.Error(), "the checkpoints in") {
		t.Errorf("opened twice: %v", err)
	}
	v.Set("x", "1")
	v.Set("y", "2")
	v.Set("x", "3")
	if err := v.Close(); err != nil {
		t.Fatal(err)
	}
	if v, err = OpenVersions(dir); err != nil {
		t.Fatal(err)
	}
	if v.Of("x") != "3" || v.Of("y") != "2" || v.Of("z") != "" || v.Len() != 2 {
		t.Errorf("%v", v.files)
	}
	v.Keep(func(file string) bool { return file == "y" })
	if err := v.Close(); err != nil || v.Of("x") != "" || v.Len() != 1 {
		t.Errorf("%v, %v", v.files, err)
	}
}

// TestVersionsCrash: a power cut leaves what was saved before or what was being
// saved.
func TestVersionsCrash(t *testing.T) {
	mem := vfs.NewMem()
	v, err := ReadVersions(mem)
	if err != nil {
		t.Fatal(err)
	}
	v.Set("x", "1")
	if err := v.Save(); err != nil {
		t.Fatal(err)
	}
	cuts := 0
	mem.Hook(func(vfs.Op, string) error {
		for percent := 0; percent <= 100; percent += 50 {
			cuts++
			left, err := ReadVersions(mem.CrashClone(rand.New(rand.NewPCG(1, uint64(cuts))), percent))
			if err != nil || left.Of("x") != "1" && left.Of("x") != "2" {
				t.Errorf("cut %d left %+v, %v", cuts, left, err)
			}
		}
		return nil
	})
	v.Set("x", "2")
	if err := v.Save(); err != nil || cuts == 0 {
		t.Fatal(cuts, err)
	}
	mem.Hook(nil)
	if left, err := ReadVersions(mem.CrashClone(rand.New(rand.NewPCG(2, 0)), 0)); err != nil || left.Of("x") != "2" {
		t.Errorf("saved is %+v, %v", left, err)
	}
}
