package mews

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// TestSightingCalls: each call asks its route with what was asked, and gives the
// reply whole.
func TestSightingCalls(t *testing.T) {
	const aid = "00112233445566778899aabbccddeeff"
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.Method + " " + r.URL.Path + "?" + r.URL.RawQuery {
		case "GET /indicators/aggregates/devices-count/v1?type=ipv6&value=2001%3Adb8%3A%3A1":
			reply(w, 200, `{"meta":{"hint":{"reason":"never_seen","hosts":7}},"errors":[],"resources":[{"id":"ipv6:2001:db8::1","device_count":0}]}`)
		case "GET /iocs/aggregates/indicators/device-count/v1?type=md5&value=m":
			reply(w, 200, `{"meta":{},"errors":[],"resources":[{"type":"md5","value":"m","device_count":4}]}`)
		case "GET /iocs/queries/indicators/devices/v1?type=md5&value=m", "GET /iocs/queries/indicators/processes/v1?device_id=d&type=md5&value=m":
			reply(w, 200, `{"meta":{},"errors":[],"resources":["`+r.URL.Path+`"]}`)
		case "GET /indicators/aggregates/devices-count/v1?type=md5&value=x":
			reply(w, 200, `{"meta":{},"errors":[],"resources":[]}`)
		case "GET /processes/entities/processes/v1?ids=pid%3A" + aid + "%3A7&ids=" + aid + "%3A8":
			reply(w, 200, `{"meta":{},"errors":[{"code":404,"message":"no such process","id":"`+aid+`:8"}],"resources":[{"device_id":"`+aid+`","process_id_local":"7"}]}`)
		default:
			reply(w, 400, `{"errors":[{"code":400,"message":"`+r.URL.String()+`"}]}`)
		}
	})
	c, _ := s.client(t)
	n, err := c.Sightings().Count(t.Context(), Observable{TypeIPv6, "2001:db8::1"})
	if err != nil || n.Meta.Hint.Reason != HintNeverSeen || n.Meta.Hint.Hosts != 7 || n.Resources[0].ID != "ipv6:2001:db8::1" {
		t.Errorf("count %+v, %v", n, err)
	}
	if _, err := c.Sightings().Count(t.Context(), Observable{TypeMD5, "x"}); !errors.Is(err, ErrInternal) {
		t.Errorf("a reply without a count: %v", err)
	}
	modern, m := c.IOCs().Sightings(), Observable{TypeMD5, "m"}
	if n, err := modern.Count(t.Context(), m); err != nil || n.Resources[0].DeviceCount != 4 {
		t.Errorf("count of the other family %+v, %v", n, err)
	}
	if l, err := modern.Devices(t.Context(), SightingQuery{Observable: m}); err != nil || l.Resources[0] != "/iocs/queries/indicators/devices/v1" {
		t.Errorf("devices of the other family %+v, %v", l, err)
	}
	if l, err := modern.Processes(t.Context(), SightingQuery{Observable: m, DeviceID: "d"}); err != nil || l.Resources[0] != "/iocs/queries/indicators/processes/v1" {
		t.Errorf("processes of the other family %+v, %v", l, err)
	}
	p, err := c.Sightings().ProcessDetails(t.Context(), "pid:"+aid+":7", aid+":8")
	if err != nil || len(p.Resources) != 1 || p.Resources[0].ProcessIDLocal != "7" || len(p.Errors) != 1 {
		t.Errorf("details %+v, %v", p, err)
	}
}

// TestAllSightings walks pages whose offset is a number and pages whose offset
// is text.
func TestAllSightings(t *testing.T) {
	const total = 23
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		limit, _ := strconv.Atoi(q.Get("limit"))
		from, _ := strconv.Atoi(q.Get("offset"))
		processes := strings.Contains(r.URL.Path, "processes")
		if q.Get("type") != TypeDomain || q.Get("value") != "a.example" || q.Has("device_id") != processes {
			reply(w, 400, `{"errors":[{"code":400,"message":"bad query"}]}`)
			return
		}
		env := Envelope[string]{Errors: []APIError{}, Resources: []string{}}
		for i := from; i < min(from+limit, total); i++ {
			env.Resources = append(env.Resources, strconv.Itoa(i))
		}
		env.Meta.Pagination = &Pagination{Offset: from + len(env.Resources), Limit: limit, Total: total}
		if processes {
			text := strconv.Itoa(env.Meta.Pagination.Offset)
			env.Meta.Pagination.OffsetText = &text
		}
		b, _ := json.Marshal(env)
		reply(w, 200, string(b))
	})
	c, _ := s.client(t)
	q := SightingQuery{Observable: Observable{TypeDomain, "a.example"}}
	onHost := q
	onHost.DeviceID = "h"
	for _, limit := range []int{1, 5, 23, 0} {
		q.Limit, onHost.Limit = limit, limit
		for name, list := range map[string]func(func(string, error) bool){
			"devices": c.Sightings().AllDevices(t.Context(), q), "processes": c.Sightings().AllProcesses(t.Context(), onHost),
		} {
			var got []string
			for id, err := range list {
				if err != nil {
					t.Fatal(err)
				}
				got = append(got, id)
			}
			if len(got) != total || got[22] != "22" || len(slices.Compact(slices.Clone(got))) != total {
				t.Errorf("%s, limit %d: %v", name, limit, got)
			}
		}
	}
}

// TestIngest: the call says what its lines are, and is repeated with the same
// bytes and key.
func TestIngest(t *testing.T) {
	var seen []string
	s := newStub(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		seen = append(seen, fmt.Sprintf("%s %s %q %q %q %q", r.Method, r.URL, r.Header.Get("Content-Type"), r.Header.Get("Content-Encoding"), r.Header.Get("Idempotency-Key"), b))
		switch len(seen) {
		case 1:
			reply(w, 503, `{"errors":[{"code":503,"message":"later"}]}`)
		case 3:
			reply(w, 200, `{"meta":{},"errors":[]}`)
		default:
			reply(w, 200, `{"meta":{"ingest":{"lines":2,"events":1,"failed":1}},"errors":[{"code":400,"message":"no","id":"2"}]}`)
		}
	})
	c, _ := s.client(t)
	env, err := c.Telemetry().Ingest(t.Context(), bytes.NewReader([]byte("a\nb\n")), IngestOptions{Format: "fdr", Encoding: "zstd", Key: "k 1"})
	if err != nil || env.Meta.Ingest.Events != 1 || len(env.Errors) != 1 {
		t.Fatalf("%+v, %v", env, err)
	}
	if want := `POST /ingest/v1/events?format=fdr "application/x-ndjson" "zstd" "k 1" "a\nb\n"`; seen[0] != want || seen[1] != want {
		t.Errorf("sent %s, want it twice: %s", seen, want)
	}
	if _, err := c.Telemetry().Ingest(t.Context(), strings.NewReader("a"), IngestOptions{}); !errors.Is(err, ErrInternal) {
		t.Errorf("a reply without counts: %v", err)
	}
	if want := `POST /ingest/v1/events "application/x-ndjson" "" "" "a"`; seen[2] != want {
		t.Errorf("sent %s, want %s", seen[2], want)
	}
}
