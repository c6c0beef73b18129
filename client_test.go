package mews

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// stub is a server that knows how to issue tokens; the rest is the test's.
type stub struct {
	*httptest.Server
	logins  atomic.Int64
	revoked chan string
	tokens  atomic.Pointer[http.HandlerFunc] // replaces the token route
}

func newStub(t *testing.T, api http.HandlerFunc) *stub {
	t.Helper()
	s := &stub{revoked: make(chan string, 8)}
	s.Server = httptest.NewServer(s.mux(api))
	t.Cleanup(s.Close)
	return s
}

func (s *stub) mux(api http.HandlerFunc) http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/token", func(w http.ResponseWriter, r *http.Request) {
		n := s.logins.Add(1)
		if h := s.tokens.Load(); h != nil {
			(*h)(w, r)
			return
		}
		if r.FormValue("client_id") != "id" || r.FormValue("client_secret") != "secret" {
			reply(w, 403, `{"meta":{"trace_id":"t-login"},"errors":[{"code":403,"message":"access denied, invalid client"}]}`)
			return
		}
		reply(w, 201, fmt.Sprintf(`{"access_token":"token-%d","expires_in":1799,"token_type":"bearer"}`, n))
	})
	mux.HandleFunc("POST /oauth2/revoke", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer "+r.FormValue("token") {
			reply(w, 403, `{"errors":[{"code":403,"message":"no"}]}`)
			return
		}
		s.revoked <- r.FormValue("token")
		reply(w, 200, `{"meta":{},"errors":[]}`)
	})
	mux.HandleFunc("/", api)
	return mux
}

func reply(w http.ResponseWriter, status int, body string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, body)
}

// naps records pauses instead of making them.
type naps struct {
	mu   sync.Mutex
	list []time.Duration
}

func (p *naps) sleep(ctx context.Context, d time.Duration) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.list = append(p.list, d)
	return ctx.Err()
}

func (s *stub) client(t *testing.T, opts ...Option) (*Client, *naps) {
	t.Helper()
	p := &naps{}
	quiet := func(set *settings) error {
		set.retry.sleep = p.sleep
		set.retry.jitter = func() float64 { return 1 }
		return nil
	}
	c, err := NewClient(s.URL, append([]Option{WithCredentials("id", "secret"), quiet}, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, p
}

const quotasBody = `{"meta":{"trace_id":"t","hunt_count":3,"hunt_limit":100,"days_left":8},"errors":[]}`

func TestLoginOnceForAll(t *testing.T) {
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer token-1" || !strings.HasPrefix(r.Header.Get("User-Agent"), "probe/1 mews-go") {
			reply(w, 400, `{"errors":[{"code":400,"message":"bad headers"}]}`)
			return
		}
		reply(w, 200, quotasBody)
	})
	c, _ := s.client(t, WithUserAgent("probe/1"))
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			q, err := c.MalQuery().Quotas(t.Context())
			if err != nil || q.HuntCount != 3 || q.DaysLeft != 8 {
				t.Errorf("quotas = %+v, %v", q, err)
			}
		})
	}
	wg.Wait()
	if n := s.logins.Load(); n != 1 {
		t.Errorf("logged in %d times, want once", n)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if got := <-s.revoked; got != "token-1" {
		t.Errorf("revoked %q", got)
	}
	if _, err := c.MalQuery().Quotas(t.Context()); !errors.Is(err, errClosed) {
		t.Errorf("after Close: %v", err)
	}
}

func TestTokenRenewal(t *testing.T) {
	s := newStub(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, quotasBody) })
	now := time.Now()
	c, _ := s.client(t, func(set *settings) error { set.now = func() time.Time { return now }; return nil }, WithRetries(0))
	ask := func() error { _, err := c.MalQuery().Quotas(t.Context()); return err }
	for _, step := range []struct {
		pass  time.Duration
		fail  bool
		login int64
		err   error
	}{
		{0, false, 1, nil},
		{27 * time.Minute, false, 1, nil},
		{time.Minute, true, 2, nil}, // in the renew window: the old token serves when the server is down
		{time.Second, false, 3, nil},
		{time.Hour, true, 4, ErrUnavailable},
		{0, false, 5, nil},
	} {
		now = now.Add(step.pass)
		s.tokens.Store(nil)
		if step.fail {
			down := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				reply(w, 503, `{"errors":[{"code":503,"message":"down"}]}`)
			})
			s.tokens.Store(&down)
		}
		if err := ask(); !errors.Is(err, step.err) {
			t.Errorf("after %s (login fails: %v): %v, want %v", step.pass, step.fail, err, step.err)
		}
		if n := s.logins.Load(); n != step.login {
			t.Errorf("after %s: %d logins, want %d", step.pass, n, step.login)
		}
	}
}

