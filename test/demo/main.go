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
	"math/rand/v2"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/demo/corpus"
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
	// planted is how many of the files the demo made itself; they come first.
	planted int
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
	d.collect(planted, limit)
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
	return dir, os.WriteFile(filepath.Join(dir, "planted"), append([]byte("MZ"), widen("mews demo: "+wideText)...), 0o600)
}

// wideText is the text of a made-up Windows resource, for the wide search.
const wideText = "OriginalFilename planted.exe"

// widen gives the UTF-16LE form of ASCII text.
func widen(text string) []byte {
	var wide []byte
	for _, c := range []byte(text) {
		wide = append(wide, c, 0)
	}
	return wide
}

// collect takes files of the roots in a shuffled order, so that a bounded load
// is a fair sample of the machine; planted comes first. What cannot be read is
// passed over.
func (d *demo) collect(planted string, limit int64) {
	d.take(filesBelow(planted), limit)
	d.planted = len(d.files)
	var all []string
	for _, root := range roots {
		all = append(all, filesBelow(root)...)
	}
	rand.New(rand.NewPCG(1, 2)).Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	d.take(all, limit)
}

func (d *demo) take(files []string, limit int64) {
	for _, path := range files {
		info, err := os.Stat(path)
		if err != nil || info.Size() < 64 || info.Size() > 64<<20 || d.bytes+info.Size() > limit {
			continue
		}
		d.files = append(d.files, path)
		d.bytes += info.Size()
	}
}

func filesBelow(root string) (files []string) {
	_ = filepath.WalkDir(root, func(path string, e os.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			files = append(files, path)
		}
		return nil
	})
	return files
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
	s, err := d.chooseSubject()
	if err != nil {
		return err
	}
	title("Byte searches")
	fmt.Printf("looking for %s by its bytes\n", s.name)
	for _, q := range []struct {
		args  []string
		bytes []byte
	}{
		{[]string{"ascii", s.texts[3]}, []byte(s.texts[3])},
		{[]string{"wide", wideText}, widen(wideText)},
		{[]string{"hex", hexOf(s.code)}, s.code},
	} {
		if err := d.search(ctx, q.args, q.bytes); err != nil {
			return err
		}
	}
	title("YARA hunts")
	for _, rule := range []string{s.textRule(), s.codeRule()} {
		if err := d.hunt(ctx, rule); err != nil {
			return err
		}
	}
	return nil
}

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
	fmt.Printf("search: %.2f s, start of the program included. Reading every file for the pattern: %.2f s, %d files\n",
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
