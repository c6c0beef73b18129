package shipping

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"pgregory.net/rapid"

	"github.com/mewshq/mews/internal/vfs"
)

// A server takes chunks in as the real one does: each key once.
type server struct {
	mu    sync.Mutex
	keys  map[string]bool
	lines []string // in any order
	names []string // path:first line of each chunk
	calls int
	fail  func(call int) error // nil: never
}

func newServer() *server { return &server{keys: map[string]bool{}} }

func (s *server) send(_ context.Context, c *Chunk) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	var err error
	if s.fail != nil {
		err = s.fail(s.calls)
	}
	if errors.Is(err, errBefore) {
		return err
	}
	if !s.keys[c.Key] {
		s.keys[c.Key] = true
		s.names = append(s.names, fmt.Sprintf("%s:%d", filepath.Base(c.Path), c.Line))
		lines := strings.Split(strings.TrimSuffix(string(c.Data), "\n"), "\n")
		if len(lines) != c.Lines {
			return fmt.Errorf("a chunk of %d lines says it has %d", len(lines), c.Lines)
		}
		s.lines = append(s.lines, lines...)
	}
	return err
}

var (
	errBefore = errors.New("lost before it was taken in")
	errAfter  = errors.New("lost after it was taken in")
)

func (s *server) got() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Sorted(slices.Values(s.lines))
}

// A world is a folder of logs, a folder of checkpoints and a server.
type world struct {
	t     testing.TB
	dir   string
	state vfs.FS
	*server
	told []string // what went wrong, or was left
}

func newWorld(t testing.TB) *world {
	return &world{t: t, dir: t.TempDir(), state: vfs.NewMem(), server: newServer()}
}

func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

func (w *world) write(name, text string) {
	w.t.Helper()
	must(w.t, os.MkdirAll(filepath.Dir(w.path(name)), 0o700))
	must(w.t, os.WriteFile(w.path(name), []byte(text), 0o600))
}

func (w *world) append(name, text string) {
	w.t.Helper()
	f, err := os.OpenFile(w.path(name), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o600)
	must(w.t, err)
	_, err = f.WriteString(text)
	must(w.t, errors.Join(err, f.Close()))
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (w *world) options() Options {
	return Options{
		Paths: []string{w.dir}, Send: w.send, Parallel: 3, ChunkBytes: 60, ChunkLines: 5, MaxLine: 1000, Now: time.Now, Poll: time.Hour,
		Found: func(int64) {}, Read: func(int64) {},
		Wrong: func(path string, err error) { w.told = append(w.told, filepath.Base(path)+": "+err.Error()) },
		Left: func(path string, line int) {
			w.told = append(w.told, fmt.Sprintf("%s:%d left", filepath.Base(path), line))
		},
	}
}

// run ships once, with a journal that is opened anew.
func (w *world) run(change ...func(*Options)) error {
	w.t.Helper()
	o := w.options()
	var err error
	o.Journal, err = OpenJournal(w.state, time.Now, func(path string) bool { _, err := os.Stat(path); return err != nil })
	must(w.t, err)
	for _, fn := range change {
		fn(&o)
	}
	return errors.Join(Run(w.t.Context(), o), o.Journal.Close())
}

// text makes n lines that no other call makes.
func text(name string, from, n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "{\"log\":%q,\"line\":%d}\n", name, from+i)
	}
	return b.String()
}

func linesOf(texts ...string) []string {
	return slices.Sorted(strings.Lines(strings.Join(texts, "")))
}

func (w *world) want(texts ...string) {
	w.t.Helper()
	want := linesOf(texts...)
	for i := range want {
		want[i] = strings.TrimSuffix(want[i], "\n")
	}
	if got := w.got(); !slices.Equal(got, want) {
		w.t.Fatalf("%d lines were taken in, want %d:\n%q\nwant\n%q", len(got), len(want), got, want)
	}
}

func gzipped(t testing.TB, text string) string {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	_, err := z.Write([]byte(text))
	must(t, errors.Join(err, z.Close()))
	return b.String()
}

func zstdOf(t testing.TB, text string) string {
	z, err := zstd.NewWriter(nil)
	must(t, err)
	return string(z.EncodeAll([]byte(text), nil))
}

