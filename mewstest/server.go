package mewstest

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/server"
)

// shutdownGrace is how long a request may outlive its test.
const shutdownGrace = 2 * time.Second

// A Server is a running mews and the API client to use it with, which has every
// scope.
type Server struct {
	URL          string // the base URL, as in FALCON_BASE_URL
	ClientID     string
	ClientSecret string
	CAFile       string // PEM file of the server's certificate authority; empty for plain HTTP

	t      testing.TB
	server *server.Server
}

// Start starts a server and closes it when the test ends. It fails the test
// when it cannot. What the server logs is shown with the test's output.
func Start(t testing.TB, opts ...Option) *Server {
	t.Helper()
	s, err := server.Start(context.Background(), config(filepath.Join(t.TempDir(), "mews"), opts), t.Output())
	if err != nil {
		t.Fatalf("start mews: %v", err)
	}
	t.Cleanup(func() {
		if err := s.Close(context.Background()); err != nil {
			t.Errorf("close mews: %v", err)
		}
	})
	ready := s.Ready()
	return &Server{
		URL: ready.BaseURL, ClientID: ready.ClientID, ClientSecret: ready.ClientSecret, CAFile: ready.CA,
		t: t, server: s,
	}
}

// Client gives a Go client of the server, with the credentials of s unless an
// option brings others. It is closed when the test ends.
func (s *Server) Client(opts ...mews.Option) *mews.Client {
	s.t.Helper()
	base := []mews.Option{mews.WithCredentials(s.ClientID, s.ClientSecret)}
	if s.CAFile != "" {
		base = append(base, mews.WithCA(s.ca()))
	}
	c, err := mews.NewClient(s.URL, append(base, opts...)...)
	if err != nil {
		s.t.Fatalf("client of mews: %v", err)
	}
	s.t.Cleanup(func() {
		if err := c.Close(); err != nil {
			s.t.Logf("close the client of mews: %v", err)
		}
	})
	return c
}

// HTTPClient gives an HTTP client that trusts the server's certificate. It does
// not log in.
func (s *Server) HTTPClient() *http.Client {
	s.t.Helper()
	transport := http.DefaultTransport.(*http.Transport).Clone()
	transport.Proxy = nil // the server is on this machine
	if s.CAFile != "" {
		pool := x509.NewCertPool()
		pool.AppendCertsFromPEM(s.ca())
		transport.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	s.t.Cleanup(transport.CloseIdleConnections)
	return &http.Client{Transport: transport}
}

func (s *Server) ca() []byte {
	s.t.Helper()
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		s.t.Fatalf("certificate of mews: %v", err)
	}
	return pem
}

// NewCredentials makes a further API client that has these scopes, or every
// scope when none is given: for tests of what happens when a scope is missing.
func (s *Server) NewCredentials(scopes ...string) (id, secret string) {
	s.t.Helper()
	id, secret, err := s.server.NewClient(context.Background(), s.t.Name(), scopes...)
	if err != nil {
		s.t.Fatalf("make an API client: %v", err)
	}
	return id, secret
}
