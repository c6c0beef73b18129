package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/mewshq/mews"
)

// tree writes files below a fresh folder; names may hold folders.
func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// add runs "sample add" and reads its summary.
func (f *fake) add(r run, args ...string) (importSummary, string, int) {
	out, errOut, code := f.mews(r, append([]string{"sample", "add", "-o", "ndjson"}, args...)...)
	var s importSummary
	if err := json.Unmarshal([]byte(out), &s); err != nil && code != exitUsage {
		f.t.Fatalf("summary %q: %v (%s)", out, err, errOut)
	}
	return s, errOut, code
}

func TestImportIsIdempotent(t *testing.T) {
	files := map[string]string{}
	var bytes int64
	for i := range 450 {
		text := fmt.Sprintf("content %d", i%440) // ten twins
		files[fmt.Sprintf("d%d/f%d", i%7, i)] = text
	}
	dir := tree(t, files)
	for i := range 440 {
		bytes += int64(len(fmt.Sprintf("content %d", i)))
	}
	f := newFake(t)
	s, errOut, code := f.add(run{}, dir, "--label", "malware", "--tag", "a,b", "--first-seen", "2024/01/02")
	if code != exitOK || s.Added+s.Known != 450 || len(f.samples) != 440 || s.Failed != 0 {
		t.Fatalf("%+v, code %d, %d stored: %s", s, code, len(f.samples), errOut)
	}
	if got := f.samples[shaOf("content 7")]; got.Label != "malware" || strings.Join(got.Tags, "+") != "a+b" || got.FirstSeen != "2024/01/02" {
		t.Errorf("stored as %+v", got)
	}
	if s.Bytes < bytes {
		t.Errorf("%d bytes uploaded, the files have %d", s.Bytes, bytes)
	}
	uploads := f.uploads
	s, _, code = f.add(run{}, dir)
	if code != exitOK || s != (importSummary{Known: 450}) || f.uploads != uploads {
		t.Errorf("again: %+v, code %d, %d new uploads", s, code, f.uploads-uploads)
	}
	if len(f.asked) > 10 {
		t.Errorf("asked %d times for 900 hashes", len(f.asked))
	}
}

func TestImportSkipsAndFails(t *testing.T) {
	dir := tree(t, map[string]string{"good": "good", "bad": "refuse me\x1b[2J", "empty": "", "secret": "hidden", "sub/deep": "deep"})
	if err := os.Symlink(filepath.Join(dir, "good"), filepath.Join(dir, "link")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, filepath.Join(dir, "loop")); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := newFake(t)
	s, errOut, code := f.add(run{}, dir, filepath.Join(dir, "absent"))
	want := importSummary{Added: 3, Skipped: 4, Failed: 2, Bytes: int64(len("good" + "hidden" + "deep"))}
	if code != exitPartial || s != want {
		t.Errorf("%+v, want %+v, code %d", s, want, code)
	}
	if !strings.Contains(errOut, "/bad: upload: refused") || !strings.Contains(errOut, "/absent: no such file") {
		t.Errorf("said %q", errOut)
	}
	// An import of which nothing succeeded is no partial one.
	if _, _, code := f.add(run{}, filepath.Join(dir, "absent")); code != exitError {
		t.Errorf("nothing added: code %d", code)
	}
}

func TestOpenRegularRefusesReplacedFiles(t *testing.T) {
	dir := tree(t, map[string]string{"file": "x"})
	link, pipe := filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{link, pipe, dir} {
		if f, err := openRegular(path); err == nil || !isLocal(err) {
			t.Errorf("%s opened: %v, %v", path, f, err)
		}
	}
}

// TestImportStops: what would meet every file ends the import, and the same
// command goes on later.
func TestImportStops(t *testing.T) {
	files := map[string]string{}
	for i := range 50 {
		files[fmt.Sprint("f", i)] = fmt.Sprint("content ", i)
	}
	dir := tree(t, files)
	for status, want := range map[int]int{403: exitAuth, 500: exitError} {
		f := newFake(t)
		var n atomic.Int64
		var over atomic.Bool // a call that was given up may still come in then
		f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path == "/samples/entities/samples/v3" && n.Add(1) > 10 && !over.Load() {
				f.refuse(w, status, "no more")
				return true
			}
			return false
		}
		s, errOut, code := f.add(run{}, dir)
		if code != want || s.Added > 10 || !strings.Contains(errOut, "run the same command again") {
			t.Errorf("%d: %+v, code %d: %s", status, s, code, errOut)
		}
		over.Store(true)
		if s, _, code := f.add(run{}, dir); code != exitOK || s.Added+s.Known != 50 || s.Known < 1 {
			t.Errorf("%d: resumed with %+v, code %d", status, s, code)
		}
	}
	f := newFake(t)
	_, errOut, code := f.add(run{ctx: interruptAt(f, 5, "/samples/entities/")}, dir)
	if code != exitError || !strings.Contains(errOut, "interrupted; run the same command again to go on") {
		t.Errorf("interrupt: code %d, said %q", code, errOut)
	}
}

