package mews

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
)

// TestAllPages walks a collection whose server gives tokens, and one whose
// server knows offsets only.
func TestAllPages(t *testing.T) {
	const total = 23
	for _, tokens := range []bool{true, false} {
		s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
			q := r.URL.Query()
			limit, _ := strconv.Atoi(q.Get("limit"))
			from, _ := strconv.Atoi(q.Get("offset"))
			if after := q.Get("after"); after != "" {
				from, _ = strconv.Atoi(strings.TrimPrefix(after, "t"))
			}
			if q.Get("filter") != "state:'released'" || q.Get("q") != "a b" || q.Get("sort") != "hostname|asc" || q.Has("after") && q.Has("offset") {
				reply(w, 400, `{"errors":[{"code":400,"message":"bad query"}]}`)
				return
			}
			ids := []string{}
			for i := from; i < min(from+limit, total); i++ {
				ids = append(ids, strconv.Itoa(i))
			}
			env := Envelope[string]{Errors: []APIError{}, Resources: ids}
			next := from + len(ids)
			env.Meta.Pagination = &Pagination{Offset: next, Limit: limit, Total: total}
			if tokens && next < total {
				env.Meta.Pagination.After = fmt.Sprintf("t%d", next)
			}
			b, _ := json.Marshal(env)
			reply(w, 200, string(b))
		})
		c, _ := s.client(t)
		for _, limit := range []int{1, 5, 23, 100, 0} {
			var got []string
			q := RecordQuery{Filter: "state:'released'", Q: "a b", Sort: "hostname|asc", Limit: limit}
			for id, err := range c.Quarantine().All(t.Context(), q) {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, id)
			}
			if len(got) != total || got[0] != "0" || got[total-1] != "22" || len(slices.Compact(slices.Clone(got))) != total {
				t.Errorf("tokens %v, limit %d: %v", tokens, limit, got)
			}
		}
		for id, err := range c.Quarantine().All(t.Context(), RecordQuery{Filter: "bad"}) {
			if !errors.Is(err, ErrInvalid) || id != "" {
				t.Errorf("a refused query gives %q, %v", id, err)
			}
		}
	}
}

// TestAllEnds: a server that repeats itself does not keep the client for ever.
func TestAllEnds(t *testing.T) {
	s := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, `{"meta":{"pagination":{"offset":0,"limit":1,"total":9}},"errors":[],"resources":["a"]}`)
	})
	c, _ := s.client(t)
	n := 0
	for range c.Quarantine().All(t.Context(), RecordQuery{Limit: 1}) {
		n++
	}
	if n != 9 {
		t.Errorf("%d ids of a server that echoes the offset, want 9", n)
	}
}

func TestReportIsOneFormAndRepeated(t *testing.T) {
	var calls atomic.Int64
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		size := r.ContentLength
		b, err := io.ReadAll(r.Body)
		r.Body = io.NopCloser(bytes.NewReader(b))
		if err != nil || size != int64(len(b)) || r.URL.Path != "/ingest/v1/quarantine" {
			reply(w, 400, `{"errors":[{"code":400,"message":"bad request"}]}`)
			return
		}
		file, header, err := r.FormFile("sample")
		if err != nil {
			reply(w, 400, `{"errors":[{"code":400,"message":"no file"}]}`)
			return
		}
		bytes, _ := io.ReadAll(file)
		if calls.Add(1) == 1 {
			reply(w, 503, `{"errors":[{"code":503,"message":"later"}]}`)
			return
		}
		var got QuarantineReport
		if err := json.Unmarshal([]byte(r.FormValue("record")), &got); err != nil {
			reply(w, 400, `{"errors":[{"code":400,"message":"no record"}]}`)
			return
		}
		b, _ = json.Marshal(Envelope[QuarantinedFile]{Resources: []QuarantinedFile{{ID: header.Filename + " " + got.Hostname + " " + string(bytes)}}})
		reply(w, 200, string(b))
	})
	c, _ := s.client(t)
	file := strings.NewReader("skipped MZ bytes")
	_, _ = file.Seek(8, io.SeekStart)
	got, err := c.Quarantine().Report(t.Context(), QuarantineReport{Hostname: "web\r\n1"}, file)
	if err != nil || got.ID != "sample web\r\n1 MZ bytes" || calls.Load() != 2 {
		t.Errorf("%q after %d calls, %v", got.ID, calls.Load(), err)
	}
}

