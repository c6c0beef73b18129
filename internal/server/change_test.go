package server

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

func devConfig(t *testing.T) Config {
	t.Helper()
	cfg := testConfig(t)
	cfg.Dev.Enabled = true
	return cfg
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// fill puts something into each store below the API: rows, sample bytes, runs.
func fill(t *testing.T, c *mews.Client, name string) (sha string) {
	t.Helper()
	meta, err := c.Samples().Upload(t.Context(), strings.NewReader("a file of "+name), mews.UploadOptions{FileName: name})
	must(t, err)
	_, err = c.IOCs().Create(t.Context(), mews.IndicatorCreates{Indicators: []mews.IndicatorCreate{{
		Type: mews.TypeDomain, Value: name + ".example.com", Action: "detect", Severity: "high", Platforms: []string{"linux"}, AppliedGlobally: new(true),
	}}})
	must(t, err)
	line := fmt.Sprintf(`{"@timestamp":"2026-05-01T10:00:00Z","host":{"id":"%032x","hostname":"%s"},"process":{"entity_id":"p1","pid":7,"name":"x"},"dns":{"question":{"name":"%s.example.com"}}}`, len(name), name, name)
	in, err := c.Telemetry().Ingest(t.Context(), strings.NewReader(line), mews.IngestOptions{})
	must(t, err)
	if len(in.Errors) > 0 {
		t.Fatalf("telemetry: %+v", in.Errors)
	}
	return meta.SHA256
}

// content is what the API tells of the data.
func content(t *testing.T, c *mews.Client) map[string][]string {
	t.Helper()
	out := map[string][]string{}
	for i, err := range c.IOCs().All(t.Context(), mews.RecordQuery{Sort: "value.asc"}) {
		must(t, err)
		out["indicators"] = append(out["indicators"], i.Value)
	}
	for id, err := range c.Hosts().All(t.Context(), mews.RecordQuery{}) {
		must(t, err)
		out["hosts"] = append(out["hosts"], id)
	}
	for _, name := range []string{"first", "second"} {
		n, err := c.Sightings().Count(t.Context(), mews.Observable{Type: mews.TypeDomain, Value: name + ".example.com"})
		must(t, err)
		out["seen"] = append(out["seen"], fmt.Sprint(n.Resources[0].DeviceCount))
	}
	return out
}

func has(t *testing.T, c *mews.Client, sha string) bool {
	t.Helper()
	var b bytes.Buffer
	d, err := c.Samples().Get(t.Context(), sha)
	if errors.Is(err, mews.ErrNotFound) {
		return false
	}
	must(t, err)
	defer d.Close()
	_, err = io.Copy(&b, d)
	must(t, err)
	return strings.HasPrefix(b.String(), "a file of ")
}

// TestSnapshots walks a server through its states and back: rows, bytes, runs
// and jobs come back, clients and tokens stay.
func TestSnapshots(t *testing.T) {
	cfg := devConfig(t)
	s := mustStart(t, t.Context(), cfg)
	c := clientOf(t, s)
	empty := content(t, c)
	first := fill(t, c, "first")
	one := content(t, c)
	saved, err := c.Dev().SaveSnapshot(t.Context(), "one")
	must(t, err)
	if saved.Name != "one" || saved.Files == 0 || saved.Bytes == 0 {
		t.Errorf("saved %+v", saved)
	}
	second := fill(t, c, "second")
	both := content(t, c)
	id, secret, err := s.NewClient(t.Context(), "made after the snapshot", mews.ScopeIOCRead)
	must(t, err)

	check := func(when string, want map[string][]string, hasFirst, hasSecond bool) {
		t.Helper()
		if got := content(t, c); !reflect.DeepEqual(got, want) {
			t.Errorf("%s: %v, want %v", when, got, want)
		}
		if a, b := has(t, c, first), has(t, c, second); a != hasFirst || b != hasSecond {
			t.Errorf("%s: files %v and %v", when, a, b)
		}
	}
	check("before", both, true, true)
	must(t, c.Dev().RestoreSnapshot(t.Context(), "one"))
	check("restored", one, true, false)
	if _, err := s.stage.current().node.auth.IssueToken(t.Context(), id, secret, "", "", nil); err != nil {
		t.Errorf("a client made after the snapshot: %v", err)
	}
	must(t, c.Dev().Reset(t.Context()))
	check("reset", empty, false, false)
	must(t, c.Dev().Reset(t.Context()))
	check("reset again", empty, false, false)
	fill(t, c, "second")
	must(t, c.Dev().RestoreSnapshot(t.Context(), "one"))
	check("restored again", one, true, false)
	if again := fill(t, c, "second"); again != second {
		t.Errorf("another file: %s", again)
	}
	check("written to again", both, true, true)

	list, err := c.Dev().Snapshots(t.Context())
	if err != nil || len(list) != 1 || list[0] != saved {
		t.Errorf("list: %+v, %v", list, err)
	}
	gone, err := c.Dev().DeleteSnapshots(t.Context(), "one", "two")
	if err != nil || len(gone.Errors) != 1 || gone.Errors[0].ID != "two" || len(gone.Resources) != 1 {
		t.Errorf("delete: %+v, %v", gone, err)
	}
	for what, err := range map[string]error{
		"restore": c.Dev().RestoreSnapshot(t.Context(), "one"),
		"delete":  func() error { _, err := c.Dev().DeleteSnapshots(t.Context(), "one"); return err }(),
	} {
		if !errors.Is(err, mews.ErrNotFound) {
			t.Errorf("%s of what is gone: %v", what, err)
		}
	}
	for _, name := range []string{"", "../../x", "a/b"} {
		if err := c.Dev().RestoreSnapshot(t.Context(), name); !errors.Is(err, mews.ErrInvalid) {
			t.Errorf("restore %q: %v", name, err)
		}
	}
	check("after refusals", both, true, true)

	// The state is on the disk: another process finds it, and the way it came about.
	must(t, c.Dev().Reset(t.Context()))
	fill(t, c, "first")
	must(t, s.Close(t.Context()))
	s = mustStart(t, t.Context(), cfg)
	n := s.stage.current().node
	_, err = n.db.VerifyAudit(t.Context())
	must(t, err)
	rows, err := n.db.Audit(t.Context(), 0, 100)
	must(t, err)
	var actions []string
	for _, r := range rows {
		actions = append(actions, r.Entry.Action)
	}
	if got := strings.Join(actions, " "); !strings.Contains(got, "dev.reset") || strings.Contains(got, "dev.save") {
		t.Errorf("the trail since the reset: %s", got)
	}
}

// TestResetOfASeed: the same story again, under the same client.
func TestResetOfASeed(t *testing.T) {
	cfg := devConfig(t)
	cfg.Seed = seedDemo
	c := clientOf(t, mustStart(t, t.Context(), cfg))
	before := content(t, c)
	fill(t, c, "first")
	must(t, c.Dev().Reset(t.Context()))
	after := content(t, c)
	if !reflect.DeepEqual(after, before) || len(after["hosts"]) == 0 {
		t.Errorf("after a reset: %v, before: %v", after, before)
	}
}

// TestRealDataStays: a folder that was begun without dev mode keeps its data,
// whoever asks.
func TestRealDataStays(t *testing.T) {
	cfg := testConfig(t)
	real := mustStart(t, t.Context(), cfg)
	fill(t, clientOf(t, real), "first")
	must(t, real.Close(t.Context()))

	cfg.Dev.Enabled = true
	s := mustStart(t, t.Context(), cfg)
	id, secret, err := s.NewClient(t.Context(), "dev", s.stage.current().node.auth.Scopes()...)
	must(t, err)
	c, err := mews.NewClient(s.Ready().BaseURL, mews.WithCredentials(id, secret))
	must(t, err)
	want := content(t, c)
	_, saveErr := c.Dev().SaveSnapshot(t.Context(), "x")
	for what, err := range map[string]error{"reset": c.Dev().Reset(t.Context()), "save": saveErr} {
		if !errors.Is(err, mews.ErrConflict) || !strings.Contains(err.Error(), "not made in dev mode") {
			t.Errorf("%s: %v", what, err)
		}
	}
	if got := content(t, c); !reflect.DeepEqual(got, want) || len(got["indicators"]) != 1 {
		t.Errorf("the data became %v", got)
	}
	if _, err := c.Dev().AddFaults(t.Context(), mews.FaultRule{Times: 1, Effect: mews.FaultEffect{Status: 500}}); err != nil {
		t.Errorf("rules work on any data: %v", err)
	}
}

// TestResetForgetsRulesAndRequests, and a restore does not.
func TestResetForgetsRulesAndRequests(t *testing.T) {
	s := mustStart(t, t.Context(), devConfig(t))
	c := clientOf(t, s)
	_, err := c.Dev().AddFaults(t.Context(), mews.FaultRule{Path: "/never", Effect: mews.FaultEffect{Status: 500}})
	must(t, err)
	_, err = c.Dev().SaveSnapshot(t.Context(), "x")
	must(t, err)
	must(t, c.Dev().RestoreSnapshot(t.Context(), "x"))
	rules, err := c.Dev().Faults(t.Context())
	log, logErr := c.Dev().Requests(t.Context(), mews.DevRequestQuery{})
	if err != nil || logErr != nil || len(rules) != 1 || len(log) == 0 {
		t.Errorf("after a restore: %v and %v, %v, %v", rules, log, err, logErr)
	}
	must(t, c.Dev().Reset(t.Context()))
	rules, err = c.Dev().Faults(t.Context())
	log, logErr = c.Dev().Requests(t.Context(), mews.DevRequestQuery{})
	if err != nil || logErr != nil || len(rules) != 0 || len(log) != 0 {
		t.Errorf("after a reset: %v and %v, %v, %v", rules, log, err, logErr)
	}
}

// TestRequestsWait: while the data changes again and again, no request of others
// fails; they wait.
func TestRequestsWait(t *testing.T) {
	s := mustStart(t, t.Context(), devConfig(t))
	s.changing.Lock()
	s.patience = time.Minute // a slow login is not to be cut off here
	s.changing.Unlock()
	c := clientOf(t, s)
	fill(t, c, "first")
	_, err := c.Dev().SaveSnapshot(t.Context(), "x")
	must(t, err)
	id, secret, err := s.NewClient(t.Context(), "busy", mews.ScopeIOCRead)
	must(t, err)

	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	var mu sync.Mutex
	asked := 0
	for range 4 {
		busy, err := mews.NewClient(s.Ready().BaseURL, mews.WithCredentials(id, secret), mews.WithRetries(0))
		must(t, err)
		wg.Go(func() {
			for ctx.Err() == nil {
				_, err := busy.IOCs().Search(t.Context(), mews.RecordQuery{})
				mu.Lock()
				asked++
				mu.Unlock()
				if err != nil {
					t.Errorf("a request in between: %v", err)
					return
				}
			}
		})
	}
	for range 5 {
		must(t, c.Dev().RestoreSnapshot(t.Context(), "x"))
		must(t, c.Dev().Reset(t.Context()))
	}
	stop()
	wg.Wait()
	if asked < 10 {
		t.Errorf("only %d requests were made", asked)
	}
}

// TestLongRequestsAreCut: a request that does not end does not hold a reset up.
func TestLongRequestsAreCut(t *testing.T) {
	s := mustStart(t, t.Context(), devConfig(t))
	c := clientOf(t, s)
	body, hold := io.Pipe()
	defer hold.Close()
	login, err := s.stage.current().node.auth.IssueToken(t.Context(), s.Ready().ClientID, s.Ready().ClientSecret, "", "", nil)
	must(t, err)
	r, err := http.NewRequestWithContext(t.Context(), "POST", s.Ready().BaseURL+"/samples/entities/samples/v3?file_name=x", body)
	must(t, err)
	r.Header.Set("Authorization", "Bearer "+login.AccessToken)
	r.Header.Set("Content-Type", "application/octet-stream")
	answered := make(chan int, 1) // the status, 0 for a connection that was cut
	go func() {
		resp, err := http.DefaultClient.Do(r)
		if err != nil {
			answered <- 0
			return
		}
		resp.Body.Close()
		answered <- resp.StatusCode
	}()
	_, err = hold.Write([]byte("the first bytes"))
	must(t, err)
	must(t, c.Dev().Reset(t.Context()))
	if status := <-answered; status/100 == 2 {
		t.Errorf("the upload was answered with %d", status)
	}
	fill(t, c, "first")
}

// TestTwoChanges: two resets at a time happen one after the other.
func TestTwoChanges(t *testing.T) {
	s := mustStart(t, t.Context(), devConfig(t))
	c := clientOf(t, s)
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			if err := c.Dev().Reset(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	fill(t, c, "first")
}

// TestPlannedRestore: what a crash left is finished by the next start.
func TestPlannedRestore(t *testing.T) {
	cfg := devConfig(t)
	s := mustStart(t, t.Context(), cfg)
	c := clientOf(t, s)
	fill(t, c, "first")
	_, err := c.Dev().SaveSnapshot(t.Context(), "x")
	must(t, err)
	want := content(t, c)
	fill(t, c, "second")
	id, secret, err := s.NewClient(t.Context(), "late")
	must(t, err)
	carried, err := s.stage.current().node.auth.Carry(t.Context())
	must(t, err)
	must(t, s.folder.copies.Plan("x", carried))
	must(t, s.Close(t.Context()))

	s = mustStart(t, t.Context(), cfg)
	c, err = mews.NewClient(s.Ready().BaseURL, mews.WithCredentials(id, secret))
	must(t, err)
	if got := content(t, c); !reflect.DeepEqual(got, want) {
		t.Errorf("after the restart: %v, want %v", got, want)
	}
	if _, err := os.Stat(filepath.Join(cfg.Data, "dev", "restore.json")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the plan stands: %v", err)
	}
}

// TestAdminAcrossChanges: the admin door leads to the node of the moment.
func TestAdminAcrossChanges(t *testing.T) {
	cfg := devConfig(t)
	s := mustStart(t, t.Context(), cfg)
	must(t, s.Reset(t.Context(), store.Actor{Client: "test"}))
	admin, closer, err := Admin(t.Context(), cfg, io.Discard)
	must(t, err)
	defer closer()
	resp, err := admin.Get("http://admin/admin/clients")
	must(t, err)
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil || !strings.Contains(string(b), s.Ready().ClientID) {
		t.Errorf("%s, %v", b, err)
	}
}

// TestChangeAtTheEnd: a server that ends changes no more, and one that is being
// changed ends after it.
func TestChangeAtTheEnd(t *testing.T) {
	s := mustStart(t, t.Context(), devConfig(t))
	reset := make(chan error, 1)
	go func() { reset <- s.Reset(t.Context(), store.Actor{}) }()
	must(t, s.Close(t.Context()))
	if err := <-reset; err != nil && !errors.Is(err, mews.ErrUnavailable) {
		t.Errorf("a reset beside the end: %v", err)
	}
	if err := s.Reset(t.Context(), store.Actor{}); !errors.Is(err, mews.ErrUnavailable) {
		t.Errorf("a reset after the end: %v", err)
	}
}

// TestFailedChange: a server that cannot open its folder any more ends, and says
// so; it does not pretend to serve.
func TestFailedChange(t *testing.T) {
	cfg := devConfig(t)
	s, err := Start(t.Context(), cfg, t.Output())
	must(t, err)
	must(t, os.Remove(s.cfg.KeyFile)) // which a folder that has data cannot do without
	_, err = s.SaveSnapshot(t.Context(), store.Actor{}, "x")
	if !errors.Is(err, mews.ErrUnavailable) {
		t.Errorf("save: %v", err)
	}
	ended := make(chan error, 1)
	go func() { ended <- s.Wait() }()
	select {
	case err := <-ended:
		if err == nil || !strings.Contains(err.Error(), "key file") {
			t.Errorf("it ended with %v", err)
		}
	case <-time.After(time.Minute):
		t.Fatal("the server goes on")
	}
}
