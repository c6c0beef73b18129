package cli

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
)

// wayTimeout bounds each step on the way to the server.
const wayTimeout = 10 * time.Second

// soon is when the end of a certificate is worth a word.
const soon = 21 * 24 * time.Hour

func (d *doctor) checkSecretFile(path string) {
	if st, err := os.Stat(path); err == nil && st.Mode().Perm()&0o077 != 0 {
		d.warn("secret", path+" can be read by others", "chmod 600 "+path)
	}
}

// checkWay goes to the server step by step, so that the step which fails is the
// one that is told.
func (d *doctor) checkWay(ctx context.Context) bool {
	base, err := url.Parse(d.client.BaseURL())
	if err != nil {
		return d.fail("address", err, "expected https://host[:port]")
	}
	proxy, err := d.proxy(base)
	if err != nil {
		return d.fail("proxy", err, "check --proxy, HTTPS_PROXY and NO_PROXY")
	}
	if proxy != nil {
		return d.checkReach(ctx, "proxy", proxy) // the rest of the way is behind it
	}
	if !d.checkReach(ctx, "connection", base) {
		return false
	}
	if base.Scheme == "http" {
		d.warn("certificate", "plain HTTP: the secret goes over this machine's loopback in clear", "")
	} else if !d.checkCertificate(ctx, base) {
		return false
	}
	d.checkReady(ctx, base)
	return true
}

func (d *doctor) proxy(base *url.URL) (*url.URL, error) {
	if d.conn.Proxy != "" {
		return url.Parse(d.conn.Proxy)
	}
	return http.ProxyFromEnvironment(&http.Request{URL: base})
}

// checkReach finds the addresses of a name and connects to one of them.
func (d *doctor) checkReach(ctx context.Context, what string, to *url.URL) bool {
	ctx, cancel := context.WithTimeout(ctx, wayTimeout)
	defer cancel()
	if net.ParseIP(to.Hostname()) == nil {
		found, err := net.DefaultResolver.LookupHost(ctx, to.Hostname())
		if err != nil {
			return d.fail("name", err, "is the host name right, and does this machine's DNS know it?")
		}
		d.ok("name", "%s is %s", to.Hostname(), strings.Join(found, ", "))
	}
	start := time.Now()
	c, err := (&net.Dialer{}).DialContext(ctx, "tcp", hostPort(to))
	if err != nil {
		return d.fail(what, err, "does the server run, is the port right, and does a firewall let this machine through?")
	}
	_ = c.Close()
	return d.ok(what, "%s answers in %s", hostPort(to), time.Since(start).Round(time.Millisecond/10))
}

// hostPort is where an address leads, its scheme's own port where it names none.
func hostPort(u *url.URL) string {
	port := cmp.Or(u.Port(), map[string]string{"http": "80", "https": "443", "socks5": "1080"}[u.Scheme])
	return net.JoinHostPort(u.Hostname(), port)
}

// roots are the authorities that are trusted; nil: those of the system.
func (d *doctor) roots() (*x509.CertPool, error) {
	if d.conn.CA == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(fromHome(d.conn.CA, d.g.env))
	if err != nil {
		return nil, fmt.Errorf("read the CA certificate: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("%s holds no PEM certificate", d.conn.CA)
	}
	return pool, nil
}

// checkCertificate takes the certificate first and judges it then, so that it can
// be told what is wrong with which.
func (d *doctor) checkCertificate(ctx context.Context, base *url.URL) bool {
	ctx, cancel := context.WithTimeout(ctx, wayTimeout)
	defer cancel()
	pool, err := d.roots()
	if err != nil {
		return d.fail("certificate", err, "check --ca, MEWS_CA, or ca of the profile")
	}
	dialer := tls.Dialer{Config: &tls.Config{ServerName: base.Hostname(), InsecureSkipVerify: true, MinVersion: tls.VersionTLS12}}
	c, err := dialer.DialContext(ctx, "tcp", hostPort(base))
	if err != nil {
		return d.fail("certificate", err, "does this port speak TLS 1.2 or newer? A server on plain HTTP has an address that begins with http://")
	}
	state := c.(*tls.Conn).ConnectionState()
	_ = c.Close()
	return d.judge(state, base.Hostname(), pool, time.Now())
}

// judge says whether a certificate is one to believe, as the client would.
func (d *doctor) judge(state tls.ConnectionState, host string, roots *x509.CertPool, now time.Time) bool {
	leaf, between := state.PeerCertificates[0], x509.NewCertPool()
	for _, c := range state.PeerCertificates[1:] {
		between.AddCert(c)
	}
	_, err := leaf.Verify(x509.VerifyOptions{DNSName: host, Roots: roots, Intermediates: between, CurrentTime: now})
	if err != nil && !d.conn.Insecure {
		return d.fail("certificate", err, certificateAdvice(err, leaf, d.conn.CA))
	}
	switch left := leaf.NotAfter.Sub(now); {
	case err != nil:
		return d.warn("certificate", fmt.Sprintf("not checked, and not good: %v", err), "leave --insecure out and name the CA: whoever is in between can read the secret")
	case d.conn.Insecure:
		return d.warn("certificate", "not checked, but good", "leave --insecure out")
	case left < soon:
		return d.warn("certificate", fmt.Sprintf("ends on %s", leaf.NotAfter.UTC().Format(time.DateOnly)), "a mews server renews its own when it is restarted")
	}
	return d.ok("certificate", "%s, good until %s", tls.VersionName(state.Version), leaf.NotAfter.UTC().Format(time.DateOnly))
}

func certificateAdvice(err error, leaf *x509.Certificate, ca string) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		names := leaf.DNSNames
		for _, ip := range leaf.IPAddresses {
			names = append(names, ip.String())
		}
		return "use one of its names (" + strings.Join(names, ", ") + "), or start the server with --tls-san"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "is this machine's clock right? A mews server renews its certificate when it is restarted"
	}
	if ca == "" {
		return "trust the server's own CA: copy tls/ca.pem of its data folder here and name it with --ca or MEWS_CA"
	}
	return ca + " is not the CA of this server: copy tls/ca.pem of its data folder again"
}

// checkReady asks a mews server whether it is ready; other servers have no such
// answer, and that is no finding.
func (d *doctor) checkReady(ctx context.Context, base *url.URL) {
	ctx, cancel := context.WithTimeout(ctx, wayTimeout)
	defer cancel()
	pool, err := d.roots()
	if err != nil {
		return // told before
	}
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool, InsecureSkipVerify: d.conn.Insecure, MinVersion: tls.VersionTLS12}}
	defer transport.CloseIdleConnections()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(base.String(), "/")+"/readyz", nil)
	if err != nil {
		return
	}
	resp, err := transport.RoundTrip(req)
	if err != nil {
		d.fail("readiness", err, "")
		return
	}
	defer resp.Body.Close()
	var reply struct{ Status string }
	switch err := json.NewDecoder(io.LimitReader(resp.Body, 1<<16)).Decode(&reply); {
	case err != nil || reply.Status == "":
		return
	case resp.StatusCode == http.StatusOK:
		d.ok("readiness", "the server is ready")
	default:
		d.warn("readiness", reply.Status, "the server's log says more")
	}
}
