// Package internal holds the law of the house as a test: which room may import
// which. Read the table to learn the system, top to bottom.
package internal

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/mewshq/mews"

// A room is one package folder and what it may import from this module. "root"
// stands for the public package. files narrows an allowance to some files.
type room struct {
	name  string
	may   []string
	files map[string][]string // file name -> additional rooms
	bans  []string            // packages outside the module that must not appear
}

// The standard library's HTTP belongs to the surface alone: a service that
// knows requests cannot be used by anything else.
var noHTTP = []string{"net/http"}

var rooms = []room{
	{name: "cmd/mews", may: []string{"internal/cli"}},

	// store only for its type Actor.
	{name: "mewstest", may: []string{"root", "internal/server", "internal/fault", "internal/store"}},

	{name: "internal/cli", may: []string{"root", "internal/avlog", "internal/iocfile", "internal/feed", "internal/shipping", "internal/profile"}, files: map[string][]string{
		"serve.go": {"internal/server"}, "check.go": {"internal/server"},
		"backup.go": {"internal/server"}, "admin.go": {"internal/server"},
		"doctor_server.go": {"internal/server"}, "config.go": {"internal/server"}, "migrate.go": {"internal/server"},
	}},
	{name: "internal/server", may: []string{
		"root", "internal/httpapi", "internal/auth", "internal/hunt", "internal/quarantine", "internal/host", "internal/ioc", "internal/collection",
		"internal/facts", "internal/detection", "internal/sighting", "internal/vuln", "internal/intel", "internal/fault", "internal/snapshot", "internal/demo",
		"internal/sample", "internal/search",
		"internal/index", "internal/query", "internal/yara", "internal/job", "internal/store", "internal/blob", "internal/vfs",
	}},
	// store only for its types (CID, Actor); search and blob for the admin routes and streams.
	{name: "internal/httpapi", may: []string{
		"root", "internal/auth", "internal/hunt", "internal/quarantine", "internal/host", "internal/ioc", "internal/detection", "internal/vuln",
		"internal/sample", "internal/store",
		"internal/sighting", "internal/fault",
		"internal/telemetry", // only the names of its formats
		"internal/intel", "internal/feed",
	}},

	{name: "internal/snapshot", may: []string{"root", "internal/vfs"}, bans: noHTTP},
	{name: "internal/fault", may: []string{"root"}, bans: noHTTP},
	{name: "internal/demo", may: []string{
		"root", "internal/quarantine", "internal/sighting", "internal/ioc", "internal/vuln", "internal/intel", "internal/sample",
		"internal/telemetry", "internal/feed", "internal/store",
	}, bans: noHTTP},

	{name: "internal/avlog", bans: noHTTP},
	{name: "internal/shipping", may: []string{"internal/vfs"}, bans: noHTTP},
	{name: "internal/profile", may: []string{"internal/vfs"}, bans: noHTTP},
	{name: "internal/iocfile", may: []string{"internal/observable"}, bans: noHTTP},
	{name: "internal/feed", may: []string{"root", "internal/iocfile", "internal/observable"}, bans: noHTTP},

	{name: "internal/scanreport", may: []string{"internal/jsonstream"}, bans: noHTTP},
	{name: "internal/jsonstream", bans: noHTTP},

	{name: "internal/hunt", may: []string{
		"root", "internal/sample", "internal/facts", "internal/search", "internal/index", "internal/query", "internal/yara",
		"internal/job", "internal/store", "internal/blob",
	}, bans: noHTTP},
	{name: "internal/facts", may: []string{
		"internal/search", "internal/index", "internal/query", "internal/yara", "internal/store", "internal/blob",
	}, bans: noHTTP},
	{name: "internal/quarantine", may: []string{
		"root", "internal/host", "internal/telemetry", "internal/outward", "internal/collection", "internal/fql", "internal/sample", "internal/store",
		"internal/blob",
	}, bans: noHTTP},
	{name: "internal/vuln", may: []string{
		"root", "internal/host", "internal/scanreport", "internal/outward", "internal/telemetry", "internal/collection", "internal/fql",
		"internal/store", "internal/blob",
	}, bans: noHTTP},
	{name: "internal/detection", may: []string{
		"root", "internal/ioc", "internal/sighting", "internal/host", "internal/outward", "internal/telemetry", "internal/observable",
		"internal/collection", "internal/store", "internal/blob",
	}, bans: noHTTP},
	{name: "internal/intel", may: []string{
		"root", "internal/feed", "internal/outward", "internal/collection", "internal/fql", "internal/store", "internal/blob",
	}, bans: noHTTP},
	{name: "internal/sighting", may: []string{
		"root", "internal/host", "internal/outward", "internal/telemetry", "internal/observable", "internal/sstable", "internal/store", "internal/vfs",
	}, bans: noHTTP},
	{name: "internal/ioc", may: []string{
		"root", "internal/outward", "internal/observable", "internal/collection", "internal/fql", "internal/store", "internal/blob",
	}, bans: noHTTP},
	{name: "internal/host", may: []string{
		"root", "internal/outward", "internal/telemetry", "internal/collection", "internal/fql", "internal/store", "internal/blob",
	}, bans: noHTTP},
	// What services tell users of the rooms below; each of them may.
	{name: "internal/outward", may: []string{"root", "internal/collection", "internal/fql", "internal/store"}, bans: noHTTP},
	{name: "internal/sample", may: []string{
		"root", "internal/search", "internal/index", "internal/query", "internal/store", "internal/blob", "internal/vfs",
	}, bans: noHTTP},
	{name: "internal/auth", may: []string{"root", "internal/store"}, bans: noHTTP},

	{name: "internal/search", may: []string{
		"internal/index", "internal/query", "internal/store", "internal/blob", "internal/vfs",
	}, bans: noHTTP},
	{name: "internal/index", may: []string{"internal/query"}, bans: noHTTP},
	{name: "internal/yara", may: []string{"internal/query"}, bans: noHTTP},
	{name: "internal/query", bans: noHTTP},
	{name: "internal/fql", bans: noHTTP},

	{name: "internal/collection", may: []string{"internal/fql", "internal/store"}, bans: noHTTP},

	{name: "internal/job", may: []string{"internal/store"}, bans: noHTTP},
	{name: "internal/store", may: []string{"internal/vfs"}, bans: noHTTP},
	{name: "internal/blob", may: []string{"internal/vfs"}, bans: noHTTP},
	{name: "internal/sstable", may: []string{"internal/vfs"}, bans: noHTTP},
	{name: "internal/vfs", bans: noHTTP},
	{name: "internal/telemetry", may: []string{"internal/observable"}, bans: noHTTP},
	{name: "internal/observable", bans: noHTTP},

	{name: "root"},
}

