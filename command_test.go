package mews

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"
)

// echo answers with what was asked.
type echo struct {
	Call string `json:"call"`
	Kind string `json:"kind"`
	Body string `json:"body"`
}

func echoing(t *testing.T, opts ...Option) *Client {
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		out, _ := json.Marshal([]echo{{r.Method + " " + r.URL.RequestURI(), r.Header.Get("Content-Type"), string(b)}})
		reply(w, 200, fmt.Sprintf(`{"meta":{"trace_id":"t-1"},"errors":[],"resources":%s}`, out))
	})
	c, _ := s.client(t, opts...)
	return c
}

// TestCommand: values stand on the wire where the operation wants them and as
// what it wants.
func TestCommand(t *testing.T) {
	c := echoing(t)
	type vals = map[string]any
	const json, bytes = "application/json", "application/octet-stream"
	for _, tc := range []struct {
		name string
		p    Params
		want echo
	}{
		{"QueryDevicesByFilter", Params{}, echo{"GET /devices/queries/devices/v1", "", ""}},
		{"query_devices_by_filter", Params{Values: vals{"limit": 5, "filter": "hostname:'a b'", "sort": nil}}, echo{"GET /devices/queries/devices/v1?filter=hostname%3A%27a+b%27&limit=5", "", ""}},
		{"QueryDevicesByFilter", Params{Values: vals{"limit": "5"}, Query: url.Values{"more": {"x"}}}, echo{"GET /devices/queries/devices/v1?limit=5&more=x", "", ""}},
		{"GetDeviceDetailsV2", Params{Values: vals{"ids": "a, b,a"}}, echo{"GET /devices/entities/devices/v2?ids=a&ids=b", "", ""}},
		{"GetDeviceDetailsV2", Params{Values: vals{"ids": []any{"a", List{"b"}}}}, echo{"GET /devices/entities/devices/v2?ids=a&ids=b", "", ""}},
		{"GetDeviceDetails", Params{Values: vals{"ids": "a,b"}}, echo{"POST /devices/entities/devices/v2", json, `{"ids":["a","b"]}`}},
		{"GetDeviceDetails", Params{Values: vals{"ids": []string{"a"}}}, echo{"POST /devices/entities/devices/v2", json, `{"ids":["a"]}`}},
		{"GetDeviceDetails", Params{}, echo{"POST /devices/entities/devices/v2", json, `{}`}},
		{"GetDeviceDetails", Params{Body: vals{"ids": 1}}, echo{"POST /devices/entities/devices/v2", json, `{"ids":1}`}},
		{"GetDeviceDetails", Params{Body: []byte(`{"ids": []}`)}, echo{"POST /devices/entities/devices/v2", json, `{"ids": []}`}},
		{"GetAggregateFiles", Params{Values: vals{"field": "state", "size": "3", "type": "terms"}}, echo{"POST /quarantine/aggregates/quarantined-files/GET/v1", json, `{"field":"state","size":3,"type":"terms"}`}},
		{"PostMalQueryExactSearchV1", Params{Values: vals{"patterns": `{"type":"hex","value":"00"}`, "options": `{"limit":1}`}}, echo{"POST /malquery/queries/exact-search/v1", json, `{"options":{"limit":1},"patterns":[{"type":"hex","value":"00"}]}`}},
		{"mews.quarantine.settings.update", Params{Values: vals{"searchable": "True"}}, echo{"PATCH /mews/entities/quarantine-settings/v1", json, `{"searchable":true}`}},
		{"indicator_delete_v1", Params{Values: vals{"ids": "a", "from_parent": false}}, echo{"DELETE /iocs/entities/indicators/v1?from_parent=false&ids=a", "", ""}},
		{"UploadSampleV3", Params{Values: vals{"file_name": "n", "is_confidential": true}, File: strings.NewReader("bytes")}, echo{"POST /samples/entities/samples/v3?file_name=n&is_confidential=true", bytes, "bytes"}},
		{"mews.ingest.events", Params{File: strings.NewReader("{}"), Query: url.Values{"format": {"ecs"}}}, echo{"POST /ingest/v1/events?format=ecs", "application/x-ndjson", "{}"}},
		{"mews.ingest.events", Params{File: strings.NewReader("{}")}, echo{"POST /ingest/v1/events", "application/x-ndjson", "{}"}},
		{"mews.ingest.events", Params{File: strings.NewReader("{}"), ContentType: "text/plain"}, echo{"POST /ingest/v1/events", "text/plain", "{}"}},
		{"GetIndicatorsReport", Params{Values: vals{"any": "{}"}}, echo{"POST /iocs/entities/indicators-reports/v1", json, `{"any":{}}`}},
		{"getRemediationsV2", Params{Values: vals{"any": "x"}}, echo{"GET /spotlight/entities/remediations/v2?any=x", "", ""}},
		{"oauth2AccessToken", Params{Form: url.Values{"client_id": {"id"}}, Values: vals{"client_secret": "secret"}}, echo{}},
	} {
		r, err := c.Command(t.Context(), tc.name, tc.p)
		if err != nil {
			t.Errorf("%s %v: %v", tc.name, tc.p, err)
			continue
		}
		var got []echo
		if err := r.Decode(&got); err != nil || len(got) == 0 {
			got = []echo{{}}
		}
		if got[0] != tc.want || r.StatusCode/100 != 2 {
			t.Errorf("%s %v:\n got %+v\nwant %+v", tc.name, tc.p, got[0], tc.want)
		}
	}
}

