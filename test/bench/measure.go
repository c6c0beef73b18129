package main

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/harness"
)

// figures are what one corpus measured.
type figures struct {
	corpus         corpus
	ingestCPU      time.Duration
	indexBytes     int64
	peakIndexBytes int64
	peakIngestRSS  int64
	peakQueryRSS   int64
	absent         map[int][]float64 // literal length -> share of corpus bytes read
	fuzzy, exact   timing
	pairs          int
	falseNegatives int
	scanPerProbe   time.Duration
	hunts          []huntFigure
}

func measure(ctx context.Context, s settings, c corpus) (*figures, error) {
	m := &figures{corpus: c, absent: map[int][]float64{}}
	data := filepath.Join(s.cache, "data-"+c.name)
	if err := errors.Join(os.RemoveAll(data), os.RemoveAll(data+".key")); err != nil {
		return nil, err
	}
	opts := harness.Options{Data: data, Args: []string{
		"--limits-requests-per-minute", "100000000", "--quota-hunts", "100000000", "--quota-downloads", "100000000", "--log-level", "warn",
	}}
	srv, err := harness.Start(ctx, opts)
	if err != nil {
		return nil, err
	}
	if err := m.ingest(ctx, srv); err != nil {
		return nil, errors.Join(err, srv.Stop())
	}
	// Query memory is measured in a process that did not ingest.
	if err := srv.Stop(); err != nil {
		return nil, err
	}
	opts.ClientID, opts.ClientSecret = srv.ClientID, srv.ClientSecret
	if srv, err = harness.Start(ctx, opts); err != nil {
		return nil, err
	}
	err = m.query(ctx, s, srv)
	return m, errors.Join(err, srv.Stop())
}

// ingest uploads the corpus by the command line, as a user would, and waits
// until every file is in a segment.
func (m *figures) ingest(ctx context.Context, srv *harness.Server) error {
	before, err := srv.Usage()
	if err != nil {
		return err
	}
	watch, done := context.WithCancel(ctx)
	peak := make(chan int64, 1)
	go func() { peak <- watchSize(watch, filepath.Join(srv.Data, "segments")) }()
	cmd := srv.Command(ctx, "sample", "add", "--label", "clean", m.corpus.dir)
	cmd.Stderr = os.Stderr
	err = cmd.Run()
	if err == nil {
		err = srv.AwaitIndexed(ctx)
	}
	done()
	m.peakIndexBytes = <-peak
	if err != nil {
		return fmt.Errorf("ingest: %w", err)
	}
	after, err := srv.Usage()
	m.ingestCPU, m.peakIngestRSS = after.CPU-before.CPU, after.PeakRSS
	m.indexBytes = folderSize(filepath.Join(srv.Data, "segments"))
	return err
}

// watchSize samples a folder's size until the context ends and gives the peak.
func watchSize(ctx context.Context, dir string) int64 {
	peak := int64(0)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		peak = max(peak, folderSize(dir))
		select {
		case <-ctx.Done():
			return peak
		case <-tick.C:
		}
	}
}

// folderSize adds up file sizes; files that vanish meanwhile do not count.
func folderSize(dir string) (n int64) {
	_ = filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil
		}
		if info, err := d.Info(); err == nil {
			n += info.Size()
		}
		return nil
	})
	return n
}

func (m *figures) query(ctx context.Context, s settings, srv *harness.Server) error {
	probes, err := drawProbes(m.corpus, s.source(2), 10)
	if err != nil {
		return err
	}
	if m.scanPerProbe, err = askOracle(m.corpus, probes); err != nil {
		return err
	}
	client, err := srv.Client()
	if err != nil {
		return err
	}
	defer client.Close()
	err = m.fuzzy.run(srv, probes, func(p *probe) (time.Duration, error) { return m.fuzzySearch(ctx, client, p) })
	if err == nil {
		err = m.exact.run(srv, probes, func(p *probe) (time.Duration, error) { return m.exactSearch(ctx, client, p) })
	}
	if err != nil {
		return err
	}
	rules, err := drawRules(m.corpus, s.source(3))
	if err != nil {
		return err
	}
	for _, r := range rules {
		if err := m.hunt(ctx, srv, client, r); err != nil {
			return fmt.Errorf("hunt %q: %w", r.name, err)
		}
	}
	use, err := srv.Usage()
	m.peakQueryRSS = use.PeakRSS
	return err
}

const maxResults = 10_000

// A timing is what one kind of search took, over all probes.
type timing struct {
	all       []time.Duration
	selective []time.Duration // of probes in at most selectiveFiles files
	cpu       time.Duration   // of the server, in all
}

const selectiveFiles = 100

func (t *timing) run(srv *harness.Server, probes []*probe, search func(*probe) (time.Duration, error)) error {
	before, err := srv.Usage()
	if err != nil {
		return err
	}
	for _, p := range probes {
		took, err := search(p)
		if err != nil {
			return fmt.Errorf("search for %x: %w", p.bytes, err)
		}
		t.all = append(t.all, took)
		if len(p.inFile) <= selectiveFiles {
			t.selective = append(t.selective, took)
		}
	}
	after, err := srv.Usage()
	t.cpu = after.CPU - before.CPU
	return err
}

func (p *probe) request() mews.SearchRequest {
	return mews.SearchRequest{
		Options:  &mews.SearchOptions{Limit: maxResults, FilterMeta: mews.List{"sha256"}},
		Patterns: []mews.Pattern{{Type: "hex", Value: hex.EncodeToString(p.bytes)}},
	}
}

// fuzzySearch tells the time of the round trip.
func (m *figures) fuzzySearch(ctx context.Context, client *mews.Client, p *probe) (time.Duration, error) {
	began := time.Now()
	_, err := client.MalQuery().FuzzySearch(ctx, p.request())
	return time.Since(began), err
}

// exactSearch compares the answer with the truth. It tells the job's own run
// time: polling is the client's affair.
func (m *figures) exactSearch(ctx context.Context, client *mews.Client, p *probe) (time.Duration, error) {
	meta, err := client.MalQuery().ExactSearch(ctx, p.request())
	if err != nil {
		return 0, err
	}
	env, err := client.MalQuery().Wait(ctx, meta.ReqID, nil)
	if err != nil {
		return 0, err
	}
	if len(p.inFile) <= maxResults {
		m.compare(env, p)
	}
	if p.class == "absent" && len(p.inFile) == 0 && env.Meta.Progress != nil {
		share := float64(env.Meta.Progress.Bytes) / float64(m.corpus.bytes)
		m.absent[len(p.bytes)] = append(m.absent[len(p.bytes)], share)
	}
	return time.Duration(env.Meta.QueryTime) * time.Millisecond, nil
}

func (m *figures) compare(env *mews.Envelope[mews.RequestResult], p *probe) {
	found := map[string]bool{}
	for _, r := range env.Resources {
		found[r.SHA256] = true
	}
	for sha := range p.inFile {
		m.pairs++
		if !found[sha] {
			m.falseNegatives++
			fmt.Fprintf(os.Stderr, "MISSED %x in %s\n", p.bytes, sha)
		}
	}
}

func percentile(d []time.Duration, p float64) time.Duration {
	if len(d) == 0 {
		return 0
	}
	d = slices.Sorted(slices.Values(d))
	return d[min(len(d)-1, int(float64(len(d))*p))]
}
