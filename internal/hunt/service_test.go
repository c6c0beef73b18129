package hunt

import (
	"archive/zip"
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
)

func TestExactSearchTellsAll(t *testing.T) {
	w := newWorld(t, "", Limits{})
	w.run()
	old := w.put("MZ hello needle", sample.PutOptions{Label: "malware", Family: "fam", FirstSeen: time.Date(2020, 5, 1, 0, 0, 0, 0, time.UTC)})
	w.must(w.engine.Flush(t.Context()))
	tail := w.put("tail needle text", sample.PutOptions{Label: "pua"})
	w.put("nothing here", sample.PutOptions{})
	o := &mews.SearchOptions{Limit: 7}
	r := w.exact(o, ascii("needle"))
	if got := shas(r); len(got) != 2 || !got[old.SHA256] || !got[tail.SHA256] || r.Resources[0].SHA256 != tail.SHA256 {
		t.Fatalf("found %+v", r.Resources)
	}
	m := r.Meta
	if m.Status != mews.StatusDone || m.ReqType != mews.ReqTypeSearch || m.Options.Limit != 7 || len(m.Patterns) != 1 ||
		*m.Stats != (mews.Stats{MalwareCount: 1, PUACount: 1, TotalCount: 2}) || !strings.Contains(m.YARARule, "$ = { 6E 65 65 64 6C 65 }") ||
		m.QueryTime != float64(int64(m.QueryTime)) || m.Partial || len(r.Errors) != 0 {
		t.Errorf("meta %+v, errors %v", m, r.Errors)
	}
	if x := r.Resources[1]; x.Family != "fam" || x.Label != "malware" || x.Samples == nil || x.FirstSeen != "2020/05/01" {
		t.Errorf("resource %+v", x)
	}
	for name, o := range map[string]*mews.SearchOptions{
		"type": {FilterFiletypes: mews.List{"TEXT"}}, "size": {MinSize: "16"}, "date": {MinDate: "2020/05/02"}, "limit": {Limit: 1},
	} {
		if got := shas(w.exact(o, ascii("needle"))); len(got) != 1 || !got[tail.SHA256] {
			t.Errorf("%s: %v", name, got)
		}
	}
	if r := w.exact(nil, ascii("needle"), ascii("absent")); len(r.Resources) != 0 || r.Resources == nil {
		t.Errorf("patterns are not ANDed: %+v", r.Resources)
	}
}

// Exact search must equal a scan of all contents, whatever is indexed and
// whatever was deleted.
func TestExactSearchEqualsBruteForce(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed=%d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t, "", Limits{})
	w.run()
	contents := map[string]string{}
	letters := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "abAB\x00"[rng.IntN(5)]
		}
		return string(b)
	}
	for i := range 60 {
		c := letters(1 + rng.IntN(400))
		contents[w.put(c, sample.PutOptions{}).SHA256] = c
		if i == 20 || i == 45 {
			w.must(w.engine.Flush(t.Context()))
		}
	}
	for sha := range contents {
		if rng.IntN(6) == 0 {
			w.must(w.samples.Delete(t.Context(), me, sha))
			delete(contents, sha)
		}
	}
	for range 40 {
		patterns := []mews.Pattern{{Type: "hex", Value: fmt.Sprintf("%x", letters(4+rng.IntN(3)))}}
		if rng.IntN(2) == 0 {
			patterns = append(patterns, mews.Pattern{Type: "hex", Value: fmt.Sprintf("%x", letters(4))})
		}
		want := map[string]bool{}
		for sha, c := range contents {
			all := true
			for _, p := range patterns {
				b, _ := patternBytes(p)
				all = all && strings.Contains(c, string(b))
			}
			if all {
				want[sha] = true
			}
		}
		if diff := cmp.Diff(want, shas(w.exact(nil, patterns...))); diff != "" {
			t.Fatalf("%v: %s", patterns, diff)
		}
		fuzzy, err := w.Fuzzy(t.Context(), me, mews.SearchRequest{Patterns: patterns})
		w.must(err)
		for _, m := range fuzzy.Samples {
			delete(want, m.SHA256)
		}
		if len(want) > 0 {
			t.Fatalf("fuzzy search misses %v for %v", want, patterns)
		}
	}
}

func TestCorruptSampleIsNamed(t *testing.T) {
	w := newWorld(t, "", Limits{})
	w.run()
	r := w.put(strings.Repeat("filler ", 100)+"needle", sample.PutOptions{})
	w.must(w.engine.Flush(t.Context()))
	damage(t, filepath.Join(w.dir, "blobs"))
	got := w.exact(nil, ascii("needle"))
	if len(got.Resources) != 0 || len(got.Errors) != 1 || got.Errors[0].ID != r.SHA256 || !got.Meta.Partial || !strings.Contains(got.Errors[0].Message, "integrity") {
		t.Errorf("resources %v, errors %+v", got.Resources, got.Errors)
	}
	outcomes, err := w.Outcomes(t.Context(), me, got.Meta.ReqID)
	if err != nil || len(outcomes) != 1 || outcomes[0].Outcome != mews.OutcomeError {
		t.Errorf("outcomes %+v, %v", outcomes, err)
	}
	fuzzy, err := w.Fuzzy(t.Context(), me, mews.SearchRequest{Patterns: []mews.Pattern{ascii("needle")}})
	if err != nil || len(fuzzy.Samples)+len(fuzzy.Errors) != 1 {
		t.Errorf("fuzzy: %+v, %v", fuzzy, err)
	}
}

