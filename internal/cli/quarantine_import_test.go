package cli

import (
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/mewshq/mews"
)

// clamTree is a folder of moved files with the log that tells of them: two good
// ones, one that is gone, and what an attacker makes of names.
func clamTree(t *testing.T) (log, moved string) {
	dir := t.TempDir()
	log, moved = filepath.Join(dir, "clam.log"), filepath.Join(dir, "q")
	secret := filepath.Join(dir, "secret")
	writeFile(t, secret, "not for others")
	writeFile(t, filepath.Join(moved, "one.bin"), "content one")
	writeFile(t, filepath.Join(moved, "one.bin.001"), "content two")
	writeFile(t, filepath.Join(moved, "stranger"), "nobody tells of me")
	for name, target := range map[string]string{"link": secret, "up": "../secret"} {
		if err := os.Symlink(target, filepath.Join(moved, name)); err != nil {
			t.Fatal(err)
		}
	}
	writeFile(t, log, strings.ReplaceAll(`Mon Nov 23 03:00:03 2026 -> /home/bob/one.bin: Sig.A(0123456789abcdef0123456789abcdef:11) FOUND
Mon Nov 23 03:00:03 2026 -> /home/bob/one.bin: moved to 'Q/one.bin'
Mon Nov 23 03:00:04 2026 -> /srv/one.bin: Sig.B FOUND
Mon Nov 23 03:00:04 2026 -> /srv/one.bin: moved to 'Q/one.bin.001'
Mon Nov 23 03:00:05 2026 -> /srv/gone.bin: Sig.B FOUND
Mon Nov 23 03:00:05 2026 -> /srv/gone.bin: moved to 'Q/gone.bin'
/home/eve/link: moved to 'Q/link'
/home/eve/up: moved to 'Q/up'
/home/eve/secret: moved to '`+dir+`/secret'
/home/eve/x/../secret: moved to 'Q/../secret'
/home/eve/y: moved to 'Q/other'
`, "Q", moved))
	return log, moved
}

func (f *fake) importAV(r run, args ...string) (importSummary, string, int) {
	out, errOut, code := f.mews(r, append([]string{"quarantine", "import", "-o", "ndjson"}, args...)...)
	var s importSummary
	if err := json.Unmarshal([]byte(out), &s); err != nil && code != exitUsage && code != exitError {
		f.t.Fatalf("summary %q: %v (%s)", out, err, errOut)
	}
	return s, errOut, code
}

func TestImportClamAV(t *testing.T) {
	log, moved := clamTree(t)
	f := newFake(t)
	f.quarantine.records = nil
	args := []string{"clamav", "--log", log, "--moved", moved, "--host", "mail1", "--user", "bob", "--time-zone", "UTC"}
	s, errOut, code := f.importAV(run{}, args...)
	if want := (importSummary{Added: 2, Skipped: 1, Failed: 3, Bytes: 22}); code != exitPartial || s != want {
		t.Errorf("%+v, want %+v, code %d: %s", s, want, code, errOut)
	}
	for _, want := range []string{
		"clam.log:7: /home/eve/link: is no regular file", "clam.log:8: /home/eve/up: is no regular file", "clam.log:11: the moved file has another name",
		"2 files were moved to another folder", "1 file is in " + moved + " that",
	} {
		if !strings.Contains(errOut, want) {
			t.Errorf("does not say %q: %s", want, errOut)
		}
	}
	for _, b := range f.bytes {
		if string(b) != "content one" && string(b) != "content two" {
			t.Errorf("sent %q", b)
		}
	}
	r := f.quarantine.records[slices.IndexFunc(f.quarantine.records, func(d mews.QuarantineDetail) bool { return d.SHA256 == shaOf("content one") })]
	if r.Hostname != "mail1" || r.Username != "bob" || r.DateCreated != "2026-11-23T03:00:03Z" || r.Paths[0] != (mews.QuarantinePath{Path: "/home/bob/one.bin", Filename: "one.bin"}) ||
		!slices.Equal(r.DetectIDs, []string{"clamav:Sig.A"}) || r.Behaviors[0] != (mews.QuarantineBehavior{BehaviorID: "Sig.A", IOCType: "hash_md5", IOCValue: "0123456789abcdef0123456789abcdef"}) {
		t.Errorf("record %+v", r)
	}

	// Again: nothing is sent, not even when the folder was copied elsewhere.
	uploads := f.uploads
	if s, errOut, code = f.importAV(run{}, args...); s.Known != 2 || s.Added != 0 || code != exitPartial || f.uploads != uploads {
		t.Errorf("again: %+v, code %d, %s", s, code, errOut)
	}
	// The file was taken from another place, too.
	writeFile(t, log, fmt.Sprintf("Mon Nov 23 03:00:03 2026 -> /other/one.bin: moved to '%s/one.bin'\n", moved))
	if s, _, code = f.importAV(run{}, args...); s != (importSummary{Added: 1, Bytes: 11}) || code != exitOK {
		t.Errorf("another path: %+v, code %d", s, code)
	}
	copied := moved + "-copy"
	if err := os.Rename(moved, copied); err != nil {
		t.Fatal(err)
	}
	args[4] = copied
	if s, errOut, code = f.importAV(run{}, args...); s != (importSummary{Known: 1}) || code != exitOK {
		t.Errorf("copied: %+v, code %d, %s", s, code, errOut)
	}
}

