package cli

import (
	"bytes"
	"crypto/tls"
	"crypto/x509"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/profile"
	"github.com/mewshq/mews/internal/server"
)

// TestJudgeCertificate shows one certificate to doctors who look for different
// hosts, trust different authorities and live at different times.
func TestJudgeCertificate(t *testing.T) {
	srv := httptest.NewTLSServer(http.NotFoundHandler())
	defer srv.Close()
	c, err := tls.Dial("tcp", srv.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	state := c.ConnectionState()
	_ = c.Close()
	trusted, end := x509.NewCertPool(), srv.Certificate().NotAfter
	trusted.AddCert(srv.Certificate())
	now := end.Add(-time.Hour * 24 * 365)
	for _, c := range []struct {
		name, host string
		roots      *x509.CertPool
		conn       profile.Profile
		now        time.Time
		result     string
		says       string
	}{
		{"good", "example.com", trusted, profile.Profile{}, now, resultOK, "good until"},
		{"unknown authority", "example.com", x509.NewCertPool(), profile.Profile{}, now, resultFail, "MEWS_CA"},
		{"another authority", "example.com", x509.NewCertPool(), profile.Profile{CA: "mine.pem"}, now, resultFail, "mine.pem is not the CA"},
		{"another host", "mews.lan", trusted, profile.Profile{}, now, resultFail, "--tls-san"},
		{"ended", "example.com", trusted, profile.Profile{}, end.Add(time.Hour), resultFail, "clock"},
		{"ends soon", "example.com", trusted, profile.Profile{}, end.Add(-time.Hour), resultWarn, "ends on"},
		{"not asked for", "example.com", x509.NewCertPool(), profile.Profile{Insecure: true}, now, resultWarn, "not good"},
		{"not asked for, but good", "example.com", trusted, profile.Profile{Insecure: true}, now, resultWarn, "leave --insecure out"},
	} {
		var out bytes.Buffer
		g := &globals{Stdio: Stdio{Out: &out}, env: func(string) string { return "" }, isTerminal: func(any) bool { return false }}
		g.output.format = "table"
		d := &doctor{g: g, conn: connection{Profile: c.conn}}
		went := d.judge(state, c.host, c.roots, c.now)
		if !strings.HasPrefix(out.String(), c.result+" ") || !strings.Contains(out.String(), c.says) || went == (c.result == resultFail) || (d.first != nil) == went {
			t.Errorf("%s: %v %v\n%s", c.name, went, d.first, out.String())
		}
	}
}

// TestConfigPrint: what is printed, read again, is the same configuration.
func TestConfigPrint(t *testing.T) {
	f, dir := newFake(t), t.TempDir()
	args := []string{
		"config", "print", "--data", dir, "--tls-san", "a,b", "--hunt-max-time", "90m",
		"--webhook-url", "https://u:pass@hook.example/x?token=abc", "--webhook-secret-file", "/s",
	}
	text, errOut, code := f.mews(run{}, args...)
	if code != 0 || strings.Contains(text, "pass") || strings.Contains(text, "abc") {
		t.Fatalf("%d %s%s", code, text, errOut)
	}
	file := dir + "/config.yaml"
	writeFile(t, file, text)
	again, errOut, code := f.mews(run{}, "config", "print", "--config", file)
	if code != 0 || again != text {
		t.Errorf("%d %s: differs from what was printed:\n%s\n%s", code, errOut, text, again)
	}
	cfg, err := server.Load(file, nil, nil)
	if err != nil || cfg.Hunt.MaxTime != 90*time.Minute || len(cfg.TLSSAN) != 2 {
		t.Errorf("%v %+v", err, cfg)
	}
}
