package compat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime/multipart"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crowdstrike/gofalcon/falcon"
	falconclient "github.com/crowdstrike/gofalcon/falcon/client"
	"github.com/crowdstrike/gofalcon/falcon/client/quarantine"
	"github.com/crowdstrike/gofalcon/falcon/models"
	"github.com/go-openapi/runtime"
)

// A customer has records of its own: what its test changes, no other test sees.
type customer struct {
	*falconclient.CrowdStrikeAPISpecification
	cid   string
	token string
}

var customers atomic.Int64

func newCustomer(t *testing.T) *customer {
	t.Helper()
	return customerWith(t, "quarantined-files:read,quarantined-files:write,ingest:write")
}

func customerWith(t *testing.T, scopes string) *customer {
	t.Helper()
	c := &customer{cid: fmt.Sprintf("%032x", 0xc0de+customers.Add(1))}
	own := newClient(t, scopes, "--cid", c.cid)
	c.CrowdStrikeAPISpecification, _ = connect(t, own.ID, own.Secret)
	c.token = fetchToken(t, own)
	return c
}

// A reported is what a host tells of a file.
type reported struct {
	AID         string              `json:"aid"`
	SHA256      string              `json:"sha256"`
	Hostname    string              `json:"hostname"`
	Username    string              `json:"username,omitempty"`
	DateCreated string              `json:"date_created"`
	Paths       []map[string]string `json:"paths"`
	MaxSeverity int                 `json:"max_severity"`
}

func (r reported) id() string { return r.AID + "_" + r.SHA256 }

// twelve reports of three hosts, an hour apart, with severities 0, 9, 18 ... 99.
func twelve() (all []reported) {
	for n := range 12 {
		host := []string{"alpha", "beta", "gamma"}[n%3]
		all = append(all, reported{
			AID: fmt.Sprintf("%032x", n%3+1), SHA256: shaOf(fmt.Appendf(nil, "file %d", n)), Hostname: host, Username: []string{"ann", ""}[n%2],
			DateCreated: time.Date(2025, 6, 1, n, 0, 0, 0, time.UTC).Format(time.RFC3339),
			Paths:       []map[string]string{{"path": fmt.Sprintf("/home/ann/file-%d.bin", n)}}, MaxSeverity: 9 * n,
		})
	}
	return all
}

// report brings records in by the route of hosts, which gofalcon does not know.
func (c *customer) report(t *testing.T, reports []reported) {
	t.Helper()
	var lines bytes.Buffer
	for _, r := range reports {
		if err := json.NewEncoder(&lines).Encode(r); err != nil {
			t.Fatal(err)
		}
	}
	c.ingest(t, &lines, "application/x-ndjson")
}

// reportFile brings one record in with its bytes.
func (c *customer) reportFile(t *testing.T, r reported, content []byte) {
	t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	record, err := json.Marshal(r)
	if err == nil {
		err = w.WriteField("record", string(record))
	}
	file, fileErr := w.CreateFormFile("sample", "sample")
	if err = errors.Join(err, fileErr); err == nil {
		_, err = file.Write(content)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		t.Fatal(err)
	}
	c.ingest(t, &form, w.FormDataContentType())
}

func (c *customer) ingest(t *testing.T, body io.Reader, kind string) {
	t.Helper()
	c.send(t, "/ingest/v1/quarantine", body, kind)
}

// send brings in what hosts tell.
func (c *customer) send(t *testing.T, path string, body io.Reader, kind string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, server.BaseURL+path, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", kind)
	req.Header.Set("Authorization", "Bearer "+c.token)
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	var env struct{ Errors []any }
	if err == nil {
		err = json.Unmarshal(answer, &env)
	}
	if err != nil || resp.StatusCode != http.StatusOK || len(env.Errors) > 0 {
		t.Fatalf("ingest answered %s: %s (%v)", resp.Status, answer, err)
	}
}

func (c *customer) states(t *testing.T, ids []string) (states []string) {
	t.Helper()
	ok, err := c.Quarantine.GetQuarantineFiles(quarantine.NewGetQuarantineFilesParams().WithBody(&models.MsaIdsRequest{Ids: ids}))
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	for _, r := range ok.Payload.Resources {
		states = append(states, r.State)
	}
	return states
}

func ptr[T any](v T) *T { return &v }

