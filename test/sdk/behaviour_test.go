package sdk

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/mewstest"
)

// A target is a server under the suite: seven objects or more of each kind that
// pages, no samples and indicators of the suite's own.
type target struct {
	url        string
	id, secret string
	// An API client that may read devices and nothing else.
	limitedID, limitedSecret string
	ranges                   bool // gives the rest of a file
	wire                     *wire
}

// client opens a client whose requests go over the target's wire.
func (s *target) client(t *testing.T, opts ...mews.Option) *mews.Client {
	t.Helper()
	base := []mews.Option{mews.WithCredentials(s.id, s.secret), mews.WithTransport(s.wire)}
	c, err := mews.NewClient(s.url, append(base, opts...)...)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func TestAgainstMews(t *testing.T) {
	t.Parallel()
	srv := mewstest.Start(t, mewstest.WithSeed(3))
	s := target{url: srv.URL, id: srv.ClientID, secret: srv.ClientSecret, ranges: true}
	s.limitedID, s.limitedSecret = srv.NewCredentials(mews.ScopeDevicesRead)
	c := srv.Client()
	if _, err := c.Vulnerabilities().Import(t.Context(), strings.NewReader(scan()), mews.VulnerabilityReport{Hostname: "scanned"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Intel().Import(t.Context(), strings.NewReader(feed()), mews.IntelImport{Source: "suite", Format: "csv"}); err != nil {
		t.Fatal(err)
	}
	s.run(t)
}

// scan is a report of a scanner that found something in seven packages.
func scan() string {
	var found []string
	for i := range objects {
		found = append(found, fmt.Sprintf(`{"VulnerabilityID":"CVE-2024-%04d","PkgName":"part%d","InstalledVersion":"1","Severity":"HIGH"}`, i+1, i))
	}
	return `{"SchemaVersion":2,"ArtifactName":"scanned","ArtifactType":"filesystem","Results":[{"Target":"scanned","Class":"os-pkgs","Type":"debian","Vulnerabilities":[` +
		strings.Join(found, ",") + `]}]}`
}

// feed names seven domains.
func feed() string {
	text := "type,value\n"
	for i := range objects {
		text += fmt.Sprintf("domain,d%d.example\n", i)
	}
	return text
}

func TestAgainstStub(t *testing.T) {
	t.Parallel()
	s := target{
		url: newCloud(t).URL, id: "all", secret: "secret-of-all", limitedID: "devices", limitedSecret: "secret-of-devices",
	}
	s.run(t)
}

// run lets every behaviour have a wire of its own.
func (s target) run(t *testing.T) {
	for _, b := range []struct {
		name string
		run  func(*testing.T, *target)
	}{
		{"one login serves all calls, and Close ends it", oneLogin},
		{"an ended token is replaced, once", endedToken},
		{"clients share tokens", sharedTokens},
		{"a wrong secret is told from a missing scope", refusedClients},
		{"every page, in each way of paging", everyPage},
		{"iteration stops where the caller does", stopping},
		{"an operation by each of its names is one operation", names},
		{"any path can be called", anyPath},
		{"every reply can be had whole", wholeReplies},
		{"errors have kind, code, message and trace id", kinds},
		{"what is unknown is told beside what is known", partly},
		{"a sample goes in, comes out and is deleted", sampleLife},
		{"a cut download goes on", cutDownload},
		{"a rate limit is obeyed, by unsafe calls too", rateLimit},
		{"an outage is borne by safe calls only", outage},
		{"a cut reply is asked for again, of safe calls", cutReply},
		{"a call ends with its context", cancelled},
		{"indicators by name: made, refused twice, deleted", indicators},
		{"what goes over the wire", requests},
	} {
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			s := s
			s.wire = newWire()
			b.run(t, &s)
		})
	}
}

// decode reads a raw object.
func decode[T any](t *testing.T, raw json.RawMessage) T {
	t.Helper()
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatalf("%s: %v", raw, err)
	}
	return v
}
