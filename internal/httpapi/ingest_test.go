package httpapi

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews"
	authpkg "github.com/mewshq/mews/internal/auth"
)

const ingestPath = "/ingest/v1/quarantine"

func (h *harness) ingestForm(t testing.TB, token string, parts ...part) answer {
	t.Helper()
	contentType, body := formBody(t, parts...)
	return h.do(t, "POST", ingestPath, with(bearing(token), "Content-Type", contentType), body)
}

// TestIngestForms: in whatever form a report comes, the same record comes out.
func TestIngestForms(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	const record = `{"hostname":"web-1","username":"bob","date_created":"2024-05-06T07:08:09Z","paths":[{"path":"C:\\x\\a.exe"}],"detect_ids":"d1,d2"}`
	var first mews.QuarantinedFile
	for i, content := range []string{"MZ before", "MZ after", "MZ raw", "MZ alone", "MZ line"} {
		field, file := part{name: "record", value: record}, part{"sample", content, true}
		alone := strings.Replace(record, "{", `{"sha256":"`+sum(content)+`",`, 1)
		var a answer
		switch i {
		case 0:
			a = h.ingestForm(t, token, field, file)
		case 1:
			a = h.ingestForm(t, token, file, field)
		case 2:
			a = h.do(t, "POST", ingestPath+"?record="+url.QueryEscape(record), with(bearing(token), "Content-Type", mediaBytes), content)
		case 3:
			a = h.do(t, "POST", ingestPath, bearing(token), alone)
		case 4:
			a = h.ingestForm(t, token, part{name: "record", value: alone})
		}
		checkEnvelope(t, a.status, a.header, a.body)
		if a.status != 200 {
			t.Fatalf("%s: %d %s", content, a.status, a.body)
		}
		got := decode[mews.QuarantinedFile](t, a).Resources[0]
		if got.ID != got.AID+"_"+sum(content) || got.SHA256 != sum(content) || got.Paths[0].Filename != "a.exe" {
			t.Errorf("%s: %+v", content, got)
		}
		status := 200
		if i > 2 {
			status = 404 // no bytes came along
		}
		if b := h.do(t, "GET", samplesPath+"?ids="+sum(content), bearing(token), ""); b.status != status || status == 200 && string(b.body) != content {
			t.Errorf("%s: its bytes: %d %s", content, b.status, b.body)
		}
		got.ID, got.SHA256, got.DateUpdated = "", "", ""
		if i == 0 {
			first = got
		} else if d := cmp.Diff(first, got); d != "" {
			t.Errorf("%s: %s", content, d)
		}
	}
}

// TestReportedAgain: a repeated report changes nothing, and does not bring back
// what was purged.
func TestReportedAgain(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	const record = `{"hostname":"h","date_created":"2024-01-02T03:04:05Z"}`
	first := h.reported(t, token, record, "again")
	if d := cmp.Diff(first, h.reported(t, token, record, "again")); d != "" {
		t.Errorf("repeated: %s", d)
	}
	if a := h.patch(t, token, recordsPath, `{"action":"delete","ids":"`+first.ID+`"}`); a.status != 200 {
		t.Fatal(a.status)
	}
	if got := h.reported(t, token, record, "again"); got.State != mews.StatePurged {
		t.Errorf("a repeated report brought a purged file back: %s", got.State)
	}
	if a := h.get(t, token, samplesPath+"?ids="+first.SHA256); a.status != 404 {
		t.Errorf("and its bytes: %d", a.status)
	}
	later := h.reported(t, token, `{"hostname":"h","date_created":"2999-01-02T03:04:05Z"}`, "again")
	if later.State != mews.StateQuarantined || later.ID != first.ID {
		t.Errorf("taken again on the host: %+v", later)
	}
}

