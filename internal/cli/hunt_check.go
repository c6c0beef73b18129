package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews"
)

// A ruleCheck is one rule of a checked file, or a file that gives no rules.
type ruleCheck struct {
	File    string `json:"file"`
	Rule    string `json:"rule,omitempty"`
	Quality string `json:"quality"`
	Line    int    `json:"line,omitempty"` // of what stands in the way, where it is known
	Why     string `json:"why,omitempty"`
}

// Qualities beside those of a mews.RulePlan.
const (
	qualityError   = "error"   // the file was refused
	qualitySkipped = "skipped" // the file holds no rules of its own
)

// checksAtOnce is how many files are with the server at a time: as many as it
// compiles side by side, and some on their way.
const checksAtOnce = 4

// runHuntCheck sends each rule file to the estimate, which is free of quota, and
// prints what the index can do for each rule.
func runHuntCheck(ctx context.Context, g *globals, o *huntOptions, paths []string) error {
	if err := checkFields[ruleCheck](g); err != nil {
		return err
	}
	options, err := o.wire()
	if err != nil {
		return err
	}
	files, err := ruleFiles(paths)
	if err != nil {
		return err
	}
	return g.withClient(func(c *mews.Client) error {
		k := &ruleChecker{g: g, hunts: c.MalQuery(), options: options, files: files, rows: make([][]ruleCheck, len(files))}
		return k.run(ctx)
	})
}

// ruleFiles lists the files named, and those below folders whose names end as
// rule files do.
func ruleFiles(paths []string) (files []string, err error) {
	for _, root := range paths {
		if root == "-" {
			files = append(files, root)
			continue
		}
		err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			if path == root || d.Type().IsRegular() && isRuleFile(path) {
				files = append(files, path)
			}
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("list rule files: %w", err)
		}
	}
	if len(files) == 0 {
		return nil, usagef("no rule file (*.yar, *.yara) in %s", strings.Join(paths, ", "))
	}
	return files, nil
}

func isRuleFile(path string) bool {
	return slices.Contains([]string{".yar", ".yara"}, strings.ToLower(filepath.Ext(path)))
}

// A ruleChecker collects the rows of all files, in the order of the files.
type ruleChecker struct {
	g       *globals
	hunts   mews.MalQueryService
	options *mews.SearchOptions
	files   []string

	mu       sync.Mutex
	rows     [][]ruleCheck
	done     int
	warnings int
	broken   int // files
}

func (k *ruleChecker) run(ctx context.Context) error {
	line := k.g.newProgress("files")
	defer line.end()
	group, groupCtx := errgroup.WithContext(ctx)
	group.SetLimit(checksAtOnce)
	for no := range k.files {
		group.Go(func() error {
			if err := groupCtx.Err(); err != nil {
				return err
			}
			rows, warnings, err := k.check(groupCtx, k.files[no])
			if err != nil {
				return err
			}
			k.mu.Lock()
			defer k.mu.Unlock()
			k.rows[no] = rows
			k.warnings += warnings
			k.done++
			if slices.ContainsFunc(rows, func(r ruleCheck) bool { return r.Quality == qualityError }) {
				k.broken++
			}
			line.set(int64(k.done), int64(len(k.files)), "")
			return nil
		})
	}
	err := group.Wait()
	line.end()
	return errors.Join(err, k.report(err))
}

// check gives a file's rows. Its error is one that ends the whole command.
func (k *ruleChecker) check(ctx context.Context, file string) (rows []ruleCheck, warnings int, err error) {
	one := func(quality string, err error) []ruleCheck {
		return []ruleCheck{{File: file, Quality: quality, Why: strings.ReplaceAll(err.Error(), "\n", "; ")}}
	}
	source, err := k.g.readRule(file)
	switch {
	case errors.Is(err, errEmptyRule):
		return one(qualitySkipped, errEmptyRule), 0, nil
	case isUsage(err):
		return one(qualityError, err), 0, nil
	case err != nil:
		return nil, 0, err
	case onlyIncludes(source):
		return one(qualitySkipped, errors.New("only includes other files; check those")), 0, nil
	}
	e, err := k.hunts.Estimate(ctx, mews.HuntRequest{Options: k.options, YARARule: source})
	if refused, ok := errors.AsType[*mews.Error](err); ok && errors.Is(err, mews.ErrInvalid) {
		return one(qualityError, errors.New(refused.Message)), 0, nil
	}
	if err != nil {
		return nil, 0, err
	}
	for _, r := range e.Rules {
		row := ruleCheck{File: file, Rule: r.Name, Quality: r.Quality}
		if r.Why != nil && r.Quality != mews.PlanStrong {
			row.Line, row.Why = r.Why.Line, r.Why.Message
		}
		rows = append(rows, row)
	}
	if len(rows) == 0 {
		rows = one(qualitySkipped, errors.New("holds no rule"))
	}
	return rows, len(e.Warnings), nil
}

// report prints the rows of the files that were checked, and the totals.
func (k *ruleChecker) report(failed error) error {
	env := &mews.Envelope[ruleCheck]{}
	by := map[string]int{}
	rules := 0
	for _, rows := range k.rows {
		env.Resources = append(env.Resources, rows...)
		for _, r := range rows {
			by[r.Quality]++
			if r.Rule != "" {
				rules++
			}
		}
	}
	if err := k.g.write(viewOf(env, "file", "rule", "quality", "line", "why")); err != nil {
		return err
	}
	k.g.note("%d of %d files checked: %d compile, %d do not, %d without rules", k.done, len(k.files),
		k.done-k.broken-by[qualitySkipped], k.broken, by[qualitySkipped])
	k.g.note("%d rules: %d strong, %d weak, %d by metadata only, %d read every file; %s", rules,
		by[mews.PlanStrong], by[mews.PlanWeak], by[mews.PlanMetadata], by[mews.PlanNone], count(k.warnings, "warning", "warnings"))
	if failed == nil && k.broken > 0 {
		return codedError{fmt.Errorf("%d of %d files do not compile", k.broken, len(k.files)), exitUsage}
	}
	return nil
}

// onlyIncludes tells that a text names other rule files and nothing else. The
// server takes no includes; the files themselves are checked one by one.
func onlyIncludes(source string) bool {
	found := false
	for line := range strings.Lines(withoutComments(source)) {
		line = strings.TrimSpace(line)
		if line != "" && !strings.HasPrefix(line, "include ") && !strings.HasPrefix(line, "include\"") {
			return false
		}
		found = found || line != ""
	}
	return found
}

// withoutComments drops comments from a text that holds nothing but includes; it
// does not know strings, which no such text has beside names of files.
func withoutComments(source string) string {
	var b strings.Builder
	for {
		at := strings.IndexByte(source, '/')
		if at < 0 || at+1 == len(source) {
			return b.String() + source
		}
		end, skip := "", 0
		switch source[at+1] {
		case '/':
			end = "\n"
		case '*':
			end, skip = "*/", 2
		default:
			b.WriteString(source[:at+1])
			source = source[at+1:]
			continue
		}
		b.WriteString(source[:at])
		stop := strings.Index(source[at+2:], end)
		if stop < 0 {
			return b.String()
		}
		source = source[at+2+stop+skip:]
	}
}
