package harness

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
)

// ProfileInto records where the server's CPU time goes until stop is called,
// which writes the functions that took the most of it to name.txt in a folder.
// Without a folder nothing is recorded.
func (s *Server) ProfileInto(ctx context.Context, folder, name string) (stop func() error) {
	if folder == "" {
		return func() error { return nil }
	}
	end := s.Profile(ctx)
	return func() error {
		raw, err := end()
		if err != nil {
			return err
		}
		file := filepath.Join(folder, name+".pprof")
		if err := errors.Join(os.MkdirAll(folder, 0o755), os.WriteFile(file, raw, 0o600)); err != nil {
			return err
		}
		defer os.Remove(file)
		text, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodecount=60", file).Output()
		if err != nil {
			return fmt.Errorf("read profile %s: %w", name, err)
		}
		return os.WriteFile(filepath.Join(folder, name+".txt"), text, 0o644)
	}
}

// Profile records where the server's CPU time goes, until stop is called, which
// gives what `go tool pprof` reads.
func (s *Server) Profile(ctx context.Context) (stop func() ([]byte, error)) {
	transport := &http.Transport{DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "unix", filepath.Join(s.Data, "admin.sock"))
	}}
	open, end := io.Pipe()
	type result struct {
		profile []byte
		err     error
	}
	done := make(chan result, 1)
	go func() {
		profile, err := post(ctx, transport, open)
		done <- result{profile, err}
	}()
	return func() ([]byte, error) {
		defer transport.CloseIdleConnections()
		_ = end.Close() // a pipe's writer closes without fail
		r := <-done
		return r.profile, r.err
	}
}

func post(ctx context.Context, transport http.RoundTripper, body io.Reader) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://mews/admin/profile", body)
	if err != nil {
		return nil, err
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		return nil, fmt.Errorf("profile: %w", err)
	}
	defer resp.Body.Close()
	profile, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("profile: %s: %s", resp.Status, profile)
	}
	return profile, err
}
