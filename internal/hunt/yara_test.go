package hunt

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/job"
	"github.com/mewshq/mews/internal/sample"
	"github.com/mewshq/mews/internal/store"
	"github.com/mewshq/mews/internal/yara"
	"github.com/mewshq/mews/internal/yara/yaratest"
)

const needleRule = `rule needle : tagged { strings: $a = "needle in hay" condition: $a and filesize > 20 }`

func checkSum(t *testing.T, m mews.Meta) {
	t.Helper()
	if m.Hunt == nil || !addsUp(*m.Hunt) {
		t.Errorf("outcomes do not add up: %+v", m.Hunt)
	}
}

// TestEstimateTellsPlans sorts rules by what the index can do for them. Rules
// that no hunt would take are judged as well.
func TestEstimateTellsPlans(t *testing.T) {
	w := newWorld(t, yaratest.Worker(t), Limits{})
	e, err := w.Estimate(t.Context(), me, mews.HuntRequest{YARARule: `
		rule long { strings: $a = "needle in hay" condition: $a }
		private rule short { strings: $a = "hay!" condition: $a }
		rule sized { condition: filesize < 4KB }
		rule every { condition: true }`})
	w.must(err)
	var got []string
	for _, r := range e.Rules {
		got = append(got, fmt.Sprintf("%s %s %v", r.Name, r.Quality, r.Private))
	}
	want := []string{"long strong false", "short weak true", "sized metadata false", "every none false"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if e, err = w.Estimate(t.Context(), me, mews.HuntRequest{YARARule: `private rule a { condition: true }`}); err != nil || len(e.Rules) != 1 {
		t.Errorf("a private rule alone: %+v, %v", e, err)
	}
}

func TestHunt(t *testing.T) {
	w := newWorld(t, yaratest.Worker(t), Limits{})
	w.run()
	hit := w.put("a long needle in hay stack", sample.PutOptions{Label: "malware"})
	w.put("needle in hay", sample.PutOptions{}) // the index finds it, the size rules it out
	w.put("no such thing", sample.PutOptions{})
	w.must(w.engine.Flush(t.Context()))
	w.put("not indexed yet", sample.PutOptions{})
	c, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: needleRule})
	w.must(err)
	if e := c.Estimate; e == nil || e.FullScan || e.Files != 4 || e.Candidates < 1 {
		t.Errorf("estimate %+v", e)
	}
	r := w.wait(c.ID)
	checkSum(t, r.Meta)
	if r.Meta.Status != mews.StatusDone || r.Meta.ReqType != mews.ReqTypeHunt || r.Meta.YARARule != needleRule || len(r.Resources) != 1 || r.Meta.Hunt.Match != 1 {
		t.Fatalf("%+v %+v", r, r.Meta.Hunt)
	}
	if x := r.Resources[0]; x.SHA256 != hit.SHA256 || x.YARARule != "needle" || len(x.Tags) != 1 || x.Label != "malware" {
		t.Errorf("resource %+v", x)
	}
	o, err := w.Outcomes(t.Context(), me, c.ID)
	if err != nil || len(o) != 1 || o[0].Outcome != mews.OutcomeMatch || o[0].Rules[0] != "needle" {
		t.Errorf("outcomes %+v, %v", o, err)
	}
}

