package httpapi

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.yaml.in/yaml/v3"
)

// A listed operation is one entry of api/operations.yaml.
type listed struct {
	ID string `yaml:"id"`
	// Names and paging are for the SDK; see optable_test.go.
	PEP8    string   `yaml:"pep8"`
	Aliases []string `yaml:"aliases"`
	Paging  string   `yaml:"paging"`

	Family string   `yaml:"family"`
	Method string   `yaml:"method"`
	Path   string   `yaml:"path"`
	Scopes []string `yaml:"scopes"`
	Status string   `yaml:"status"`
	Note   string   `yaml:"note"`
}

func readList(t *testing.T) []listed {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(apiDir, "operations.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Operations []listed `yaml:"operations"`
	}
	dec := yaml.NewDecoder(bytes.NewReader(b))
	dec.KnownFields(true)
	if err := dec.Decode(&doc); err != nil {
		t.Fatal(err)
	}
	return doc.Operations
}

// TestCoverage compares the table with the list both ways.
func TestCoverage(t *testing.T) {
	rows := map[string]operation{}
	routes, ids := map[string]bool{}, map[string]bool{}
	for _, row := range table() {
		if ids[row.id] {
			t.Errorf("%s: two rows", row.id)
		}
		if routes[row.method+row.path] {
			t.Errorf("%s: another row has its route", row.id)
		}
		if ids[row.id], routes[row.method+row.path] = true, true; !row.facade {
			rows[row.id] = row
		}
	}
	seen := map[string]bool{}
	for _, l := range readList(t) {
		if seen[l.ID] {
			t.Errorf("%s: listed twice", l.ID)
		}
		seen[l.ID] = true
		row, served := rows[l.ID]
		switch l.Status {
		case "no":
			if served {
				t.Errorf("%s: listed as no, but the table has it", l.ID)
			}
		case "done", "partial":
			if l.Status == "partial" && l.Note == "" {
				t.Errorf("%s: partial without a note", l.ID)
			}
			if !served {
				t.Errorf("%s: listed as %s, but the table lacks it", l.ID, l.Status)
			} else if row.method != l.Method || row.path != l.Path || row.scope != strings.Join(l.Scopes, scopeOr) {
				t.Errorf("%s: the table says %s %s %q, the list %s %s %q", l.ID, row.method, row.path, row.scope, l.Method, l.Path, l.Scopes)
			}
		default:
			t.Errorf("%s: unknown status %q", l.ID, l.Status)
		}
	}
	for id := range rows {
		if !seen[id] {
			t.Errorf("%s: served, but not listed", id)
		}
	}
}
