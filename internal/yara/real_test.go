package yara

import (
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/internal/yara/yaratest"
)

// realEngine uses the built worker.
func realEngine(t *testing.T) *Engine {
	t.Helper()
	e := New(Options{Path: yaratest.Worker(t), Sandbox: SandboxBestEffort, File: 2 * time.Second})
	t.Cleanup(func() { _ = e.Close() })
	s, err := e.Status(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("%s with %s, namespaces %v, walls %+v", s.Worker, s.Engine, !e.plainStart.Load(), s.Walls)
	return e
}

func TestRealWorker(t *testing.T) {
	e := realEngine(t)
	src := `
private rule header { condition: uint16(0) == 0x5A4D }
rule one : tag { strings: $a = "needle in the hay" $b = "xy" condition: header and $a and #b < 2000000 }
rule two { strings: $w = "wide needle" wide condition: $w }`
	rs, err := e.Compile(t.Context(), "", src)
	if err != nil {
		t.Fatal(err)
	}
	if len(rs.Rules) != 3 || !rs.Rules[0].Private || !query.Indexable(rs.Plan) {
		t.Fatalf("%+v, plan %s", rs.Rules, rs.Plan)
	}
	p, err := e.Pool(t.Context(), "", src, rs, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	wide := strings.Join(strings.Split("wide needle", ""), "\x00") + "\x00"
	for data, want := range map[string]Outcome{
		"":                            NoMatch,
		"MZ needle in the hay":        Match,
		"xx needle in the hay":        NoMatch,
		"......" + wide:               Match,
		strings.Repeat("xy", 1<<20):   Uncertain, // 1,048,576 hits are over the cap
		strings.Repeat("z", 3<<20+17): NoMatch,
	} {
		v, err := p.Scan(t.Context(), int64(len(data)), source([]byte(data)))
		if err != nil || v.Outcome != want {
			t.Errorf("%.20q: %+v, %v, want %s", data, v, err, want)
		}
	}
}

func TestRealWorkerRefuses(t *testing.T) {
	e := realEngine(t)
	for src, is := range map[string]func(error) bool{
		"Some Yara rule": isCompile,
		`rule a { strings: $a = "x" condition: }`:                      isCompile,
		`import "cuckoo" rule a { condition: cuckoo.sync.mutex(/x/) }`: isCompile,
		`include "/etc/hostname"`:                                      isLimit,
	} {
		_, err := e.Compile(t.Context(), "", src)
		if !is(err) || strings.Contains(err.Error(), "/etc/") {
			t.Errorf("%.40q: %v (%T)", src, err, err)
		}
	}
}

// Rules known to overrun the engine's own timeout must end in an error at the
// latest one second after the limit, and the worker's successor works.
func TestRealWorkerEndsBombs(t *testing.T) {
	e := realEngine(t)
	e.o.File = time.Second
	data := []byte(strings.Repeat("a", 4<<20))
	for _, src := range []string{
		`rule a { strings: $a = /((a{1,900}){1,900}){1,900}b/ condition: $a }`,
		`rule a { strings: $a = { 61 [0-] 61 [0-] 61 [0-] 62 } condition: $a }`,
		`rule a { condition: for all i in (1..100000000) : ( for all j in (1..100000000) : ( i + j > 0 ) ) }`,
		`import "hash" rule a { condition: for all i in (1..100000000) : ( hash.sha256(0, filesize) != "x" ) }`,
	} {
		rs, err := e.Compile(t.Context(), "", src)
		if err != nil {
			t.Logf("%.60s: refused: %v", src, err)
			continue
		}
		p, err := e.Pool(t.Context(), "", src, rs, 1)
		if err != nil {
			t.Fatal(err)
		}
		begin := time.Now()
		v, err := p.Scan(t.Context(), int64(len(data)), source(data))
		took := time.Since(begin)
		if err != nil || v.Outcome != Error && v.Outcome != Uncertain || took > 5*time.Second {
			t.Errorf("%.60s: %+v, %v after %v", src, v, err, took)
		}
		p.Close()
	}
}

// What the worker plans is what this program reads.
func TestRealPlans(t *testing.T) {
	e := realEngine(t)
	for pattern, want := range map[string]string{
		`"needle"`:                        `"needle"`,
		`"needle" nocase`:                 `"needle"i`,
		`{ 41 42 43 44 ?? 45 4? 47 48 }`:  `masked(414243440045404748,ffffffff00fff0ffff)`,
		`/ab[Cc]d.{2}efg/`:                `and(masked(616243640000656667,ffffdfff0000ffffff),or("abcd","abCd"))`,
		`"abcd" xor(1-2)`:                 "or(\"`cbe\",\"c`af\")",
		`{ 41 42 43 44 [4-] 45 46 47 }`:   `and("ABCD","EFG")`,
		`{ 41 42 43 44 [2] 45 46 47 48 }`: `masked(41424344000045464748,ffffffff0000ffffffff)`,
	} {
		rs, err := e.Compile(t.Context(), "", "rule r { strings: $a = "+pattern+" condition: $a }")
		if err != nil {
			t.Fatal(err)
		}
		if got := rs.Plan.String(); got != want {
			t.Errorf("%s is planned as %s, want %s", pattern, got, want)
		}
	}
	rs, err := e.Compile(t.Context(), "", "rule r { condition: filesize > 9 }")
	if err != nil || rs.Rules[0].Why == nil || rs.Rules[0].Why.Code != "metadata" {
		t.Errorf("%+v, %v", rs.Rules, err)
	}
}