func TestLoginRefused(t *testing.T) {
	s := newStub(t, http.NotFound)
	c, _ := s.client(t, WithCredentials("id", "wrong"))
	_, err := c.MalQuery().Quotas(t.Context())
	var e *Error
	if !errors.Is(err, ErrForbidden) || !errors.As(err, &e) || e.TraceID != "t-login" || strings.Contains(err.Error(), "wrong") {
		t.Errorf("got %v (%+v)", err, e)
	}
	two := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, `{"access_token":"x","expires_in":1799}`) })
	s.tokens.Store(&two)
	if _, err := c.MalQuery().Quotas(t.Context()); err == nil || !strings.Contains(err.Error(), "200 instead of 201") {
		t.Errorf("a token with 200 was taken: %v", err)
	}
}

// TestRevokeBySecret: a server that does not end a token on its own strength is
// given the secret.
func TestRevokeBySecret(t *testing.T) {
	var asked []string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		id, secret, basic := r.BasicAuth()
		asked = append(asked, fmt.Sprint(r.URL.Path, " ", r.FormValue("token"), " ", id, secret))
		switch {
		case r.URL.Path == "/oauth2/token":
			reply(w, 201, `{"access_token":"t","expires_in":1799}`)
		case r.URL.Path == "/oauth2/revoke" && !basic:
			reply(w, 401, `{"errors":[{"code":401,"message":"no"}]}`)
		default:
			reply(w, 200, quotasBody)
		}
	}))
	defer s.Close()
	c, err := NewClient(s.URL, WithCredentials("id", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.MalQuery().Quotas(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	want := "[/oauth2/token    /malquery/aggregates/quotas/v1    /oauth2/revoke t   /oauth2/revoke t idsecret]"
	if got := fmt.Sprint(asked); strings.Join(strings.Fields(got), " ") != strings.Join(strings.Fields(want), " ") {
		t.Errorf("asked %s, want %s", got, want)
	}
}

func TestRefusedTokenIsReplacedOnce(t *testing.T) {
	var alive atomic.Value
	alive.Store("Bearer token-2")
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != alive.Load() {
			reply(w, 401, `{"errors":[{"code":401,"message":"access denied, invalid bearer token"}]}`)
			return
		}
		reply(w, 200, quotasBody)
	})
	c, _ := s.client(t)
	if _, err := c.MalQuery().Quotas(t.Context()); err != nil || s.logins.Load() != 2 {
		t.Errorf("err %v after %d logins", err, s.logins.Load())
	}
	alive.Store("nothing")
	if _, err := c.MalQuery().Quotas(t.Context()); !errors.Is(err, ErrUnauthorized) || s.logins.Load() != 3 {
		t.Errorf("err %v after %d logins: want one more try", err, s.logins.Load())
	}
}

func TestLoginSurvivesItsFirstCaller(t *testing.T) {
	gate := make(chan struct{})
	s := newStub(t, func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, quotasBody) })
	slow := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		<-gate
		reply(w, 201, `{"access_token":"late","expires_in":1799}`)
	})
	s.tokens.Store(&slow)
	c, _ := s.client(t)
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan error, 1)
	go func() { _, err := c.MalQuery().Quotas(ctx); first <- err }()
	for s.logins.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	second := make(chan error, 1)
	go func() { _, err := c.MalQuery().Quotas(t.Context()); second <- err }()
	cancel()
	if err := <-first; !errors.Is(err, context.Canceled) {
		t.Errorf("first caller: %v", err)
	}
	close(gate)
	if err := <-second; err != nil || s.logins.Load() != 1 {
		t.Errorf("second caller: %v after %d logins", err, s.logins.Load())
	}
}

