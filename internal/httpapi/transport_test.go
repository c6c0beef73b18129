package httpapi

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	authpkg "github.com/mewshq/mews/internal/auth"
)

// rawExchange writes bytes as they are and reads n answers.
func rawExchange(t *testing.T, h *harness, request string, n int) []*http.Response {
	t.Helper()
	conn, err := net.Dial("tcp", h.srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
	go func() { _, _ = io.WriteString(conn, request) }()
	var out []*http.Response
	in := bufio.NewReader(conn)
	for range n {
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			break
		}
		b, _ := io.ReadAll(r.Body)
		r.Body = io.NopCloser(strings.NewReader(string(b)))
		out = append(out, r)
	}
	return out
}

// checkEnvelope holds an answer to the rules that every answer obeys.
func checkEnvelope(t testing.TB, status int, header http.Header, body []byte) mews.Envelope[json.RawMessage] {
	t.Helper()
	var top map[string]json.RawMessage
	var env mews.Envelope[json.RawMessage]
	if err := json.Unmarshal(body, &top); err != nil {
		t.Fatalf("status %d: no JSON: %q", status, body)
	}
	if err := json.Unmarshal(body, &env); err != nil {
		t.Fatalf("status %d: no envelope: %v in %q", status, err, body)
	}
	for _, name := range []string{"X-Cs-Traceid", "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Cs-Region"} {
		if len(header[name]) != 1 {
			t.Errorf("status %d: header %s is %q", status, name, header[name])
		}
	}
	if _, err := strconv.Atoi(header.Get("X-Ratelimit-Remaining")); err != nil {
		t.Errorf("X-Ratelimit-Remaining: %v", err)
	}
	if header.Get("Content-Type") != "application/json" || env.Meta.TraceID == "" || env.Meta.TraceID != header.Get("X-Cs-Traceid") || header.Get("X-Cs-Region") != "local" {
		t.Errorf("status %d: headers %v, meta %+v", status, header, env.Meta)
	}
	if string(top["errors"]) == "null" || string(top["resources"]) == "null" || top["errors"] == nil || len(top) > 3 {
		t.Errorf("status %d: bad keys in %s", status, body)
	}
	if status >= 400 && (len(env.Errors) == 0 || env.Errors[0].Message == "" || env.Errors[0].Code != status) {
		t.Errorf("status %d: errors are %s", status, top["errors"])
	}
	if status == http.StatusTooManyRequests {
		if _, err := strconv.ParseInt(header.Get("X-Ratelimit-Retryafter"), 10, 64); err != nil || header.Get("Retry-After") == "" {
			t.Errorf("429 without its headers: %v", header)
		}
	}
	return env
}

