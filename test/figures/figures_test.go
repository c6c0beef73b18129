package figures

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestPlace(t *testing.T) {
	file := filepath.Join(t.TempDir(), "page.md")
	read := func() string {
		t.Helper()
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		return string(text)
	}
	if err := place(file, "one", "alone\n"); err != nil || read() != "alone\n" {
		t.Fatalf("a new file: %v, %q", err, read())
	}
	page := "a\n<!-- figures: written by one -->\nold 1\n<!-- end of figures -->\nb\n" +
		"<!-- figures: written by two -->\nold 2\n<!-- end of figures -->\nc\n"
	if err := os.WriteFile(file, []byte(page), 0o600); err != nil {
		t.Fatal(err)
	}
	for range 2 { // writing again changes nothing
		if err := place(file, "two", "new\n"); err != nil {
			t.Fatal(err)
		}
		if want := strings.Replace(page, "old 2\n", "\nnew\n\n", 1); read() != want {
			t.Fatalf("got %q, want %q", read(), want)
		}
	}
	before := read()
	if err := place(file, "three", "new\n"); err == nil || read() != before {
		t.Errorf("a document without the place: %v, %q", err, read())
	}
}

func TestRows(t *testing.T) {
	var r Rows
	r.Add("a", "a figure", "ms", 1)
	r.AtMost("b", "too slow", "ms", 2.25, 2)
	r.AtLeast("c", "fast enough", "x", 300.4, 10)
	if met, all := r.Met(); met != 1 || all != 2 {
		t.Errorf("%d of %d targets met", met, all)
	}
	var lines, table strings.Builder
	Lines(&lines, r)
	for _, want := range []string{"2.2", "target <= 2     MISSED", "300", "target >= 10    met"} {
		if !strings.Contains(lines.String(), want) {
			t.Errorf("no %q in\n%s", want, lines.String())
		}
	}
	NewTable(&table, "figure", "value").Row(r[1].Name, r[1].Bold())
	if want := "| figure | value |\n|---|---|\n| too slow | **2.2** |\n"; table.String() != want {
		t.Errorf("table %q", table.String())
	}
}

func TestQuantile(t *testing.T) {
	x := []float64{5, 1, 4, 2, 3}
	for p, want := range map[float64]float64{0: 1, .5: 3, .95: 5, 1: 5} {
		if got := Quantile(x, p); got != want {
			t.Errorf("quantile %g is %g, want %g", p, got, want)
		}
	}
	if Quantile(nil, .5) != 0 || Mean(nil) != 0 || Share(1, 0) != 1 {
		t.Error("nothing measured must not be divided by")
	}
}