// TestRetries drives each rule of repetition: which calls, which faults, how long.
func TestRetries(t *testing.T) {
	quotas := func(ctx context.Context, c *Client) error { _, err := c.MalQuery().Quotas(ctx); return err }
	hunt := func(ctx context.Context, c *Client) error {
		_, err := c.MalQuery().Hunt(ctx, HuntRequest{})
		return err
	}
	limited := func(after time.Duration) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			// A server clock that is years off: only the difference counts.
			date := time.Date(2001, 1, 1, 0, 0, 0, 0, time.UTC)
			w.Header().Set("Date", date.Format(http.TimeFormat))
			w.Header().Set("X-Ratelimit-Retryafter", fmt.Sprint(date.Add(after).Unix()))
			reply(w, 429, `{"errors":[{"code":429,"message":"slow down"}]}`)
		}
	}
	status := func(code int) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) { reply(w, code, `{"errors":[{"code":1,"message":"no"}]}`) }
	}
	cut := func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Length", "5000")
		w.WriteHeader(200)
		_, _ = io.WriteString(w, `{"meta":{"reqid":"x"`)
	}
	hangUp := func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }
	const ms = time.Millisecond
	for _, tc := range []struct {
		name  string
		do    func(context.Context, *Client) error
		fault http.HandlerFunc
		times int64 // faults before the good answer
		want  error
		naps  []time.Duration
	}{
		{"429 with a time", quotas, limited(7 * time.Second), 1, nil, []time.Duration{7*time.Second + 250*ms/4}},
		{"429 with a time, unsafe call", hunt, limited(2 * time.Second), 1, nil, []time.Duration{2*time.Second + 250*ms/4}},
		{"429 in the past", quotas, limited(-time.Minute), 1, nil, []time.Duration{250 * ms / 4}},
		{"429 next month", quotas, limited(20 * 24 * time.Hour), 1, ErrLimited, nil},
		{"429 without a time", quotas, status(429), 2, nil, []time.Duration{250 * ms, 500 * ms}},
		{"429 without a time, unsafe call", hunt, status(429), 1, ErrLimited, nil},
		{"503", quotas, status(503), 2, nil, []time.Duration{250 * ms, 500 * ms}},
		{"503 for ever", quotas, status(503), 99, ErrUnavailable, []time.Duration{250 * ms, 500 * ms, 1000 * ms, 2000 * ms}},
		{"503, unsafe call", hunt, status(503), 1, ErrUnavailable, nil},
		{"500", quotas, status(500), 1, ErrInternal, nil},
		{"cut reply", quotas, cut, 1, nil, []time.Duration{250 * ms}},
		{"cut reply, unsafe call", hunt, cut, 1, errCut, nil},
		{"hang up", quotas, hangUp, 1, nil, []time.Duration{250 * ms}},
		{"hang up, unsafe call", hunt, hangUp, 1, ErrUnavailable, nil},
	} {
		t.Run(tc.name, func(t *testing.T) {
			var n atomic.Int64
			s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
				if n.Add(1) <= tc.times {
					tc.fault(w, r)
					return
				}
				reply(w, 200, `{"meta":{"reqid":"6f2f6a4e-0000-4000-8000-000000000001","hunt_count":1}}`)
			})
			// One connection per request: the transport itself repeats a GET whose
			// kept-alive connection was dead.
			told := 0
			notice := WithRetryNotice(func(string, error, time.Duration) { told++ })
			c, p := s.client(t, WithTransport(&http.Transport{DisableKeepAlives: true}), notice)
			if err := tc.do(t.Context(), c); !errors.Is(err, tc.want) {
				t.Errorf("got %v, want %v", err, tc.want)
			}
			if fmt.Sprint(p.list) != fmt.Sprint(tc.naps) {
				t.Errorf("paused %v, want %v", p.list, tc.naps)
			}
			if told != len(tc.naps) {
				t.Errorf("told of %d pauses, made %d", told, len(tc.naps))
			}
		})
	}
}

