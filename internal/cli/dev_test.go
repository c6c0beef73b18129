package cli

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/mewstest"
)

// A devRun runs command lines against a real server in dev mode.
type devRun struct {
	t   *testing.T
	f   *fake // only to run commands
	env map[string]string
}

func newDevRun(t *testing.T) devRun {
	t.Helper()
	srv := mewstest.Start(t)
	return devRun{t, newFake(t), map[string]string{
		"FALCON_BASE_URL": srv.URL, "FALCON_CLIENT_ID": srv.ClientID, "FALCON_CLIENT_SECRET": srv.ClientSecret,
	}}
}

// mews runs a command that must end with code, and gives what it wrote.
func (d devRun) mews(code int, args ...string) (out, errOut string) {
	d.t.Helper()
	out, errOut, got := d.f.mews(run{env: d.env}, args...)
	if got != code {
		d.t.Fatalf("mews %s: code %d, want %d\n%s%s", strings.Join(args, " "), got, code, out, errOut)
	}
	return out, errOut
}

func (d devRun) holds(text string, parts ...string) {
	d.t.Helper()
	for _, p := range parts {
		if !strings.Contains(text, p) {
			d.t.Errorf("%q is not in\n%s", p, text)
		}
	}
}

// TestDevFaults adds rules in each way, meets them, and removes them.
func TestDevFaults(t *testing.T) {
	d := newDevRun(t)
	out, _ := d.mews(exitOK, "dev", "faults", "add", "--operation", "get_quotas", "--status", "403", "--message", "not today", "--times", "2", "-o", "json")
	var env mews.Envelope[mews.FaultRule]
	if err := json.Unmarshal([]byte(out), &env); err != nil || len(env.Resources) != 1 {
		t.Fatalf("%v in %s", err, out)
	}
	if r := env.Resources[0]; r.ID != "fault-1" || r.Operation != "GetMalQueryQuotasV1" || r.Times != 2 || r.Effect != (mews.FaultEffect{Status: 403, Message: "not today"}) {
		t.Errorf("added %+v", r)
	}
	for range 2 {
		_, errOut := d.mews(exitAuth, "quotas")
		d.holds(errOut, "not today")
	}
	d.mews(exitOK, "quotas")

	rules := filepath.Join(t.TempDir(), "rules.json")
	text := `[{"path":"/devices/*","method":"GET","every":3,"effect":{"status":429,"retry_after":"2s"}},
		{"client":"x","after":5,"probability":0.25,"effect":{"delay":"1.5s","truncate":7}}]`
	if err := os.WriteFile(rules, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	d.mews(exitOK, "dev", "faults", "add", "--file", rules)
	d.mews(exitOK, "dev", "faults", "add", "--for-client", "y", "--close")
	d.mews(exitOK, "dev", "faults", "add", "--for-client", "y", "--expire-token")
	out, _ = d.mews(exitOK, "dev", "faults", "list")
	d.holds(out, "2 times", "answer 403", "one of 3", "answer 429, retry after 2s", "after 5, 25%", "wait 1.5s, cut after 7 bytes",
		"always", "close the connection", "expire the token")
	out, _ = d.mews(exitOK, "dev", "faults", "list", "-o", "ndjson", "--fields", "id,seen,fired")
	d.holds(out, `{"id":"fault-1","seen":3,"fired":2}`)

	out, errOut := d.mews(exitPartial, "dev", "faults", "clear", "fault-2", "fault-9")
	d.holds(out, "removed fault-2")
	d.holds(errOut, "no such rule (fault-9)")
	out, _ = d.mews(exitOK, "dev", "faults", "clear")
	d.holds(out, "removed 4")

	for what, args := range map[string][]string{
		"needs something to do":     {},
		"has two sources":           {"--file", rules, "--status", "500"},
		"has an unknown operation":  {"--operation", "get_quota", "--status", "500"},
		"keeps everybody out":       {"--operation", "oauth2AccessToken", "--status", "500"},
		"has a status of success":   {"--status", "200"},
		"names a file that is none": {"--file", rules + "x"},
	} {
		_, errOut, code := d.f.mews(run{env: d.env}, append([]string{"dev", "faults", "add"}, args...)...)
		if code == exitOK || errOut == "" {
			t.Errorf("a rule that %s: code %d, %s", what, code, errOut)
		}
	}
	for text, part := range map[string]string{`{"pth":"x"}`: "pth", `[`: "holds no rules", `{"effect":{"delay":"x"}}`: "no length of time"} {
		_, errOut, code := d.f.mews(run{env: d.env, stdin: text}, "dev", "faults", "add", "--file", "-")
		if code != exitUsage || !strings.Contains(errOut, part) {
			t.Errorf("%s: code %d, %s", text, code, errOut)
		}
	}
}

func TestDevRequests(t *testing.T) {
	d := newDevRun(t)
	d.mews(exitOK, "quotas")
	d.mews(exitOK, "dev", "faults", "add", "--operation", "get_quotas", "--status", "403")
	d.mews(exitAuth, "quotas")
	out, _ := d.mews(exitOK, "dev", "requests", "--operation", "get_quotas", "-o", "ndjson", "--fields", "operation,status,fault")
	if want := `{"operation":"GetMalQueryQuotasV1","status":200,"fault":null}
{"operation":"GetMalQueryQuotasV1","status":403,"fault":"fault-1"}
`; out != want {
		t.Errorf("got\n%swant\n%s", out, want)
	}
	out, _ = d.mews(exitOK, "dev", "requests", "--path", "/malquery/*", "--status", "403", "--clear", "--limit", "5")
	d.holds(out, "GetMalQueryQuotasV1", "fault-1")
	out, _ = d.mews(exitOK, "dev", "requests", "--operation", "get_quotas", "-o", "ndjson")
	if out != "" {
		t.Errorf("after --clear:\n%s", out)
	}
	d.mews(exitUsage, "dev", "requests", "--limit", "-1")
}

// TestDevData: a reset takes away what came after the start, a snapshot brings
// it back.
func TestDevData(t *testing.T) {
	d := newDevRun(t)
	d.mews(exitOK, "ioc", "add", "a.example.com", "--severity", "low")
	out, _ := d.mews(exitOK, "dev", "snapshot", "save", "one", "-o", "ndjson", "--fields", "name")
	d.holds(out, `{"name":"one"}`)
	d.mews(exitOK, "dev", "snapshot", "save", "two")
	out, _ = d.mews(exitOK, "dev", "reset")
	d.holds(out, "as after the first start")
	d.mews(exitNotFound, "ioc", "list")
	out, _ = d.mews(exitOK, "dev", "snapshot", "restore", "one")
	d.holds(out, "that of one")
	out, _ = d.mews(exitOK, "ioc", "list")
	d.holds(out, "a.example.com")
	out, _ = d.mews(exitOK, "dev", "snapshot", "list")
	d.holds(out, "one", "two")
	out, errOut := d.mews(exitPartial, "dev", "snapshot", "delete", "two", "three")
	d.holds(out, "removed two")
	d.holds(errOut, "no such snapshot (three)")
	d.mews(exitNotFound, "dev", "snapshot", "restore", "two")
	_, errOut = d.mews(exitError, "dev", "snapshot", "save", "one")
	d.holds(errOut, "snapshot one already")
	d.mews(exitUsage, "dev", "snapshot", "save", "../x")
}

// TestDevNeedsDevMode: an ordinary server has none of it.
func TestDevNeedsDevMode(t *testing.T) {
	f := newFake(t)
	_, errOut, code := f.mews(run{}, "dev", "reset")
	if code != exitNotFound || !strings.Contains(errOut, "serve --dev") {
		t.Errorf("code %d, said %q", code, errOut)
	}
}
