package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"net"
	"net/textproto"
	"net/url"
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

// What the walk's proofs ask for. Each name makes an object of its own, so that
// no proof depends on what another one left.

// stored gives the hash of a sample.
func (w *walk) stored(name string) string {
	w.t.Helper()
	content := "walk-marker " + name
	if a := w.upload(w.t, w.token, content, "file_name=walk"); a.status != 200 {
		w.t.Fatalf("upload: %d %s", a.status, a.body)
	}
	return sum(content)
}

// search gives a request that is done.
func (w *walk) search() string {
	w.t.Helper()
	if w.job == "" {
		w.stored("found")
		w.job = w.finished(exactPath, patternsBody)
	}
	return w.job
}

// archive gives an archive that is ready.
func (w *walk) archive() string {
	w.t.Helper()
	return w.finished(archivePath, `{"samples":["`+w.stored("in the archive")+`"]}`)
}

func (w *walk) finished(path, body string) string {
	w.t.Helper()
	id := decode[struct{}](w.t, w.post(w.t, w.token, path, body)).Meta.ReqID
	w.wait(w.t, w.token, id)
	return id
}

// quarantined gives the id of a record with bytes, of a host with an agent.
func (w *walk) quarantined(name string) string {
	w.t.Helper()
	return w.reported(w.t, w.token, `{"hostname":"walk","agent":true,"paths":[{"path":"/walk"}]}`, "walk quarantined "+name).ID
}

// hostAction gives an action that a host has to do.
func (w *walk) hostAction() string {
	w.t.Helper()
	id := w.quarantined("acted on")
	w.patch(w.t, w.token, recordsPath, `{"action":"release","ids":["`+id+`"]}`)
	list := decode[mews.HostAction](w.t, w.get(w.t, w.token, actionsPath+"?aid="+strings.Split(id, "_")[0])).Resources
	for _, one := range list {
		if one.QuarantineID == id {
			return one.ID
		}
	}
	w.t.Fatalf("no action for %s in %+v", id, list)
	return ""
}

// legacy gives the name of an IOC of the older family.
func (w *walk) legacy(domain string) string {
	w.t.Helper()
	return w.legacyMade(w.t, w.token, `{"type":"domain","value":"`+domain+`","policy":"detect"}`)[0].ID()
}

// indicator gives the id of an IOC of the newer family.
func (w *walk) indicator(domain string) string {
	w.t.Helper()
	return w.made(w.t, w.token, indicator("domain", domain))[0].ID
}

// vulnerable gives the id of a vulnerability.
func (w *walk) vulnerable(scope string) string {
	w.t.Helper()
	w.scanned(w.t, w.token, "?hostname=walk", trivyReport(scope, "CVE-2024-0001"))
	filter := url.QueryEscape("scan.scope:'" + scope + "'")
	return decode[string](w.t, w.get(w.t, w.token, vulnerabilitiesPath+"?filter="+filter)).Resources[0]
}

// intel imports a domain and gives its id.
func (w *walk) intel(domain string) string {
	w.t.Helper()
	w.feed(w.t, w.token, "?source=walk", domain+"\n")
	return "domain_" + domain
}

// A tee keeps the bytes that a connection received.
type tee struct {
	net.Conn
	got bytes.Buffer
}

func (c *tee) dial(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	conn, err := d.DialContext(ctx, network, address)
	c.Conn = conn
	return c, err
}

func (c *tee) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.got.Write(p[:n])
	return n, err
}

// headerNames gives the names of the one answer as they were spelled.
func (c *tee) headerNames(t testing.TB) (names []string) {
	t.Helper()
	head := textproto.NewReader(bufio.NewReader(bytes.NewReader(c.got.Bytes())))
	if _, err := head.ReadLine(); err != nil {
		t.Fatal(err)
	}
	for {
		line, err := head.ReadLine()
		if err != nil || line == "" {
			return names
		}
		name, _, _ := strings.Cut(line, ":")
		names = append(names, name)
	}
}