// TestImportLaw parses the imports itself: a result cached by go list would
// miss a new import.
func TestImportLaw(t *testing.T) {
	seen := map[string]bool{}
	for file, imports := range productImports(t) {
		name := roomOf(path.Dir(file))
		if name == "" {
			continue
		}
		i := slices.IndexFunc(rooms, func(r room) bool { return r.name == name })
		if i < 0 {
			t.Errorf("%s: folder %s is no room of the table; give it a row with its stratum", file, name)
			continue
		}
		seen[name] = true
		for _, imp := range imports {
			if why := rooms[i].refuses(path.Base(file), imp); why != "" {
				t.Errorf("%s imports %s: %s", file, imp, why)
			}
		}
	}
	for _, r := range rooms {
		if !seen[r.name] {
			t.Errorf("room %s has no Go file: open a room when its first line is written", r.name)
		}
	}
}

// refuses tells why a file of this room must not import a package, or "".
func (r room) refuses(file, imp string) string {
	if slices.Contains(r.bans, imp) {
		return "not below the surface"
	}
	target, ours := strings.CutPrefix(imp, module)
	if !ours {
		if r.name == "root" && strings.Contains(strings.SplitN(imp, "/", 2)[0], ".") {
			return "the public package uses the standard library only"
		}
		return ""
	}
	target = roomOf(strings.TrimPrefix(target, "/"))
	if target == r.name || slices.Contains(r.may, target) || slices.Contains(r.files[file], target) {
		return ""
	}
	return "not below " + r.name + " in the import law"
}

// roomOf maps a folder to its room: a room's sub-folders (test support) belong
// to it. Folders that are not part of the product have none.
func roomOf(dir string) string {
	switch {
	case dir == "." || dir == "":
		return "root"
	case strings.HasPrefix(dir, "internal/"):
		return strings.Join(strings.Split(dir, "/")[:2], "/")
	case strings.HasPrefix(dir, "cmd/"), dir == "mewstest":
		return dir
	}
	return ""
}

// productImports reads every non-test Go file of the module.
func productImports(t *testing.T) map[string][]string {
	t.Helper()
	files := map[string][]string{}
	root := ".."
	err := filepath.WalkDir(root, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel := filepath.ToSlash(strings.TrimPrefix(p, root+string(filepath.Separator)))
		if d.IsDir() {
			if skip := rel == "test" || rel == "tools" || rel == "yara-worker" || strings.HasPrefix(d.Name(), ".") && p != root; skip {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(rel, ".go") || strings.HasSuffix(rel, "_test.go") {
			return nil
		}
		f, err := parser.ParseFile(token.NewFileSet(), p, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		files[rel] = []string{}
		for _, spec := range f.Imports {
			files[rel] = append(files[rel], strings.Trim(spec.Path.Value, `"`))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("found no Go file; the walk is broken")
	}
	return files
}
