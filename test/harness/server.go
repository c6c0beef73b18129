// Package harness starts the real mews binary on loopback for demos,
// benchmarks and end-to-end tests, and stops what it started by process id.
package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// Options say which server to start. Zero values stand for the binary that
// `make build` makes, a free loopback port and no output.
type Options struct {
	Bin  string   // path of mews; default: $MEWS_BIN, else bin/mews
	Data string   // data folder, kept when the server stops
	Args []string // further flags of serve
	Log  io.Writer
	// Credentials of an earlier run on the same folder: they are shown only once.
	ClientID, ClientSecret string
}

// A Server is a running mews process.
type Server struct {
	BaseURL      string `json:"base_url"`
	CA           string `json:"ca"`
	ClientID     string `json:"client_id"`
	ClientSecret string `json:"client_secret"`
	Data         string `json:"-"`
	Bin          string `json:"-"`

	cmd    *exec.Cmd
	exited chan error
}

// Binary is the path of mews that tests run: $MEWS_BIN, else what `make build`
// left in the module's bin folder.
func Binary() string {
	if bin := os.Getenv("MEWS_BIN"); bin != "" {
		return bin
	}
	return filepath.Join(moduleRoot(), "bin", "mews")
}

// moduleRoot is the nearest folder above that holds go.mod.
func moduleRoot() string {
	dir, err := os.Getwd()
	for err == nil {
		if _, statErr := os.Stat(filepath.Join(dir, "go.mod")); statErr == nil || dir == filepath.Dir(dir) {
			break
		}
		dir = filepath.Dir(dir)
	}
	return dir
}

// Start runs a server and returns when it is ready to answer.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Bin == "" {
		o.Bin = Binary()
	}
	ready := filepath.Clean(o.Data) + ".ready"
	if err := os.Remove(ready); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, err
	}
	args := append([]string{"serve", "--data", o.Data, "--listen", "127.0.0.1:0", "--ready-file", ready}, o.Args...)
	s := &Server{Data: o.Data, Bin: o.Bin, cmd: exec.Command(o.Bin, args...), exited: make(chan error, 1)}
	var log bytes.Buffer
	s.cmd.Stdout, s.cmd.Stderr = &log, &log
	if o.Log != nil {
		s.cmd.Stdout, s.cmd.Stderr = o.Log, o.Log
	}
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := s.cmd.Start(); err != nil {
		return nil, fmt.Errorf("start server: %w", err)
	}
	go func() { s.exited <- s.cmd.Wait() }()
	if err := s.awaitReady(ctx, ready); err != nil {
		s.Kill()
		return nil, fmt.Errorf("%w\n%s", err, log.String())
	}
	if s.ClientID == "" {
		s.ClientID, s.ClientSecret = o.ClientID, o.ClientSecret
	}
	return s, nil
}

func (s *Server) awaitReady(ctx context.Context, file string) error {
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case err := <-s.exited:
			s.exited <- err
			return fmt.Errorf("server ended before it was ready: %w", err)
		case <-tick.C:
			text, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			return json.Unmarshal(text, s)
		}
	}
}

// PID is the process id of the server.
func (s *Server) PID() int { return s.cmd.Process.Pid }

// Stop asks the server to shut down and waits for its end.
func (s *Server) Stop() error {
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	err := <-s.exited
	s.exited <- err
	return err
}

// Kill ends the server at once, as a power cut ends a process.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	s.exited <- <-s.exited
}

// Environ is the environment in which the mews command line talks to this server.
func (s *Server) Environ() []string {
	return append(os.Environ(),
		"FALCON_BASE_URL="+s.BaseURL, "FALCON_CLIENT_ID="+s.ClientID, "FALCON_CLIENT_SECRET="+s.ClientSecret,
		"MEWS_CA="+s.CA, "NO_COLOR=1")
}

// Command prepares a call of the command line against this server.
func (s *Server) Command(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, s.Bin, args...)
	cmd.Env = s.Environ()
	return cmd
}
