package server

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/mewshq/mews/internal/auth"
	"github.com/mewshq/mews/internal/httpapi"
	"github.com/mewshq/mews/internal/store"
)

// A Server is one data folder that is being served. The process it runs in is
// left as it is: what Run sets for the whole process is not set here.
type Server struct {
	cfg    Config
	log    *slog.Logger
	folder *folder
	dev    *httpapi.Dev // nil: no dev mode
	ready  Readiness
	stage  *stage
	group  *errgroup.Group
	stop   context.CancelFunc
	done   chan struct{}
	err    error // how it ended; to be read after done

	changing sync.Mutex    // one change of the act at a time
	ending   bool          // no change any more
	patience time.Duration // see the constant
}

// Start serves in the background until ctx ends or Close is called. When it
// returns, the server answers.
func Start(ctx context.Context, cfg Config, logTo io.Writer) (*Server, error) {
	cfg.complete()
	if err := cfg.Validate(); err != nil {
		return nil, err
	}
	s := &Server{cfg: cfg, log: newLogger(logTo, cfg.LogLevel, cfg.LogFormat), done: make(chan struct{}), patience: patience}
	var err error
	if s.folder, err = takeFolder(cfg); err != nil {
		return nil, disk(err)
	}
	s.dev = s.newDev()
	if err := s.start(ctx); err != nil {
		return nil, disk(errors.Join(err, s.folder.unlock()))
	}
	return s, nil
}

// start opens a node and both doors, and serves; all is closed when that ended.
func (s *Server) start(ctx context.Context) error {
	ctx, s.stop = context.WithCancel(ctx)
	var groupCtx context.Context
	s.group, groupCtx = errgroup.WithContext(ctx)
	first, err := s.begin(ctx)
	if err != nil {
		s.stop()
		return err
	}
	s.stage = newStage(first)
	api, admin, err := s.openDoors(first)
	if err != nil {
		s.stop()
		first.stop()
		return errors.Join(err, s.group.Wait(), first.node.Close())
	}
	s.group.Go(api.serve)
	s.group.Go(admin.serve)
	s.group.Go(func() error {
		<-groupCtx.Done()
		s.log.Info("shutting down")
		// Requests first, while jobs and index still answer them.
		err := errors.Join(shutdown(api.Server, s.cfg.ShutdownGrace), shutdown(admin.Server, s.cfg.ShutdownGrace))
		s.endActs()
		return err
	})
	s.log.Info("ready", slog.String("base_url", s.ready.BaseURL))
	go s.closeAfter()
	return nil
}

// begin opens a node and starts what it does in the background.
func (s *Server) begin(ctx context.Context) (*act, error) {
	n, err := openNode(ctx, s.cfg, s.log, s.folder)
	if err != nil {
		return nil, err
	}
	n.dev = s.dev
	a := &act{node: n, admin: n.adminHandler(), ended: make(chan struct{})}
	if a.api, err = n.apiHandler(); err != nil {
		return nil, errors.Join(err, n.Close())
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	a.stop = stop
	s.group.Go(func() error {
		defer close(a.ended)
		return n.background(work)
	})
	return a, nil
}

// A door is a listener with the server behind it.
type door struct {
	*http.Server
	serve func() error
}

// openDoors opens the public listener and the one for administration.
func (s *Server) openDoors(first *act) (api, admin door, err error) {
	handlers := [2]http.Handler{first.api, first.admin}
	if s.dev != nil {
		handlers = [2]http.Handler{
			s.stage.door(func(a *act) http.Handler { return a.api }), s.stage.door(func(a *act) http.Handler { return a.admin }),
		}
	}
	srv, listener, ready, err := first.node.listen(handlers[0])
	if err != nil {
		return api, admin, err
	}
	adminListener, err := listenAdmin(s.cfg.Data)
	if err != nil {
		return api, admin, errors.Join(err, listener.Close())
	}
	s.ready = ready
	adminSrv := &http.Server{Handler: handlers[1], ReadHeaderTimeout: httpapi.ReadHeaderTimeout, ErrorLog: slog.NewLogLogger(s.log.Handler(), slog.LevelDebug)}
	api = door{srv, func() error { return serve(srv, listener) }}
	admin = door{adminSrv, func() error { return serve(adminSrv, adminListener) }}
	return api, admin, nil
}

// endActs stops the last act's background. It waits for a change that is under
// way; another will not begin.
func (s *Server) endActs() {
	s.changing.Lock()
	defer s.changing.Unlock()
	s.ending = true
	if last := s.stage.current(); last != nil {
		last.stop()
	}
}

// closeAfter closes all when everything has ended.
func (s *Server) closeAfter() {
	defer close(s.done)
	err := s.group.Wait()
	s.stop()
	if last := s.stage.current(); last != nil {
		err = errors.Join(err, last.node.Close())
	}
	s.err = disk(errors.Join(err, s.folder.unlock()))
}

// Ready tells where the server is and, on the first run, the API client to come
// with.
func (s *Server) Ready() Readiness { return s.ready }

// NewClient makes a further API client of the first client's customer. It has
// the scopes given, or every scope when none is.
func (s *Server) NewClient(ctx context.Context, name string, scopes ...string) (id, secret string, err error) {
	a, _, err := s.stage.enter(ctx)
	if err != nil {
		return "", "", err
	}
	defer s.stage.leave()
	n := a.node
	if len(scopes) == 0 {
		scopes = n.auth.Scopes()
	}
	actor := store.Actor{CID: n.cid, Client: "server", Scope: "admin", Operation: "client.create"}
	c, secret, err := n.auth.CreateClient(ctx, actor, auth.ClientSpec{Name: name, CID: n.cid, Scopes: scopes})
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
