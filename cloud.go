package mews

import (
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// CloudAuto is the vendor's cloud that knows where a customer lives: the login
// there tells the region, and the client moves to it.
const CloudAuto = "auto"

// cloudHosts are the API hosts of the vendor's clouds.
func cloudHosts() map[string]string {
	return map[string]string{
		"us-1":     "api.crowdstrike.com",
		"us-2":     "api.us-2.crowdstrike.com",
		"eu-1":     "api.eu-1.crowdstrike.com",
		"us-gov-1": "api.laggar.gcw.crowdstrike.com",
		"us-gov-2": "api.us-gov-2.crowdstrike.mil",
	}
}

// Clouds lists the names that WithCloud knows, CloudAuto left out.
func Clouds() []string { return slices.Sorted(maps.Keys(cloudHosts())) }

// cloudURL is the base URL of a cloud's name, however it is spelt: us-1, US1.
func cloudURL(name string) (*url.URL, bool) {
	plain := func(s string) string { return strings.NewReplacer("-", "", "_", "").Replace(strings.ToLower(s)) }
	if plain(name) == CloudAuto {
		name = "us-1"
	}
	for known, host := range cloudHosts() {
		if plain(known) == plain(name) {
			return &url.URL{Scheme: "https", Host: host}, true
		}
	}
	return nil, false
}

// baseOf finds the server: at a URL, or a cloud by name. byName tells that the
// vendor's login may name another of its clouds.
func baseOf(baseURL, cloud string) (base *url.URL, byName bool, err error) {
	if cloud == "custom" {
		cloud = ""
	}
	switch {
	case baseURL == "" && cloud == "":
		return nil, false, Errorf(ErrInvalid, "client: no server; give a base URL or the name of a cloud")
	case baseURL != "" && cloud != "":
		return nil, false, Errorf(ErrInvalid, "client: both a base URL and the cloud %s; give one", cloud)
	case cloud == "" && !strings.Contains(baseURL, "://"):
		if base, ok := cloudURL(baseURL); ok {
			return base, true, nil
		}
	case cloud != "":
		base, ok := cloudURL(cloud)
		if !ok {
			return nil, false, Errorf(ErrInvalid, "client: unknown cloud %q; known are auto, %s", cloud, strings.Join(Clouds(), ", "))
		}
		return base, true, nil
	}
	base, err = parseBase(baseURL)
	return base, false, err
}

// BaseURL is where calls go now: as it was given, or the host of the cloud.
func (c *Client) BaseURL() string { return c.base.Load().String() }

// moveTo follows the region that a login names, to a known host of the vendor
// and to nowhere else: a token and a secret go there. True: the client moved.
func (c *Client) moveTo(h http.Header) bool {
	if !c.byName {
		return false
	}
	base, ok := cloudURL(h.Get("X-Cs-Region"))
	if !ok || base.Host == c.base.Load().Host {
		return false
	}
	c.base.Store(base)
	return true
}
