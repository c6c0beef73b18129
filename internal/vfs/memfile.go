package vfs

import (
	"io"
	"io/fs"
	"math/rand/v2"
	"slices"
	"syscall"
)

// sector is what a disk writes whole or not at all. A longer write may be torn
// at any multiple of it.
const sector = 512

// A node is the content of a file: as programs read it, as a power cut would
// leave it, and the writes between the two.
type node struct {
	data    []byte
	durable []byte
	pending []change
	lost    bool // a sync failed: the kernel forgot what it had to write
}

// A change is a write of p at off, or a cut to length off when p is nil.
type change struct {
	off int64
	p   []byte
}

func (c change) apply(b []byte) []byte {
	if c.p == nil {
		return resize(b, c.off)
	}
	b = resize(b, max(int64(len(b)), c.off+int64(len(c.p))))
	copy(b[c.off:], c.p)
	return b
}

func resize(b []byte, n int64) []byte {
	if n <= int64(len(b)) {
		return b[:n:n]
	}
	return append(b, make([]byte, n-int64(len(b)))...)
}

func (n *node) do(c change) {
	n.data = c.apply(n.data)
	n.pending = append(n.pending, c)
}

// A memFile is an open file of a Mem. Its Truncate goes beyond File: a database
// under test needs it.
type memFile struct {
	fs     *Mem
	node   *node
	name   string
	off    int64
	closed bool
}

func (f *memFile) begin(op Op) error {
	err := f.fs.begin(op, f.name)
	if err == nil && f.closed {
		err = &fs.PathError{Op: string(op), Path: f.name, Err: fs.ErrClosed}
	}
	return err
}

func (f *memFile) Write(p []byte) (int, error) {
	n, err := f.WriteAt(p, f.off)
	f.off += int64(n)
	return n, err
}

func (f *memFile) WriteAt(p []byte, off int64) (int, error) {
	err := f.begin(OpWrite)
	defer f.fs.mu.Unlock()
	if f.closed {
		return 0, err
	}
	if err != nil {
		p = p[:len(p)/2]
	} else if over := off + int64(len(p)) - int64(len(f.node.data)) - f.fs.free(); over > 0 {
		err = &fs.PathError{Op: "write", Path: f.name, Err: syscall.ENOSPC}
		p = p[:max(0, int64(len(p))-over)]
	}
	if len(p) > 0 {
		f.node.do(change{off, slices.Clone(p)})
	}
	return len(p), err
}

func (f *memFile) ReadAt(p []byte, off int64) (int, error) {
	err := f.begin(OpRead)
	defer f.fs.mu.Unlock()
	if err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, &fs.PathError{Op: "read", Path: f.name, Err: syscall.EINVAL}
	}
	if off >= int64(len(f.node.data)) {
		return 0, io.EOF
	}
	n := copy(p, f.node.data[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Truncate cuts the file, or fills it with zeros, to size bytes.
func (f *memFile) Truncate(size int64) error {
	err := f.begin(OpTruncate)
	defer f.fs.mu.Unlock()
	if err == nil {
		f.node.do(change{off: size})
	}
	return err
}

// Discard makes zeros at once, which not every disk does.
func (f *memFile) Discard(off, n int64) error {
	err := f.begin(OpDiscard)
	defer f.fs.mu.Unlock()
	if n = min(n, int64(len(f.node.data))-off); err == nil && n > 0 {
		f.node.do(change{off, make([]byte, n)})
	}
	return err
}

func (f *memFile) Sync() error {
	err := f.begin(OpSync)
	defer f.fs.mu.Unlock()
	if f.closed {
		return err
	}
	if err != nil {
		f.node.lost = true
		return err
	}
	if f.node.lost {
		return nil // the lie that a second fsync tells
	}
	for _, c := range f.node.pending {
		f.node.durable = c.apply(f.node.durable)
	}
	f.node.pending = nil
	return nil
}

func (f *memFile) Size() (int64, error) {
	err := f.begin(OpStat)
	defer f.fs.mu.Unlock()
	return int64(len(f.node.data)), err
}

func (f *memFile) Close() error {
	err := f.begin(OpClose)
	defer f.fs.mu.Unlock()
	f.closed = true
	return err
}

// CrashClone gives the file system as it could stand after a power cut now: all
// that was synced, and of the rest each sector and each name with a chance of
// unsyncedPercent. The original goes on unchanged; the clone has neither hook
// nor limit.
func (m *Mem) CrashClone(rng *rand.Rand, unsyncedPercent int) *Mem {
	m.mu.Lock()
	defer m.mu.Unlock()
	keep := func() bool { return rng.IntN(100) < unsyncedPercent }
	clone := NewMem()
	seen := map[*node]*node{}
	for _, name := range sortedKeys(m.dirs) {
		dir := m.dirs[name]
		names := make(map[string]*node, len(dir.durable))
		apply(names, dir.durable)
		for _, c := range dir.pending {
			if keep() {
				apply(names, c)
			}
		}
		d := newMemDir()
		for _, file := range sortedKeys(names) {
			n := names[file]
			if seen[n] == nil {
				seen[n] = n.crash(keep)
			}
			d.files[file], d.durable[file] = seen[n], seen[n]
		}
		clone.dirs[name] = d
	}
	return clone
}

// crash is the content after a power cut. A sector that is dropped before one
// that is kept reads as what was there before, or as zeros.
func (n *node) crash(keep func() bool) *node {
	b := slices.Clone(n.durable)
	for _, c := range n.pending {
		if c.p == nil {
			if keep() {
				b = c.apply(b)
			}
			continue
		}
		for from := int64(0); from < int64(len(c.p)); {
			to := min(int64(len(c.p)), (c.off+from)/sector*sector+sector-c.off)
			if keep() {
				b = change{c.off + from, c.p[from:to]}.apply(b)
			}
			from = to
		}
	}
	return &node{data: b, durable: slices.Clone(b)}
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
