package iocfile

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
)

var rewrite = flag.Bool("rewrite", false, "write what is read into testdata")

// TestGolden reads the files of testdata.
func TestGolden(t *testing.T) {
	tables, err := filepath.Glob("testdata/*.csv")
	bundles, berr := filepath.Glob("testdata/*.json")
	files := slices.Concat(tables, bundles)
	if err := errors.Join(err, berr); err != nil || len(files) < 10 {
		t.Fatalf("%d files: %v", len(files), err)
	}
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := dump(bytes.NewReader(text))
			if *rewrite {
				if err := os.WriteFile(file+".golden", []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file + ".golden")
			if err != nil || got != string(want) {
				t.Errorf("%v; read as:\n%s", err, got)
			}
			if slow := dump(iotest.OneByteReader(bytes.NewReader(text))); slow != got {
				t.Errorf("byte by byte it is read as:\n%s", slow)
			}
		})
	}
}

func dump(r io.Reader) string {
	var b strings.Builder
	for row, err := range Read(r, Auto) {
		switch i := row.Indicator; {
		case err != nil:
			fmt.Fprintf(&b, "ends: %v\n", err)
		case row.Problem != "":
			fmt.Fprintf(&b, "%s: problem: %s\n", row.At, row.Problem)
		case row.Skip != "":
			fmt.Fprintf(&b, "%s: skip: %s\n", row.At, row.Skip)
		default:
			fmt.Fprintf(&b, "%s: %s %s\n", row.At, i.Type, i.Value)
			for _, c := range columns[2:] {
				if text := c.get(&i); text != "" {
					fmt.Fprintf(&b, "   %s %q\n", c.name, text)
				}
			}
		}
	}
	return b.String()
}

// TestReadStops: who wants no more rows gets no more.
func TestReadStops(t *testing.T) {
	for name, text := range map[string]string{
		"table": "value\n198.51.100.7\n198.51.100.8\n", "list": "198.51.100.7\n198.51.100.8\n", "problems": "value\nx\ny\n",
		"stix": `{"objects":[{"type":"indicator","pattern":"[domain-name:value IN ('a.example','b.example')]"}]}`,
	} {
		n := 0
		for range Read(strings.NewReader(text), Auto) {
			n++
			break
		}
		if n != 1 {
			t.Errorf("%s: %d rows", name, n)
		}
	}
}

// TestReadFails: an error of the reader is told of, after the rows before it.
func TestReadFails(t *testing.T) {
	away := errors.New("away")
	for _, text := range []string{"", "v", "value\n", "value\n198.51.100.7\n", "{", `{"objects":[`, `{"objects":[{"type":"indicator"}`, `{"objects":[]`} {
		var last error
		for _, err := range Read(io.MultiReader(strings.NewReader(text), iotest.ErrReader(away)), Auto) {
			last = err
		}
		if !errors.Is(last, away) {
			t.Errorf("%q ends with %v", text, last)
		}
	}
	for _, err := range Read(strings.NewReader("value"), "xml") {
		if err == nil || !strings.Contains(err.Error(), `"xml"`) {
			t.Errorf("format xml: %v", err)
		}
	}
}

// endless repeats a text after a beginning, and counts what is read of it.
type endless struct {
	begin, again string
	read         int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.begin)
	if e.begin = e.begin[n:]; n == 0 {
		n = copy(p, e.again)
	}
	e.read += n
	return n, nil
}

// TestRowSize: what has no end in sight is given up early.
func TestRowSize(t *testing.T) {
	for name, in := range map[string]*endless{
		"quote":    {begin: "value\n\"", again: "x"},
		"cell":     {begin: "value\n", again: "x"},
		"lines":    {begin: "value\n\"", again: "x\n"},
		"header":   {again: "x"},
		"string":   {begin: `{"objects":[{"type":"`, again: "x"},
		"brackets": {begin: `{"objects":[`, again: "["},
		"key":      {begin: `{"`, again: "x"},
		"other":    {begin: `{"x":[`, again: "1,"},
	} {
		var last error
		rows := 0
		for _, err := range Read(in, Auto) {
			last = err
			rows++
		}
		if last == nil || rows > 1 || in.read > 2*maxRow {
			t.Errorf("%s: %d rows and %d bytes, then %v", name, rows, in.read, last)
		}
	}
}

// TestManyRows: rows without end are read one at a time.
func TestManyRows(t *testing.T) {
	object := `{"type":"indicator","pattern":"[domain-name:value = 'a.example']"},`
	for _, in := range []*endless{
		{begin: "type,value\n", again: "domain,a.example\n"},
		{again: "198.51.100.7\n"},
		{begin: `{"objects":[`, again: object},
	} {
		in.again = strings.Repeat(in.again, 10)
		rows := 0
		for row, err := range Read(&whole{in}, Auto) {
			if err != nil || row.Problem != "" {
				t.Fatal(row, err)
			}
			if rows++; in.read > 4*maxRow {
				break
			}
		}
		if rows < 4*maxRow/100 {
			t.Errorf("%d rows in %d bytes", rows, in.read)
		}
	}
}

// whole reads only whole repetitions.
type whole struct{ e *endless }

func (w *whole) Read(p []byte) (int, error) {
	if w.e.begin == "" && len(p) > len(w.e.again) {
		p = p[:len(w.e.again)]
	}
	n := len(w.e.again) - len(p)
	if w.e.begin == "" && n > 0 { // give the rest next time
		w.e.begin = w.e.again
	}
	return w.e.Read(p)
}
