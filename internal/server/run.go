package server

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/httpapi"
	"github.com/mewshq/mews/internal/store"
)

// Run serves until ctx ends, then shuts down in order. What users must see
// (address, first credentials) goes to out, the log to logTo.
func Run(ctx context.Context, cfg Config, out, logTo io.Writer) error {
	if err := hardenProcess(); err != nil {
		return err
	}
	s, err := Start(ctx, cfg, logTo)
	if err != nil {
		return err
	}
	if err := announce(s.ready, cfg.ReadyFile, out); err != nil {
		s.log.Error("announce readiness", slog.String("error", err.Error()))
	}
	return s.Wait()
}

// announce tells people and scripts where the server is.
func announce(r Readiness, file string, out io.Writer) error {
	greet(out, r)
	if file == "" {
		return nil
	}
	return writeReadyFile(file, r)
}

// listen opens the public listener and the server that will use it.
func (n *node) listen(handler http.Handler) (*http.Server, net.Listener, Readiness, error) {
	r := Readiness{PID: os.Getpid(), Dev: n.dev != nil}
	if n.first != nil {
		r.ClientID, r.ClientSecret = n.first.ID, n.first.Secret
	}
	srv := &http.Server{
		Handler:           handler,
		ReadHeaderTimeout: httpapi.ReadHeaderTimeout,
		IdleTimeout:       httpapi.IdleTimeout,
		MaxHeaderBytes:    httpapi.MaxHeaderBytes,
		ErrorLog:          slog.NewLogLogger(n.log.Handler(), slog.LevelDebug),
		Protocols:         new(http.Protocols),
		// OPTIONS * is no operation either: it gets the API's own 404.
		DisableGeneralOptionsHandler: true,
	}
	// The clients this server is for speak HTTP/1.1; what is not served cannot
	// be abused.
	srv.Protocols.SetHTTP1(true)
	listener, err := net.Listen("tcp", n.cfg.Listen)
	if err != nil {
		return nil, nil, r, fmt.Errorf("listen on %s: %w", n.cfg.Listen, err)
	}
	listener = limitConnections(listener, maxConnections)
	scheme := "http"
	if !n.cfg.InsecureHTTP {
		scheme = "https"
		id, err := openIdentity(filepath.Join(n.cfg.Data, tlsFolder), certificateNames(n.cfg.Listen, n.cfg.TLSSAN), time.Now())
		if err != nil {
			return nil, nil, r, errors.Join(err, listener.Close())
		}
		r.CA, r.Fingerprint = id.CAFile, id.Fingerprint
		listener = tls.NewListener(listener, &tls.Config{
			Certificates: []tls.Certificate{id.Certificate}, MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"},
		})
	}
	r.BaseURL = scheme + "://" + reachable(listener.Addr().(*net.TCPAddr))
	return srv, listener, r, nil
}

// reachable is the address as a client on this machine would write it.
func reachable(a *net.TCPAddr) string {
	host := a.IP.String()
	if a.IP.IsUnspecified() {
		host = "localhost"
	}
	return net.JoinHostPort(host, fmt.Sprint(a.Port))
}

func serve(srv *http.Server, l net.Listener) error {
	if err := srv.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// shutdown lets running requests end, and cuts off what takes too long.
func shutdown(srv *http.Server, grace time.Duration) error {
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return srv.Close()
	}
	return nil
}

// disk marks the errors after which only a restart tells what the disk holds.
func disk(err error) error {
	if errors.Is(err, store.ErrFailed) || errors.Is(err, blob.ErrFailed) {
		return fmt.Errorf("%w: %w", ErrDisk, err)
	}
	return err
}