func TestTransportTable(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	long := strings.Repeat("a", maxURL)
	for name, c := range map[string]struct {
		method, path string
		header       map[string]string
		body         string
		status       int
		want         string
	}{
		"unknown route":      {"GET", "/nope/v1", nil, "", 404, notImplemented},
		"root":               {"GET", "/", nil, "", 404, notImplemented},
		"trailing slash":     {"GET", samplesPath + "/", nil, "", 404, ""},
		"double slash":       {"GET", "/" + samplesPath, nil, "", 404, ""},
		"dot segments":       {"GET", "/x/.." + samplesPath, nil, "", 404, ""},
		"escaped route":      {"GET", "/samples%2Fentities/samples/v3", nil, "", 404, ""},
		"another case":       {"GET", strings.ToUpper(samplesPath), nil, "", 404, ""},
		"spotlight":          {"GET", "/spotlight/combined/installed-patches/v1?filter=x", nil, "", 400, notImplemented},
		"wrong method":       {"PUT", samplesPath, nil, "", 405, "DELETE or GET or POST"},
		"preflight":          {"OPTIONS", samplesPath, map[string]string{"Origin": "https://evil.example", "Access-Control-Request-Method": "POST"}, "", 405, ""},
		"no token":           {"GET", samplesPath + "?ids=x", nil, "", 401, "access denied, invalid bearer token"},
		"token None":         {"GET", samplesPath, map[string]string{"Authorization": "Bearer None"}, "", 401, "access denied, invalid bearer token"},
		"token in the URL":   {"GET", samplesPath + "?access_token=" + token, nil, "", 401, ""},
		"basic scheme":       {"GET", samplesPath, map[string]string{"Authorization": "Basic " + token}, "", 401, ""},
		"two words":          {"GET", samplesPath, map[string]string{"Authorization": "Bearer " + token + " x"}, "", 401, ""},
		"huge authorization": {"GET", samplesPath, map[string]string{"Authorization": "Bearer " + strings.Repeat("x", 20000)}, "", 401, ""},
		"scheme in case":     {"GET", samplesPath, map[string]string{"Authorization": "bEaReR " + token}, "", 400, "ids: required"},
		"long URL":           {"GET", "/" + long, nil, "", 414, "URL"},
		"large headers":      {"GET", "/x", map[string]string{"X-A": strings.Repeat("a", maxHeaders)}, "", 431, "headers"},
		"semicolon":          {"GET", samplesPath + "?ids=a;b=c", bearing(token), "", 400, "malformed query"},
		"repeated parameter": {"GET", samplesPath + "?ids=a&password_protected=true&password_protected=false", bearing(token), "", 400, "duplicate parameter: password_protected"},
		"gzip body":          {"PATCH", "/mews/entities/samples/v1", with(bearing(token), "Content-Encoding", "gzip"), "{}", 415, "Content-Encoding"},
		"wrong media":        {"PATCH", "/mews/entities/samples/v1", with(bearing(token), "Content-Type", "text/xml"), "{}", 415, "application/json"},
		"latin body":         {"PATCH", "/mews/entities/samples/v1", with(bearing(token), "Content-Type", "application/json; charset=latin1"), "{}", 415, "utf-8"},
		"large body":         {"PATCH", "/mews/entities/samples/v1", bearing(token), `{"ids":"` + strings.Repeat("a", maxJSON) + `"}`, 413, "larger than"},
		"unknown field":      {"PATCH", "/mews/entities/samples/v1", bearing(token), `{"ids":["a"],"lable":"clean"}`, 400, "unknown field"},
		"body on DELETE":     {"DELETE", samplesPath, bearing(token), `{}`, 400, "ids: required"},
		"body on GET":        {"GET", samplesPath, bearing(token), `{}`, 400, "ids: required"},
	} {
		t.Run(name, func(t *testing.T) {
			a := h.do(t, c.method, c.path, c.header, c.body)
			env := checkEnvelope(t, a.status, a.header, a.body)
			if a.status != c.status || !strings.Contains(string(a.body), c.want) {
				t.Errorf("got %d %s, want %d %q", a.status, a.body, c.status, c.want)
			}
			if a.header.Get("Access-Control-Allow-Origin") != "" || a.header.Get("Location") != "" {
				t.Errorf("headers %v", a.header)
			}
			if strings.Contains(h.logs.String(), token) {
				t.Error("a token stands in the log")
			}
			if !strings.Contains(h.logs.String(), env.Meta.TraceID) {
				t.Error("the trace id does not stand in the log")
			}
		})
	}
}

// TestSmuggling sends a second request inside the first one's bytes: it must
// never be answered.
func TestSmuggling(t *testing.T) {
	h := newHarness(t)
	inner := "GET /smuggled/v1 HTTP/1.1\r\nHost: x\r\n\r\n"
	for name, request := range map[string]string{
		"CL and TE": "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
		"TE only":   "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
		"on GET":    "GET /nope HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + inner,
	} {
		t.Run(name, func(t *testing.T) {
			got := rawExchange(t, h, request, 2)
			if len(got) != 1 || !got[0].Close {
				t.Fatalf("%d answers; the first closes: %v", len(got), len(got) > 0 && got[0].Close)
			}
		})
	}
	plain := rawExchange(t, h, "GET /nope HTTP/1.1\r\nHost: x\r\n\r\n"+inner, 2)
	if len(plain) != 2 {
		t.Errorf("ordinary pipelined requests: %d answers, want 2", len(plain))
	}
}

// TestRefusedByNetHTTP holds what the package comment says of net/http.
func TestRefusedByNetHTTP(t *testing.T) {
	h := newHarness(t)
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"two lengths":     {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400},
		"signed length":   {"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: +4\r\n\r\nabcd", 400},
		"odd coding":      {"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: xchunked\r\n\r\n", 501},
		"space and colon": {"GET / HTTP/1.1\r\nHost: x\r\nX-A : b\r\n\r\n", 400},
		"two hosts":       {"GET / HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n", 400},
		"no host":         {"GET / HTTP/1.1\r\n\r\n", 400},
		"NUL":             {"GET / HTTP/1.1\r\nHost: x\r\nX-A: a\x00b\r\n\r\n", 400},
		"vast headers":    {"GET / HTTP/1.1\r\nHost: x\r\nX-A: " + strings.Repeat("a", MaxHeaderBytes+8192) + "\r\n\r\n", 431},
		"expectation":     {"POST / HTTP/1.1\r\nHost: x\r\nExpect: magic\r\nContent-Length: 0\r\n\r\n", 417},
	} {
		t.Run(name, func(t *testing.T) {
			got := rawExchange(t, h, c.request, 1)
			if len(got) != 1 || got[0].StatusCode != c.status {
				t.Errorf("got %v, want %d", got, c.status)
			}
		})
	}
}