// TestOnce: everything below a folder is handed over once, and what came since
// with the next run.
func TestOnce(t *testing.T) {
	w := newWorld(t)
	w.write("a.log", text("a", 0, 100))
	w.write("data/1/part-0.gz", gzipped(t, text("b", 0, 50))+gzipped(t, text("b", 50, 3)))
	w.write("data/2/part-0.zst", zstdOf(t, text("c", 0, 50)))
	w.write("data/2/_SUCCESS", "no log")
	w.write(".hidden", "no log")
	w.write("data/x.tmp", "no log")
	w.write("empty", "")
	must(t, os.Symlink(w.path("a.log"), w.path("link.log")))
	must(t, w.run())
	all := []string{text("a", 0, 100), text("b", 0, 53), text("c", 0, 50)}
	w.want(all...)
	calls := w.calls
	must(t, w.run())
	if w.calls != calls {
		t.Errorf("nothing new took %d calls", w.calls-calls)
	}
	w.append("a.log", text("a", 100, 7))
	must(t, w.run())
	w.want(append(all, text("a", 100, 7))...)
	if len(w.told) != 0 {
		t.Errorf("told %q", w.told)
	}
	if !slices.Contains(w.names, "a.log:101") {
		t.Errorf("chunks %q: none begins with line 101 of a.log", w.names)
	}
}

// TestNamed: a file that is named is taken whatever its name, also by a link; a
// pattern chooses among those in folders.
func TestNamed(t *testing.T) {
	w := newWorld(t)
	w.write("x/_odd.tmp", text("odd", 0, 3))
	w.write("x/y.json", text("y", 0, 3))
	w.write("x/y.txt", text("no", 0, 3))
	must(t, os.Symlink(w.path("x/_odd.tmp"), w.path("link")))
	must(t, w.run(func(o *Options) { o.Paths, o.Match = []string{w.path("link"), w.path("x")}, "*.json" }))
	w.want(text("odd", 0, 3), text("y", 0, 3))
}

// TestLastLine: a last line without its end waits for it, unless it is whole as
// it stands.
func TestLastLine(t *testing.T) {
	w := newWorld(t)
	w.write("cut", "{\"a\":1}\n{\"b\":")
	w.write("whole", "{\"c\":1}\n{\"d\":2}")
	w.write("words", "<x>\n<y>")
	w.write("packed.gz", gzipped(t, "<z>\n<zz>"))
	must(t, w.run())
	w.want("{\"a\":1}\n", "{\"c\":1}\n{\"d\":2}\n", "<x>\n", "<z>\n<zz>\n")
	if slices.Sort(w.told); fmt.Sprint(w.told) != "[cut:2 left words:2 left]" {
		t.Errorf("told %q", w.told)
	}
	w.append("cut", "3}\n{\"e\":4}\n")
	w.append("whole", "\n{\"f\":5}\n")
	w.append("words", "\n")
	must(t, w.run())
	w.want("{\"a\":1}\n{\"b\":3}\n{\"e\":4}\n", "{\"c\":1}\n{\"d\":2}\n", "\n{\"f\":5}\n", "<x>\n<y>\n", "<z>\n<zz>\n")
}

// TestLongLine: a line beyond the bound is handed over cut, one byte longer than
// the bound, and the lines around it stand.
func TestLongLine(t *testing.T) {
	w := newWorld(t)
	long := strings.Repeat("x", 300_000)
	w.write("a", "{\"a\":1}\n"+long+"\n{\"b\":2}\n"+long[:1000]+"\n")
	must(t, w.run())
	w.want("{\"a\":1}\n", long[:1001]+"\n", "{\"b\":2}\n", long[:1000]+"\n")
}

