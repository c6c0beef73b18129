package httpapi

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/mewshq/mews"
	authpkg "github.com/mewshq/mews/internal/auth"
)

// A step of a golden file: one request and its whole answer.
type step struct {
	name, method, path string
	header             map[string]string
	body               string
}

// A counting reader gives trace ids in order.
type counting struct{ n atomic.Uint64 }

func (c *counting) Read(p []byte) (int, error) {
	clear(p)
	binary.BigEndian.PutUint64(p[len(p)-8:], c.n.Add(1))
	return len(p), nil
}

// goldenDay is the clock of golden files.
var goldenDay = time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)

func newGoldenHarness(t *testing.T) *harness {
	return newHarness(t, func(d *Deps, o *authpkg.Options) {
		clock := func() time.Time { return goldenDay }
		d.Now, d.Rand = clock, &counting{}
		o.Now = clock
	})
}

// secrets are what differs from run to run.
var secrets = regexp.MustCompile(`"(access_token|after|client|uploaded_at|reqid|refresh_time|userid)":"[^"]*"|"first_seen(_at)?":"20[2-9][0-9][^"]*"|"days_left":[0-9]+|"query_time":[1-9][0-9]*`)

// runGolden writes each answer, headers sorted, and compares the whole.
func runGolden(t *testing.T, h *harness, file string, steps []step) {
	t.Helper()
	var out bytes.Buffer
	for _, s := range steps {
		a := h.do(t, s.method, s.path, s.header, s.body)
		fmt.Fprintf(&out, "== %s\n%d\n", s.name, a.status)
		var names []string
		for name := range a.header {
			if name != "Date" && name != "X-Ratelimit-Remaining" && (name != "Content-Length" || !secrets.Match(a.body)) {
				names = append(names, name)
			}
		}
		slices.Sort(names)
		for _, name := range names {
			fmt.Fprintf(&out, "%s: %s\n", name, strings.Join(a.header[name], " | "))
		}
		text := secrets.ReplaceAllStringFunc(string(a.body), func(m string) string {
			key, _, _ := strings.Cut(m, ":")
			return key + `:"MASKED"`
		})
		if a.header.Get("Content-Type") == mediaZip {
			text = "(zip)"
		}
		fmt.Fprintf(&out, "\n%s\n\n", text)
	}
	golden(t, "testdata/"+file, out.Bytes())
}

func TestGoldenOAuth(t *testing.T) {
	h := newGoldenHarness(t)
	id, secret := h.client(t, ownCID)
	formHeader := map[string]string{"Content-Type": formType}
	runGolden(t, h, "oauth.golden", []step{
		{"oauth2AccessToken", "POST", "/oauth2/token", formHeader, form("client_id", id, "client_secret", secret)},
		{"oauth2AccessToken, wrong secret", "POST", "/oauth2/token", formHeader, form("client_id", id, "client_secret", "x")},
		{"oauth2RevokeToken", "POST", "/oauth2/revoke", with(bearing(""), "Authorization", basicHeader("basic", id, secret)), form("token", "None")},
		{"unknown route", "GET", "/x", nil, ""},
		{"wrong method", "GET", "/oauth2/token", nil, ""},
		{"bad token", "GET", samplesPath, bearing("None"), ""},
	})
}

func TestGoldenSamples(t *testing.T) {
	h := newGoldenHarness(t)
	token := h.token(t, "samplestore:read", "samplestore:write")
	ids := "?ids=" + sum("golden sample")
	runGolden(t, h, "samples.golden", []step{
		{"UploadSampleV3", "POST", samplesPath + "?file_name=a.exe&first_seen=2019/01/02&label=pua", with(bearing(token), "Content-Type", mediaBytes), "golden sample"},
		{"GetSampleV3", "GET", samplesPath + ids, bearing(token), ""},
		{"GetSampleV3, protected", "GET", samplesPath + ids + "&password_protected=true", bearing(token), ""},
		{"GetSampleV3, unknown", "GET", samplesPath + "?ids=" + sum("x"), bearing(token), ""},
		{"GetSampleV3, malformed", "GET", samplesPath + "?ids=12345678", bearing(token), ""},
		{"mews.samples.get", "GET", "/mews/entities/samples/v1" + ids, bearing(token), ""},
		{"mews.samples.update", "PATCH", "/mews/entities/samples/v1", bearing(token), `{"ids":"` + sum("golden sample") + `","family":"Foo"}`},
		{"DeleteSampleV3", "DELETE", samplesPath + ids, bearing(token), ""},
		{"missing scope", "GET", "/malquery/aggregates/quotas/v1", bearing(token), ""},
	})
}

