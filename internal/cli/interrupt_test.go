package cli

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// interruptAt ends the context at the n-th request to a path.
func interruptAt(f *fake, n int, path string) context.Context {
	ctx, cancel := context.WithCancel(f.t.Context())
	var mu sync.Mutex
	f.intercept = func(_ http.ResponseWriter, r *http.Request) bool {
		mu.Lock()
		defer mu.Unlock()
		if strings.HasPrefix(r.URL.Path, path) {
			if n--; n == 0 {
				cancel()
			}
		}
		return false
	}
	return ctx
}

func TestInterruptCancelsOwnRequest(t *testing.T) {
	f := newFake(t)
	ctx := interruptAt(f, 2, "/mews/entities/requests/")
	_, errOut, code := f.mews(run{ctx: ctx}, "search", "ascii", "slow")
	if code != exitError || strings.Join(f.cancelled, "") != runID || !strings.Contains(errOut, "is cancelled; what it found so far: mews request "+runID) {
		t.Errorf("code %d, cancelled %v, said %q", code, f.cancelled, errOut)
	}
}

func TestInterruptTellsHowToResume(t *testing.T) {
	f := newFake(t)
	ctx := interruptAt(f, 2, "/mews/entities/requests/")
	inner := f.intercept
	f.intercept = func(w http.ResponseWriter, r *http.Request) bool {
		if r.Method == http.MethodDelete {
			f.refuse(w, 500, "broken")
			return true
		}
		return inner(w, r)
	}
	_, errOut, code := f.mews(run{ctx: ctx}, "search", "ascii", "slow")
	if code != exitError || !strings.Contains(errOut, "to resume waiting: mews request "+runID+" --wait") {
		t.Errorf("code %d, said %q", code, errOut)
	}
}

func TestInterruptLeavesOtherRequests(t *testing.T) {
	f := newFake(t)
	ctx := interruptAt(f, 2, "/mews/entities/requests/")
	_, errOut, code := f.mews(run{ctx: ctx}, "request", runID, "--wait")
	if code != exitError || len(f.cancelled) != 0 || !strings.Contains(errOut, "goes on; to wait again: mews request "+runID+" --wait") {
		t.Errorf("code %d, cancelled %v, said %q", code, f.cancelled, errOut)
	}
}

// TestInterruptedCheck: what was checked before the interrupt is printed.
func TestInterruptedCheck(t *testing.T) {
	f := newFake(t)
	dir := t.TempDir()
	for no := range 40 {
		text := fmt.Sprintf("rule r%d { condition: true }", no)
		if err := os.WriteFile(filepath.Join(dir, fmt.Sprintf("%02d.yar", no)), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	ctx := interruptAt(f, 20, "/mews/aggregates/hunt-estimate/")
	out, errOut, code := f.mews(run{ctx: ctx, terminal: []string{"err"}}, "hunt", "--check", dir, "-o", "ndjson")
	rows := strings.Count(out, "\n")
	if code != exitError || rows < 10 || rows >= 40 || !strings.Contains(errOut, fmt.Sprintf("%d of 40 files checked", rows)) ||
		!strings.HasSuffix(errOut, "mews: interrupted\n") {
		t.Errorf("code %d, %d rows, said %q", code, rows, errOut)
	}
}

func TestInterruptElsewhere(t *testing.T) {
	f := newFake(t)
	ctx := interruptAt(f, 1, "/oauth2/token")
	if _, errOut, code := f.mews(run{ctx: ctx}, "quotas"); code != exitError || errOut != "mews: interrupted\n" {
		t.Errorf("code %d, said %q", code, errOut)
	}
}

func TestProgressOnTerminal(t *testing.T) {
	f := newFake(t)
	ctx := interruptAt(f, 6, "/mews/entities/requests/")
	_, errOut, _ := f.mews(run{ctx: ctx, terminal: []string{"err"}}, "request", runID, "--wait")
	if !strings.Contains(errOut, "3/12 candidates") || !strings.Contains(errOut, "4.9 KB read, 1 match") {
		t.Errorf("no progress in %q", errOut)
	}
}

func TestColors(t *testing.T) {
	f := newFake(t)
	for _, tc := range []struct {
		run  run
		args []string
		want bool
	}{
		{run{terminal: []string{"out"}}, []string{"quotas"}, true},
		{run{}, []string{"quotas"}, false},
		{run{terminal: []string{"out"}, env: map[string]string{"NO_COLOR": "1"}}, []string{"quotas"}, false},
		{run{terminal: []string{"out"}, env: map[string]string{"TERM": "dumb"}}, []string{"quotas"}, false},
		{run{terminal: []string{"out"}}, []string{"quotas", "--no-color"}, false},
	} {
		if out, _, code := f.mews(tc.run, tc.args...); strings.Contains(out, "\x1b[") != tc.want || code != exitOK {
			t.Errorf("%+v: colours %v, want %v (code %d)", tc.run, !tc.want, tc.want, code)
		}
	}
}

func TestNoSampleOnTerminal(t *testing.T) {
	f := newFake(t)
	sha := f.put("live", "malware")
	for _, args := range [][]string{{"download", sha, "--raw", "-d", "-"}, {"sample", "get", sha, "--raw", "-d", "-"}, {"download", sha, "-d", "-"}} {
		out, errOut, code := f.mews(run{terminal: []string{"out"}}, args...)
		if out != "" || code != exitUsage || !strings.Contains(errOut, "refusing to write a sample to a terminal") {
			t.Errorf("%v: wrote %q, code %d, said %q", args, out, code, errOut)
		}
	}
}

func TestConfirm(t *testing.T) {
	f := newFake(t)
	sha := f.put("x", "unknown")
	for _, tc := range []struct {
		answer string
		gone   bool
	}{{"", false}, {"n\n", false}, {"maybe\n", false}, {"Yes\n", true}} {
		_, _, code := f.mews(run{stdin: tc.answer, terminal: []string{"in"}}, "sample", "rm", sha)
		if _, there := f.samples[sha]; there == tc.gone || (code == exitOK) != tc.gone {
			t.Errorf("answer %q: there %v, code %d", tc.answer, there, code)
		}
	}
}

func TestHashesFromInput(t *testing.T) {
	f := newFake(t)
	one, two := f.put("one", "malware"), f.put("two", "clean")
	out, _, code := f.mews(run{stdin: strings.ToUpper(one) + "\n\n " + two + "\r\n" + one + "\n"},
		"sample", "info", "-", "-o", "csv", "--fields", "label")
	if code != exitOK || strings.Count(out, "malware") != 1 || strings.Count(out, "clean") != 1 {
		t.Errorf("code %d, wrote %q", code, out)
	}
	if _, _, code := f.mews(run{stdin: "zz\n"}, "sample", "info", "-"); code != exitUsage {
		t.Errorf("a bad hash gave code %d", code)
	}
}
