package httpapi

import (
	"context"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/mewshq/mews"
)

// The facade is the part of Elasticsearch's API that log shippers speak, so that
// they ship to this server unchanged. Its rows are another product's API: they
// stand in the operation table for their scope, and not in our documents.
const facadeRoot = "/elastic"

// elasticVersion is what shippers are told. Some refuse servers older than
// themselves; those have a setting for it (docs/telemetry.md).
const elasticVersion = "8.19.0"

func (a *API) elasticOperations() []operation {
	rows := []operation{
		facade("root", "GET", "", classRead, a.elasticAnswer(elasticRoot)),
		facade("root.head", "HEAD", "", classRead, a.elasticAnswer(elasticRoot)),
		facade("license", "GET", "/_license", classRead, a.elasticAnswer(elasticLicense)),
		facade("xpack", "GET", "/_xpack", classRead, a.elasticAnswer(elasticXpack)),
		facade("health", "GET", "/_cluster/health", classRead, a.elasticAnswer(elasticHealth)),
		facade("health.cat", "GET", "/_cat/health", classRead, a.elasticAnswer(`[`+elasticHealth+`]`)),
	}
	// What shippers want to set up is there already, whatever its name: there is
	// nothing to index, and nothing that they could change.
	for _, kind := range []string{
		"_index_template", "_component_template", "_template", "_ilm/policy", "_data_stream", "_ingest/pipeline", "_alias",
	} {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST"} {
			rows = append(rows, facade(kind+"."+method, method, "/"+kind+"/{name}", classRead, a.elasticAnswer(`{"acknowledged":true}`)))
		}
	}
	for _, method := range []string{"POST", "PUT"} {
		for _, path := range []string{"/_bulk", "/{index}/_bulk"} {
			row := facade("bulk"+path+"."+method, method, path, classUpload, a.bulk)
			row.long = true
			rows = append(rows, row)
		}
	}
	return rows
}

func facade(name, method, path string, class class, fn handle) operation {
	row := raw[noParams, struct{}](route{
		"elastic." + name, method, facadeRoot + path, mews.ScopeIngest, class,
		"Elasticsearch facade.",
	}, fn)
	row.facade = true
	return row
}

// The answers that shippers look at before they ship.
const (
	elasticRoot = `{"name":"mews","cluster_name":"mews","cluster_uuid":"bWV3cy1mYWNhZGUtbm9kZQ","version":{"number":"` + elasticVersion + `",` +
		`"build_flavor":"default","build_type":"tar","build_hash":"0000000000000000000000000000000000000000","build_date":"2025-01-01T00:00:00Z",` +
		`"build_snapshot":false,"lucene_version":"9.12.2","minimum_wire_compatibility_version":"7.17.0","minimum_index_compatibility_version":"7.0.0"},` +
		`"tagline":"You Know, for Search"}`
	elasticLicense = `{"license":{"status":"active","uid":"00000000-0000-4000-8000-000000000000","type":"basic","issue_date":"2025-01-01T00:00:00.000Z",` +
		`"issue_date_in_millis":1735689600000,"max_nodes":1000,"issued_to":"mews","issuer":"mews","start_date_in_millis":-1}}`
	elasticXpack = `{"build":{"hash":"","date":"2025-01-01T00:00:00Z"},"license":{"uid":"00000000-0000-4000-8000-000000000000","type":"basic",` +
		`"mode":"basic","status":"active"},"features":{"ilm":{"available":false,"enabled":false},"security":{"available":true,"enabled":true}},"tagline":""}`
	elasticHealth = `{"cluster":"mews","cluster_name":"mews","status":"green","timed_out":false,"number_of_nodes":1,"number_of_data_nodes":1}`
)

func (a *API) elasticAnswer(body string) handle {
	return func(_ context.Context, c *call) error {
		if err := c.ignoreBody(); err != nil {
			return err
		}
		c.writeJSON(http.StatusOK, []byte(body))
		return nil
	}
}

// inFacade tells whether a request speaks Elasticsearch's API, its errors
// included.
func inFacade(r *http.Request) bool {
	path := r.URL.EscapedPath()
	return path == facadeRoot || strings.HasPrefix(path, facadeRoot+"/")
}

// findFacade finds the row of a facade's path, where an ending slash means
// nothing and {name} stands for one segment.
func (a *API) findFacade(path string) (methods map[string]*operation, known bool) {
	path = strings.TrimSuffix(path, "/")
	if methods, known = a.routes[path]; known {
		return methods, true
	}
	for _, pattern := range a.patterns {
		if matches(pattern, path) {
			return a.routes[pattern], true
		}
	}
	return nil, false
}

func matches(pattern, path string) bool {
	want, got := strings.Split(pattern, "/"), strings.Split(path, "/")
	if len(want) != len(got) {
		return false
	}
	for i, segment := range want {
		if wild := strings.HasPrefix(segment, "{"); wild && got[i] == "" || !wild && got[i] != segment {
			return false
		}
	}
	return true
}

// pathIndex is the index that a facade's path names; "" is none.
func pathIndex(r *http.Request) string {
	segments := strings.Split(strings.TrimSuffix(r.URL.EscapedPath(), "/"), "/")
	if len(segments) < 4 { // "", elastic, index, _bulk
		return ""
	}
	index, err := url.PathUnescape(segments[2])
	if err != nil {
		return segments[2]
	}
	return index
}

// An elasticError is a refusal in the words of Elasticsearch.
type elasticError struct {
	Error  elasticCause `json:"error"`
	Status int          `json:"status"`
}

type elasticCause struct {
	RootCause []elasticCause `json:"root_cause,omitempty"`
	Type      string         `json:"type"`
	Reason    string         `json:"reason"`
}

func elasticErrorOf(r *refusal) ([]byte, error) {
	cause := elasticCause{Type: elasticType(r.status), Reason: r.message}
	if r.scope != "" {
		cause.Reason += " (the API client lacks the scope " + r.scope + ")"
	}
	cause.RootCause = []elasticCause{{Type: cause.Type, Reason: cause.Reason}}
	return json.Marshal(elasticError{Error: cause, Status: r.status})
}

// elasticType is the word that shippers know a status by.
func elasticType(status int) string {
	switch status {
	case http.StatusUnauthorized, http.StatusForbidden:
		return "security_exception"
	case http.StatusNotFound:
		return "resource_not_found_exception"
	case http.StatusTooManyRequests, http.StatusServiceUnavailable:
		return "es_rejected_execution_exception"
	case http.StatusRequestEntityTooLarge:
		return "content_too_long_exception"
	}
	if status >= http.StatusInternalServerError {
		return "exception"
	}
	return "illegal_argument_exception"
}
