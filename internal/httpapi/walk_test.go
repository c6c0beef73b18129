package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
	authpkg "github.com/mewshq/mews/internal/auth"
	"github.com/mewshq/mews/internal/yara"
	"github.com/mewshq/mews/internal/yara/yaratest"
)

// walkUpload is the largest sample of the walk's server.
const walkUpload = 64 << 10

// A walk is a server with a little of everything, and the clients that ask it.
type walk struct {
	*harness
	t          *testing.T
	id, secret string
	token      string // may do everything
	powerless  map[string]string
	slow       string // has used up its client's rate
	job        string // a request of the token's client that is over
}

// TestWalk asks every operation of the table rightly and in each wrong way, and
// holds all answers to the rules of the envelope and of files.
func TestWalk(t *testing.T) {
	w := newWalk(t)
	for id := range proofs {
		if !slices.ContainsFunc(table(), func(row operation) bool { return row.id == id }) {
			t.Errorf("there is a proof of %s, but no such operation", id)
		}
	}
	for _, row := range w.api.operations() {
		t.Run(row.id, func(t *testing.T) {
			w.refusals(t, row)
			if row.facade {
				return // its own tests ask it, with its own rules
			}
			p, ok := proofs[row.id]
			if !ok {
				t.Fatal("no proof: add one to proofs_test.go")
			}
			w.t = t
			q := p.right(w)
			w.rightly(t, row, p, q)
			w.wrongly(t, row, p, q)
			w.tooMuch(t, row, p, q)
		})
	}
}

func newWalk(t *testing.T) *walk {
	w := &walk{t: t, powerless: map[string]string{}}
	scanner := yara.Options{Path: yaratest.Worker(t), Sandbox: yara.SandboxBestEffort, MaxWorkers: 1}
	w.harness = newHarnessWith(t, scanner, devMode, func(d *Deps, _ *authpkg.Options) { d.MaxUpload = walkUpload })
	w.id, w.secret = w.client(t, ownCID)
	w.token = w.issue(w.id, w.secret)
	w.ingested(t, w.token, started(1, 7, "walk.exe"), asked(1, 7, "walk.example"), started(2, 7, "walk.exe"))
	w.detect(t, ownCID, "met.example", sensorID(1), sensorID(2))

	id, secret := w.client(t, ownCID)
	w.slow = w.issue(id, secret)
	_, err := w.auth.SetRate(t.Context(), actor{CID: ownCID, Client: "test"}, id, 1)
	must(t, err)
	if a := w.do(t, "GET", quotaPath, bearing(w.slow), ""); a.status != 200 {
		t.Fatalf("the one request of the slow client: %d %s", a.status, a.body)
	}
	return w
}

func (w *walk) issue(id, secret string) string {
	w.t.Helper()
	tok, err := w.auth.IssueToken(w.t.Context(), id, secret, "", "192.0.2.1", nil)
	must(w.t, err)
	return tok.AccessToken
}

// without is a token with every scope but the row's.
func (w *walk) without(row operation) string {
	if w.powerless[row.scope] == "" {
		w.powerless[row.scope] = w.harness.token(w.t, slices.DeleteFunc(w.auth.Scopes(), func(s string) bool {
			return slices.Contains(strings.Split(row.scope, scopeOr), s)
		})...)
	}
	return w.powerless[row.scope]
}

// rightly asks as the operation wants it.
func (w *walk) rightly(t *testing.T, row operation, p proof, q ask) {
	a := w.ask(t, row, q, w.token)
	if want := max(row.success, http.StatusOK); a.status != want {
		t.Fatalf("%d %s, want %d", a.status, a.body, want)
	}
	switch {
	case p.bare:
		w.headers(t, a)
	case row.media != "":
		w.headers(t, a)
		// A client decides by the type alone whether it got a file or JSON.
		if got := a.header.Get("Content-Type"); got != mediaBytes && got != mediaZip {
			t.Errorf("a file of the type %q", got)
		}
		if len(a.body) == 0 || a.header.Get("Content-Length") != strconv.Itoa(len(a.body)) {
			t.Errorf("%d bytes, Content-Length %q", len(a.body), a.header.Get("Content-Length"))
		}
	default:
		w.envelope(t, a)
		w.documented(t, row, p, a)
	}
}

