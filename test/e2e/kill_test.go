//go:build e2e

// Package e2e drives the real binaries: kills, power on the file system, and
// scripts with an attacker among the actors.
package e2e

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"flag"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/harness"
)

var (
	kills = flag.Int("kills", 50, "how often the server is killed")
	seed  = flag.Uint64("seed", 0, "seed of the run; 0 draws one")
)

// unlimited lifts the limits that a stress test would only measure.
var unlimited = []string{"--limits-requests-per-minute", "100000000", "--quota-hunts", "100000000", "--quota-downloads", "100000000"}

// A ledger is what clients know: bytes acknowledged, deletes acknowledged.
// A delete that got no answer may or may not have happened.
type ledger struct {
	mu     sync.Mutex
	stored map[string][]byte // sha256 -> bytes, acknowledged
	gone   map[string]bool   // acknowledged deletes
	unsure map[string]bool   // deletes without an answer
}

// TestKillNine kills the server at random moments of uploads, deletes and
// indexing. After each restart every acknowledged upload is there, byte for
// byte, and is found by a search; every acknowledged delete stays.
func TestKillNine(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	t.Logf("seed=%d kills=%d", *seed, *kills)
	rng := rand.New(rand.NewPCG(*seed, 1))
	data := filepath.Join(t.TempDir(), "data")
	l := &ledger{stored: map[string][]byte{}, gone: map[string]bool{}, unsure: map[string]bool{}}
	opts := harness.Options{Data: data, Args: unlimited}
	var slowest time.Duration
	for round := range *kills {
		began := time.Now()
		s, err := harness.Start(t.Context(), opts)
		if err != nil {
			t.Fatalf("round %d: %v", round, err)
		}
		if took := time.Since(began); round > 0 {
			slowest = max(slowest, took)
		}
		opts.ClientID, opts.ClientSecret = s.ClientID, s.ClientSecret
		l.checkSome(t, s, rng, 12)
		work(t, s, l, rng, time.Duration(20+rng.IntN(300))*time.Millisecond)
	}
	s, err := harness.Start(t.Context(), opts)
	if err != nil {
		t.Fatal(err)
	}
	l.checkSome(t, s, rng, len(l.stored))
	if err := s.Stop(); err != nil {
		t.Errorf("shutdown: %v", err)
	}
	t.Logf("%d kills, %d acknowledged uploads, %d acknowledged deletes, 0 losses, slowest restart %v",
		*kills, len(l.stored), len(l.gone), slowest.Round(time.Millisecond))
	if len(l.stored) < *kills {
		t.Errorf("only %d uploads were acknowledged in %d rounds: the test did not load the server", len(l.stored), *kills)
	}
}

// work runs 8 writers until the server is killed.
func work(t *testing.T, s *harness.Server, l *ledger, rng *rand.Rand, life time.Duration) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	c := client(t, s)
	// Log in first, or the server would spend its short life on that.
	if _, err := c.MalQuery().Quotas(ctx); err != nil {
		t.Fatalf("log in: %v", err)
	}
	var wg sync.WaitGroup
	for range 8 {
		own := rand.New(rand.NewPCG(rng.Uint64(), rng.Uint64()))
		wg.Go(func() {
			for ctx.Err() == nil && l.step(ctx, c, own) == nil {
			}
		})
	}
	time.Sleep(life)
	s.Kill()
	cancel()
	wg.Wait()
}

