package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/mewshq/mews"
)

// A collector takes telemetry in as the server does: a call once, by its key; the
// line "bad" is refused.
type collector struct {
	f     *fake
	mu    sync.Mutex
	keys  map[string]bool
	lines []string
	query []string
	fail  func(call int) (status int) // 0: not
	calls int
}

func newCollector(f *fake) *collector {
	c := &collector{f: f, keys: map[string]bool{}}
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.URL.Path != "/ingest/v1/events" {
			return false
		}
		c.take(w, r)
		return true
	}
	return c
}

func (c *collector) take(w http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.calls++
	if c.fail != nil {
		if status := c.fail(c.calls); status != 0 {
			c.f.refuse(w, status, "not now")
			return
		}
	}
	z, err := zstd.NewReader(r.Body)
	if err != nil || r.Header.Get("Content-Encoding") != "zstd" {
		c.f.refuse(w, 400, "no zstd")
		return
	}
	defer z.Close()
	text, err := io.ReadAll(z)
	if err != nil {
		c.f.refuse(w, 400, err.Error())
		return
	}
	key := r.Header.Get("Idempotency-Key")
	env := mews.Envelope[struct{}]{Meta: mews.Meta{Ingest: &mews.IngestCounts{Repeated: c.keys[key]}}, Errors: []mews.APIError{}}
	n := env.Meta.Ingest
	for i, line := range strings.Split(strings.TrimSuffix(string(text), "\n"), "\n") {
		n.Lines++
		if line == "bad" {
			n.Failed++
			env.Errors = append(env.Errors, mews.APIError{Code: 400, Message: "cannot be read", ID: fmt.Sprint(i + 1)})
			continue
		}
		n.Events++
		if !n.Repeated {
			c.lines = append(c.lines, line)
		}
	}
	c.keys[key] = true
	c.query = append(c.query, r.URL.RawQuery)
	_ = json.NewEncoder(w).Encode(env)
}

func (c *collector) got() []string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Sorted(slices.Values(c.lines))
}

func appendFile(t *testing.T, path, text string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	if err == nil {
		_, err = f.WriteString(text)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestIngestCommand: lines that are refused are told of by file and line; what
// was taken in is not sent again, to the same server by the same client.
func TestIngestCommand(t *testing.T) {
	f := newFake(t)
	c := newCollector(f)
	dir := t.TempDir()
	log := filepath.Join(dir, "a.log")
	here := run{env: map[string]string{"XDG_STATE_HOME": filepath.Join(dir, "state")}}
	appendFile(t, log, "one\nbad\ntwo\n")
	out, errOut, code := f.mews(here, "ingest", "files", log, "--format", "fdr", "-o", "ndjson")
	if code != exitPartial || !strings.Contains(errOut, "a.log:2: cannot be read") ||
		!strings.Contains(out, `{"lines":3,"events":2,"ignored":0,"failed":1,"repeated":0,`) {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	appendFile(t, log, "three\nbad\n")
	_, errOut, code = f.mews(here, "ingest", "files", log)
	if code != exitPartial || !strings.Contains(errOut, "a.log:5: cannot be read") {
		t.Errorf("%d %s", code, errOut)
	}
	if out, errOut, code := f.mews(here, "ingest", "dir", dir, "--match", "*.log"); code != exitOK || !strings.Contains(out, "0      0") {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	if got := c.got(); !slices.Equal(got, []string{"one", "three", "two"}) || !slices.Equal(c.query, []string{"format=fdr", ""}) {
		t.Errorf("lines %q, queries %q", got, c.query)
	}
	// Another client has checkpoints of its own; the server knows the chunks.
	there := run{env: map[string]string{"XDG_STATE_HOME": filepath.Join(dir, "state"), "FALCON_CLIENT_ID": "other"}}
	if out, _, _ := f.mews(there, "ingest", "files", log, "-o", "ndjson"); !strings.Contains(out, `"lines":5`) {
		t.Errorf("another client: %s", out)
	}
}

// TestIngestStops: without --follow an outage ends the command, which goes on
// with the same chunk when it is repeated.
func TestIngestStops(t *testing.T) {
	f := newFake(t)
	c := newCollector(f)
	dir := t.TempDir()
	appendFile(t, filepath.Join(dir, "a.log"), "one\ntwo\n")
	c.fail = func(int) int { return 400 }
	args := []string{"ingest", "dir", filepath.Join(dir), "--checkpoints", filepath.Join(t.TempDir(), "state")}
	if _, errOut, code := f.mews(run{}, args...); code != exitUsage || !strings.Contains(errOut, "not now") {
		t.Errorf("%d %s", code, errOut)
	}
	c.fail = nil
	appendFile(t, filepath.Join(dir, "a.log"), "three\n")
	if out, errOut, code := f.mews(run{}, args...); code != exitOK {
		t.Errorf("%d %s %s", code, out, errOut)
	}
	if got := c.got(); !slices.Equal(got, []string{"one", "three", "two"}) {
		t.Errorf("lines %q", got)
	}
}

// TestIngestFollows: what is written later is sent, refusals are told of at once,
// and an interrupt is a good end.
func TestIngestFollows(t *testing.T) {
	f := newFake(t)
	c := newCollector(f)
	dir := t.TempDir()
	log := filepath.Join(dir, "a.log")
	appendFile(t, log, "one\nbad\n")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	type ended struct {
		out, errOut string
		code        int
	}
	end := make(chan ended, 1)
	state := filepath.Join(dir, "state")
	go func() {
		out, errOut, code := f.mews(run{ctx: ctx}, "ingest", "files", log, "--follow", "--checkpoints", state)
		end <- ended{out, errOut, code}
	}()
	// A chunk is in the journal when its answer has been counted.
	done := func() int {
		journal, _ := os.ReadFile(filepath.Join(state, "journal"))
		return strings.Count(string(journal), `"done"`)
	}
	await := func(n int) {
		for limit := time.Now().Add(time.Minute); done() < n && time.Now().Before(limit); {
			time.Sleep(5 * time.Millisecond)
		}
	}
	await(1)
	appendFile(t, log, "two\n")
	await(2)
	stop()
	e := <-end
	if e.code != exitOK || !strings.Contains(e.errOut, "a.log:2: cannot be read") || !strings.Contains(e.out, "3      2       0        1") {
		t.Errorf("%+v", e)
	}
	if got := c.got(); !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("lines %q", got)
	}
}

func TestIngestUsage(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	for _, args := range [][]string{
		{"ingest"},
		{"ingest", "files"},
		{"ingest", "files", dir},
		{"ingest", "files", "-", "--follow"},
		{"ingest", "dir", dir, "--match", "["},
		{"ingest", "dir", dir, "--parallel", "0"},
		{"ingest", "dir", dir, "--fields", "nope"},
	} {
		if _, errOut, code := f.mews(run{}, args...); code != exitUsage {
			t.Errorf("%q: %d %s", args, code, errOut)
		}
	}
}
