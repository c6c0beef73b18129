// Package rules holds a rule for every construct of the rule language and for
// every field and function of the engine's modules, and tests that each compiles,
// is planned as well as it can be, and loses no match by its plan.
package rules

import (
	"bytes"
	"io"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/yara"
	"github.com/mewshq/mews/internal/yara/yaratest"
)

// An example is a rule with what its metadata promise.
type example struct {
	name   string
	plan   query.Strength // "" when not said
	sample []byte         // that it matches; nil when there is none
}

var (
	ruleLine   = regexp.MustCompile(`^(?:(?:private|global) )*rule (\w+)`)
	planLine   = regexp.MustCompile(`^    plan = "(\w+)"$`)
	sampleLine = regexp.MustCompile(`^    sample = (".*")$`)
)

// examples reads the metadata of a file of rules, one item a line.
func examples(t *testing.T, source string) (all []*example) {
	for line := range strings.SplitSeq(source, "\n") {
		if m := ruleLine.FindStringSubmatch(line); m != nil {
			all = append(all, &example{name: m[1]})
			continue
		}
		if len(all) == 0 {
			continue
		}
		last := all[len(all)-1]
		if m := planLine.FindStringSubmatch(line); m != nil {
			last.plan = query.Strength(m[1])
		}
		if m := sampleLine.FindStringSubmatch(line); m != nil {
			text, err := strconv.Unquote(m[1])
			if err != nil {
				t.Fatalf("sample of rule %s: %v", last.name, err)
			}
			last.sample = []byte(text)
		}
	}
	return all
}

func ruleFiles(t *testing.T) []string {
	files, err := filepath.Glob("*/*.yar")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d rule files: %v", len(files), err)
	}
	return files
}

func newEngine(t *testing.T) *yara.Engine {
	e := yara.New(yara.Options{Path: yaratest.Worker(t), Sandbox: yara.SandboxBestEffort, MaxWorkers: 1})
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func readRules(t *testing.T, file string) string {
	t.Helper()
	source, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return string(source)
}

// TestRulesPlan compiles every file and holds each plan against what the rule's
// metadata promise. A plan that reads every file says why.
func TestRulesPlan(t *testing.T) {
	e := newEngine(t)
	count := map[query.Strength]int{}
	for _, file := range ruleFiles(t) {
		source := readRules(t, file)
		rs, err := e.Compile(t.Context(), "", source)
		if err != nil {
			t.Errorf("%s: %v", file, err)
			continue
		}
		want := examples(t, source)
		if len(want) != len(rs.Rules) {
			t.Errorf("%s: %d rules, the compiler sees %d", file, len(want), len(rs.Rules))
			continue
		}
		for i, r := range rs.Rules {
			got := query.StrengthOf(r.Plan)
			count[got]++
			if got == query.Unplanned && (r.Why == nil || r.Why.Line == 0 || r.Why.Message == "") {
				t.Errorf("%s: rule %s reads every file and does not say why: %+v", file, r.Name, r.Why)
			}
			if want[i].name != r.Name || want[i].plan != "" && want[i].plan != got {
				t.Errorf("%s: rule %s is planned %s, should be %s: %.300s", file, r.Name, got, want[i].plan, r.Plan)
			}
		}
	}
	t.Logf("plans: %v", count)
}

// TestRulesMatch scans every sample with the rules of every construct. Each rule
// matches its own sample, and every match of any rule satisfies the rule's plan.
func TestRulesMatch(t *testing.T) {
	e := newEngine(t)
	var samples [][]byte
	own := map[string][]byte{} // rule -> its sample
	for _, file := range ruleFiles(t) {
		source := readRules(t, file)
		for _, x := range examples(t, source) {
			if x.sample != nil {
				own[x.name] = x.sample
				samples = append(samples, x.sample)
			}
		}
	}
	if len(samples) < 80 {
		t.Fatalf("only %d samples", len(samples))
	}
	for _, file := range ruleFiles(t) {
		if strings.HasPrefix(file, "constructs") { // the rules of modules have no samples; make e2e hunts them
			checkMatches(t, e, file, samples, own)
		}
	}
}

func checkMatches(t *testing.T, e *yara.Engine, file string, samples [][]byte, own map[string][]byte) {
	source := readRules(t, file)
	rs, err := e.Compile(t.Context(), "", source)
	if err != nil {
		t.Errorf("%s: %v", file, err)
		return
	}
	matched := scan(t, e, source, rs, samples)
	for _, r := range rs.Rules {
		for i, data := range samples {
			hit := matched[i][r.Name]
			if bytes.Equal(own[r.Name], data) && !hit && !r.Private {
				t.Errorf("%s: rule %s does not match its sample %q", file, r.Name, data)
			}
			if !hit {
				continue
			}
			if ok, err := query.Match(r.Plan, view(data)); err != nil || !ok {
				t.Errorf("%s: rule %s matches %q, but its plan does not hold (%v): %s", file, r.Name, data, err, r.Plan)
			}
			if ok, err := query.Match(rs.Plan, view(data)); err != nil || !ok {
				t.Errorf("%s: %q matches, but the plan of the file does not hold (%v)", file, data, err)
			}
		}
	}
}

// scan gives the names of the rules that match each sample.
func scan(t *testing.T, e *yara.Engine, source string, rs *yara.Ruleset, samples [][]byte) (matched []map[string]bool) {
	pool, err := e.Pool(t.Context(), "", source, rs, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close()
	for batch := range slices.Chunk(samples, 64) {
		var files []yara.File
		for _, data := range batch {
			files = append(files, yara.File{Size: int64(len(data)), Open: func() (io.ReadCloser, error) {
				return io.NopCloser(bytes.NewReader(data)), nil
			}})
		}
		results, err := pool.ScanAll(t.Context(), files)
		if err != nil {
			t.Fatal(err)
		}
		for i, r := range results {
			names := map[string]bool{}
			for _, m := range r.Rules {
				names[m.Name] = true
			}
			if r.Err != nil || r.Outcome != yara.Match && r.Outcome != yara.NoMatch {
				t.Fatalf("scan %q: %s %v", batch[i], r.Outcome, r.Err)
			}
			matched = append(matched, names)
		}
	}
	return matched
}

// A view is a file of which type and digests are not known.
type view []byte

func (v view) Seq() uint64          { return 1 }
func (v view) Size() uint64         { return uint64(len(v)) }
func (v view) Head() []byte         { return v[:min(len(v), query.HeadLen)] }
func (v view) Type() string         { return "" }
func (v view) Digest(string) []byte { return nil }

func (v view) Contains(p query.Pattern) (bool, error) { return p.Find(v) >= 0, nil }

// TestRulesTouchEveryConstruct: the words of the language all stand somewhere.
func TestRulesTouchEveryConstruct(t *testing.T) {
	all := map[string]bool{}
	files, err := filepath.Glob("constructs/*.yar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		source := readRules(t, file)
		for _, w := range regexp.MustCompile(`[a-z][a-z0-9_]*`).FindAllString(source, -1) {
			all[w] = true
		}
	}
	for _, w := range strings.Fields(`all and any ascii at base64 base64wide condition contains defined endswith false filesize
		for fullword global icontains iendswith iequals import in istartswith matches meta nocase none not of or private
		rule startswith strings them true wide with xor int8 int16 int32 uint8 uint16 uint32 int8be int16be int32be uint8be
		uint16be uint32be pe elf macho dotnet dex lnk hash math string time`) {
		if !all[w] {
			t.Errorf("no rule uses %q of the %d words", w, len(slices.Collect(maps.Keys(all))))
		}
	}
}
