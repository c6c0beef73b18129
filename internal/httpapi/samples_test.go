package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net"
	"net/http"
	"net/textproto"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews"
	authpkg "github.com/mewshq/mews/internal/auth"
)

func sum(b string) string {
	h := sha256.Sum256([]byte(b))
	return hex.EncodeToString(h[:])
}

// A part of a form; a file when file is set.
type part struct {
	name, value string
	file        bool
}

func formBody(t testing.TB, parts ...part) (contentType, body string) {
	t.Helper()
	var b bytes.Buffer
	w := multipart.NewWriter(&b)
	for _, p := range parts {
		disposition := fmt.Sprintf(`form-data; name="%s"`, p.name)
		if p.file {
			disposition += `; filename="../../etc/passwd"`
		}
		pw, err := w.CreatePart(textproto.MIMEHeader{"Content-Disposition": {disposition}})
		must(t, err)
		_, err = pw.Write([]byte(p.value))
		must(t, err)
	}
	must(t, w.Close())
	return w.FormDataContentType(), b.String()
}

func (h *harness) upload(t testing.TB, token, content, query string) answer {
	t.Helper()
	return h.do(t, "POST", samplesPath+"?"+query, with(bearing(token), "Content-Type", mediaBytes), content)
}

func (h *harness) uploadForm(t testing.TB, token string, parts ...part) answer {
	t.Helper()
	contentType, body := formBody(t, parts...)
	return h.do(t, "POST", samplesPath, with(bearing(token), "Content-Type", contentType), body)
}

func (h *harness) record(t testing.TB, token, id string) mews.SampleRecord {
	t.Helper()
	a := h.do(t, "GET", "/mews/entities/samples/v1?ids="+id, bearing(token), "")
	var env mews.Envelope[mews.SampleRecord]
	must(t, json.Unmarshal(a.body, &env))
	if a.status != 200 || len(env.Resources) != 1 {
		t.Fatalf("%d %s", a.status, a.body)
	}
	return env.Resources[0]
}

// TestUploadForms: fields may stand before or after the file, and in both
// encodings the same record comes out.
func TestUploadForms(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	fields := []part{
		{name: "file_name", value: "a b&c.exe"},
		{name: "comment", value: "found <here>"},
		{name: "is_confidential", value: "False"},
		{name: "label", value: "PUA"},
		{name: "family", value: "Foo"},
		{name: "tags", value: "x,y"},
		{name: "first_seen", value: "2021/02/03"},
	}
	for i, content := range []string{"MZ first", "MZ second", "MZ third", "MZ fourth"} {
		file := part{"sample", content, true}
		var a answer
		switch i {
		case 0:
			a = h.uploadForm(t, token, append([]part{file}, fields...)...)
		case 1:
			a = h.uploadForm(t, token, append(fields[:len(fields):len(fields)], file)...)
		case 2:
			a = h.uploadForm(t, token, append(append(fields[:3:3], file), fields[3:]...)...)
		case 3:
			a = h.upload(t, token, content, form("file_name", "a b&c.exe", "comment", "found <here>", "is_confidential", "false",
				"label", "unwanted", "family", "Foo", "tags", "x", "tags", "y", "first_seen", "2021-02-03", "sha256", strings.ToUpper(sum(content))))
		}
		checkEnvelope(t, a.status, a.header, a.body)
		want := `"resources":[{"sha256":"` + sum(content) + `","file_name":"a b\u0026c.exe"}]`
		if a.status != 200 || !strings.Contains(string(a.body), want) {
			t.Fatalf("%d: %d %s, want %s", i, a.status, a.body, want)
		}
		got := h.record(t, token, sum(content))
		day := time.Date(2021, 2, 3, 0, 0, 0, 0, time.UTC)
		if d := cmp.Diff(mews.SampleRecord{
			SampleMeta: mews.SampleMeta{
				SHA256: sum(content), SHA1: got.SHA1, MD5: got.MD5, FileSize: int64(len(content)), FileType: got.FileType,
				FirstSeen: "2021/02/03", Label: "unwanted", Family: "Foo",
			},
			Tags: []string{"x", "y"}, FileName: "a b&c.exe", Comment: "found <here>", FirstSeenAt: day, UploadedAt: got.UploadedAt,
		}, got); d != "" {
			t.Errorf("%d: %s", i, d)
		}
		if len(got.SHA1) != 40 || len(got.MD5) != 32 || time.Since(got.UploadedAt) > time.Minute {
			t.Errorf("%d: %+v", i, got)
		}
	}
}

