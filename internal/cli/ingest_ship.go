package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/shipping"
)

// ingestSummary is what an ingest prints.
type ingestSummary struct {
	Lines     int64 `json:"lines"`     // that were not empty
	Events    int64 `json:"events"`    // that count now
	Ignored   int64 `json:"ignored"`   // that carry nothing to see
	Failed    int64 `json:"failed"`    // lines and files that are wrong
	Repeated  int64 `json:"repeated"`  // lines that the server had counted before
	Sightings int64 `json:"sightings"` // observables in the events
	Matches   int64 `json:"matches"`   // sightings of custom IOCs
	Bytes     int64 `json:"bytes"`     // of the lines
}

// A shipper hands chunks to the server and tells what became of them.
type shipper struct {
	g       *globals
	to      mews.TelemetryService
	o       *ingestOptions
	encoder *zstd.Encoder // its EncodeAll may be used by many
	bar     *progress
	found   atomic.Int64
	read    atomic.Int64

	mu       sync.Mutex
	sum      ingestSummary
	failures []failure
	down     bool // the server is away, and the user knows
}

func newShipper(g *globals, to mews.TelemetryService, o *ingestOptions) (*shipper, error) {
	encoder, err := zstd.NewWriter(nil, zstd.WithEncoderLevel(zstd.SpeedFastest))
	if err != nil {
		return nil, err
	}
	s := &shipper{g: g, to: to, o: o, encoder: encoder, bar: &progress{}}
	if !o.follow {
		s.bar = g.newProgress("")
	}
	return s, nil
}

func (s *shipper) options(ctx context.Context, paths []string) shipping.Options {
	return shipping.Options{
		Paths: paths, Follow: s.o.follow, Match: s.o.match, Send: s.send, Parallel: s.o.parallel,
		ChunkBytes: chunkBytes, ChunkLines: chunkLines, MaxLine: mews.MaxIngestLine, Now: time.Now, Poll: followPoll,
		Found: func(n int64) { s.found.Add(n); s.show() },
		Read:  func(n int64) { s.read.Add(n); s.show() },
		Wrong: func(path string, err error) { s.fail(path, err) },
		Left: func(path string, line int) {
			s.fail(fmt.Sprintf("%s:%d", path, line), errors.New("the last line is not whole yet; it is left for the next time"))
		},
	}
}

// send hands one chunk over. A follower does not give up: what is down comes
// back.
func (s *shipper) send(ctx context.Context, c *shipping.Chunk) error {
	packed := s.encoder.EncodeAll(c.Data, make([]byte, 0, len(c.Data)/4))
	o := mews.IngestOptions{Format: s.o.format, Encoding: "zstd", Key: c.Key + "-" + s.o.format}
	for pause := time.Second; ; pause = min(2*pause, 30*time.Second) {
		env, err := s.to.Ingest(ctx, bytes.NewReader(packed), o)
		if err == nil {
			s.took(c, env)
			return nil
		}
		if !s.o.follow || !passes(err) || ctx.Err() != nil {
			return fmt.Errorf("%s, lines from %d on: %w", c.Path, c.Line, err)
		}
		s.away(err)
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(pause):
		}
	}
}

// passes tells an error that time alone may heal.
func passes(err error) bool {
	return errors.Is(err, mews.ErrUnavailable) || errors.Is(err, mews.ErrLimited) || errors.Is(err, context.DeadlineExceeded)
}

// away tells once that the server does not answer.
func (s *shipper) away(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.down {
		s.g.note("mews: %v; trying again until it works", err)
	}
	s.down = true
}

// took counts a chunk that the server has taken in.
func (s *shipper) took(c *shipping.Chunk, env *mews.Envelope[struct{}]) {
	for _, e := range env.Errors {
		line, _ := strconv.Atoi(e.ID)
		s.tell(failure{fmt.Sprintf("%s:%d", c.Path, c.Line+line-1), errors.New(e.Message)})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		s.g.note("mews: the server is back")
		s.down = false
	}
	n := env.Meta.Ingest
	s.sum.Lines += int64(n.Lines)
	s.sum.Bytes += int64(len(c.Data))
	s.sum.Failed += int64(n.Failed)
	if n.Repeated {
		s.sum.Repeated += int64(n.Lines - n.Failed)
		return
	}
	s.sum.Events += int64(n.Events)
	s.sum.Ignored += int64(n.Ignored)
	s.sum.Sightings += int64(n.Sightings)
	s.sum.Matches += int64(n.Matches)
}

// fail counts a file that is wrong, or a line here.
func (s *shipper) fail(where string, err error) {
	s.tell(failure{where, err})
	s.mu.Lock()
	defer s.mu.Unlock()
	s.sum.Failed++
}

// tell shows a failure: at once to who follows, else at the end.
func (s *shipper) tell(f failure) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.o.follow {
		s.g.note("mews: %s: %v", f.path, f.err)
	} else if len(s.failures) < maxFailures {
		s.failures = append(s.failures, f)
	}
}

func (s *shipper) show() {
	s.mu.Lock()
	note := fmt.Sprintf("%d lines, %d failed", s.sum.Lines, s.sum.Failed)
	s.mu.Unlock()
	s.bar.set(s.read.Load(), s.found.Load(), note)
}

// end prints what was done. An interrupt is how following ends, and what was
// wrong was told then.
func (s *shipper) end(ctx context.Context, err error) error {
	s.bar.end()
	v := viewOf(&mews.Envelope[ingestSummary]{Resources: []ingestSummary{s.sum}},
		"lines", "events", "ignored", "failed", "repeated", "sightings", "matches", "bytes")
	if s.o.follow && ctx.Err() != nil {
		return s.g.write(v)
	}
	s.g.tellFailures(s.sum.Failed, s.failures)
	return s.g.endImport(ctx, v, s.sum.Events+s.sum.Ignored+s.sum.Repeated, s.sum.Failed, err)
}