func TestIngestRefusals(t *testing.T) {
	h := newHarness(t, func(d *Deps, _ *authpkg.Options) { d.MaxUpload = 100_000 })
	token := h.token(t)
	record, file := part{name: "record", value: `{"hostname":"h"}`}, part{"sample", "refused", true}
	as := func(media, query, body string) answer {
		return h.do(t, "POST", ingestPath+query, with(bearing(token), "Content-Type", media), body)
	}
	good := "?record=" + url.QueryEscape(`{"hostname":"h"}`)
	for what, c := range map[string]struct {
		a      answer
		status int
		want   string
	}{
		"no type":              {as("", "", `{"hostname":"h"}`), 415, "application/x-ndjson"},
		"other type":           {as("text/xml", "", "<x/>"), 415, "application/x-ndjson"},
		"gzip":                 {h.do(t, "POST", ingestPath, with(bearing(token), "Content-Encoding", "gzip"), "x"), 415, ""},
		"form, no record":      {h.ingestForm(t, token, file), 400, "record: the form has no field"},
		"form, other field":    {h.ingestForm(t, token, record, part{name: "recrod", value: "x"}, file), 400, `unknown field \"recrod\"`},
		"form, field after":    {h.ingestForm(t, token, record, file, part{name: "label", value: "clean"}), 400, `unknown field \"label\"`},
		"form, two records":    {h.ingestForm(t, token, record, file, record), 400, "duplicate parameter"},
		"form, two files":      {h.ingestForm(t, token, record, file, file), 400, "one file"},
		"form, nothing":        {h.ingestForm(t, token), 400, ""},
		"form, bad JSON":       {h.ingestForm(t, token, part{name: "record", value: "{"}, file), 400, "JSON error"},
		"form, bad JSON after": {h.ingestForm(t, token, file, part{name: "record", value: "{"}), 400, "JSON error"},
		"form, list":           {h.ingestForm(t, token, file, part{name: "record", value: "[{}]"}), 400, "a JSON object"},
		"form, unknown key":    {h.ingestForm(t, token, file, part{name: "record", value: `{"hostnam":"h"}`}), 400, `unknown field \"hostnam\"`},
		"form, no host":        {h.ingestForm(t, token, file, part{name: "record", value: `{}`}), 400, "aid"},
		"form, other hash":     {h.ingestForm(t, token, file, part{name: "record", value: `{"hostname":"h","sha256":"` + sum("x") + `"}`}), 400, "sha256 mismatch"},
		"form, vast record":    {h.ingestForm(t, token, part{name: "record", value: `{"comment":"` + strings.Repeat("x", maxJSON) + `"}`}, file), 400, "larger than 1048576"},
		"form, vast other":     {h.ingestForm(t, token, part{name: "x", value: strings.Repeat("x", maxField+1)}, file), 400, "larger than 8192"},
		"form, empty file":     {h.ingestForm(t, token, record, part{"sample", "", true}), 400, "empty file"},
		"form, large file":     {h.ingestForm(t, token, record, part{"sample", strings.Repeat("a", 100_001), true}), 413, "100000 bytes"},
		"form, cut":            {as("multipart/form-data; boundary=b", "", "--b\r\nContent-Disposition: form-data; name=\"sample\"\r\n\r\nrefused"), 400, "ended early"},
		"form, no boundary":    {as("multipart/form-data", "", "x"), 400, "boundary"},
		"raw, no record":       {as(mediaBytes, "", "refused"), 400, "record: give it once"},
		"raw, two records":     {as(mediaBytes, good+"&"+good[1:], "refused"), 400, "record: give it once"},
		"raw, bad record":      {as(mediaBytes, "?record=%7B", "refused"), 400, "JSON error"},
		"raw, empty":           {as(mediaBytes, good, ""), 400, "empty file"},
		"raw, large":           {as(mediaBytes, good, strings.Repeat("a", 100_001)), 413, "100000 bytes"},
		"alone, no hash":       {as(mediaJSON, "", `{"hostname":"h"}`), 400, "sha256"},
		"alone, bad hash":      {as(mediaJSON, "", `{"hostname":"h","sha256":"../../x"}`), 400, "sha256"},
		"alone, bad aid":       {as(mediaJSON, "", `{"aid":"x","sha256":"`+sum("refused")+`"}`), 400, "aid"},
		"alone, bad date":      {as(mediaJSON, "", `{"hostname":"h","date_created":"soon","sha256":"`+sum("refused")+`"}`), 400, "date_created"},
		"alone, severity":      {as(mediaJSON, "", `{"hostname":"h","max_severity":101,"sha256":"`+sum("refused")+`"}`), 400, "max_severity"},
		"alone, many paths":    {as(mediaJSON, "", `{"hostname":"h","paths":[`+strings.TrimSuffix(strings.Repeat(`{"path":"/"},`, 101), ",")+`],"sha256":"`+sum("refused")+`"}`), 400, "100"},
		"alone, large":         {as(mediaJSON, "", `{"comment":"`+strings.Repeat("x", maxJSON)+`"}`), 413, "1048576"},
		"alone, two":           {as(mediaJSON, "", `{} {}`), 400, "JSON error"},
		"alone, list":          {as(mediaJSON, "", `[]`), 400, "a JSON object"},
		"lines, none":          {as(mediaLines, "", "\n \r\n\n"), 400, "no record"},
		"lines, many":          {as(mediaLines, "", strings.Repeat("{}\n", maxLines+1)), 400, "more than 10000 lines"},
		"lines, large":         {as(mediaLines, "", strings.Repeat("\n", maxLinesBytes+1)), 413, "10 MiB"},
	} {
		checkEnvelope(t, c.a.status, c.a.header, c.a.body)
		if c.a.status != c.status || !strings.Contains(string(c.a.body), c.want) {
			t.Errorf("%s: %d %.300s, want %d %q", what, c.a.status, c.a.body, c.status, c.want)
		}
	}
	if a := h.get(t, token, samplesPath+"?ids="+sum("refused")); a.status != 404 {
		t.Errorf("a refused report left its bytes: %d", a.status)
	}
	if env := decode[string](t, h.get(t, token, recordsQuery)); env.Meta.Pagination.Total != 0 {
		t.Errorf("refused reports left %d records", env.Meta.Pagination.Total)
	}
}

