package server

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestExamine breaks what a server stands on, one thing at a time.
func TestExamine(t *testing.T) {
	cfg := testConfig(t)
	cfg.InsecureHTTP = false
	cfg.YaraWorker = filepath.Join(t.TempDir(), "no-such-worker")
	cfg.complete()
	look := func(now time.Time) map[string]Finding {
		found := map[string]Finding{}
		for _, f := range Examine(t.Context(), cfg, now) {
			found[f.What] = f
		}
		return found
	}
	expect := func(when string, now time.Time, what, level, says string) {
		t.Helper()
		f := look(now)[what]
		if f.Level != level || !strings.Contains(f.Detail+" "+f.Advice, says) || level != LevelOK && f.Advice == "" {
			t.Errorf("%s: %s is %+v, want %s and %q", when, what, f, level, says)
		}
	}
	must := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	now := time.Now()
	expect("nothing there", now, "data folder", LevelFail, "mews serve")
	if _, err := os.Stat(cfg.Data); !os.IsNotExist(err) {
		t.Error("the examination made the folder")
	}

	s := mustStart(t, t.Context(), cfg)
	for _, what := range []string{"data folder", "format", "disk", "key file", "certificate", "webhook", "server"} {
		expect("a running server", now, what, LevelOK, "")
	}
	expect("no worker", now, "worker", LevelFail, "--yara-worker")
	expect("next year", now.Add(serverLife), "certificate", LevelWarn, "restart")
	must(s.Close(t.Context()))
	expect("a stopped server", now, "server", LevelWarn, "no server runs")

	must(os.Chmod(cfg.Data, 0o755))
	expect("open folder", now, "data folder", LevelWarn, "chmod 0700")
	must(os.Chmod(cfg.Data, 0o700))
	must(os.Chmod(cfg.KeyFile, 0o644))
	expect("open key", now, "key file", LevelFail, "open to others")
	must(os.Remove(cfg.KeyFile))
	expect("lost key", now, "key file", LevelFail, "missing")
	must(os.Remove(filepath.Join(cfg.Data, "tls", "ca.pem")))
	expect("lost authority", now, "certificate", LevelFail, "backup")
	cfg.Webhook.URL, cfg.Webhook.SecretFile = "https://hook.example", filepath.Join(cfg.Data, "none")
	expect("lost secret", now, "webhook", LevelFail, "does not start")
	must(os.WriteFile(filepath.Join(cfg.Data, databaseName), []byte("rubbish"), 0o600))
	expect("damaged database", now, "format", LevelFail, "")
}
