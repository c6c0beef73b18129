package mews

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
)

// vendor stands for the vendor's clouds: no request leaves the test.
type vendor struct {
	mu     sync.Mutex
	asked  []string // host and path, in order
	answer func(r *http.Request) (status int, region string)
}

func (v *vendor) RoundTrip(r *http.Request) (*http.Response, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = append(v.asked, r.URL.Scheme+" "+r.URL.Host+r.URL.Path)
	status, region := v.answer(r)
	body := `{"meta":{},"errors":[],"resources":["x"],"access_token":"t","expires_in":1799}`
	if status >= 300 {
		body = `{"errors":[{"code":1,"message":"elsewhere"}]}`
	}
	h := http.Header{"X-Cs-Region": {region}, "Location": {"https://evil.example/oauth2/token"}}
	return &http.Response{StatusCode: status, Header: h, Body: io.NopCloser(strings.NewReader(body)), Request: r}, nil
}

// TestRegion: a client of a cloud by name follows the region that the login
// names, to the vendor's hosts only; a client of a base URL stays where it is.
func TestRegion(t *testing.T) {
	const login, call = "/oauth2/token", "/devices/queries/devices/v1"
	for _, tc := range []struct {
		name, base, cloud string
		status            int // of a login at the first host
		region            string
		want              []string
	}{
		{"auto, at home", "", "auto", 201, "us-1", []string{"api.crowdstrike.com" + login, "api.crowdstrike.com" + call}},
		{"auto, moved", "auto", "", 201, "us-2", []string{"api.crowdstrike.com" + login, "api.us-2.crowdstrike.com" + call}},
		{"sent away", "us-1", "", 308, "eu-1", []string{"api.crowdstrike.com" + login, "api.eu-1.crowdstrike.com" + login, "api.eu-1.crowdstrike.com" + call}},
		{"spelt otherwise", "US2", "", 201, "us-2", []string{"api.us-2.crowdstrike.com" + login, "api.us-2.crowdstrike.com" + call}},
		{"government", "", "usgov1", 201, "", []string{"api.laggar.gcw.crowdstrike.com" + login, "api.laggar.gcw.crowdstrike.com" + call}},
		{"refused", "us-1", "", 403, "us-2", []string{"api.crowdstrike.com" + login}},
		{"an unknown region", "us-1", "", 201, "evil.example", []string{"api.crowdstrike.com" + login, "api.crowdstrike.com" + call}},
		{"sent to an unknown region", "us-1", "", 302, "evil.example", []string{"api.crowdstrike.com" + login}},
		{"a server of one's own", "https://mews.example/p", "custom", 201, "us-1", []string{"mews.example/p" + login, "mews.example/p" + call}},
		{"a cloud by its URL", "https://api.us-2.crowdstrike.com", "", 201, "us-1", []string{"api.us-2.crowdstrike.com" + login, "api.us-2.crowdstrike.com" + call}},
	} {
		v := &vendor{}
		v.answer = func(r *http.Request) (int, string) {
			switch {
			case r.URL.Path == call:
				return 200, tc.region
			case len(v.asked) > 1 && strings.HasSuffix(r.URL.Path, login):
				return 201, tc.region
			}
			return tc.status, tc.region
		}
		c, err := NewClient(tc.base, WithCredentials("id", "secret"), WithCloud(tc.cloud), WithTransport(v), WithRetries(0))
		if err != nil {
			t.Errorf("%s: %v", tc.name, err)
			continue
		}
		_, err = c.Command(t.Context(), "QueryDevicesByFilter", Params{})
		var want []string
		for _, one := range tc.want {
			want = append(want, "https "+one)
		}
		if !slices.Equal(v.asked, want) || (err == nil) != strings.HasSuffix(want[len(want)-1], call) {
			t.Errorf("%s: asked %q, want %q; %v", tc.name, v.asked, want, err)
		}
	}
}

