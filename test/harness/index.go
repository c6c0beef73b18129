package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"time"

	"github.com/mewshq/mews"
)

// IndexStatus asks the command line how the index stands.
func (s *Server) IndexStatus(ctx context.Context) (mews.IndexStatus, error) {
	cmd := s.Command(ctx, "index", "status", "--data", s.Data, "-o", "json")
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		return mews.IndexStatus{}, fmt.Errorf("index status: %w", err)
	}
	var env mews.Envelope[mews.IndexStatus]
	if err := json.Unmarshal(out, &env); err != nil || len(env.Resources) != 1 {
		return mews.IndexStatus{}, fmt.Errorf("index status: %w in %q", err, out)
	}
	return env.Resources[0], nil
}

// AwaitIndexed waits until every file is in a segment and merges have come to
// rest: they go on for a moment after the last file, so two equal readings in a
// row count.
func (s *Server) AwaitIndexed(ctx context.Context) error {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	var last mews.IndexStatus
	for {
		now, err := s.IndexStatus(ctx)
		if err != nil {
			return err
		}
		if now.TailFiles == 0 && now.IndexBytes == last.IndexBytes && now.Segments == last.Segments {
			return nil
		}
		last = now
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
}