func TestUploadRefusals(t *testing.T) {
	h := newHarness(t, func(d *Deps, _ *authpkg.Options) { d.MaxUpload = 100_000 })
	token := h.token(t)
	name, file := part{name: "file_name", value: "n"}, part{"sample", "refused", true}
	many := []part{file, name}
	for i := range maxParts - 1 {
		many = append(many, part{name: fmt.Sprint("x", i), value: "1"})
	}
	for what, c := range map[string]struct {
		a      answer
		status int
		want   string
	}{
		"empty file":         {h.uploadForm(t, token, name, part{"sample", "", true}), 400, "empty file"},
		"no name":            {h.uploadForm(t, token, file), 400, "file_name: required"},
		"no file":            {h.uploadForm(t, token, name), 400, "no file part"},
		"two files":          {h.uploadForm(t, token, name, file, file), 400, "one file"},
		"field twice":        {h.uploadForm(t, token, name, file, name), 400, "duplicate parameter"},
		"many parts":         {h.uploadForm(t, token, many...), 400, "more than 16 parts"},
		"large field before": {h.uploadForm(t, token, part{name: "comment", value: strings.Repeat("a", maxField+1)}, name, file), 400, "larger than 8192"},
		"large field after":  {h.uploadForm(t, token, file, name, part{name: "comment", value: strings.Repeat("a", maxField+1)}), 400, "larger than 8192"},
		"bad label after":    {h.uploadForm(t, token, file, name, part{name: "label", value: "evil"}), 400, "label: expected"},
		"bad day":            {h.uploadForm(t, token, file, name, part{name: "first_seen", value: "2024-02-31"}), 400, "first_seen"},
		"bad bool":           {h.uploadForm(t, token, file, name, part{name: "is_confidential", value: "maybe"}), 400, "true or false"},
		"other hash":         {h.uploadForm(t, token, file, name, part{name: "sha256", value: sum("x")}), 400, "sha256 mismatch"},
		"file too large":     {h.uploadForm(t, token, name, part{"sample", strings.Repeat("a", 100_001), true}), 413, "100000 bytes"},
		"form too large":     {h.uploadForm(t, token, name, part{"sample", strings.Repeat("a", 100_000+formSlack), true}), 413, "bytes"},
		"raw too large":      {h.upload(t, token, strings.Repeat("a", 100_001), "file_name=n"), 413, "100000 bytes"},
		"raw without name":   {h.upload(t, token, "refused", ""), 400, "file_name: required"},
		"raw empty":          {h.upload(t, token, "", "file_name=n"), 400, "empty file"},
		"no boundary":        {h.do(t, "POST", samplesPath, with(bearing(token), "Content-Type", "multipart/form-data"), "x"), 400, "boundary"},
		"vast boundary":      {h.do(t, "POST", samplesPath, with(bearing(token), "Content-Type", "multipart/form-data; boundary="+strings.Repeat("b", 10_000)), "x"), 400, "boundary"},
		"cut form":           {h.do(t, "POST", samplesPath, with(bearing(token), "Content-Type", "multipart/form-data; boundary=b"), "--b\r\nContent-Disposition: form-data; name=\"sample\"\r\n\r\nrefused"), 400, "ended early"},
		"cut in a header":    {h.do(t, "POST", samplesPath, with(bearing(token), "Content-Type", "multipart/form-data; boundary=b"), "--b\r\nContent-Disposition: form-data; name=file_name\r\n\r\nn\r\n--b\r\nContent-Disposition: form-data; name=sample\r\n\r\nrefused\r\n--b\r\nContent-Disp"), 400, "ended early"},
		"nested":             {h.do(t, "POST", samplesPath+"?file_name=n", with(bearing(token), "Content-Type", "multipart/form-data; boundary=b"), "--b\r\nContent-Disposition: form-data; name=sample\r\nContent-Type: multipart/mixed; boundary=c\r\n\r\nrefused\r\n--b--"), 400, "multipart itself"},
		"no hash":            {h.upload(t, token, "refused", "file_name=n&sha256=zz"), 400, `sha256: \"zz\" is no sha256`},
		"other media":        {h.do(t, "POST", samplesPath+"?file_name=n", with(bearing(token), "Content-Type", "text/plain"), "refused"), 415, "multipart/form-data"},
		"gzip":               {h.do(t, "POST", samplesPath+"?file_name=n", with(with(bearing(token), "Content-Type", mediaBytes), "Content-Encoding", "gzip"), "refused"), 415, ""},
	} {
		checkEnvelope(t, c.a.status, c.a.header, c.a.body)
		if c.a.status != c.status || !strings.Contains(string(c.a.body), c.want) {
			t.Errorf("%s: %d %s, want %d %q", what, c.a.status, c.a.body, c.status, c.want)
		}
	}
	if a := h.do(t, "GET", samplesPath+"?ids="+sum("refused"), bearing(token), ""); a.status != 404 {
		t.Errorf("a refused upload left something: %d", a.status)
	}
	for _, dir := range []string{"blobs", "tmp", "blobs/tmp"} {
		if names, err := h.files.ReadDir(dir); err == nil && dir != "blobs" && len(names) > 0 {
			t.Errorf("%s holds %q after refused uploads", dir, names)
		}
	}
	if a := h.upload(t, token, strings.Repeat("a", 100_000), "file_name=n"); a.status != 200 {
		t.Errorf("a file of the largest size: %d %s", a.status, a.body)
	}
}

