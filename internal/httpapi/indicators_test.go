package httpapi

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews"
)

const (
	indicatorsPath = "/iocs/entities/indicators/v1"
	combinedPath   = "/iocs/combined/indicator/v1"
	searchPath     = "/iocs/queries/indicators/v1"
	iocsAggregate  = "/iocs/aggregates/indicators/v1"
)

// indicator is the JSON of one that counts, with other fields put in place of
// the usual ones or beside them.
func indicator(typ, value string, fields ...string) string {
	one := map[string]json.RawMessage{}
	quoted := func(s string) json.RawMessage { b, _ := json.Marshal(s); return b }
	one["type"], one["value"], one["action"], one["severity"] = quoted(typ), quoted(value), quoted("detect"), quoted("high")
	one["platforms"], one["applied_globally"] = json.RawMessage(`["windows","mac"]`), json.RawMessage("true")
	for i := 0; i < len(fields); i += 2 {
		one[fields[i]] = json.RawMessage(fields[i+1])
	}
	b, _ := json.Marshal(one)
	return string(b)
}

func indicators(list ...string) string { return `{"indicators":[` + strings.Join(list, ",") + `]}` }

// made creates indicators and gives them.
func (h *harness) made(t testing.TB, token string, list ...string) []mews.Indicator {
	t.Helper()
	a := h.post(t, token, indicatorsPath, indicators(list...))
	if a.status != 201 {
		t.Fatalf("create: %d %s", a.status, a.body)
	}
	return decode[mews.Indicator](t, a).Resources
}

func (h *harness) delete(t testing.TB, token, path string) answer {
	t.Helper()
	a := h.do(t, "DELETE", path, bearing(token), "{}")
	checkEnvelope(t, a.status, a.header, a.body)
	return a
}

// TestCreateIsStrict: what is wrong is 400 and names its place; nothing is kept
// of a call with one mistake.
func TestCreateIsStrict(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	good := indicator("domain", "good.example")
	for body, want := range map[string]string{
		`{}`:                                   "indicators: give at least one",
		indicators():                           "indicators: give at least one",
		indicators("{}"):                       "type and value are needed",
		indicators(`"x"`):                      "indicators[0]: expected an object",
		`{"indicators":"x"}`:                   "indicators: expected a list",
		indicators(indicator("sha1", "00")):    "indicators[0].type",
		indicators(indicator("md5", "00")):     "32 hexadecimal digits",
		indicators(indicator("ipv4", "1.2.3")): "an address",
		indicators(indicator("domain", "x y")): "indicators[0].domain",
		indicators(indicator("domain", "a.example", "mobile_action", `["detect"]`)):              "indicators[0].mobile_action: expected a string",
		indicators(indicator("domain", "a.example", "mobile_action", `"prevent_no_ui"`)):         "mobile_action",
		indicators(indicator("domain", "a.example", "action", `"EXPLODE"`)):                      `action: "explode" is none of no_action`,
		indicators(indicator("domain", "a.example", "severity", `"WORST"`)):                      `severity: "worst" is none of informational`,
		indicators(indicator("domain", "a.example", "severity", `null`)):                         "severity: detect needs one of",
		indicators(indicator("domain", "a.example", "applied_globally", `null`)):                 "applied_globally: give true, or false and at least one",
		indicators(indicator("domain", "a.example", "applied_globally", `false`)):                "applied_globally: give true, or false and at least one",
		indicators(indicator("domain", "a.example", "applied_globally", `"yes"`)):                "expected true or false",
		indicators(indicator("domain", "a.example", "host_groups", `["x"]`)):                     "host_groups: expected 32",
		indicators(indicator("domain", "a.example", "platforms", `[]`)):                          "platforms: name at least one",
		indicators(indicator("domain", "a.example", "platforms", `["beos"]`)):                    `platforms: "beos" is none`,
		indicators(indicator("domain", "a.example", "expiration", `"2021-10-22T10:40Z"`)):        "expiration: expected a time",
		indicators(indicator("domain", "a.example", "expiration", `"2021-10-22T10:40:39.372Z"`)): "expiration: it must be in the future",
		indicators(indicator("domain", "a.example", "source", `"`+strings.Repeat("ü", 257)+`"`)): "source: at most 256 characters",
		indicators(indicator("domain", "a.example", "metadata", `{"filename":7}`)):               "indicators[0].metadata.filename: expected a string",
		indicators(indicator("domain", "a.example", "colour", `"red"`)):                          `unknown field "colour"`,
		indicators(good, indicator("domain", "GOOD.example.")):                                   "domain:good.example is given twice; first indicators[0]",
	} {
		if strings.HasPrefix(body, `{"indicators":[`) && strings.Contains(body, "a.example") {
			body = `{"indicators":[` + strings.TrimSuffix(strings.TrimPrefix(body, `{"indicators":[`), "]}") + "," + good + "]}"
		}
		a := h.post(t, token, indicatorsPath, body)
		env := decode[mews.Indicator](t, a)
		if a.status != 400 || len(env.Errors) == 0 || !strings.Contains(env.Errors[0].Message, want) {
			t.Errorf("%s: %d %s; want %q", body, a.status, a.body, want)
		}
	}
	if env := decode[string](t, h.get(t, token, searchPath)); env.Meta.Pagination.Total != 0 {
		t.Errorf("something was kept: %v", env.Resources)
	}
}