// TestShortBody: a peer that promises more than it sends gets no effect.
func TestShortBody(t *testing.T) {
	h := newHarness(t)
	conn, err := net.Dial("tcp", h.srv.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprint(conn, "POST /oauth2/token HTTP/1.1\r\nHost: x\r\nContent-Length: 99\r\n\r\nclient_id=a")
	_ = conn.(*net.TCPConn).CloseWrite()
	r, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Fatal(err)
	}
	b, _ := io.ReadAll(r.Body)
	if r.StatusCode != 400 || !strings.Contains(string(b), "ended early") {
		t.Errorf("%d %s", r.StatusCode, b)
	}
}

// A deadlines reader is a body that times out where the deadline says.
type deadlines struct {
	at    time.Time
	start time.Time
	gap   time.Duration // between bytes
	n     int
}

func (d *deadlines) Read(p []byte) (int, error) {
	d.n++
	now := d.start.Add(time.Duration(d.n) * d.gap)
	if !d.at.IsZero() && now.After(d.at) {
		return 0, fmt.Errorf("read: %w", timeout())
	}
	p[0] = 'x'
	return 1, nil
}

func (d *deadlines) Close() error { return nil }

func timeout() error {
	c, s := net.Pipe()
	defer c.Close()
	defer s.Close()
	_ = c.SetReadDeadline(time.Unix(1, 0))
	_, err := c.Read(make([]byte, 1))
	return err
}

func TestSlowBody(t *testing.T) {
	start := time.Now()
	body := &deadlines{start: start, gap: time.Second}
	p := &paced{body: body, start: start, grace: bodyGrace, limit: maxUpload, set: func(at time.Time) error { body.at = at; return nil }}
	n, err := io.Copy(io.Discard, p)
	r, ok := errors.AsType[*refusal](err)
	if !ok || r.status != http.StatusRequestTimeout {
		t.Fatalf("a byte a second: %v", err)
	}
	if want := int64(bodyGrace / time.Second); n != want {
		t.Errorf("cut after %d bytes, want %d", n, want)
	}
	if body.at.IsZero() {
		t.Error("the deadline is lifted: the rest of the body is waited for without end")
	}
	fast := &deadlines{start: start, gap: time.Second / bodyRate}
	p = &paced{body: fast, start: start, grace: bodyGrace, limit: time.Hour, set: func(at time.Time) error { fast.at = at; return nil }}
	if _, err := io.CopyN(io.Discard, p, 1<<20); err != nil {
		t.Errorf("a body at the lowest rate is cut: %v", err)
	}
}

// TestUnfinishedBodies: a peer that never ends its body gets an answer, and does
// not hold its connection. The body that FalconPy sends with a GET costs neither
// the connection nor a long answer.
func TestUnfinishedBodies(t *testing.T) {
	h := newHarness(t, func(d *Deps, _ *authpkg.Options) { d.BodyGrace = 200 * time.Millisecond })
	h.api.add(load(route{"test.long", "GET", "/test/long", "", classLoad, ""}, mediaBytes, func(ctx context.Context, _ actor, _ *struct{}, out *sink) error {
		out.Open(mediaBytes, "x", -1)
		time.Sleep(400 * time.Millisecond)
		return ctx.Err()
	}))
	head := " HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer " + h.token(t) + "\r\nContent-Length: 100\r\n"
	for name, c := range map[string]struct {
		request string
		status  int
	}{
		"json":          {"POST " + fuzzyPath + head + "Content-Type: application/json\r\n\r\n{", 408},
		"upload":        {"POST " + samplesPath + "?file_name=n" + head + "Content-Type: application/octet-stream\r\n\r\na", 408},
		"login":         {"POST /oauth2/token" + head + "\r\na", 408},
		"ignored":       {"GET " + quotaPath + head + "\r\na", 408},
		"wrong media":   {"POST " + fuzzyPath + head + "Content-Type: text/xml\r\n\r\na", 415},
		"unknown route": {"POST /nope" + head + "\r\na", 404},
	} {
		t.Run(name, func(t *testing.T) {
			conn, err := net.Dial("tcp", h.srv.Listener.Addr().String())
			must(t, err)
			defer conn.Close()
			_ = conn.SetDeadline(time.Now().Add(10 * time.Second))
			_, err = io.WriteString(conn, c.request)
			must(t, err)
			in := bufio.NewReader(conn)
			r, err := http.ReadResponse(in, nil)
			if err != nil {
				t.Fatalf("no answer: %v", err)
			}
			b, err := io.ReadAll(r.Body)
			must(t, err)
			if checkEnvelope(t, r.StatusCode, r.Header, b); r.StatusCode != c.status {
				t.Errorf("%d %s, want %d", r.StatusCode, b, c.status)
			}
			if _, err := in.ReadByte(); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
				t.Errorf("the connection stays: %v", err)
			}
		})
	}
	if a := h.do(t, "GET", "/test/long", nil, "{}"); a.status != 200 {
		t.Errorf("a long answer to a GET with a body: %d %s", a.status, a.body)
	}
}