func TestGoldenMalQuery(t *testing.T) {
	h := newGoldenHarness(t)
	token := h.token(t)
	if a := h.upload(t, token, "golden falcon", "file_name=n&first_seen=2019/01/02&label=malware&family=Foo"); a.status != 200 {
		t.Fatal(a.status)
	}
	const patterns = `"patterns":[{"type":"ascii","value":"falcon"},{"type":"hex","value":"676f6c64 656E"}]`
	search := decode[any](t, h.post(t, token, exactPath, `{`+patterns+`,"options":{"limit":5,"filter_meta":"sha256,type,size"}}`)).Meta.ReqID
	archive := decode[any](t, h.post(t, token, archivePath, `{"samples":"`+sum("golden falcon")+`"}`)).Meta.ReqID
	h.wait(t, token, search)
	h.wait(t, token, archive)
	h.api.deps.Rand.(*counting).n.Store(0) // polling took any number of ids
	get := func(name, path string) step { return step{name, "GET", path, bearing(token), ""} }
	post := func(name, path, body string) step { return step{name, "POST", path, bearing(token), body} }
	runGolden(t, h, "malquery.golden", []step{
		get("GetMalQueryQuotasV1", quotaPath),
		post("PostMalQueryFuzzySearchV1", fuzzyPath, `{`+patterns+`}`),
		post("PostMalQueryFuzzySearchV1, projected", fuzzyPath, `{`+patterns+`,"options":{"filter_meta":["label","family"]}}`),
		post("PostMalQueryFuzzySearchV1, bad pattern", fuzzyPath, `{"patterns":[{"type":"string","value":"x"}]}`),
		post("PostMalQueryExactSearchV1", exactPath, `{`+patterns+`}`),
		get("GetMalQueryRequestV1, search", "/malquery/entities/requests/v1?ids="+search),
		get("GetMalQueryRequestV1, archive", "/malquery/entities/requests/v1?ids="+archive),
		get("GetMalQueryRequestV1, unknown", "/malquery/entities/requests/v1?ids=12345678"),
		get("GetMalQueryMetadataV1", metaPath+"?ids="+sum("golden falcon")+","+sum("x")),
		get("GetMalQueryDownloadV1", filePath+"?ids="+sum("golden falcon")),
		get("GetMalQueryDownloadV1, malformed", filePath+"?ids=12345678"),
		post("PostMalQueryEntitiesSamplesMultidownloadV1", archivePath, `{"samples":["`+sum("golden falcon")+`","`+sum("x")+`"]}`),
		get("GetMalQueryEntitiesSamplesFetchV1, unknown", fetchPath+"?ids=12345678"),
		post("PostMalQueryHuntV1, no scanner", huntPath, `{"yara_rule":"rule a { condition: true }"}`),
		{"mews.requests.cancel", "DELETE", "/mews/entities/requests/v1?ids=12345678", bearing(token), ""},
		get("mews.requests.outcomes", "/mews/queries/request-outcomes/v1?ids="+search),
	})
}

