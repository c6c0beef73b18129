package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/harness"
)

// A sent is what sending batches took.
type sent struct {
	events  int
	matches int
	wall    time.Duration // until the last call was answered
	cpu     time.Duration // of the server, until merges rest
	rest    time.Duration // wall, from there until merges rest
}

func (s *sent) add(other sent) {
	s.events += other.events
	s.matches += other.matches
	s.wall += other.wall
	s.cpu += other.cpu
	s.rest += other.rest
}

// perEvent is the server's CPU time, in microseconds.
func (s *sent) perEvent() float64 { return s.cpu.Seconds() * 1e6 / float64(max(s.events, 1)) }

// perSecond is how many events a second of wall time took in.
func (s *sent) perSecond() float64 { return float64(s.events) / max(s.wall.Seconds(), 1e-9) }

// send has clients send batches, and waits until the server rests.
func send(ctx context.Context, srv *harness.Server, client *mews.Client, batches []batch, clients int) (s sent, err error) {
	before, err := srv.Usage()
	if err != nil {
		return s, err
	}
	began := time.Now()
	matches := make([]int, len(batches))
	group, gctx := errgroup.WithContext(ctx)
	group.SetLimit(clients)
	for i, b := range batches {
		s.events += b.lines
		group.Go(func() (err error) {
			matches[i], err = sendOne(gctx, client, b)
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return s, err
	}
	s.wall = time.Since(began)
	for _, n := range matches {
		s.matches += n
	}
	if err := awaitRest(ctx, srv); err != nil {
		return s, err
	}
	after, err := srv.Usage()
	s.rest, s.cpu = time.Since(began)-s.wall, after.CPU-before.CPU
	return s, err
}

// sendOne sends one batch, which must be taken in whole.
func sendOne(ctx context.Context, client *mews.Client, b batch) (matches int, err error) {
	file, err := os.Open(b.file)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	env, err := client.Telemetry().Ingest(ctx, file, mews.IngestOptions{Format: "fdr", Encoding: "zstd"})
	if err != nil {
		return 0, err
	}
	if n := env.Meta.Ingest; n.Lines != b.lines || n.Failed > 0 || n.Repeated {
		return 0, fmt.Errorf("a batch of %d lines was taken in as %+v: %v", b.lines, *n, env.Errors)
	}
	return env.Meta.Ingest.Matches, nil
}

// quiet is how long the server must do next to nothing until it rests.
const quiet = 2 * time.Second

// awaitRest waits until merges are done.
func awaitRest(ctx context.Context, srv *harness.Server) error {
	for {
		before, err := srv.Usage()
		if err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(quiet):
		}
		after, err := srv.Usage()
		if err != nil || after.CPU-before.CPU < quiet/20 {
			return err
		}
	}
}