// TestLyingLength: fewer bytes than promised leave nothing behind.
func TestLyingLength(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	for _, body := range []string{"refused", "--b\r\nContent-Disposition: form-data; name=\"sample\"\r\n\r\nrefused"} {
		media := mediaBytes
		if strings.HasPrefix(body, "--b") {
			media = "multipart/form-data; boundary=b"
		}
		conn, err := net.Dial("tcp", h.srv.Listener.Addr().String())
		must(t, err)
		fmt.Fprintf(conn, "POST %s?file_name=n HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\nContent-Type: %s\r\nContent-Length: 9999\r\n\r\n%s", samplesPath, token, media, body)
		must(t, conn.(*net.TCPConn).CloseWrite())
		got := make([]byte, 4096)
		_ = conn.SetReadDeadline(time.Now().Add(5 * time.Second))
		n, _ := conn.Read(got)
		if !strings.HasPrefix(string(got[:n]), "HTTP/1.1 400 ") {
			t.Errorf("%.20q: %s", body, got[:n])
		}
		conn.Close()
	}
	if a := h.do(t, "GET", samplesPath+"?ids="+sum("refused"), bearing(token), ""); a.status != 404 {
		t.Errorf("a short upload was kept: %d", a.status)
	}
}

// TestNames: a file name is evidence. It comes back byte for byte and shows up
// in no header.
func TestNames(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	for i, name := range []string{
		"../../etc/x", `C:\x`, "a\x00b", ".", "CON", "x. . ", "gpj\u202eexe", "\x1b[31m", "<img onerror=x>", "=cmd|'/c calc'!A1",
		"a\r\nSet-Cookie: x=1", "\xff\xfe", strings.Repeat("n", 4096), "Å", "Å",
	} {
		content := fmt.Sprint("named ", i)
		if a := h.upload(t, token, content, form("file_name", name)); a.status != 200 {
			t.Errorf("%q: %d %s", name, a.status, a.body)
			continue
		}
		got := h.record(t, token, sum(content))
		if got.FileNameB64 == "" && got.FileName != name || got.FileNameB64 != "" && got.FileNameB64 != "//4=" {
			t.Errorf("%q came back as %q %q", name, got.FileName, got.FileNameB64)
		}
		a := h.do(t, "GET", samplesPath+"?ids="+sum(content), bearing(token), "")
		if a.header.Get("Content-Disposition") != `attachment; filename="`+sum(content)+`"` || a.header.Get("Set-Cookie") != "" {
			t.Errorf("%q: headers %v", name, a.header)
		}
	}
}