// wrongly asks for what cannot be and for what is not there.
func (w *walk) wrongly(t *testing.T, row operation, p proof, right ask) {
	for status, asks := range map[int][]ask{400: p.wrong, 403: p.denied, 404: p.none} {
		for _, q := range asks {
			if a := w.ask(t, row, q, w.token); a.status != status {
				t.Errorf("%+v: %d %s, want %d", q, a.status, a.body, status)
			} else {
				w.envelope(t, a)
			}
		}
	}
	if row.scope == "" {
		return // its parameters stand in the form
	}
	for _, query := range []string{"?ids=%zz", "?a=1;b=2"} {
		q := right
		q.query = query
		if a := w.ask(t, row, q, w.token); a.status != 400 {
			t.Errorf("%s: %d %s, want 400", query, a.status, a.body)
		}
	}
}

// refusals asks as somebody who may not, too often, and in the wrong way.
func (w *walk) refusals(t *testing.T, row operation) {
	want := func(what string, row operation, token string, status int, message string) answer {
		t.Helper()
		a := w.ask(t, row, ask{}, token)
		if row.facade {
			checkElastic(t, row, a)
		} else {
			w.envelope(t, a)
		}
		if a.status != status || row.method != http.MethodHead && !strings.Contains(string(a.body), message) {
			t.Errorf("%s: %d %s, want %d", what, a.status, a.body, status)
		}
		return a
	}
	if row.scope != "" {
		want("no token", row, "", 401, "access denied, invalid bearer token")
		want("without the scope", row, w.without(row), 403, "access denied, authorization failed")
		a := want("too often", row, w.slow, 429, "rate limit exceeded")
		at, err := strconv.ParseInt(a.header.Get("X-Ratelimit-Retryafter"), 10, 64)
		if wait := time.Until(time.Unix(at, 0)); err != nil || wait <= 0 || wait > 66*time.Second || a.header.Get("X-Ratelimit-Limit") != "1" || a.header.Get("X-Ratelimit-Remaining") != "0" {
			t.Errorf("too often: retry in %v (%v), headers %v", wait, err, a.header)
		}
	}
	for _, method := range []string{"GET", "POST", "PUT", "PATCH", "DELETE"} {
		if methods, _ := w.api.find(mustRequest(t, method, row.path)); methods != nil {
			continue
		}
		wrong := row
		wrong.method = method
		a := want(method, wrong, w.token, 405, "method not allowed")
		if !strings.Contains(a.header.Get("Allow"), row.method) {
			t.Errorf("%s: Allow %q", method, a.header.Get("Allow"))
		}
	}
	if !row.facade { // a facade's path may hold a name
		for _, path := range []string{row.path + "/", row.path + "/x", "/" + row.path, strings.ToUpper(row.path)} {
			wrong := row
			wrong.path = path
			want(path, wrong, w.token, 404, notImplemented)
		}
	}
}

func mustRequest(t testing.TB, method, path string) *http.Request {
	r, err := http.NewRequestWithContext(t.Context(), method, path, nil)
	must(t, err)
	return r
}

// tooMuch announces a body that is too large: it is refused before it comes.
func (w *walk) tooMuch(t *testing.T, row operation, p proof, q ask) {
	large := p.large
	if s := newShape(row.req); s.body >= 0 {
		large = s.max + 1
	} else if large == 0 && (row.consumes != nil || row.class == classUpload) {
		large = maxJSON + 1
	}
	if large == 0 {
		return // its body means nothing
	}
	request := fmt.Sprintf("%s %s HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: %d\r\n\r\n",
		row.method, row.path+q.query, w.token, mediaOf(q), large)
	answers := rawExchange(t, w.harness, request, 1)
	if len(answers) != 1 {
		t.Fatal("a body that is too large: no answer")
	}
	body, _ := io.ReadAll(answers[0].Body)
	a := answer{answers[0].StatusCode, answers[0].Header, body}
	w.envelope(t, a)
	if a.status != 413 || !answers[0].Close {
		t.Errorf("a body of %d bytes: %d %s, want 413 and the connection's end", large, a.status, a.body)
	}
}

func mediaOf(q ask) string {
	if q.media == "" {
		return mediaJSON
	}
	return q.media
}

// envelope holds a JSON answer to the rules that all obey.
func (w *walk) envelope(t testing.TB, a answer) {
	t.Helper()
	checkEnvelope(t, a.status, a.header, a.body)
	w.headers(t, a)
	if where := findNull("", a.body); where != "" {
		t.Errorf("%s is null in %s", where, a.body)
	}
	var top struct {
		Meta      map[string]json.RawMessage
		Resources *[]json.RawMessage
	}
	must(t, json.Unmarshal(a.body, &top))
	var seconds float64
	if err := json.Unmarshal(top.Meta["query_time"], &seconds); err != nil || seconds < 0 {
		t.Errorf("query_time %s", top.Meta["query_time"])
	}
	if !traceForm.MatchString(a.header.Get("X-Cs-Traceid")) {
		t.Errorf("trace id %q", a.header.Get("X-Cs-Traceid"))
	}
	if a.status >= 400 && (top.Resources == nil || len(*top.Resources) != 0) {
		t.Errorf("%d with the resources %s", a.status, a.body)
	}
}

