package main

import (
	"crypto/sha256"
	"encoding/csv"
	"encoding/hex"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/mewshq/mews/internal/demo/corpus"
)

// tree writes generated files, some of them twice.
func tree(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	g := corpus.New(1)
	for i := range 40 {
		s := g.Next(400_000)
		names := []string{s.Name}
		if i%4 == 0 {
			names = append(names, "copy-of-"+s.Name)
		}
		for _, name := range names {
			if err := os.WriteFile(filepath.Join(dir, name), s.Bytes, 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	return dir
}

func manifest(t *testing.T, path string) [][]string {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	return rows[1:]
}

func TestSets(t *testing.T) {
	src := tree(t)
	const bound = 2_000_000
	var first [][]string
	for range 2 {
		o := options{out: t.TempDir(), bytes: bound, seed: 3, usr: src}
		if err := run(t.Context(), o, io.Discard); err != nil {
			t.Fatal(err)
		}
		for _, name := range []string{"heavy", "small"} {
			rows := manifest(t, filepath.Join(o.out, name+".csv"))
			checkSet(t, o.out, rows, bound)
			if name == "small" && first != nil && !slices.EqualFunc(rows, first, slices.Equal) {
				t.Error("the same seed chose other files")
			} else if name == "small" {
				first = rows
			}
		}
	}
}

// checkSet compares a manifest with the files.
func checkSet(t *testing.T, dir string, rows [][]string, bound int) {
	t.Helper()
	if len(rows) < 5 {
		t.Fatalf("only %d files", len(rows))
	}
	seen, sum := map[string]bool{}, 0
	for _, row := range rows {
		plain, err := os.ReadFile(filepath.Join(dir, row[0]))
		if err != nil {
			t.Fatal(err)
		}
		hash := sha256.Sum256(plain)
		if got := hex.EncodeToString(hash[:]); got != row[2] || seen[got] {
			t.Errorf("%s: digest %s, seen %v", row[0], got, seen[got])
		}
		seen[row[2]] = true
		if row[3] == "" || row[4] == "" {
			t.Errorf("%s has no type or origin", row[0])
		}
		sum += len(plain)
	}
	if sum > bound {
		t.Errorf("%d bytes, more than the bound", sum)
	}
}

func TestOrder(t *testing.T) {
	var files []file
	for i := range 30 {
		size := int64(i+1) << 20
		files = append(files, file{string(rune('a' + i)), size, []string{"installed", "debian:x"}[i%2]})
	}
	const bound = 100 << 20
	order := heavy.order(files, bound, 1)
	large, small10 := int64(0), 0
	for _, f := range order {
		if f.size > largeSize {
			large += f.size
		} else {
			small10++
		}
	}
	if large == 0 || large > bound*55/100 || small10 != 10 {
		t.Errorf("large files hold %d bytes, %d others", large, small10)
	}
	for _, f := range small.order(files, bound, 1) {
		if f.size > small.most {
			t.Errorf("file of %d bytes in the set of small ones", f.size)
		}
	}
	if got := inTurn(files[:1], files[1:4]); len(got) != 4 || got[1].path != "b" || got[2].path != "c" {
		t.Errorf("in turn: %v", got)
	}
}

func TestRefusesNonsense(t *testing.T) {
	for _, o := range []options{{bytes: 1}, {out: t.TempDir()}} {
		if err := run(t.Context(), o, io.Discard); err == nil {
			t.Errorf("%+v is accepted", o)
		}
	}
}
