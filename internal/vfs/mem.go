package vfs

import (
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"sync"
	"syscall"
)

// An Op is a kind of file-system call, as a Mem's hook sees it.
type Op string

// The calls that reach a hook.
const (
	OpCreate   Op = "create"
	OpOpen     Op = "open"
	OpRename   Op = "rename"
	OpRemove   Op = "remove"
	OpMkdir    Op = "mkdir"
	OpSyncDir  Op = "syncdir"
	OpReadDir  Op = "readdir"
	OpStat     Op = "stat"
	OpRead     Op = "read"
	OpWrite    Op = "write"
	OpTruncate Op = "truncate"
	OpDiscard  Op = "discard"
	OpSync     Op = "sync"
	OpClose    Op = "close"
)

// Mem is a file system in memory that knows what a power cut would leave of it.
// It is as unkind as the rules of real ones allow: no content is durable before
// Sync, no name before SyncDir, and names do not become durable in order.
type Mem struct {
	mu    sync.Mutex
	dirs  map[string]*memDir
	limit int64 // most bytes in all files; < 0 is no limit
	hook  func(op Op, name string) error
}

// A memDir is a folder: what its names are now, what they would be after a
// power cut, and the changes between the two.
type memDir struct {
	files   map[string]*node
	durable map[string]*node
	pending []map[string]*node // each is one atomic change; nil deletes a name
}

// NewMem makes an empty file system without limit.
func NewMem() *Mem {
	return &Mem{dirs: map[string]*memDir{".": newMemDir()}, limit: -1}
}

func newMemDir() *memDir {
	return &memDir{files: map[string]*node{}, durable: map[string]*node{}}
}

// Hook has fn called before each file-system call, with nothing locked. An error
// from fn fails the call: a write then leaves half of its bytes, and a sync
// loses the file for good, as kernels do. A nil fn removes the hook.
func (m *Mem) Hook(fn func(op Op, name string) error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.hook = fn
}

// FailNth makes the n-th call (from 1) of one kind, or of any kind when op is
// empty, fail with err, once.
func (m *Mem) FailNth(op Op, n int, err error) {
	var mu sync.Mutex
	m.Hook(func(got Op, _ string) error {
		mu.Lock()
		defer mu.Unlock()
		if op == "" || op == got {
			if n--; n == 0 {
				return err
			}
		}
		return nil
	})
}

// Limit sets how many bytes all files together may hold; writes beyond it fail
// with ENOSPC. A negative limit is none.
func (m *Mem) Limit(bytes int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.limit = bytes
}

// Flip inverts one bit of a stored file, as a bad disk does.
func (m *Mem) Flip(name string, bit int64) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, err := m.find("flip", name)
	if err != nil {
		return err
	}
	if bit < 0 || bit/8 >= int64(len(n.data)) {
		return &fs.PathError{Op: "flip", Path: name, Err: syscall.EINVAL}
	}
	for _, content := range [][]byte{n.data, n.durable} {
		if bit/8 < int64(len(content)) {
			content[bit/8] ^= 1 << (bit % 8)
		}
	}
	return nil
}

// begin runs the hook and leaves the file system locked.
func (m *Mem) begin(op Op, name string) error {
	m.mu.Lock()
	hook := m.hook
	if hook == nil {
		return nil
	}
	m.mu.Unlock()
	err := hook(op, name)
	m.mu.Lock()
	if err != nil {
		return &fs.PathError{Op: string(op), Path: name, Err: err}
	}
	return nil
}

// Create implements FS.
func (m *Mem) Create(name string) (File, error) { return m.handle(OpCreate, name) }

// Open implements FS.
func (m *Mem) Open(name string) (File, error) { return m.handle(OpOpen, name) }

func (m *Mem) handle(op Op, name string) (File, error) {
	name = path.Clean(name)
	err := m.begin(op, name)
	defer m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	n, err := m.find(op, name)
	if op == OpCreate {
		n, err = m.create(name)
	}
	if err != nil {
		return nil, err
	}
	return &memFile{fs: m, node: n, name: name}, nil
}

func (m *Mem) create(name string) (*node, error) {
	dir, err := m.dir(OpCreate, path.Dir(name))
	if err != nil {
		return nil, err
	}
	base := path.Base(name)
	if dir.files[base] != nil || m.dirs[name] != nil {
		return nil, &fs.PathError{Op: "create", Path: name, Err: fs.ErrExist}
	}
	n := &node{}
	dir.change(map[string]*node{base: n})
	return n, nil
}