func TestErrorsCrossTheWire(t *testing.T) {
	for code, kind := range map[int]error{
		400: ErrInvalid, 401: ErrUnauthorized, 403: ErrForbidden, 404: ErrNotFound, 405: ErrInvalid, 409: ErrConflict,
		413: ErrTooLarge, 429: ErrLimited, 500: ErrInternal, 503: ErrUnavailable, 302: ErrInternal,
	} {
		s := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "/elsewhere")
			reply(w, code, `{"meta":{"trace_id":"t-1","required_scope":"malquery:read"},"errors":[{"code":1,"message":"first","id":"x"},{"code":1,"message":"second"}]}`)
		})
		c, _ := s.client(t, WithRetries(0))
		_, err := c.MalQuery().Quotas(t.Context())
		var e *Error
		if !errors.Is(err, kind) || !errors.As(err, &e) {
			t.Errorf("%d: %v is not %v", code, err, kind)
			continue
		}
		if want := "first\nsecond (the API client lacks the scope malquery:read)"; e.Message != want || e.TraceID != "t-1" || e.ID != "x" {
			t.Errorf("%d: %+v", code, e)
		}
	}
	s := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(404)
		_, _ = io.WriteString(w, "<html>nginx")
	})
	c, _ := s.client(t)
	if _, err := c.MalQuery().Quotas(t.Context()); !errors.Is(err, ErrNotFound) || strings.Contains(err.Error(), "nginx") {
		t.Errorf("foreign page: %v", err)
	}
}

func TestDownload(t *testing.T) {
	const text = "not malware at all"
	sum := sha256.Sum256([]byte(text))
	sha := hex.EncodeToString(sum[:])
	stall := make(chan struct{})
	t.Cleanup(func() { close(stall) })
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/octet-stream")
		switch {
		case strings.HasSuffix(r.URL.Path, "/samples/v3") && r.FormValue("password_protected") == "true":
			_, _ = io.WriteString(w, "zip bytes")
		case strings.HasSuffix(r.URL.Path, "/samples/v3"):
			_, _ = io.WriteString(w, "other bytes")
		case r.FormValue("ids") == "cut":
			w.Header().Set("Content-Length", "100")
			_, _ = io.WriteString(w, text)
		case r.FormValue("ids") == "stall":
			_, _ = io.WriteString(w, text)
			w.(http.Flusher).Flush()
			select {
			case <-stall:
			case <-r.Context().Done():
			}
		case r.FormValue("ids") == sha:
			_, _ = io.WriteString(w, text)
		default:
			reply(w, 404, `{"errors":[{"code":404,"message":"unknown sample"}]}`)
		}
	})
	c, _ := s.client(t, WithTimeout(200*time.Millisecond))
	read := func(d *Download, err error) (string, error) {
		if err != nil {
			return "", err
		}
		defer d.Close()
		b, err := io.ReadAll(d)
		return string(b), err
	}
	q, st, ctx := c.MalQuery(), c.Samples(), t.Context()
	if got, err := read(q.Download(ctx, sha)); got != text || err != nil {
		t.Errorf("got %q, %v", got, err)
	}
	if _, err := read(st.Get(ctx, sha)); err == nil || !strings.Contains(err.Error(), "do not use them") {
		t.Errorf("wrong bytes passed: %v", err)
	}
	if got, err := read(st.GetZip(ctx, sha)); got != "zip bytes" || err != nil {
		t.Errorf("zip: %q, %v", got, err)
	}
	if _, err := read(q.Download(ctx, "cut")); !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("cut body: %v", err)
	}
	if _, err := read(q.Archive(ctx, "stall")); err == nil || !strings.Contains(err.Error(), "sent nothing for 200ms") {
		t.Errorf("stalled body: %v", err)
	}
	if _, err := read(q.Archive(ctx, "none")); !errors.Is(err, ErrNotFound) {
		t.Errorf("unknown: %v", err)
	}
}

