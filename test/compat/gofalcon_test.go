package compat

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crowdstrike/gofalcon/falcon"
	falconclient "github.com/crowdstrike/gofalcon/falcon/client"
	"github.com/crowdstrike/gofalcon/falcon/client/malquery"
	"github.com/crowdstrike/gofalcon/falcon/client/oauth2"
	"github.com/crowdstrike/gofalcon/falcon/client/sample_uploads"
	"github.com/crowdstrike/gofalcon/falcon/models"
	"github.com/go-openapi/runtime"
	xoauth2 "golang.org/x/oauth2"
)

// connect makes an unmodified gofalcon client with nothing but ApiConfig fields.
func connect(t *testing.T, id, secret string) (*falconclient.CrowdStrikeAPISpecification, *tap) {
	t.Helper()
	wire := &tap{}
	c, err := falcon.NewClient(&falcon.ApiConfig{
		ClientId: id, ClientSecret: secret, HostOverride: strings.TrimPrefix(server.BaseURL, "https://"), Context: t.Context(),
		TransportDecorator: func(rt http.RoundTripper) http.RoundTripper { wire.RoundTripper = rt; return wire },
	})
	if err != nil {
		t.Fatal(err)
	}
	return c, wire
}

func connectAdmin(t *testing.T) (*falconclient.CrowdStrikeAPISpecification, *tap) {
	return connect(t, server.ClientID, server.ClientSecret)
}

// Benign samples with markers that no other file of this server has.
var (
	textSample = []byte("plain text with the compat-marker-text inside\n")
	wideSample = append([]byte("MZ\x90\x00 not really a program "), wide("compat-marker-wide")...)
	bothSample = append([]byte("compat-marker-text again, and "), "\xde\xad\xbe\xef\xca\xfe\xba\xbe"...)
)

func wide(s string) []byte {
	var b []byte
	for _, c := range []byte(s) {
		b = append(b, c, 0)
	}
	return b
}

func shaOf(b []byte) string {
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:])
}

var uploadOnce = sync.OnceValue(func() error {
	c, err := falcon.NewClient(&falcon.ApiConfig{
		ClientId: server.ClientID, ClientSecret: server.ClientSecret, HostOverride: strings.TrimPrefix(server.BaseURL, "https://"),
		Context: context.Background(),
	})
	if err != nil {
		return err
	}
	for name, content := range map[string][]byte{"text.txt": textSample, "wide.exe": wideSample, "both.bin": bothSample} {
		p := sample_uploads.NewUploadSampleV3Params()
		p.FileName = name
		p.Sample = runtime.NamedReader(name, io.NopCloser(bytes.NewReader(content)))
		ok, err := c.SampleUploads.UploadSampleV3(p)
		if err != nil {
			return err
		}
		if r := ok.Payload.Resources; len(r) != 1 || *r[0].Sha256 != shaOf(content) || r[0].FileName != name {
			return fmt.Errorf("upload of %s answered %+v", name, r)
		}
	}
	return nil
})

// uploaded makes sure that the samples are there, uploaded by gofalcon.
func uploaded(t *testing.T) {
	t.Helper()
	if err := uploadOnce(); err != nil {
		t.Fatal(err)
	}
}

func pattern(kind, value string) *models.MalquerySearchParameter {
	return &models.MalquerySearchParameter{Type: &kind, Value: &value}
}