// TestIngestLines: a wrong line keeps no other from being taken in.
func TestIngestLines(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	line := func(i int) string {
		return fmt.Sprintf(`{"hostname":"h%d","sha256":"%s","date_created":"2024-01-01T00:00:00Z"}`, i, sum(fmt.Sprint(i)))
	}
	text := strings.Join([]string{line(1), "", line(2), `{"hostname":`, line(3) + "\r", `{"hostname":"x"}`, `{"host":"x"}`, line(1), strings.Repeat(" ", maxJSON) + line(4), "7"}, "\n")
	post := func() mews.Envelope[any] {
		a := h.do(t, "POST", ingestPath, with(bearing(token), "Content-Type", mediaLines), text)
		checkEnvelope(t, a.status, a.header, a.body)
		if a.status != 200 {
			t.Fatalf("%d %s", a.status, a.body)
		}
		return decode[any](t, a)
	}
	for _, changed := range []int{3, 0} { // the second time they are known
		env := post()
		var got []string
		for _, e := range env.Errors {
			got = append(got, fmt.Sprintf("%s:%d", e.ID, e.Code))
		}
		if strings.Join(got, " ") != "4:400 6:400 7:400 9:413 10:400" || env.Meta.Writes.ResourcesAffected != changed {
			t.Errorf("errors %v, %+v", got, env.Meta.Writes)
		}
		if total := decode[string](t, h.get(t, token, recordsQuery)).Meta.Pagination.Total; total != 3 {
			t.Errorf("%d records, want 3", total)
		}
	}
}

// TestManyWrongLines: as many lines as there may be, each with its mistake.
func TestManyWrongLines(t *testing.T) {
	h := newHarness(t)
	a := h.do(t, "POST", ingestPath, with(bearing(h.token(t)), "Content-Type", mediaLines), strings.Repeat("[]\n", maxLines))
	env := checkEnvelope(t, a.status, a.header, a.body)
	if a.status != 200 || len(env.Errors) != maxLines || env.Errors[maxLines-1].ID != "10000" || env.Meta.Writes.ResourcesAffected != 0 {
		t.Errorf("%d, %d errors", a.status, len(env.Errors))
	}
}

