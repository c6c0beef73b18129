// Command demo shows mews at work on this machine's own binaries: it starts a
// server on a fresh folder, loads files from /usr, searches and hunts them
// through the public API, and times a brute-force scan beside each answer.
package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/test/corpus"
	"github.com/mewshq/mews/test/harness"
)

func main() {
	limit := flag.Int64("bytes", 1<<30, "most bytes to load")
	keep := flag.String("data", "", "keep the data in this folder instead of a temporary one")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *limit, *keep); err != nil {
		fmt.Fprintln(os.Stderr, "demo:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, limit int64, keep string) (err error) {
	work, err := os.MkdirTemp("", "mews-demo-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(work)) }()
	data := keep
	if data == "" {
		data = filepath.Join(work, "data")
	}
	srv, err := harness.Start(ctx, harness.Options{Data: data, Args: []string{"--log-level", "error", "--quota-hunts", "100000"}})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, srv.Stop()) }()
	d := &demo{srv: srv, work: work}
	title("A server on a fresh folder")
	fmt.Printf("%s   data in %s\n", srv.BaseURL, data)
	if err := d.load(ctx, limit); err != nil {
		return err
	}
	return d.ask(ctx)
}

// A demo is one server and the files it was given.
type demo struct {
	srv   *harness.Server
	work  string
	files []string
	bytes int64
}

// roots are where programs and their data lie on a Unix machine.
var roots = []string{"/usr/bin", "/usr/sbin", "/usr/lib", "/usr/libexec", "/usr/local", "/usr/share"}

// load collects files, and a few generated ones that look like Windows
// programs, which a Unix machine may lack, and adds them by the command line.
func (d *demo) load(ctx context.Context, limit int64) error {
	planted, err := d.generate(200)
	if err != nil {
		return err
	}
	title(fmt.Sprintf("Loading up to %d MB of this machine's files", limit/1e6))
	d.collect(append([]string{planted}, roots...), limit)
	manifest, err := d.manifest()
	if err != nil {
		return err
	}
	began := time.Now()
	if err := d.show(ctx, nil, "sample", "add", "--label", "clean", "--manifest", manifest); err != nil {
		return err
	}
	took := time.Since(began)
	if err := d.srv.AwaitIndexed(ctx); err != nil {
		return err
	}
	use, err := d.srv.Usage()
	if err != nil {
		return err
	}
	fmt.Printf("%d files, %.0f MB acknowledged in %.1f s, all indexed after %.1f s; server: %.1f CPU seconds, %.0f MB peak memory\n",
		len(d.files), float64(d.bytes)/1e6, took.Seconds(), time.Since(began).Seconds(), use.CPU.Seconds(), float64(use.PeakRSS)/1e6)
	return d.show(ctx, nil, "index", "status", "--data", d.srv.Data)
}

// generate writes benign files of every kind, half a megabyte at the most each.
func (d *demo) generate(n int) (dir string, err error) {
	dir = filepath.Join(d.work, "generated")
	if err := os.Mkdir(dir, 0o700); err != nil {
		return "", err
	}
	g := corpus.New(1)
	for i := range n {
		name := filepath.Join(dir, fmt.Sprintf("sample-%03d", i))
		if err := os.WriteFile(name, g.Next(512<<10).Bytes, 0o600); err != nil {
			return "", err
		}
	}
	// The text of a Windows resource, in UTF-16, for the wide search below.
	wide := []byte("MZ")
	for _, c := range "mews demo: OriginalFilename planted.exe" {
		wide = append(wide, byte(c), 0)
	}
	return dir, os.WriteFile(filepath.Join(dir, "planted"), wide, 0o600)
}

// collect walks the roots until the limit; what cannot be read is passed over.
func (d *demo) collect(roots []string, limit int64) {
	for _, root := range roots {
		_ = filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
			if err != nil || !e.Type().IsRegular() {
				return nil
			}
			info, err := e.Info()
			if err != nil || info.Size() < 64 || info.Size() > 64<<20 || d.bytes+info.Size() > limit {
				return nil
			}
			d.files = append(d.files, path)
			d.bytes += info.Size()
			return nil
		})
	}
}

func (d *demo) manifest() (string, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	_ = w.Write([]string{"path"})
	for _, f := range d.files {
		_ = w.Write([]string{f})
	}
	w.Flush() // into memory: cannot fail
	name := filepath.Join(d.work, "manifest.csv")
	return name, os.WriteFile(name, b.Bytes(), 0o600)
}

