package sdk

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/mewshq/mews"
)

const (
	loginCall   = "POST /oauth2/token"
	devicesCall = "GET /devices/queries/devices/v1"
)

func oneLogin(t *testing.T, s *target) {
	c := s.client(t)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			if _, err := c.Hosts().Query(t.Context(), mews.RecordQuery{Limit: 1}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := s.wire.sent(loginCall); !slices.Equal(got, []int{201}) {
		t.Errorf("logins: %v", got)
	}
	token, err := c.TokenSource().Token(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	held := s.client(t, mews.WithAccessToken(token))
	if _, err := held.Hosts().Query(t.Context(), mews.RecordQuery{}); err != nil {
		t.Errorf("the token elsewhere: %v", err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := held.Hosts().Query(t.Context(), mews.RecordQuery{}); !errors.Is(err, mews.ErrUnauthorized) {
		t.Errorf("the token after Close: %v", err)
	}
	if _, err := c.Hosts().Query(t.Context(), mews.RecordQuery{}); err == nil {
		t.Error("a closed client works")
	}
}

func endedToken(t *testing.T, s *target) {
	c := s.client(t)
	call := func() error { _, err := c.Hosts().Query(t.Context(), mews.RecordQuery{}); return err }
	if err := call(); err != nil {
		t.Fatal(err)
	}
	s.wire.breakNext(devicesCall, status(401))
	if err := call(); err != nil {
		t.Errorf("after the token was refused: %v", err)
	}
	if got := s.wire.sent(devicesCall); !slices.Equal(got, []int{200, 401, 200}) {
		t.Errorf("calls: %v", got)
	}
	s.wire.breakNext(devicesCall, status(401), status(401))
	if err := call(); !errors.Is(err, mews.ErrUnauthorized) {
		t.Errorf("refused again: %v", err)
	}
	if got := len(s.wire.sent(loginCall)); got != 3 {
		t.Errorf("%d logins, want 3", got)
	}
}

func sharedTokens(t *testing.T, s *target) {
	a := s.client(t)
	b := s.client(t, mews.WithTokenSource(a.TokenSource()))
	for _, c := range []*mews.Client{b, a} {
		if _, err := c.Hosts().Query(t.Context(), mews.RecordQuery{}); err != nil {
			t.Fatal(err)
		}
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Hosts().Query(t.Context(), mews.RecordQuery{}); err != nil {
		t.Errorf("after the borrower closed: %v", err)
	}
	if got := s.wire.sent(loginCall); len(got) != 1 {
		t.Errorf("logins: %v", got)
	}
}

func refusedClients(t *testing.T, s *target) {
	wrong := s.client(t, mews.WithCredentials(s.id, "not-the-secret"))
	_, err := wrong.Hosts().Query(t.Context(), mews.RecordQuery{})
	if !errors.Is(err, mews.ErrForbidden) || !strings.HasPrefix(err.Error(), "log in: ") && !strings.Contains(err.Error(), "invalid client") || strings.Contains(err.Error(), "not-the-secret") {
		t.Errorf("a wrong secret: %v", err)
	}
	limited := s.client(t, mews.WithCredentials(s.limitedID, s.limitedSecret))
	if _, err := limited.Hosts().Query(t.Context(), mews.RecordQuery{}); err != nil {
		t.Errorf("within its scopes: %v", err)
	}
	_, err = limited.MalQuery().Quotas(t.Context())
	if e, ok := errors.AsType[*mews.Error](err); !ok || !errors.Is(err, mews.ErrForbidden) || e.Code != 403 || e.TraceID == "" {
		t.Errorf("beyond its scopes: %v", err)
	}
}

// requests: what every request has, whoever the server is.
func requests(t *testing.T, s *target) {
	c := s.client(t, mews.WithUserAgent("suite/1"), mews.WithHeaders(map[string][]string{"X-Ticket": {"7"}}))
	if _, err := c.Hosts().Query(t.Context(), mews.RecordQuery{Limit: 2, Filter: "hostname:*'*'"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Samples().Get(t.Context(), strings.Repeat("0", 64)); !errors.Is(err, mews.ErrNotFound) {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	for _, e := range s.wire.all() {
		switch h := e.header; {
		case !strings.HasPrefix(h.Get("User-Agent"), "suite/1 "), h.Get("X-Ticket") != "7":
			t.Errorf("%s: %v", e.call, h)
		case e.call == loginCall && (h.Get("Authorization") != "" || h.Get("Content-Type") != "application/x-www-form-urlencoded"):
			t.Errorf("%s: %v", e.call, h)
		case strings.HasPrefix(e.call, "GET ") && (!strings.HasPrefix(h.Get("Authorization"), "Bearer ") || h.Get("Content-Type") != ""):
			t.Errorf("%s: %v", e.call, h)
		case strings.Contains(e.call, "devices") && h.Get("Accept") != "application/json":
			t.Errorf("%s: %v", e.call, h)
		}
	}
	if got := s.wire.sent("POST /oauth2/revoke"); len(got) == 0 || got[len(got)-1] != 200 {
		t.Errorf("logouts: %v", got)
	}
}