// TestCreateTellsOfEach: every element that is in the way is an error with its id.
func TestCreateTellsOfEach(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.made(t, token, indicator("domain", "known.example"))
	a := h.post(t, token, indicatorsPath, indicators(indicator("md5", "short"), indicator("domain", "new.example"), indicator("domain", "Known.example")))
	env := decode[mews.Indicator](t, a)
	if a.status != 400 || len(env.Errors) != 2 || env.Errors[0].ID != "md5:short" || env.Errors[1].ID != "domain:Known.example" ||
		env.Errors[1].Code != 400 || !strings.Contains(env.Errors[1].Message, "domain:known.example exists already") {
		t.Errorf("%d %s", a.status, a.body)
	}
	if got := decode[string](t, h.get(t, token, searchPath)).Meta.Pagination.Total; got != 1 {
		t.Errorf("%d indicators", got)
	}
}

// TestClientTraps: what clients send although nobody means it.
func TestClientTraps(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	one := h.made(t, token, indicator("domain", "a.example", "platforms", `"windows, MAC"`, "tags", `"x,y"`, "action", `"DETECT"`, "severity", `"High"`,
		"expiration", `"0001-01-01T00:00:00.000Z"`, "metadata", `{"filename":"a.exe"}`, "host_groups", `null`))[0]
	if one.Action != "detect" || one.Severity != "high" || one.Expiration != "" || one.Metadata.Filename != "a.exe" ||
		!slices.Equal(one.Platforms, []string{"windows", "mac"}) || !slices.Equal(one.Tags, []string{"x", "y"}) || len(one.ID) != 64 {
		t.Errorf("%+v", one)
	}
	patch := func(body string) answer { return h.patch(t, token, indicatorsPath, body) }
	for body, want := range map[string]string{
		`{}`:                                       "name the indicators",
		`{"indicators":[{}]}`:                      "name the indicators",
		`{"indicators":null,"bulk_update":null}`:   "name the indicators",
		`{"indicators":[{"type":"ipv4"}]}`:         "indicators[0].id: expected 64",
		`{"indicators":[{"id":"` + one.ID + `"}]}`: "nothing to change",
		`{"indicators":[{"id":"` + one.ID + `","type":"ipv4","severity":"low"}]}`:            "indicators[0].",
		`{"indicators":[{"id":"` + one.ID + `","value":"b.example","severity":"low"}]}`:      "never change; this one is domain:a.example",
		`{"indicators":[{"id":"` + one.ID + `","severity":""}]}`:                             "severity: detect needs one of",
		`{"indicators":[{"id":"` + one.ID + `","expiration":"2021-10-22T11:03:16.123Z"}]}`:   "must be in the future",
		`{"indicators":[{"id":"` + one.ID + `","applied_globally":false}]}`:                  "at least one of host_groups",
		`{"indicators":[{"id":"` + one.ID + `","mobile_action":["x"]}]}`:                     "mobile_action: expected a string",
		`{"bulk_update":{"action":"detect"}}`:                                                "bulk_update.filter: name the indicators",
		`{"bulk_update":{"filter":"whatever nonsense","action":"detect"},"indicators":[{}]}`: "FQL error at",
		`{"bulk_update":{"filter":"nosuch:'x'","action":"detect"},"indicators":[{}]}`:        "unknown field",
		`{"bulk_update":{"filter":"*"},"indicators":[{}]}`:                                   "nothing to change",
		`{"bulk_update":{"filter":"*","action":"detect","severity":"WORST"}}`:                "severity:",
		`{"bulk_update":{"filter":"*","expiration":"2021-10-22T11:03:16.123Z"}}`:             "must be in the future",
	} {
		a := patch(body)
		if a.status != 400 || !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %d %s; want %q", body, a.status, a.body, want)
		}
	}
	if a := patch(`{"indicators":[{"id":"` + strings.Repeat("0", 64) + `","severity":"low"}]}`); a.status != 404 {
		t.Errorf("unknown: %d %s", a.status, a.body)
	}
	// gofalcon sends a zero time and nulls with every change by filter, FalconPy an empty element.
	a := patch(`{"bulk_update":{"filter":"type:'domain'","severity":"critical","expiration":"0001-01-01T00:00:00.000Z","host_groups":null,"platforms":null,
		"tags":null,"metadata":null},"comment":"c","indicators":[{}]}`)
	env := decode[mews.Indicator](t, a)
	if a.status != 200 || len(env.Resources) != 1 || env.Resources[0].Severity != "critical" || env.Resources[0].Expiration != "" ||
		!slices.Equal(env.Resources[0].Tags, []string{"x", "y"}) || env.Meta.Writes.ResourcesAffected != 1 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if a := patch(`{"bulk_update":{"filter":"*","severity":"low","from_parent":true}}`); a.status != 200 || decode[mews.Indicator](t, a).Meta.Writes.ResourcesAffected != 0 {
		t.Errorf("of a parent: %d %s", a.status, a.body)
	}
}