var traceForm = regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)

// headers holds any answer to the headers that clients read.
func (w *walk) headers(t testing.TB, a answer) {
	t.Helper()
	limit, err1 := strconv.Atoi(a.header.Get("X-Ratelimit-Limit"))
	left, err2 := strconv.Atoi(a.header.Get("X-Ratelimit-Remaining"))
	if err1 != nil || err2 != nil || limit < 1 || left < 0 || left > limit {
		t.Errorf("rate headers %v", a.header)
	}
	if a.header.Get("X-Cs-Region") != "local" || a.header.Get("Date") == "" || a.header.Get("Content-Length") == "" || a.status == 204 || len(a.body) == 0 {
		t.Errorf("%d with headers %v and %d bytes", a.status, a.header, len(a.body))
	}
}

// documented decodes an answer into the types that the table documents it by:
// no key is unknown to them, and each integer is one.
func (w *walk) documented(t testing.TB, row operation, p proof, a answer) {
	t.Helper()
	var top map[string]json.RawMessage
	must(t, json.Unmarshal(a.body, &top))
	if (top["resources"] == nil) != p.metaOnly {
		t.Errorf("resources are there: %v; the answer has only meta: %v", top["resources"] != nil, p.metaOnly)
	}
	strictly(t, top["meta"], reflect.TypeFor[mews.Meta]())
	strictly(t, top["errors"], reflect.TypeFor[[]mews.APIError]())
	if string(top["errors"]) != "[]" {
		t.Errorf("success with errors: %s", a.body)
	}
	switch {
	case top["resources"] == nil:
	case row.res == nil:
		strictly(t, top["resources"], reflect.TypeFor[[0]struct{}]())
	default:
		strictly(t, top["resources"], reflect.SliceOf(row.res))
	}
}

func strictly(t testing.TB, text json.RawMessage, typ reflect.Type) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(reflect.New(typ).Interface()); err != nil {
		t.Errorf("%s is no %s: %v", text, typ, err)
	}
}

// findNull gives the place of a null, "" when there is none.
func findNull(at string, text json.RawMessage) string {
	var list []json.RawMessage
	var object map[string]json.RawMessage
	switch {
	case string(text) == "null":
		return at
	case json.Unmarshal(text, &list) == nil:
		for i, one := range list {
			if where := findNull(fmt.Sprintf("%s[%d]", at, i), one); where != "" {
				return where
			}
		}
	case json.Unmarshal(text, &object) == nil:
		for key, one := range object {
			if where := findNull(at+"."+key, one); where != "" {
				return where
			}
		}
	}
	return ""
}

// ask sends a request on a connection of its own, and reads the header names as
// they were spelled: clients look them up in maps that know case.
func (w *walk) ask(t testing.TB, row operation, q ask, token string) answer {
	t.Helper()
	path := strings.ReplaceAll(strings.ReplaceAll(row.path, "{name}", "x"), "{index}", "x")
	r, err := http.NewRequestWithContext(t.Context(), row.method, w.srv.URL+path+q.query, strings.NewReader(q.body))
	must(t, err)
	r.Header.Set("Content-Type", mediaOf(q))
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	wire := &tee{}
	client := &http.Client{
		Transport:     &http.Transport{DialContext: wire.dial, DisableKeepAlives: true, DisableCompression: true},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	resp, err := client.Do(r)
	must(t, err)
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	must(t, err)
	names := wire.headerNames(t)
	for _, name := range []string{"X-Cs-Traceid", "X-Ratelimit-Limit", "X-Ratelimit-Remaining", "X-Cs-Region", "Content-Type"} {
		if !slices.Contains(names, name) {
			t.Errorf("%s %s: no header is spelled %s: %q", row.method, path, name, names)
		}
	}
	if resp.StatusCode == http.StatusTooManyRequests && !slices.Contains(names, "X-Ratelimit-Retryafter") {
		t.Errorf("%s %s: no header is spelled X-Ratelimit-Retryafter: %q", row.method, path, names)
	}
	return answer{resp.StatusCode, resp.Header, body}
}
