package shipping

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// A reader finds logs, cuts them and hands the chunks over.
type reader struct {
	Options
	out   chan<- *Chunk
	tails map[string]*tail // by path
	round int
}

// A tail is a path that is followed.
type tail struct {
	log   *log
	file  *os.File // of a plain file: what was renamed or removed is read to its end
	place place
	stamp stamp
	seen  int // the round in which it was last found
}

// settled is how long a packed file must have been left alone to be followed:
// programs that pack write for a while.
const settled = 5 * time.Second

func (r *reader) run(ctx context.Context) error {
	tick := time.NewTicker(r.Poll)
	defer tick.Stop()
	for {
		r.round++
		for _, path := range r.Paths {
			if err := r.walk(ctx, path); err != nil {
				return err
			}
		}
		if err := r.drain(ctx); err != nil || !r.Follow {
			return err
		}
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-tick.C:
		}
	}
}

func (r *reader) close() {
	for _, t := range r.tails {
		t.end()
	}
}

func (t *tail) end() {
	if t.file != nil {
		_ = t.file.Close() // it was only read
		t.file = nil
	}
}

// walk visits a file, or every file below a folder that is a log by its name.
func (r *reader) walk(ctx context.Context, root string) error {
	info, err := os.Stat(root) // what is named may be a link
	if err != nil {
		r.wrong(root, err)
		return nil
	}
	if !info.IsDir() {
		return r.visit(ctx, root, info)
	}
	return filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		if err == nil && !d.Type().IsRegular() || err == nil && !r.wanted(d.Name()) {
			return nil
		}
		var info fs.FileInfo
		if err == nil {
			info, err = d.Info()
		}
		if errors.Is(err, fs.ErrNotExist) && path != root {
			return nil // gone since
		}
		if err != nil {
			r.wrong(path, err)
			return nil // the walk goes on
		}
		return r.visit(ctx, path, info)
	})
}

// wanted tells a log by its name. Names with a dot or a line in front are other
// programs' marks and unfinished files, as are those with the usual endings.
func (r *reader) wanted(name string) bool {
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") {
		return false
	}
	for _, ending := range []string{".tmp", ".part", ".partial", ".swp", "~"} {
		if strings.HasSuffix(name, ending) {
			return false
		}
	}
	if r.Match == "" {
		return true
	}
	ok, _ := filepath.Match(r.Match, name) // the pattern was checked before
	return ok
}

// visit reads a file if it may hold something new.
func (r *reader) visit(ctx context.Context, path string, info fs.FileInfo) error {
	p, s := placeOf(path, info), stampOf(info)
	t := r.tails[path]
	if t != nil && t.place != p {
		if err := r.rest(ctx, t); err != nil {
			return err
		}
		delete(r.tails, path)
		t = nil
	}
	if t != nil {
		t.seen = r.round
		if t.stamp == s {
			return nil
		}
	}
	if s.Size == 0 || r.Follow && packed(path) && r.Now().Sub(info.ModTime()) < settled || t == nil && r.known(p, s) {
		return nil
	}
	if t == nil {
		t = &tail{seen: r.round}
		r.tails[path] = t
	}
	return r.open(ctx, path, t)
}

// known tells that a file was read to its end in a former run.
func (r *reader) known(p place, s stamp) bool {
	return slices.ContainsFunc(r.Journal.byFile[p.file()], func(l *log) bool {
		return l.whole == s && len(l.again) == 0
	})
}

// open reads a file from where it was left. What is wrong with it alone is told.
func (r *reader) open(ctx context.Context, path string, t *tail) error {
	f := t.file
	if f == nil {
		var err error
		if f, err = os.Open(path); err != nil {
			r.wrong(path, err)
			return nil
		}
	}
	err := r.readOn(ctx, path, f, t)
	if r.Follow && !packed(path) && t.log != nil {
		t.file = f
	} else {
		t.file = nil
		_ = f.Close() // it was only read
	}
	return err
}

// rest reads what is left of a file that lost its name, and lets it go.
func (r *reader) rest(ctx context.Context, t *tail) error {
	defer t.end()
	if t.file == nil {
		return nil
	}
	return r.readOn(ctx, t.place.Path, t.file, t)
}

// drain does so with all files that were not found this time.
func (r *reader) drain(ctx context.Context) error {
	for path, t := range r.tails {
		if t.seen != r.round {
			if err := r.rest(ctx, t); err != nil {
				return err
			}
			delete(r.tails, path)
		}
	}
	return nil
}

func (r *reader) wrong(path string, err error) {
	if p, ok := errors.AsType[*fs.PathError](err); ok {
		err = p.Err // the path stands beside it
	}
	r.Wrong(path, err)
}
