package yara

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// A caseFile is a file of a batch and what must become of it.
type caseFile struct {
	name string
	File
	want    Outcome
	crashed bool
	unread  bool
}

// closing counts the readers that are open, so that none is forgotten.
type closing struct {
	io.Reader
	open *int
}

func (c closing) Close() error { *c.open--; return nil }

func batchFile(name string, size int, content string, end error, open *int) caseFile {
	data := append(bytes.Repeat([]byte("x"), size), content...)
	c := caseFile{name: name, want: NoMatch, unread: end != nil}
	c.Size = int64(len(data))
	c.Open = func() (io.ReadCloser, error) {
		*open++
		if end != nil {
			return closing{io.MultiReader(bytes.NewReader(data), failing{end}), open}, nil
		}
		return closing{bytes.NewReader(data), open}, nil
	}
	switch content {
	case "evil":
		c.want = Match
	case "crash me":
		c.want, c.crashed = Error, true
	case "stop me":
		c.want = Error
	}
	return c
}

// Whatever a batch is made of, each file gets its own verdict: a crash, a hang
// and an unreadable file are those of the file that caused them, and no other
// file is charged or left out.
func TestScanAll(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed=%d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for round := range 6 {
		p := fakePool(t, "moody", 1)
		var open int
		var files []caseFile
		for i := range 20 + rng.IntN(200) {
			size := rng.IntN(3000)
			if rng.IntN(20) == 0 {
				size = rng.IntN(2 << 20)
			}
			content, end := "", error(nil)
			switch rng.IntN(60) {
			case 0:
				content = "crash me"
			case 1:
				if round == 0 {
					content = "stop me"
				}
			case 2, 3:
				end = errors.New("bad frame")
			case 4, 5, 6, 7, 8, 9:
				content = "evil"
			}
			c := batchFile(fmt.Sprintf("%d: %d bytes, %q, %v", i, size, content, end), size, content, end, &open)
			if rng.IntN(50) == 0 {
				c.Size, c.want, c.crashed, c.unread = p.e.o.MaxFile+1, Skipped, false, false
			}
			files = append(files, c)
		}
		checkBatch(t, p, files)
		if open != 0 {
			t.Errorf("%d readers are still open", open)
		}
	}
}

func checkBatch(t *testing.T, p *Pool, files []caseFile) {
	t.Helper()
	var batch []File
	for _, f := range files {
		batch = append(batch, f.File)
	}
	results, err := p.ScanAll(t.Context(), batch)
	if err != nil || len(results) != len(files) {
		t.Fatalf("%d results, %v", len(results), err)
	}
	for i, f := range files {
		r := results[i]
		_, unread := errors.AsType[*ReadError](r.Err)
		if unread != f.unread || !unread && (r.Outcome != f.want || r.Crashed != f.crashed || r.Err != nil) {
			t.Errorf("file %s: %+v, want %s", f.name, r, f.want)
		}
		if r.Outcome == Match && r.Rules[0].Patterns[0].Hits[0].Offset != f.Size-4 {
			t.Errorf("file %s: hit at %+v", f.name, r.Rules[0].Patterns[0].Hits)
		}
	}
}

func TestScanAllOfNothing(t *testing.T) {
	p := fakePool(t, "good", 1)
	if r, err := p.ScanAll(t.Context(), nil); err != nil || len(r) != 0 || len(p.idle) != 0 {
		t.Errorf("%v, %v, %d workers", r, err, len(p.idle))
	}
}

// A worker that dies of every second file costs no verdict.
func TestScanAllRetriesAlone(t *testing.T) {
	var open int
	var files []caseFile
	for i := range 7 {
		files = append(files, batchFile(fmt.Sprint(i), i, "evil", nil, &open))
	}
	checkBatch(t, fakePool(t, "dielater", 1), files)
}