// await polls as the public samples do: until the status is "done".
func await(t *testing.T, c *falconclient.CrowdStrikeAPISpecification, id string) *models.MalqueryRequestResponse {
	t.Helper()
	for range 600 {
		ok, err := c.Malquery.GetMalQueryRequestV1(malquery.NewGetMalQueryRequestV1Params().WithIds([]string{id}))
		if err != nil {
			t.Fatal(err)
		}
		switch ok.Payload.Meta.Status {
		case "done":
			return ok.Payload
		case "failed":
			t.Fatalf("request failed: %s", explain(ok.Payload.Errors))
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("request %s is not done after 30 s", id)
	return nil
}

func explain(errs []*models.MalqueryQueryError) string {
	var b strings.Builder
	for _, e := range errs {
		fmt.Fprintf(&b, "[%d] %s; ", *e.Code, *e.Message)
	}
	return b.String()
}

func hashesOf(resources []*models.MalqueryExternalResource) map[string]bool {
	set := map[string]bool{}
	for _, r := range resources {
		set[r.Sha256] = true
	}
	return set
}

func TestTokenAndHeaders(t *testing.T) {
	c, wire := connectAdmin(t)
	ok, err := c.Malquery.GetMalQueryQuotasV1(nil)
	if err != nil {
		t.Fatal(err)
	}
	m := ok.Payload.Meta
	for name, v := range map[string]*int32{
		"hunt_count": m.HuntCount, "hunt_limit": m.HuntLimit, "download_count": m.DownloadCount, "download_limit": m.DownloadLimit,
		"monitor_count": m.MonitorCount, "monitor_limit": m.MonitorLimit, "days_left": m.DaysLeft,
	} {
		if v == nil {
			t.Errorf("quotas lack %s", name)
		}
	}
	if at, err := time.Parse(time.RFC3339, *m.RefreshTime); err != nil || at.Day() != 1 || at.Hour() != 0 {
		t.Errorf("refresh_time %q is not the first of a month", *m.RefreshTime)
	}
	// The header names are matched case-sensitively by other clients.
	for _, name := range []string{"X-Cs-Traceid", "X-Ratelimit-Limit", "X-Ratelimit-Remaining"} {
		if len(wire.header[name]) != 1 {
			t.Errorf("header %s is %v", name, wire.header[name])
		}
	}
	if n, err := strconv.Atoi(wire.header.Get("X-Ratelimit-Remaining")); err != nil || n <= 10 {
		t.Errorf("X-Ratelimit-Remaining %q would slow gofalcon down", wire.header.Get("X-Ratelimit-Remaining"))
	}
	if region := wire.header.Get("X-Cs-Region"); region != "local" {
		t.Errorf("X-Cs-Region %q", region)
	}
}

func TestWrongSecret(t *testing.T) {
	c, _ := connect(t, server.ClientID, "wrong")
	_, err := c.Malquery.GetMalQueryQuotasV1(nil)
	var refused *xoauth2.RetrieveError
	if !errors.As(err, &refused) || refused.Response.StatusCode != http.StatusForbidden {
		t.Fatalf("wrong secret: %v", err)
	}
	if !bytes.Contains(refused.Body, []byte(`"errors"`)) || bytes.Contains(refused.Body, []byte("access_token")) {
		t.Errorf("refusal %s", refused.Body)
	}
}

func TestMissingScope(t *testing.T) {
	uploaded(t)
	read := newClient(t, "malquery:read")
	c, _ := connect(t, read.ID, read.Secret)
	if _, err := c.Malquery.GetMalQueryQuotasV1(nil); err != nil {
		t.Errorf("its own scope: %v", err)
	}
	p := malquery.NewPostMalQueryFuzzySearchV1Params()
	p.Body = &models.MalqueryFuzzySearchParametersV1{Patterns: []*models.MalquerySearchParameter{pattern("ascii", "marker")}}
	_, err := c.Malquery.PostMalQueryFuzzySearchV1(p)
	var refused *malquery.PostMalQueryFuzzySearchV1Forbidden
	if !errors.As(err, &refused) || len(refused.Payload.Errors) == 0 || *refused.Payload.Errors[0].Code != 403 {
		t.Errorf("missing scope: %v", err)
	}
}

func TestFuzzySearch(t *testing.T) {
	uploaded(t)
	c, _ := connectAdmin(t)
	p := malquery.NewPostMalQueryFuzzySearchV1Params()
	p.Body = &models.MalqueryFuzzySearchParametersV1{
		Options:  &models.MalqueryFuzzyOptions{FilterMeta: []string{"sha256", "type", "size"}, Limit: 10},
		Patterns: []*models.MalquerySearchParameter{pattern("ascii", "compat-marker-text")},
	}
	ok, err := c.Malquery.PostMalQueryFuzzySearchV1(p)
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	found := map[string]*models.MalquerySampleMetadata{}
	for _, r := range ok.Payload.Resources {
		found[r.Sha256] = r
	}
	got := found[shaOf(textSample)]
	if got == nil || found[shaOf(bothSample)] == nil {
		t.Fatalf("found %v", found)
	}
	if int(got.Filesize) != len(textSample) || got.Filetype == "" || got.Md5 != "" || got.Label != "" {
		t.Errorf("projection gave %+v", got)
	}
	if ok.Payload.Meta.Status != "done" || ok.Payload.Meta.Stats == nil || len(ok.Payload.Errors) != 0 {
		t.Errorf("meta %+v, errors %s", ok.Payload.Meta, explain(ok.Payload.Errors))
	}
}

func TestExactSearch(t *testing.T) {
	uploaded(t)
	c, _ := connectAdmin(t)
	for name, tc := range map[string]struct {
		patterns []*models.MalquerySearchParameter
		options  *models.MalqueryExternalHuntOptions
		want     []string
	}{
		"ascii":  {[]*models.MalquerySearchParameter{pattern("ascii", "compat-marker-text")}, nil, []string{shaOf(textSample), shaOf(bothSample)}},
		"wide":   {[]*models.MalquerySearchParameter{pattern("wide", "compat-marker-wide")}, nil, []string{shaOf(wideSample)}},
		"hex":    {[]*models.MalquerySearchParameter{pattern("hex", "DE AD be ef cafebabe")}, nil, []string{shaOf(bothSample)}},
		"and":    {[]*models.MalquerySearchParameter{pattern("ascii", "compat-marker-text"), pattern("hex", "deadbeef")}, nil, []string{shaOf(bothSample)}},
		"none":   {[]*models.MalquerySearchParameter{pattern("ascii", "no such text anywhere")}, nil, nil},
		"size":   {[]*models.MalquerySearchParameter{pattern("ascii", "compat-marker-text")}, &models.MalqueryExternalHuntOptions{MaxSize: "40"}, []string{shaOf(bothSample)}},
		"future": {[]*models.MalquerySearchParameter{pattern("ascii", "compat-marker-text")}, &models.MalqueryExternalHuntOptions{MinDate: "2999/01/01"}, nil},
	} {
		t.Run(name, func(t *testing.T) {
			p := malquery.NewPostMalQueryExactSearchV1Params()
			p.Body = &models.MalqueryExternalExactSearchParametersV1{Patterns: tc.patterns, Options: tc.options}
			ok, err := c.Malquery.PostMalQueryExactSearchV1(p)
			if err != nil {
				t.Fatal(falcon.ErrorExplain(err))
			}
			done := await(t, c, ok.Payload.Meta.Reqid)
			got := hashesOf(done.Resources)
			if len(got) != len(tc.want) {
				t.Errorf("found %v, want %v", got, tc.want)
			}
			for _, sha := range tc.want {
				if !got[sha] {
					t.Errorf("missed %s", sha)
				}
			}
			m := done.Meta
			if m.Reqtype != "search" || len(m.Patterns) != len(tc.patterns) || !strings.Contains(m.YaraRule, "all of them") ||
				int(*m.Stats.TotalCount) != len(tc.want) {
				t.Errorf("meta %+v", m)
			}
			for _, r := range done.Resources {
				if r.Samples == nil || r.Label == "" || r.FirstSeen != time.Now().UTC().Format("2006/01/02") {
					t.Errorf("resource %+v", r)
				}
			}
		})
	}
}

func TestHunt(t *testing.T) {
	uploaded(t)
	c, _ := connectAdmin(t)
	rule := `rule compat { strings: $a = "compat-marker-wide" wide $b = "compat-marker-text" condition: any of them and filesize < 1MB }`
	p := malquery.NewPostMalQueryHuntV1Params()
	p.Body = &models.MalqueryExternalHuntParametersV1{YaraRule: &rule, Options: &models.MalqueryExternalHuntOptions{Limit: 100}}
	ok, err := c.Malquery.PostMalQueryHuntV1(p)
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	done := await(t, c, ok.Payload.Meta.Reqid)
	if got := hashesOf(done.Resources); len(got) != 3 || !got[shaOf(textSample)] || !got[shaOf(wideSample)] || !got[shaOf(bothSample)] {
		t.Errorf("found %v", got)
	}
	if done.Meta.Reqtype != "hunt" || done.Meta.YaraRule != rule {
		t.Errorf("meta %+v", done.Meta)
	}
	bad := "rule broken {"
	p.Body.YaraRule = &bad
	_, err = c.Malquery.PostMalQueryHuntV1(p)
	var refused *malquery.PostMalQueryHuntV1BadRequest
	if !errors.As(err, &refused) || len(refused.Payload.Errors) == 0 || !strings.Contains(*refused.Payload.Errors[0].Message, "1") {
		t.Errorf("a broken rule: %v", err)
	}
}

func TestMetadata(t *testing.T) {
	uploaded(t)
	c, _ := connectAdmin(t)
	unknown := strings.Repeat("0", 64)
	// gofalcon sends ids as one comma-separated value.
	ok, err := c.Malquery.GetMalQueryMetadataV1(malquery.NewGetMalQueryMetadataV1Params().WithIds([]string{shaOf(textSample), unknown, shaOf(wideSample)}))
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if len(ok.Payload.Resources) != 2 || len(ok.Payload.Errors) != 1 || ok.Payload.Errors[0].ID != unknown || *ok.Payload.Errors[0].Code != 404 {
		t.Errorf("resources %v, errors %s", ok.Payload.Resources, explain(ok.Payload.Errors))
	}
	for _, r := range ok.Payload.Resources {
		// A type that has no documented name is left out.
		wantType := map[string]string{shaOf(textSample): "TEXT", shaOf(wideSample): ""}[r.Sha256]
		if r.Md5 == "" || r.Sha1 == "" || r.Filetype != wantType || r.Label != "unknown" {
			t.Errorf("metadata %+v, want type %q", r, wantType)
		}
	}
	_, err = c.Malquery.GetMalQueryMetadataV1(malquery.NewGetMalQueryMetadataV1Params().WithIds([]string{"12345678"}))
	var refused *malquery.GetMalQueryMetadataV1BadRequest
	if !errors.As(err, &refused) {
		t.Errorf("a malformed hash: %v", err)
	}
}

// TestBinaryRoutes: gofalcon reaches both routes but cannot hand out the bytes.
func TestBinaryRoutes(t *testing.T) {
	uploaded(t)
	c, wire := connectAdmin(t)
	if _, err := c.Malquery.GetMalQueryDownloadV1(malquery.NewGetMalQueryDownloadV1Params().WithIds([]string{shaOf(textSample)})); err != nil {
		t.Errorf("download: %v", err)
	}
	if kind := wire.header.Get("Content-Type"); kind != "application/octet-stream" {
		t.Errorf("download came as %q", kind)
	}
	_, err := c.Malquery.GetMalQueryDownloadV1(malquery.NewGetMalQueryDownloadV1Params().WithIds([]string{strings.Repeat("0", 64)}))
	var unknown *malquery.GetMalQueryDownloadV1NotFound
	if !errors.As(err, &unknown) {
		t.Errorf("unknown sample: %v", err)
	}
	p := malquery.NewPostMalQueryEntitiesSamplesMultidownloadV1Params()
	p.Body = &models.MalqueryMultiDownloadRequestV1{Samples: []string{shaOf(textSample), shaOf(wideSample)}}
	job, err := c.Malquery.PostMalQueryEntitiesSamplesMultidownloadV1(p)
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	await(t, c, job.Payload.Meta.Reqid)
	if _, err := c.Malquery.GetMalQueryEntitiesSamplesFetchV1(malquery.NewGetMalQueryEntitiesSamplesFetchV1Params().WithIds(job.Payload.Meta.Reqid)); err != nil {
		t.Errorf("archive: %v", err)
	}
	// It has no consumer for application/zip, so it gets a type that it knows.
	if kind := wire.header.Get("Content-Type"); kind != "application/octet-stream" || wire.status != http.StatusOK {
		t.Errorf("archive came as %q with status %d", kind, wire.status)
	}
}

// TestBadRequests: nothing that gofalcon can send wrongly becomes an opaque error.
func TestBadRequests(t *testing.T) {
	c, _ := connectAdmin(t)
	_, err := c.Malquery.GetMalQueryRequestV1(malquery.NewGetMalQueryRequestV1Params().WithIds([]string{"nonsense"}))
	var request *malquery.GetMalQueryRequestV1BadRequest
	if !errors.As(err, &request) || *request.Payload.Errors[0].Code != 400 || *request.Payload.Errors[0].Message == "" {
		t.Errorf("a malformed request id: %v", err)
	}
	for name, pat := range map[string]*models.MalquerySearchParameter{
		"placeholder type": pattern("string", "string"), "short": pattern("ascii", "abc"), "odd hex": pattern("hex", "abcde1234"),
	} {
		p := malquery.NewPostMalQueryExactSearchV1Params()
		p.Body = &models.MalqueryExternalExactSearchParametersV1{Patterns: []*models.MalquerySearchParameter{pat}}
		_, err := c.Malquery.PostMalQueryExactSearchV1(p)
		var refused *malquery.PostMalQueryExactSearchV1BadRequest
		if !errors.As(err, &refused) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestDocumentedLimits holds what gofalcon cannot do, so that our documents
// stay true: the day one of these passes they must change.
func TestDocumentedLimits(t *testing.T) {
	c, wire := connectAdmin(t)
	get := sample_uploads.NewGetSampleV3Params().WithIds(shaOf(textSample))
	if _, err := c.SampleUploads.GetSampleV3(get); err == nil || !strings.Contains(err.Error(), "none of producers") || wire.sent != 0 {
		t.Errorf("GetSampleV3: %v after %d requests", err, wire.sent)
	}
	del := sample_uploads.NewDeleteSampleV3Params().WithIds(shaOf(textSample))
	if _, err := c.SampleUploads.DeleteSampleV3(del); err == nil || !strings.Contains(err.Error(), "none of producers") || wire.sent != 0 {
		t.Errorf("DeleteSampleV3: %v after %d requests", err, wire.sent)
	}
}

// TestRevoke: gofalcon's transport replaces the Basic credentials of this call
// with its bearer token, and that has to do.
func TestRevoke(t *testing.T) {
	own := newClient(t, "malquery:read")
	c, wire := connect(t, own.ID, own.Secret)
	if _, err := c.Malquery.GetMalQueryQuotasV1(nil); err != nil {
		t.Fatal(err)
	}
	token := fetchToken(t, own)
	p := oauth2.NewOauth2RevokeTokenParams()
	p.Token = token
	if _, err := c.Oauth2.Oauth2RevokeToken(p); err != nil {
		t.Fatalf("revoke: %v (status %d)", err, wire.status)
	}
	static, err := falcon.NewClient(&falcon.ApiConfig{
		AccessToken: token, HostOverride: strings.TrimPrefix(server.BaseURL, "https://"), Context: t.Context(),
	})
	if err != nil {
		t.Fatal(err)
	}
	_, err = static.Malquery.GetMalQueryQuotasV1(nil)
	var refused *malquery.GetMalQueryQuotasV1Unauthorized
	if !errors.As(err, &refused) {
		t.Errorf("a revoked token: %v", err)
	}
}

// fetchToken logs in as gofalcon's generated operation and curl users do: form
// fields and no Authorization header.
func fetchToken(t *testing.T, own credentials) string {
	t.Helper()
	c := falconclient.NewHTTPClientWithConfig(nil, &falconclient.TransportConfig{
		Host: strings.TrimPrefix(server.BaseURL, "https://"), BasePath: "/", Schemes: []string{"https"},
	})
	p := oauth2.NewOauth2AccessTokenParams()
	p.ClientID, p.ClientSecret = own.ID, own.Secret
	ok, err := c.Oauth2.Oauth2AccessToken(p)
	if err != nil {
		t.Fatalf("token: %v", err)
	}
	if ok.Payload.ExpiresIn <= 120 || ok.Payload.AccessToken == "" {
		t.Fatalf("token %+v", ok.Payload)
	}
	if u, err := url.Parse(server.BaseURL); err != nil || u.Scheme != "https" {
		t.Fatalf("base_url %q", server.BaseURL)
	}
	return ok.Payload.AccessToken
}
