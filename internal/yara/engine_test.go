package yara

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/query"
)

func source(data []byte) func() (io.Reader, error) {
	return func() (io.Reader, error) { return bytes.NewReader(data), nil }
}

func fakePool(t *testing.T, mode string, n int) *Pool {
	t.Helper()
	e := fakeEngine(t, mode)
	rs, err := e.Compile(t.Context(), "", fakeSource)
	if err != nil {
		t.Fatalf("compile: %v", err)
	}
	p, err := e.Pool(t.Context(), "", fakeSource, rs, n)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		p.Close()
		if n := len(e.scanning) + len(e.compiling); n != 0 {
			t.Errorf("%d slots are still taken", n)
		}
	})
	return p
}

func TestCompileWithAGoodWorker(t *testing.T) {
	rs, err := fakeEngine(t, "good").Compile(t.Context(), "", fakeSource)
	if err != nil {
		t.Fatal(err)
	}
	if rs.Plan.String() != `"evil"` || len(rs.Rules) != 2 || len(rs.Rules[0].Tags) != 1 || !query.Indexable(rs.Plan) {
		t.Errorf("ruleset %+v with plan %s", rs, rs.Plan)
	}
}

func TestCompileDistrustsTheWorker(t *testing.T) {
	for mode, want := range map[string]struct {
		text string
		is   func(error) bool
	}{
		"garbage":     {"does not greet", isUnavailable},
		"silent":      {"does not greet", isUnavailable},
		"exits":       {"no luck", isUnavailable},
		"protocol1":   {"speaks protocol 1", isUnavailable},
		"nowall":      {"landlock: no[31m kernel support", isUnavailable},
		"compilehang": {"rule could not be compiled: timeout", isLimit},
		"compiledie":  {"rule could not be compiled", isLimit},
		"reject":      {"line 3: bad[31mthing more", isCompile},
		"rejectodd":   {"REJECT for reason", isProtocol},
		"wronghash":   {"another source", isProtocol},
		"wrongengine": {"different versions", isProtocol},
		"foreignrule": {`rule "unheard"`, isProtocol},
		"noplan":      {"plan of rule evil", isProtocol},
		"badplan":     {"plan of rule evil", isProtocol},
		"flood":       {"frame of type 0", isProtocol},
		"resultfirst": {"after RULES", isProtocol},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			e := fakeEngine(t, mode)
			e.greeting = 3 * time.Second
			if mode == "silent" {
				e.greeting = 50 * time.Millisecond
			}
			_, err := e.Compile(t.Context(), "", fakeSource)
			if err == nil || !strings.Contains(strings.Replace(err.Error(), "column 0: ", "", 1), want.text) && !strings.Contains(strings.Replace(err.Error(), ", column 0", "", 1), want.text) || !want.is(err) {
				t.Fatalf("error %v (%T), want one with %q", err, err, want.text)
			}
		})
	}
}

func isUnavailable(err error) bool { return errors.Is(err, ErrUnavailable) }
func isLimit(err error) bool       { _, ok := errors.AsType[*LimitError](err); return ok }
func isCompile(err error) bool     { _, ok := errors.AsType[*CompileError](err); return ok }
func isProtocol(err error) bool    { _, ok := errors.AsType[*ProtocolError](err); return ok }

func TestMissingWorker(t *testing.T) {
	for _, path := range []string{"", "/nowhere/mews-yara"} {
		_, err := New(Options{Path: path}).Compile(t.Context(), "", fakeSource)
		if !isUnavailable(err) || !strings.Contains(err.Error(), "not installed") {
			t.Errorf("path %q: %v", path, err)
		}
	}
	if _, err := New(Options{}).Compile(t.Context(), "", "include \"x\""); !isLimit(err) {
		t.Errorf("a text over the limits needs no worker to be refused: %v", err)
	}
}

func TestBestEffortRunsWithoutAWall(t *testing.T) {
	e := fakeEngine(t, "nowall")
	e.o.Sandbox = SandboxBestEffort
	if s, err := e.Status(t.Context()); err != nil || len(s.Walls) != 4 {
		t.Fatalf("status %+v, %v", s, err)
	}
}