func TestDownload(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	for _, content := range []string{"x", `{"meta":{}}`, strings.Repeat("MZ\x00\x01", 200_000)} {
		h.upload(t, token, content, "file_name=n.json")
		a := h.do(t, "GET", samplesPath+"?ids="+strings.ToUpper(sum(content)), bearing(token), "{}")
		if a.status != 200 || string(a.body) != content {
			t.Fatalf("%d, %d bytes", a.status, len(a.body))
		}
		for name, want := range map[string]string{
			"Content-Type": mediaBytes, "X-Content-Type-Options": "nosniff", "Cache-Control": "no-store",
			"Content-Security-Policy": "sandbox; default-src 'none'", "Cross-Origin-Resource-Policy": "same-origin",
			"Content-Length": fmt.Sprint(len(content)), "X-Cs-Region": "local",
		} {
			if a.header.Get(name) != want {
				t.Errorf("%s: %q, want %q", name, a.header.Get(name), want)
			}
		}
		zip := h.do(t, "GET", samplesPath+"?ids="+sum(content)+"&password_protected=True", bearing(token), "")
		if zip.status != 200 || zip.header.Get("Content-Type") != mediaZip || !bytes.HasPrefix(zip.body, []byte("PK\x03\x04")) || !bytes.Contains(zip.body, []byte(sum(content))) {
			t.Errorf("zip: %d %v", zip.status, zip.header)
		}
	}
	for query, status := range map[string]int{
		"ids=12345678": 400, "ids=" + sum("absent"): 404, "ids=" + sum("x") + "," + sum("y"): 400, "ids=../x": 400, "": 400,
	} {
		a := h.do(t, "GET", samplesPath+"?"+query, bearing(token), "")
		checkEnvelope(t, a.status, a.header, a.body)
		if a.status != status {
			t.Errorf("%s: %d %s, want %d", query, a.status, a.body, status)
		}
	}
}

func TestDelete(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.upload(t, token, "gone", "file_name=n")
	a := h.do(t, "DELETE", samplesPath+"?ids="+sum("gone"), bearing(token), "{}")
	checkEnvelope(t, a.status, a.header, a.body)
	if a.status != 200 || !strings.Contains(string(a.body), `"writes":{"resources_affected":1}`) || !strings.Contains(string(a.body), `"resources":["`+sum("gone")+`"]`) {
		t.Errorf("%d %s", a.status, a.body)
	}
	for _, method := range []string{"GET", "DELETE"} {
		if a := h.do(t, method, samplesPath+"?ids="+sum("gone"), bearing(token), ""); a.status != 404 {
			t.Errorf("%s after the delete: %d %s", method, a.status, a.body)
		}
	}
}