func TestHuntRefusals(t *testing.T) {
	w := newWorld(t, yaratest.Worker(t), Limits{HuntQuota: 1})
	w.put("some content", sample.PutOptions{})
	for rule, want := range map[string]string{
		"Some Yara rule":                                            "does not compile",
		"rule a {\n condition: nope }":                              "line 2, column",
		`private rule a { condition: true }`:                        "private",
		`rule everything { condition: true }`:                       "rule everything has no indexable string",
		`rule short { strings: $x = "abc" condition: $x }`:          "short:$x",
		`include "/etc/passwd"`:                                     "include is not allowed",
		`rule big { condition: filesize > 1MB }`:                    "rule big has no indexable string",
		strings.Repeat(`rule x { condition: true } `, 1_001):        "more than 1000 rules",
		`import "vt" rule v { condition: vt.x }`:                    "vt",
		needleRule + ` rule dot { strings: $b = /./ condition: $b}`: "rule dot has no",
	} {
		_, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: rule})
		if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "passwd") {
			t.Errorf("%.50q: %v, want %q", rule, err, want)
		}
	}
	e, err := w.Estimate(t.Context(), me, mews.HuntRequest{YARARule: `rule everything { condition: true }`})
	if err != nil || !e.FullScan || e.Candidates != 1 || e.CorpusShare != 1 || len(e.Weak) == 0 {
		t.Errorf("estimate %+v, %v", e, err)
	}
	if q, err := w.Quotas(t.Context(), me); err != nil || q.HuntCount != 0 {
		t.Errorf("refusals and estimates cost quota: %+v, %v", q, err)
	}
}

func TestFullScanNeedsBothSides(t *testing.T) {
	rule := `rule everything { condition: filesize < 8 }`
	ask := &mews.SearchOptions{AllowFullScan: true}
	w := newWorld(t, yaratest.Worker(t), Limits{})
	if _, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: rule, Options: ask}); !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), "does not permit") {
		t.Errorf("asked for and not permitted: %v", err)
	}
	w = newWorld(t, yaratest.Worker(t), Limits{AllowFullScan: true})
	w.run()
	for _, c := range []string{"short", "much too long"} {
		w.put(c, sample.PutOptions{})
	}
	_, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: rule})
	if !errors.Is(err, mews.ErrInvalid) || !strings.Contains(err.Error(), "asks for it") {
		t.Errorf("permitted and not asked for: %v", err)
	}
	if full, ok := errors.AsType[*FullScanError](err); !ok || full.Estimate.Files != 2 || !full.Estimate.FullScan {
		t.Errorf("the refusal does not tell the cost: %v", err)
	}
	if r := w.hunt(rule, ask); len(r.Resources) != 1 || !r.Meta.Hunt.FullScan {
		t.Errorf("%+v %+v", r, r.Meta.Hunt)
	}
}

func TestHuntLimitSkipsTheRest(t *testing.T) {
	w := newWorld(t, yaratest.Worker(t), Limits{})
	w.run()
	var newest string
	for i := range 30 {
		newest = w.put(fmt.Sprintf("a long needle in hay stack %d", i), sample.PutOptions{}).SHA256
	}
	w.must(w.engine.Flush(t.Context()))
	r := w.hunt(needleRule, &mews.SearchOptions{Limit: 3})
	checkSum(t, r.Meta)
	h := r.Meta.Hunt
	if len(r.Resources) != 3 || r.Resources[0].SHA256 != newest || h.Candidates != 30 || h.Match != 3 || h.Skipped != 27 || h.Reasons[reasonLimit] != 27 || !r.Meta.Partial {
		t.Errorf("%+v, %d resources", h, len(r.Resources))
	}
}

func TestHuntNamesCorruptSamples(t *testing.T) {
	w := newWorld(t, yaratest.Worker(t), Limits{})
	w.run()
	bad := w.put(strings.Repeat("filler ", 100)+"needle in hay", sample.PutOptions{})
	w.must(w.engine.Flush(t.Context()))
	damage(t, filepath.Join(w.dir, "blobs"))
	r := w.hunt(needleRule, nil)
	checkSum(t, r.Meta)
	if r.Meta.Hunt.Error != 1 || len(r.Errors) != 1 || r.Errors[0].ID != bad.SHA256 || !r.Meta.Partial {
		t.Errorf("%+v, errors %+v", r.Meta.Hunt, r.Errors)
	}
}

func TestHuntReportsUncertainFiles(t *testing.T) {
	w := newWorld(t, yaratest.Worker(t), Limits{})
	w.run()
	doubtful := w.put(strings.Repeat("abcd", 1_000_010), sample.PutOptions{})
	r := w.hunt(`rule many { strings: $a = "abcd" condition: #a > 2000000 }`, nil)
	checkSum(t, r.Meta)
	if r.Meta.Hunt.Uncertain != 1 || len(r.Errors) != 1 || r.Errors[0].ID != doubtful.SHA256 {
		t.Errorf("%+v, errors %+v", r.Meta.Hunt, r.Errors)
	}
}

