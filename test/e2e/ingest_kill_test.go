//go:build e2e

package e2e

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/harness"
)

// A fleet writes telemetry of which it knows every number: each line looks up
// one name on one host in one process.
type fleet struct {
	rng   *rand.Rand
	lines int
	count map[[2]int]int64 // name, host -> lines
}

const fleetNames, fleetHosts = 5, 7

func name(n int) string { return fmt.Sprintf("name-%d.example", n) }
func host(n int) string { return fmt.Sprintf("%032x", 0xf1ee7+n) }

// write makes n lines that nobody has written before.
func (f *fleet) write(n int) []byte {
	var b bytes.Buffer
	for range n {
		what, where := f.rng.IntN(fleetNames), f.rng.IntN(fleetHosts)
		f.lines++
		f.count[[2]int{what, where}]++
		fmt.Fprintf(&b, `{"event_simpleName":"DnsRequest","aid":"%s","timestamp":"%d","ContextProcessId":"%d","DomainName":"%s","id":"%d"}`+"\n",
			host(where), 1772366400000+int64(f.lines), f.lines, name(what), f.lines)
	}
	return b.Bytes()
}

// check compares what the server counted with what was written: every line, once.
func (f *fleet) check(t *testing.T, c *mews.Client) {
	t.Helper()
	for what := range fleetNames {
		var got, want int64
		seen := map[string]int64{}
		q := mews.SightingQuery{Observable: mews.Observable{Type: mews.TypeDomain, Value: name(what)}}
		env, err := c.Sightings().List(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range env.Resources {
			seen[s.DeviceID] = s.Count
			got += s.Count
		}
		for where := range fleetHosts {
			n := f.count[[2]int{what, where}]
			want += n
			if seen[host(where)] != n {
				t.Errorf("%s on %s: counted %d, written %d", name(what), host(where), seen[host(where)], n)
			}
		}
		if got != want {
			t.Errorf("%s: counted %d, written %d", name(what), got, want)
		}
	}
}

// TestKilledIngest kills the server and the program that ships to it at random
// moments, while logs grow, turn and are packed. In the end every line was
// counted, and none twice.
func TestKilledIngest(t *testing.T) {
	if *seed == 0 {
		*seed = rand.Uint64()
	}
	rounds := max(*kills/2, 4)
	t.Logf("seed=%d rounds=%d", *seed, rounds)
	f := &fleet{rng: rand.New(rand.NewPCG(*seed, 2)), count: map[[2]int]int64{}}
	dir := t.TempDir()
	logs, state := filepath.Join(dir, "logs"), filepath.Join(dir, "state")
	must(t, os.Mkdir(logs, 0o700))
	opts := harness.Options{Data: filepath.Join(dir, "data"), Args: unlimited}
	start := func() *harness.Server {
		s, err := harness.Start(t.Context(), opts)
		must(t, err)
		opts.ClientID, opts.ClientSecret = s.ClientID, s.ClientSecret
		return s
	}
	s := start()
	for round := range rounds {
		f.grow(t, logs, round)
		ship := s.Command(t.Context(), "ingest", "dir", logs, "--checkpoints", state, "--parallel", "3")
		begun := begins(state)
		must(t, ship.Start())
		// The moments that matter lie between a chunk's begin and its end.
		for wait := time.Now().Add(2 * time.Second); begins(state) == begun && time.Now().Before(wait); {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(time.Duration(f.rng.IntN(40_000)) * time.Microsecond)
		if f.rng.IntN(2) == 0 {
			s.Kill()
			time.Sleep(time.Duration(f.rng.IntN(100)) * time.Millisecond)
			end(ship)
			s = start()
		} else {
			end(ship)
		}
	}
	f.grow(t, logs, rounds)
	for range 2 { // the second finds nothing to do
		out, err := s.Command(t.Context(), "ingest", "dir", logs, "--checkpoints", state).CombinedOutput()
		if err != nil {
			t.Fatalf("the last run: %v\n%s", err, out)
		}
	}
	c := client(t, s)
	f.check(t, c)
	must(t, c.Close())
	must(t, s.Stop())
	s = start()
	c = client(t, s)
	f.check(t, c)
	must(t, c.Close())
	must(t, s.Stop())
	t.Logf("%d lines, each counted once", f.lines)
}

// begins counts the chunks that the checkpoints name.
func begins(state string) int {
	text, _ := os.ReadFile(filepath.Join(state, "journal")) // there is none at first
	return bytes.Count(text, []byte(`"begin"`))
}

// end kills a program that may have ended by itself.
func end(cmd *exec.Cmd) {
	_ = cmd.Process.Signal(syscall.SIGKILL)
	_ = cmd.Wait()
}

// grow writes more: to a log that stays open, to one that turns, and a packed
// one.
func (f *fleet) grow(t *testing.T, logs string, round int) {
	t.Helper()
	appendTo(t, filepath.Join(logs, "sensor.log"), f.write(200+f.rng.IntN(20_000)))
	turning := filepath.Join(logs, "turning.log")
	appendTo(t, turning, f.write(1+f.rng.IntN(3000)))
	if round%3 == 2 {
		must(t, os.Rename(turning, fmt.Sprintf("%s.%d", turning, round)))
	}
	var packed bytes.Buffer
	z := gzip.NewWriter(&packed)
	_, err := z.Write(f.write(1 + f.rng.IntN(5000)))
	must(t, err)
	must(t, z.Close())
	must(t, os.WriteFile(filepath.Join(logs, fmt.Sprintf("part-%d.gz", round)), packed.Bytes(), 0o600))
}

func appendTo(t *testing.T, path string, text []byte) {
	t.Helper()
	file, err := os.OpenFile(path, os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	must(t, err)
	_, err = file.Write(text)
	must(t, err)
	must(t, file.Close())
}

// TestFollowThroughOutages: a program that follows a log ships through the deaths
// of its server.
func TestFollowThroughOutages(t *testing.T) {
	f := &fleet{rng: rand.New(rand.NewPCG(3, 2)), count: map[[2]int]int64{}}
	dir := t.TempDir()
	opts := harness.Options{Data: filepath.Join(dir, "data"), Args: append([]string{"--listen", freeAddress(t)}, unlimited...)}
	start := func() *harness.Server {
		s, err := harness.Start(t.Context(), opts)
		must(t, err)
		opts.ClientID, opts.ClientSecret = s.ClientID, s.ClientSecret
		return s
	}
	s := start()
	log := filepath.Join(dir, "sensor.log")
	appendTo(t, log, f.write(100))
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	ship := s.Command(ctx, "ingest", "files", log, "--follow", "--checkpoints", filepath.Join(dir, "state"))
	var told bytes.Buffer
	ship.Stdout, ship.Stderr = &told, &told
	must(t, ship.Start())
	for range 3 {
		appendTo(t, log, f.write(500))
		time.Sleep(time.Duration(200+f.rng.IntN(1200)) * time.Millisecond)
		s.Kill()
		appendTo(t, log, f.write(500))
		s = start()
	}
	c := client(t, s)
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(200 * time.Millisecond) {
		if f.seen(t, c) == int64(f.lines) {
			break
		}
	}
	must(t, ship.Process.Signal(syscall.SIGTERM))
	if err := ship.Wait(); err != nil {
		t.Errorf("the follower ended with %v:\n%s", err, told.String())
	}
	f.check(t, c)
	must(t, c.Close())
	must(t, s.Stop())
}

// seen is how many lines the server has counted.
func (f *fleet) seen(t *testing.T, c *mews.Client) (n int64) {
	t.Helper()
	for what := range fleetNames {
		env, err := c.Sightings().List(t.Context(), mews.SightingQuery{Observable: mews.Observable{Type: mews.TypeDomain, Value: name(what)}})
		must(t, err)
		for _, s := range env.Resources {
			n += s.Count
		}
	}
	return n
}

// freeAddress is an address that a server can come back to.
func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	defer l.Close()
	return l.Addr().String()
}
