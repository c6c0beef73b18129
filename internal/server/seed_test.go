package server

import (
	"context"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

// TestSeedFillsEveryFamily asks a server with made-up data for all of it, by the
// public API, and a second one with the same seed for the same.
func TestSeedFillsEveryFamily(t *testing.T) {
	t.Parallel()
	ask := func(seed int) map[string][]string {
		cfg := testConfig(t)
		cfg.Seed, cfg.SeedValue = seedDemo, seed
		return names(t, clientOf(t, mustStart(t, t.Context(), cfg)))
	}
	first, again, other := ask(1), ask(1), ask(2)
	for family, ids := range first {
		if len(ids) == 0 {
			t.Errorf("no %s", family)
		}
		if !slices.Equal(ids, again[family]) {
			t.Errorf("%s: the same seed gives %q, then %q", family, ids, again[family])
		}
	}
	for _, family := range []string{"hosts", "samples", "quarantined files", "customer"} {
		if slices.ContainsFunc(first[family], func(id string) bool { return slices.Contains(other[family], id) }) {
			t.Errorf("%s of two seeds are the same: %q %q", family, first[family], other[family])
		}
	}
	states := map[string]bool{}
	for _, s := range first["states"] {
		states[strings.SplitN(s, " ", 2)[1]] = true
	}
	if !slices.Equal(first["statuses"], []string{"closed", "open", "reopen"}) {
		t.Errorf("vulnerabilities are %q", first["statuses"])
	}
	if deleted := slices.DeleteFunc(first["intelligence"], func(id string) bool { return strings.HasSuffix(id, "false") }); len(deleted) != 3 {
		t.Errorf("deleted intelligence: %q", deleted)
	}
	for _, want := range []string{"quarantined quarantined", "released released", "released release_pending", "purged purged"} {
		if !states[want] {
			t.Errorf("no record is %s: %q", want, slices.Sorted(maps.Keys(states)))
		}
	}
}

// names lists, by family, what the same seed gives again: in order where a query
// gives an order.
func names(t *testing.T, c *mews.Client) map[string][]string {
	t.Helper()
	ctx, out := t.Context(), map[string][]string{}
	add := func(family string, err error, ids ...string) {
		if err != nil {
			t.Fatalf("%s: %v", family, err)
		}
		out[family] = append(out[family], ids...)
	}
	for id, err := range c.Hosts().All(ctx, mews.RecordQuery{Sort: "hostname.asc"}) {
		add("hosts", err, id)
	}
	for id, err := range c.Quarantine().All(ctx, mews.RecordQuery{Sort: "date_created.asc"}) {
		add("quarantined files", err, id)
	}
	records, err := c.Quarantine().Get(ctx, out["quarantined files"]...)
	add("states", err)
	for _, r := range records.Resources {
		add("states", nil, r.Paths[0].Filename+" "+r.State+" "+r.Paths[0].State)
		add("customer", nil, r.CID)
		add("samples", nil, r.SHA256)
	}
	details, err := c.Quarantine().Details(ctx, out["quarantined files"]...)
	add("files that never came", err)
	for _, r := range details.Resources {
		if !r.HasBytes {
			add("files that never came", nil, r.Paths[0].Path)
		}
	}
	for i, err := range c.IOCs().All(ctx, mews.RecordQuery{Sort: "value.asc"}) {
		add("indicators", err, i.ID+" "+i.Value+" "+i.Action)
	}
	legacy, err := c.LegacyIOCs().Query(ctx, mews.LegacyIOCQuery{Types: []string{mews.TypeDomain}})
	add("legacy indicators", err, slices.Sorted(slices.Values(legacy.Resources))...)
	for d, err := range c.Detections().All(ctx, mews.RecordQuery{}) {
		add("detections", err, d.ID+" "+d.ProcessID)
	}
	slices.Sort(out["detections"])
	weak, err := c.Vulnerabilities().Combined(ctx, mews.RecordQuery{Filter: "cve.id:*'CVE-*'", Limit: 1000})
	add("vulnerabilities", err)
	for _, v := range weak.Resources {
		add("vulnerabilities", nil, v.ID+" "+v.Status)
		add("statuses", nil, v.Status)
	}
	slices.Sort(out["vulnerabilities"])
	slices.Sort(out["statuses"])
	out["statuses"] = slices.Compact(out["statuses"])
	for i, err := range c.Intel().All(ctx, mews.IntelQuery{IncludeDeleted: true}) {
		add("intelligence", err, fmt.Sprint(i.ID, " ", i.Deleted))
	}
	slices.Sort(out["intelligence"])
	seen, err := c.Sightings().Devices(ctx, mews.SightingQuery{Observable: mews.Observable{Type: mews.TypeDomain, Value: "cdn.demo-loader.example.com"}})
	add("devices that met a domain", err, seen.Resources...)
	search, err := c.MalQuery().ExactSearch(ctx, mews.SearchRequest{Patterns: []mews.Pattern{{Type: "ascii", Value: "mews demo specimen: DemoLoader"}}})
	add("files with a text", err)
	found, err := c.MalQuery().Wait(ctx, search.ReqID, nil)
	add("files with a text", err)
	for _, s := range found.Resources {
		add("files with a text", nil, s.SHA256)
	}
	slices.Sort(out["files with a text"])
	return out
}

// TestSeedLeavesDataAlone: a folder is filled when it is empty, and served again
// with the same seed; whatever else it holds is not touched.
func TestSeedLeavesDataAlone(t *testing.T) {
	t.Parallel()
	start := func(cfg Config) error {
		s, err := Start(t.Context(), cfg, io.Discard)
		if err == nil {
			err = s.Close(context.Background())
		}
		return err
	}
	real := testConfig(t)
	if err := start(real); err != nil {
		t.Fatal(err)
	}
	real.Seed = seedDemo
	if err := start(real); err == nil || !strings.Contains(err.Error(), "has data already") {
		t.Fatalf("a folder with data was filled: %v", err)
	}

	seeded := testConfig(t)
	seeded.Seed = seedDemo
	if err := start(seeded); err != nil {
		t.Fatal(err)
	}
	s := mustStart(t, t.Context(), seeded)
	if ready := s.Ready(); ready.ClientID != "" {
		t.Fatalf("the second start made another client: %+v", ready)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	seeded.SeedValue = 2
	if err := start(seeded); err == nil || !strings.Contains(err.Error(), "filled with demo 1") {
		t.Fatalf("a folder got a second story: %v", err)
	}
	seeded.Seed, seeded.SeedValue = "", 1
	if err := start(seeded); err != nil {
		t.Fatalf("made-up data without the setting: %v", err)
	}
}

// TestSeedClient: a client that programs know beforehand logs in, its id and
// secret being checked, and only a server of made-up data has one.
func TestSeedClient(t *testing.T) {
	t.Parallel()
	const id = "00112233445566778899aabbccddeeff"
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("a secret for the build server\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := testConfig(t)
	cfg.SeedClient = id + ":" + file
	if err := cfg.Validate(); err == nil || !strings.Contains(err.Error(), "seed_client") {
		t.Fatalf("a known client beside real data: %v", err)
	}
	cfg.Seed = seedDemo
	s := mustStart(t, t.Context(), cfg)
	if s.Ready().ClientID != id {
		t.Fatalf("the client is %s", s.Ready().ClientID)
	}
	c, err := mews.NewClient(s.Ready().BaseURL, mews.WithCredentials(id, "a secret for the build server"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := c.MalQuery().Quotas(t.Context()); err != nil {
		t.Fatal(err)
	}
	for name, client := range map[string]string{
		"no file": id, "an id that is none": "me:" + file, "a file that is not there": id + ":" + file + "2",
	} {
		cfg := testConfig(t)
		cfg.Seed, cfg.SeedClient = seedDemo, client
		if _, err := Start(t.Context(), cfg, io.Discard); err == nil {
			t.Errorf("%s: the server started", name)
		}
	}
	if err := os.WriteFile(file, []byte("short"), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg = testConfig(t)
	cfg.Seed, cfg.SeedClient = seedDemo, id+":"+file
	if _, err := Start(t.Context(), cfg, io.Discard); err == nil || !strings.Contains(err.Error(), "secret") {
		t.Errorf("a short secret: %v", err)
	}
}

func clientOf(t *testing.T, s *Server) *mews.Client {
	t.Helper()
	r := s.Ready()
	c, err := mews.NewClient(r.BaseURL, mews.WithCredentials(r.ClientID, r.ClientSecret))
	if err != nil {
		t.Fatal(err)
	}
	return c
}
