package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// writeConfig puts a YAML file into a temporary folder.
func writeConfig(t *testing.T, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "mews.yaml")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestLoadLayers(t *testing.T) {
	file := writeConfig(t, "listen: 127.0.0.1:1\nregion: file\nlog_level: debug\nhunt:\n  workers: 3\ntls_san: [a.example, b.example]\nshutdown_grace: 3s\n")
	cfg, err := Load(file, []string{"MEWS_REGION=environment", "MEWS_LOG_LEVEL=error", "MEWS_HUNT_ALLOW_FULL_SCAN=true", "OTHER=x"},
		map[string]any{"log_level": "warn"})
	if err != nil {
		t.Fatal(err)
	}
	if cfg.Listen != "127.0.0.1:1" || cfg.Hunt.Workers != 3 || len(cfg.TLSSAN) != 2 || cfg.ShutdownGrace != 3*time.Second {
		t.Errorf("file layer lost: %+v", cfg)
	}
	if cfg.Region != "environment" || !cfg.Hunt.AllowFullScan {
		t.Errorf("environment does not win over the file: %+v", cfg)
	}
	if cfg.LogLevel != "warn" {
		t.Errorf("flag does not win over the environment: %q", cfg.LogLevel)
	}
	if cfg.KeyFile != cfg.Data+".key" {
		t.Errorf("key file %q is not beside the data folder %q", cfg.KeyFile, cfg.Data)
	}
}

func TestLoadNamesEveryMistake(t *testing.T) {
	file := writeConfig(t, "nonsense: 1\nhunt:\n  sandbox: perhaps\n  workers: many\n  sandboxx: 1\nregion: us-1\nshutdown_grace: soon\ntrusted_proxies: [x]\n")
	_, err := Load(file, nil, map[string]any{"listen": "nowhere", "metrics": "all", "limits.in_flight": "0"})
	if err == nil {
		t.Fatal("loaded")
	}
	for _, word := range []string{
		"nonsense: no such", "hunt.sandboxx: no such", "hunt.workers: ", "shutdown_grace: ", "trusted_proxies: ",
		"hunt.sandbox: ", "region ", "listen: ", "metrics: ", "limits.in_flight: ",
	} {
		if !strings.Contains("\n"+err.Error(), "\n"+word) {
			t.Errorf("the error does not name %s: %v", word, err)
		}
	}
}

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		wrong  string // the key named; empty: valid
	}{
		{"defaults", func(*Config) {}, ""},
		{"plain HTTP on loopback", func(c *Config) { c.InsecureHTTP = true }, ""},
		{"plain HTTP on IPv6 loopback", func(c *Config) { c.InsecureHTTP, c.Listen = true, "[::1]:80" }, ""},
		{"plain HTTP elsewhere", func(c *Config) { c.InsecureHTTP, c.Listen = true, "0.0.0.0:80" }, "insecure_http"},
		{"plain HTTP everywhere", func(c *Config) { c.InsecureHTTP, c.Listen = true, ":80" }, "insecure_http"},
		{"key inside data", func(c *Config) { c.KeyFile = filepath.Join(c.Data, "deep", "kek") }, "key_file"},
		{"key with a similar name", func(c *Config) { c.KeyFile = c.Data + "..key" }, ""},
		{"least memory", func(c *Config) { c.Index.MemoryMB = 16 }, ""},
		{"too little memory", func(c *Config) { c.Index.MemoryMB = 15 }, "index.memory_mb"},
		{"negative grace", func(c *Config) { c.ShutdownGrace = -1 }, "shutdown_grace"},
		{"offsets without a bound", func(c *Config) { c.Paging.Window = 0 }, ""},
		{"a window smaller than a page", func(c *Config) { c.Paging.Window = 4999 }, "paging.window"},
		{"unknown fields as upstream", func(c *Config) { c.Compat.UnknownField = "empty" }, ""},
		{"unknown IOCs somehow", func(c *Config) { c.Compat.UnknownIOC = "error" }, "compat.unknown_ioc"},
		{"unknown fields somehow", func(c *Config) { c.Compat.UnknownField = "ignore" }, "compat.unknown_field"},
		{"sightings for ever", func(c *Config) { c.Telemetry.Retention = 0 }, ""},
		{"sightings until yesterday", func(c *Config) { c.Telemetry.Retention = -time.Hour }, "telemetry.retention"},
		{"vulnerabilities until yesterday", func(c *Config) { c.Vulnerabilities.Retention = -time.Hour }, "vulnerabilities.retention"},
		{"vulnerabilities that had expired", func(c *Config) { c.Vulnerabilities.ExpireAfter = -time.Hour }, "vulnerabilities.expire_after"},
		{"ingest without memory", func(c *Config) { c.Telemetry.MemoryMB = 1 }, "telemetry.memory_mb"},
		{"updates of nothing", func(c *Config) { c.Quarantine.MaxUpdate = 0 }, "quarantine.max_update"},
		{"a webhook", func(c *Config) { c.Webhook.URL, c.Webhook.SecretFile = "https://hook.example/x?y=z", "s" }, ""},
		{"a webhook here", func(c *Config) { c.Webhook.URL, c.Webhook.SecretFile = "http://127.0.0.1:99/", "s" }, ""},
		{"a webhook that all can read", func(c *Config) { c.Webhook.URL, c.Webhook.SecretFile = "http://hook.example/", "s" }, "webhook.url"},
		{"a webhook of files", func(c *Config) { c.Webhook.URL, c.Webhook.SecretFile = "file:///etc", "s" }, "webhook.url"},
		{"a webhook without a secret", func(c *Config) { c.Webhook.URL = "https://hook.example/" }, "webhook.secret_file"},
		{"a webhook that repeats itself", func(c *Config) { c.Webhook.Repeat = time.Second }, "webhook.repeat"},
		{"vendor region in disguise", func(c *Config) { c.Region = "US_2" }, "region"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := DefaultConfig()
			cfg.complete()
			tt.change(&cfg)
			err := cfg.Validate()
			if tt.wrong == "" && err != nil || tt.wrong != "" && (err == nil || !strings.Contains(err.Error(), tt.wrong)) {
				t.Errorf("got %v, want it to name %q", err, tt.wrong)
			}
		})
	}
}

func TestSettingsHaveHelp(t *testing.T) {
	for _, s := range Settings() {
		if s.Usage == "" || strings.ToLower(s.Flag()) != s.Flag() {
			t.Errorf("setting %s: flag %q, usage %q", s.Key, s.Flag(), s.Usage)
		}
	}
}
