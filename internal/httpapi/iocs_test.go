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

const legacyQueries = "/indicators/queries/iocs/v1"

// legacyMade creates IOCs in the older family and gives them.
func (h *harness) legacyMade(t testing.TB, token, body string) []mews.LegacyIOC {
	t.Helper()
	a := h.post(t, token, legacyEntities, body)
	if a.status != 200 {
		t.Fatalf("create %s: %d %s", body, a.status, a.body)
	}
	return decode[mews.LegacyIOC](t, a).Resources
}

func (h *harness) names(t testing.TB, token, query string) []string {
	t.Helper()
	a := h.get(t, token, legacyQueries+"?"+query)
	if a.status != 200 {
		t.Fatalf("%s: %d %s", query, a.status, a.body)
	}
	return decode[string](t, a).Resources
}

// TestLegacyLife creates, reads, changes, deletes and revives one IOC in the ways
// that clients name it.
func TestLegacyLife(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	made := h.legacyMade(t, token, `{"type":"ipv6","value":"2001:DB8:0::1","policy":"detect","share_level":"red","expiration_days":7,"source":"s","description":"d"}`)[0]
	created, err := time.Parse(time.RFC3339, made.CreatedTimestamp)
	must(t, err)
	expires, err := time.Parse(time.RFC3339, made.ExpirationTimestamp)
	must(t, err)
	if made.ID() != "ipv6:2001:db8::1" || made.Policy != "detect" || made.ShareLevel != "red" || made.ExpirationDays != 7 || made.Source != "s" ||
		made.Description != "d" || made.BatchID == "" || made.CreatedBy == "" || made.ModifiedBy != made.CreatedBy || made.DeletedBy != "" ||
		expires.Sub(created).Round(time.Minute) != 7*24*time.Hour {
		t.Errorf("%+v", made)
	}
	for _, query := range []string{"?type=ipv6&value=2001:db8::1", "?type=IPV6&value=2001:DB8:0:0::1", "?ids=ipv6:2001:db8::1", "?ids=ipv6%3A2001%3ADB8%3A%3A1"} {
		if a := h.get(t, token, legacyEntities+query); a.status != 200 || decode[mews.LegacyIOC](t, a).Resources[0].ID() != made.ID() {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	patch := func(query, body string) mews.LegacyIOC {
		t.Helper()
		a := h.patch(t, token, legacyEntities+query, body)
		if a.status != 200 {
			t.Fatalf("%s %s: %d %s", query, body, a.status, a.body)
		}
		return decode[mews.LegacyIOC](t, a).Resources[0]
	}
	if got := patch("?type=ipv6&value=2001:db8::1", `{"policy":"none","source":null}`); got.Policy != "none" || got.Source != "s" || got.CreatedTimestamp != made.CreatedTimestamp || got.ModifiedTimestamp == made.ModifiedTimestamp {
		t.Errorf("policy: %+v", got)
	}
	if got := patch("?ids=ipv6:2001:db8::1", `[{"source":"","expiration_days":0}]`); got.Source != "" || got.ExpirationTimestamp != "" || got.ExpirationDays != 0 {
		t.Errorf("source and end: %+v", got)
	}
	if got := patch("", `{"type":"ipv6","value":"2001:db8::1","description":"named in the body"}`); got.Description != "named in the body" {
		t.Errorf("named in the body: %+v", got)
	}
	if got := patch("?ids=ipv6:2001:db8::1", `{"expiration_timestamp":"2999-01-01T00:00:00+02:00"}`); got.ExpirationTimestamp != "2998-12-31T22:00:00Z" {
		t.Errorf("end: %+v", got)
	}
	if env := decode[string](t, h.delete(t, token, legacyEntities+"?type=ipv6&value=2001:db8::1")); !slices.Equal(env.Resources, []string{"ipv6:2001:db8::1"}) {
		t.Errorf("delete: %+v", env)
	}
	for what, a := range map[string]answer{
		"get": h.get(t, token, legacyEntities+"?ids=ipv6:2001:db8::1"), "delete": h.delete(t, token, legacyEntities+"?ids=ipv6:2001:db8::1"),
		"update": h.patch(t, token, legacyEntities+"?ids=ipv6:2001:db8::1", `{"policy":"none"}`),
	} {
		if env := decode[json.RawMessage](t, a); a.status != 404 || env.Errors[0].ID != "ipv6:2001:db8::1" {
			t.Errorf("%s of what is deleted: %d %s", what, a.status, a.body)
		}
	}
	again := h.legacyMade(t, token, `[{"type":"ipv6","value":"2001:db8::1","policy":"none"}]`)[0]
	if again.Policy != "none" || again.Source != "" || again.DeletedBy != "" || again.BatchID == made.BatchID {
		t.Errorf("back again: %+v", again)
	}
}

func TestLegacyRefuses(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	sha := strings.Repeat("ab", 32)
	h.legacyMade(t, token, `{"type":"domain","value":"there.example","policy":"detect"}`)
	for body, want := range map[string]string{
		`{}`: "type and value are needed", `[]`: "give at least one",
		`{"type":"domain","value":"a.example"}`:                                                                  "policy: expected detect or none",
		`{"type":"domain","value":"a.example","policy":"maybe"}`:                                                 "policy:",
		`{"type":"domain","value":"a.example","policy":"detect","share_level":"green"}`:                          "share_level:",
		`{"type":"domain","value":"a.example","policy":"detect","expiration_days":-1}`:                           "expiration_days: expected",
		`{"type":"domain","value":"a.example","policy":"detect","expiration_days":1.5}`:                          "expected an integer",
		`{"type":"domain","value":"a.example","policy":"detect","expiration_days":"3"}`:                          "expected an integer",
		`{"type":"sha256","value":"` + sha + `","policy":"detect","expiration_days":3}`:                          "only domain, ipv4 and ipv6 expire",
		`{"type":"domain","value":"a.example","policy":"detect","expiration_timestamp":"yesterday"}`:             "expiration_timestamp: expected a time",
		`{"type":"domain","value":"a.example","policy":"detect","source":"` + strings.Repeat("x", 201) + `"}`:    "source: at most 200",
		`{"type":"domain","value":"a.example","policy":"detect","policies":"x"}`:                                 `unknown field "policies"`,
		`{"type":"domain","value":"` + strings.Repeat("a.", 100) + `b","policy":"detect"}`:                       "1 to 200",
		`{"type":"domain","value":"There.example","policy":"none"}`:                                              "exists already",
		`[{"type":"md5","value":"x","policy":"detect"},{"type":"domain","value":"a.example","policy":"detect"}]`: "[0].md5",
	} {
		a := h.post(t, token, legacyEntities, body)
		if env := decode[mews.LegacyIOC](t, a); a.status != 400 || !strings.Contains(env.Errors[0].Message, want) {
			t.Errorf("%s: %d %s; want %q", body, a.status, a.body, want)
		}
	}
	if env := decode[mews.LegacyIOC](t, h.post(t, token, legacyEntities, `{"type":"domain","value":"there.example","policy":"none"}`)); env.Errors[0].ID != "domain:there.example" {
		t.Errorf("a duplicate's id: %+v", env.Errors)
	}
	for query, status := range map[string]int{
		"": 400, "?type=domain": 400, "?value=a.example": 400, "?type=domain&value=": 400, "?type=sha1&value=00": 400, "?type=md5&value=zz": 400,
		"?type=domain&value=a.example": 404, "?ids=domain:a.example": 404, "?ids=nonsense": 404, "?ids=nonsense,domain:there.example": 200,
	} {
		if a := h.get(t, token, legacyEntities+query); a.status != status {
			t.Errorf("get %q: %d %s", query, a.status, a.body)
		}
		if a := h.patch(t, token, legacyEntities+query, `{"policy":"none"}`); a.status != status && status != 200 || status == 200 && a.status != 404 {
			t.Errorf("update %q: %d %s", query, a.status, a.body) // all or none
		}
	}
	for body, want := range map[string]string{
		`{}`: "nothing to change", `[]`: "one change", `[{"policy":"none"},{"policy":"none"}]`: "one change", `{"policy":"x"}`: "policy:",
		`{"value":"b.example","policy":"none"}`: "never change", `{"expiration_days":40000}`: "expiration_days", `{"colour":1}`: "unknown field",
	} {
		if a := h.patch(t, token, legacyEntities+"?ids=domain:there.example", body); a.status != 400 || !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %d %s", body, a.status, a.body)
		}
	}
}

// TestLegacyQuery asks with every parameter: words in one are alternatives, and all
// must hold.
func TestLegacyQuery(t *testing.T) {
	h := newHarness(t)
	token, second := h.token(t), h.token(t)
	sha := strings.Repeat("AB", 32)
	h.legacyMade(t, token, `[{"type":"domain","value":"a.example","policy":"detect","source":"it's","expiration_timestamp":"2998-01-01T00:00:00Z"},
		{"type":"domain","value":"b.example","policy":"none","source":"other","expiration_timestamp":"2999-01-01T00:00:00Z"}]`)
	h.legacyMade(t, second, `{"type":"sha256","value":"`+sha+`","policy":"detect","source":"other"}`)
	h.made(t, second, indicator("ipv4", "192.0.2.1", "action", `"prevent"`), indicator("ipv4", "192.0.2.2", "action", `"allow"`))
	h.delete(t, second, legacyEntities+"?ids=ipv4:192.0.2.2")
	by := func(token string) string {
		return decode[mews.LegacyIOC](t, h.get(t, token, legacyEntities+"?ids=domain:a.example,sha256:"+sha)).Resources[map[string]int{token: 0, second: 1}[token]].CreatedBy
	}
	const a, b, p, gone = "domain:a.example", "domain:b.example", "ipv4:192.0.2.1", "ipv4:192.0.2.2"
	s := "sha256:" + strings.ToLower(sha)
	for query, want := range map[string][]string{
		"": {a, b, p, s}, "types=domain": {a, b}, "types=domain&types=SHA256": {a, b, s}, "types=domain,ipv4": {a, b, p}, "types=nosuch": {},
		"values=" + sha: {s}, "values=A.example.,192.0.2.1": {a, p}, "values=x": {}, "policies=detect": {a, p, s}, "policies=none": {b}, "policies=none,detect": {a, b, p, s},
		"sources=it%27s": {a}, "sources=other,it's": {a, b, s}, "share_levels=red": {a, b, p, s}, "share_levels=green": {}, "types=domain&policies=none": {b},
		"created_by=" + by(token): {a, b}, "created_by=" + by(second): {p, s}, "created_by=nobody": {},
		"include_deleted=true": {a, b, p, gone, s}, "include_deleted=false": {a, b, p, s}, "include_deleted=True&types=ipv4": {p, gone},
		"deleted_by=" + by(second): {gone}, "deleted_by=" + by(token): {},
		"from.expiration_timestamp=2998-01-01T00:00:00Z": {a, b}, "from.expiration_timestamp=2998-01-01T00:00:01Z": {b},
		"to.expiration_timestamp=2998-01-01T02:00:00%2B02:00": {a}, "from.expiration_timestamp=2998-06-01T00:00:00Z&to.expiration_timestamp=2998-07-01T00:00:00Z": {},
		"types=&values=&sources=&offset=": {a, b, p, s},
	} {
		if got := h.names(t, token, "sort=type,value&"+query); !slices.Equal(got, want) && len(got)+len(want) > 0 {
			t.Errorf("%s: %q, want %q", query, got, want)
		}
	}
	for _, query := range []string{"limit=0", "limit=501", "limit=x", "offset=-1", "include_deleted=perhaps", "from.expiration_timestamp=yesterday", "policies=maybe", "sort=policy"} {
		if a := h.get(t, token, legacyQueries+"?"+query); a.status != 400 {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
	env := decode[string](t, h.get(t, token, legacyQueries+"?limit=3&sort=expiration_timestamp"))
	if p := env.Meta.Pagination; p.Offset != 3 || p.Limit != 3 || p.Total != 4 || !strings.HasPrefix(env.Meta.Entity, legacyEntities+"{") {
		t.Errorf("%+v %s", p, env.Meta.Entity)
	}
}

// TestLegacyLoop is how public clients read everything: they feed the offset back.
func TestLegacyLoop(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	var list []string
	for i := range 7 {
		list = append(list, fmt.Sprintf(`{"type":"ipv4","value":"192.0.2.%d","policy":"detect"}`, i))
	}
	h.legacyMade(t, token, "["+strings.Join(list, ",")+"]")
	for _, limit := range []int{1, 3, 7, 500} {
		seen := map[string]bool{}
		offset, total := 0, 1
		for offset < total {
			env := decode[string](t, h.get(t, token, fmt.Sprintf("%s?limit=%d&offset=%d", legacyQueries, limit, offset)))
			for _, name := range env.Resources {
				seen[name] = true
			}
			if env.Meta.Pagination.Offset != offset+len(env.Resources) || len(env.Resources) == 0 {
				t.Fatalf("%+v with %d names", env.Meta.Pagination, len(env.Resources))
			}
			offset, total = env.Meta.Pagination.Offset, env.Meta.Pagination.Total
		}
		if len(seen) != 7 {
			t.Errorf("%d at a time: %d names", limit, len(seen))
		}
	}
}

// TestTwoViews: what one family creates, changes and deletes, the other shows.
func TestTwoViews(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.legacyMade(t, token, `{"type":"domain","value":"old.example","policy":"detect","expiration_days":3}`)
	old := decode[mews.Indicator](t, h.get(t, token, combinedPath+"?filter="+url.QueryEscape("value:'old.example'"))).Resources[0]
	if old.Action != "detect" || old.Severity != "" || !old.AppliedGlobally || !slices.Equal(old.Platforms, []string{"windows", "mac", "linux"}) || old.Expiration == "" {
		t.Errorf("the older one's indicator: %+v", old)
	}
	// The newer family does not ask for a severity where nothing that needs one changes.
	if a := h.patch(t, token, indicatorsPath, `{"indicators":[{"id":"`+old.ID+`","description":"seen"}]}`); a.status != 200 {
		t.Errorf("describe: %d %s", a.status, a.body)
	}
	for action, policy := range map[string]string{"no_action": "none", "allow": "none", "detect": "detect", "prevent": "detect", "prevent_no_ui": "detect"} {
		value := strings.ReplaceAll(action, "_", "-") + ".example"
		one := h.made(t, token, indicator("domain", value, "action", `"`+action+`"`))[0]
		name := legacyEntities + "?type=domain&value=" + value
		shown := decode[mews.LegacyIOC](t, h.get(t, token, name)).Resources[0]
		if shown.Policy != policy || shown.ShareLevel != "red" {
			t.Errorf("%s reads %+v", action, shown)
		}
		current := func() string {
			return decode[mews.Indicator](t, h.get(t, token, indicatorsPath+"?ids="+one.ID)).Resources[0].Action
		}
		h.patch(t, token, name, `{"policy":"`+policy+`","source":"x"}`)
		if got := current(); got != action {
			t.Errorf("the policy it has made %s %s", action, got)
		}
		turned := map[string]string{"none": "detect", "detect": "none"}[policy]
		h.patch(t, token, name, `{"policy":"`+turned+`"}`)
		if got := current(); got != map[string]string{"detect": "detect", "none": "no_action"}[turned] {
			t.Errorf("policy %s made %s %s", turned, action, got)
		}
	}
	h.delete(t, token, legacyEntities+"?ids=domain:old.example")
	if a := h.get(t, token, indicatorsPath+"?ids="+old.ID); a.status != 404 {
		t.Errorf("deleted by the older family: %d", a.status)
	}
	back := h.made(t, token, indicator("domain", "old.example"))[0]
	if back.ID != old.ID || back.Expiration != "" || back.Description != "" || back.CreatedOn == old.CreatedOn {
		t.Errorf("back again: %+v, before %+v", back, old)
	}
}