func TestCommandRefuses(t *testing.T) {
	c := echoing(t)
	type vals = map[string]any
	for _, tc := range []struct {
		name string
		p    Params
		text string
	}{
		{"QueryDevicesByFilter", Params{Values: vals{"fitler": "x"}}, `unknown parameter "fitler": it takes filter, sort, limit or offset`},
		{"QueryDevicesByFilter", Params{Values: vals{"limit": []string{"1", "2"}}}, "limit takes one value, not 2"},
		{"QueryDevicesByFilter", Params{Values: vals{"limit": struct{}{}}}, "limit: a struct {} cannot stand in a query"},
		{"QueryDevicesByFilter", Params{Values: vals{"limit": 1}, Query: url.Values{"limit": {"2"}}}, "limit is given twice"},
		{"GetMalQueryQuotasV1", Params{Values: vals{"x": 1}}, "it takes none"},
		{"GetAggregateFiles", Params{Values: vals{"size": "many"}}, `size: expected a number, got "many"`},
		{"PostMalQueryExactSearchV1", Params{Values: vals{"patterns": "[{"}}, "patterns: expected JSON"},
		{"mews.quarantine.settings.update", Params{Values: vals{"searchable": "yes"}}, "expected true or false"},
		{"GetDeviceDetails", Params{Values: vals{"ids": "a"}, Body: vals{}}, "more than one body"},
		{"UploadSampleV3", Params{Values: vals{"sample": "x"}}, "give it as File"},
		{"UploadSampleV3", Params{File: strings.NewReader("x"), Body: vals{}}, "more than one body"},
		{"GetSampleV3", Params{}, "use CommandStream"},
	} {
		if r, err := c.Command(t.Context(), tc.name, tc.p); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), tc.text) || r != nil {
			t.Errorf("%s: %v; want %q in it", tc.name, err, tc.text)
		}
	}
	if _, err := c.CommandStream(t.Context(), "GetDeviceDetails", Params{}); !errors.Is(err, ErrInvalid) {
		t.Errorf("JSON as a stream: %v", err)
	}
	if _, err := c.CommandStream(t.Context(), "nothing", Params{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("an unknown operation: %v", err)
	}
	if _, err := c.Command(t.Context(), "getDeviceDetails", Params{}); !errors.Is(err, ErrNotFound) {
		t.Errorf("a name in another case: %v", err)
	}
}