func TestGoldenQuarantine(t *testing.T) {
	h := newGoldenHarness(t)
	token := h.token(t)
	get := func(name, path string) step { return step{name, "GET", path, bearing(token), ""} }
	send := func(name, method, path, body string) step { return step{name, method, path, bearing(token), body} }
	const record = `{"aid":"00112233445566778899aabbccddeeff","hostname":"Web-1","username":"bob","date_created":"2024-05-06T07:08:09.123456789Z",` +
		`"paths":[{"path":"C:\\Users\\bob\\a.exe"}],"detect_ids":["ldt:1"],"alert_ids":"ind:1","agent":true,"is_on_removable_disk":true,"comment":"seen",` +
		`"max_severity":70,"behaviors":[{"behavior_id":"41","ioc_type":"hash_sha256","ioc_value":"x","tree_root_hash":"y"}],"first_behavior":"2024-05-06T07:00:00Z"}`
	contentType, form := "multipart/form-data; boundary=golden", "--golden\r\nContent-Disposition: form-data; name=\"record\"\r\n\r\n"+record+
		"\r\n--golden\r\nContent-Disposition: form-data; name=\"sample\"; filename=\"a.exe\"\r\n\r\ngolden file\r\n--golden--\r\n"
	id := "00112233445566778899aabbccddeeff_" + sum("golden file")
	action := func() string {
		return decode[mews.HostAction](t, h.do(t, "GET", actionsPath+"?aid="+id[:32], bearing(token), "")).Resources[0].ID
	}
	lines := fmt.Sprintf("{\"hostname\":\"web-2\",\"sha256\":\"%s\",\"date_created\":\"2024-05-07T00:00:00Z\"}\n{\"hostname\":\"web-2\"}\n", sum("x"))
	runGolden(t, h, "quarantine.golden", []step{
		{"mews.ingest.quarantine", "POST", ingestPath, with(bearing(token), "Content-Type", contentType), form},
		{"mews.ingest.quarantine, lines", "POST", ingestPath, with(bearing(token), "Content-Type", mediaLines), lines},
		get("QueryQuarantineFiles", recordsQuery+"?filter=hostname:'web-1'&sort=hostname.asc"),
		get("QueryQuarantineFiles, first page", recordsQuery+"?filter=*&limit=1"),
		get("QueryQuarantineFiles, bad filter", recordsQuery+"?filter=hostname:'web-1'%2B"),
		get("QueryQuarantineFiles, unknown field", recordsQuery+"?filter=nope:'x'"),
		send("GetQuarantineFiles", "POST", recordsGet, `{"ids":["`+id+`","x"]}`),
		send("GetQuarantineFiles, unknown", "POST", recordsGet, `{"ids":["x"]}`),
		send("GetAggregateFiles", "POST", aggregates, `{"type":"terms","field":"state","sub_aggregates":[{"type":"avg","field":"max_severity"}]}`),
		send("GetAggregateFiles, list", "POST", aggregates, `[{"type":"date_histogram","field":"date_created","interval":"day"},{"type":"percentiles","field":"max_severity","percents":[50]},{"type":"terms","field":"nope"}]`),
		get("ActionUpdateCount", countsPath+"?filter="),
		send("UpdateQuarantinedDetectsByIds", "PATCH", recordsPath, `{"action":"release","comment":"fine","ids":["`+id+`"]}`),
		send("UpdateQuarantinedDetectsByIds, unknown", "PATCH", recordsPath, `{"action":"release","ids":["ID1"]}`),
		get("mews.agent.actions", actionsPath+"?aid="+id[:32]),
	})
	acked := action()
	h.api.deps.Rand.(*counting).n.Store(100)
	runGolden(t, h, "quarantine-actions.golden", []step{
		send("mews.agent.acknowledge", "POST", ackPath, `{"id":"`+acked+`","outcome":"acknowledged"}`),
		send("mews.agent.acknowledge, unknown", "POST", ackPath, `[{"id":"`+strings.Repeat("0", 32)+`","outcome":"failed"}]`),
		send("UpdateQfByQuery", "PATCH", recordsQuery, `{"action":"delete","comment":null,"filter":"hostname:'web-1'","q":null}`),
		send("UpdateQfByQuery, empty", "PATCH", recordsQuery, `{"action":"delete","comment":null,"filter":null,"q":null}`),
		get("mews.quarantine.get", detailsPath+"?ids="+id),
		get("mews.quarantine.settings.get", settingsPath),
		send("mews.quarantine.settings.update", "PATCH", settingsPath, `{"searchable":false}`),
	})
}

func TestGoldenSightings(t *testing.T) {
	h := newGoldenHarness(t)
	token := h.token(t)
	get := func(name, path string) step { return step{name, "GET", path, bearing(token), ""} }
	post := func(name, path, body string) step {
		return step{name, "POST", path, with(bearing(token), "Content-Type", mediaLines), body}
	}
	of, no := "?type=sha256&value="+sum("golden.exe"), "?type=domain&value=never.example"
	lines := started(1, 7, "golden.exe") + "\n{\n" + started(1, 8, "golden.exe") + "\n" + started(2, 9, "golden.exe") + "\n"
	runGolden(t, h, "sightings.golden", []step{
		get("DevicesCount, no telemetry yet", countPath+of),
		post("mews.ingest.events", eventsPath, lines),
		post("mews.ingest.events, again", eventsPath, lines),
		post("mews.ingest.events, nothing", eventsPath, ""),
		get("DevicesCount", countPath+of),
		get("DevicesCount, never seen", countPath+no),
		get("DevicesCount, malformed", countPath+"?type=md5&value=x"),
		get("DevicesRanOn", devicesPath+of+"&limit=1"),
		get("ProcessesRanOn", "/indicators/queries/processes/v1"+of+"&limit=1&device_id="+sensorID(1)),
		get("ProcessesRanOn, last page", "/indicators/queries/processes/v1"+of+"&limit=1&offset=1&device_id="+sensorID(1)),
		get("ProcessesRanOn, another device", "/indicators/queries/processes/v1"+of+"&device_id="+sensorID(7)),
		get("entities.processes", processesPath+"?ids=pid:"+sensorID(1)+":7,x"),
		get("entities.processes, unknown", processesPath+"?ids=x"),
		get("indicator_get_device_count_v1", "/iocs/aggregates/indicators/device-count/v1"+of),
		get("indicator_get_devices_ran_on_v1", modernPath+"devices/v1"+of+"&limit=1"),
		get("indicator_get_processes_ran_on_v1", modernPath+"processes/v1"+of+"&device_id="+sensorID(2)),
		get("mews.sightings.combined", hostsPath+of),
		get("elastic", "/elastic/"),
		post("elastic bulk", bulkPath, "{\"create\":{\"_index\":\"x\"}}\n"+started(3, 9, "golden.exe")+"\n{\"index\":{\"_index\":\"x\",\"_id\":\"1\"}}\n{\n"),
		post("elastic bulk, malformed", bulkPath, "x\n"),
		get("elastic, unknown", "/elastic/x/_search"),
	})
}