// A hunt that is stopped again and again must end with the same answer as one
// that is not: nothing twice, nothing lost.
func TestHuntResumes(t *testing.T) {
	w := newWorld(t, yaratest.Worker(t), Limits{})
	want := map[string]bool{}
	var contents []string
	for i := range 200 {
		c := fmt.Sprintf("file number %d of the test", i)
		if i%3 == 0 {
			c += " with a needle in hay"
			want[fmt.Sprintf("%x", sha256.Sum256([]byte(c)))] = true
		}
		contents = append(contents, c)
	}
	w.putAll(contents)
	c, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: needleRule, Options: &mews.SearchOptions{Limit: 1000}})
	w.must(err)
	late := w.put("a needle in hay that came too late", sample.PutOptions{})
	stops := 0
	for stops < 15 { // ever later, so that a slow machine comes to an end too
		stop := w.run()
		time.Sleep(time.Duration(20+rand.IntN(20*(stops+1))) * time.Millisecond)
		stop()
		r, err := w.Request(t.Context(), me, c.ID)
		w.must(err)
		if r.Meta.Status != mews.StatusInProgress {
			break
		}
		stops++
	}
	w.run()
	r := w.wait(c.ID)
	checkSum(t, r.Meta)
	t.Logf("stopped %d times", stops)
	if diff := cmp.Diff(want, shas(r)); diff != "" || r.Meta.Hunt.Candidates != 200 || shas(r)[late.SHA256] {
		t.Errorf("%+v: %s", r.Meta.Hunt, diff)
	}
}

func TestCancelledHuntKeepsWhatItFound(t *testing.T) {
	w := newWorld(t, yaratest.Worker(t), Limits{})
	w.run()
	var contents []string
	for i := range 300 {
		contents = append(contents, fmt.Sprintf("a long needle in hay %d", i))
	}
	w.putAll(contents)
	c, err := w.Hunt(t.Context(), me, mews.HuntRequest{YARARule: needleRule, Options: &mews.SearchOptions{Limit: 1000}})
	w.must(err)
	for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		r, err := w.Request(t.Context(), me, c.ID)
		w.must(err)
		if r.Meta.Progress.Found > 0 || r.Meta.Status != mews.StatusInProgress {
			break
		}
	}
	_, err = w.Cancel(t.Context(), me, c.ID)
	w.must(err)
	r := w.wait(c.ID)
	checkSum(t, r.Meta)
	if len(r.Resources) == 0 || int64(len(r.Resources)) != r.Meta.Hunt.Match || !r.Meta.Partial && r.Meta.Status == mews.StatusFailed {
		t.Errorf("%s: %d resources, %+v", r.Meta.Status, len(r.Resources), r.Meta.Hunt)
	}
}

