//go:build e2e

package e2e

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/demo/corpus"
	"github.com/mewshq/mews/test/harness"
)

var loadBytes = flag.Int64("load-bytes", 1<<30, "bytes imported under load")

const (
	memoryLimit = 512 << 20
	planted     = "PLAINTEXT-MARKER-THAT-MUST-NOT-REACH-A-DISK"
)

// TestLoad imports a gigabyte while hunts run, and looks at the server from
// outside: its memory stays bounded, and no plaintext reaches a disk, neither
// the data folder nor the folder for temporary files.
func TestLoad(t *testing.T) {
	work := t.TempDir()
	temp := filepath.Join(work, "tmp")
	input := filepath.Join(work, "input")
	for _, dir := range []string{temp, input} {
		if err := os.Mkdir(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	writeInput(t, input, *loadBytes)
	t.Setenv("TMPDIR", temp) // inherited by the server
	data := filepath.Join(work, "data")
	s, err := harness.Start(t.Context(), harness.Options{Data: data, Args: unlimited})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Kill()

	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	hunts := 0
	wg.Go(func() { hunts = huntUntil(ctx, t, s) })
	if out, err := s.Command(t.Context(), "sample", "add", input).CombinedOutput(); err != nil {
		t.Errorf("import: %v\n%s", err, out)
	}
	cancel()
	wg.Wait()

	use, err := s.Usage()
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("imported %d bytes with %d hunts beside; peak memory %d MB, %.1f CPU seconds", *loadBytes, hunts, use.PeakRSS>>20, use.CPU.Seconds())
	if use.PeakRSS > memoryLimit {
		t.Errorf("the server used %d MB, more than %d MB", use.PeakRSS>>20, memoryLimit>>20)
	}
	if hunts == 0 {
		t.Error("no hunt ended while files were imported")
	}
	if err := s.Stop(); err != nil {
		t.Error(err)
	}
	for _, dir := range []string{data, temp} {
		found, err := harness.Grep(dir, []byte(planted))
		if err != nil || len(found) > 0 {
			t.Errorf("plaintext in %v (%v)", found, err)
		}
	}
}

// writeInput makes files of every kind, some of them large; every tenth holds
// the marker, at its start, where a header would be kept.
func writeInput(t *testing.T, dir string, total int64) {
	t.Helper()
	g := corpus.New(7)
	for i, n := 0, int64(0); n < total; i++ {
		body := g.Next(8 << 20).Bytes
		if i%10 == 0 {
			body = append([]byte(planted), body...)
		}
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprint(i)), body, 0o600); err != nil {
			t.Fatal(err)
		}
		n += int64(len(body))
	}
}

const loadRule = `rule marker { strings: $a = "` + planted + `" $b = { 4d 5a 90 00 ?? 00 00 00 } condition: $a or ($b and filesize < 1MB and #b > 3) }`

// huntUntil hunts again and again, and gives the number of hunts that ended.
func huntUntil(ctx context.Context, t *testing.T, s *harness.Server) (n int) {
	c := client(t, s)
	defer c.Close()
	for ctx.Err() == nil {
		meta, err := c.MalQuery().Hunt(ctx, mews.HuntRequest{YARARule: loadRule})
		if err == nil {
			_, err = c.MalQuery().Wait(ctx, meta.ReqID, nil)
		}
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("hunt: %v", err)
			return n
		}
		n++
	}
	return n
}