func TestImportProgress(t *testing.T) {
	files := map[string]string{}
	for i := range 40 {
		files[fmt.Sprint("f", i)] = fmt.Sprint("content ", i)
	}
	f := newFake(t)
	f.intercept = func(http.ResponseWriter, *http.Request) bool { // slow enough to be seen
		time.Sleep(10 * time.Millisecond)
		return false
	}
	_, errOut, code := f.add(run{terminal: []string{"err"}}, tree(t, files), "--parallel", "1")
	if code != exitOK || !strings.Contains(errOut, "added") || !strings.Contains(errOut, "/s, ") {
		t.Errorf("code %d, progress %q", code, errOut)
	}
}

func TestImportByManifest(t *testing.T) {
	dir := tree(t, map[string]string{
		"a": "aaaa", "b": "bbbb", "sub/c": "cccc", "other": "oooo",
		"m.csv": "path,sha256,label,family,first_seen,tags\n" +
			"a,,malware,emotet,2024/01/01,x;y\n" +
			"b," + shaOf("not b") + ",clean,,,\n" +
			"sub/c," + strings.ToUpper(shaOf("cccc")) + ",,,,\n" +
			"gone,,,,,\n" +
			"," + shaOf("oooo") + ",pua,,,\n",
	})
	manifest := filepath.Join(dir, "m.csv")
	f := newFake(t)
	s, errOut, code := f.add(run{}, "--manifest", manifest, "--label", "unknown")
	if code != exitPartial || s.Added != 2 || s.Failed != 2 || !strings.Contains(errOut, "the manifest says") {
		t.Errorf("manifest alone: %+v, code %d: %s", s, code, errOut)
	}
	s, _, _ = f.add(run{}, dir, "--manifest", manifest, "--label", "unknown")
	if s.Added != 1 || s.Known != 2 || s.Failed != 2 || s.Skipped != 1 {
		t.Errorf("with the folder: %+v", s)
	}
	for content, want := range map[string]mews.SampleMeta{
		"aaaa": {Label: "malware", Family: "emotet", FirstSeen: "2024/01/01"}, "cccc": {Label: "unknown"}, "oooo": {Label: "pua"},
	} {
		got := f.samples[shaOf(content)]
		if got.Label != want.Label || got.Family != want.Family || got.FirstSeen != want.FirstSeen {
			t.Errorf("%s stored as %+v, want %+v", content, got.SampleMeta, want)
		}
	}
	if tags := f.samples[shaOf("aaaa")].Tags; strings.Join(tags, "+") != "x+y" {
		t.Errorf("tags %v", tags)
	}
}

func TestManifestForms(t *testing.T) {
	nd := `{"path":"/x/a","tags":["t"],"label":"clean"}` + "\n\n" + `{"sha256":"` + shaOf("q") + `","tags":"u,v"}`
	m, err := readManifest(strings.NewReader(nd), "/base")
	if err != nil || m.byPath["/x/a"].Label != "clean" || len(m.byHash[shaOf("q")].Tags) != 2 {
		t.Errorf("NDJSON: %+v, %v", m, err)
	}
	m, err = readManifest(strings.NewReader("\xef\xbb\xbfPath, Label\r\n\"../a, b\",x\r\n"), "/base/dir")
	if err != nil || m.byPath["/base/a, b"].Label != "x" {
		t.Errorf("CSV with BOM: %+v, %v", m, err)
	}
	for in, want := range map[string]string{
		"":                                "empty",
		"path,colour\na,b\n":              `line 2: unknown column "colour"`,
		"path,label\na\n":                 "wrong number of fields",
		"sha256\nabc\n":                   `line 2: "abc" is no SHA-256`,
		"label\nclean\n":                  "line 2: has neither path nor sha256",
		`{"path":"a"}` + "\n" + `{"p":1}`: "line 2: json: unknown field",
		`{"path":"a"`:                     "line 1: unexpected EOF",
	} {
		if _, err := readManifest(strings.NewReader(in), "/"); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", in, err, want)
		}
	}
	f := newFake(t)
	bad := filepath.Join(tree(t, map[string]string{"m": "x\n1\n"}), "m")
	if _, errOut, code := f.add(run{}, "--manifest", bad); code != exitUsage || !strings.Contains(errOut, "line 2") {
		t.Errorf("code %d, said %q", code, errOut)
	}
}

// FuzzManifest: no text breaks the reader, and each row it accepts names a file.
func FuzzManifest(f *testing.F) {
	f.Add("path,sha256,label\na,,clean\n")
	f.Add(`{"path":"a","tags":["x"]}` + "\n")
	f.Add("\xef\xbb\xbfpath\n\"a\nb\"\n")
	f.Add("{\"path\":\"\x00\"}\n{")
	f.Fuzz(func(t *testing.T, in string) {
		m, err := readManifest(strings.NewReader(in), "/base")
		if err != nil {
			return
		}
		for _, p := range m.paths {
			if row := m.byPath[p]; row == nil || !filepath.IsAbs(p) || row.Path != p {
				t.Errorf("path %q has row %+v", p, row)
			}
		}
		for h := range m.byHash {
			if !isSHA256(h) {
				t.Errorf("hash %q", h)
			}
		}
	})
}
