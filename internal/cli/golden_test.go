package cli

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

var rewrite = flag.Bool("rewrite", false, "write what the commands answer into testdata")

// TestGolden runs the command lines of testdata/*.txt. A line "$ mews ..." is a
// command; below it stand its output ("| "), its error output ("! ") and its
// exit code ("= "). A line "% NAME=VALUE" sets a variable of the environment for
// the commands below it. $DIR is a fresh folder, $URL the server's address, ONE, TWO
// and NONE are hashes.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txt")
	if err != nil || len(files) == 0 {
		t.Fatalf("no golden files: %v", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txt"), func(t *testing.T) {
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			got := playScript(t, string(want))
			switch {
			case *rewrite:
				if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			case got != string(want):
				t.Errorf("%s differs (go test ./internal/cli -rewrite shows how); got:\n%s", file, got)
			}
		})
	}
}

// recordLines has one record of each kind.
var recordLines = `{"sha256":"` + shaOf("r1") + `","hostname":"ws9","paths":[{"path":"/tmp/x"}]}
{"sha256":"` + shaOf("r2") + `","hostname":"known"}

{"sha256":"` + shaOf("r3") + `","hostname":"refused"}
{"sha256":"abc","hostname":"ws9"}
{"sha256":"` + shaOf("r4") + `"}
{"sha256":"` + shaOf("r5") + `","hostname":"ws9","hostnme":"x"}
not json
`

// feedLines has one row of each kind; feedBundle has alternatives and what is
// revoked.
const (
	feedLines = `type,value,severity,expiration,tags,description
domain,new.example,high,2099-01-01,case 18,"+ new"
domain,Evil.example,low,,,
domain,evil.example,critical,,,
ipv4,198.51.100.7,extreme,,,
ipv4,198.51.100.8,,2020-01-01,,
sha256,short,,,,
`
	feedBundle = `{"type":"bundle","objects":[
{"type":"indicator","id":"indicator--1","pattern":"[file:hashes.MD5 = '0123456789abcdef0123456789abcdef' OR file:hashes.'SHA-1' = 'x']","labels":["apt"]},
{"type":"indicator","id":"indicator--2","pattern":"[domain-name:value = 'gone.example']","revoked":true},
{"type":"indicator","id":"indicator--3","pattern":"[url:value = 'http://x.example/']"},
{"type":"identity","id":"identity--1"}]}`
)

func playScript(t *testing.T, script string) string {
	f := newFake(t)
	dir := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("rule.yar", "rule loader { strings: $a = \"MZ..\" condition: $a }")
	write("weak.yar", "rule weak { condition: true }")
	write("bad.yar", "rubbish")
	write("empty.yar", "")
	write("index.yara", "/* all of\nthem */ include \"rule.yar\" // one\ninclude \"weak.yar\"\n")
	write("latin.yar", "rule \xe9 { condition: true }")
	write("notes.txt", "no rules, no report")
	write("web01.example.trivy.json", "{}")
	write("damaged.json", `{"damaged": true}`)
	write("old.json", `{"old": true}`)
	write("new.bin", "new")
	write("bad.bin", "refuse me")
	write("agg.json", `[{"type":"terms","field":"hostname"},{"type":"avg","field":"max_severity"}]`)
	write("typo.json", `{"type":"terms","field":"hostname","sise":3}`)
	write("records.ndjson", recordLines)
	write("feed.csv", feedLines)
	write("bundle.json", feedBundle)
	write("cut.json", feedBundle[:len(feedBundle)-9])
	write("nothing.csv", "")
	write("intel/a.csv", "type,indicator,confidence\ndomain,a.example,high\nmd5,short,\ndomain,refused.example,\n")
	write("intel/b.txt", "b.example\nc.example\n")
	write("intel/.hidden.txt", "hidden.example\n")
	write("intel/notes.md", "no feed")
	write("good/b.txt", "b.example\nc.example\n")
	write("good/d.txt", "d.example\n")
	write("misp/manifest.json", `{"00000000-0000-4000-8000-000000000001":{"timestamp":"1"},"00000000-0000-4000-8000-000000000002":{"timestamp":2}}`)
	write("misp/00000000-0000-4000-8000-000000000001.json", `{"Event":{"uuid":"e1","Attribute":[{"uuid":"a1","type":"domain","value":"e.example","to_ids":true},{"uuid":"a2","type":"link","value":"x"}]}}`)
	write("misp/hashes.csv", "no event")
	write("ids.txt", strings.Repeat("a", 32)+"\n\n "+strings.Repeat("b", 32)+"\n")
	names := strings.NewReplacer("$DIR", dir, "$URL", f.URL, "ONE", f.put("one", "malware"), "TWO", f.put("two", "unknown"), "NONE", shaOf("none"))
	env := map[string]string{}
	var b strings.Builder
	for line := range strings.Lines(script) {
		line = strings.TrimRight(line, "\n")
		command, isCommand := strings.CutPrefix(line, "$ mews ")
		variable, isVariable := strings.CutPrefix(line, "% ")
		switch {
		case isVariable:
			fmt.Fprintln(&b, line)
			name, value, _ := strings.Cut(names.Replace(variable), "=")
			env[name] = value
		case isCommand:
			fmt.Fprintln(&b, line)
			out, errOut, code := f.mews(run{env: env}, splitWords(names.Replace(command))...)
			for _, part := range []struct{ mark, text string }{{"|", out}, {"!", errOut}} {
				for l := range strings.Lines(part.text) {
					l = strings.NewReplacer(dir, "$DIR", f.URL, "$URL", shaOf("one"), "ONE", shaOf("two"), "TWO", shaOf("none"), "NONE", "\r\n", "\\r", "\n", "").Replace(l)
					fmt.Fprintln(&b, strings.TrimRight(part.mark+" "+l, " "))
				}
			}
			fmt.Fprintf(&b, "= %d\n", code)
		case line == "" || strings.HasPrefix(line, "#"):
			fmt.Fprintln(&b, line)
		}
	}
	return b.String()
}

// splitWords splits at spaces outside of single quotes.
func splitWords(s string) []string {
	var words []string
	for i, part := range strings.Split(s, "'") {
		if i%2 == 1 {
			words = append(words, part)
			continue
		}
		words = append(words, strings.Fields(part)...)
	}
	return words
}
