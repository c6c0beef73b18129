package harness

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
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

// restful is how long nothing must change until merges have come to rest.
const restful = 3 * time.Second

// AwaitIndexed waits until every file is in a segment and merges have come to
// rest: neither the index nor the files below its folder change any more.
func (s *Server) AwaitIndexed(ctx context.Context) error {
	const pause = 200 * time.Millisecond
	tick := time.NewTicker(pause)
	defer tick.Stop()
	var last mews.IndexStatus
	var size int64
	for still := time.Duration(0); still < restful; {
		now, err := s.IndexStatus(ctx)
		if err != nil {
			return err
		}
		bytes := FolderSize(filepath.Join(s.Data, "segments"))
		if now.TailFiles == 0 && now.IndexBytes == last.IndexBytes && now.Segments == last.Segments && bytes == size {
			still += pause
		} else {
			still = 0
		}
		last, size = now, bytes
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-tick.C:
		}
	}
	return nil
}

// FolderSize adds up the sizes of the files below a folder; files that vanish
// meanwhile do not count.
func FolderSize(dir string) (n int64) {
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
