package cli

import (
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
)

// TestProfileSecretFromStdin: a secret that was piped in is stored where only
// its owner reads it, and is never shown.
func TestProfileSecretFromStdin(t *testing.T) {
	f, home := newFake(t), t.TempDir()
	env := map[string]string{"HOME": home, "FALCON_BASE_URL": "", "FALCON_CLIENT_ID": "", "FALCON_CLIENT_SECRET": ""}
	set := []string{"profile", "set", "lab", "--base-url", f.URL, "--client-id", "id", "--client-secret", "-"}
	if _, errOut, code := f.mews(run{env: env, stdin: "\n"}, set...); code != exitUsage {
		t.Errorf("an empty secret: %d %s", code, errOut)
	}
	if out, errOut, code := f.mews(run{env: env, stdin: "s3cret\n"}, set...); code != 0 {
		t.Fatalf("%d %s%s", code, out, errOut)
	}
	st, err := os.Stat(filepath.Join(home, ".config", "mews", "config.yaml"))
	if err != nil || st.Mode().Perm() != 0o600 {
		t.Fatalf("%v %v", st, err)
	}
	for _, args := range [][]string{{"profile", "show", "--json"}, {"profile", "show", "lab", "-o", "yaml"}, {"profile", "list", "-o", "csv"}} {
		if out, errOut, code := f.mews(run{env: env}, args...); code != 0 || strings.Contains(out+errOut, "s3cret") {
			t.Errorf("%v: %d %s%s", args, code, out, errOut)
		}
	}
	if _, errOut, code := f.mews(run{env: env}, "quotas"); code != 0 {
		t.Errorf("quotas: %d %s", code, errOut)
	}
}

// TestSourceOfConnection holds the order in which a server is looked for.
func TestSourceOfConnection(t *testing.T) {
	home := t.TempDir()
	folder := filepath.Join(home, ".config", "mews")
	if err := os.MkdirAll(folder, 0o700); err != nil {
		t.Fatal(err)
	}
	text := "use: used\nprofiles:\n  used: {base_url: 'https://used', client_id: u, ca: /u.pem}\n  named: {cloud: us-2, client_id: n}\n"
	if err := os.WriteFile(filepath.Join(folder, "config.yaml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name    string
		env     map[string]string
		flags   connectOptions
		address string
		id, ca  string
	}{
		{"profile in use", nil, connectOptions{}, "https://used", "u", "/u.pem"},
		{"environment", map[string]string{"FALCON_BASE_URL": "https://env", "MEWS_CA": "/e.pem"}, connectOptions{}, "https://env", "", "/e.pem"},
		{"cloud of the environment", map[string]string{"FALCON_CLOUD": "eu-1"}, connectOptions{}, "eu-1", "", ""},
		{"address before cloud", map[string]string{"FALCON_CLOUD": "eu-1", "FALCON_BASE_URL": "https://env"}, connectOptions{}, "https://env", "", ""},
		{"custom cloud", map[string]string{"FALCON_CLOUD": "custom", "FALCON_BASE_URL": "https://env"}, connectOptions{}, "https://env", "", ""},
		{"CA alone says nothing", map[string]string{"MEWS_CA": "/e.pem"}, connectOptions{}, "https://used", "u", "/u.pem"},
		{"MEWS_PROFILE before the environment", map[string]string{"MEWS_PROFILE": "named", "FALCON_BASE_URL": "https://env"}, connectOptions{}, "us-2", "n", ""},
		{"--profile before MEWS_PROFILE", map[string]string{"MEWS_PROFILE": "named"}, connectOptions{name: "used"}, "https://used", "u", "/u.pem"},
		{"flag over a profile", nil, flagged("", "", "f"), "https://used", "f", "/u.pem"},
		{"same address by flag", nil, flagged("https://used", "", ""), "https://used", "u", "/u.pem"},
		{"other address by flag", nil, flagged("https://flag", "", ""), "https://flag", "", ""},
		{"cloud by flag over an address", map[string]string{"FALCON_BASE_URL": "https://env", "FALCON_CLIENT_ID": "e"}, flagged("", "us-1", ""), "us-1", "e", ""},
	} {
		g := &globals{connect: c.flags, env: func(k string) string {
			if k == "HOME" {
				return home
			}
			return c.env[k]
		}}
		got, err := g.connection()
		if err != nil || got.Address() != c.address || got.ClientID != c.id || got.CA != c.ca {
			t.Errorf("%s: %+v, %v", c.name, got, err)
		}
	}
}

func flagged(base, cloud, id string) (o connectOptions) {
	o.given.BaseURL, o.given.Cloud, o.given.ClientID = base, cloud, id
	return o
}

// TestByWayOfAProxy: a proxy that flags or a profile name carries every call.
func TestByWayOfAProxy(t *testing.T) {
	f := newFake(t)
	var carried atomic.Int32
	proxy := httptest.NewServer(&httputil.ReverseProxy{Rewrite: func(r *httputil.ProxyRequest) {
		carried.Add(1)
		r.Out.URL = r.In.URL // an absolute one, as proxies get it
	}})
	defer proxy.Close()
	if _, errOut, code := f.mews(run{}, "quotas", "--proxy", proxy.URL); code != 0 || carried.Load() < 2 {
		t.Errorf("%d calls by way of the proxy, %d %s", carried.Load(), code, errOut)
	}
	before := carried.Load()
	out, errOut, code := f.mews(run{}, "doctor", "--proxy", proxy.URL, "-o", "ndjson", "--fields", "check,result")
	if code != 0 || carried.Load() == before || !strings.Contains(out, `{"check":"proxy","result":"ok"}`) || strings.Contains(out, "certificate") {
		t.Errorf("%d %s%s", code, out, errOut)
	}
	if _, _, code := f.mews(run{}, "quotas", "--proxy", "nonsense"); code != exitUsage {
		t.Errorf("a proxy that is none: %d", code)
	}
	proxy.Close()
	if _, errOut, code := f.mews(run{}, "doctor", "--proxy", proxy.URL, "-o", "ndjson"); code != exitError {
		t.Errorf("a proxy that is away: %d %s", code, errOut)
	}
}

// TestMemberCID: the customer that is named is the one that is logged in for.
func TestMemberCID(t *testing.T) {
	f := newFake(t)
	var seen []string
	f.intercept = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/oauth2/token" {
			seen = append(seen, r.FormValue("member_cid"))
		}
		return false
	}
	f.mews(run{env: map[string]string{"FALCON_MEMBER_CID": "abc"}}, "quotas")
	f.mews(run{}, "quotas", "--member-cid", "def")
	if !slices.Equal(seen, []string{"abc", "def"}) {
		t.Errorf("logged in for %q", seen)
	}
}
