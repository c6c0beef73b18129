package server

import (
	"context"
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"testing"
	"time"

	"github.com/mewshq/mews"
)

// TestStartServesAndCloses: a server in the process of its user answers when
// Start returns, keeps its folder to itself, and gives it back when it is closed.
func TestStartServesAndCloses(t *testing.T) {
	limit := debug.SetMemoryLimit(-1)
	cfg := testConfig(t)
	s := mustStart(t, t.Context(), cfg)
	first := s.Ready()
	if first.BaseURL == "" || first.ClientID == "" || first.ClientSecret == "" {
		t.Fatalf("a first run tells address and credentials, got %+v", first)
	}
	client, err := mews.NewClient(first.BaseURL, mews.WithCredentials(first.ClientID, first.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := client.MalQuery().Quotas(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(t.Context(), cfg, io.Discard); !errors.Is(err, ErrInUse) {
		t.Fatalf("a second server on the folder: %v, want %v", err, ErrInUse)
	}
	for range 2 {
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Wait(); err != nil {
		t.Fatal(err)
	}
	if _, err := http.Get(first.BaseURL + "/healthz"); err == nil {
		t.Fatal("a closed server answers")
	}
	if now := debug.SetMemoryLimit(-1); now != limit {
		t.Fatalf("Start changed the process: memory limit %d, was %d", now, limit)
	}

	ctx, cancel := context.WithCancel(t.Context())
	again := mustStart(t, ctx, cfg)
	if r := again.Ready(); r.ClientID != "" || r.ClientSecret != "" {
		t.Fatalf("the secret is told once, got %+v", r)
	}
	cancel()
	if err := again.Wait(); err != nil {
		t.Fatalf("the end of the context is no failure: %v", err)
	}
}

// TestStartRefuses: what cannot be served is told before anything is made.
func TestStartRefuses(t *testing.T) {
	cfg := testConfig(t)
	cfg.Listen = "0.0.0.0:0" // plain HTTP for everybody
	if _, err := Start(t.Context(), cfg, io.Discard); err == nil {
		t.Fatal("plain HTTP was served on every address")
	}
	if _, err := os.Stat(cfg.Data); !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("a refused start left a data folder: %v", err)
	}
	cfg = testConfig(t)
	occupied := mustStart(t, t.Context(), testConfig(t))
	cfg.Listen = occupied.Ready().BaseURL[len("http://"):]
	if _, err := Start(t.Context(), cfg, io.Discard); err == nil {
		t.Fatal("two servers listen on one address")
	}
	cfg.Listen = "127.0.0.1:0"
	mustStart(t, t.Context(), cfg) // the failure gave the folder back
}

// TestCloseEndsEverything: a process that starts servers one after the other does
// not fill up with what they left running.
func TestCloseEndsEverything(t *testing.T) {
	before := runtime.NumGoroutine()
	for range 2 {
		cfg := testConfig(t)
		cfg.Seed = seedDemo
		s, err := Start(t.Context(), cfg, io.Discard)
		if err != nil {
			t.Fatal(err)
		}
		if err := s.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	// The runtime takes a moment to let go of what has returned.
	for end := time.Now().Add(30 * time.Second); runtime.NumGoroutine() > before; time.Sleep(10 * time.Millisecond) {
		if time.Now().After(end) {
			stacks := make([]byte, 1<<20)
			t.Fatalf("%d goroutines before, %d after:\n%s", before, runtime.NumGoroutine(), stacks[:runtime.Stack(stacks, true)])
		}
	}
}

func testConfig(t *testing.T) Config {
	t.Helper()
	cfg := DefaultConfig()
	cfg.Data = filepath.Join(t.TempDir(), "data")
	cfg.Listen = "127.0.0.1:0"
	cfg.InsecureHTTP = true
	return cfg
}

func mustStart(t *testing.T, ctx context.Context, cfg Config) *Server {
	t.Helper()
	s, err := Start(ctx, cfg, t.Output())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	return s
}