// Answers that do not fit into the pipe must not keep both sides waiting.
func TestScanAllWithLongAnswers(t *testing.T) {
	var open int
	var files []caseFile
	for i := range 40 {
		files = append(files, batchFile(fmt.Sprint(i), 30<<10, "evil", nil, &open))
	}
	checkBatch(t, fakePool(t, "chatty", 1), files)
}

func TestScanAllReplacesWornWorkers(t *testing.T) {
	var open int
	var files []caseFile
	for i := range 2_500 {
		files = append(files, batchFile(fmt.Sprint(i), 10, "", nil, &open))
	}
	p := fakePool(t, "moody", 1)
	checkBatch(t, p, files)
	if w := <-p.idle; w.files != 500 {
		t.Errorf("the last worker has scanned %d files, want 500", w.files)
	} else {
		p.idle <- w
	}
}

func TestScanAllEndsWithItsContext(t *testing.T) {
	p := fakePool(t, "hang", 1)
	p.e.o.File = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	var open int
	f := batchFile("", 10, "", nil, &open).File
	if r, err := p.ScanAll(ctx, []File{f, f, f}); !errors.Is(err, context.DeadlineExceeded) {
		t.Fatalf("%+v, %v", r, err)
	}
}

// The worker that compiled is the first to scan, for its owner and once.
func TestCompileKeepsItsWorker(t *testing.T) {
	e := fakeEngine(t, "good")
	compile := func(owner string) *Ruleset {
		rs, err := e.Compile(t.Context(), owner, fakeSource)
		if err != nil {
			t.Fatal(err)
		}
		return rs
	}
	scan := func(owner string, rs *Ruleset) *process {
		p, err := e.Pool(t.Context(), owner, fakeSource, rs, 1)
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if v, err := p.Scan(t.Context(), 4, source([]byte("evil"))); err != nil || v.Outcome != Match {
			t.Fatalf("%+v, %v", v, err)
		}
		w := <-p.idle
		p.idle <- w
		return w
	}
	rs := compile("one")
	kept := e.bench.queue[0].w
	if scan("two", rs) == kept {
		t.Error("another owner got the worker")
	}
	if scan("one", rs) != kept {
		t.Error("the owner did not get the worker")
	}
	if scan("one", rs) == kept {
		t.Error("the worker came twice")
	}
	compile("")
	if len(e.bench.queue) != 0 {
		t.Error("a worker without an owner is kept")
	}
	for range benchSeats + 2 {
		compile("one")
	}
	if len(e.bench.queue) != benchSeats {
		t.Errorf("%d workers are kept, want %d", len(e.bench.queue), benchSeats)
	}
	last := e.bench.queue[benchSeats-1].w
	if err := e.Close(); err != nil || !last.ended {
		t.Errorf("a worker outlives the engine: %v", err)
	}
	compile("one")
	if len(e.bench.queue) != 0 {
		t.Error("a closed engine keeps a worker")
	}
}

func TestKeptWorkersEndByThemselves(t *testing.T) {
	e := fakeEngine(t, "good")
	e.bench.keep = time.Millisecond
	if _, err := e.Compile(t.Context(), "one", fakeSource); err != nil {
		t.Fatal(err)
	}
	for begin := time.Now(); ; time.Sleep(time.Millisecond) {
		e.bench.mu.Lock()
		left := len(e.bench.queue)
		e.bench.mu.Unlock()
		if left == 0 {
			return
		}
		if time.Since(begin) > time.Minute {
			t.Fatal("the worker stays")
		}
	}
}

// A kept worker that says something else than what was planned is not used.
func TestKeptWorkerIsChecked(t *testing.T) {
	e := fakeEngine(t, "good")
	rs, err := e.Compile(t.Context(), "one", fakeSource)
	if err != nil {
		t.Fatal(err)
	}
	want := *rs
	want.Engine = "fake 2"
	p, err := e.Pool(t.Context(), "one", fakeSource, &want, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if v, err := p.Scan(t.Context(), 4, source([]byte("evil"))); err == nil || !strings.Contains(err.Error(), "changed") {
		t.Fatalf("%+v, %v", v, err)
	}
}
