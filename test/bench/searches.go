package main

import (
	"context"
	"fmt"
	"os"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/figures"
	"github.com/mewshq/mews/test/harness"
)

const (
	maxResults     = 10_000
	selectiveFiles = 100
)

// A tester asks a server about one corpus and compares answers with the truth.
type tester struct {
	corpus *corpus
	srv    *harness.Server
	client *mews.Client
	pairs  int // (query, file) pairs compared
	missed int
	extra  int // files that should not be in an answer
}

// An answer is what one search or hunt gave.
type answer struct {
	sha256 []string
	ms     float64 // the job's run time, or a fuzzy search's round trip
	bytes  int64   // decompressed, to confirm and to scan
	engine int64   // of them scanned by the rule engine
}

// fuzzy asks at once. Its answer may hold too much.
func (t *tester) fuzzy(ctx context.Context, req mews.SearchRequest) (answer, error) {
	began := time.Now()
	env, err := t.client.MalQuery().FuzzySearch(ctx, req)
	if err != nil {
		return answer{}, err
	}
	a := answer{ms: figures.MS(time.Since(began))}
	for _, r := range env.Resources {
		a.sha256 = append(a.sha256, r.SHA256)
	}
	return a, nil
}

func (t *tester) exact(ctx context.Context, req mews.SearchRequest) (answer, error) {
	meta, err := t.client.MalQuery().ExactSearch(ctx, req)
	if err != nil {
		return answer{}, err
	}
	return t.await(ctx, meta.ReqID)
}

func (t *tester) hunt(ctx context.Context, source string) (answer, error) {
	meta, err := t.client.MalQuery().Hunt(ctx, mews.HuntRequest{YARARule: source, Options: &mews.SearchOptions{Limit: maxResults}})
	if err != nil {
		return answer{}, err
	}
	return t.await(ctx, meta.ReqID)
}

// await polls more often than a client would: the bench's own time is short.
func (t *tester) await(ctx context.Context, id string) (answer, error) {
	for pause := 2 * time.Millisecond; ; pause = min(2*pause, 100*time.Millisecond) {
		env, err := t.client.MalQuery().Request(ctx, id)
		if err != nil {
			return answer{}, err
		}
		switch env.Meta.Status {
		case mews.StatusFailed:
			return answer{}, fmt.Errorf("request %s failed: %v", id, env.Errors)
		case mews.StatusDone:
			a := answer{ms: env.Meta.QueryTime}
			if p := env.Meta.Progress; p != nil {
				a.bytes = p.Bytes
			}
			if h := env.Meta.Hunt; h != nil {
				a.engine = h.BytesScanned
				if h.Error+h.Uncertain+h.Skipped > 0 && h.Match < maxResults {
					return a, fmt.Errorf("request %s left files undecided: %+v", id, *h)
				}
			}
			for _, r := range env.Resources {
				a.sha256 = append(a.sha256, r.SHA256)
			}
			return a, nil
		}
		select {
		case <-ctx.Done():
			return answer{}, ctx.Err()
		case <-time.After(pause):
		}
	}
}

// compare holds an answer against the truth. An answer that is full may be short
// of files, and a fuzzy one may hold too many.
func (t *tester) compare(what string, a answer, truth []string, fuzzy bool) {
	found, want := setOf(a.sha256), setOf(truth)
	if len(found) >= maxResults {
		return
	}
	t.pairs += len(want)
	t.missed += without(want, found, "MISSED by "+what)
	if !fuzzy {
		t.extra += without(found, want, "WRONG in "+what)
	}
}

// without counts the files of one set that the other lacks, and names the first.
func without(set, other map[string]bool, what string) (n int) {
	for sha := range set {
		if other[sha] {
			continue
		}
		if n == 0 {
			fmt.Fprintf(os.Stderr, "%s: %s\n", what, sha)
		}
		n++
	}
	return n
}

func setOf(words []string) map[string]bool {
	set := make(map[string]bool, len(words))
	for _, w := range words {
		set[w] = true
	}
	return set
}