// TestDeleteNeedsToBeAsked: everything goes only by an explicit star, and a filter
// wins over ids.
func TestDeleteNeedsToBeAsked(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	made := h.made(t, token, indicator("domain", "a.example"), indicator("domain", "b.example"), indicator("ipv4", "192.0.2.1"))
	for _, query := range []string{"", "?filter=&ids=", "?comment=x", "?filter=nosuch:'x'", "?ids=" + strings.Repeat("0", 64) + ",x", "?ids=" + made[0].ID + "&from_parent=true"} {
		if a := h.delete(t, token, indicatorsPath+query); a.status != 400 && a.status != 404 {
			t.Errorf("%q: %d %s", query, a.status, a.body)
		}
	}
	a := h.delete(t, token, indicatorsPath+"?ids="+made[0].ID+"&comment=why&filter="+url.QueryEscape("type:'ipv4'"))
	if env := decode[string](t, a); a.status != 200 || !slices.Equal(env.Resources, []string{made[2].ID}) || env.Meta.Writes.ResourcesAffected != 1 {
		t.Errorf("by filter and ids: %d %s", a.status, a.body)
	}
	a = h.delete(t, token, indicatorsPath+"?ids="+made[0].ID+"&ids="+made[2].ID)
	if env := decode[string](t, a); a.status != 200 || !slices.Equal(env.Resources, []string{made[0].ID}) || len(env.Errors) != 1 || env.Errors[0].ID != made[2].ID || env.Errors[0].Code != 404 {
		t.Errorf("by ids, one of them deleted: %d %s", a.status, a.body)
	}
	if a := h.delete(t, token, indicatorsPath+"?filter=*&from_parent=true"); a.status != 200 || len(decode[string](t, a).Resources) != 0 {
		t.Errorf("of a parent: %d %s", a.status, a.body)
	}
	if a := h.delete(t, token, indicatorsPath+"?filter=*"); a.status != 200 || !slices.Equal(decode[string](t, a).Resources, []string{made[1].ID}) {
		t.Errorf("all: %d %s", a.status, a.body)
	}
	if a := h.get(t, token, indicatorsPath+"?ids="+made[0].ID); a.status != 404 {
		t.Errorf("a deleted one: %d %s", a.status, a.body)
	}
	gone := decode[mews.Indicator](t, h.get(t, token, combinedPath+"?filter=deleted:true&sort=value"))
	if len(gone.Resources) != 3 || !gone.Resources[0].Deleted {
		t.Errorf("deleted ones: %+v", gone.Resources)
	}
}