// TestBroken: a packed file that is damaged gives what comes before, is told of,
// and goes on when it is sound.
func TestBroken(t *testing.T) {
	w := newWorld(t)
	var b strings.Builder
	for i := range 5000 {
		b.WriteString(text(fmt.Sprint(i*i%977), i, 1))
	}
	packed := gzipped(t, b.String())
	w.write("a.gz", packed[:len(packed)*2/3])
	w.write("b.gz", "this is no gzip")
	w.write("c.log", text("c", 0, 9))
	must(t, w.run(func(o *Options) { o.ChunkBytes, o.ChunkLines = 1000, 1000 }))
	if len(w.told) != 2 || !strings.Contains(w.told[0], "a.gz: unexpected EOF") || !strings.Contains(w.told[1], "b.gz: gzip: invalid header") {
		t.Errorf("told %q", w.told)
	}
	if n := len(w.got()); n < 1000 || n >= 5009 {
		t.Errorf("%d lines", n)
	}
	w.write("a.gz.new", packed)
	must(t, os.Rename(w.path("a.gz.new"), w.path("a.gz")))
	must(t, w.run())
	w.want(b.String(), text("c", 0, 9))
}

// TestRotation: a log keeps its place in the journal when it is renamed, and when
// it is packed after that; the file that takes its name is another log.
func TestRotation(t *testing.T) {
	w := newWorld(t)
	w.write("a.log", text("a", 0, 60))
	must(t, w.run())
	w.append("a.log", text("a", 60, 1))
	must(t, os.Rename(w.path("a.log"), w.path("a.log.1")))
	w.write("a.log", text("next", 0, 70))
	must(t, w.run())
	all := []string{text("a", 0, 61), text("next", 0, 70)}
	w.want(all...)
	w.write("a.log.1.gz", gzipped(t, text("a", 0, 61)))
	must(t, os.Remove(w.path("a.log.1")))
	must(t, w.run())
	w.want(all...)
	w.write("a.log", text("emptied", 0, 80)) // in place: the same file, another log
	must(t, w.run())
	w.want(append(all, text("emptied", 0, 80))...)
}

// TestChangedMeanwhile: bytes that were begun and are others now are told of and
// not handed over as if nothing had happened.
func TestChangedMeanwhile(t *testing.T) {
	w := newWorld(t)
	head := text("head", 0, 60)
	w.write("a", head+text("a", 0, 10))
	w.fail = func(call int) error { return map[bool]error{true: errBefore}[call > 1] }
	if err := w.run(func(o *Options) { o.ChunkBytes, o.ChunkLines = 1500, 100 }); !errors.Is(err, errBefore) {
		t.Fatal(err)
	}
	w.fail = nil
	changed := strings.ReplaceAll(head+text("a", 0, 10), `"a"`, `"b"`)
	changed = strings.Replace(changed, `"head","line":59`, `"HEAD","line":59`, 1)
	f, err := os.OpenFile(w.path("a"), os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteString(changed)
	must(t, errors.Join(err, f.Close()))
	must(t, w.run())
	if len(w.told) != 1 || !strings.Contains(w.told[0], "changed since") {
		t.Errorf("told %q", w.told)
	}
}

// TestFollow: what is written while it is followed is handed over whole,
// whatever happens to the file's name.
func TestFollow(t *testing.T) {
	w := newWorld(t)
	w.write("a.log", text("a", 0, 3))
	ctx, stop := context.WithCancel(t.Context())
	o := w.options()
	var err error
	o.Journal, err = OpenJournal(w.state, time.Now, func(string) bool { return false })
	must(t, err)
	o.Follow, o.Poll = true, 2*time.Millisecond
	ended := make(chan error, 1)
	go func() { ended <- Run(ctx, o) }()
	await := func(texts ...string) {
		t.Helper()
		for end := time.Now().Add(20 * time.Second); len(w.got()) < len(linesOf(texts...)) && time.Now().Before(end); {
			time.Sleep(time.Millisecond)
		}
		w.want(texts...)
	}
	await(text("a", 0, 3))
	w.append("a.log", `{"log":"a","line":3`)
	w.append("a.log", "}\n")
	await(text("a", 0, 4))
	w.append("a.log", text("a", 4, 1)+`{"log":"a","line":5}`)
	must(t, os.Rename(w.path("a.log"), filepath.Join(t.TempDir(), "elsewhere")))
	w.append("a.log", text("b", 0, 2))
	await(text("a", 0, 6), text("b", 0, 2))
	w.append("a.log", text("b", 2, 2))
	must(t, os.Remove(w.path("a.log")))
	await(text("a", 0, 6), text("b", 0, 4))
	stop()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	must(t, o.Journal.Close())
}

// TestKilled: whatever is lost on the way, and whatever a power cut leaves of the
// journal, each line is taken in once.
func TestKilled(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		w := newWorld(t)
		written := map[string]string{}
		mem := vfs.NewMem()
		for round := range rapid.IntRange(2, 6).Draw(rt, "rounds") {
			for range rapid.IntRange(0, 3).Draw(rt, "writes") {
				name := rapid.SampledFrom([]string{"a", "b", "c.gz"}).Draw(rt, "log")
				if packed(name) && written[name] != "" {
					continue
				}
				more := text(fmt.Sprintf("%s%d", name, len(written[name])), round, rapid.IntRange(1, 40).Draw(rt, "lines"))
				written[name] += more
				if packed(name) {
					w.write(name, gzipped(t, more))
				} else {
					w.append(name, more)
				}
			}
			w.state = mem
			if rapid.Bool().Draw(rt, "fails") {
				from := w.calls + rapid.IntRange(1, 5).Draw(rt, "at")
				how := rapid.SampledFrom([]error{errBefore, errAfter}).Draw(rt, "how")
				w.fail = func(call int) error { return map[bool]error{true: how}[call >= from] }
			}
			err := w.run()
			if err != nil && !errors.Is(err, errBefore) && !errors.Is(err, errAfter) {
				rt.Fatal(err)
			}
			w.fail = nil
			mem = mem.CrashClone(rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 1)), rapid.SampledFrom([]int{0, 50, 100}).Draw(rt, "kept"))
		}
		w.state = mem
		if err := w.run(); err != nil {
			rt.Fatal(err)
		}
		w.want(written["a"], written["b"], written["c.gz"])
		if len(w.told) != 0 {
			rt.Fatalf("told %q", w.told)
		}
	})
}

