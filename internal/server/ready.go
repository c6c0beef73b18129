package server

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// A firstClient is the API client that the first run makes. Its secret is shown
// once and kept nowhere.
type firstClient struct{ ID, Secret string }

// Readiness is what a ready server tells of itself. The secret is there on the
// first run only.
type Readiness struct {
	BaseURL      string `json:"base_url"`
	CA           string `json:"ca,omitempty"`
	Fingerprint  string `json:"ca_sha256,omitempty"`
	ClientID     string `json:"client_id,omitempty"`
	ClientSecret string `json:"client_secret,omitempty"`
	PID          int    `json:"pid"`
	Dev          bool   `json:"dev,omitempty"` // dev mode is on
}

// writeReadyFile puts the file in place whole: whoever sees it can parse it. It
// may hold a secret, hence the mode.
func writeReadyFile(path string, r Readiness) error {
	text, err := json.Marshal(r)
	if err != nil {
		return err
	}
	temp := filepath.Join(filepath.Dir(path), "."+filepath.Base(path)+".tmp")
	if err := os.WriteFile(temp, append(text, '\n'), 0o600); err != nil {
		return fmt.Errorf("write ready file: %w", err)
	}
	if err := os.Rename(temp, path); err != nil {
		return fmt.Errorf("write ready file: %w", err)
	}
	return nil
}

// greet tells the operator where the server is and, on the first run, how to
// connect each kind of client.
func greet(w io.Writer, r Readiness) {
	fmt.Fprintf(w, "mews is ready\n\nbase_url: %s\n", r.BaseURL)
	if r.CA != "" {
		fmt.Fprintf(w, "ca: %s\nca_sha256: %s\n", r.CA, r.Fingerprint)
	}
	if r.Dev {
		fmt.Fprint(w, "\nDEV MODE: this server fails requests on purpose and can be reset. It is for tests; keep real data out of it.\n")
	}
	if r.ClientSecret == "" {
		return
	}
	fmt.Fprintf(w, "client_id: %s\nclient_secret: %s\n", r.ClientID, r.ClientSecret)
	fmt.Fprint(w, "\nThe secret is shown this once. Make further clients with: mews client create\n\n")
	fmt.Fprint(w, connectLines(r))
}

// connectLines are ready to paste. They name the environment rather than repeat
// the secret, so that it does not spread over shell histories.
func connectLines(r Readiness) string {
	host := r.BaseURL[strings.Index(r.BaseURL, "://")+3:]
	export := fmt.Sprintf("export FALCON_CLIENT_ID=%s FALCON_CLIENT_SECRET=... FALCON_BASE_URL=%s", r.ClientID, r.BaseURL)
	python, golang, curl := "", "", ""
	if r.CA != "" {
		export += " MEWS_CA=" + r.CA
		python = "REQUESTS_CA_BUNDLE=" + r.CA + " "
		golang = "SSL_CERT_FILE=" + r.CA + " "
		curl = "--cacert " + r.CA + " "
	}
	var b strings.Builder
	fmt.Fprintf(&b, "mews:     %s\n          mews quotas\n", export)
	fmt.Fprintf(&b, "FalconPy: %spython3 -c 'import os, falconpy; print(falconpy.MalQuery(client_id=os.environ[\"FALCON_CLIENT_ID\"],"+
		" client_secret=os.environ[\"FALCON_CLIENT_SECRET\"], base_url=os.environ[\"FALCON_BASE_URL\"]).get_quotas())'\n", python)
	if r.CA != "" {
		fmt.Fprintf(&b, "gofalcon: %syour-program   with falcon.ApiConfig{HostOverride: %q, ...}\n", golang, host)
	}
	fmt.Fprintf(&b, "curl:     curl %s-d \"client_id=$FALCON_CLIENT_ID&client_secret=$FALCON_CLIENT_SECRET\" %s/oauth2/token\n", curl, r.BaseURL)
	return b.String()
}
