//go:build e2e

package e2e

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/harness"
)

var sampleLine = regexp.MustCompile(`(?m)^    sample = (".*")$`)

// TestRuleSetHunts stores the samples of test/rules and some programs, hunts each
// file of rules through the server, and compares with the engine over every file.
func TestRuleSetHunts(t *testing.T) {
	rules, err := filepath.Glob("../rules/*/*.yar")
	if err != nil || len(rules) < 10 {
		t.Fatalf("%d rule files: %v", len(rules), err)
	}
	corpus := t.TempDir()
	files := writeSamples(t, corpus, rules)
	srv, err := harness.Start(t.Context(), harness.Options{
		Data: filepath.Join(t.TempDir(), "data"), Args: []string{"--hunt-allow-full-scan", "--log-level", "warn"},
	})
	must(t, err)
	defer func() { must(t, srv.Stop()) }()
	must(t, srv.Command(t.Context(), "sample", "add", corpus).Run())
	must(t, srv.AwaitIndexed(t.Context()))
	client, err := srv.Client()
	must(t, err)
	defer client.Close()
	hits := 0
	for _, file := range rules {
		source, err := os.ReadFile(file)
		must(t, err)
		want, _, err := harness.ScanAll(t.Context(), files, string(source))
		must(t, err)
		hits += len(want)
		meta, err := client.MalQuery().Hunt(t.Context(), mews.HuntRequest{
			YARARule: string(source), Options: &mews.SearchOptions{Limit: 10_000, AllowFullScan: true},
		})
		must(t, err)
		env, err := client.MalQuery().Wait(t.Context(), meta.ReqID, nil)
		must(t, err)
		got := map[string]bool{}
		for _, r := range env.Resources {
			got[r.SHA256] = true
			if !want[r.SHA256] {
				t.Errorf("%s: %s should not match", file, r.SHA256)
			}
		}
		for sha := range want {
			if !got[sha] {
				t.Errorf("%s: %s was missed", file, sha)
			}
		}
	}
	if hits < 100 {
		t.Errorf("only %d matches to compare", hits)
	}
}

// writeSamples fills a folder with the samples that rules name, and programs of
// this machine.
func writeSamples(t *testing.T, dir string, rules []string) (files []string) {
	put := func(name string, data []byte) {
		path := filepath.Join(dir, name)
		must(t, os.WriteFile(path, data, 0o600))
		files = append(files, path)
	}
	for _, file := range rules {
		source, err := os.ReadFile(file)
		must(t, err)
		for i, m := range sampleLine.FindAllSubmatch(source, -1) {
			text, err := strconv.Unquote(string(m[1]))
			must(t, err)
			put(filepath.Base(file)+"-"+strconv.Itoa(i), []byte(text))
		}
	}
	programs, err := filepath.Glob("/usr/bin/[a-e]*")
	must(t, err)
	slices.Sort(programs)
	for _, name := range programs {
		info, err := os.Stat(name)
		if err != nil || !info.Mode().IsRegular() || info.Size() > 1<<20 || len(files) > 160 {
			continue
		}
		data, err := os.ReadFile(name)
		must(t, err)
		put(filepath.Base(name), data)
	}
	return files
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