func TestDo(t *testing.T) {
	c := echoing(t)
	ask := func(method, path string, p Params) string {
		r, err := c.Do(t.Context(), method, path, p)
		if err != nil {
			return err.Error()
		}
		var got []echo
		_ = r.Decode(&got)
		return fmt.Sprint(got[0].Call, " ", got[0].Kind, " ", got[0].Body)
	}
	for _, tc := range []struct {
		method, path string
		p            Params
		want         string
	}{
		{"get", "/a/b?x=1&y=a%20b", Params{Query: url.Values{"x": {"2"}}}, "GET /a/b?x=1&x=2&y=a+b  "},
		{"PUT", "/a", Params{Body: map[string]int{"n": 1}}, `PUT /a application/json {"n":1}`},
		{"POST", "/a", Params{Form: url.Values{"n": {"a b"}}}, "POST /a application/x-www-form-urlencoded n=a+b"},
		{"POST", "/a", Params{File: strings.NewReader("x"), ContentType: "text/csv"}, "POST /a text/csv x"},
	} {
		if got := ask(tc.method, tc.path, tc.p); got != tc.want {
			t.Errorf("%s %s: %q, want %q", tc.method, tc.path, got, tc.want)
		}
	}
	form := ask("POST", "/a", Params{File: strings.NewReader("bytes"), Form: url.Values{"file_name": {"n.exe"}}, FileField: "sample"})
	if !strings.HasPrefix(form, "POST /a multipart/form-data; boundary=") || !strings.Contains(form, `name="sample"; filename="n.exe"`) || !strings.Contains(form, "\r\n\r\nbytes\r\n") {
		t.Errorf("a form with a file: %q", form)
	}
	for name, want := range map[string]string{"UploadSampleV3": `name="sample"; filename="file"`, "mews.ingest.quarantine": `name="file"; filename="file"`} {
		r, err := c.Command(t.Context(), name, Params{File: strings.NewReader("x"), Form: url.Values{"n": {"1"}}})
		if err != nil {
			t.Fatal(err)
		}
		var got []echo
		if err := r.Decode(&got); err != nil || !strings.Contains(got[0].Body, want) {
			t.Errorf("%s: %q, %v; want %s in it", name, got, err, want)
		}
	}
	for _, path := range []string{"", "a", "//other.example/a", "https://other.example/a", "/a#b", "/a?x=%zz", "/\x00"} {
		if got := ask("GET", path, Params{}); !strings.Contains(got, "path") {
			t.Errorf("path %q: %s", path, got)
		}
	}
	if got := ask("GET", "/a", Params{Values: map[string]any{"n": 1}}); !strings.Contains(got, "no parameters by name") {
		t.Errorf("values without an operation: %s", got)
	}
}

// TestOwnAuthorization: a caller may bring another authorization for one call.
func TestOwnAuthorization(t *testing.T) {
	var seen []string
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		seen = append(seen, r.Header.Get("Authorization"))
		reply(w, 200, quotasBody)
	})
	c, _ := s.client(t)
	for _, h := range []http.Header{{"Authorization": {"Basic abc"}}, nil} {
		if _, err := c.Command(t.Context(), "GetMalQueryQuotasV1", Params{Header: h}); err != nil {
			t.Fatal(err)
		}
	}
	if fmt.Sprint(seen) != "[Basic abc Bearer token-1]" || s.logins.Load() != 1 {
		t.Errorf("sent %q after %d logins", seen, s.logins.Load())
	}
}

// FuzzCommand: no name, parameter or reply breaks a call by name; what is sent
// goes to the operation's route, and a failure is of a kind.
func FuzzCommand(f *testing.F) {
	f.Add("QueryDevicesByFilter", "limit", "5", 200, []byte(`{"meta":{},"errors":[],"resources":["a"]}`))
	f.Add("Hosts.GetDeviceDetails", "ids", "a,b", 404, []byte(`{"meta":{"pagination":{"offset":{}}},"errors":{},"resources":{}}`))
	f.Add("PostMalQueryExactSearchV1", "patterns", `[{"type":"hex"}]`, 201, []byte(`null`))
	f.Add("indicator.create.v1", "indicators", `{`, 500, []byte(`[`))
	f.Add(".", "", "\xff", 999, []byte("\x00"))
	f.Fuzz(func(t *testing.T, name, param, value string, status int, body []byte) {
		var path string
		transport := roundTrip(func(r *http.Request) (*http.Response, error) {
			path = r.URL.Path
			if r.Body != nil {
				_, _ = io.Copy(io.Discard, r.Body)
			}
			return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(bytes.NewReader(body)), Request: r}, nil
		})
		c, err := NewClient("https://h", WithAccessToken("t"), WithTransport(transport), WithRetries(0))
		if err != nil {
			t.Fatal(err)
		}
		o, missing := LookupOperation(name)
		r, err := c.Command(t.Context(), name, Params{Values: map[string]any{param: value}})
		switch {
		case missing != nil && (!errors.Is(err, ErrNotFound) || path != ""):
			t.Errorf("%q is no operation: %v, asked %q", name, err, path)
		case path != "" && (path != o.Path || r == nil || r.StatusCode != status):
			t.Errorf("%s asked %q: %+v", o.ID, path, r)
		case path == "" && err == nil:
			t.Error("no request and no error")
		case path != "" && (err == nil) != (status >= 200 && status < 300):
			t.Errorf("status %d gives %v", status, err)
		case err != nil && StatusOf(err) < 400:
			t.Errorf("%v is of no kind", err)
		}
	})
}

type roundTrip func(*http.Request) (*http.Response, error)

