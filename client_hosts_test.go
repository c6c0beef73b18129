package mews

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"testing"
)

// TestAllHosts scrolls to the empty offset, and ends at a server that repeats
// itself.
func TestAllHosts(t *testing.T) {
	const total = 23
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		if q.Get("filter") != "hostname:'ws*'" || q.Get("sort") != "hostname|asc" || q.Has("after") || q.Has("q") {
			reply(w, 400, `{"errors":[{"code":400,"message":"bad query"}]}`)
			return
		}
		limit, _ := strconv.Atoi(q.Get("limit"))
		from, _ := strconv.Atoi(strings.TrimPrefix(q.Get("offset"), "t"))
		var ids []string
		for i := from; i < min(from+limit, total); i++ {
			ids = append(ids, strconv.Quote(strconv.Itoa(i)))
		}
		next := ""
		if from+len(ids) < total {
			next = fmt.Sprintf("t%d", from+len(ids))
		}
		reply(w, 200, fmt.Sprintf(`{"meta":{"pagination":{"offset":%q,"limit":%d,"total":%d}},"errors":[],"resources":[%s]}`, next, limit, total, strings.Join(ids, ",")))
	})
	c, _ := s.client(t)
	for _, limit := range []int{1, 5, 23, 100, 0} {
		n := 0
		for id, err := range c.Hosts().All(t.Context(), RecordQuery{Filter: "hostname:'ws*'", Sort: "hostname|asc", Limit: limit, After: "stale"}) {
			if err != nil || id != strconv.Itoa(n) {
				t.Fatalf("limit %d: %q in place %d (%v)", limit, id, n, err)
			}
			n++
		}
		if n != total {
			t.Errorf("limit %d: %d ids", limit, n)
		}
	}
	for id, err := range c.Hosts().All(t.Context(), RecordQuery{Filter: "bad"}) {
		if !errors.Is(err, ErrInvalid) || id != "" {
			t.Errorf("a refused scroll gives %q, %v", id, err)
		}
	}
}

func TestHostsGetIsPosted(t *testing.T) {
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method != "POST" || r.URL.Path != "/devices/entities/devices/v2" || string(body) != `{"ids":["a","b"]}` {
			reply(w, 400, `{"errors":[{"code":400,"message":"bad call"}]}`)
			return
		}
		reply(w, 200, `{"meta":{},"errors":[{"code":404,"message":"no such host","id":"b"}],"resources":[{"device_id":"a","hostname":"h","tags":["x"]}]}`)
	})
	c, _ := s.client(t)
	env, err := c.Hosts().Get(t.Context(), "a", "b")
	if err != nil || len(env.Resources) != 1 || env.Resources[0].Hostname != "h" || env.Errors[0].ID != "b" {
		t.Errorf("%+v, %v", env, err)
	}
}