func TestQueryQuarantineFiles(t *testing.T) {
	c := newCustomer(t)
	all := twelve()
	c.report(t, all)
	newest := func(keep func(reported) bool) (ids []string) {
		for _, r := range slices.Backward(all) {
			if keep(r) {
				ids = append(ids, r.id())
			}
		}
		return ids
	}
	for name, tc := range map[string]struct {
		params quarantine.QueryQuarantineFilesParams
		want   []string
	}{
		"nothing":  {quarantine.QueryQuarantineFilesParams{}, newest(func(reported) bool { return true })},
		"filter":   {quarantine.QueryQuarantineFilesParams{Filter: ptr("device.hostname:'BETA'+max_severity:>=30")}, newest(func(r reported) bool { return r.Hostname == "beta" && r.MaxSeverity >= 30 })},
		"plus":     {quarantine.QueryQuarantineFilesParams{Filter: ptr("date_created:>='2025-06-01T09:00:00+00:00'")}, newest(func(r reported) bool { return r.DateCreated >= "2025-06-01T09" })},
		"q":        {quarantine.QueryQuarantineFilesParams{Q: ptr("file 1")}, newest(func(r reported) bool { return strings.Contains(r.Paths[0]["path"], "file-1") })},
		"sort":     {quarantine.QueryQuarantineFilesParams{Sort: ptr("date_created|desc"), Limit: ptr(int64(3))}, newest(func(r reported) bool { return r.MaxSeverity >= 81 })},
		"negation": {quarantine.QueryQuarantineFilesParams{Filter: ptr("username:!'ann'")}, newest(func(r reported) bool { return r.Username == "" })},
	} {
		t.Run(name, func(t *testing.T) {
			p := tc.params
			ok, err := c.Quarantine.QueryQuarantineFiles(p.WithContext(t.Context()))
			if err != nil {
				t.Fatal(falcon.ErrorExplain(err))
			}
			if !slices.Equal(ok.Payload.Resources, tc.want) {
				t.Errorf("got %v, want %v", ok.Payload.Resources, tc.want)
			}
		})
	}
	t.Run("paging", func(t *testing.T) {
		var got []string
		for offset, total := int32(0), int64(1); int64(offset) < total; {
			p := quarantine.NewQueryQuarantineFilesParams().WithLimit(ptr(int64(5))).WithOffset(ptr(fmt.Sprint(offset)))
			ok, err := c.Quarantine.QueryQuarantineFiles(p)
			if err != nil {
				t.Fatal(falcon.ErrorExplain(err))
			}
			got = append(got, ok.Payload.Resources...)
			page := ok.Payload.Meta.Pagination
			if *page.Offset <= offset || *page.Limit != 5 || *page.Total != 12 {
				t.Fatalf("page after %d is offset %d, limit %d, total %d", offset, *page.Offset, *page.Limit, *page.Total)
			}
			offset, total = *page.Offset, *page.Total
		}
		if want := newest(func(reported) bool { return true }); !slices.Equal(got, want) {
			t.Errorf("pages gave %v, want %v", got, want)
		}
	})
}

func TestGetQuarantineFiles(t *testing.T) {
	c := newCustomer(t)
	all := twelve()
	c.report(t, all)
	content := []byte("a quarantined file of gofalcon")
	own := all[0]
	own.SHA256 = shaOf(content)
	c.reportFile(t, own, content)
	unknown := strings.Repeat("0", 32) + "_" + strings.Repeat("0", 64)
	ok, err := c.Quarantine.GetQuarantineFiles(quarantine.NewGetQuarantineFilesParams().WithBody(
		&models.MsaIdsRequest{Ids: []string{own.id(), unknown, all[7].id()}}))
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if e := ok.Payload.Errors; len(e) != 1 || *e[0].Code != 404 || e[0].ID != unknown || *e[0].Message == "" {
		t.Errorf("errors %+v", e)
	}
	if len(ok.Payload.Resources) != 2 {
		t.Fatalf("%d records", len(ok.Payload.Resources))
	}
	for i, want := range []reported{own, all[7]} {
		got := ok.Payload.Resources[i]
		if got.ID != want.id() || got.Aid != want.AID || got.Cid != c.cid || got.Sha256 != want.SHA256 || got.State != "quarantined" ||
			got.Hostname != want.Hostname || got.Username != want.Username || got.DateCreated != want.DateCreated {
			t.Errorf("record %+v, want %+v", got, want)
		}
		path := want.Paths[0]["path"]
		if len(got.Paths) != 1 || got.Paths[0].Path != path || got.Paths[0].Filename != path[strings.LastIndexByte(path, '/')+1:] || got.Paths[0].State != "quarantined" {
			t.Errorf("paths %+v, want %q", got.Paths[0], path)
		}
		if at, err := time.Parse(time.RFC3339, got.DateUpdated); err != nil || !strings.HasSuffix(got.DateUpdated, "Z") || at.IsZero() {
			t.Errorf("date_updated %q: %v", got.DateUpdated, err)
		}
	}
	_, err = c.Quarantine.GetQuarantineFiles(quarantine.NewGetQuarantineFilesParams().WithBody(&models.MsaIdsRequest{Ids: []string{unknown}}))
	refusedWith(t, err, http.StatusNotFound)
	_, err = c.Quarantine.GetQuarantineFiles(quarantine.NewGetQuarantineFilesParams().WithBody(&models.MsaIdsRequest{}))
	refusedWith(t, err, http.StatusBadRequest)
}