func TestScan(t *testing.T) {
	p := fakePool(t, "good", 2)
	big := append(bytes.Repeat([]byte("x"), 3<<20), "evil"...)
	for _, tt := range []struct {
		data []byte
		want Outcome
	}{
		{nil, NoMatch}, {[]byte("good"), NoMatch}, {[]byte("so evil"), Match}, {big, Match}, {make([]byte, 4<<20+1), Skipped},
	} {
		v, err := p.Scan(t.Context(), int64(len(tt.data)), source(tt.data))
		if err != nil || v.Outcome != tt.want {
			t.Errorf("%d bytes: %+v, %v, want %s", len(tt.data), v, err, tt.want)
		}
		if v.Outcome == Match && v.Rules[0].Patterns[0].Hits[0].Offset != int64(len(tt.data)-4) {
			t.Errorf("hit at %+v", v.Rules[0].Patterns[0].Hits)
		}
	}
	if len(p.idle) != 1 {
		t.Errorf("%d workers for a row of scans, want one", len(p.idle))
	}
	w := <-p.idle
	w.files = 999 // worn after the next one
	p.idle <- w
	if _, err := p.Scan(t.Context(), 1, source([]byte("x"))); err != nil || len(p.idle) != 0 {
		t.Errorf("a worn worker stays: %v, %d idle", err, len(p.idle))
	}
}

func TestScansSideBySide(t *testing.T) {
	p := fakePool(t, "good", 3)
	p.e.scanning = make(chan struct{}, 2) // the engine allows fewer than the pool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			for range 20 {
				if v, err := p.Scan(t.Context(), 4, source([]byte("evil"))); err != nil || v.Outcome != Match {
					t.Errorf("%+v, %v", v, err)
				}
			}
		})
	}
	wg.Wait()
}