func TestRuleThatKillsTheScannerIsSkippedLater(t *testing.T) {
	w := newWorld(t, yaratest.Worker(t), Limits{})
	r := w.put("a long needle in hay stack", sample.PutOptions{})
	rs, err := w.yara.Compile(t.Context(), "", needleRule)
	w.must(err)
	sum, err := sample.ParseSHA256(r.SHA256)
	w.must(err)
	w.must(w.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO hunt_crash (cid, rule, sha256, crashes) VALUES (?, ?, ?, 4)`, string(cid), rs.Hash[:], sum[:])
		return err
	}))
	w.run()
	if got := w.hunt(needleRule, nil); got.Meta.Hunt.Skipped != 1 || got.Meta.Hunt.Reasons[reasonCrashes] != 1 {
		t.Errorf("%+v", got.Meta.Hunt)
	}
	if got := w.hunt(needleRule+" // another text", nil); got.Meta.Hunt.Match != 1 {
		t.Errorf("another rule is blinded: %+v", got.Meta.Hunt)
	}
}

// The plan may select too much and never too little: a hunt over the index must
// give what the engine says of every file.
func TestHuntEqualsTheEngineOverEverything(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed=%d", seed)
	rng := rand.New(rand.NewPCG(seed, 1))
	w := newWorld(t, yaratest.Worker(t), Limits{AllowFullScan: true})
	w.run()
	words := []string{"alpha-beta", "Gamma", "delta9", "epsilon", "zeta", "MZ\x90\x00", "w\x00i\x00d\x00e\x00r\x00", "\x01\x02\x03\x04\x05"}
	contents := map[string][]byte{}
	for i := range 80 {
		var b bytes.Buffer
		for range rng.IntN(6) {
			b.WriteString(words[rng.IntN(len(words))])
			b.WriteString(strings.Repeat(string(rune('0'+rng.IntN(10))), rng.IntN(200)))
		}
		fmt.Fprintf(&b, "#%d", i)
		contents[w.put(b.String(), sample.PutOptions{}).SHA256] = b.Bytes()
		if i == 50 {
			w.must(w.engine.Flush(t.Context()))
		}
	}
	for sha := range contents {
		if rng.IntN(8) == 0 {
			w.must(w.samples.Delete(t.Context(), me, sha))
			delete(contents, sha)
		}
	}
	for _, rule := range []string{
		`rule r { strings: $a = "alpha-beta" $b = "gamma" nocase condition: $a and $b }`,
		`rule r { strings: $a = "wider" wide $b = "delta9" condition: any of them }`,
		`rule r { strings: $a = "epsilon" $b = "alpha-beta" $c = "zeta" condition: 2 of them }`,
		`rule r { strings: $a = { 01 02 ?? 04 05 } condition: $a and uint16(0) == 0x5A4D }`,
		`rule r { strings: $a = /alpha.beta|eps[a-i]lon/ condition: #a >= 2 }`,
		`rule r { strings: $a = "zeta" xor(0-3) condition: $a and filesize < 300 }`,
		`private rule p { strings: $a = "epsilon" condition: $a } rule r { strings: $b = "alpha-beta" condition: $b and not p }`,
		`rule r { strings: $a = "delta9" condition: not $a }`,
		`rule r { strings: $a = "epsilon" condition: $a in (0..filesize \ 2) }`,
	} {
		want := w.everything(rule, contents)
		r := w.hunt(rule, &mews.SearchOptions{Limit: 1000, AllowFullScan: true})
		checkSum(t, r.Meta)
		if diff := cmp.Diff(want, shas(r)); diff != "" {
			t.Errorf("%s: %s", rule, diff)
		}
	}
}

// everything scans all contents without any plan.
func (w *world) everything(rule string, contents map[string][]byte) map[string]bool {
	w.t.Helper()
	rs, err := w.yara.Compile(w.t.Context(), "", rule)
	w.must(err)
	pool, err := w.yara.Pool(w.t.Context(), "", rule, rs, 1)
	w.must(err)
	defer pool.Close()
	out := map[string]bool{}
	for sha, data := range contents {
		v, err := pool.Scan(w.t.Context(), int64(len(data)), func() (io.Reader, error) { return bytes.NewReader(data), nil })
		w.must(err)
		if v.Outcome == yara.Match {
			out[sha] = true
		}
	}
	return out
}

func TestResultsGoWithTheirJob(t *testing.T) {
	w := newWorld(t, "", Limits{})
	w.run()
	w.put("needle in hay", sample.PutOptions{})
	r := w.exact(nil, ascii("needle"))
	count := func() (n int) {
		w.must(w.db.Write(t.Context(), func(tx *store.Tx) error { return tx.QueryRow(`SELECT count(*) FROM hunt_result`).Scan(&n) }))
		return n
	}
	if count() != 1 {
		t.Fatalf("%d results", count())
	}
	w.must(w.db.Write(t.Context(), func(tx *store.Tx) error {
		_, err := tx.Exec(`DELETE FROM job WHERE id = ? AND state = ?`, r.Meta.ReqID, job.Done)
		return err
	}))
	if count() != 0 {
		t.Errorf("%d results outlive their job", count())
	}
}