// Rename implements FS. Inside one folder it is atomic; between two, a power cut
// may keep either half, so both folders must be synced.
func (m *Mem) Rename(oldName, newName string) error {
	oldName, newName = path.Clean(oldName), path.Clean(newName)
	err := m.begin(OpRename, oldName)
	defer m.mu.Unlock()
	if err != nil {
		return err
	}
	n, err := m.find(OpRename, oldName)
	if err != nil {
		return err
	}
	from := m.dirs[path.Dir(oldName)]
	to, err := m.dir(OpRename, path.Dir(newName))
	if err != nil {
		return err
	}
	switch {
	case m.dirs[newName] != nil:
		return &fs.PathError{Op: "rename", Path: newName, Err: fs.ErrExist}
	case oldName == newName:
	case from == to:
		to.change(map[string]*node{path.Base(oldName): nil, path.Base(newName): n})
	default:
		to.change(map[string]*node{path.Base(newName): n})
		from.change(map[string]*node{path.Base(oldName): nil})
	}
	return nil
}

// Remove implements FS.
func (m *Mem) Remove(name string) error {
	name = path.Clean(name)
	err := m.begin(OpRemove, name)
	defer m.mu.Unlock()
	if err != nil {
		return err
	}
	if _, err := m.find(OpRemove, name); err != nil {
		return err
	}
	m.dirs[path.Dir(name)].change(map[string]*node{path.Base(name): nil})
	return nil
}

// MkdirAll implements FS.
func (m *Mem) MkdirAll(dir string) error {
	dir = path.Clean(dir)
	err := m.begin(OpMkdir, dir)
	defer m.mu.Unlock()
	if err != nil {
		return err
	}
	if !fs.ValidPath(dir) {
		return &fs.PathError{Op: "mkdir", Path: dir, Err: fs.ErrInvalid}
	}
	for at := dir; m.dirs[at] == nil; at = path.Dir(at) {
		if parent := m.dirs[path.Dir(at)]; parent != nil && parent.files[path.Base(at)] != nil {
			return &fs.PathError{Op: "mkdir", Path: at, Err: syscall.ENOTDIR}
		}
	}
	for at := dir; m.dirs[at] == nil; at = path.Dir(at) {
		m.dirs[at] = newMemDir()
	}
	return nil
}

// SyncDir implements FS.
func (m *Mem) SyncDir(dir string) error {
	err := m.begin(OpSyncDir, path.Clean(dir))
	defer m.mu.Unlock()
	if err != nil {
		return err
	}
	d, err := m.dir(OpSyncDir, dir)
	if err != nil {
		return err
	}
	d.durable, d.pending = maps.Clone(d.files), nil
	return nil
}

// ReadDir implements FS.
func (m *Mem) ReadDir(dir string) ([]string, error) {
	dir = path.Clean(dir)
	err := m.begin(OpReadDir, dir)
	defer m.mu.Unlock()
	if err != nil {
		return nil, err
	}
	d, err := m.dir(OpReadDir, dir)
	if err != nil {
		return nil, err
	}
	names := slices.Collect(maps.Keys(d.files))
	for sub := range m.dirs {
		if sub != "." && path.Dir(sub) == dir {
			names = append(names, path.Base(sub))
		}
	}
	slices.Sort(names)
	return names, nil
}

// Stat implements FS.
func (m *Mem) Stat(name string) (int64, error) {
	name = path.Clean(name)
	err := m.begin(OpStat, name)
	defer m.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if m.dirs[name] != nil {
		return 0, nil
	}
	n, err := m.find(OpStat, name)
	if err != nil {
		return 0, err
	}
	return int64(len(n.data)), nil
}

// Free implements FS.
func (m *Mem) Free() (int64, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.free(), nil
}

func (m *Mem) free() int64 {
	if m.limit < 0 {
		return 1 << 40
	}
	left := m.limit
	for _, d := range m.dirs {
		for _, n := range d.files {
			left -= int64(len(n.data))
		}
	}
	return max(left, 0)
}

func (m *Mem) dir(op Op, dir string) (*memDir, error) {
	d := m.dirs[path.Clean(dir)]
	if d == nil {
		return nil, &fs.PathError{Op: string(op), Path: dir, Err: fs.ErrNotExist}
	}
	return d, nil
}

func (m *Mem) find(op Op, name string) (*node, error) {
	name = path.Clean(name)
	if d := m.dirs[path.Dir(name)]; d != nil && d.files[path.Base(name)] != nil {
		return d.files[path.Base(name)], nil
	}
	err := fs.ErrNotExist
	if m.dirs[name] != nil {
		err = syscall.EISDIR
	}
	return nil, &fs.PathError{Op: string(op), Path: name, Err: err}
}

func (d *memDir) change(names map[string]*node) {
	apply(d.files, names)
	d.pending = append(d.pending, names)
}

func apply(files, change map[string]*node) {
	for name, n := range change {
		if n == nil {
			delete(files, name)
		} else {
			files[name] = n
		}
	}
}

var _ FS = (*Mem)(nil)

// String tells what stands where, for a failing test.
func (m *Mem) String() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var lines []string
	for dir, d := range m.dirs {
		for name, n := range d.files {
			lines = append(lines, fmt.Sprintf("%s %d bytes, %d unsynced writes\n",
				path.Join(dir, name), len(n.data), len(n.pending)))
		}
	}
	slices.Sort(lines)
	return fmt.Sprint(lines)
}
