package mews_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

// A spotlight answers two pages of vulnerabilities and takes reports.
func spotlight(t *testing.T) (*mews.Client, *[]string) {
	t.Helper()
	var asked []string
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		if r.URL.Path == "/oauth2/token" {
			w.WriteHeader(http.StatusCreated)
			_, _ = io.WriteString(w, `{"access_token":"t","expires_in":1799}`)
			return
		}
		body, _ := io.ReadAll(r.Body)
		asked = append(asked, r.Method+" "+r.URL.RequestURI()+" "+r.Header.Get("Content-Encoding")+string(body))
		env := map[string]any{"meta": map[string]any{}, "errors": []any{}}
		page := func(resources ...any) {
			after, n := "next", 0
			if r.FormValue("after") == "next" {
				after, n = "", 1
			}
			env["meta"] = map[string]any{"pagination": map[string]any{"after": after, "limit": 1, "total": 2}}
			env["resources"] = resources[n : n+1]
		}
		switch r.URL.Path {
		case "/spotlight/queries/vulnerabilities/v1":
			page("a", "b")
		case "/spotlight/combined/vulnerabilities/v1":
			page(map[string]any{"id": "a"}, map[string]any{"id": "b"})
		case "/ingest/v1/vulnerabilities":
			env["resources"] = []any{map[string]any{"scope": "/", "opened": len(body)}}
		}
		_ = json.NewEncoder(w).Encode(env)
	}))
	t.Cleanup(srv.Close)
	c, err := mews.NewClient(srv.URL, mews.WithCredentials("id", "secret"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c, &asked
}

func TestVulnerabilityPages(t *testing.T) {
	c, asked := spotlight(t)
	var got []string
	for id, err := range c.Vulnerabilities().All(t.Context(), mews.RecordQuery{Filter: "status:'open'", Offset: 7, Q: "x"}) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, id)
	}
	for v, err := range c.Vulnerabilities().CombinedAll(t.Context(), mews.RecordQuery{Filter: "status:'open'"}, mews.FacetCVE, mews.FacetHostInfo) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, v.ID)
	}
	if !slices.Equal(got, []string{"a", "b", "a", "b"}) {
		t.Errorf("got %q", got)
	}
	want := []string{
		"GET /spotlight/queries/vulnerabilities/v1?filter=status%3A%27open%27&limit=400 ",
		"GET /spotlight/queries/vulnerabilities/v1?after=next&filter=status%3A%27open%27&limit=400 ",
		"GET /spotlight/combined/vulnerabilities/v1?facet=cve&facet=host_info&filter=status%3A%27open%27&limit=5000 ",
		"GET /spotlight/combined/vulnerabilities/v1?after=next&facet=cve&facet=host_info&filter=status%3A%27open%27&limit=5000 ",
	}
	if !slices.Equal(*asked, want) {
		t.Errorf("asked\n%s", strings.Join(*asked, "\n"))
	}
}

// TestImportFromAPipe: a pipe is a file that has no place to go back to, and is
// sent all the same.
func TestImportFromAPipe(t *testing.T) {
	c, asked := spotlight(t)
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		_, _ = io.WriteString(w, "a report")
		_ = w.Close()
	}()
	env, err := c.Vulnerabilities().Import(t.Context(), r, mews.VulnerabilityReport{AID: "x", Scope: "s", Encoding: "gzip", Format: mews.ReportTrivy})
	if err != nil {
		t.Fatal(err)
	}
	if env.Resources[0].Opened != 8 || (*asked)[0] != "POST /ingest/v1/vulnerabilities?aid=x&format=trivy&scope=s gzipa report" {
		t.Errorf("%+v of %q", env.Resources, *asked)
	}
}
