package httpapi

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
)

// A shipperShape is how one program speaks to Elasticsearch: what it asks before it
// ships, and what its bulk calls look like. Written from the programs' public
// documentation and sources.
type shipperShape struct {
	name     string
	start    []string // method and path
	header   map[string]string
	bulk     string
	action   string
	encoding string
	scheme   string
}

// TestShapes plays each program: its first questions are answered, its bulk call
// is taken in, and a repetition is not counted.
func TestShapes(t *testing.T) {
	h := newHarness(t)
	id, secret := h.client(t, ownCID)
	for n, s := range []shipperShape{
		{
			name:   "Filebeat and Winlogbeat 8",
			start:  []string{"GET /elastic/", "GET /elastic/_license?human=false", "GET /elastic/_ilm/policy/filebeat", "PUT /elastic/_ilm/policy/filebeat", "HEAD /elastic/_index_template/filebeat-8.19.0", "PUT /elastic/_index_template/filebeat-8.19.0", "GET /elastic/_data_stream/filebeat-8.19.0", "PUT /elastic/_data_stream/filebeat-8.19.0"},
			header: map[string]string{"Content-Type": "application/vnd.elasticsearch+json; compatible-with=8", "Accept": "application/vnd.elasticsearch+json; compatible-with=8"},
			bulk:   "POST /elastic/_bulk?filter_path=errors%2Citems.%2A.error%2Citems.%2A.status", action: `{"create":{"_index":"filebeat-8.19.0"}}`, encoding: "gzip", scheme: "ApiKey",
		},
		{
			name:   "Filebeat 7",
			start:  []string{"GET /elastic", "GET /elastic/_xpack", "HEAD /elastic/_template/filebeat-7.17.9", "PUT /elastic/_template/filebeat-7.17.9", "HEAD /elastic/_alias/filebeat-7.17.9"},
			header: map[string]string{"Content-Type": "application/json; charset=UTF-8"},
			bulk:   "POST /elastic/_bulk", action: `{"index":{"_index":"filebeat-7.17.9-2026.03.01","_type":"_doc"}}`, scheme: "Basic",
		},
		{
			name:   "Elastic Agent",
			start:  []string{"GET /elastic/", "GET /elastic/_license?human=false"},
			header: map[string]string{"Content-Type": "application/vnd.elasticsearch+json; compatible-with=8"},
			bulk:   "POST /elastic/_bulk?filter_path=errors%2Citems.%2A.error%2Citems.%2A.status", action: `{"create":{"_index":"logs-endpoint.events.process-default"}}`, encoding: "gzip", scheme: "ApiKey",
		},
		{
			name:   "Fluent Bit",
			header: map[string]string{"Content-Type": "application/x-ndjson"},
			bulk:   "POST /elastic/_bulk/?pipeline=sensors", action: `{"create":{"_index":"fluent-bit","_id":"8f1a6c0e-0000-4000-8000-000000000001"}}`, scheme: "Basic",
		},
		{
			name:   "Vector",
			start:  []string{"GET /elastic/", "GET /elastic/_cluster/health"},
			header: map[string]string{"Content-Type": "application/x-ndjson", "Accept-Encoding": "zstd,gzip,deflate,br"},
			bulk:   "POST /elastic/_bulk?timeout=60s", action: `{"create":{"_index":"vector-2026.03.01","_type":"_doc"}}`, encoding: "zstd", scheme: "Basic",
		},
		{
			name:   "Logstash",
			start:  []string{"HEAD /elastic/", "GET /elastic/", "GET /elastic/_license", "HEAD /elastic/_index_template/ecs-logstash", "PUT /elastic/_index_template/ecs-logstash"},
			header: map[string]string{"Content-Type": "application/json"},
			bulk:   "POST /elastic/_bulk?filter_path=errors,items.*.error,items.*.status", action: `{"index":{"_id":null,"_index":"logstash","routing":null}}`, encoding: "gzip", scheme: "Basic",
		},
		{
			name:   "syslog-ng",
			header: map[string]string{"Content-Type": "application/x-ndjson"},
			bulk:   "PUT /elastic/sensors/_bulk", action: `{"index":{}}`, scheme: "Basic",
		},
	} {
		header := with(s.header, "Authorization", s.scheme+" "+idAndSecret(id, secret))
		ask := func(call, body string) answer {
			method, path, _ := strings.Cut(call, " ")
			a := h.do(t, method, path, header, body)
			checkElastic(t, operation{id: s.name + ", " + call, method: method}, a)
			if a.status != 200 {
				t.Fatalf("%s: %s: %d %s", s.name, call, a.status, a.body)
			}
			return a
		}
		for _, call := range s.start {
			ask(call, `{"policy":{},"index_patterns":["x"]}`)
		}
		file := fmt.Sprintf("shape-%d.exe", n)
		body := s.action + "\n" + started(1, 10*n+1, file) + "\n" + s.action + "\n" + started(2, 10*n+2, file) + "\n"
		switch s.encoding {
		case "gzip":
			header["Content-Encoding"], body = "gzip", gzipped(t, body)
		case "zstd":
			header["Content-Encoding"], body = "zstd", zstdOf(t, body)
		}
		for range 2 {
			var reply bulkReply
			must(t, json.Unmarshal(ask(s.bulk, body).body, &reply))
			if reply.Errors || len(reply.Items) != 2 {
				t.Errorf("%s: %+v", s.name, reply)
			}
		}
		if list := h.hosts(t, "sha256", sum(file)); len(list) != 2 || list[0].Count != 1 || list[1].Count != 1 {
			t.Errorf("%s: seen as %+v", s.name, list)
		}
	}
}
