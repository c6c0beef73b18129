package avlog

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

var rewrite = flag.Bool("rewrite", false, "write what is read into testdata")

// TestGolden reads the logs of testdata. Those of ClamAV have the lines that
// ClamAV 1.4.6 wrote about harmless files with a signature of our own; hostile.log
// and quarantine.hist hold made-up names.
func TestGolden(t *testing.T) {
	logs, err := filepath.Glob("testdata/*[gt]") // .log, .hist
	if err != nil || len(logs) < 6 {
		t.Fatalf("%d logs: %v", len(logs), err)
	}
	for _, file := range logs {
		t.Run(filepath.Base(file), func(t *testing.T) {
			text, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			l, err := readAny(file, text)
			if err != nil {
				t.Fatal(err)
			}
			golden := file + ".golden"
			if *rewrite {
				if err := os.WriteFile(golden, []byte(dump(l)), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || dump(l) != string(want) {
				t.Errorf("%v; read as:\n%s", err, dump(l))
			}
		})
	}
}

func readAny(name string, text []byte) (*Log, error) {
	if strings.HasSuffix(name, ".hist") {
		return ReadMaldet(bytes.NewReader(text))
	}
	return ReadClamAV(bytes.NewReader(text), time.FixedZone("", 3600))
}

func dump(l *Log) string {
	var b strings.Builder
	for _, f := range l.Findings {
		when := "-"
		if !f.Time.IsZero() {
			when = f.Time.UTC().Format(time.RFC3339)
		}
		fmt.Fprintf(&b, "%d: %q\n   kept %q\n   %q md5 %q owner %q at %s\n", f.Line, f.Path, f.Kept, f.Signatures, f.MD5, f.Owner, when)
	}
	for _, p := range l.Problems {
		fmt.Fprintf(&b, "%d: problem: %s\n", p.Line, p.Text)
	}
	fmt.Fprintf(&b, "%d detections\n", l.Detections)
	return b.String()
}

// hostilePath draws the path of a file whose folders and name look like records.
func hostilePath() *rapid.Generator[string] {
	part := rapid.SampledFrom([]string{
		"a", "b.bin", ": ", ": moved to '", "'", "')", " (real path: '", " FOUND", "Sig FOUND", ":root:root:unknown:1:", ":", "1", ".001",
		"unknown", "e", "\xff", "\x1b[2J", " -> ", "-", "Mon Nov 23 03:00:01 2026 -> ", "End Date:   2026:11:23 02:59:41", ": OK", "\r", " ",
	})
	return rapid.Custom(func(t *rapid.T) string {
		var b strings.Builder
		for range rapid.IntRange(1, 3).Draw(t, "depth") {
			b.WriteString("/" + strings.Join(rapid.SliceOfN(part, 1, 6).Draw(t, "name"), ""))
		}
		if base := path.Base(b.String()); base == "." || base == ".." {
			return b.String() + "x"
		}
		return b.String()
	})
}

// TestNeverWrong: whatever a file is called (but for line breaks), its record is
// read as what it is, or refused.
func TestNeverWrong(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		file := hostilePath().Draw(t, "file")
		number := rapid.SampledFrom([]string{"", ".001", ".23754"}).Draw(t, "number")
		kept := "/q" + "/" + path.Base(file) + number
		shown := file
		line := fmt.Sprintf("%s: Sig.A FOUND\n%s: moved to '%s'\n", shown, shown, kept)
		if rapid.Bool().Draw(t, "real path") {
			shown = strings.TrimPrefix(file, "/")
			line = fmt.Sprintf("%s: Sig.A FOUND\n%s (real path: '%s'): moved to '%s'\n", shown, shown, file, kept)
		}
		l, err := ReadClamAV(strings.NewReader(line), time.UTC)
		check(t, l, err, file, kept)
		if len(l.Findings) == 1 && !reflect.DeepEqual(l.Findings[0].Signatures, []string{"Sig.A"}) {
			t.Fatalf("signatures %q", l.Findings[0].Signatures)
		}

		kept = "/q" + "/" + path.Base(file) + ".23754"
		l, err = ReadMaldet(strings.NewReader(fmt.Sprintf("1700000000:{HEX}s:%s:bob:bob:unknown:1:%s\n", file, kept)))
		check(t, l, err, file, kept)

		info := fmt.Sprintf("# owner:group\nbob:bob:644:1:unknown:1:2:3:%s\n", file)
		if i, err := ReadMaldetInfo(strings.NewReader(info)); err != nil || i != (MaldetInfo{Owner: "bob", Path: file}) {
			t.Fatalf(".info: %+v, %v", i, err)
		}
	})
}

