package server

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// socketName is the door for administration. Whoever may open it may do
// everything: it stands in a folder of mode 0700 and has mode 0600 itself.
const socketName = "admin.sock"

// maxSocketPath is what fits into a socket address on every Unix, less one.
const maxSocketPath = 103

// listenAdmin opens the socket. The caller owns the data folder's lock, so a
// socket that is already there belongs to a dead process.
func listenAdmin(data string) (net.Listener, error) {
	if err := os.Remove(filepath.Join(data, socketName)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	var l net.Listener
	err := withSocketPath(data, func(path string) (err error) {
		l, err = net.Listen("unix", path)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	if err := os.Chmod(filepath.Join(data, socketName), 0o600); err != nil {
		_ = l.Close()
		return nil, fmt.Errorf("admin socket: %w", err)
	}
	return l, nil
}

// withSocketPath calls fn with a path to the socket that fits into an address:
// a long one goes by way of the open folder.
func withSocketPath(data string, fn func(path string) error) error {
	path := filepath.Join(data, socketName)
	if len(path) <= maxSocketPath {
		return fn(path)
	}
	dir, err := os.Open(data)
	if err != nil {
		return err
	}
	defer dir.Close()
	return fn(fmt.Sprintf("/proc/self/fd/%d/%s", dir.Fd(), socketName))
}

// Admin gives an HTTP client for the administration of a data folder, with any
// host name in the URL. When no server runs there, the folder is opened and
// served for the time of the call. close releases what was opened.
func Admin(ctx context.Context, cfg Config, logTo io.Writer) (client *http.Client, closer func() error, err error) {
	client = &http.Client{Transport: &http.Transport{DialContext: func(ctx context.Context, _, _ string) (c net.Conn, err error) {
		err = withSocketPath(cfg.Data, func(path string) (err error) {
			c, err = (&net.Dialer{}).DialContext(ctx, "unix", path)
			return err
		})
		return c, err
	}}}
	conn, err := client.Transport.(*http.Transport).DialContext(ctx, "", "")
	switch {
	case err == nil:
		return client, func() error { client.CloseIdleConnections(); return nil }, conn.Close()
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		closer, err = serveAdminOffline(ctx, cfg, newLogger(logTo, "warn", "text"))
		return client, closer, err
	}
	return nil, nil, fmt.Errorf("reach the server of %s: %w", cfg.Data, err)
}

// serveAdminOffline opens a folder that no server owns and answers its admin
// socket until closer is called.
func serveAdminOffline(ctx context.Context, cfg Config, log *slog.Logger) (closer func() error, err error) {
	if _, err := os.Stat(filepath.Join(cfg.Data, databaseName)); err != nil {
		return nil, fmt.Errorf("no mews data in %s: name the folder with --data", cfg.Data)
	}
	if err := hardenProcess(); err != nil {
		return nil, err
	}
	f, err := takeFolder(cfg)
	if err != nil {
		return nil, err
	}
	n, err := openNode(ctx, cfg, log, f)
	if err != nil {
		return nil, errors.Join(err, f.unlock())
	}
	l, err := listenAdmin(cfg.Data)
	if err != nil {
		return nil, errors.Join(err, n.Close(), f.unlock())
	}
	srv := &http.Server{Handler: n.adminHandler(), ReadHeaderTimeout: 5 * time.Second}
	done := make(chan error, 1)
	go func() { done <- srv.Serve(l) }()
	return func() error {
		err := srv.Shutdown(context.WithoutCancel(ctx))
		<-done
		return errors.Join(err, n.Close(), f.unlock())
	}, nil
}