func (f roundTrip) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// TestResponse: a failure is an error and a reply, and every call, also a typed
// one, can be asked for its reply.
func TestResponse(t *testing.T) {
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Ratelimit-Limit", "6000")
		w.Header().Set("X-Ratelimit-Remaining", "5999")
		w.Header().Set("X-Cs-Traceid", "t-h")
		switch r.URL.Path {
		case "/malquery/aggregates/quotas/v1":
			reply(w, 200, quotasBody)
		case "/list":
			reply(w, 200, `[1,2]`)
		case "/object":
			reply(w, 200, `{"meta":{"trace_id":1},"errors":null,"resources":{"a":1}}`)
		case "/text":
			_, _ = io.WriteString(w, "plain")
		default:
			reply(w, 403, `{"meta":{"trace_id":"t-b"},"errors":[{"code":403,"message":"access denied"}],"resources":[]}`)
		}
	})
	c, _ := s.client(t)
	var info ResponseInfo
	r, err := c.Command(WithResponse(t.Context(), &info), "QueryDevicesByFilter", Params{})
	var e *Error
	if !errors.As(err, &e) || !errors.Is(err, ErrForbidden) || e.Code != 403 || e.TraceID != "t-b" {
		t.Errorf("failure: %+v", e)
	}
	if r == nil || r.StatusCode != 403 || r.Meta.TraceID != "t-b" || r.Errors[0].Message != "access denied" || r.Header.Get("X-Cs-Traceid") != "t-h" {
		t.Errorf("the reply beside it: %+v", r)
	}
	if info.StatusCode != 403 || string(info.Body) != string(r.Body) || !strings.HasPrefix(string(info.Body), `{"meta"`) {
		t.Errorf("the caller's own record: %+v", info)
	}
	if _, err := c.MalQuery().Quotas(WithResponse(t.Context(), &info)); err != nil || info.StatusCode != 200 || string(info.Body) != quotasBody || info.TraceID() != "t-h" {
		t.Errorf("a typed call: %+v, %v", info, err)
	}
	if limit, left, ok := info.RateLimit(); limit != 6000 || left != 5999 || !ok {
		t.Errorf("rate limit %d, %d, %v", limit, left, ok)
	}
	if d, err := c.Samples().Get(WithResponse(t.Context(), &info), "x"); !errors.Is(err, ErrForbidden) || d != nil || info.StatusCode != 403 || len(info.Body) == 0 {
		t.Errorf("a refused download: %+v, %v", info, err)
	}
	for path, want := range map[string]string{"/list": "[1,2]", "/text": "plain", "/object": `{"meta":{"trace_id":1},"errors":null,"resources":{"a":1}}`} {
		r, err := c.Do(t.Context(), "GET", path, Params{})
		if err != nil || string(r.Body) != want {
			t.Errorf("%s: %+v, %v", path, r, err)
		}
		if path == "/object" && (len(r.Resources) != 1 || string(r.Resources[0]) != `{"a":1}`) {
			t.Errorf("one object as resources: %q", r.Resources)
		}
	}
	r, _ = c.Do(t.Context(), "GET", "/object", Params{})
	var numbers []int
	if err := r.Decode(&numbers); !errors.Is(err, ErrInternal) {
		t.Errorf("objects as numbers: %v", err)
	}
	s.Close()
	if r, err := c.Command(t.Context(), "QueryDevicesByFilter", Params{}); r != nil || !errors.Is(err, ErrUnavailable) {
		t.Errorf("without a server: %+v, %v", r, err)
	}
}

// TestThrottle: the client slows down when few calls are left, and forgets it
// after a minute.
func TestThrottle(t *testing.T) {
	left := "11"
	s := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("X-Ratelimit-Remaining", left)
		reply(w, 200, quotasBody)
	})
	now := time.Now()
	clock := func(set *settings) error { set.now = func() time.Time { return now }; return nil }
	c, naps := s.client(t, clock)
	ask := func(c *Client, next string) {
		left = next
		if _, err := c.MalQuery().Quotas(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	for _, next := range []string{"11", "10", "6", "5", "0", "nonsense"} {
		ask(c, next)
	}
	now = now.Add(time.Minute)
	ask(c, "0")
	const ms = time.Millisecond
	if got, want := fmt.Sprint(naps.list), fmt.Sprint([]time.Duration{200 * ms, 200 * ms, 500 * ms, 500 * ms}); got != want {
		t.Errorf("paused %s, want %s", got, want)
	}
	c, naps = s.client(t, clock, WithThrottle(false))
	ask(c, "0")
	ask(c, "0")
	if len(naps.list) != 0 {
		t.Errorf("paused %v although told not to", naps.list)
	}
}
