package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/mewshq/mews"
)

// TestQuarantineAsks: a person is asked with the number of records, and a no
// changes nothing.
func TestQuarantineAsks(t *testing.T) {
	f := newFake(t)
	states := func() (list []string) {
		for _, r := range f.quarantine.records {
			list = append(list, r.State)
		}
		return list
	}
	before := states()
	for _, stdin := range []string{"n\n", "\n", "", "nonsense\n"} {
		_, errOut, code := f.mews(run{terminal: []string{"in"}, stdin: stdin}, "quarantine", "delete", "--all")
		if code != exitError || !strings.Contains(errOut, "Destroy the files of 2 records") || !slices.Equal(states(), before) {
			t.Errorf("%q: code %d, %q, %v", stdin, code, errOut, states())
		}
	}
	out, errOut, code := f.mews(run{terminal: []string{"in"}, stdin: "y\n"}, "quarantine", "release", "--filter", "*", "-q", "ws1", "--comment", "why")
	if code != exitOK || !strings.Contains(errOut, "Give 1 record back") || out != "released 1 record\n" {
		t.Errorf("code %d, %q, %q", code, out, errOut)
	}
	if !slices.Equal(states(), []string{"released", "purged", "released"}) || !slices.Equal(f.quarantine.comments, []string{"why"}) {
		t.Errorf("%v, comments %q", states(), f.quarantine.comments)
	}
	ids := f.quarantine.records[0].ID + "\n\n" + f.quarantine.records[2].ID + "\n" + f.quarantine.records[0].ID
	if out, errOut, code = f.mews(run{stdin: ids}, "quarantine", "unrelease", "-", "--yes"); code != exitOK || out != "put back 2 records\n" {
		t.Errorf("code %d, %q, %q", code, out, errOut)
	}
}

// TestQuarantineBatches: more ids than one call takes are changed in several,
// and a batch of unknown ones does not hide the others.
func TestQuarantineBatches(t *testing.T) {
	f := newFake(t)
	var ids strings.Builder
	fmt.Fprintln(&ids, f.quarantine.records[0].ID)
	for i := range updateBatch + 5 {
		fmt.Fprintf(&ids, "%s_%s\n", aidOne, shaOf(fmt.Sprint("unknown", i)))
	}
	calls := 0
	f.intercept = func(_ http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodPatch {
			calls++
		}
		return false
	}
	out, _, code := f.mews(run{stdin: ids.String()}, "quarantine", "delete", "-", "--yes", "-o", "json")
	var doc struct {
		Errors    []mews.APIError
		Resources []changedRow
	}
	if err := json.Unmarshal([]byte(out), &doc); err != nil {
		t.Fatal(err)
	}
	if code != exitPartial || calls != 2 || len(doc.Errors) != updateBatch+5 || doc.Resources[0] != (changedRow{Action: "delete", Changed: 1}) {
		t.Errorf("code %d, %d calls, %d errors, %+v", code, calls, len(doc.Errors), doc.Resources)
	}
}

// TestQuarantineListAll streams lines, and shows a bar to people.
func TestQuarantineListAll(t *testing.T) {
	f := newFake(t)
	for i := range 2 * listBatch {
		sha := shaOf(fmt.Sprint(i))
		f.quarantine.records = append(f.quarantine.records, mews.QuarantineDetail{
			QuarantinedFile: mews.QuarantinedFile{ID: aidOne + "_" + sha, SHA256: sha, State: mews.StateQuarantined, Hostname: "many"},
		})
	}
	for _, format := range []string{"ndjson", "csv", "table"} {
		out, errOut, code := f.mews(run{terminal: []string{"err"}}, "quarantine", "list", "--all", "--filter", "state:'quarantined'", "-o", format, "--fields", "id")
		want := 2*listBatch + 1
		if format != "ndjson" {
			want++ // the header
		}
		if n := strings.Count(out, "\n"); code != exitOK || n != want {
			t.Errorf("%s: code %d, %d lines, %q", format, code, n, errOut)
		}
	}
}

