package sdk

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"sync"
	"testing"
)

// objects is how many of each kind the stub holds.
const objects = 7

// A cloud is a small server of the API as its public description has it, where
// that leaves a choice other than mews: offsets are repeated and not moved on,
// a last page has no token at all, a token is ended by the client's secret
// alone, files have no name and no ranges, lists may be null.
type cloud struct {
	mu      sync.Mutex
	tokens  map[string]string // to the scopes of their client
	samples map[string][]byte
	iocs    map[string]map[string]any
	count   int
}

// Credentials of the stub's clients, and what they may do.
func (c *cloud) scopes(id, secret string) (string, bool) {
	switch {
	case secret != "secret-of-"+id:
		return "", false
	case id == "all":
		return "devices malquery samplestore vulnerabilities indicators ioc", true
	case id == "devices":
		return "devices", true
	}
	return "", false
}

func newCloud(t *testing.T) *httptest.Server {
	c := &cloud{tokens: map[string]string{}, samples: map[string][]byte{}, iocs: map[string]map[string]any{}}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /oauth2/token", c.login)
	mux.HandleFunc("POST /oauth2/revoke", c.revoke)
	mux.Handle("GET /devices/queries/devices/v1", c.needs("devices", c.offsetPage))
	mux.Handle("GET /devices/queries/devices-scroll/v1", c.needs("devices", c.scrollPage))
	mux.Handle("POST /devices/entities/devices/v2", c.needs("devices", c.devices))
	mux.Handle("GET /spotlight/queries/vulnerabilities/v1", c.needs("vulnerabilities", c.afterPage))
	mux.Handle("GET /intel/combined/indicators/v1", c.needs("indicators", c.markerPage))
	mux.Handle("GET /malquery/aggregates/quotas/v1", c.needs("malquery", c.quotas))
	mux.Handle("POST /samples/entities/samples/v3", c.needs("samplestore", c.upload))
	mux.Handle("GET /samples/entities/samples/v3", c.needs("samplestore", c.sample))
	mux.Handle("DELETE /samples/entities/samples/v3", c.needs("samplestore", c.sample))
	mux.Handle("POST /iocs/entities/indicators/v1", c.needs("ioc", c.createIOC))
	mux.Handle("DELETE /iocs/entities/indicators/v1", c.needs("ioc", c.deleteIOC))
	mux.Handle("/", c.needs("", func(w http.ResponseWriter, _ *http.Request) { refuse(w, 404, "no such route") }))
	s := httptest.NewServer(mux)
	t.Cleanup(s.Close)
	return s
}

func answer(w http.ResponseWriter, code int, meta map[string]any, list any) {
	meta["trace_id"] = fmt.Sprintf("trace-%d", code)
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("X-Cs-Traceid", fmt.Sprintf("trace-%d", code))
	h.Set("X-Ratelimit-Limit", "6000")
	h.Set("X-Ratelimit-Remaining", "5990")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(map[string]any{"meta": meta, "errors": meta["errors"], "resources": list})
}

func refuse(w http.ResponseWriter, code int, message string) {
	answer(w, code, map[string]any{"errors": []any{map[string]any{"code": code, "message": message}}}, nil)
}

func (c *cloud) login(w http.ResponseWriter, r *http.Request) {
	scopes, ok := c.scopes(r.FormValue("client_id"), r.FormValue("client_secret"))
	if !ok {
		refuse(w, 403, "access denied, invalid client")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count++
	token := fmt.Sprintf("token-%d", c.count)
	c.tokens[token] = scopes
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(201)
	_, _ = fmt.Fprintf(w, `{"access_token":%q,"expires_in":1799,"token_type":"bearer"}`, token)
}

func (c *cloud) revoke(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	if _, ok := c.scopes(id, secret); !ok {
		refuse(w, 401, "access denied, invalid client")
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tokens, r.FormValue("token"))
	answer(w, 200, map[string]any{}, nil)
}

func (c *cloud) needs(scope string, h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c.mu.Lock()
		scopes, ok := c.tokens[strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")]
		c.mu.Unlock()
		switch {
		case !ok:
			refuse(w, 401, "access denied, invalid bearer token")
		case !strings.Contains(" "+scopes+" ", " "+scope) && scope != "":
			refuse(w, 403, "access denied, authorization failed")
		default:
			h(w, r)
		}
	})
}

func device(i int) string { return fmt.Sprintf("%032x", i+1) }

func limitOf(r *http.Request) int {
	if n, err := strconv.Atoi(r.URL.Query().Get("limit")); err == nil {
		return n
	}
	return 5
}

// ids lists those of a page that begins at a place.
func ids(at, limit int) (list []string) {
	for i := at; i < min(at+limit, objects); i++ {
		list = append(list, device(i))
	}
	return list
}

func page(more map[string]any, limit, total int) map[string]any {
	more["limit"], more["total"] = limit, total
	return map[string]any{"pagination": more}
}

func (c *cloud) offsetPage(w http.ResponseWriter, r *http.Request) {
	at, err := strconv.Atoi("0" + r.URL.Query().Get("offset"))
	if limit := limitOf(r); err != nil || limit < 1 {
		refuse(w, 400, "bad page")
	} else {
		answer(w, 200, page(map[string]any{"offset": at}, limit, objects), ids(at, limit))
	}
}

