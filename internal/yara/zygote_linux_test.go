package yara

import (
	"fmt"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// keptFork compiles with the real worker and gives the fork that is kept.
func keptFork(t *testing.T, e *Engine) *fork {
	t.Helper()
	if _, err := e.Compile(t.Context(), "me", smallRule); err != nil {
		t.Fatal(err)
	}
	e.bench.mu.Lock()
	defer e.bench.mu.Unlock()
	f, ok := e.bench.queue[len(e.bench.queue)-1].w.program.(*fork)
	if !ok {
		t.Fatal("the worker is no fork")
	}
	return f
}

func (f *fork) processID(t *testing.T) string {
	t.Helper()
	f.mu.Lock()
	defer f.mu.Unlock()
	info, err := os.ReadFile(fmt.Sprintf("/proc/self/fdinfo/%d", f.handle))
	if err != nil {
		t.Fatal(err)
	}
	pid := regexp.MustCompile(`(?m)^Pid:\s*(\d+)$`).FindSubmatch(info)
	if pid == nil {
		t.Fatalf("no process in %s", info)
	}
	return string(pid[1])
}

// What a fork inherits and what it does itself add up to the walls of a worker
// that was started.
func TestForksStandInTheirWalls(t *testing.T) {
	e := realEngine(t)
	pid := keptFork(t, e).processID(t)
	read := func(name string) string {
		text, err := os.ReadFile("/proc/" + pid + "/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return strings.Join(strings.Fields(string(text)), " ")
	}
	status, limits := read("status"), read("limits")
	for text, in := range map[string]string{
		"NoNewPrivs: 1":                                 status,
		"Seccomp: 2":                                    status,
		"Threads: 2":                                    status,
		"Max cpu time 90 95 seconds":                    limits,
		"Max file size 0 0 bytes":                       limits,
		"Max core file size 0 0 bytes":                  limits,
		"Max open files 8 8 files":                      limits,
		"Max address space 1073741824 1073741824 bytes": limits,
		"Max stack size 16777216 16777216 bytes":        limits,
	} {
		if !strings.Contains(in, text) {
			t.Errorf("%q is not in %s", text, in)
		}
	}
	if fds, err := os.ReadDir("/proc/" + pid + "/fd"); err == nil && len(fds) != 3 {
		t.Errorf("%d descriptors are open, want the pipes and nowhere", len(fds))
	}
}

func TestForksDeathsAreNamed(t *testing.T) {
	for signal, want := range map[unix.Signal]string{
		unix.SIGKILL: "killed", unix.SIGABRT: "memory or stack limit", unix.SIGXCPU: "CPU limit", unix.SIGTRAP: "scanner crashed",
	} {
		e := realEngine(t)
		f := keptFork(t, e)
		if err := f.signal(signal); err != nil {
			t.Fatal(err)
		}
		w := e.bench.queue[0].w
		if _, _, err := w.read(time.Minute); err == nil || err.Error() != want {
			t.Errorf("signal %d: %v, want %q", signal, err, want)
		}
	}
}

// A zygote that dies takes its workers with it and costs no verdict.
func TestZygoteDies(t *testing.T) {
	e := realEngine(t)
	rs, err := e.Compile(t.Context(), "me", smallRule)
	if err != nil {
		t.Fatal(err)
	}
	first := keptFork(t, e)
	first.z.kill()
	<-first.ended
	p, err := e.Pool(t.Context(), "me", smallRule, rs, 1)
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	data := []byte("a needle in the hay")
	if v, err := p.Scan(t.Context(), int64(len(data)), source(data)); err != nil || v.Outcome != Match {
		t.Fatalf("%+v, %v", v, err)
	}
	if f := keptFork(t, e); f.z == first.z {
		t.Error("a dead zygote forks")
	}
}

func TestZygoteIsReplacedAndEnds(t *testing.T) {
	e := realEngine(t)
	last := keptFork(t, e)
	last.z.mu.Lock()
	last.z.begun = zygoteForks - 1
	last.z.mu.Unlock()
	if f := keptFork(t, e); f.z != last.z {
		t.Error("replaced too early")
	}
	if f := keptFork(t, e); f.z == last.z {
		t.Error("not replaced")
	}
	select {
	case <-last.z.gone:
		t.Error("ended before its workers")
	default:
	}
	if err := e.Close(); err != nil {
		t.Fatal(err)
	}
	<-last.z.gone
	if _, known := last.wait(); !known {
		t.Error("it is not known how the worker ended")
	}
	if _, err := e.Compile(t.Context(), "", smallRule); err != nil {
		t.Errorf("a closed engine starts no worker: %v", err)
	}
}

// Where no zygote can be had, workers are started one by one.
func TestWorkersWithoutAZygote(t *testing.T) {
	e := fakeEngine(t, "good") // does not know the flag
	e.forking, e.greeting = true, 300*time.Millisecond
	for range 2 {
		if _, err := e.Compile(t.Context(), "", fakeSource); err != nil {
			t.Fatal(err)
		}
	}
	if e.nursery.now != nil || e.nursery.failed.IsZero() {
		t.Error("a zygote that does not greet is kept")
	}
}