func check(t *rapid.T, l *Log, err error, file, kept string) {
	if err != nil {
		t.Fatal(err)
	}
	if len(l.Findings)+len(l.Problems) != 1 {
		t.Fatalf("one record read as %s", dump(l))
	}
	for _, f := range l.Findings {
		if f.Path != file || f.Kept != kept {
			t.Fatalf("%q kept as %q read as %s", file, kept, dump(l))
		}
	}
}

func TestLongLines(t *testing.T) {
	text := "/a/" + strings.Repeat("x", maxLine) + ": S FOUND\n/a/b: moved to '/q/b'\n"
	l, err := ReadClamAV(strings.NewReader(text), time.UTC)
	if err != nil || len(l.Problems) != 1 || l.Problems[0].Line != 1 || len(l.Findings) != 1 || l.Findings[0].Line != 2 {
		t.Errorf("%v: %s", err, dump(l))
	}
	if _, err := ReadMaldetInfo(strings.NewReader(strings.Repeat("x", maxLine+2))); err == nil {
		t.Error("a long .info file was read")
	}
}

func TestMaldetInfo(t *testing.T) {
	good := "# owner:group:mode:size(b):md5:atime(epoch):mtime(epoch):ctime(epoch):file(path)\n" +
		"bob:www-data:644:12:0123456789abcdef0123456789abcdef:1:2:3:/home/a:b/new\nline\n"
	if i, err := ReadMaldetInfo(strings.NewReader(good)); err != nil || i.Owner != "bob" || i.Path != "/home/a:b/new\nline" {
		t.Errorf("%+v, %v", i, err)
	}
	for _, bad := range []string{"", "#", "a:b:c\n", "bob:bob:644:x:unknown:1:2:3:/a\n", "bob:bob:644:1:unknown:1:2:3:relative\n"} {
		if i, err := ReadMaldetInfo(strings.NewReader(bad)); err == nil {
			t.Errorf("%q read as %+v", bad, i)
		}
	}
}

// FuzzClamAV: no text breaks the reader, and each finding is one that a move can
// have made.
func FuzzClamAV(f *testing.F) { fuzz(f, "testdata/*.log") }

// FuzzMaldet: the same for maldet's files.
func FuzzMaldet(f *testing.F) { fuzz(f, "testdata/*.hist") }

func fuzz(f *testing.F, seeds string) {
	files, _ := filepath.Glob(seeds)
	if len(files) == 0 {
		f.Fatal("no seeds")
	}
	for _, name := range files {
		text, err := os.ReadFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		l, err := readAny(seeds, text)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range l.Findings {
			if !fits(x.Path, x.Kept) || x.Line < 1 || x.Line > bytes.Count(text, []byte("\n"))+1 {
				t.Errorf("finding %+v", x)
			}
			if _, err := x.Time.MarshalText(); err != nil {
				t.Errorf("time of %+v: %v", x, err)
			}
		}
		if again, _ := readAny(seeds, text); dump(again) != dump(l) {
			t.Error("read differently the second time")
		}
		if i, err := ReadMaldetInfo(bytes.NewReader(text)); err == nil && !strings.HasPrefix(i.Path, "/") {
			t.Errorf(".info %+v", i)
		}
	})
}
