package main

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
)

// A corpus is a folder of files on disk.
type corpus struct {
	name   string
	dir    string
	files  []string
	sizes  []int64
	bytes  int64
	sha256 []string // by file number; the oracle fills it
}

// build makes the corpora that are not there yet.
func build(ctx context.Context, s settings) ([]*corpus, error) {
	dir := filepath.Join(s.cache, fmt.Sprintf("corpora-%d-%d", s.bytes, s.seed))
	if _, err := os.Stat(filepath.Join(dir, "complete")); err != nil {
		cmd := exec.CommandContext(ctx, "go", "run", "./test/corpus/build", "-out", dir,
			"-unpacked", filepath.Join(s.cache, "packages"),
			"-bytes", strconv.FormatInt(s.bytes, 10), "-seed", strconv.FormatUint(s.seed, 10))
		cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("build corpora: %w", err)
		}
		if err := os.WriteFile(filepath.Join(dir, "complete"), nil, 0o600); err != nil {
			return nil, err
		}
	}
	var corpora []*corpus
	for _, name := range s.sets {
		c := &corpus{name: name, dir: filepath.Join(dir, name)}
		if err := c.list(); err != nil {
			return nil, err
		}
		corpora = append(corpora, c)
	}
	return corpora, nil
}

func (c *corpus) list() error {
	return filepath.WalkDir(c.dir, func(path string, d os.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		c.add(path, info.Size())
		return nil
	})
}

func (c *corpus) add(path string, size int64) {
	c.files, c.sizes = append(c.files, path), append(c.sizes, size)
	c.bytes += size
}

// parts cuts the corpus into nested parts of about these sizes, which rise: each
// holds the one before, and files at random beyond it. No file is larger than an
// eighth of the smallest part, or one file would be most of it.
func (c *corpus) parts(s settings, sizes []int64) ([]*corpus, error) {
	order := s.source(purposeGrowth).Perm(len(c.files))
	taken := make([]bool, len(c.files))
	var out []*corpus
	part := &corpus{}
	for _, size := range sizes {
		next := &corpus{
			name: fmt.Sprintf("%s-%d", c.name, size), dir: filepath.Join(s.cache, fmt.Sprintf("part-%s-%d", c.name, size)),
			files: part.files, sizes: part.sizes, bytes: part.bytes,
		}
		for _, no := range order {
			if n := c.sizes[no]; !taken[no] && n <= sizes[0]/8 && next.bytes+n <= size {
				taken[no] = true
				next.add(c.files[no], n)
			}
		}
		if err := next.link(); err != nil {
			return nil, err
		}
		out, part = append(out, next), next
	}
	return out, nil
}

// link makes the part's own folder, of hard links.
func (c *corpus) link() error {
	if err := os.RemoveAll(c.dir); err != nil {
		return err
	}
	linked := make([]string, len(c.files))
	for no, name := range c.files {
		linked[no] = filepath.Join(c.dir, fmt.Sprintf("%03d", no/1000), fmt.Sprintf("%06d", no))
		if no%1000 == 0 {
			if err := os.MkdirAll(filepath.Dir(linked[no]), 0o700); err != nil {
				return err
			}
		}
		if err := os.Link(name, linked[no]); err != nil {
			return fmt.Errorf("link a part of the corpus: %w", err)
		}
	}
	c.files = linked
	return nil
}
