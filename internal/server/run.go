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

	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/httpapi"
	"github.com/mewshq/mews/internal/store"
)

// Run serves until ctx ends, then shuts down in order. What users must see
// (address, first credentials) goes to out, the log to logTo.
func Run(ctx context.Context, cfg Config, out, logTo io.Writer) (err error) {
	log := newLogger(logTo, cfg.LogLevel, cfg.LogFormat)
	n, err := openNode(ctx, cfg, log)
	if err != nil {
		return disk(err)
	}
	defer func() { err = disk(errors.Join(err, n.Close())) }()
	api, listener, ready, err := n.listen()
	if err != nil {
		return err
	}
	adminListener, err := listenAdmin(cfg.Data)
	if err != nil {
		return errors.Join(err, listener.Close())
	}
	admin := &http.Server{Handler: n.adminHandler(), ReadHeaderTimeout: httpapi.ReadHeaderTimeout, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug)}

	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWork()
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.background(work) })
	group.Go(func() error { return serve(api, listener) })
	group.Go(func() error { return serve(admin, adminListener) })
	group.Go(func() error {
		<-groupCtx.Done()
		log.Info("shutting down")
		// Requests first, while jobs and index still answer them.
		err := errors.Join(shutdown(api, cfg.ShutdownGrace), shutdown(admin, cfg.ShutdownGrace))
		stopWork()
		return err
	})
	if err := n.announce(ready, out); err != nil {
		log.Error("announce readiness", slog.String("error", err.Error()))
	}
	return group.Wait()
}

// announce tells people and scripts where the server is.
func (n *node) announce(r readiness, out io.Writer) error {
	greet(out, r)
	n.log.Info("ready", slog.String("base_url", r.BaseURL))
	if n.cfg.ReadyFile == "" {
		return nil
	}
	return writeReadyFile(n.cfg.ReadyFile, r)
}

// listen opens the public listener and the server that will use it.
func (n *node) listen() (*http.Server, net.Listener, readiness, error) {
	r := readiness{PID: os.Getpid()}
	if n.first != nil {
		r.ClientID, r.ClientSecret = n.first.ID, n.first.Secret
	}
	handler, err := n.apiHandler()
	if err != nil {
		return nil, nil, r, err
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
		id, err := openIdentity(filepath.Join(n.cfg.Data, "tls"), certificateNames(n.cfg.Listen, n.cfg.TLSSAN), time.Now())
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