// TestStream: a text without a journal is cut alike each time.
func TestStream(t *testing.T) {
	w := newWorld(t)
	all := text("s", 0, 53) + `{"last":1}`
	for range 2 {
		must(t, Stream(t.Context(), "in", strings.NewReader(all), w.options()))
		w.want(all)
	}
	w.fail = func(int) error { return errBefore }
	if err := Stream(t.Context(), "in", strings.NewReader(all), w.options()); !errors.Is(err, errBefore) {
		t.Error(err)
	}
}

// TestDamagedJournal: what was damaged before a chunk was begun is told of, and
// never read as if less had been handed over.
func TestDamagedJournal(t *testing.T) {
	w := newWorld(t)
	w.write("a", text("a", 0, 100))
	must(t, w.run(func(o *Options) { o.Journal.now = time.Now }))
	f, err := w.state.Open(journalName)
	must(t, err)
	_, err = f.WriteAt([]byte("x"), 3)
	must(t, errors.Join(err, f.Close()))
	_, err = OpenJournal(w.state, time.Now, func(string) bool { return false })
	if err == nil || !strings.Contains(err.Error(), "line 1 is damaged") {
		t.Error(err)
	}
}

// TestForget: the journal keeps logs whose file is away for a while, and no
// longer; and it does not grow with every chunk.
func TestForget(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.append("a", text("a", i*100, 100))
		must(t, w.run())
	}
	if size, err := w.state.Stat(journalName); err != nil || size > 20_000 {
		t.Errorf("%d bytes, %v", size, err)
	}
	must(t, os.Remove(w.path("a")))
	for days, logs := range map[int]int{29: 1, 31: 0} {
		later := func() time.Time { return time.Now().Add(time.Duration(days) * 24 * time.Hour) }
		clone := w.state.(*vfs.Mem).CrashClone(rand.New(rand.NewPCG(1, 1)), 100)
		j, err := OpenJournal(clone, later, func(path string) bool { _, err := os.Stat(path); return err != nil })
		must(t, err)
		if len(j.logs) != logs {
			t.Errorf("after %d days it knows %d logs, want %d", days, len(j.logs), logs)
		}
		must(t, j.Close())
	}
}
