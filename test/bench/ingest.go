package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/mewshq/mews/test/harness"
)

// serverArgs lift the quotas, which are not what is measured.
var serverArgs = []string{
	"--limits-requests-per-minute", "100000000", "--quota-hunts", "100000000", "--quota-downloads", "100000000", "--log-level", "warn",
}

// startFresh starts a server on an empty data folder.
func startFresh(ctx context.Context, s settings, name string) (*harness.Server, error) {
	data := filepath.Join(s.cache, "data-"+name)
	if err := errors.Join(os.RemoveAll(data), os.RemoveAll(data+".key")); err != nil {
		return nil, err
	}
	return harness.Start(ctx, harness.Options{Data: data, Args: serverArgs})
}

// startAgain starts a server on the folder of one that ended.
func startAgain(ctx context.Context, old *harness.Server) (*harness.Server, error) {
	return harness.Start(ctx, harness.Options{
		Data: old.Data, Args: serverArgs, ClientID: old.ClientID, ClientSecret: old.ClientSecret,
	})
}

// An ingestFigure is what an import cost, until every file was in a segment
// and merges rested.
type ingestFigure struct {
	cpu      time.Duration // of the server
	index    int64         // bytes, at rest
	peak     int64         // bytes of the segments folder
	rss      int64         // peak while files came in
	restRSS  int64         // peak after the last file, while segments were written and merged
	segments int
}

// ingest uploads the corpus by the command line, as a user would.
func ingest(ctx context.Context, srv *harness.Server, c *corpus) (f ingestFigure, err error) {
	before, err := srv.Usage()
	if err != nil {
		return f, err
	}
	folder := filepath.Join(srv.Data, "segments")
	watch, done := context.WithCancel(ctx)
	peak := make(chan int64, 1)
	go func() { peak <- watchSize(watch, folder) }()
	cmd := srv.Command(ctx, "sample", "add", "--label", "clean", c.dir)
	cmd.Stderr = os.Stderr
	err = cmd.Run()
	uploaded, usageErr := srv.Usage()
	err = errors.Join(err, usageErr, srv.ResetPeak())
	if err == nil {
		err = srv.AwaitIndexed(ctx)
	}
	done()
	f.peak = <-peak
	if err != nil {
		return f, fmt.Errorf("ingest: %w", err)
	}
	after, err := srv.Usage()
	if err != nil {
		return f, err
	}
	status, err := srv.IndexStatus(ctx)
	f.cpu, f.rss, f.restRSS, f.segments = after.CPU-before.CPU, uploaded.PeakRSS, after.PeakRSS, status.Segments
	f.index = harness.FolderSize(folder)
	return f, err
}

// watchSize samples a folder's size until the context ends and gives the peak.
func watchSize(ctx context.Context, dir string) int64 {
	peak := int64(0)
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		peak = max(peak, harness.FolderSize(dir))
		select {
		case <-ctx.Done():
			return peak
		case <-tick.C:
		}
	}
}
