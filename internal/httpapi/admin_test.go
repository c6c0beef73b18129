package httpapi

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
)

func newAdminServer(t *testing.T, h *harness, rebuild func(context.Context, func(done, total int64)) error) *httptest.Server {
	t.Helper()
	srv := httptest.NewServer(NewAdmin(AdminDeps{
		Auth: h.auth, Log: slog.New(slog.NewJSONHandler(h.logs, nil)), Now: time.Now, Rand: rand.Reader, CID: ownCID,
		IndexStatus:  func(context.Context) (any, error) { return mews.IndexStatus{Files: 3}, nil },
		IndexCheck:   func(context.Context) (any, error) { return nil, errors.New("disk on fire") },
		IndexRebuild: rebuild,
		Sightings:    h.api.deps.Sightings,
		VerifyAudit:  h.db.VerifyAudit,
	}))
	t.Cleanup(srv.Close)
	return srv
}

func adminCall[T any](t *testing.T, srv *httptest.Server, method, path, body string) (int, mews.Envelope[T]) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), method, srv.URL+path, strings.NewReader(body))
	must(t, err)
	resp, err := srv.Client().Do(r)
	must(t, err)
	defer resp.Body.Close()
	var env mews.Envelope[T]
	must(t, json.NewDecoder(resp.Body).Decode(&env))
	return resp.StatusCode, env
}

// TestAdminClients walks a client from its making to its end, and uses its
// secrets in between.
func TestAdminClients(t *testing.T) {
	h := newHarness(t)
	srv := newAdminServer(t, h, nil)
	status, env := adminCall[mews.AdminClient](t, srv, "POST", "/admin/clients", `{"name":"n","scopes":["malquery:read"]}`)
	if status != 200 || len(env.Resources) != 1 || env.Resources[0].CID != string(ownCID) || env.Resources[0].Secret == "" {
		t.Fatalf("create: %d %+v", status, env)
	}
	c := env.Resources[0]
	login := func(secret string) error { return h.auth.AuthenticateClient(t.Context(), c.ID, secret) }
	must(t, login(c.Secret))
	status, env = adminCall[mews.AdminClient](t, srv, "POST", "/admin/clients/"+c.ID+"/rotate", "")
	if status != 200 || env.Resources[0].Secret == c.Secret {
		t.Fatalf("rotate: %d %+v", status, env)
	}
	must(t, login(c.Secret))
	must(t, login(env.Resources[0].Secret))
	if status, _ := adminCall[mews.AdminClient](t, srv, "DELETE", "/admin/clients/"+c.ID, ""); status != 200 || login(c.Secret) == nil {
		t.Errorf("revoke: %d, login %v", status, login(c.Secret))
	}
	_, env = adminCall[mews.AdminClient](t, srv, "GET", "/admin/clients", "")
	if len(env.Resources) != 1 || env.Resources[0].Revoked.IsZero() || env.Resources[0].Secret != "" {
		t.Errorf("list: %+v", env.Resources)
	}
	for path, want := range map[string]int{"/admin/clients/nope/rotate": 404, "/admin/nope": 404} {
		if status, env := adminCall[any](t, srv, "POST", path, ""); status != want || len(env.Errors) != 1 {
			t.Errorf("%s: %d %+v", path, status, env.Errors)
		}
	}
	for _, body := range []string{``, `{"name":"n","scopes":["root"]}`, `{"name":"n","scopes":[]}`, `{"nam":"n"}`, `{"name":"n","scopes":["malquery:read"],"cid":"x"}`} {
		if status, env := adminCall[any](t, srv, "POST", "/admin/clients", body); status != 400 || len(env.Errors) != 1 {
			t.Errorf("%s: %d %+v", body, status, env)
		}
	}
}

func TestAdminIndexAndAudit(t *testing.T) {
	h := newHarness(t)
	h.client(t, ownCID)
	outcome := error(nil)
	srv := newAdminServer(t, h, func(_ context.Context, progress func(done, total int64)) error {
		progress(1, 2)
		progress(2, 2)
		return outcome
	})
	if status, env := adminCall[mews.IndexStatus](t, srv, "GET", "/admin/index", ""); status != 200 || env.Resources[0].Files != 3 {
		t.Errorf("status: %d %+v", status, env)
	}
	if status, env := adminCall[any](t, srv, "POST", "/admin/index/check", ""); status != 500 || env.Errors[0].Message != "disk on fire" {
		t.Errorf("check: %d %+v", status, env)
	}
	if status, env := adminCall[mews.SightingStatus](t, srv, "GET", "/admin/sightings", ""); status != 200 || len(env.Resources) != 1 {
		t.Errorf("sightings: %d %+v", status, env)
	}
	if status, env := adminCall[mews.SightingReport](t, srv, "POST", "/admin/sightings/check", ""); status != 200 || env.Resources[0].Problems == nil {
		t.Errorf("check of sightings: %d %+v", status, env)
	}
	if status, env := adminCall[mews.AuditReport](t, srv, "POST", "/admin/audit/verify", ""); status != 200 || !env.Resources[0].OK || env.Resources[0].Rows == 0 {
		t.Errorf("audit: %d %+v", status, env)
	}
	for _, outcome = range []error{nil, errors.New("broken")} {
		resp, err := http.Post(srv.URL+"/admin/index/rebuild", "", nil)
		must(t, err)
		var last mews.AdminEvent
		lines := 0
		for dec := json.NewDecoder(resp.Body); !last.Final; lines++ {
			must(t, dec.Decode(&last))
		}
		resp.Body.Close()
		if last.Done != 2 || last.Total != 2 || (last.Error != "") != (outcome != nil) || lines < 2 {
			t.Errorf("rebuild: %+v after %d lines", last, lines)
		}
	}
}

// TestAdminProfile takes a profile that lasts as long as the request's body. A
// second one at the same time is refused.
func TestAdminProfile(t *testing.T) {
	h := newHarness(t)
	srv := newAdminServer(t, h, nil)
	take := func(body io.Reader) (int, []byte) {
		resp, err := srv.Client().Post(srv.URL+"/admin/profile", "", body)
		must(t, err)
		defer resp.Body.Close()
		b, err := io.ReadAll(resp.Body)
		must(t, err)
		return resp.StatusCode, b
	}
	gzip := []byte{0x1f, 0x8b}
	if status, b := take(strings.NewReader("any bytes")); status != 200 || !bytes.HasPrefix(b, gzip) {
		t.Errorf("profile: %d, %d bytes", status, len(b))
	}
	must(t, pprof.StartCPUProfile(io.Discard))
	defer pprof.StopCPUProfile()
	if status, _ := take(http.NoBody); status != 409 {
		t.Errorf("a second profile at a time: %d", status)
	}
}
