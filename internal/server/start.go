package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"

	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews/internal/auth"
	"github.com/mewshq/mews/internal/httpapi"
	"github.com/mewshq/mews/internal/store"
)

// A Server is one data folder that is being served. The process it runs in is
// left as it is: what Run sets for the whole process is not set here.
type Server struct {
	node  *node
	log   *slog.Logger
	ready Readiness
	stop  context.CancelFunc
	done  chan struct{}
	err   error // how it ended; to be read after done
}

// Start serves in the background until ctx ends or Close is called. When it
// returns, the server answers.
func Start(ctx context.Context, cfg Config, logTo io.Writer) (*Server, error) {
	cfg.complete()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	log := newLogger(logTo, cfg.LogLevel, cfg.LogFormat)
	n, err := openNode(ctx, cfg, log)
	if err != nil {
		return nil, disk(err)
	}
	n.dev = newDev(cfg.Dev, log)
	s, err := n.start(ctx)
	if err != nil {
		return nil, disk(errors.Join(err, n.Close()))
	}
	return s, nil
}

// start opens both doors and serves; the node is closed when all has ended.
func (n *node) start(ctx context.Context) (*Server, error) {
	api, listener, ready, err := n.listen()
	if err != nil {
		return nil, err
	}
	adminListener, err := listenAdmin(n.cfg.Data)
	if err != nil {
		return nil, errors.Join(err, listener.Close())
	}
	admin := &http.Server{Handler: n.adminHandler(), ReadHeaderTimeout: httpapi.ReadHeaderTimeout, ErrorLog: slog.NewLogLogger(n.log.Handler(), slog.LevelDebug)}

	ctx, stop := context.WithCancel(ctx)
	work, stopWork := context.WithCancel(context.WithoutCancel(ctx))
	group, groupCtx := errgroup.WithContext(ctx)
	group.Go(func() error { return n.background(work) })
	group.Go(func() error { return serve(api, listener) })
	group.Go(func() error { return serve(admin, adminListener) })
	group.Go(func() error {
		<-groupCtx.Done()
		n.log.Info("shutting down")
		// Requests first, while jobs and index still answer them.
		err := errors.Join(shutdown(api, n.cfg.ShutdownGrace), shutdown(admin, n.cfg.ShutdownGrace))
		stopWork()
		return err
	})
	n.log.Info("ready", slog.String("base_url", ready.BaseURL))
	s := &Server{node: n, log: n.log, ready: ready, stop: stop, done: make(chan struct{})}
	go func() {
		defer close(s.done)
		err := group.Wait()
		stop()
		stopWork()
		s.err = disk(errors.Join(err, n.Close()))
	}()
	return s, nil
}

// Ready tells where the server is and, on the first run, the API client to come
// with.
func (s *Server) Ready() Readiness { return s.ready }

// NewClient makes a further API client of the first client's customer. It has
// the scopes given, or every scope when none is.
func (s *Server) NewClient(ctx context.Context, name string, scopes ...string) (id, secret string, err error) {
	if len(scopes) == 0 {
		scopes = s.node.auth.Scopes()
	}
	actor := store.Actor{CID: s.node.cid, Client: "server", Scope: "admin", Operation: "client.create"}
	c, secret, err := s.node.auth.CreateClient(ctx, actor, auth.ClientSpec{Name: name, CID: s.node.cid, Scopes: scopes})
	return c.ID, secret, err
}

// Wait returns when the server has ended, and why if nobody asked it to.
func (s *Server) Wait() error {
	<-s.done
	return s.err
}

// Close shuts the server down in order and waits for the end, at most until ctx
// ends; the shutdown goes on then. It may be called more than once.
func (s *Server) Close(ctx context.Context) error {
	s.stop()
	select {
	case <-s.done:
		return s.err
	case <-ctx.Done():
		return ctx.Err()
	}
}