func client(t *testing.T, s *harness.Server) *mews.Client {
	t.Helper()
	c, err := s.Client(mews.WithRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// step uploads one sample, or now and then deletes one.
func (l *ledger) step(ctx context.Context, c *mews.Client, rng *rand.Rand) error {
	if rng.IntN(10) == 0 {
		if sha := l.pick(rng); sha != "" {
			return l.remove(ctx, c, sha)
		}
	}
	body := sample(rng)
	sum := sha256.Sum256(body)
	sha := hex.EncodeToString(sum[:])
	got, err := c.Samples().Upload(ctx, bytes.NewReader(body), mews.UploadOptions{FileName: "e2e"})
	if err != nil {
		return err
	}
	if got.SHA256 != sha {
		return fmt.Errorf("uploaded %s, the server says %s", sha, got.SHA256)
	}
	l.mu.Lock()
	l.stored[sha] = body
	l.mu.Unlock()
	return nil
}

func (l *ledger) remove(ctx context.Context, c *mews.Client, sha string) error {
	l.mu.Lock()
	l.unsure[sha] = true
	l.mu.Unlock()
	err := c.Samples().Delete(ctx, sha)
	if err == nil || errors.Is(err, mews.ErrNotFound) {
		l.mu.Lock()
		l.gone[sha] = true
		l.mu.Unlock()
	}
	return err
}

func (l *ledger) pick(rng *rand.Rand) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	all := slices.Sorted(maps.Keys(l.stored))
	if len(all) == 0 {
		return ""
	}
	return all[rng.IntN(len(all))]
}

// sample makes unique benign bytes: a marker of 12 printable letters that no
// other sample holds, amid noise.
func sample(rng *rand.Rand) []byte {
	body := make([]byte, 64+rng.IntN(1<<uint(8+rng.IntN(9))))
	for i := 0; i+8 <= len(body); i += 8 {
		binary.LittleEndian.PutUint64(body[i:], rng.Uint64())
	}
	copy(body[len(body)/2:], fmt.Sprintf("%012x", rng.Uint64()>>16))
	return body
}

func marker(body []byte) string { return string(body[len(body)/2 : len(body)/2+12]) }

// checkSome compares up to n entries of the ledger with the server.
func (l *ledger) checkSome(t *testing.T, s *harness.Server, rng *rand.Rand, n int) {
	t.Helper()
	c := client(t, s)
	defer c.Close()
	all := slices.Sorted(maps.Keys(l.stored))
	rng.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	for i, sha := range all[:min(n, len(all))] {
		l.check(t, c, sha, i%8 == 0)
	}
}

// check compares one entry; search asks the index for it too.
func (l *ledger) check(t *testing.T, c *mews.Client, sha string, search bool) {
	t.Helper()
	d, err := c.Samples().Get(t.Context(), sha)
	switch {
	case l.gone[sha]:
		if !errors.Is(err, mews.ErrNotFound) {
			t.Errorf("sample %s was deleted, and the server says %v", sha, err)
		}
		return
	case l.unsure[sha] && errors.Is(err, mews.ErrNotFound):
		l.gone[sha] = true // settled: it must stay so
		return
	case err != nil:
		t.Errorf("acknowledged sample %s: %v", sha, err)
		return
	}
	got, err := io.ReadAll(d)
	_ = d.Close()
	if err != nil || !bytes.Equal(got, l.stored[sha]) {
		t.Errorf("acknowledged sample %s: %d bytes read, %d stored, %v", sha, len(got), len(l.stored[sha]), err)
	}
	delete(l.unsure, sha)
	if search {
		l.find(t, c, sha)
	}
}

func (l *ledger) find(t *testing.T, c *mews.Client, sha string) {
	t.Helper()
	m, err := c.MalQuery().ExactSearch(t.Context(), mews.SearchRequest{
		Patterns: []mews.Pattern{{Type: "ascii", Value: marker(l.stored[sha])}},
	})
	if err != nil {
		t.Errorf("search: %v", err)
		return
	}
	env, err := c.MalQuery().Wait(t.Context(), m.ReqID, nil)
	if err != nil {
		t.Errorf("search: %v", err)
		return
	}
	if !slices.ContainsFunc(env.Resources, func(r mews.RequestResult) bool { return r.SHA256 == sha }) {
		t.Errorf("acknowledged sample %s is not found by its own bytes", sha)
	}
}
