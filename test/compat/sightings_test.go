package compat

import (
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/crowdstrike/gofalcon/falcon"
	"github.com/crowdstrike/gofalcon/falcon/client/ioc"
	"github.com/crowdstrike/gofalcon/falcon/client/iocs"
)

// sensorAID is the id of a host that telemetry tells of.
func sensorAID(n int) string { return fmt.Sprintf("%032x", 0x5e50+n) }

const sensedName = "seen-by-gofalcon.example"

var sensedFile = shaOf([]byte("a tool that gofalcon asks for"))

// sensed is a customer whose eight hosts ran a file, the third in six processes;
// that one looked a name up.
func sensed(t *testing.T) *customer {
	t.Helper()
	c := customerWith(t, "ingest:write,iocs:read,ioc:read")
	var lines strings.Builder
	started := func(host, process int) {
		fmt.Fprintf(&lines, `{"event_simpleName":"ProcessRollup2","aid":"%s","timestamp":"1772366400000","TargetProcessId":"%d",`+
			`"SHA256HashData":"%s","ImageFileName":"C:\\tool.exe","CommandLine":"tool.exe","ProcessStartTime":"1772366400.5"}`+"\n",
			sensorAID(host), process, sensedFile)
	}
	for host := range 8 {
		started(host, 100)
	}
	for process := range 5 {
		started(2, 200+process)
	}
	fmt.Fprintf(&lines, `{"event_simpleName":"DnsRequest","aid":"%s","timestamp":"1772366401000","ContextProcessId":"100","DomainName":"%s"}`+"\n", sensorAID(2), sensedName)
	c.send(t, "/ingest/v1/events", strings.NewReader(lines.String()), "application/x-ndjson")
	return c
}

func TestDevicesCount(t *testing.T) {
	c := sensed(t)
	for value, want := range map[string]int32{sensedFile: 8, shaOf(nil): 0} {
		old, err := c.Iocs.DevicesCount(iocs.NewDevicesCountParams().WithType("sha256").WithValue(value))
		if err != nil {
			t.Fatal(falcon.ErrorExplain(err))
		}
		if r := old.Payload.Resources; len(r) != 1 || *r[0].DeviceCount != want || *r[0].ID != "sha256:"+value {
			t.Errorf("%s, older family: %+v", value, r)
		}
		now, err := c.Ioc.IndicatorGetDeviceCountV1(ioc.NewIndicatorGetDeviceCountV1Params().WithType("sha256").WithValue(value))
		if err != nil {
			t.Fatal(falcon.ErrorExplain(err))
		}
		if r := now.Payload.Resources; len(r) != 1 || r[0].DeviceCount != want || r[0].Value != value {
			t.Errorf("%s, newer family: %+v", value, r)
		}
	}
	_, err := c.Ioc.IndicatorGetDeviceCountV1(ioc.NewIndicatorGetDeviceCountV1Params().WithType("sha256").WithValue("x"))
	if _, ok := err.(*ioc.IndicatorGetDeviceCountV1BadRequest); !ok {
		t.Errorf("a malformed value: %v", err)
	}
	_, err = c.Iocs.DevicesCount(iocs.NewDevicesCountParams().WithType("sha256").WithValue("x"))
	refusedWith(t, err, http.StatusBadRequest)
}

