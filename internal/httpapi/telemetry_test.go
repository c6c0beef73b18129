package httpapi

import (
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews"
)

const (
	eventsPath  = "/ingest/v1/events"
	countPath   = "/indicators/aggregates/devices-count/v1"
	devicesPath = "/indicators/queries/devices/v1"
	modernPath  = "/iocs/queries/indicators/"
	hostsPath   = "/mews/combined/sightings/v1"
)

// sensorID is the id of a host of the tests.
func sensorID(n int) string { return fmt.Sprintf("%032x", 0xa000+n) }

// sensorTime is when their events begin.
var sensorTime = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// started is a line of a sensor: a process began.
func started(host, process int, image string) string {
	at := sensorTime.Add(time.Duration(process) * time.Second)
	b, _ := json.Marshal(map[string]string{
		"event_simpleName": "ProcessRollup2", "aid": sensorID(host), "ComputerName": fmt.Sprintf("ws-%d", host), "event_platform": "Win",
		"timestamp": strconv.FormatInt(at.UnixMilli(), 10), "TargetProcessId": strconv.Itoa(process), "ParentProcessId": "4",
		"SHA256HashData": sum(image), "ImageFileName": `\Device\HarddiskVolume2\` + image, "CommandLine": image + " --run",
		"UserName": "alice", "ProcessStartTime": strconv.FormatInt(at.Unix(), 10) + ".250",
	})
	return string(b)
}

// asked is a line of a sensor: a process looked a name up.
func asked(host, process int, name string) string {
	at := sensorTime.Add(time.Duration(process) * time.Second)
	b, _ := json.Marshal(map[string]string{
		"event_simpleName": "DnsRequest", "aid": sensorID(host), "timestamp": strconv.FormatInt(at.UnixMilli(), 10),
		"ContextProcessId": strconv.Itoa(process), "DomainName": name,
	})
	return string(b)
}

func (h *harness) events(t testing.TB, token, query string, header map[string]string, lines ...string) answer {
	t.Helper()
	all := with(bearing(token), "Content-Type", mediaLines)
	for name, value := range header {
		all[name] = value
	}
	return h.do(t, "POST", eventsPath+query, all, strings.Join(lines, "\n"))
}

// ingested takes lines in and gives the counts.
func (h *harness) ingested(t testing.TB, token string, lines ...string) mews.IngestCounts {
	t.Helper()
	a := h.events(t, token, "", nil, lines...)
	checkEnvelope(t, a.status, a.header, a.body)
	env := decode[struct{}](t, a)
	if a.status != 200 || len(env.Errors) > 0 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return *env.Meta.Ingest
}

// TestEvents: lines count once, whatever they come as; wrong ones are told of by
// their number.
func TestEvents(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	lines := []string{started(1, 7, "a.exe"), "", "{broken", started(2, 8, "a.exe"), `{"event_simpleName":"Heartbeat","aid":"` + sensorID(1) + `","timestamp":"1772366400000"}`, asked(1, 7, "evil.example")}
	a := h.events(t, token, "?format=fdr", nil, lines...)
	checkEnvelope(t, a.status, a.header, a.body)
	env := decode[struct{}](t, a)
	got := *env.Meta.Ingest
	if got.Lines != 5 || got.Failed != 1 || got.Events+got.Ignored != 4 || got.Hosts != 2 || got.Repeated {
		t.Errorf("counts %+v", got)
	}
	if len(env.Errors) != 1 || env.Errors[0].ID != "3" || env.Errors[0].Code != 400 {
		t.Errorf("errors %+v", env.Errors)
	}
	text := strings.Join(lines, "\n")
	for encoding, body := range map[string]string{"": text, "gzip": gzipped(t, text), "zstd": zstdOf(t, strings.ReplaceAll(text, "\n", "\r\n"))} {
		again := decode[struct{}](t, h.do(t, "POST", eventsPath+"?format=fdr", with(with(bearing(token), "Content-Type", mediaText), "Content-Encoding", encoding), body))
		got.Repeated = true
		if d := cmp.Diff(got, *again.Meta.Ingest); d != "" || len(again.Errors) != 1 {
			t.Errorf("the same lines as %q: %s", encoding, d)
		}
	}
	if n := decode[mews.DeviceCount](t, h.get(t, token, countPath+"?type=sha256&value="+sum("a.exe"))).Resources[0].DeviceCount; n != 2 {
		t.Errorf("seen on %d hosts, want 2", n)
	}
}

// TestEventKeys: a key names a call; the same one with other lines is refused.
func TestEventKeys(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	key := map[string]string{keyHeader: "call-1"}
	for i, lines := range [][]string{{started(1, 1, "a.exe")}, {started(1, 1, "a.exe")}, {started(1, 2, "a.exe")}} {
		a := h.events(t, token, "", key, lines...)
		if want := []int{200, 200, 409}[i]; a.status != want {
			t.Errorf("call %d: %d %s", i, a.status, a.body)
		}
	}
	list := decode[mews.Sighting](t, h.get(t, token, hostsPath+"?type=sha256&value="+sum("a.exe"))).Resources
	if len(list) != 1 || list[0].Count != 1 {
		t.Errorf("sightings %+v", list)
	}
}

func TestEventRefusals(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	as := func(media, query, body string) answer {
		return h.do(t, "POST", eventsPath+query, with(bearing(token), "Content-Type", media), body)
	}
	line := started(1, 1, "never.exe")
	long := strings.Replace(line, "never.exe", strings.Repeat("x", mews.MaxIngestLine), 1)
	for what, c := range map[string]struct {
		a      answer
		status int
		want   string
	}{
		"a form":          {as("application/x-www-form-urlencoded", "", line), 415, "application/x-ndjson"},
		"unknown format":  {as(mediaLines, "?format=morse", line), 400, "morse"},
		"two formats":     {as(mediaLines, "?format=fdr&format=ecs", line), 400, "duplicate parameter"},
		"nothing":         {as(mediaLines, "", ""), 400, "holds no line"},
		"empty lines":     {as(mediaLines, "", "\n\r\n\n"), 400, "holds no line"},
		"long line":       {as(mediaLines, "", "\n"+long), 200, `the line is longer than 1048576 bytes","id":"2"`},
		"many lines":      {as(mediaLines, "", strings.Repeat("{}\n", mews.MaxIngestLines+1)), 413, "200000 lines"},
		"many empty ones": {as(mediaLines, "", strings.Repeat("\n", mews.MaxIngestLines+1)), 413, "200000 lines"},
		"large":           {as(mediaLines, "", strings.Repeat("x", mews.MaxIngestEncoded+1)), 413, "larger than 32 MiB; split"},
		"bomb":            {h.do(t, "POST", eventsPath, encoded(token, "zstd"), strings.Repeat(zstdOf(t, strings.Repeat("x", 32<<20)), 9)), 413, "decodes to more than 256 MiB; split"},
		"key, empty":      {h.events(t, token, "", map[string]string{keyHeader: ""}, line), 400, keyHeader},
		"key, long":       {h.events(t, token, "", map[string]string{keyHeader: strings.Repeat("k", 256)}, line), 400, keyHeader},
		"key, two words":  {h.events(t, token, "", map[string]string{keyHeader: "a b"}, line), 400, keyHeader},
		"key, other text": {h.events(t, token, "", map[string]string{keyHeader: "schlüssel"}, line), 400, keyHeader},
	} {
		checkEnvelope(t, c.a.status, c.a.header, c.a.body)
		if c.a.status != c.status || !strings.Contains(string(c.a.body), c.want) {
			t.Errorf("%s: %d %s, want %d %s", what, c.a.status, c.a.body, c.status, c.want)
		}
	}
	if n := decode[mews.DeviceCount](t, h.get(t, token, countPath+"?type=sha256&value="+sum("never.exe"))).Resources[0].DeviceCount; n != 0 {
		t.Errorf("a refused call was counted: %d hosts", n)
	}
}

// TestLineReader: lines come out whatever their lengths are around the sizes of
// buffers and bounds.
func TestLineReader(t *testing.T) {
	var text strings.Builder
	var want []int
	for _, n := range []int{0, 1, 65535, 65536, 65537, mews.MaxIngestLine - 1, mews.MaxIngestLine, mews.MaxIngestLine + 1, 3 * mews.MaxIngestLine, 2} {
		text.WriteString(strings.Repeat("x", n) + []string{"\n", "\r\n"}[n%2])
		want = append(want, min(n, mews.MaxIngestLine+1))
	}
	text.WriteString("last")
	l := newLineReader(strings.NewReader(text.String()))
	var got []int
	for {
		line, err := l.Next()
		if err != nil {
			break
		}
		got = append(got, len(line))
	}
	if d := cmp.Diff(append(want, 4), got); d != "" {
		t.Error(d)
	}
}

// TestSightings: both families answer alike, with the paging forms of their
// clients, and an empty answer says why.
func TestSightings(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	of := "?type=sha256&value=" + sum("a.exe")
	empty := h.get(t, token, countPath+of)
	if hint := decode[mews.DeviceCount](t, empty).Meta.Hint; hint == nil || hint.Reason != mews.HintNoTelemetry || empty.header.Get("X-Mews-Hint") != "no_telemetry; indicator=false; hosts=0" {
		t.Errorf("before any telemetry: %s, header %q", empty.body, empty.header.Get("X-Mews-Hint"))
	}
	var lines []string
	for host := range 7 {
		lines = append(lines, started(host, 100+host, "a.exe"))
	}
	for process := range 5 {
		lines = append(lines, started(3, 200+process, "a.exe"))
	}
	if got := h.ingested(t, token, lines...); got.Events != 12 || got.Hosts != 7 {
		t.Fatalf("counts %+v", got)
	}
	for _, path := range []string{countPath, "/iocs/aggregates/indicators/device-count/v1"} {
		a := h.get(t, token, path+"?type=sha256&value="+strings.ToUpper(sum("a.exe")))
		env := decode[mews.DeviceCount](t, a)
		if n := env.Resources; len(n) != 1 || n[0].ID != "sha256:"+sum("a.exe") || n[0].DeviceCount != 7 || env.Meta.Hint != nil || a.header.Get(hintHeader) != "" {
			t.Errorf("%s: %s", path, a.body)
		}
	}
	for _, c := range []struct {
		path, query string
		total       int
		text        bool // the offset is text, and the next page is told
		entity      string
	}{
		{devicesPath, of, 7, false, "/devices/entities/devices/v1{?ids*}"},
		{modernPath + "devices/v1", of, 7, true, "/devices/entities/devices/v1{?ids*}"},
		{"/indicators/queries/processes/v1", of + "&device_id=" + sensorID(3), 6, true, "/processes/entities/processes/v1{?ids*}"},
		{modernPath + "processes/v1", of + "&device_id=" + sensorID(3), 6, true, "/processes/entities/processes/v1{?ids*}"},
	} {
		var ids []string
		next := c.path + c.query + "&limit=4"
		for page := 0; next != "" && page < 3; page++ {
			a := h.get(t, token, next)
			env := decode[string](t, a)
			ids = append(ids, env.Resources...)
			p := env.Meta.Pagination
			if p.Total != c.total || p.Limit != 4 || p.Offset != len(ids) || (p.OffsetText != nil) != c.text || env.Meta.Entity != c.entity {
				t.Errorf("%s: %s", next, a.body)
			}
			if next = p.NextPage; !c.text && p.Offset < p.Total {
				next = c.path + c.query + "&limit=4&offset=" + strconv.Itoa(p.Offset)
			}
		}
		if len(ids) != c.total {
			t.Errorf("%s: pages gave %v", c.path, ids)
		}
	}
	details := h.get(t, token, processesPath+"?ids=pid:"+sensorID(3)+":200,"+sensorID(3)+":201&ids=pid:"+sensorID(3)+":999")
	env := decode[mews.ProcessDetail](t, details)
	if len(env.Resources) != 2 || env.Resources[0].ProcessID != sensorID(3)+":200" || env.Resources[1].ProcessIDLocal != "201" ||
		env.Resources[0].CommandLine != "a.exe --run" || len(env.Errors) != 1 || env.Errors[0].Code != 404 {
		t.Errorf("details %s", details.body)
	}
	hosts := decode[mews.Sighting](t, h.get(t, token, hostsPath+of+"&limit=2&offset=2"))
	if len(hosts.Resources) != 2 || hosts.Resources[1].DeviceID != sensorID(3) || hosts.Resources[1].Count != 6 || hosts.Meta.Pagination.Offset != 4 {
		t.Errorf("sightings %+v", hosts)
	}
}

func TestSightingRefusals(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.ingested(t, token, started(1, 1, "a.exe"))
	of := "?type=sha256&value=" + sum("a.exe")
	for path, c := range map[string]struct {
		status int
		want   string
	}{
		countPath:                                        {400, "type: required parameter is missing"},
		countPath + "?type=sha256":                       {400, "value: required parameter is missing"},
		countPath + "?type=sha256&value=abc":             {400, "64 hexadecimal digits"},
		countPath + "?type=url&value=http%3A%2F%2Fx":     {400, "type:"},
		devicesPath + of + "&limit=0":                    {400, "limit must be 1..5000"},
		devicesPath + of + "&limit=5001":                 {400, "limit must be 1..5000"},
		devicesPath + of + "&offset=-1":                  {400, "offset"},
		devicesPath + of + "&offset=a":                   {400, "offset: expected an integer"},
		devicesPath + of + "&offset=99":                  {200, `"offset":99`},
		modernPath + "devices/v1" + of + "&offset=99":    {200, `"offset":"99"`},
		"/indicators/queries/processes/v1" + of:          {400, "device_id: required parameter is missing"},
		modernPath + "processes/v1" + of:                 {400, "device_id: required parameter is missing"},
		modernPath + "processes/v1" + of + "&device_id=": {400, "device_id: required parameter is missing"},
		processesPath:                                    {400, "ids: required parameter is missing"},
		processesPath + "?ids=pid:" + sensorID(1) + ":9": {404, "no such process"},
		processesPath + "?ids=nonsense":                  {404, "no such process"},
		hostsPath + of + "&limit=x":                      {400, "limit: expected an integer"},
	} {
		a := h.get(t, token, path)
		checkEnvelope(t, a.status, a.header, a.body)
		if a.status != c.status || !strings.Contains(string(a.body), c.want) {
			t.Errorf("%s: %d %s, want %d %s", path, a.status, a.body, c.status, c.want)
		}
	}
}

// TestUnknownObservable: the answer about what nobody knows can be a 404; what
// was seen, or is an IOC, is never unknown.
func TestUnknownObservable(t *testing.T) {
	h := newHarness(t, refuseUnknown)
	token := h.token(t)
	h.ingested(t, token, started(1, 1, "a.exe"))
	for value, status := range map[string]int{sum("a.exe"): 200, sum("b.exe"): 404} {
		for _, path := range []string{countPath, "/iocs/aggregates/indicators/device-count/v1"} {
			a := h.get(t, token, path+"?type=sha256&value="+value)
			checkEnvelope(t, a.status, a.header, a.body)
			if a.status != status || status == 404 && decode[any](t, a).Errors[0].Message != "sha256:"+value+" - Resource Not Found" {
				t.Errorf("%s: %d %s", path, a.status, a.body)
			}
		}
	}
}

// TestForeignSightings: what one customer's hosts saw, another never hears of.
func TestForeignSightings(t *testing.T) {
	h := newHarness(t)
	h.ingested(t, h.token(t), started(1, 1, "a.exe"))
	foreign := h.tokenOf(t, foreignCID)
	of := "?type=sha256&value=" + sum("a.exe")
	for _, path := range []string{devicesPath + of, hostsPath + of, "/indicators/queries/processes/v1" + of + "&device_id=" + sensorID(1)} {
		if env := decode[any](t, h.get(t, foreign, path)); len(env.Resources) != 0 || env.Meta.Hint.Reason != mews.HintNoTelemetry {
			t.Errorf("%s: %+v", path, env)
		}
	}
	if a := h.get(t, foreign, processesPath+"?ids=pid:"+sensorID(1)+":1"); a.status != 404 {
		t.Errorf("a foreign process: %d %s", a.status, a.body)
	}
}