// FuzzLines holds the reader of NDJSON to what it says of its lines: each that
// is not empty is either a report that decodes alone, or wrong.
func FuzzLines(f *testing.F) {
	for _, seed := range []string{"", "{}", "{}\n\n[]\r\n{\"hostname\":\"a\\nb\"}", "\xef\xbb\xbf{}", "{\"paths\":[{}\n]}", " \t\n7", "{}\x00"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		in, err := readLines(text)
		lines := bytes.Split(text, []byte("\n"))
		full := 0
		for _, line := range lines {
			if len(bytes.TrimSpace(line)) > 0 {
				full++
			}
		}
		if (err == nil) != (full > 0 && full <= maxLines) {
			t.Fatalf("%d lines: %v", full, err)
		}
		if err != nil {
			return
		}
		if len(in.numbers) != len(in.reports) || len(in.numbers)+len(in.wrong) != full {
			t.Fatalf("%d lines are %d reports and %d mistakes", full, len(in.reports), len(in.wrong))
		}
		for i, number := range in.numbers {
			alone, err := decodeReport(lines[number-1])
			if d := cmp.Diff(alone, in.reports[i]); err != nil || d != "" {
				t.Fatalf("line %d: %v %s", number, err, d)
			}
		}
		for number, err := range in.wrong {
			if _, alone := decodeReport(lines[number-1]); alone == nil || classify(err).status >= 500 {
				t.Fatalf("line %d: %v", number, err)
			}
		}
	})
}

// TestNamesOfQuarantinedFiles: paths and names are evidence. They come back as
// they were, and lead nowhere.
func TestNamesOfQuarantinedFiles(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	for i, name := range []string{
		"../../etc/x", `C:\x\..\y`, ".", "CON", "gpj\u202eexe", "\x1b[31m", "<img onerror=x>", "=cmd|'/c calc'!A1", "a\r\nSet-Cookie: x=1", "\u00c5", "A\u030a", "%00", "a'b\"c",
	} {
		b, err := json.Marshal(name)
		must(t, err)
		got := h.reported(t, token, fmt.Sprintf(`{"hostname":%s,"username":%s,"paths":[{"path":%s,"filename":%s}]}`, b, b, b, b), fmt.Sprint("named ", i))
		if got.Hostname != name || got.Username != name || got.Paths[0].Path != name || got.Paths[0].Filename != name {
			t.Errorf("%q came back as %+v", name, got)
		}
		env := decode[string](t, h.get(t, token, recordsQuery+"?filter="+url.QueryEscape("paths.path:['"+strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(name)+"']")))
		if len(env.Resources) != 1 || env.Resources[0] != got.ID {
			t.Errorf("%q is found as %v", name, env.Resources)
		}
	}
}

// TestNoPlainBytes: whatever becomes of a report, no file holds its bytes.
func TestNoPlainBytes(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	secret := strings.Repeat("plain secret of a sample ", 20_000)
	h.reported(t, token, `{"hostname":"h"}`, secret)
	h.ingestForm(t, token, part{"sample", secret + "x", true}, part{name: "record", value: "{"})
	var walk func(dir string)
	seen := int64(0)
	walk = func(dir string) {
		names, err := h.files.ReadDir(dir)
		if err != nil {
			seen += h.lookFor(t, dir, "plain secret")
		}
		for _, name := range names {
			walk(path.Join(dir, name))
		}
	}
	walk(".")
	if seen == 0 {
		t.Error("no file at all")
	}
}

// lookFor fails when a file holds the text, and gives the file's size.
func (h *harness) lookFor(t *testing.T, name, text string) int64 {
	t.Helper()
	f, err := h.files.Open(name)
	must(t, err)
	defer f.Close()
	size, err := f.Size()
	must(t, err)
	b, err := io.ReadAll(io.NewSectionReader(f, 0, size))
	must(t, err)
	if bytes.Contains(b, []byte(text)) {
		t.Errorf("%s holds plain bytes", name)
	}
	return size
}