// TestForeignIsAbsent: another customer's sample answers exactly as one that
// never was, on every route that takes a hash.
func TestForeignIsAbsent(t *testing.T) {
	h := newHarness(t)
	own, foreign := h.token(t), h.tokenOf(t, foreignCID)
	if a := h.upload(t, foreign, "theirs", "file_name=n"); a.status != 200 {
		t.Fatal(a.status)
	}
	mask := func(a answer, id string) string {
		var env map[string]any
		must(t, json.Unmarshal(a.body, &env))
		meta := env["meta"].(map[string]any)
		delete(meta, "trace_id")
		delete(meta, "query_time")
		b, err := json.Marshal(env)
		must(t, err)
		return fmt.Sprint(a.status, " ", strings.ReplaceAll(string(b), id, "ID"))
	}
	for _, c := range []struct{ method, path, body string }{
		{"GET", samplesPath + "?ids=%s", ""},
		{"DELETE", samplesPath + "?ids=%s", ""},
		{"GET", "/mews/entities/samples/v1?ids=%s", ""},
		{"PATCH", "/mews/entities/samples/v1", `{"ids":["%s"],"label":"clean"}`},
	} {
		ask := func(id string) string {
			return mask(h.do(t, c.method, strings.ReplaceAll(c.path, "%s", id), bearing(own), strings.ReplaceAll(c.body, "%s", id)), id)
		}
		theirs, absent := ask(sum("theirs")), ask(sum("absent"))
		if theirs != absent || !strings.HasPrefix(theirs, "404") {
			t.Errorf("%s %s: %s against %s", c.method, c.path, theirs, absent)
		}
	}
	if got := h.record(t, foreign, sum("theirs")); got.Label != mews.LabelUnknown {
		t.Errorf("their record changed: %+v", got)
	}
	if a := h.upload(t, own, "theirs", "file_name=mine"); a.status != 200 || h.record(t, own, sum("theirs")).FileName != "mine" {
		t.Errorf("the same bytes for another customer: %d", a.status)
	}
}

func TestUpdateRecords(t *testing.T) {
	h := newHarness(t)
	token := h.token(t)
	h.upload(t, token, "one", "file_name=n&tags=a,b")
	h.upload(t, token, "two", "file_name=n")
	patch := func(body string) answer {
		a := h.do(t, "PATCH", "/mews/entities/samples/v1", bearing(token), body)
		checkEnvelope(t, a.status, a.header, a.body)
		return a
	}
	a := patch(fmt.Sprintf(`{"ids":["%s","%s","%s"],"label":"Malware","family":"Foo","add_tags":"c","remove_tags":["a"],"first_seen":"2020-01-02T03:04:05Z"}`, sum("one"), strings.ToUpper(sum("two")), sum("none")))
	if a.status != 200 || !strings.Contains(string(a.body), `"resources_affected":2`) || !strings.Contains(string(a.body), `"code":404`) {
		t.Fatalf("%d %s", a.status, a.body)
	}
	if got := h.record(t, token, sum("one")); got.Label != "malware" || got.Family != "Foo" || fmt.Sprint(got.Tags) != "[b c]" || got.FirstSeen != "2020/01/02" {
		t.Errorf("%+v", got)
	}
	for body, want := range map[string]string{
		`{}`:                             "ids: at least one",
		`{"ids":["x"],"label":"clean"}`:  "no sha256",
		`{"ids":["` + sum("one") + `"]}`: "nothing to change",
		`{"ids":["` + sum("one") + `"],"label":"evil"}`:                    "label: expected",
		`{"ids":["` + sum("one") + `"],"first_seen":"soon"}`:               "first_seen",
		`{"ids":["` + sum("one") + `"],"label":"clean","LABEL":"malware"}`: "another case",
	} {
		if a := patch(body); a.status != 400 || !strings.Contains(string(a.body), want) {
			t.Errorf("%s: %d %s, want %q", body, a.status, a.body, want)
		}
	}
	if a := patch(`{"ids":["` + sum("none") + `"],"label":"clean"}`); a.status != http.StatusNotFound {
		t.Errorf("only unknown ids: %d", a.status)
	}
}