func TestBaseRefuses(t *testing.T) {
	creds := WithCredentials("id", "secret")
	for _, tc := range [][2]string{{"", ""}, {"", "us-9"}, {"", "custom"}, {"https://h", "us-1"}, {"us-9", ""}} {
		if _, err := NewClient(tc[0], creds, WithCloud(tc[1])); !errors.Is(err, ErrInvalid) {
			t.Errorf("base %q, cloud %q: %v", tc[0], tc[1], err)
		}
	}
	for _, raw := range []string{"", "host:3128", "ftp://host", "http://", "http://user:secret@host:x"} {
		if _, err := NewClient("https://h", creds, WithProxy(raw)); !errors.Is(err, ErrInvalid) || strings.Contains(err.Error(), "secret") {
			t.Errorf("proxy %q: %v", raw, err)
		}
	}
	t.Setenv("FALCON_BASE_URL", "")
	t.Setenv("FALCON_CLIENT_ID", "id")
	t.Setenv("FALCON_CLIENT_SECRET", "secret")
	for cloud, host := range map[string]string{"eu-1": "api.eu-1.crowdstrike.com", "custom": "", "": ""} {
		t.Setenv("FALCON_CLOUD", cloud)
		if c, err := NewClientFromEnv(); host == "" && !errors.Is(err, ErrInvalid) || host != "" && (err != nil || c.base.Load().Host != host) {
			t.Errorf("FALCON_CLOUD %q: %v", cloud, err)
		}
	}
	if got := Clouds(); fmt.Sprint(got) != "[eu-1 us-1 us-2 us-gov-1 us-gov-2]" {
		t.Errorf("clouds %v", got)
	}
}

// TestOptionsOnTheWire: headers, proxy and unchecked certificates.
func TestOptionsOnTheWire(t *testing.T) {
	var seen http.Header
	s := &stub{revoked: make(chan string, 8)}
	s.Server = httptest.NewTLSServer(s.mux(func(w http.ResponseWriter, r *http.Request) { seen = r.Header; reply(w, 200, quotasBody) }))
	defer s.Close()
	more := http.Header{"X-Ticket": {"7"}, "Authorization": {"Basic x"}, "User-Agent": {"else"}}
	c, _ := s.client(t, WithInsecureTLS(), WithHeaders(more), WithUserAgent("probe"))
	more.Set("X-Ticket", "8")
	_, err := c.Command(t.Context(), "GetMalQueryQuotasV1", Params{Header: http.Header{"X-One": {"1"}}})
	if err != nil || seen.Get("X-Ticket") != "7" || seen.Get("X-One") != "1" || seen.Get("Authorization") != "Bearer token-1" || seen.Get("User-Agent") != "probe mews-go" {
		t.Errorf("sent %v, %v", seen, err)
	}

	var asked []string
	proxy := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = append(asked, r.Method+" "+r.Host)
		w.WriteHeader(http.StatusForbidden)
	}))
	defer proxy.Close()
	c, err = NewClient("https://mews.example", WithCredentials("id", "secret"), WithProxy(proxy.URL), WithRetries(0))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.MalQuery().Quotas(t.Context()); !errors.Is(err, ErrUnavailable) || fmt.Sprint(asked) != "[CONNECT mews.example:443]" {
		t.Errorf("by a proxy: %v, it was asked %q", err, asked)
	}
}

// TestTokenSources: a token from elsewhere is used as it is, and one client's
// tokens serve another.
func TestTokenSources(t *testing.T) {
	good := "Bearer given"
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != good {
			reply(w, 401, `{"errors":[{"code":401,"message":"access denied, invalid bearer token"}]}`)
			return
		}
		reply(w, 200, quotasBody)
	})
	calls := func(c *Client) error { _, err := c.MalQuery().Quotas(t.Context()); return err }
	given, err := NewClient(s.URL, WithAccessToken("given"))
	if err != nil {
		t.Fatal(err)
	}
	if err := calls(given); err != nil {
		t.Errorf("an access token: %v", err)
	}
	good = "Bearer another"
	if err := calls(given); !errors.Is(err, ErrUnauthorized) {
		t.Errorf("a refused access token: %v", err)
	}
	if err := given.Close(); err != nil || s.logins.Load() != 0 || len(s.revoked) != 0 {
		t.Errorf("a given token was renewed or revoked: %v", err)
	}

	good = "Bearer token-1"
	first, _ := s.client(t)
	second, err := NewClient(s.URL, WithTokenSource(first.TokenSource()))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(calls(second), calls(first), calls(second)); err != nil || s.logins.Load() != 1 {
		t.Errorf("two clients logged in %d times: %v", s.logins.Load(), err)
	}
	good = "Bearer token-2"
	if err := calls(second); err != nil || s.logins.Load() != 2 {
		t.Errorf("a dropped token of a shared source: %v after %d logins", err, s.logins.Load())
	}
	if err := second.Close(); err != nil || len(s.revoked) != 0 {
		t.Errorf("a borrower revoked the token: %v", err)
	}
	if err := calls(first); err != nil {
		t.Errorf("the owner after the borrower closed: %v", err)
	}
	if err := first.Close(); err != nil || <-s.revoked != "token-2" {
		t.Errorf("the owner's Close: %v", err)
	}
	if _, err := NewClient(s.URL, WithAccessToken("")); !errors.Is(err, ErrInvalid) {
		t.Errorf("an empty access token: %v", err)
	}
}