func TestPeer(t *testing.T) {
	trusted := []netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("::1/128")}
	for _, c := range []struct {
		remote  string
		forward []string
		ip      string
		proxied bool
	}{
		{"192.0.2.1:5", []string{"203.0.113.9"}, "192.0.2.1", false},
		{"10.1.1.1:5", nil, "10.1.1.1", true},
		{"10.1.1.1:5", []string{"203.0.113.9"}, "203.0.113.9", true},
		{"10.1.1.1:5", []string{"6.6.6.6, 203.0.113.9", "10.2.2.2"}, "203.0.113.9", true},
		{"10.1.1.1:5", []string{"6.6.6.6, junk"}, "10.1.1.1", true},
		{"[::1]:5", []string{"::ffff:203.0.113.9"}, "203.0.113.9", true},
		{"[::ffff:10.0.0.1]:5", []string{"198.51.100.7"}, "198.51.100.7", true},
		{"@", nil, "@", false},
	} {
		r := &http.Request{RemoteAddr: c.remote, Header: http.Header{"X-Forwarded-For": c.forward}}
		if ip, proxied := peer(r, trusted); ip != c.ip || proxied != c.proxied {
			t.Errorf("%s %q: %s %v, want %s %v", c.remote, c.forward, ip, proxied, c.ip, c.proxied)
		}
	}
}

// TestPanic: a handler's panic is a 500 in the envelope, and the process lives.
func TestPanic(t *testing.T) {
	h := newHarness(t)
	h.api.add(raw[struct{}, struct{}](route{"test.panic", "GET", "/test/panic", "", classRead, ""}, func(context.Context, *call) error {
		panic("secret detail")
	}))
	h.api.add(raw[struct{}, struct{}](route{"test.error", "GET", "/test/error", "", classRead, ""}, func(context.Context, *call) error {
		return errors.New("secret detail")
	}))
	h.api.add(load(route{"test.cut", "GET", "/test/cut", "", classLoad, ""}, mediaBytes, func(_ context.Context, _ actor, req *struct {
		N int `query:"n"`
	}, out *sink,
	) error {
		out.Open(mediaBytes, "x", -1)
		_, _ = out.Write(make([]byte, req.N))
		return errors.New("secret detail")
	}))
	for _, path := range []string{"/test/panic", "/test/error", "/test/cut?n=1000", fmt.Sprintf("/test/cut?n=%d", holdBack)} {
		a := h.do(t, "GET", path, nil, "")
		checkEnvelope(t, a.status, a.header, a.body)
		if a.status != 500 || strings.Contains(string(a.body), "secret") || a.header.Get("Content-Disposition") != "" {
			t.Errorf("%s: %d %s %v", path, a.status, a.body, a.header)
		}
	}
	r, err := http.Get(h.srv.URL + fmt.Sprintf("/test/cut?n=%d", holdBack+1))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if _, err := io.ReadAll(r.Body); r.StatusCode != 200 || err == nil {
		t.Errorf("a download that failed late: %d %v, want a cut body", r.StatusCode, err)
	}
}

// TestInFlight: above the bound requests are shed at once, not queued.
func TestInFlight(t *testing.T) {
	h := newHarness(t)
	h.api.flight = make(chan struct{}, 1)
	enter, leave := make(chan struct{}), make(chan struct{})
	h.api.add(raw[struct{}, struct{}](route{"test.wait", "GET", "/test/wait", "", classRead, ""}, func(context.Context, *call) error {
		close(enter)
		<-leave
		return mews.Errorf(mews.ErrNotFound, "done")
	}))
	done := make(chan int)
	go func() { done <- h.do(t, "GET", "/test/wait", nil, "").status }()
	<-enter
	a := h.do(t, "GET", "/test/other", nil, "")
	checkEnvelope(t, a.status, a.header, a.body)
	if a.status != 503 || a.header.Get("Retry-After") == "" {
		t.Errorf("%d %v", a.status, a.header)
	}
	close(leave)
	if got := <-done; got != 404 {
		t.Errorf("the request in flight ended with %d", got)
	}
}