// TestRanOn pages through hosts and processes by both families. The older one's
// offset may be of any JSON type, the newer one's must be text.
func TestRanOn(t *testing.T) {
	c := sensed(t)
	var hosts, processes []string
	for n := range 8 {
		hosts = append(hosts, sensorAID(n))
	}
	for _, n := range []int{100, 200, 201, 202, 203, 204} {
		processes = append(processes, fmt.Sprintf("pid:%s:%d", sensorAID(2), n))
	}
	limit := ptr("5")
	type page struct {
		ids    []string
		offset string
		total  int64
		err    error
	}
	for name, tc := range map[string]struct {
		ask  func(offset *string) page
		want []string
	}{
		"devices, older": {func(offset *string) page {
			ok, err := c.Iocs.DevicesRanOn(iocs.NewDevicesRanOnParams().WithType("sha256").WithValue(sensedFile).WithLimit(limit).WithOffset(offset))
			if err != nil {
				return page{err: err}
			}
			p := ok.Payload
			return page{p.Resources, fmt.Sprint(p.Meta.Pagination.Offset), p.Meta.Pagination.Total, nil}
		}, hosts},
		"devices, newer": {func(offset *string) page {
			ok, err := c.Ioc.IndicatorGetDevicesRanOnV1(ioc.NewIndicatorGetDevicesRanOnV1Params().WithType("sha256").WithValue(sensedFile).WithLimit(limit).WithOffset(offset))
			if err != nil {
				return page{err: err}
			}
			p := ok.Payload
			return page{p.Resources, p.Meta.Pagination.Offset, short(p.Resources), nil} // its model has no total
		}, hosts},
		"processes, older": {func(offset *string) page {
			ok, err := c.Iocs.ProcessesRanOn(iocs.NewProcessesRanOnParams().WithType("sha256").WithValue(sensedFile).WithDeviceID(sensorAID(2)).WithLimit(limit).WithOffset(offset))
			if err != nil {
				return page{err: err}
			}
			p := ok.Payload
			if more := p.Meta.Pagination.NextPage != ""; more != (len(p.Resources) == 5) || p.Meta.Entity != "/processes/entities/processes/v1{?ids*}" {
				t.Errorf("meta %+v of %d processes", p.Meta, len(p.Resources))
			}
			return page{p.Resources, fmt.Sprint(p.Meta.Pagination.Offset), p.Meta.Pagination.Total, nil}
		}, processes},
		"processes, newer": {func(offset *string) page {
			ok, err := c.Ioc.IndicatorGetProcessesRanOnV1(ioc.NewIndicatorGetProcessesRanOnV1Params().WithType("sha256").WithValue(sensedFile).WithDeviceID(sensorAID(2)).WithLimit(limit).WithOffset(offset))
			if err != nil {
				return page{err: err}
			}
			p := ok.Payload
			return page{p.Resources, p.Meta.Pagination.Offset, short(p.Resources), nil} // its model has no total
		}, processes},
	} {
		var got []string
		for at, total := 0, int64(1); int64(at) < total; {
			p := tc.ask(ptr(strconv.Itoa(at)))
			if p.err != nil {
				t.Fatalf("%s: %v", name, falcon.ErrorExplain(p.err))
			}
			next, err := strconv.Atoi(p.offset)
			if err != nil || next <= at {
				t.Fatalf("%s: the offset after %d is %q", name, at, p.offset)
			}
			got, at, total = append(got, p.ids...), next, p.total
		}
		if slices.Sort(got); !slices.Equal(got, tc.want) {
			t.Errorf("%s: %v, want %v", name, got, tc.want)
		}
	}
}

func TestEntitiesProcesses(t *testing.T) {
	c := sensed(t)
	found, err := c.Iocs.ProcessesRanOn(iocs.NewProcessesRanOnParams().WithType("domain").WithValue(sensedName).WithDeviceID(sensorAID(2)))
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	unknown := "pid:" + sensorAID(2) + ":9"
	ok, err := c.Iocs.EntitiesProcesses(iocs.NewEntitiesProcessesParams().WithIds(append(found.Payload.Resources, unknown)))
	if err != nil {
		t.Fatal(falcon.ErrorExplain(err))
	}
	if e := ok.Payload.Errors; len(e) != 1 || *e[0].Code != 404 || e[0].ID != unknown {
		t.Errorf("errors %+v", e)
	}
	if len(ok.Payload.Resources) != 1 {
		t.Fatalf("%d processes", len(ok.Payload.Resources))
	}
	p := ok.Payload.Resources[0]
	if *p.DeviceID != sensorAID(2) || *p.ProcessID != sensorAID(2)+":100" || *p.ProcessIDLocal != "100" || *p.CommandLine != "tool.exe" ||
		!strings.HasPrefix(*p.StartTimestamp, "2026-03-01T12:00:00") || *p.StartTimestampRaw != "134168400005000000" || *p.StopTimestamp != "" {
		t.Errorf("process %+v", p)
	}
	_, err = c.Iocs.EntitiesProcesses(iocs.NewEntitiesProcessesParams().WithIds([]string{unknown}))
	refusedWith(t, err, http.StatusNotFound)
}

// short is the total as a client takes it that is told none: a page that is not
// full is the last one.
func short(ids []string) int64 {
	if len(ids) < 5 {
		return 0
	}
	return 1 << 30
}