func TestImportClamAVRefusals(t *testing.T) {
	log, moved := clamTree(t)
	f := newFake(t)
	for _, c := range []struct {
		args []string
		code int
		says string
	}{
		{[]string{"clamav", "--moved", moved}, exitUsage, `"log" not set`},
		{[]string{"clamav", "--log", log}, exitUsage, "the log says " + moved},
		{[]string{"clamav", "--log", log, "--moved", moved + "/absent"}, exitError, "no such file"},
		{[]string{"clamav", "--log", log, "--moved", t.TempDir()}, exitUsage, "several folders"},
		{[]string{"clamav", "--log", log, "--moved", moved, "--time-zone", "Mars/Olympus"}, exitUsage, "Mars/Olympus"},
		{[]string{"clamav", "--log", log, "--moved", moved, "--parallel", "0"}, exitUsage, "1..64"},
		{[]string{"clamav", "--log", filepath.Join(moved, "one.bin"), "--moved", moved, "--host", "h"}, exitOK, ""},
	} {
		if _, errOut, code := f.importAV(run{}, c.args...); code != c.code || !strings.Contains(errOut, c.says) {
			t.Errorf("%v: code %d, %q", c.args, code, errOut)
		}
	}
	writeFile(t, log, "/a/b.bin: Sig FOUND\n/a/b.bin: moved to '/gone/b.bin'\n")
	if _, errOut, code := f.importAV(run{}, "clamav", "--log", log, "--moved", moved, "--host", "h"); code != exitError || !strings.Contains(errOut, "none of the 1 file") {
		t.Errorf("all gone: code %d, %q", code, errOut)
	}
	if f.uploads != 0 {
		t.Errorf("%d uploads", f.uploads)
	}
}

func TestImportDryRun(t *testing.T) {
	log, moved := clamTree(t)
	f := newFake(t)
	out, errOut, code := f.mews(run{}, "quarantine", "import", "clamav", "--log", log, "--moved", moved, "--host", "mail1", "--dry-run", "-o", "csv", "--fields", "outcome,path,signatures")
	want := "\"outcome\",\"path\",\"signatures\"\r\n\"gone\",\"/srv/gone.bin\",\"Sig.B\"\r\n\"add\",\"/home/bob/one.bin\",\"Sig.A\"\r\n\"add\",\"/srv/one.bin\",\"Sig.B\"\r\n"
	if code != exitPartial || out != want || !strings.Contains(errOut, "2 to add, 0 known, 1 gone, 3 that cannot be read; nothing was sent") || f.uploads != 0 {
		t.Errorf("code %d, %d uploads, %q, %q", code, f.uploads, out, errOut)
	}
}

