package httpapi

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/mewshq/mews"
	authpkg "github.com/mewshq/mews/internal/auth"
)

// FuzzRouter sends requests of any content through the whole surface as a
// client that may do everything: the answer is a file or an envelope, and never
// a fault of ours.
func FuzzRouter(f *testing.F) {
	rows := table()
	for i, row := range rows {
		f.Add(uint16(i), "ids="+strings.Repeat("a", 64), "application/json", []byte(`{}`))
		if row.class == classUpload {
			f.Add(uint16(i), "file_name=a", mediaBytes, []byte("MZ"))
			f.Add(uint16(i), "", "multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=\"sample\"\r\n\r\nMZ\r\n--b\r\nContent-Disposition: form-data; name=\"file_name\"\r\n\r\nn\r\n--b--\r\n"))
		}
		if row.consumes != nil {
			f.Add(uint16(i), "", mediaJSON, []byte(`{"hostname":"h","sha256":"`+sum("")+`"}`))
			f.Add(uint16(i), "", mediaLines, []byte("{\"hostname\":\"h\"}\n\n{}\n[]"))
			f.Add(uint16(i), `record={"hostname":"h"}`, mediaBytes, []byte("MZ"))
			f.Add(uint16(i), "", "multipart/form-data; boundary=b", []byte("--b\r\nContent-Disposition: form-data; name=\"sample\"\r\n\r\nMZ\r\n--b\r\nContent-Disposition: form-data; name=\"record\"\r\n\r\n{\"hostname\":\"h\"}\r\n--b--\r\n"))
		}
		if strings.HasSuffix(row.path, "/_bulk") || row.path == eventsPath {
			f.Add(uint16(i), "format=auto", mediaLines, []byte("{\"create\":{}}\n"+started(1, 2, "a")+"\n\n"+asked(1, 2, "a.example")+"\r\n{"))
		}
		if strings.Contains(row.path, "indicators") {
			f.Add(uint16(i), "type=ipv6&value=::ffff:1.2.3.4&device_id="+sensorID(1)+"&limit=2&offset=1", mediaJSON, []byte("{}"))
		}
		if strings.Contains(row.path, "quarantine") {
			f.Add(uint16(i), "filter=hostname:'a'%2Bstate:!['released']&q=a+b&sort=paths.path|desc&limit=2&offset=1", mediaJSON,
				[]byte(`{"action":"release","filter":["hostname:'h'"],"type":"terms","field":"state","ids":"x","searchable":true}`))
		}
		if bodyField(row.req) >= 0 {
			f.Add(uint16(i), "", "application/json", []byte(`{"ids":["x"],"label":"clean","options":{"limit":1},"patterns":[{"type":"hex","value":"4d5a9000"}],"yara_rule":"rule a{condition:true}","samples":["x"]}`))
		}
	}
	h := newHarness(f, func(_ *Deps, o *authpkg.Options) { o.Limits.RequestsPerMinute = 1 << 30 })
	token := h.token(f)
	f.Fuzz(func(t *testing.T, op uint16, query, media string, body []byte) {
		row := rows[int(op)%len(rows)]
		r := httptest.NewRequest(row.method, row.path, strings.NewReader(string(body)))
		r.URL.RawQuery = query
		r.RequestURI = row.path + "?" + query
		r.Header.Set("Content-Type", media)
		r.Header.Set("Authorization", "Bearer "+token)
		if row.class == classAuth {
			r.Header.Set("Authorization", query)
		}
		w := httptest.NewRecorder()
		h.api.ServeHTTP(w, r)
		if w.Code >= 500 && w.Code != 503 {
			t.Fatalf("%s: %d %s\n%s", row.id, w.Code, w.Body, h.logs)
		}
		if w.Code == 200 && row.class == classLoad {
			return
		}
		if row.facade {
			checkElastic(t, row, answer{w.Code, w.Header(), w.Body.Bytes()})
			return
		}
		var env mews.Envelope[json.RawMessage]
		if err := json.Unmarshal(w.Body.Bytes(), &env); err != nil {
			t.Fatalf("%s: %d %q: %v", row.id, w.Code, w.Body, err)
		}
		if w.Code >= 400 && (len(env.Errors) == 0 || env.Errors[0].Message == "" || env.Errors[0].Code != w.Code) {
			t.Fatalf("%s: %d %s", row.id, w.Code, w.Body)
		}
	})
}

// FuzzPath holds the router: any path gives 404, 405 or 400, never a redirect.
func FuzzPath(f *testing.F) {
	for _, p := range []string{"/", "//", samplesPath + "/", "/x/../oauth2/token", "/oauth2%2ftoken", "*", "/%00", "/spotlight/entities/remediations/v2"} {
		f.Add("GET", p)
	}
	h := newHarness(f)
	f.Fuzz(func(t *testing.T, method, path string) {
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		r := httptest.NewRequest("GET", "/", nil)
		r.Method, r.URL, r.RequestURI = method, u, path
		w := httptest.NewRecorder()
		h.api.ServeHTTP(w, r)
		if w.Code < 400 || w.Code >= 500 || w.Header().Get("Location") != "" {
			t.Fatalf("%s %q: %d %s", method, path, w.Code, w.Body)
		}
	})
}