func TestUpload(t *testing.T) {
	var n atomic.Int64
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		if n.Add(1) == 1 {
			reply(w, 503, `{"errors":[{"code":503,"message":"busy"}]}`)
			return
		}
		q := r.URL.Query()
		if r.Header.Get("Content-Type") != "application/octet-stream" || q.Get("is_confidential") != "false" || q.Get("first_seen") != "2024/05/06" {
			reply(w, 400, `{"errors":[{"code":400,"message":"bad request"}]}`)
			return
		}
		out, _ := json.Marshal(Envelope[UploadedSample]{Resources: []UploadedSample{{
			SHA256: fmt.Sprintf("%s|%d|%s", b, r.ContentLength, strings.Join(q["tags"], "+")), FileName: q.Get("file_name"),
		}}})
		reply(w, 200, string(out))
	})
	c, _ := s.client(t)
	opts := UploadOptions{FileName: "a b&c.exe", Tags: []string{"x", "y"}, FirstSeen: "2024/05/06", NotConfidential: true}
	r := strings.NewReader("--payload")
	_, _ = r.Seek(2, io.SeekStart)
	got, err := c.Samples().Upload(t.Context(), r, opts)
	if err != nil || got.SHA256 != "payload|7|x+y" || got.FileName != "a b&c.exe" {
		t.Errorf("after a repeated attempt: %+v, %v", got, err)
	}
	stream := struct{ io.Reader }{strings.NewReader("streamed")}
	got, err = c.Samples().Upload(t.Context(), stream, opts)
	if err != nil || got.SHA256 != "streamed|-1|x+y" {
		t.Errorf("stream: %+v, %v", got, err)
	}
	n.Store(0)
	if _, err := c.Samples().Upload(t.Context(), struct{ io.Reader }{strings.NewReader("once")}, opts); !errors.Is(err, ErrUnavailable) || n.Load() != 1 {
		t.Errorf("a stream was sent %d times: %v", n.Load(), err)
	}
}

func TestWait(t *testing.T) {
	var n atomic.Int64
	end := `{"meta":{"reqid":"r","status":"done","stats":{"total_count":1}},"errors":[],"resources":[{"sha256":"s","samples":[]}]}`
	s := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		if n.Add(1) < 3 {
			reply(w, 200, `{"meta":{"reqid":"r","status":"inprogress","progress":{"done":1,"total":4}},"errors":[],"resources":[]}`)
			return
		}
		reply(w, 200, end)
	})
	c, p := s.client(t)
	var seen []string
	env, err := c.MalQuery().Wait(t.Context(), "r", func(e *Envelope[RequestResult]) { seen = append(seen, e.Meta.Status) })
	if err != nil || len(env.Resources) != 1 || strings.Join(seen, " ") != "inprogress inprogress done" || len(p.list) != 2 {
		t.Errorf("env %+v, err %v, seen %v, naps %v", env, err, seen, p.list)
	}
	end = `{"meta":{"reqid":"r","status":"failed","trace_id":"t-9"},"errors":[{"code":503,"message":"worker gone"}],"resources":[]}`
	env, err = c.MalQuery().Wait(t.Context(), "r", nil)
	var e *Error
	if !errors.Is(err, ErrUnavailable) || !errors.As(err, &e) || e.TraceID != "t-9" || env == nil {
		t.Errorf("failed request: %v", err)
	}
}

func TestBatches(t *testing.T) {
	known := fmt.Sprintf("%064x", 1500)
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		ids := r.URL.Query()["ids"]
		if len(ids) > maxHashes || len(r.URL.String()) > 100<<10 {
			reply(w, 400, `{"errors":[{"code":400,"message":"too many"}]}`)
			return
		}
		for _, id := range ids {
			if id == known {
				reply(w, 200, `{"meta":{},"errors":[{"code":404,"message":"unknown","id":"z"}],"resources":[{"sha256":"`+id+`"}]}`)
				return
			}
		}
		reply(w, 404, `{"errors":[{"code":404,"message":"unknown"}]}`)
	})
	c, _ := s.client(t)
	var ids []string
	for i := range 2500 {
		ids = append(ids, fmt.Sprintf("%064x", i))
	}
	env, err := c.Samples().Info(t.Context(), ids...)
	if err != nil || len(env.Resources) != 1 || env.Resources[0].SHA256 != known || len(env.Errors) != 1501 {
		t.Errorf("%d errors, %v", len(env.Errors), err)
	}
	if _, err := c.Samples().Info(t.Context(), ids[:1400]...); !errors.Is(err, ErrNotFound) {
		t.Errorf("none known: %v", err)
	}
}

