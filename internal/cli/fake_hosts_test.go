package cli

import (
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/mewshq/mews"
)

// fakeHosts is a small store of hosts behind the routes of hosts.
type fakeHosts struct {
	f     *fake
	hosts []mews.Device // by name
}

func newFakeHosts(f *fake) *fakeHosts {
	return &fakeHosts{f: f, hosts: []mews.Device{
		{
			DeviceID: aidTwo, CID: strings.Repeat("c", 32), Hostname: "db1", Status: "normal", PlatformName: "Linux", PlatformID: "3",
			OSVersion: "Debian 13", KernelVersion: "6.12.0", ProductType: "3", ProductTypeDesc: "Server", AgentVersion: "7.1",
			LocalIP: "10.0.0.7", ExternalIP: "192.0.2.7", MACAddress: "00-1b-21-3c-4d-5e", DefaultGatewayIP: "10.0.0.1",
			MachineDomain: "corp.example", SiteName: "Berlin", OU: []string{"Servers", "Web"}, Tags: []string{"red\x1b[31m"}, Groups: []string{},
			SystemManufacturer: "ACME", SystemProductName: "Box 1", SerialNumber: "S-1", BIOSManufacturer: "BIOS Inc", BIOSVersion: "1.2",
			ServiceProvider: "AWS_EC2", InstanceID: "i-1", LastLoginUser: "ann", LastReboot: "2024-05-06T00:00:00Z",
			FirstSeen: "2024-05-06T07:08:09Z", LastSeen: "2024-05-09T00:00:00Z", ModifiedTimestamp: "2024-05-09T00:00:01Z",
		},
		{
			DeviceID: aidOne, CID: strings.Repeat("c", 32), Hostname: "=cmd|'/c calc'!A1", Status: "normal", OU: []string{}, Tags: []string{},
			Groups: []string{}, FirstSeen: "2024-05-01T00:00:00Z", LastSeen: "2024-05-01T00:00:00Z", ModifiedTimestamp: "2024-05-01T00:00:00Z",
		},
	}}
}

// serve answers the routes of hosts; false: it is none of them.
func (h *fakeHosts) serve(w http.ResponseWriter, r *http.Request) bool {
	switch r.Method + " " + r.URL.Path {
	case "GET /devices/queries/devices/v1":
		from, _ := strconv.Atoi(r.FormValue("offset"))
		h.query(w, r, from, func(p *mews.Pagination) {})
	case "GET /devices/queries/devices-scroll/v1":
		from, _ := strconv.Atoi(r.FormValue("offset"))
		h.query(w, r, from, func(p *mews.Pagination) {
			next := ""
			if p.Offset < p.Total {
				next = strconv.Itoa(p.Offset)
			}
			p.OffsetText = &next
		})
	case "POST /devices/entities/devices/v2":
		var body struct{ IDs []string }
		_ = json.NewDecoder(r.Body).Decode(&body)
		h.entities(w, body.IDs)
	default:
		return false
	}
	return true
}

func (h *fakeHosts) query(w http.ResponseWriter, r *http.Request, from int, finish func(*mews.Pagination)) {
	filter := r.FormValue("filter")
	if strings.HasPrefix(filter, "bad") {
		h.f.refuse(w, 400, "FQL error at 4: expected operator")
		return
	}
	ids := []any{}
	for _, d := range h.hosts {
		if filter == "" || filter == "hostname:'"+d.Hostname+"'" {
			ids = append(ids, d.DeviceID)
		}
	}
	total, limit := len(ids), 1
	ids = ids[min(from, total):min(from+limit, total)]
	p := &mews.Pagination{Offset: from + len(ids), Limit: limit, Total: total}
	finish(p)
	h.f.answer(w, mews.Meta{Pagination: p}, ids...)
}

func (h *fakeHosts) entities(w http.ResponseWriter, ids []string) {
	env := mews.Envelope[any]{Errors: []mews.APIError{}, Resources: []any{}}
	for _, id := range ids {
		if i := slices.IndexFunc(h.hosts, func(d mews.Device) bool { return d.DeviceID == id }); i >= 0 {
			env.Resources = append(env.Resources, h.hosts[i])
		} else {
			env.Errors = append(env.Errors, mews.APIError{Code: 404, Message: "no such host", ID: id})
		}
	}
	if len(env.Resources) == 0 {
		h.f.refuse(w, 404, "no such host")
		return
	}
	h.f.answerAll(w, env)
}