// damage flips a bit in the middle of every file below dir.
func damage(t *testing.T, dir string) {
	t.Helper()
	n := 0
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(p)
		if err != nil {
			return err
		}
		b[len(b)/2] ^= 1
		n++
		return os.WriteFile(p, b, 0o600)
	})
	if err != nil || n == 0 {
		t.Fatalf("damaged %d files: %v", n, err)
	}
}

func TestFuzzy(t *testing.T) {
	w := newWorld(t, "", Limits{})
	for i := range 5 {
		w.put(fmt.Sprintf("needle %d", i), sample.PutOptions{Label: "clean"})
	}
	w.put("other text", sample.PutOptions{})
	r, err := w.Fuzzy(t.Context(), me, mews.SearchRequest{Options: &mews.SearchOptions{Limit: 2, FilterMeta: mews.List{"label"}}, Patterns: []mews.Pattern{ascii("needle")}})
	if err != nil || len(r.Samples) != 2 || r.Stats.CleanCount != 2 || r.Stats.TotalCount < 5 {
		t.Fatalf("%+v, %v", r, err)
	}
	if m := r.Samples[0]; m.Label != "clean" || m.SHA256 == "" || m.MD5 != "" || m.FileSize != 0 {
		t.Errorf("projection: %+v", m)
	}
	if q, err := w.Quotas(t.Context(), me); err != nil || q.HuntCount != 0 {
		t.Errorf("fuzzy search is free: %+v, %v", q, err)
	}
}

func TestQuotas(t *testing.T) {
	w := newWorld(t, "", Limits{HuntQuota: 2, DownloadQuota: 3})
	r := w.put("some sample", sample.PutOptions{})
	req := mews.SearchRequest{Patterns: []mews.Pattern{ascii("some sample")}}
	other := store.Actor{CID: cid, Client: "other"}
	for i, who := range []store.Actor{me, me, other} {
		if _, err := w.Exact(t.Context(), who, req); err != nil {
			t.Fatalf("search %d: %v", i, err)
		}
	}
	if _, err := w.Exact(t.Context(), me, req); !errors.Is(err, mews.ErrLimited) {
		t.Errorf("search over the quota: %v", err)
	}
	if _, err := w.Exact(t.Context(), me, mews.SearchRequest{}); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("a bad request is refused before the quota is looked at: %v", err)
	}
	if _, err := w.MultiDownload(t.Context(), me, []string{r.SHA256, strings.Repeat("0", 64)}); err != nil {
		t.Error(err)
	}
	for i := range 3 {
		reader, _, err := w.Download(t.Context(), me, r.SHA256)
		if i < 2 {
			w.must(err)
			w.must(reader.Close())
		} else if !errors.Is(err, mews.ErrLimited) {
			t.Errorf("download %d: %v", i, err)
		}
	}
	if _, _, err := w.Download(t.Context(), me, strings.Repeat("0", 64)); !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("unknown sample: %v", err)
	}
	q, err := w.Quotas(t.Context(), me)
	w.must(err)
	want := mews.Quotas{
		HuntCount: 2, HuntLimit: 2, DownloadCount: 3, DownloadLimit: 3, DaysLeft: q.DaysLeft, RefreshTime: q.RefreshTime,
		HuntCounts: []mews.UserCount{{UserID: "me", Counter: 2}, {UserID: "other", Counter: 1}}, DownloadCounts: []mews.UserCount{{UserID: "me", Counter: 3}},
	}
	if diff := cmp.Diff(want, q); diff != "" {
		t.Error(diff)
	}
	if !strings.HasSuffix(q.RefreshTime, "-01T00:00:00Z") || q.DaysLeft < 0 || q.DaysLeft > 30 {
		t.Errorf("renewed %s, in %d days", q.RefreshTime, q.DaysLeft)
	}
}