// refusedWith checks a status that the generated client does not declare: it
// becomes an error that carries the status alone.
func refusedWith(t *testing.T, err error, status int) {
	t.Helper()
	var opaque *runtime.APIError
	if !errors.As(err, &opaque) || opaque.Code != status {
		t.Errorf("want status %d, got %v", status, err)
	}
}

// aggregate asks with the generated model, which sends null for all that is not set.
func (c *customer) aggregate(t *testing.T, ask *models.MsaAggregateQueryRequest) []*models.MsaAggregationResultItem {
	t.Helper()
	ok, err := c.Quarantine.GetAggregateFiles(quarantine.NewGetAggregateFilesParams().WithBody(ask))
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if len(ok.Payload.Resources) != 1 || *ok.Payload.Resources[0].Name == "" {
		t.Fatalf("%d results", len(ok.Payload.Resources))
	}
	return ok.Payload.Resources[0].Buckets
}

func TestGetAggregateFiles(t *testing.T) {
	c := newCustomer(t)
	c.report(t, twelve())
	for name, tc := range map[string]struct {
		ask  models.MsaAggregateQueryRequest
		want string // label=count, or =value, of each bucket
	}{
		"terms":          {models.MsaAggregateQueryRequest{Type: ptr("terms"), Field: ptr("hostname"), Sort: ptr("_term|desc"), Size: ptr(int32(2))}, "gamma=4 beta=4 "},
		"terms, filter":  {models.MsaAggregateQueryRequest{Type: ptr("terms"), Field: ptr("hostname"), Filter: ptr("max_severity:>80"), Sort: ptr("_term|asc")}, "alpha=1 beta=1 gamma=1 "},
		"terms, missing": {models.MsaAggregateQueryRequest{Type: ptr("terms"), Field: ptr("username"), Missing: ptr("none"), Sort: ptr("_term|asc")}, "ann=6 none=6 "},
		"date_histogram": {models.MsaAggregateQueryRequest{Type: ptr("date_histogram"), Field: ptr("date_created"), Interval: ptr("day")}, "1748736000000=12 "},
		"bounds": {models.MsaAggregateQueryRequest{
			Type: ptr("date_histogram"), Field: ptr("date_created"), Interval: ptr("day"),
			ExtendedBounds: &models.MsaExtendedBoundsSpec{Min: ptr("2025-05-31"), Max: ptr("2025-06-02")},
		}, "1748649600000=0 1748736000000=12 1748822400000=0 "},
		"date_range": {models.MsaAggregateQueryRequest{Type: ptr("date_range"), Field: ptr("date_created"), DateRanges: []*models.MsaDateRangeSpec{
			{From: ptr("2025-06-01T03:00:00Z"), To: ptr("2025-06-01T05:00:00Z")}, {From: ptr("now-1d"), To: ptr("now")},
		}}, "2 0 "},
		"range": {models.MsaAggregateQueryRequest{Type: ptr("range"), Field: ptr("max_severity"), Ranges: []*models.MsaRangeSpec{
			{From: ptr(0.0), To: ptr(70.0)}, {From: ptr(70.0), To: ptr(100.0)},
		}}, "8 4 "},
		"cardinality": {models.MsaAggregateQueryRequest{Type: ptr("cardinality"), Field: ptr("aid")}, "value 3 "},
		"max":         {models.MsaAggregateQueryRequest{Type: ptr("max"), Field: ptr("max_severity")}, "value 99 "},
		"min":         {models.MsaAggregateQueryRequest{Type: ptr("min"), Field: ptr("max_severity"), Filter: ptr("max_severity:>0")}, "value 9 "},
		"avg":         {models.MsaAggregateQueryRequest{Type: ptr("avg"), Field: ptr("max_severity")}, "value 49.5 "},
		"sum":         {models.MsaAggregateQueryRequest{Type: ptr("sum"), Field: ptr("max_severity")}, "value 594 "},
		"percentiles": {models.MsaAggregateQueryRequest{Type: ptr("percentiles"), Field: ptr("max_severity"), Percents: []float64{0, 100}}, "value 0 value 99 "},
		"filters": {models.MsaAggregateQueryRequest{Type: ptr("terms"), Field: ptr("state"), FiltersSpec: &models.MsaAPIFiltersSpec{
			Filters: map[string]string{"high": "max_severity:>50"}, OtherBucket: ptr(true), OtherBucketKey: ptr("low"),
		}}, "quarantined=12 high=6 low=6 "},
	} {
		t.Run(name, func(t *testing.T) {
			if got := show(tc.ask, c.aggregate(t, &tc.ask)); got != tc.want {
				t.Errorf("got %q, want %q", got, tc.want)
			}
		})
	}
	t.Run("sub-aggregates", func(t *testing.T) {
		worst := &models.MsaAggregateQueryRequest{Name: ptr("worst"), Type: ptr("max"), Field: ptr("max_severity")}
		users := &models.MsaAggregateQueryRequest{Name: ptr("users"), Type: ptr("terms"), Field: ptr("username"), SubAggregates: []*models.MsaAggregateQueryRequest{worst}}
		got := ""
		for _, host := range c.aggregate(t, &models.MsaAggregateQueryRequest{
			Type: ptr("terms"), Field: ptr("hostname"), Sort: ptr("_term|asc"), SubAggregates: []*models.MsaAggregateQueryRequest{users},
		}) {
			for _, user := range host.SubAggregates[0].Buckets {
				got += fmt.Sprintf("%v/%v=%g ", host.Label, user.Label, user.SubAggregates[0].Buckets[0].Value)
			}
		}
		if want := "alpha/ann=54 beta/ann=90 gamma/ann=72 "; got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
	t.Run("unknown field", func(t *testing.T) {
		if got := c.aggregate(t, &models.MsaAggregateQueryRequest{Type: ptr("terms"), Field: ptr("nonsense")}); got != nil {
			t.Errorf("buckets %v", got)
		}
	})
	_, err := c.Quarantine.GetAggregateFiles(quarantine.NewGetAggregateFilesParams().WithBody(&models.MsaAggregateQueryRequest{}))
	refusedWith(t, err, http.StatusBadRequest)
}

func show(ask models.MsaAggregateQueryRequest, buckets []*models.MsaAggregationResultItem) string {
	var b strings.Builder
	for _, x := range buckets {
		switch *ask.Type {
		case "terms":
			fmt.Fprintf(&b, "%v=%d ", x.Label, *x.Count)
		case "date_histogram":
			fmt.Fprintf(&b, "%v=%d ", x.Label, *x.Count)
		case "date_range", "range":
			fmt.Fprintf(&b, "%d ", *x.Count)
		default:
			fmt.Fprintf(&b, "value %g ", x.Value)
		}
	}
	return b.String()
}

func TestActionUpdateCountAndUpdates(t *testing.T) {
	c := newCustomer(t)
	all := twelve()
	c.report(t, all)
	count := func(filter string) string {
		t.Helper()
		ok, err := c.Quarantine.ActionUpdateCount(quarantine.NewActionUpdateCountParams().WithFilter(filter))
		if err != nil {
			t.Fatal(falcon.ErrorExplain(err))
		}
		r := ok.Payload.Resources
		if len(r) != 1 || *r[0].Name != "affected_files_by_action" {
			t.Fatalf("results %+v", r)
		}
		return show(models.MsaAggregateQueryRequest{Type: ptr("terms")}, r[0].Buckets)
	}
	ids := []string{all[0].id(), all[1].id()}
	byIDs := func(action string, ids ...string) int32 {
		t.Helper()
		ok, err := c.Quarantine.UpdateQuarantinedDetectsByIds(quarantine.NewUpdateQuarantinedDetectsByIdsParams().WithBody(
			&models.DomainEntitiesPatchRequest{Action: action, Comment: "from a test", Ids: ids}))
		if err != nil {
			t.Fatal(falcon.ErrorExplain(err))
		}
		return *ok.Payload.Meta.Writes.ResourcesAffected
	}
	byQuery := func(action, filter, q string) int32 {
		t.Helper()
		ok, err := c.Quarantine.UpdateQfByQuery(quarantine.NewUpdateQfByQueryParams().WithBody(
			&models.DomainQueriesPatchRequest{Action: action, Filter: filter, Q: q}))
		if err != nil {
			t.Fatal(falcon.ErrorExplain(err))
		}
		return *ok.Payload.Meta.Writes.ResourcesAffected
	}
	for _, step := range []struct {
		name     string
		do       func() int32
		affected int32
		left     string // what ActionUpdateCount says afterwards
	}{
		{"release two", func() int32 { return byIDs("release", ids...) }, 2, "release=10 delete=12 unrelease=2 "},
		{"release them again", func() int32 { return byIDs("release", ids...) }, 0, "release=10 delete=12 unrelease=2 "},
		{"take one back", func() int32 { return byIDs("unrelease", ids[0]) }, 1, "release=11 delete=12 unrelease=1 "},
		{"delete by filter", func() int32 { return byQuery("delete", "hostname:'beta'", "") }, 4, "release=8 delete=8 unrelease=0 "},
		{"release by q", func() int32 { return byQuery("release", "", "file 1") }, 1, "release=7 delete=8 unrelease=1 "},
	} {
		if n := step.do(); n != step.affected {
			t.Errorf("%s: %d records affected, want %d", step.name, n, step.affected)
		}
		if left := count("*"); left != step.left {
			t.Errorf("%s: counts %q, want %q", step.name, left, step.left)
		}
	}
	if got := count("hostname:'beta'"); got != "release=0 delete=0 unrelease=0 " {
		t.Errorf("counts of beta %q", got)
	}
	if got := c.states(t, []string{all[1].id(), all[10].id(), all[11].id(), all[2].id()}); !slices.Equal(got, []string{"purged", "purged", "released", "quarantined"}) {
		t.Errorf("states %v", got)
	}
	_, err := c.Quarantine.UpdateQfByQuery(quarantine.NewUpdateQfByQueryParams().WithBody(&models.DomainQueriesPatchRequest{Action: "delete"}))
	refusedWith(t, err, http.StatusBadRequest)
	_, err = c.Quarantine.UpdateQuarantinedDetectsByIds(quarantine.NewUpdateQuarantinedDetectsByIdsParams().WithBody(
		&models.DomainEntitiesPatchRequest{Action: "string", Ids: ids}))
	refusedWith(t, err, http.StatusBadRequest)
	if got := c.states(t, []string{all[0].id()}); got[0] != "quarantined" {
		t.Errorf("a refused call changed a record to %s", got[0])
	}
}

func TestQuarantineScopes(t *testing.T) {
	c := newCustomer(t)
	c.report(t, twelve()[:1])
	reader := newClient(t, "quarantined-files:read", "--cid", c.cid)
	own, _ := connect(t, reader.ID, reader.Secret)
	if _, err := own.Quarantine.QueryQuarantineFiles(nil); err != nil {
		t.Errorf("its own scope: %v", falcon.ErrorExplain(err))
	}
	_, err := own.Quarantine.UpdateQfByQuery(quarantine.NewUpdateQfByQueryParams().WithBody(&models.DomainQueriesPatchRequest{Action: "delete", Filter: "*"}))
	var refused *quarantine.UpdateQfByQueryForbidden
	if !errors.As(err, &refused) || len(refused.Payload.Errors) != 1 || *refused.Payload.Errors[0].Code != 403 {
		t.Errorf("missing scope: %v", err)
	}
	writer := newClient(t, "quarantined-files:write", "--cid", c.cid)
	own, _ = connect(t, writer.ID, writer.Secret)
	_, err = own.Quarantine.GetQuarantineFiles(quarantine.NewGetQuarantineFilesParams().WithBody(&models.MsaIdsRequest{Ids: []string{twelve()[0].id()}}))
	var unread *quarantine.GetQuarantineFilesForbidden
	if !errors.As(err, &unread) {
		t.Errorf("a write scope does not imply reading: %v", err)
	}
	if got := c.states(t, []string{twelve()[0].id()}); got[0] != "quarantined" {
		t.Errorf("the record is %s", got[0])
	}
}
