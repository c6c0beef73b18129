package server

import (
	"net"
	"net/http"
	"net/netip"
	"sync"
)

// withProbes puts the three routes that need no token before the API.
func (n *node) withProbes(api, healthz, readyz, metrics http.Handler) http.Handler {
	probes := map[string]http.Handler{"/healthz": healthz, "/readyz": readyz, "/metrics": metrics}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		probe := probes[r.URL.Path]
		switch {
		case probe == nil, r.Method != http.MethodGet && r.Method != http.MethodHead:
			api.ServeHTTP(w, r)
		case r.URL.Path == "/metrics" && !n.mayReadMetrics(r):
			api.ServeHTTP(w, r) // answers 404: a stranger learns nothing
		default:
			probe.ServeHTTP(w, r)
		}
	})
}

// mayReadMetrics: figures of all customers are for the operator.
func (n *node) mayReadMetrics(r *http.Request) bool {
	switch n.cfg.Metrics {
	case "any":
		return true
	case "loopback":
		peer, err := netip.ParseAddrPort(r.RemoteAddr)
		return err == nil && peer.Addr().Unmap().IsLoopback() && r.Header.Get("X-Forwarded-For") == ""
	}
	return false
}

// maxConnections bounds what idle peers can hold open.
const maxConnections = 1000

// limitConnections makes Accept wait while n connections are open.
func limitConnections(l net.Listener, n int) net.Listener {
	return &limitedListener{Listener: l, free: make(chan struct{}, n), closed: make(chan struct{})}
}

type limitedListener struct {
	net.Listener
	free   chan struct{} // one element per open connection
	closed chan struct{}
	once   sync.Once
}

func (l *limitedListener) Accept() (net.Conn, error) {
	select {
	case l.free <- struct{}{}:
	case <-l.closed:
		return nil, net.ErrClosed
	}
	c, err := l.Listener.Accept()
	if err != nil {
		<-l.free
		return nil, err
	}
	return &limitedConn{Conn: c, done: func() { <-l.free }}, nil
}

func (l *limitedListener) Close() error {
	l.once.Do(func() { close(l.closed) })
	return l.Listener.Close()
}

type limitedConn struct {
	net.Conn
	once sync.Once
	done func()
}

func (c *limitedConn) Close() error {
	err := c.Conn.Close()
	c.once.Do(c.done)
	return err
}
