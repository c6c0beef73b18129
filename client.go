package mews

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// A Client speaks to one server as one API client. It logs in when it must,
// renews its token before it expires, and is safe for concurrent use. Close it
// to revoke the token.
type Client struct {
	base      *url.URL
	http      *http.Client
	login     *login
	userAgent string
	timeout   time.Duration
	retry     retryPolicy
}

// An Option changes how NewClient builds a Client.
type Option func(*settings) error

type settings struct {
	id, secret, memberCID string
	ca                    *x509.CertPool
	transport             http.RoundTripper
	userAgent             string
	timeout               time.Duration
	retry                 retryPolicy
	now                   func() time.Time
}

// WithCredentials sets the API client's id and secret.
func WithCredentials(id, secret string) Option {
	return func(s *settings) error { s.id, s.secret = id, secret; return nil }
}

// WithMemberCID logs in on behalf of this member customer.
func WithMemberCID(cid string) Option {
	return func(s *settings) error { s.memberCID = cid; return nil }
}

// WithCA trusts the certificates of a PEM text, and no others. A self-hosted
// server writes its own as ca.pem into its data folder.
func WithCA(pem []byte) Option {
	return func(s *settings) error {
		s.ca = x509.NewCertPool()
		if !s.ca.AppendCertsFromPEM(pem) {
			return errors.New("the CA text holds no PEM certificate")
		}
		return nil
	}
}

// WithTimeout bounds each attempt of a call that answers JSON, and the silence
// that a download tolerates. The default is 60 s. Uploads get the time that
// their size needs at 16 KiB/s on top.
func WithTimeout(d time.Duration) Option {
	return func(s *settings) error {
		if d <= 0 {
			return fmt.Errorf("timeout %s: must be above zero", d)
		}
		s.timeout = d
		return nil
	}
}

// WithUserAgent puts the name of your program before the client's own.
func WithUserAgent(name string) Option {
	return func(s *settings) error { s.userAgent = name + " " + s.userAgent; return nil }
}

// WithRetries sets how often a failed call is repeated where that is safe; 0
// switches it off. The default is 4.
func WithRetries(n int) Option {
	return func(s *settings) error { s.retry.attempts = 1 + max(n, 0); return nil }
}

// WithRetryNotice calls f before each pause that precedes a repeated attempt.
func WithRetryNotice(f func(op string, err error, pause time.Duration)) Option {
	return func(s *settings) error { s.retry.notice = f; return nil }
}

// WithTransport replaces the HTTP transport; WithCA is then the transport's
// own affair.
func WithTransport(t http.RoundTripper) Option {
	return func(s *settings) error { s.transport = t; return nil }
}

// NewClient makes a client of the server at baseURL (https, or http on a
// loopback address; a path prefix is kept). It does not connect yet.
func NewClient(baseURL string, opts ...Option) (*Client, error) {
	base, err := parseBase(baseURL)
	if err != nil {
		return nil, err
	}
	s := settings{
		userAgent: "mews-go", timeout: time.Minute, now: time.Now,
		retry: retryPolicy{attempts: 5, first: 250 * time.Millisecond, jitter: rand.Float64, sleep: sleep},
	}
	for _, opt := range opts {
		if err := opt(&s); err != nil {
			return nil, Errorf(ErrInvalid, "client: %v", err)
		}
	}
	if s.id == "" || s.secret == "" {
		return nil, Errorf(ErrUnauthorized, "client: no credentials; set an API client id and secret")
	}
	if s.transport == nil {
		s.transport = newTransport(s.ca, s.timeout)
	}
	c := &Client{base: base, userAgent: s.userAgent, timeout: s.timeout, retry: s.retry}
	c.http = &http.Client{
		Transport: s.transport,
		// The API never redirects; following one would carry the token away.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	c.login = newLogin(c, s)
	return c, nil
}

// NewClientFromEnv is NewClient with base URL and credentials from the
// environment: FALCON_BASE_URL, FALCON_CLIENT_ID and FALCON_CLIENT_SECRET.
// Options given here win.
func NewClientFromEnv(opts ...Option) (*Client, error) {
	base := os.Getenv("FALCON_BASE_URL")
	if base == "" {
		return nil, Errorf(ErrInvalid, "client: FALCON_BASE_URL is not set")
	}
	creds := WithCredentials(os.Getenv("FALCON_CLIENT_ID"), os.Getenv("FALCON_CLIENT_SECRET"))
	return NewClient(base, append([]Option{creds}, opts...)...)
}

// MalQuery gives the malware search operations.
func (c *Client) MalQuery() MalQueryService { return MalQueryService{c} }

// Samples gives the sample store operations.
func (c *Client) Samples() SampleService { return SampleService{c} }

// Quarantine gives the operations on quarantined files.
func (c *Client) Quarantine() QuarantineService { return QuarantineService{c} }

// IOCs gives the operations on custom IOCs.
func (c *Client) IOCs() IOCService { return IOCService{c} }

// LegacyIOCs gives the older operations on the same custom IOCs.
func (c *Client) LegacyIOCs() LegacyIOCService { return LegacyIOCService{c} }

// Detections reads which hosts have met custom IOCs.
func (c *Client) Detections() DetectionService { return DetectionService{c} }

// Agent gives what a program on a host uses.
func (c *Client) Agent() AgentService { return AgentService{c} }

// Close revokes the token, if there is one, and ends the client.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), min(c.timeout, 10*time.Second))
	defer cancel()
	err := c.login.close(ctx)
	c.http.CloseIdleConnections()
	return err
}

// parseBase checks a base URL. Plain http would show the secret to the network,
// so it is taken on loopback only.
func parseBase(raw string) (*url.URL, error) {
	u, err := url.Parse(strings.TrimSuffix(raw, "/"))
	if err != nil || u.Host == "" || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return nil, Errorf(ErrInvalid, "base URL %q: expected https://host[:port]", raw)
	}
	switch {
	case u.Scheme == "https", u.Scheme == "http" && isLoopback(u.Hostname()):
		return u, nil
	case u.Scheme == "http":
		return nil, Errorf(ErrInvalid, "base URL %q: plain http would send the secret in clear; use https", raw)
	}
	return nil, Errorf(ErrInvalid, "base URL %q: expected https://host[:port]", raw)
}

func isLoopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func newTransport(ca *x509.CertPool, timeout time.Duration) *http.Transport {
	dialer := &net.Dialer{Timeout: min(timeout, 15*time.Second)}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: ca, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   min(timeout, 15*time.Second),
		ResponseHeaderTimeout: timeout,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       30 * time.Second,
	}
}

// url gives the address of a route with its query.
func (c *Client) url(path string, query url.Values) string {
	u := *c.base
	u.Path += path
	u.RawQuery = query.Encode()
	return u.String()
}
