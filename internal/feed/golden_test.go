package feed

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// describe writes a row in one line, without what is empty.
func describe(r Row) string {
	switch {
	case r.Problem != "":
		return fmt.Sprintf("%s: wrong: %s", r.At, r.Problem)
	case r.Skip != "":
		return fmt.Sprintf("%s: skipped: %s", r.At, r.Skip)
	case r.Whole:
		return fmt.Sprintf("%s: all of %s", r.At, r.Origin)
	}
	b, _ := json.Marshal(r.Indicator)
	var all map[string]any
	_ = json.Unmarshal(b, &all)
	for name, v := range all {
		if v == nil || v == "" || v == 0.0 || v == false {
			delete(all, name)
		}
	}
	if r.Origin != "" {
		all["origin"] = r.Origin
	}
	b, _ = json.Marshal(all)
	return r.At + ": " + string(b)
}

// readAll gives the rows of a text, and its error as the last one.
func readAll(text string, format Format) (list []Row, err error) {
	for row, bad := range Read(strings.NewReader(text), format) {
		if bad != nil {
			return list, bad
		}
		list = append(list, row)
	}
	return list, nil
}

func TestGolden(t *testing.T) {
	for name, format := range map[string]Format{
		"urlhaus.csv": URLhaus, "threatfox.csv": ThreatFox, "bazaar.csv": MalwareBazaar, "plain.csv": CSV, "list.txt": CSV,
		"indicators.ndjson": NDJSON, "bundle.json": STIX, "event.json": MISP, "events.json": MISP,
	} {
		t.Run(name, func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			var out, named bytes.Buffer
			for to, f := range map[*bytes.Buffer]Format{&out: Auto, &named: format} {
				list, err := readAll(string(text), f)
				for _, row := range list {
					fmt.Fprintln(to, describe(row))
				}
				if err != nil {
					fmt.Fprintln(to, "error:", err)
				}
			}
			if out.String() != named.String() {
				t.Errorf("by look\n%s\nby name\n%s", out.Bytes(), named.Bytes())
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil || !bytes.Equal(out.Bytes(), want) {
				t.Errorf("got\n%s\nwant\n%s (%v); -update rewrites it", out.Bytes(), want, err)
			}
		})
	}
}
