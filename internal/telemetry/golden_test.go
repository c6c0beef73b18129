package telemetry

import (
	"bufio"
	"bytes"
	"encoding/json"
	"flag"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

var update = flag.Bool("update", false, "write the golden files anew")

// testNow is the time that the golden lines are read at.
func testNow() time.Time { return time.Date(2024, 7, 1, 0, 0, 0, 0, time.UTC) }

// shown is an event in words, for people who read golden files.
type shown struct {
	Line    int               `json:"line"`
	Error   string            `json:"error,omitempty"`
	Time    string            `json:"time,omitempty"`
	Host    string            `json:"host,omitempty"`
	Facts   map[string]any    `json:"facts,omitempty"`
	Process map[string]any    `json:"process,omitempty"`
	Seen    map[string]string `json:"seen,omitempty"`
}

// TestGolden reads every file of lines as "auto" and as its own format, which
// must not differ where a line is of that format at all.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.ndjson")
	if err != nil || len(files) == 0 {
		t.Fatal("no golden lines", err)
	}
	for _, file := range files {
		name := strings.TrimSuffix(filepath.Base(file), ".ndjson")
		t.Run(name, func(t *testing.T) {
			got := showFile(t, file, Auto)
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(got, want) {
				t.Errorf("%s differs (go test -update writes it anew):\n%s", golden, got)
			}
		})
	}
}

// showFile reads a file's lines and shows their events.
func showFile(t *testing.T, file string, format Format) []byte {
	t.Helper()
	f, err := os.Open(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	p, err := NewParser(format, testNow)
	if err != nil {
		t.Fatal(err)
	}
	out := &bytes.Buffer{}
	lines := bufio.NewScanner(f)
	for n := 1; lines.Scan(); n++ {
		for _, s := range show(t, p, n, lines.Bytes()) {
			text, err := json.Marshal(s)
			if err != nil {
				t.Fatal(err)
			}
			out.Write(append(text, '\n'))
		}
	}
	if err := lines.Err(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// show reads one line.
func show(t *testing.T, p *Parser, n int, line []byte) (all []shown) {
	events, err := p.Parse(line)
	if err != nil {
		return []shown{{Line: n, Error: err.Error()}}
	}
	for _, e := range events {
		s := shown{
			Line: n, Time: time.UnixMicro(e.Time).UTC().Format(time.RFC3339Nano), Host: e.Host.AID + "/" + e.Host.Hostname,
			Process: known(t, e.Process), Seen: map[string]string{},
		}
		if e.Host.Facts != nil {
			s.Facts = known(t, *e.Host.Facts)
		}
		for _, seen := range e.Seen {
			s.Seen[seen.ID()] = strings.Join(seen.Kind.Words(), " ")
		}
		all = append(all, s)
	}
	return all
}

// known are the fields of a struct that are set.
func known(t *testing.T, v any) map[string]any {
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	fields := map[string]any{}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.UseNumber()
	if err := decoder.Decode(&fields); err != nil {
		t.Fatal(err)
	}
	for name, value := range fields {
		if value == "" || value == json.Number("0") {
			delete(fields, name)
		}
	}
	return fields
}
