package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/aes"
	"crypto/cipher"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/mewshq/mews/internal/index"
	"github.com/mewshq/mews/internal/query"
	"github.com/mewshq/mews/test/harness"
)

// The index room alone, without server, blobs and database: each step in a
// process of its own, so that its CPU time and memory are its own too.
const (
	stepBuild = "build-segments"
	stepMerge = "merge-segments"
)

// A stepFigure is what one step tells on its standard output.
type stepFigure struct {
	FilterCPU time.Duration // filling filters
	CPU       time.Duration // the rest: placing columns, transposing, writing, merging
	Bytes     int64         // of segments written
	Columns   int
	Segments  int
	PeakRSS   int64
}

// roomFigures are the figures of the index room over one corpus.
type roomFigures struct {
	build, merge stepFigure
}

// measureRoom builds segments over the corpus and merges them into one, which
// stays in the folder that it gives back.
func measureRoom(ctx context.Context, s settings, c *corpus) (f roomFigures, merged string, err error) {
	dir := filepath.Join(s.cache, "segments-"+c.name)
	if err := errors.Join(os.RemoveAll(dir), os.MkdirAll(dir, 0o700)); err != nil {
		return f, "", err
	}
	if f.build, err = runStep(ctx, stepBuild, dir, strings.Join(c.files, "\n")); err != nil {
		return f, "", err
	}
	f.merge, err = runStep(ctx, stepMerge, dir, "")
	return f, filepath.Join(dir, mergedName), err
}

func runStep(ctx context.Context, step, dir, input string) (f stepFigure, err error) {
	self, err := os.Executable()
	if err != nil {
		return f, err
	}
	cmd := exec.CommandContext(ctx, self, "-step", step, "-dir", dir)
	cmd.Stdin, cmd.Stderr = strings.NewReader(input), os.Stderr
	out, err := cmd.Output()
	if err == nil {
		err = json.Unmarshal(out, &f)
	}
	if err != nil {
		return f, fmt.Errorf("%s: %w", step, err)
	}
	return f, nil
}

// step is this program as a child of itself.
func step(name, dir string) error {
	steps := map[string]func(string) (stepFigure, error){stepBuild: buildSegments, stepMerge: mergeSegments}
	if steps[name] == nil {
		return fmt.Errorf("no step %q", name)
	}
	f, err := steps[name](dir)
	if err != nil {
		return err
	}
	use, err := harness.ProcessUsage(os.Getpid())
	if err != nil {
		return err
	}
	f.PeakRSS = use.PeakRSS
	return json.NewEncoder(os.Stdout).Encode(f)
}

const mergedName = "merged"

// box seals file tables with a key of zeros: nothing here is secret.
func box() (cipher.AEAD, error) {
	block, err := aes.NewCipher(make([]byte, 32))
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// buildSegments reads names of files from standard input and makes segments of
// them as the indexer does. Reading the files does not count.
func buildSegments(dir string) (f stepFigure, err error) {
	params := index.DefaultParams()
	params.SealBytes = 64 << 20
	slicer := index.NewSlicer(params)
	b := &segmentMaker{dir: dir, params: params, out: &f}
	names := bufio.NewScanner(os.Stdin)
	for seq := uint64(1); names.Scan(); seq++ {
		data, err := os.ReadFile(names.Text())
		if err != nil {
			return f, err
		}
		file := index.File{Seq: seq, SHA256: sha256.Sum256(data), Size: int64(len(data))}
		began := harness.SelfCPU()
		for p := data; len(p) > 0; {
			n, _ := slicer.Next(p)
			p = p[n:]
		}
		doc := slicer.Finish()
		f.FilterCPU += harness.SelfCPU() - began
		if err := b.add(file, doc); err != nil {
			return f, err
		}
	}
	return f, errors.Join(names.Err(), b.seal())
}

type segmentMaker struct {
	dir     string
	params  index.Params
	builder *index.Builder
	out     *stepFigure
}

func (m *segmentMaker) add(file index.File, doc *index.Doc) error {
	began := harness.SelfCPU()
	defer func() { m.out.CPU += harness.SelfCPU() - began }()
	if m.builder == nil {
		box, err := box()
		if err != nil {
			return err
		}
		m.builder = index.NewBuilder(m.params, box)
	}
	if err := m.builder.Add(file, doc); err != nil {
		return err
	}
	if m.builder.Full() {
		return m.write()
	}
	return nil
}

func (m *segmentMaker) seal() error {
	if m.builder == nil {
		return nil
	}
	began := harness.SelfCPU()
	defer func() { m.out.CPU += harness.SelfCPU() - began }()
	return m.write()
}

func (m *segmentMaker) write() error {
	b := m.builder
	m.builder = nil
	m.out.Segments++
	m.out.Columns += b.Columns()
	file, err := os.Create(filepath.Join(m.dir, fmt.Sprintf("%04d.seg", m.out.Segments)))
	if err != nil {
		return err
	}
	w := bufio.NewWriterSize(file, 1<<20)
	_, err = b.WriteTo(w)
	err = errors.Join(err, w.Flush())
	if info, statErr := file.Stat(); statErr == nil {
		m.out.Bytes += info.Size()
	}
	return errors.Join(err, file.Close())
}

// mergeSegments makes one segment of all in the folder.
func mergeSegments(dir string) (f stepFigure, err error) {
	names, err := filepath.Glob(filepath.Join(dir, "*.seg"))
	if err != nil {
		return f, err
	}
	box, err := box()
	if err != nil {
		return f, err
	}
	began := harness.SelfCPU()
	var in []*index.Segment
	for _, name := range names {
		seg, file, err := openSegment(name)
		if err != nil {
			return f, err
		}
		defer file.Close()
		in = append(in, seg)
	}
	out, err := os.Create(filepath.Join(dir, mergedName))
	if err != nil {
		return f, err
	}
	w := bufio.NewWriterSize(out, 1<<20)
	err = errors.Join(index.Merge(w, in, nil, box), w.Flush(), out.Close())
	f.CPU = harness.SelfCPU() - began
	if info, statErr := os.Stat(out.Name()); statErr == nil {
		f.Bytes, f.Segments = info.Size(), 1
	}
	return f, err
}

func openSegment(name string) (*index.Segment, *os.File, error) {
	box, err := box()
	if err != nil {
		return nil, nil, err
	}
	file, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	info, err := file.Stat()
	if err == nil {
		var seg *index.Segment
		if seg, err = index.OpenSegment(file, info.Size(), box); err == nil {
			return seg, file, nil
		}
	}
	return nil, nil, errors.Join(err, file.Close())
}

// rowCost is what a literal search reads of a merged segment, on average.
type rowCost struct{ rows, bytes, cpuMicros float64 }

func measureRows(ctx context.Context, merged string, probes []*probe) (c rowCost, err error) {
	seg, file, err := openSegment(merged)
	if err != nil {
		return c, err
	}
	defer file.Close()
	var st index.Stats
	ask := func() error {
		for _, p := range probes {
			if _, err := seg.Search(ctx, index.Compile(query.Literal{Bytes: bytes.Clone(p.bytes)}), nil, &st); err != nil {
				return err
			}
		}
		return nil
	}
	if err := ask(); err != nil { // warm
		return c, err
	}
	st = index.Stats{}
	const rounds = 5
	began := harness.SelfCPU()
	for range rounds {
		if err := ask(); err != nil {
			return c, err
		}
	}
	n := float64(rounds * max(len(probes), 1))
	cpu := harness.SelfCPU() - began
	return rowCost{float64(st.Rows) / n, float64(st.RowBytes) / n, float64(cpu.Microseconds()) / n}, nil
}