func (t *tester) names(files []int32) (sha []string) {
	for _, no := range files {
		sha = append(sha, t.corpus.sha256[no])
	}
	return sha
}

// A timing is what one kind of search took, over many queries.
type timing struct {
	all       []float64 // ms
	selective []float64 // of queries true in at most selectiveFiles files
	cpu       time.Duration
}

func (t *timing) add(took float64, files int) {
	t.all = append(t.all, took)
	if files <= selectiveFiles {
		t.selective = append(t.selective, took)
	}
}

// spend counts the server's CPU time of a piece of work.
func spend(srv *harness.Server, total *time.Duration, work func() error) error {
	before, err := srv.Usage()
	if err != nil {
		return err
	}
	if err := work(); err != nil {
		return err
	}
	after, err := srv.Usage()
	*total += after.CPU - before.CPU
	return err
}

// A literalFigures are the searches for single literals.
type literalFigures struct {
	fuzzy, exact timing
	absent       map[int][]float64 // length -> shares of the corpus read
}

// literals asks for every probe, by both kinds of search.
func (t *tester) literals(ctx context.Context, probes []*probe) (f literalFigures, err error) {
	f.absent = map[int][]float64{}
	request := func(p *probe) mews.SearchRequest {
		return (&pattern{parts: []*probe{p}, least: 1}).search()
	}
	err = spend(t.srv, &f.fuzzy.cpu, func() error {
		for _, p := range probes {
			a, err := t.fuzzy(ctx, request(p))
			if err != nil {
				return fmt.Errorf("fuzzy search for %x: %w", p.bytes, err)
			}
			f.fuzzy.add(a.ms, len(p.in))
			t.compare(fmt.Sprintf("fuzzy search for %x", p.bytes), a, t.names(p.in), true)
		}
		return nil
	})
	if err != nil {
		return f, err
	}
	return f, spend(t.srv, &f.exact.cpu, func() error {
		for _, p := range probes {
			a, err := t.exact(ctx, request(p))
			if err != nil {
				return fmt.Errorf("exact search for %x: %w", p.bytes, err)
			}
			f.exact.add(a.ms, len(p.in))
			t.compare(fmt.Sprintf("exact search for %x", p.bytes), a, t.names(p.in), false)
			if p.class == "absent" && len(p.in) == 0 {
				n := len(p.bytes)
				f.absent[n] = append(f.absent[n], figures.Share(a.bytes, t.corpus.bytes))
			}
		}
		return nil
	})
}

// A patternFigure is one pattern of the set.
type patternFigure struct {
	Class  string  `json:"class"`
	Text   string  `json:"text"`
	Files  int     `json:"files"`        // that it is true for
	Bytes  int64   `json:"bytes"`        // decompressed
	Engine int64   `json:"engine_bytes"` // of them by the rule engine
	MS     float64 `json:"ms"`
	CPU    float64 `json:"cpu_ms"` // of the server
	Plain  float64 `json:"plain_cpu_ms"`
}

// patterns asks for the whole set: exact searches where they can say it, rules
// where not.
func (t *tester) patterns(ctx context.Context, set []*pattern) (all []patternFigure, err error) {
	for _, p := range set {
		truth := p.truth()
		f := patternFigure{Class: p.class, Files: len(truth), Text: p.parts[0].hex()}
		var a answer
		var cpu time.Duration
		err := spend(t.srv, &cpu, func() (err error) {
			if p.exact() {
				a, err = t.exact(ctx, p.search())
			} else {
				a, err = t.hunt(ctx, p.rule())
			}
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("pattern of class %s: %w", p.class, err)
		}
		t.compare(fmt.Sprintf("pattern %s %s", p.class, p.parts[0].hex()), a, t.names(truth), false)
		f.Bytes, f.Engine, f.MS, f.CPU = a.bytes, a.engine, a.ms, figures.MS(cpu)
		all = append(all, f)
	}
	return all, nil
}
