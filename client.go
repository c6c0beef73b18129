package mews

import (
	"cmp"
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
	"slices"
	"strings"
	"sync/atomic"
	"time"
)

// A Client speaks to one server as one API client. It logs in when it must,
// renews its token before it expires, and is safe for concurrent use. Close it
// to revoke the token.
type Client struct {
	base      atomic.Pointer[url.URL]
	byName    bool // base is a cloud of the vendor's, found by its name
	http      *http.Client
	tokens    TokenSource
	login     *login // nil: the tokens are somebody else's
	now       func() time.Time
	userAgent string
	headers   http.Header
	timeout   time.Duration
	retry     retryPolicy
	pace      *pace // nil: calls are not slowed down
}

// An Option changes how NewClient builds a Client.
type Option func(*settings) error

type settings struct {
	id, secret, memberCID string
	tokens                TokenSource
	cloud                 string
	ca                    *x509.CertPool
	insecure              bool
	proxy                 *url.URL
	transport             http.RoundTripper
	userAgent             string
	headers               http.Header
	timeout               time.Duration
	retry                 retryPolicy
	now                   func() time.Time
	pace                  *pace
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

// WithThrottle says whether the client slows itself down when the server tells
// that few calls are left of the minute's. It does unless it is told not to.
func WithThrottle(on bool) Option {
	return func(s *settings) error {
		if s.pace = nil; on {
			s.pace = &pace{}
		}
		return nil
	}
}

// WithRetryNotice calls f before each pause that precedes a repeated attempt.
func WithRetryNotice(f func(op string, err error, pause time.Duration)) Option {
	return func(s *settings) error { s.retry.notice = f; return nil }
}

// WithCloud speaks to a cloud of the vendor's by its name, see Clouds; the base
// URL is then "". The client follows the region that the login there names.
func WithCloud(name string) Option {
	return func(s *settings) error { s.cloud = name; return nil }
}

// WithProxy sends every call through this proxy (http, https or socks5) instead
// of the one that the environment names.
func WithProxy(rawURL string) Option {
	return func(s *settings) error {
		proxy, err := url.Parse(rawURL)
		if err != nil || proxy.Host == "" || !slices.Contains([]string{"http", "https", "socks5"}, proxy.Scheme) {
			return errors.New("proxy: expected scheme://host[:port] with http, https or socks5") // its password is not told
		}
		s.proxy = proxy
		return nil
	}
}

// WithInsecureTLS takes any certificate. Whoever sits between can then read the
// secret and every reply: WithCA is the better answer to a certificate of one's own.
func WithInsecureTLS() Option {
	return func(s *settings) error { s.insecure = true; return nil }
}

// WithHeaders adds headers to every call. What the client itself must set, such
// as Authorization, cannot be replaced.
func WithHeaders(h http.Header) Option {
	return func(s *settings) error { s.headers = h.Clone(); return nil }
}

// WithTransport replaces the HTTP transport; WithCA, WithProxy and
// WithInsecureTLS are then the transport's own affair.
func WithTransport(t http.RoundTripper) Option {
	return func(s *settings) error { s.transport = t; return nil }
}

// NewClient makes a client of the server at baseURL (https, or http on a
// loopback address; a path prefix is kept), or of the vendor's cloud of that
// name. It does not connect yet.
func NewClient(baseURL string, opts ...Option) (*Client, error) {
	s := settings{
		userAgent: "mews-go", timeout: time.Minute, now: time.Now, pace: &pace{},
		retry: retryPolicy{attempts: 5, first: 250 * time.Millisecond, jitter: rand.Float64, sleep: sleep},
	}
	for _, opt := range opts {
		if err := opt(&s); err != nil {
			return nil, Errorf(ErrInvalid, "client: %v", err)
		}
	}
	base, byName, err := baseOf(baseURL, s.cloud)
	if err != nil {
		return nil, err
	}
	if s.tokens == nil && (s.id == "" || s.secret == "") {
		return nil, Errorf(ErrUnauthorized, "client: no credentials; set an API client id and secret")
	}
	if s.transport == nil {
		s.transport = newTransport(s)
	}
	c := &Client{
		byName: byName, userAgent: s.userAgent, headers: s.headers, timeout: s.timeout, retry: s.retry,
		tokens: s.tokens, now: s.now, pace: s.pace,
	}
	c.base.Store(base)
	c.http = &http.Client{
		Transport: s.transport,
		// The API never redirects; following one would carry the token away.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	if c.tokens == nil {
		c.login = newLogin(c, s)
		c.tokens = c.login
	}
	return c, nil
}

// NewClientFromEnv is NewClient with base URL and credentials from the
// environment: FALCON_BASE_URL or, without it, FALCON_CLOUD; FALCON_CLIENT_ID,
// FALCON_CLIENT_SECRET and FALCON_MEMBER_CID. Options given here win.
func NewClientFromEnv(opts ...Option) (*Client, error) {
	base := cmp.Or(os.Getenv("FALCON_BASE_URL"), os.Getenv("FALCON_CLOUD"))
	if base == "" || base == "custom" {
		return nil, Errorf(ErrInvalid, "client: FALCON_BASE_URL is not set")
	}
	creds := WithCredentials(os.Getenv("FALCON_CLIENT_ID"), os.Getenv("FALCON_CLIENT_SECRET"))
	return NewClient(base, append([]Option{creds, WithMemberCID(os.Getenv("FALCON_MEMBER_CID"))}, opts...)...)
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

// Close revokes the token, if the client has logged in itself, and ends the client.
func (c *Client) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), min(c.timeout, 10*time.Second))
	defer cancel()
	var err error
	if c.login != nil {
		err = c.login.close(ctx)
	}
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

func newTransport(s settings) *http.Transport {
	dialer := &net.Dialer{Timeout: min(s.timeout, 15*time.Second)}
	proxy := http.ProxyFromEnvironment
	if s.proxy != nil {
		proxy = http.ProxyURL(s.proxy)
	}
	return &http.Transport{
		Proxy:                 proxy,
		DialContext:           dialer.DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: s.ca, InsecureSkipVerify: s.insecure, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   min(s.timeout, 15*time.Second),
		ResponseHeaderTimeout: s.timeout,
		ForceAttemptHTTP2:     true,
		MaxIdleConnsPerHost:   16,
		IdleConnTimeout:       30 * time.Second,
	}
}

// url gives the address of a route with its query.
func (c *Client) url(path string, query url.Values) string {
	u := *c.base.Load()
	u.Path += path
	u.RawQuery = query.Encode()
	return u.String()
}