func TestArchive(t *testing.T) {
	w := newWorld(t, "", Limits{})
	a, b := w.put("first sample", sample.PutOptions{}), w.put("second sample", sample.PutOptions{})
	absent := strings.Repeat("0", 64)
	if _, err := w.MultiDownload(t.Context(), me, []string{absent}); !errors.Is(err, mews.ErrNotFound) {
		t.Errorf("only unknown samples: %v", err)
	}
	if _, err := w.MultiDownload(t.Context(), me, []string{"12345678"}); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("malformed hash: %v", err)
	}
	c, err := w.MultiDownload(t.Context(), me, []string{a.SHA256, absent, strings.ToUpper(b.SHA256), a.SHA256})
	w.must(err)
	if len(c.Errors) != 1 || c.Errors[0].ID != absent || c.Errors[0].Code != 404 {
		t.Errorf("errors %+v", c.Errors)
	}
	var out bytes.Buffer
	if err := w.Archive(t.Context(), me, c.ID, &out); !errors.Is(err, mews.ErrInvalid) || out.Len() > 0 {
		t.Errorf("before it is done: %v, %d bytes", err, out.Len())
	}
	w.run()
	if r := w.wait(c.ID); r.Meta.Status != mews.StatusDone || r.Meta.ReqType != mews.ReqTypeDownload || len(r.Resources) != 2 {
		t.Errorf("%+v", r)
	}
	w.must(w.Archive(t.Context(), me, c.ID, &out))
	z, err := zip.NewReader(bytes.NewReader(out.Bytes()), int64(out.Len()))
	w.must(err)
	if len(z.File) != 2 || z.File[0].Name != a.SHA256 || z.File[1].Name != b.SHA256 {
		t.Errorf("members %v", z.File)
	}
	other := store.Actor{CID: "00000000000000000000000000000002", Client: "me"}
	for _, who := range []store.Actor{other, {CID: cid, Client: "other"}} {
		if err := w.Archive(t.Context(), who, c.ID, &out); !errors.Is(err, mews.ErrNotFound) || !strings.Contains(err.Error(), "Could not find sample archive") {
			t.Errorf("another's archive: %v", err)
		}
	}
}

func TestRequestsOfOthersAreUnknown(t *testing.T) {
	w := newWorld(t, "", Limits{})
	w.put("needle", sample.PutOptions{})
	c, err := w.Exact(t.Context(), me, mews.SearchRequest{Patterns: []mews.Pattern{ascii("needle")}})
	w.must(err)
	if r, err := w.Request(t.Context(), me, c.ID); err != nil || r.Meta.Status != mews.StatusInProgress || r.Resources == nil || len(r.Resources) != 0 {
		t.Errorf("queued: %+v, %v", r, err)
	}
	for _, who := range []store.Actor{{CID: "00000000000000000000000000000002", Client: "me"}, {CID: cid, Client: "other"}} {
		_, absent := w.Request(t.Context(), who, "00000000-0000-0000-0000-000000000000")
		_, err := w.Request(t.Context(), who, c.ID)
		if !errors.Is(err, mews.ErrInvalid) || absent == nil || err.Error() != absent.Error() {
			t.Errorf("%v, for an absent one %v", err, absent)
		}
		if _, err := w.Cancel(t.Context(), who, c.ID); !errors.Is(err, mews.ErrNotFound) {
			t.Errorf("cancel: %v", err)
		}
		if _, err := w.Outcomes(t.Context(), who, c.ID); !errors.Is(err, mews.ErrNotFound) {
			t.Errorf("outcomes: %v", err)
		}
	}
	ran, err := w.Cancel(t.Context(), me, c.ID)
	w.must(err)
	again, err := w.Cancel(t.Context(), me, c.ID)
	w.must(err)
	if !ran || again {
		t.Errorf("cancelled: %v, and once more: %v", ran, again)
	}
	r, err := w.Request(t.Context(), me, c.ID)
	if err != nil || r.Meta.Status != mews.StatusFailed || len(r.Errors) != 1 || !strings.Contains(r.Errors[0].Message, "cancelled") {
		t.Errorf("cancelled: %+v, %v", r, err)
	}
}

// Patterns and rules are sealed in the database.
func TestQuestionsAreSealed(t *testing.T) {
	w := newWorld(t, "", Limits{})
	marker := "PlantedMarkerOfThisTest"
	_, err := w.Exact(t.Context(), me, mews.SearchRequest{Patterns: []mews.Pattern{ascii(marker)}})
	w.must(err)
	w.must(w.db.Read(t.Context(), func(tx *store.Tx) error {
		var payload []byte
		if err := tx.QueryRow(`SELECT payload FROM job`).Scan(&payload); err != nil {
			return err
		}
		if bytes.Contains(payload, []byte(marker)) || bytes.Contains(payload, []byte(fmt.Sprintf("%x", marker))) {
			t.Error("the pattern stands in the database in clear")
		}
		if _, err := w.unseal("00000000000000000000000000000002", kindExact, payload); err == nil {
			t.Error("another customer's row opens")
		}
		return nil
	}))
}

func TestWithoutAWorker(t *testing.T) {
	w := newWorld(t, "/nowhere/mews-yara", Limits{})
	_, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: `rule a { strings: $a = "needle" condition: $a }`})
	if !errors.Is(err, mews.ErrUnavailable) || !strings.Contains(err.Error(), "not installed") || strings.Contains(err.Error(), "/nowhere") {
		t.Errorf("hunt: %v", err)
	}
	if _, err := w.Hunt(t.Context(), me, mews.HuntRequest{}); !errors.Is(err, mews.ErrInvalid) {
		t.Errorf("empty hunt: %v", err)
	}
}
