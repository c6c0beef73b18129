package compat

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// server is the one real server that all tests share. It runs over TLS on a
// free port with a fresh data folder.
var server struct {
	BaseURL      string `json:"base_url"`
	CA           string `json:"ca"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`

	bin, data string
}

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	server.bin = os.Getenv("MEWS_BIN")
	if server.bin == "" {
		server.bin, _ = filepath.Abs("../../bin/mews")
	}
	dir, err := os.MkdirTemp("", "mews-compat-")
	if err != nil {
		return complain(err)
	}
	defer os.RemoveAll(dir)
	server.data = filepath.Join(dir, "data")
	stop, err := startServer(filepath.Join(dir, "ready.json"))
	if err != nil {
		return complain(fmt.Errorf("start %s (set MEWS_BIN): %w", server.bin, err))
	}
	defer stop()
	// The way that a user of unmodified gofalcon takes on Linux.
	if err := os.Setenv("SSL_CERT_FILE", server.CA); err != nil {
		return complain(err)
	}
	return m.Run()
}

func complain(err error) int {
	fmt.Fprintln(os.Stderr, err)
	return 1
}

func startServer(ready string) (stop func(), err error) {
	cmd := exec.Command(server.bin, "serve", "--data", server.data, "--listen", "127.0.0.1:0", "--ready-file", ready)
	cmd.Stderr = os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	exited := make(chan error, 1)
	go func() { exited <- cmd.Wait() }()
	stop = func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		if err := <-exited; err != nil {
			fmt.Fprintln(os.Stderr, "the server ended with", err)
		}
	}
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		select {
		case err := <-exited:
			return nil, fmt.Errorf("ended at once: %w", err)
		default:
		}
		b, err := os.ReadFile(ready)
		if errors.Is(err, os.ErrNotExist) {
			continue
		}
		if err == nil {
			err = json.Unmarshal(b, &server)
		}
		if err != nil {
			stop()
			return nil, fmt.Errorf("ready file: %w", err)
		}
		return stop, nil
	}
	stop()
	return nil, errors.New("not ready within 30 s")
}

// credentials of an API client.
type credentials struct {
	ID     string `json:"id"`
	Secret string `json:"secret"`
}

// newClient makes an API client with these scopes by the admin command.
func newClient(t *testing.T, scopes string, flags ...string) credentials {
	t.Helper()
	args := []string{"client", "create", "--data", server.data, "--name", t.Name(), "--scope", scopes, "-o", "json"}
	cmd := exec.Command(server.bin, append(args, flags...)...)
	cmd.Stderr = os.Stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("mews client create: %v", err)
	}
	var reply struct{ Resources []credentials }
	if err := json.Unmarshal(out, &reply); err != nil || len(reply.Resources) != 1 || reply.Resources[0].Secret == "" {
		t.Fatalf("mews client create answered %s (%v)", out, err)
	}
	return reply.Resources[0]
}

// tap is a transport that keeps what passed through it last.
type tap struct {
	http.RoundTripper
	mu     sync.Mutex
	sent   int
	header http.Header
	status int
}

func (t *tap) RoundTrip(r *http.Request) (*http.Response, error) {
	resp, err := t.RoundTripper.RoundTrip(r)
	t.mu.Lock()
	defer t.mu.Unlock()
	t.sent++
	if err == nil {
		t.header, t.status = resp.Header.Clone(), resp.StatusCode
	}
	return resp, err
}
