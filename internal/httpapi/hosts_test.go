package httpapi

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

const (
	hostQueryPath = "/devices/queries/devices/v1"
	scrollPath    = "/devices/queries/devices-scroll/v1"
	devicesV1     = "/devices/entities/devices/v1"
	devicesV2     = "/devices/entities/devices/v2"
)

// hostname and deviceID make up host n.
func hostname(n int) string { return fmt.Sprintf("ws-%04d", n) }
func deviceID(n int) string { return fmt.Sprintf("%032x", n+1) }

// someHosts makes hosts 0 to n-1 by telemetry, the even ones on Windows.
func (h *harness) someHosts(t testing.TB, token string, n int) {
	t.Helper()
	var lines []string
	for i := range n {
		lines = append(lines, fmt.Sprintf(`{"aid":%q,"ComputerName":%q,"event_platform":%q,"Version":"System %d","AgentVersion":"7.%d","Time":"%d.5"}`,
			deviceID(i), hostname(i), []string{"Win", "Lin"}[i%2], i%3, i%2, 1700000000+i))
	}
	if counts := h.ingested(t, token, lines...); counts.Hosts != n {
		t.Fatalf("%d hosts", counts.Hosts)
	}
}

func TestQueryDevices(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.someHosts(t, token, 250)
	offset, total := 0, 1
	var got []string
	for pages := 1; offset < total; pages++ { // the loop of the documentation
		a := h.get(t, token, hostQueryPath+fmt.Sprintf("?sort=hostname|asc&limit=100&offset=%d", offset))
		env := decode[string](t, a)
		if a.status != 200 || strings.Contains(string(a.body), `"after"`) || pages > 3 {
			t.Fatalf("page %d: %d %s", pages, a.status, a.body)
		}
		offset, total = env.Meta.Pagination.Offset, env.Meta.Pagination.Total
		got = append(got, env.Resources...)
	}
	if len(got) != 250 || got[0] != deviceID(0) || got[249] != deviceID(249) || total != 250 {
		t.Errorf("%d of %d ids", len(got), total)
	}
	for query, want := range map[string]int{
		"": 250, "filter=": 250, "offset=": 250, "filter=" + url.QueryEscape("platform_name:'Windows'+os_version:'System 1'"): 41, "filter=hostname:'none'": 0,
	} {
		if env := decode[string](t, h.get(t, token, hostQueryPath+"?"+query)); env.Meta.Pagination.Total != want || len(env.Resources) != min(want, 100) {
			t.Errorf("%q: %d of %d", query, len(env.Resources), env.Meta.Pagination.Total)
		}
	}
	for query, want := range map[string]string{
		"limit=0": "limit must be 1..5000", "limit=5001": "limit must be 1..5000", "limit=x": "limit: expected an integer", "offset=-1": "offset",
		"offset=9999&limit=2": devicesScrollHint, "sort=nosuch|asc": "cannot sort by", "filter=nosuch:1": "unknown field", "filter=hostname": "FQL error at 9",
	} {
		if a := h.get(t, token, hostQueryPath+"?"+query); a.status != 400 || !strings.Contains(decode[any](t, a).Errors[0].Message, want) {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
}

const devicesScrollHint = "scroll through them (" + scrollPath + ")"

// TestScrollDevices: the offset is text, and empty on the last page, which is
// what clients end on.
func TestScrollDevices(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.someHosts(t, token, 25)
	var got []string
	for pages, offset := 1, ""; ; pages++ {
		a := h.get(t, token, scrollPath+"?limit=10&sort=hostname.desc&offset="+offset)
		p := decode[string](t, a).Meta.Pagination
		if a.status != 200 || p.OffsetText == nil || p.Total != 25 || p.Limit != 10 || (*p.OffsetText == "") != (pages == 3) || (p.ExpiresAt > 0) != (pages < 3) {
			t.Fatalf("page %d: %d %s", pages, a.status, a.body)
		}
		got = append(got, decode[string](t, a).Resources...)
		if offset = *p.OffsetText; offset == "" {
			break
		}
	}
	if len(got) != 25 || got[0] != deviceID(24) || got[24] != deviceID(0) {
		t.Errorf("%d ids: %q", len(got), got)
	}
	if a := h.get(t, token, scrollPath+"?limit=10000"); a.status != 200 {
		t.Errorf("the largest page: %d %s", a.status, a.body)
	}
	for _, query := range []string{"limit=0", "limit=10001", "offset=7", "offset=nonsense"} {
		if a := h.get(t, token, scrollPath+"?"+query); a.status != 400 {
			t.Errorf("%s: %d %s", query, a.status, a.body)
		}
	}
}

func TestGetDevices(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.someHosts(t, token, 120)
	ways := map[string]func(ids ...string) answer{
		"v1": func(ids ...string) answer { return h.get(t, token, devicesV1+"?ids="+strings.Join(ids, "&ids=")) },
		"v2": func(ids ...string) answer { return h.get(t, token, devicesV2+"?ids="+strings.Join(ids, ",")) },
		"post": func(ids ...string) answer {
			return h.post(t, token, devicesV2, `{"ids":["`+strings.Join(ids, `","`)+`"]}`)
		},
	}
	for way, get := range ways {
		a := get(deviceID(7), "none", strings.ToUpper(deviceID(10)), deviceID(7))
		env := decode[mews.Device](t, a)
		if a.status != 200 || len(env.Resources) != 2 || len(env.Errors) != 1 || env.Errors[0].Code != 404 || env.Errors[0].ID != "none" {
			t.Fatalf("%s: %d %s", way, a.status, a.body)
		}
		d := env.Resources[0]
		d.CID = ""
		d.ModifiedTimestamp = ""
		want := mews.Device{
			DeviceID: deviceID(7), Hostname: hostname(7), Status: "normal", PlatformName: "Linux", PlatformID: "3", OSVersion: "System 1",
			AgentVersion: "7.1", OU: []string{}, Tags: []string{}, Groups: []string{}, FirstSeen: "2023-11-14T22:13:27Z", LastSeen: "2023-11-14T22:13:27Z",
		}
		if fmt.Sprint(d) != fmt.Sprint(want) || env.Resources[1].DeviceID != deviceID(10) {
			t.Errorf("%s:\n%+v, want\n%+v", way, d, want)
		}
		for _, list := range []string{`"ou":[]`, `"tags":[]`, `"groups":[]`} {
			if !strings.Contains(string(a.body), list) {
				t.Errorf("%s: no %s in %s", way, list, a.body)
			}
		}
		if a := get(deviceID(999)); a.status != 404 || decode[any](t, a).Errors[0].ID != deviceID(999) {
			t.Errorf("%s of an unknown host: %d %s", way, a.status, a.body)
		}
		if a := get(); a.status != 400 {
			t.Errorf("%s of none: %d %s", way, a.status, a.body)
		}
		var many []string
		for n := range 101 {
			many = append(many, deviceID(n))
		}
		if a := get(many...); (a.status == 200) != (way != "v2") {
			t.Errorf("%s of 101 hosts: %d", way, a.status)
		}
		if a := get(slices.Repeat([]string{"x"}, 3)...); a.status != 404 {
			t.Errorf("%s of nonsense: %d %s", way, a.status, a.body)
		}
	}
	foreign := h.tokenOf(t, foreignCID)
	if a := h.get(t, foreign, devicesV2+"?ids="+deviceID(7)); a.status != http.StatusNotFound {
		t.Errorf("another customer: %d %s", a.status, a.body)
	}
}

// TestHostsOfQuarantine: a host that reports a file is a host, and the same by
// name as in telemetry.
func TestHostsOfQuarantine(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	file := h.reported(t, token, `{"hostname":"Web-1","date_created":"2024-05-06T07:08:09Z"}`, "some bytes")
	h.ingested(t, token, `{"@timestamp":"2024-05-07T00:00:00Z","host":{"name":"WEB-1","os":{"type":"linux","name":"Debian"}},`+
		`"event":{"category":["network"]},"destination":{"ip":"192.0.2.1"}}`)
	env := decode[mews.Device](t, h.get(t, token, devicesV2+"?ids="+file.AID))
	if len(env.Resources) != 1 || env.Resources[0].FirstSeen != "2024-05-06T07:08:09Z" || env.Resources[0].LastSeen != "2024-05-07T00:00:00Z" ||
		env.Resources[0].Hostname != "WEB-1" || env.Resources[0].PlatformName != "Linux" {
		t.Errorf("%+v", env)
	}
	if env := decode[string](t, h.get(t, token, hostQueryPath)); env.Meta.Pagination.Total != 1 {
		t.Errorf("hosts %q", env.Resources)
	}
}
