// Package yaratest finds the real worker program for tests.
package yaratest

import (
	"os"
	"path/filepath"
	"testing"
)

// Worker gives the built scanner's path, or skips the test of a package two
// folders below the module's root. A path that MEWS_YARA_WORKER names must
// exist.
func Worker(t testing.TB) string {
	t.Helper()
	path, named := os.LookupEnv("MEWS_YARA_WORKER")
	if !named {
		path = filepath.Join("..", "..", "bin", "mews-yara")
	}
	abs, err := filepath.Abs(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(abs); err != nil {
		if named {
			t.Fatalf("MEWS_YARA_WORKER: %v", err)
		}
		t.Skipf("no worker: %v (make build)", err)
	}
	return abs
}
