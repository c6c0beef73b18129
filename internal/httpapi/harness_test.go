package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	authpkg "github.com/mewshq/mews/internal/auth"
	"github.com/mewshq/mews/internal/blob"
	"github.com/mewshq/mews/internal/hunt"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/search"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/vfs"
	"github.com/mewshq/mews/internal/yara"
)

type actor = store.Actor

// Two customers that must not see each other.
const (
	ownCID     store.CID = "0123456789abcdef0123456789abcdef"
	foreignCID store.CID = "fedcba9876543210fedcba9876543210"
)

// A harness is the API on a real listener over real services; only the file
// system of blobs and index is one in memory.
type harness struct {
	api      *API
	srv      *httptest.Server
	logs     *lockedBuffer
	db       *store.DB
	auth     *authpkg.Service
	registry *prometheus.Registry
	files    *vfs.Mem
	limits   hunt.Limits
	scanner  yara.Options
	dev      string // a token with the scope of dev mode, once it was asked for
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// newHarness builds it; change may narrow the bounds.
func newHarness(t testing.TB, change ...func(*Deps, *authpkg.Options)) *harness {
	t.Helper()
	return newHarnessWith(t, yara.Options{}, change...)
}

// newHarnessWith has a rule scanner besides.
func newHarnessWith(t testing.TB, scanner yara.Options, change ...func(*Deps, *authpkg.Options)) *harness {
	t.Helper()
	h := &harness{
		limits: hunt.Limits{HuntQuota: 100, DownloadQuota: 50}, scanner: scanner,
		logs: &lockedBuffer{}, registry: prometheus.NewRegistry(), files: vfs.NewMem(),
	}
	log := slog.New(slog.NewJSONHandler(h.logs, nil))
	var err error
	h.db, err = store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "records.db"), AuditKey: []byte("audit key of the test"), Log: log})
	must(t, err)
	t.Cleanup(func() { must(t, h.db.Close()) })
	keys := blob.NewKeyring([32]byte{1})
	blobs, err := blob.Open(h.files, keys, blob.Options{})
	must(t, err)
	engine, err := search.Open(t.Context(), search.Deps{DB: h.db, Blobs: blobs, FS: h.files, Keys: keys, Log: log})
	must(t, err)
	t.Cleanup(func() { must(t, engine.Close()) })
	samples := sample.New(sample.Deps{DB: h.db, Blobs: blobs, Index: engine, Log: log})
	deps := Deps{Samples: samples, Log: log, Metrics: h.registry, Now: time.Now, Rand: rand.Reader}
	options := authpkg.Options{Pepper: []byte("pepper of the test"), Log: log, Limits: authpkg.Limits{BadTokensPerIP: 10_000, TokensPerIP: 10_000, TokensPerClient: 10_000}}
	for _, fn := range change {
		fn(&deps, &options)
	}
	h.auth, err = authpkg.New(h.db, options)
	must(t, err)
	deps.Auth = h.auth
	h.services(t, &deps, keys, engine)
	h.api, err = New(deps)
	must(t, err)
	h.srv = httptest.NewUnstartedServer(h.api)
	h.srv.Config.MaxHeaderBytes = MaxHeaderBytes
	h.srv.Config.ReadHeaderTimeout = ReadHeaderTimeout
	h.srv.Config.ErrorLog = slog.NewLogLogger(log.Handler(), slog.LevelDebug)
	h.srv.Start()
	t.Cleanup(h.srv.Close)
	return h
}

// refuseUnknown makes unknown observables a 404.
func refuseUnknown(d *Deps, _ *authpkg.Options) { d.RefuseUnknown = true }

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// client makes an API client of the own customer, with all scopes when none is
// given.
func (h *harness) client(t testing.TB, cid store.CID, scopes ...string) (id, secret string) {
	t.Helper()
	if len(scopes) == 0 {
		scopes = h.auth.Scopes()
	}
	c, secret, err := h.auth.CreateClient(context.Background(), store.Actor{CID: cid, Client: "test"}, authpkg.ClientSpec{Name: "test", CID: cid, Scopes: scopes})
	must(t, err)
	return c.ID, secret
}

// token logs a new client of the own customer in.
func (h *harness) token(t testing.TB, scopes ...string) string {
	t.Helper()
	return h.tokenOf(t, ownCID, scopes...)
}

func (h *harness) tokenOf(t testing.TB, cid store.CID, scopes ...string) string {
	t.Helper()
	id, secret := h.client(t, cid, scopes...)
	tok, err := h.auth.IssueToken(context.Background(), id, secret, "", "192.0.2.1", nil)
	must(t, err)
	return tok.AccessToken
}

func bearing(token string) map[string]string {
	return map[string]string{"Authorization": "Bearer " + token}
}

func with(h map[string]string, key, value string) map[string]string { h[key] = value; return h }

type answer struct {
	status int
	header http.Header
	body   []byte
}

// do sends one request as JSON unless the headers say otherwise.
func (h *harness) do(t testing.TB, method, path string, header map[string]string, body string) answer {
	t.Helper()
	a, err := h.send(t, method, path, header, body)
	must(t, err)
	return a
}

// try is do for answers that may be cut.
func (h *harness) try(t testing.TB, method, path string, header map[string]string) (answer, error) {
	t.Helper()
	return h.send(t, method, path, header, "")
}

func (h *harness) send(t testing.TB, method, path string, header map[string]string, body string) (answer, error) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, h.srv.URL+path, strings.NewReader(body))
	must(t, err)
	r.Header.Set("Content-Type", "application/json")
	for key, value := range header {
		r.Header.Set(key, value)
	}
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	defer client.CloseIdleConnections()
	resp, err := client.Do(r)
	if err != nil {
		return answer{}, err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	return answer{resp.StatusCode, resp.Header, b}, err
}