func TestTrust(t *testing.T) {
	s := &stub{revoked: make(chan string, 8)}
	s.Server = httptest.NewTLSServer(s.mux(func(w http.ResponseWriter, _ *http.Request) { reply(w, 200, quotasBody) }))
	defer s.Close()
	s.Config.ErrorLog = nil
	c, _ := s.client(t, WithRetries(0))
	if _, err := c.MalQuery().Quotas(t.Context()); !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "MEWS_CA") {
		t.Errorf("foreign CA: %v", err)
	}
	ca := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})
	c, _ = s.client(t, WithCA(ca))
	if _, err := c.MalQuery().Quotas(t.Context()); err != nil {
		t.Errorf("own CA: %v", err)
	}
}

func TestNewClientRefuses(t *testing.T) {
	creds := WithCredentials("id", "secret")
	for _, url := range []string{"", "mews.example", "http://mews.example", "http://10.0.0.1", "ftp://h", "https://u:p@h", "https://h?x=1", "://"} {
		if _, err := NewClient(url, creds); !errors.Is(err, ErrInvalid) {
			t.Errorf("base URL %q: %v", url, err)
		}
	}
	for _, url := range []string{"https://h", "https://h:8443/", "https://h/prefix", "http://127.0.0.1:1", "http://[::1]:1", "http://localhost:1"} {
		if _, err := NewClient(url, creds); err != nil {
			t.Errorf("base URL %q: %v", url, err)
		}
	}
	if c, _ := NewClient("https://h/prefix/", creds); c.url("/a/b", nil) != "https://h/prefix/a/b" {
		t.Errorf("prefix lost: %s", c.url("/a/b", nil))
	}
	if _, err := NewClient("https://h"); !errors.Is(err, ErrUnauthorized) {
		t.Errorf("no credentials: %v", err)
	}
	if _, err := NewClient("https://h", creds, WithCA([]byte("junk"))); !errors.Is(err, ErrInvalid) {
		t.Errorf("junk CA: %v", err)
	}
	if _, err := NewClient("https://h", creds, WithTimeout(0)); !errors.Is(err, ErrInvalid) {
		t.Errorf("zero timeout: %v", err)
	}
	for k, v := range map[string]string{"FALCON_BASE_URL": "https://h", "FALCON_CLIENT_ID": "id", "FALCON_CLIENT_SECRET": "secret", "FALCON_MEMBER_CID": "m"} {
		t.Setenv(k, v)
	}
	if c, err := NewClientFromEnv(); err != nil || c.login.form.Get("client_secret") != "secret" || c.login.form.Get("member_cid") != "m" {
		t.Errorf("from the environment: %v", err)
	}
}

// FuzzReply feeds replies of all kinds: no text may break the client, and each
// failure must have a kind and say something.
func FuzzReply(f *testing.F) {
	f.Add(400, []byte(`{"meta":{"trace_id":"t"},"errors":[{"code":400,"message":"m"}]}`), "1700000000")
	f.Add(200, []byte(`{"meta":{"hunt_count":1},"errors":null,"resources":null}`), "")
	f.Add(500, []byte(`<html>`), "-1")
	f.Add(429, []byte(`{"errors":[{}]}`), "99999999999999999999")
	f.Fuzz(func(t *testing.T, status int, b []byte, after string) {
		r := &http.Response{StatusCode: status, Header: http.Header{"X-Ratelimit-Retryafter": {after}}, Body: io.NopCloser(strings.NewReader(string(b)))}
		if d := askedWait(r.Header, time.Unix(1700000000, 0)); d < -1 {
			t.Errorf("asked to wait %s", d)
		}
		if status >= 200 && status < 300 {
			var env Envelope[RequestResult]
			_ = readJSON(r, &env)
			return
		}
		err := replyError(r)
		if StatusOf(err) < 400 {
			t.Errorf("status %d became %v", status, err)
		}
	})
}