func TestAggregateFlags(t *testing.T) {
	f := newFake(t)
	_, errOut, code := f.mews(run{}, "quarantine", "agg", "--type", "date_range", "--field", "date_created", "--range", "now-7d..", "--range", "..2024-01-01T00:00:00Z",
		"--within", "hostname", "--within", "state", "--size", "5", "--sort", "_term.asc", "--min-count", "0", "--missing", "", "--filter", "state:'released'", "-q", "ws")
	if code != exitOK {
		t.Fatal(errOut)
	}
	zero, none := int64(0), mews.Text("")
	want := []mews.AggregateRequest{{
		Type: "date_range", Field: "date_created", Filter: "state:'released'", Q: "ws", Size: 5, Sort: "_term|asc", MinDocCount: &zero, Missing: &none,
		DateRanges: []mews.DateRange{{From: "now-7d"}, {To: "2024-01-01T00:00:00Z"}},
		SubAggregates: []mews.AggregateRequest{{
			Type: "terms", Field: "hostname", Size: 5,
			SubAggregates: []mews.AggregateRequest{{Type: "terms", Field: "state", Size: 5}},
		}},
	}}
	got, _ := json.Marshal(f.quarantine.aggregates)
	if w, _ := json.Marshal(want); string(got) != string(w) {
		t.Errorf("sent %s\nwant %s", got, w)
	}
	body := `[{"type":"range","field":"max_severity","ranges":[{"From":1,"To":2}]}]`
	if _, errOut, code = f.mews(run{stdin: body}, "quarantine", "agg", "--body", "-"); code != exitOK || len(f.quarantine.aggregates[0].Ranges) != 1 {
		t.Errorf("code %d, %q, %+v", code, errOut, f.quarantine.aggregates)
	}
	for _, bad := range []string{"", "[]", "{} {}", `{"type":1}`, "null x", strings.Repeat(" ", maxBody+1)} {
		if _, errOut, code = f.mews(run{stdin: bad}, "quarantine", "agg", "--body", "-"); code != exitUsage {
			t.Errorf("%.20q: code %d, %q", bad, code, errOut)
		}
	}
}

// TestFQLString: what is quoted is one string, whatever it holds.
func TestFQLString(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		in := rapid.StringMatching(`[a'\\+,*\n]{0,12}`).Draw(t, "text")
		quoted := fqlString(in)
		var out strings.Builder
		body := quoted[1 : len(quoted)-1]
		for i := 0; i < len(body); i++ {
			if body[i] == '\'' {
				t.Fatalf("%q ends early in %s", in, quoted)
			}
			if body[i] == '\\' {
				i++
			}
			out.WriteByte(body[i])
		}
		if out.String() != in {
			t.Fatalf("%q became %s", in, quoted)
		}
	})
}

func TestRecordArgs(t *testing.T) {
	g := &globals{Stdio: Stdio{In: strings.NewReader("")}}
	for _, bad := range [][]string{nil, {"-"}, {"x"}, {aidOne}, {aidOne + "_" + "zz"}, {"../" + aidOne + "_" + shaOf("x")}} {
		if ids, err := g.recordArgs(bad); err == nil || !errors.As(err, new(usageError)) {
			t.Errorf("%q read as %v, %v", bad, ids, err)
		}
	}
}

// interrupting a long list ends it at once.
func TestQuarantineListInterrupt(t *testing.T) {
	f := newFake(t)
	ctx, cancel := context.WithCancel(t.Context())
	f.intercept = func(_ http.ResponseWriter, r *http.Request) bool {
		if strings.HasPrefix(r.URL.Path, "/quarantine/queries/") {
			cancel()
		}
		return false
	}
	if _, errOut, code := f.mews(run{ctx: ctx}, "quarantine", "list", "--all"); code != exitError || !strings.Contains(errOut, "interrupted") {
		t.Errorf("code %d, %q", code, errOut)
	}
}

// FuzzImportLines: no text breaks the reader, and what it sends names a host and
// a hash.
func FuzzImportLines(f *testing.F) {
	f.Add(recordLines)
	f.Add("{}\n[]\n\"\"\nnull\n")
	f.Add("{\"sha256\":\"" + shaOf("x") + "\",\"aid\":\"\x00\",\"paths\":null}")
	f.Fuzz(func(t *testing.T, text string) {
		sent := 0
		imp := &recordImporter{name: "f", show: func(int64, importSummary) {}, send: func(reports []mews.QuarantineReport) (*mews.Envelope[struct{}], error) {
			for _, r := range reports {
				if !isSHA256(r.SHA256) || r.AID == "" && r.Hostname == "" {
					t.Errorf("sent %+v", r)
				}
			}
			sent += len(reports)
			return &mews.Envelope[struct{}]{}, nil
		}}
		_ = imp.run(strings.NewReader(text))
		if s := imp.summary; s.Added != int64(sent) || int(s.Failed) < len(imp.failures) || int(s.Added+s.Failed) > strings.Count(text, "\n")+1 {
			t.Errorf("%d sent, %+v", sent, s)
		}
	})
}

func writeFile(t *testing.T, name, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(name), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