// TestIndicatorPaging reads everything by after, as clients do that give neither
// offset nor after, and ends at the empty token; by offset it ends at the total.
func TestIndicatorPaging(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	var list []string
	for i := range 7 {
		list = append(list, indicator("ipv4", fmt.Sprintf("192.0.2.%d", i), "severity", []string{`"low"`, `"high"`, `"critical"`}[i%3]))
	}
	h.made(t, token, list...)
	for _, sort := range []string{
		"", "action", "applied_globally", "metadata.av_hits", "metadata.company_name.raw", "created_by", "created_on", "expiration", "expired",
		"metadata.filename.raw", "modified_by", "modified_on.desc", "metadata.original_filename.raw", "metadata.product_name.raw",
		"metadata.product_version", "severity_number|desc", "source", "type", "value",
	} {
		seen := map[string]bool{}
		after, pages := "", 0
		for {
			a := h.get(t, token, searchPath+"?limit=3&sort="+url.QueryEscape(sort)+"&after="+after)
			var wire struct {
				Meta struct{ Pagination map[string]any }
			}
			must(t, json.Unmarshal(a.body, &wire))
			env := decode[string](t, a)
			for _, id := range env.Resources {
				seen[id] = true
			}
			if _, number := wire.Meta.Pagination["offset"].(float64); !number || env.Meta.Pagination.Limit != 3 || env.Meta.Pagination.Total != 7 {
				t.Fatalf("sort %s: %s", sort, a.body)
			}
			next, is := wire.Meta.Pagination["after"].(string)
			if pages++; !is || pages > 4 {
				t.Fatalf("sort %s: after is missing or does not end: %s", sort, a.body)
			}
			if after = next; after == "" {
				break
			}
		}
		if len(seen) != 7 || pages != 3 {
			t.Errorf("sort %s: %d indicators on %d pages", sort, len(seen), pages)
		}
	}
	var got []string
	for offset := 0; offset < 7; {
		env := decode[mews.Indicator](t, h.get(t, token, fmt.Sprintf("%s?limit=2&sort=value|desc&offset=%d", combinedPath, offset)))
		for _, one := range env.Resources {
			got = append(got, one.Value)
		}
		offset = env.Meta.Pagination.Offset
	}
	if len(got) != 7 || got[0] != "192.0.2.6" || got[6] != "192.0.2.0" {
		t.Errorf("by offset: %v", got)
	}
	for query, want := range map[string]string{
		"limit=0": "limit must be", "limit=2001": "1..2000", "offset=-1": "offset", "offset=9950&limit=100": "after", "after=x": "invalid or expired",
		"offset=5&after=" + decode[string](t, h.get(t, token, searchPath+"?limit=1")).Meta.Pagination.After: "not by both",
		"sort=colour": "cannot sort by", "filter=colour:'x'": "unknown field", "filter=(": "FQL error",
	} {
		if a := h.get(t, token, searchPath+"?"+query); a.status != 400 || !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	if env := decode[string](t, h.get(t, token, searchPath+"?from_parent=true")); len(env.Resources) != 0 || env.Meta.Pagination.Total != 0 {
		t.Errorf("of a parent: %+v", env)
	}
}

func TestIndicatorAggregates(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	made := h.made(t, token, indicator("domain", "a.example"), indicator("domain", "b.example", "severity", `"low"`), indicator("ipv4", "192.0.2.1"))
	h.delete(t, token, indicatorsPath+"?ids="+made[1].ID)
	buckets := func(query, body string) string {
		a := h.post(t, token, iocsAggregate+query, body)
		if a.status != 200 {
			t.Fatalf("%s: %d %s", body, a.status, a.body)
		}
		var out []string
		for _, b := range decode[mews.AggregateResult](t, a).Resources[0].Buckets {
			out = append(out, fmt.Sprintf("%v=%d", b.Label, b.Count))
		}
		return strings.Join(out, " ")
	}
	for _, tc := range []struct{ query, body, want string }{
		{"", `{"type":"terms","field":"type","sort":"_term|asc"}`, "domain=1 ipv4=1"},
		{"", `[{"type":"terms","field":"type","sort":"_term|asc"}]`, "domain=1 ipv4=1"},
		{"", `{"type":"terms","field":"platforms","sort":"_term|asc"}`, "mac=2 windows=2"},
		{"", `{"type":"terms","field":"type","sort":"_term|asc","filter":"deleted:[true,false]"}`, "domain=2 ipv4=1"},
		{"?filter=" + url.QueryEscape("type:'ipv4'"), `{"type":"terms","field":"type"}`, "ipv4=1"},
		{"?filter=*", `{"type":"terms","field":"type","filter":"severity:'low'"}`, ""},
		{"?from_parent=true", `{"type":"terms","field":"type"}`, ""},
		{"", `{"type":"terms","field":"nosuch"}`, ""},
	} {
		if got := buckets(tc.query, tc.body); got != tc.want {
			t.Errorf("%s %s: %s, want %s", tc.query, tc.body, got, tc.want)
		}
	}
	for _, body := range []string{`{}`, `[]`, `{"type":"terms","field":"description"}`, `{"type":"x","field":"type"}`, `{"type":"terms","field":"type","filter":"("}`} {
		if a := h.post(t, token, iocsAggregate, body); a.status != 400 {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

func TestIndicatorWords(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	for kind, want := range map[string]string{
		"actions": "no_action allow detect prevent prevent_no_ui", "ioc-types": "sha256 md5 domain ipv4 ipv6",
		"platforms": "windows mac linux android ios", "severities": "informational low medium high critical",
	} {
		path := "/iocs/queries/" + kind + "/v1"
		if got := strings.Join(decode[string](t, h.get(t, token, path)).Resources, " "); got != want {
			t.Errorf("%s: %s", kind, got)
		}
		page := decode[string](t, h.get(t, token, path+"?offset=1&limit=2"))
		if got := strings.Join(page.Resources, " "); !strings.Contains(want, " "+got) || len(page.Resources) != 2 || page.Meta.Pagination.Offset != 3 || page.Meta.Pagination.Total != 5 {
			t.Errorf("%s, second page: %s %+v", kind, got, page.Meta.Pagination)
		}
		if end := decode[string](t, h.get(t, token, path+"?offset=9")); len(end.Resources) != 0 || end.Meta.Pagination.Offset != 9 {
			t.Errorf("%s beyond the end: %+v", kind, end)
		}
	}
	all := decode[mews.IndicatorAction](t, h.get(t, token, "/iocs/entities/actions/v1"))
	some := decode[mews.IndicatorAction](t, h.get(t, token, "/iocs/entities/actions/v1?ids=detect,nosuch"))
	if len(all.Resources) != 5 || len(some.Resources) != 1 || len(some.Errors) != 1 || len(some.Resources[0].Severities) != 5 ||
		!slices.Contains(some.Resources[0].PlatformsByType["ipv6"], "linux") {
		t.Errorf("actions: %+v, %+v", all, some)
	}
	if a := h.get(t, token, "/iocs/entities/actions/v1?ids=nosuch"); a.status != 404 {
		t.Errorf("no action: %d %s", a.status, a.body)
	}
}

// TestLargeBatch: the largest batch there is goes through in one call.
func TestLargeBatch(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	var list []string
	for i := range mews.MaxIndicators {
		list = append(list, indicator("sha256", fmt.Sprintf("%064x", i), "tags", `["one","two","three"]`, "source", `"a feed"`,
			"description", `"`+strings.Repeat("d", 300)+`"`, "metadata", `{"filename":"a.exe"}`, "expiration", `"`+time.Now().AddDate(1, 0, 0).Format(time.RFC3339)+`"`))
	}
	if made := h.made(t, token, list...); len(made) != mews.MaxIndicators {
		t.Errorf("%d made", len(made))
	}
	list = append(list[:0], slices.Repeat([]string{indicator("ipv4", "192.0.2.1")}, mews.MaxIndicators+1)...)
	if a := h.post(t, token, indicatorsPath, indicators(list...)); a.status != 400 || !strings.Contains(string(a.body), "at most 2000") {
		t.Errorf("one more: %d", a.status)
	}
	if a := h.post(t, token, indicatorsPath, strings.Repeat(" ", 4<<20)+"{}"); a.status != 413 {
		t.Errorf("too large a body: %d", a.status)
	}
}

// TestIndicatorsOfOthers: another customer finds nothing, changes nothing, and
// has indicators of his own under the same values, with other ids.
func TestIndicatorsOfOthers(t *testing.T) {
	h := newHarness(t)
	mine, theirs := h.token(t), h.tokenOf(t, foreignCID)
	one := h.made(t, mine, indicator("domain", "a.example"))[0]
	if h.made(t, theirs, indicator("domain", "a.example"))[0].ID == one.ID {
		t.Error("two customers have the same id")
	}
	after := decode[string](t, h.get(t, theirs, searchPath+"?limit=1")).Meta.Pagination.Total
	for what, a := range map[string]answer{
		"get":    h.get(t, theirs, indicatorsPath+"?ids="+one.ID),
		"update": h.patch(t, theirs, indicatorsPath, `{"indicators":[{"id":"`+one.ID+`","severity":"low"}]}`),
		"delete": h.delete(t, theirs, indicatorsPath+"?ids="+one.ID),
	} {
		if a.status != 404 {
			t.Errorf("%s: %d %s", what, a.status, a.body)
		}
	}
	h.delete(t, theirs, indicatorsPath+"?filter=*")
	if after != 1 || decode[string](t, h.get(t, mine, searchPath)).Meta.Pagination.Total != 1 {
		t.Error("a customer reached another's indicators")
	}
}

// TestDryRun: it answers what the call would, also what would stand in the way,
// and changes nothing.
func TestDryRun(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	one := h.made(t, token, indicator("domain", "one.example"))[0]
	state := func() string {
		a := h.get(t, token, combinedPath)
		return fmt.Sprint(decode[mews.Indicator](t, a).Resources)
	}
	before := state()
	const dry = "?dry_run=true"
	a := h.post(t, token, indicatorsPath+dry, indicators(indicator("domain", "two.example"), indicator("md5", strings.Repeat("0a", 16))))
	if env := decode[mews.Indicator](t, a); a.status != 201 || len(env.Resources) != 2 || env.Meta.Writes.ResourcesAffected != 2 {
		t.Errorf("create: %d %s", a.status, a.body)
	}
	a = h.post(t, token, indicatorsPath+dry, indicators(indicator("domain", "one.example"), indicator("md5", "x")))
	if env := decode[mews.Indicator](t, a); a.status != 400 || len(env.Errors) != 2 {
		t.Errorf("create what is there: %d %s", a.status, a.body)
	}
	a = h.patch(t, token, indicatorsPath+dry, `{"indicators":[{"id":"`+one.ID+`","severity":"low"}]}`)
	if env := decode[mews.Indicator](t, a); a.status != 200 || len(env.Resources) != 1 || env.Resources[0].Severity != "low" {
		t.Errorf("update: %d %s", a.status, a.body)
	}
	a = h.patch(t, token, indicatorsPath+dry, `{"bulk_update":{"filter":"*","severity":"low"}}`)
	if env := decode[mews.Indicator](t, a); a.status != 200 || env.Meta.Writes.ResourcesAffected != 1 {
		t.Errorf("update by filter: %d %s", a.status, a.body)
	}
	a = h.patch(t, token, indicatorsPath+dry, `{"indicators":[{"id":"`+one.ID+`","severity":"worst"}]}`)
	if a.status != 400 {
		t.Errorf("wrong update: %d %s", a.status, a.body)
	}
	if after := state(); after != before {
		t.Errorf("was\n%s\nand is\n%s", before, after)
	}
}