// ask runs three searches and two hunts, and the brute force beside them.
func (d *demo) ask(ctx context.Context) error {
	title("Byte searches")
	for _, s := range []struct {
		args  []string
		bytes string
	}{
		{[]string{"ascii", "inflate 1.", "Copyright 1995-"}, "Copyright 1995-"},
		{[]string{"wide", "OriginalFilename planted"}, "O\x00r\x00i\x00g\x00i\x00n\x00a\x00l\x00F\x00i\x00l\x00e\x00n\x00a\x00m\x00e\x00 \x00p\x00l\x00a\x00n\x00t\x00e\x00d\x00"},
		{[]string{"hex", "7f 45 4c 46 02 01 01 03 00 00 00 00"}, "\x7fELF\x02\x01\x01\x03\x00\x00\x00\x00"},
	} {
		if err := d.search(ctx, s.args, []byte(s.bytes)); err != nil {
			return err
		}
	}
	title("YARA hunts")
	for _, rule := range []string{ruleStrings, ruleHex} {
		if err := d.hunt(ctx, rule); err != nil {
			return err
		}
	}
	return nil
}

const ruleStrings = `rule zlib_inside
{
  strings:
    $a = "incorrect header check"
    $b = "invalid distance too far back"
    $c = /(de|in)flate 1\.[0-9.]+ Copyright/
  condition:
    uint32(0) == 0x464c457f and all of them
}
`

const ruleHex = `rule sha256_round_constants
{
  strings:
    $k = { 98 2f 8a 42 91 44 37 71 cf fb c0 b5 a5 db b5 e9 }
    $w = { 42 8a 2f 98 71 37 44 91 b5 c0 fb cf e9 b5 db a5 }
  condition:
    any of them and filesize < 20MB
}
`

func (d *demo) search(ctx context.Context, args []string, needle []byte) error {
	began := time.Now()
	if err := d.show(ctx, []int{3}, append(append([]string{"search"}, args...), "--limit", "5", "--fields", "sha256,filetype,filesize")...); err != nil {
		return err
	}
	took := time.Since(began)
	began = time.Now()
	hits := 0
	for _, f := range d.files {
		if text, err := os.ReadFile(f); err == nil && bytes.Contains(text, needle) {
			hits++
		}
	}
	fmt.Printf("search: %.2f s, start of the program included. Reading every file for the longest pattern: %.2f s, %d files\n",
		took.Seconds(), time.Since(began).Seconds(), hits)
	return nil
}

func (d *demo) hunt(ctx context.Context, source string) error {
	file := filepath.Join(d.work, "rule.yar")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		return err
	}
	fmt.Print("\n", source)
	began := time.Now()
	var out bytes.Buffer
	cmd := d.srv.Command(ctx, "hunt", file, "--wait", "-o", "json", "--limit", "10000")
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	err := cmd.Run()
	if err != nil && cmd.ProcessState.ExitCode() != 3 {
		return fmt.Errorf("hunt: %w", err)
	}
	took := time.Since(began)
	var env mews.Envelope[mews.RequestResult]
	if err := json.Unmarshal(out.Bytes(), &env); err != nil {
		return fmt.Errorf("hunt: %w", err)
	}
	var h mews.HuntCounts
	if env.Meta.Hunt != nil {
		h = *env.Meta.Hunt
	}
	fmt.Printf("hunt: %d matches, %d candidates, %.1f of %.0f MB reached the engine, %.2f s\n",
		len(env.Resources), h.Candidates, float64(h.BytesScanned)/1e6, float64(d.bytes)/1e6, took.Seconds())
	began = time.Now()
	truth, cpu, err := harness.ScanAll(ctx, d.files, source)
	if err != nil {
		return err
	}
	fmt.Printf("the same engine over every file: %d matches, %.2f s (%.2f CPU seconds)\n", len(truth), time.Since(began).Seconds(), cpu.Seconds())
	if len(truth) != len(env.Resources) {
		return fmt.Errorf("the hunt found %d files and the full scan %d", len(env.Resources), len(truth))
	}
	return nil
}

// show prints a command line as a user would type it, and runs it.
func (d *demo) show(ctx context.Context, mayExit []int, args ...string) error {
	fmt.Println("$ mews", quote(args))
	cmd := d.srv.Command(ctx, args...)
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	err := cmd.Run()
	for _, code := range mayExit {
		if cmd.ProcessState != nil && cmd.ProcessState.ExitCode() == code {
			return nil
		}
	}
	return err
}

func quote(args []string) string {
	words := make([]string, len(args))
	for i, a := range args {
		words[i] = a
		if strings.ContainsAny(a, " *'\"") {
			words[i] = "'" + a + "'"
		}
	}
	return strings.Join(words, " ")
}

func title(s string) { fmt.Printf("\n== %s\n", s) }
