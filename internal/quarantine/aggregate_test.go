package quarantine

import (
	"encoding/json"
	"errors"
	"fmt"
	"testing"

	"github.com/mewshq/mews"
)

// TestAggregates asks for each kind once; what they compute is tested where they
// are computed.
func TestAggregates(t *testing.T) {
	w := newWorld(t)
	for i := range 4 {
		severity := 10 * i
		r := simple(aidOf(i%2), file(i))
		r.Hostname, r.MaxSeverity, r.DateCreated = fmt.Sprint("Host-", i%2), &severity, fmt.Sprintf("2026-02-0%dT10:00:00Z", 1+i)
		r.Paths = append(r.Paths, mews.QuarantinePath{Path: fmt.Sprint("/p", i)})
		w.report(t, r)
	}
	_, err := w.Report(ctx, actor(other), simple(aidOf(1), file(1)), nil)
	must(t, err)
	ten, missing, one := 10.0, mews.Text("none"), int64(1)
	for _, c := range []struct {
		req  mews.AggregateRequest
		want string
	}{
		{mews.AggregateRequest{Type: "terms", Field: "device.hostname", Name: "n", Missing: &missing}, `{"name":"n","buckets":[{"label":"Host-0","count":2},{"label":"Host-1","count":2}],"sum_other_doc_count":0,"doc_count_error_upper_bound":0}`},
		{
			mews.AggregateRequest{Type: "terms", Field: "status", SubAggregates: []mews.AggregateRequest{{}, {Type: "max", Field: "max_severity"}}},
			`{"name":"status","buckets":[{"label":"quarantined","count":4,"sub_aggregates":[{"name":"max_severity","buckets":[{"count":4,"value":30}]}]}],"sum_other_doc_count":0,"doc_count_error_upper_bound":0}`,
		},
		{mews.AggregateRequest{Type: "terms", Field: "paths.filename", Size: 1}, `{"name":"paths.filename","buckets":[{"label":"Evil.exe","count":4}],"sum_other_doc_count":4,"doc_count_error_upper_bound":0}`},
		{
			mews.AggregateRequest{Type: "range", Field: "max_severity", Ranges: []mews.NumberRange{{ToLower: &ten}, {From: &ten}}, MinDocCount: &one},
			`{"name":"max_severity","buckets":[{"label":"*-10","count":1,"to":10},{"label":"10-*","count":3,"from":10}]}`,
		},
		{
			mews.AggregateRequest{Type: "date_histogram", Field: "date_created", Interval: "month", ExtendedBounds: &mews.ExtendedBounds{Min: "2026-01-01"}},
			`{"name":"date_created","buckets":[{"label":1767225600000,"count":0,"key_as_string":"2026-01-01T00:00:00Z"},{"label":1769904000000,"count":4,"key_as_string":"2026-02-01T00:00:00Z"}]}`,
		},
		{
			mews.AggregateRequest{Type: "date_range", Field: "date_created", DateRanges: []mews.DateRange{{From: "2026-02-03"}}, Filter: "hostname:'host-1'"},
			`{"name":"date_created","buckets":[{"label":"2026-02-03T00:00:00Z-*","count":1,"from":1770076800000,"string_from":"2026-02-03T00:00:00Z"}]}`,
		},
		{mews.AggregateRequest{Type: "cardinality", Field: "aid", Q: "host 1"}, `{"name":"aid","buckets":[{"count":2,"value":1}]}`},
		{mews.AggregateRequest{Type: "terms", Field: "nothing"}, `{"name":"nothing","buckets":null}`},
	} {
		got, err := w.Aggregate(ctx, me, []mews.AggregateRequest{c.req})
		if err != nil {
			t.Errorf("%s of %s: %v", c.req.Type, c.req.Field, err)
			continue
		}
		b, err := json.Marshal(got[0])
		must(t, err)
		if string(b) != c.want {
			t.Errorf("%s of %s gives\n%s\nwant\n%s", c.req.Type, c.req.Field, b, c.want)
		}
	}
	if _, err := w.Aggregate(ctx, me, []mews.AggregateRequest{{}}); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("an empty request gives %v", err)
	}
}