// Two pools share one slot: the idle worker of one must not keep the other out.
func TestPoolsTakeTurns(t *testing.T) {
	p := fakePool(t, "good", 1)
	p.e.scanning = make(chan struct{}, 1)
	q, err := p.e.Pool(t.Context(), "", fakeSource, p.want, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer q.Close()
	if _, err := p.Scan(t.Context(), 1, source([]byte("x"))); err != nil {
		t.Fatal(err)
	}
	p.Yield()
	if len(p.idle) != 1 {
		t.Fatal("gave up its worker though nobody waits")
	}
	done := make(chan error, 1)
	go func() {
		_, err := q.Scan(t.Context(), 1, source([]byte("x")))
		done <- err
	}()
	for p.e.waiting.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	p.Yield()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestScanDistrustsTheWorker(t *testing.T) {
	for mode, want := range map[string]Verdict{
		"hang":          {Outcome: Error, Reason: "timeout"},
		"deaf":          {Outcome: Error, Reason: "timeout"},
		"timeout":       {Outcome: Error, Reason: "timeout"},
		"die":           {Outcome: Error, Reason: "scanner crashed", Crashed: true},
		"cut":           {Outcome: Error, Reason: "scanner ended early", Crashed: true},
		"oversize":      {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"notjson":       {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"wrongid":       {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"hitoutside":    {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"negativehit":   {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"hugehit":       {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"privaterule":   {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"otherrule":     {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"emptymatch":    {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"cappednomatch": {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"skips":         {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"cleanother":    {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"cleanshort":    {Outcome: Error, Reason: "scanner broke the protocol", Crashed: true},
		"stderr":        {Outcome: NoMatch},
	} {
		t.Run(mode, func(t *testing.T) {
			t.Parallel()
			p := fakePool(t, mode, 1)
			begin := time.Now()
			data := make([]byte, 2<<20) // more than a pipe holds
			v, err := p.Scan(t.Context(), int64(len(data)), source(data))
			v.CPU = 0
			if err != nil || v.Outcome != want.Outcome || v.Reason != want.Reason || v.Crashed != want.Crashed {
				t.Fatalf("%+v, %v, want %+v", v, err, want)
			}
			if took := time.Since(begin); took > 15*time.Second {
				t.Errorf("took %v", took)
			}
		})
	}
}

func TestScanRetriesAfterACrash(t *testing.T) {
	p := fakePool(t, "dielater", 1)
	for range 4 {
		if v, err := p.Scan(t.Context(), 4, source([]byte("evil"))); err != nil || v.Outcome != Match {
			t.Fatalf("%+v, %v", v, err)
		}
	}
}

func TestScanFailsWhenTheWorkerChanges(t *testing.T) {
	p := fakePool(t, "changes", 1)
	if v, err := p.Scan(t.Context(), 4, source([]byte("evil"))); err == nil {
		t.Fatalf("verdict %+v from another ruleset", v)
	}
}

func TestScanOfABadSource(t *testing.T) {
	broken := errors.New("bad frame")
	for name, open := range map[string]func() (io.Reader, error){
		"open":   func() (io.Reader, error) { return nil, broken },
		"middle": func() (io.Reader, error) { return io.MultiReader(strings.NewReader("ev"), failing{broken}), nil },
		"end":    func() (io.Reader, error) { return io.MultiReader(strings.NewReader("evil"), failing{broken}), nil },
		"short":  func() (io.Reader, error) { return strings.NewReader("evi"), nil },
		"long":   func() (io.Reader, error) { return strings.NewReader("evil!"), nil },
	} {
		t.Run(name, func(t *testing.T) {
			p := fakePool(t, "good", 1)
			v, err := p.Scan(t.Context(), 4, open)
			if _, ok := errors.AsType[*ReadError](err); !ok {
				t.Fatalf("%+v, %v", v, err)
			}
			if v, err := p.Scan(t.Context(), 4, source([]byte("evil"))); err != nil || v.Outcome != Match {
				t.Fatalf("the next file: %+v, %v", v, err)
			}
		})
	}
}

type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }

func TestScanEndsWithItsContext(t *testing.T) {
	p := fakePool(t, "hang", 1)
	p.e.o.File = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	if v, err := p.Scan(ctx, 4, source([]byte("evil"))); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%+v, %v", v, err)
	}
}

func FuzzFrames(f *testing.F) {
	frame := func(kind byte, payload string) []byte {
		var b bytes.Buffer
		_ = writeFrame(&b, kind, []byte(payload))
		return b.Bytes()
	}
	f.Add(frame(frameHello, `{"protocol":1,"walls":[{"name":"rlimits","up":true}]}`))
	f.Add(frame(frameReady, `{"hash":"00","rules":[{"name":"evil","plan":{"lit":"6576696c"}}]}`))
	f.Add(frame(frameReject, `{"reason":"compile","errors":[{"line":1,"column":2,"message":"x"}]}`))
	f.Add(frame(frameResult, `{"id":1,"outcome":"match","rules":[{"name":"evil","patterns":[{"id":"$a","count":1,"matches":[[0,4]]}]}]}`))
	f.Add([]byte{255, 255, 255, 255, frameResult})
	f.Fuzz(func(t *testing.T, in []byte) {
		kind, payload, err := (&frameReader{r: bytes.NewReader(in)}).next()
		if err != nil {
			return
		}
		if want := in[5 : 5+binary.LittleEndian.Uint32(in)]; !bytes.Equal(payload, want) {
			t.Fatalf("payload %q of %q", payload, in)
		}
		switch kind {
		case frameHello:
			if m, err := unpack[helloMessage](payload); err == nil {
				_ = New(Options{}).admit(m)
			}
		case frameReady:
			if m, err := unpack[readyMessage](payload); err == nil {
				_, _ = m.ruleset(fakeSource, helloMessage{Engine: m.Engine, Plan: m.Plan}, true)
			}
		case frameReject:
			if m, err := unpack[rejectMessage](payload); err == nil && m.err() == nil {
				t.Fatal("a refusal without an error")
			}
		case frameResult:
			m, err := unpack[resultMessage](payload)
			if err != nil {
				return
			}
			v, err := m.verdict(m.ID, 100, map[string]Rule{"evil": {Name: "evil"}})
			if err == nil && v.Outcome == NoMatch && len(m.Rules)+len(m.Capped) > 0 {
				t.Fatalf("no match with %s", payload)
			}
		}
	})
}