func TestImportMaldet(t *testing.T) {
	dir := t.TempDir()
	hist := filepath.Join(dir, "sess", "quarantine.hist")
	kept := func(name, text, info string) {
		writeFile(t, filepath.Join(dir, "quarantine", name), text)
		if info != "" {
			writeFile(t, filepath.Join(dir, "quarantine", name+".info"), "# owner:group:...\n"+info+"\n")
		}
	}
	kept("shell.php.11", "php one", "bob:bob:644:7:unknown:1:2:3:/home/bob/shell.php")
	kept("plain.php.12", "php two", "")
	kept("new\nline.13", "php three", "eve:eve:644:7:unknown:1:2:3:/home/eve/new\nline")
	kept("broken.14", "php four", "nonsense")
	writeFile(t, hist, strings.ReplaceAll(`1700000000:{HEX}php.shell.1:/home/bob/shell.php:bob:bob:0123456789abcdef0123456789abcdef:7:Q/shell.php.11
1700000001:{HEX}php.shell.2:/srv/plain.php:www-data:www-data:unknown:7:Q/plain.php.12
1700000002:{CAV}x:/srv/broken:root:root:unknown:7:Q/broken.14
1700000003:{CAV}x:/srv/restored:root:root:unknown:7:Q/restored.15
`, "Q", filepath.Join(dir, "quarantine")))
	f := newFake(t)
	s, errOut, code := f.importAV(run{}, "maldet", "--hist", hist, "--host", "web1")
	if want := (importSummary{Added: 3, Skipped: 1, Failed: 1, Bytes: 23}); s != want || code != exitPartial || !strings.Contains(errOut, "quarantine.hist:3: /srv/broken: expected OWNER") {
		t.Errorf("%+v, want %+v, code %d: %s", s, want, code, errOut)
	}
	got := map[string]string{}
	for _, r := range f.quarantine.records {
		if r.Hostname == "web1" {
			got[r.Paths[0].Path] = fmt.Sprint(r.Username, " ", r.DetectIDs, " ", r.DateCreated)
		}
	}
	if got["/home/bob/shell.php"] != "bob [maldet:{HEX}php.shell.1] 2023-11-14T22:13:20Z" || got["/srv/plain.php"] != "www-data [maldet:{HEX}php.shell.2] 2023-11-14T22:13:21Z" ||
		!strings.HasPrefix(got["/home/eve/new\nline"], "eve [] 20") {
		t.Errorf("records %q", got)
	}
	if s, _, _ = f.importAV(run{}, "maldet", "--hist", hist, "--host", "web1"); s.Known != 3 || s.Added != 0 {
		t.Errorf("again: %+v", s)
	}
	// A user's own quarantine is called differently.
	if err := os.Rename(filepath.Join(dir, "quarantine"), filepath.Join(dir, "quar")); err != nil {
		t.Fatal(err)
	}
	if s, errOut, _ = f.importAV(run{}, "maldet", "--hist", hist, "--host", "web1"); s.Known != 3 {
		t.Errorf("user's: %+v, %s", s, errOut)
	}
}

// TestImportAVStops: what would meet every file ends the import, and the same
// command goes on later.
func TestImportAVStops(t *testing.T) {
	dir := t.TempDir()
	log, moved := filepath.Join(dir, "clam.log"), filepath.Join(dir, "q")
	var lines strings.Builder
	for i := range 2*avBatch + 10 {
		name := fmt.Sprintf("f%d.bin", i)
		writeFile(t, filepath.Join(moved, name), fmt.Sprint("content ", i))
		fmt.Fprintf(&lines, "/srv/%s: moved to '%s/%s'\n", name, moved, name)
	}
	writeFile(t, log, lines.String())
	f := newFake(t)
	f.quarantine.records = nil
	var n atomic.Int64
	var over atomic.Bool // a call that was given up may still come in then
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path == "/ingest/v1/quarantine" && n.Add(1) > 120 && !over.Load() {
			f.refuse(w, 403, "no more")
			return true
		}
		return false
	}
	args := []string{"clamav", "--log", log, "--moved", moved, "--host", "h"}
	s, errOut, code := f.importAV(run{}, args...)
	if code != exitAuth || s.Added > 120 || s.Added < 100 || !strings.Contains(errOut, "run the same command again") {
		t.Errorf("%+v, code %d: %s", s, code, errOut)
	}
	over.Store(true)
	added := s.Added
	s, errOut, code = f.importAV(run{terminal: []string{"err"}}, args...)
	if code != exitOK || s.Known < added || s.Added+s.Known != 2*avBatch+10 {
		t.Errorf("resumed with %+v, code %d: %s", s, code, errOut)
	}
}
