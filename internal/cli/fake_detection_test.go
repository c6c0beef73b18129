package cli

import (
	"net/http"
	"strconv"

	"github.com/mewshq/mews"
)

// detections answers the route of detections with three of them.
func (f *fake) detections(w http.ResponseWriter, r *http.Request) {
	if r.FormValue("filter") == "bad" {
		f.refuse(w, 400, "FQL error at 4: expected operator")
		return
	}
	var found []any
	for i, value := range []string{"login.example.com", "198.51.100.7", "2001:db8::1"} {
		d := mews.Detection{
			ID: aidOne + "_" + shaOf(value), IndicatorID: shaOf(value), Type: []string{"domain", "ipv4", "ipv6"}[i], Value: value,
			Action: mews.IndicatorDetect, Severity: "high", DeviceID: aidOne, Hostname: "ws1\x1b[2J", ProcessID: "pid:" + aidOne + ":4" + strconv.Itoa(i),
			Kinds: []string{"net", "dns"}, Count: int64(10 * i), FirstSeen: "2026-03-01T12:00:00Z", LastSeen: "2026-03-02T12:00:00Z",
			Created: "2026-03-02T12:00:01Z", Modified: "2026-03-02T12:00:01Z",
		}
		if filter := r.FormValue("filter"); filter == "" || filter == `value:"`+value+`"` {
			found = append(found, d)
		}
	}
	from, _ := strconv.Atoi(r.FormValue("after"))
	page := found[min(from, len(found)):min(from+2, len(found))]
	p := &mews.Pagination{Offset: from + len(page), Limit: 2, Total: len(found)}
	if p.Offset < p.Total {
		p.After = strconv.Itoa(p.Offset)
	}
	f.answer(w, mews.Meta{Pagination: p}, page...)
}