// tokenPage pages by a token in a parameter and a field of one name.
func (c *cloud) tokenPage(name, last string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		at := 0
		if token, limit := r.URL.Query().Get(name), limitOf(r); token != "" {
			raw, err := base64.URLEncoding.DecodeString(token)
			if at, _ = strconv.Atoi(string(raw)); err != nil || at == 0 || limit < 1 {
				refuse(w, 400, "bad token")
				return
			}
		}
		limit, more := limitOf(r), map[string]any{}
		if next := at + limit; next < objects {
			more[name] = base64.URLEncoding.EncodeToString([]byte(strconv.Itoa(next)))
		} else if last != "absent" {
			more[name] = last
		}
		answer(w, 200, page(more, limit, objects), ids(at, limit))
	}
}

func (c *cloud) scrollPage(w http.ResponseWriter, r *http.Request) { c.tokenPage("offset", "")(w, r) }

func (c *cloud) afterPage(w http.ResponseWriter, r *http.Request) {
	if filter := r.URL.Query().Get("filter"); filter == "" || filter == "*" {
		refuse(w, 400, "a filter is needed")
		return
	}
	c.tokenPage("after", "absent")(w, r)
}

func (c *cloud) markerPage(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	_, from, resumed := strings.Cut(q.Get("filter"), "_marker:>'")
	if q.Get("sort") != "_marker.asc" && resumed {
		refuse(w, 400, "bad order")
		return
	}
	list, total, limit := []any{}, 0, limitOf(r)
	for i := range objects {
		marker := fmt.Sprintf("170000000%d%s", i, device(i))
		if marker <= strings.TrimSuffix(from, "'") {
			continue
		}
		if total++; len(list) < limit {
			list = append(list, map[string]any{"id": device(i), "_marker": marker})
		}
	}
	answer(w, 200, page(map[string]any{"offset": 0}, limit, total), list)
}

func (c *cloud) devices(w http.ResponseWriter, r *http.Request) {
	var body struct{ IDs []string }
	_ = json.NewDecoder(r.Body).Decode(&body)
	var found, unknown []any
	for _, id := range body.IDs {
		if n, err := strconv.ParseUint(id, 16, 64); err == nil && n > 0 && n <= objects {
			found = append(found, map[string]any{"device_id": id, "hostname": "host"})
		} else {
			unknown = append(unknown, map[string]any{"code": 404, "message": "no such host", "id": id})
		}
	}
	switch {
	case len(body.IDs) == 0:
		refuse(w, 400, "no ids")
	case len(found) == 0:
		answer(w, 404, map[string]any{"errors": unknown}, nil)
	default:
		answer(w, 200, map[string]any{"errors": unknown}, found)
	}
}

func (c *cloud) quotas(w http.ResponseWriter, _ *http.Request) {
	answer(w, 200, map[string]any{"hunt_count": 0, "hunt_limit": 100}, nil)
}

func (c *cloud) upload(w http.ResponseWriter, r *http.Request) {
	b, err := io.ReadAll(r.Body)
	if err != nil || r.URL.Query().Get("file_name") == "" || r.Header.Get("Content-Type") != "application/octet-stream" {
		refuse(w, 400, "bad upload")
		return
	}
	sum := sha256.Sum256(b)
	sha := hex.EncodeToString(sum[:])
	c.mu.Lock()
	defer c.mu.Unlock()
	c.samples[sha] = b
	answer(w, 200, map[string]any{}, []any{map[string]any{"sha256": sha, "file_name": r.URL.Query().Get("file_name")}})
}

// sample gives or deletes one.
func (c *cloud) sample(w http.ResponseWriter, r *http.Request) {
	sha := r.URL.Query().Get("ids")
	c.mu.Lock()
	defer c.mu.Unlock()
	b, ok := c.samples[sha]
	switch {
	case len(sha) != 64:
		refuse(w, 400, "not a SHA-256")
	case !ok:
		refuse(w, 404, "no such sample")
	case r.Method == "DELETE":
		delete(c.samples, sha)
		answer(w, 200, map[string]any{}, []string{sha})
	default:
		w.Header().Set("Content-Type", "application/octet-stream")
		w.Header().Set("Content-Length", strconv.Itoa(len(b)))
		_, _ = w.Write(b)
	}
}

func (c *cloud) createIOC(w http.ResponseWriter, r *http.Request) {
	var body struct{ Indicators []map[string]any }
	_ = json.NewDecoder(r.Body).Decode(&body)
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, one := range body.Indicators {
		sum := sha256.Sum256([]byte(fmt.Sprint(one["type"], one["value"])))
		id := hex.EncodeToString(sum[:])
		if c.iocs[id] != nil {
			refuse(w, 400, "a duplicate")
			return
		}
		one["id"] = id
		c.iocs[id] = one
	}
	answer(w, 201, map[string]any{}, body.Indicators)
}

func (c *cloud) deleteIOC(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, id := range r.URL.Query()["ids"] {
		delete(c.iocs, id)
	}
	answer(w, 200, map[string]any{}, r.URL.Query()["ids"])
}