func TestReportOfAStreamIsNotRepeated(t *testing.T) {
	var calls atomic.Int64
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		calls.Add(1)
		reply(w, 503, `{"errors":[{"code":503,"message":"later"}]}`)
	})
	c, _ := s.client(t)
	_, err := c.Quarantine().Report(t.Context(), QuarantineReport{}, bufio.NewReader(strings.NewReader("x")))
	if !errors.Is(err, ErrUnavailable) || calls.Load() != 1 {
		t.Errorf("%v after %d calls", err, calls.Load())
	}
	_, err = c.Quarantine().Report(t.Context(), QuarantineReport{}, nil)
	if !errors.Is(err, ErrUnavailable) || calls.Load() != 6 {
		t.Errorf("without bytes: %v after %d calls, want 5 more", err, calls.Load()-1)
	}
}

func TestImportInBatches(t *testing.T) {
	var lines []int
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		n := bytes.Count(b, []byte("\n"))
		if n > maxImportLen || len(b) > maxImportSize || r.Header.Get("Content-Type") != "application/x-ndjson" {
			reply(w, 413, `{"errors":[{"code":413,"message":"too large"}]}`)
			return
		}
		lines = append(lines, n)
		reply(w, 200, fmt.Sprintf(`{"meta":{"writes":{"resources_affected":%d}},"errors":[{"code":400,"message":"bad","id":"2"}]}`, n-1))
	})
	c, _ := s.client(t)
	env, err := c.Quarantine().Import(t.Context(), make([]QuarantineReport, maxImportLen+5))
	if err != nil || env.Meta.Writes.ResourcesAffected != maxImportLen+3 || len(env.Errors) != 2 || env.Errors[1].ID != "10002" || env.Errors[0].ID != "2" {
		t.Errorf("%+v, %v", env, err)
	}
	large := QuarantineReport{Comment: strings.Repeat("x", 1<<20)}
	if _, err := c.Quarantine().Import(t.Context(), slices.Repeat([]QuarantineReport{large}, 11)); err != nil {
		t.Error(err)
	}
	if want := []int{maxImportLen, 5, 9, 2}; !slices.Equal(lines, want) {
		t.Errorf("calls of %v lines, want %v", lines, want)
	}
}

func TestActionCounts(t *testing.T) {
	s := newStub(t, func(w http.ResponseWriter, _ *http.Request) {
		reply(w, 200, `{"meta":{},"errors":[],"resources":[{"name":"affected_files_by_action","buckets":[{"label":"release","count":3},{"label":"delete","count":4},{"label":"unrelease","count":0}]}]}`)
	})
	c, _ := s.client(t)
	got, err := c.Quarantine().ActionCounts(t.Context(), "*", "")
	if err != nil || len(got) != 3 || got[ActionRelease] != 3 || got[ActionDelete] != 4 || got[ActionUnrelease] != 0 {
		t.Errorf("%v, %v", got, err)
	}
}

func TestUpdateTellsWhatItChanged(t *testing.T) {
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		switch r.Method + " " + r.URL.Path + " " + string(b) {
		case `PATCH /quarantine/entities/quarantined-files/v1 {"action":"release","comment":"c","ids":["a","b"]}`:
			reply(w, 200, `{"meta":{"writes":{"resources_affected":1}},"errors":[{"code":404,"message":"no","id":"b"}]}`)
		case `PATCH /quarantine/queries/quarantined-files/v1 {"action":"delete","filter":"*"}`:
			reply(w, 200, `{"meta":{},"errors":[]}`)
		case `POST /agent/v1/actions/ack [{"id":"x","outcome":"acknowledged"}]`:
			reply(w, 200, `{"meta":{"writes":{"resources_affected":1}},"errors":[]}`)
		default:
			reply(w, 400, `{"errors":[{"code":400,"message":"bad body"}]}`)
		}
	})
	c, _ := s.client(t)
	env, err := c.Quarantine().Update(t.Context(), QuarantineUpdate{Action: ActionRelease, Comment: "c", IDs: List{"a", "b"}})
	if err != nil || env.Meta.Writes.ResourcesAffected != 1 || len(env.Errors) != 1 {
		t.Errorf("%+v, %v", env, err)
	}
	env, err = c.Quarantine().UpdateByQuery(t.Context(), QuarantineQueryUpdate{Action: ActionDelete, Filter: "*"})
	if err != nil || env.Meta.Writes.ResourcesAffected != 0 {
		t.Errorf("%+v, %v", env, err)
	}
	env, err = c.Agent().Acknowledge(t.Context(), ActionAck{ID: "x", Outcome: ActionAcknowledged})
	if err != nil || env.Meta.Writes.ResourcesAffected != 1 {
		t.Errorf("%+v, %v", env, err)
	}
}
