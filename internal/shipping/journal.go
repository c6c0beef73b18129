package shipping

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/mewshq/mews/internal/vfs"
)

const journalName = "journal"

// keepGone is how long the journal knows a log whose file is gone: a folder may
// be away for a while.
const keepGone = 30 * 24 * time.Hour

// A Journal is what was begun and done of all logs. It is a text, one record a
// line, appended to; opening it writes it anew without what is over.
type Journal struct {
	fsys vfs.FS
	now  func() time.Time
	// unlock lets the folder go; nil where it is not locked.
	unlock func() error

	logs []*log // in the order of their numbers

	// The places that logs have had since the journal was opened. The reader
	// alone uses them.
	byFile map[file][]*log
	byPath map[string][]*log

	mu   sync.Mutex // of the file, and of what logs have pending
	file vfs.File
	end  int64
	kept int64 // length after it was last written anew
}

// A log is what the journal knows of one file.
type log struct {
	number int
	place
	head mark

	next    int64  // where the next chunk begins
	lines   int    // before it
	pending []span // begun and not done, in their order
	again   []span // those of a former run: the reader hands them over again
	whole   stamp  // read to its end, when it looked like this
	touched int64  // unix seconds of the last change here
}

// A place is where a file is.
type place struct {
	Path string `json:"path"`
	Dev  uint64 `json:"dev"`
	Ino  uint64 `json:"ino"`
}

// A file is a file under any name.
type file struct{ dev, ino uint64 }

func (p place) file() file { return file{p.Dev, p.Ino} }

// A mark tells a log from another that took its place: the digest of its first
// bytes.
type mark struct {
	Head int    `json:"head"`
	Sum  string `json:"sum"`
}

// A stamp is what a file looked like from outside.
type stamp struct {
	Size  int64 `json:"size"`
	Mtime int64 `json:"mtime"` // ns
}

// A span is one chunk without its bytes.
type span struct {
	From  int64  `json:"from"`
	To    int64  `json:"to"`
	Line  int    `json:"line"`
	Lines int    `json:"lines"`
	Key   string `json:"key"`
}

// A record is one line of the journal. Log is its number; one of the others is
// set.
type record struct {
	Log   int    `json:"log"`
	At    int64  `json:"at,omitempty"`
	Is    *entry `json:"is,omitempty"`
	Begin *span  `json:"begin,omitempty"`
	Done  *int64 `json:"done,omitempty"` // where the chunk begins
	Whole *stamp `json:"whole,omitempty"`
}

// An entry describes a log, anew or for the first time.
type entry struct {
	place
	mark
	Next  int64 `json:"next"`
	Lines int   `json:"lines"`
}

// OpenFolder opens the journal in a folder, which is made if it is not there, and
// which no other process may use until the journal is closed.
func OpenFolder(dir string, now func() time.Time) (j *Journal, err error) {
	fsys, unlock, err := takeFolder(dir)
	if err != nil {
		return nil, err
	}
	j, err = OpenJournal(fsys, now, func(path string) bool { _, err := os.Stat(path); return errors.Is(err, fs.ErrNotExist) })
	if err != nil {
		return nil, errors.Join(err, unlock())
	}
	j.unlock = unlock
	return j, nil
}

// takeFolder makes a folder of checkpoints and keeps other processes out of it.
func takeFolder(dir string) (fsys vfs.FS, unlock func() error, err error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, nil, fmt.Errorf("make the folder of checkpoints: %w", err)
	}
	unlock, err = vfs.LockDir(dir)
	if err != nil {
		if inUse, ok := errors.AsType[*vfs.InUseError](err); ok {
			return nil, nil, fmt.Errorf("the checkpoints in %s are %w", dir, inUse)
		}
		return nil, nil, err
	}
	if fsys, err = vfs.OS(dir); err != nil {
		return nil, nil, errors.Join(err, unlock())
	}
	return fsys, unlock, nil
}

// OpenJournal opens the journal in a folder that no other process uses, or makes
// it. gone tells whether a file is no longer there.
func OpenJournal(fsys vfs.FS, now func() time.Time, gone func(path string) bool) (*Journal, error) {
	j := &Journal{fsys: fsys, now: now, byFile: map[file][]*log{}, byPath: map[string][]*log{}}
	text, err := readJournal(fsys)
	if err == nil {
		err = j.replay(text)
	}
	if err != nil {
		return nil, fmt.Errorf("read the checkpoints: %w", err)
	}
	oldest := now().Add(-keepGone).Unix()
	j.logs = slices.DeleteFunc(j.logs, func(l *log) bool { return l.touched < oldest && gone(l.Path) })
	for _, l := range j.logs {
		l.again = slices.Clone(l.pending)
		j.remember(l, l.place)
	}
	if err := j.rewrite(); err != nil {
		return nil, err
	}
	return j, nil
}

func readJournal(fsys vfs.FS) ([]byte, error) {
	if err := vfs.RemoveTemp(fsys, "."); err != nil {
		return nil, err
	}
	return readWhole(fsys, journalName)
}

// readWhole reads a file; one that is not there is empty.
func readWhole(fsys vfs.FS, name string) ([]byte, error) {
	f, err := fsys.Open(name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.NewSectionReader(f, 0, size))
}

// replay reads the records. A power cut may damage what was written since the
// last chunk was begun: nothing of that is relied upon. Damage before that is
// an error, because lines would count twice.
func (j *Journal) replay(text []byte) error {
	byNumber := map[int]*log{}
	for number := 1; len(text) > 0; number++ {
		line, rest, whole := bytes.Cut(text, []byte{'\n'})
		r, err := parseRecord(line)
		if err == nil && byNumber[r.Log] == nil {
			if r.Is == nil {
				err = errors.New("it speaks of an unknown log")
			} else {
				l := &log{number: r.Log, next: r.Is.Next, lines: r.Is.Lines}
				byNumber[r.Log], j.logs = l, append(j.logs, l)
			}
		}
		if (err != nil || !whole) && !begins(rest) {
			return nil
		}
		if err != nil {
			return fmt.Errorf("line %d is damaged: %w", number, err)
		}
		r.apply(byNumber[r.Log])
		text = rest
	}
	return nil
}

// begins tells whether a chunk is begun in the text.
func begins(text []byte) bool {
	for line := range bytes.SplitSeq(text, []byte{'\n'}) {
		if r, err := parseRecord(line); err == nil && r.Begin != nil {
			return true
		}
	}
	return false
}

// apply makes a record of a log true.
func (r *record) apply(l *log) {
	l.touched = max(l.touched, r.At)
	switch {
	case r.Is != nil:
		l.place, l.head = r.Is.place, r.Is.mark
	case r.Begin != nil:
		l.pending = append(l.pending, *r.Begin)
		if r.Begin.To > l.next {
			l.next, l.lines = r.Begin.To, r.Begin.Line-1+r.Begin.Lines
		}
	case r.Done != nil:
		l.pending = slices.DeleteFunc(l.pending, func(s span) bool { return s.From == *r.Done })
	case r.Whole != nil:
		l.whole = *r.Whole
	}
}

// rewrite writes the journal with nothing but what still counts.
func (j *Journal) rewrite() error {
	var size int64
	err := vfs.WriteDurable(j.fsys, journalName, func(w io.Writer) error {
		out := bufio.NewWriter(w)
		for _, l := range j.logs {
			for _, r := range l.records() {
				n, err := out.Write(r.line())
				size += int64(n)
				if err != nil {
					return err
				}
			}
		}
		return out.Flush()
	})
	var file vfs.File
	if err == nil {
		file, err = j.fsys.Open(journalName)
	}
	if err != nil {
		return fmt.Errorf("write the checkpoints: %w", err)
	}
	if j.file != nil {
		_ = j.file.Close() // nothing in it counts any more
	}
	j.file, j.end, j.kept = file, size, size
	return nil
}

// records are a log's shortest history.
func (l *log) records() []record {
	is := &entry{place: l.place, mark: l.head, Next: l.next, Lines: l.lines}
	list := []record{{Log: l.number, At: l.touched, Is: is}}
	for i := range l.pending {
		list = append(list, record{Log: l.number, Begin: &l.pending[i]})
	}
	if l.whole != (stamp{}) {
		list = append(list, record{Log: l.number, Whole: &l.whole})
	}
	return list
}

// line is a record as it is written: its CRC-32C, then JSON.
func (r record) line() []byte {
	b, _ := json.Marshal(r) // numbers and text
	return fmt.Appendf(nil, "%08x %s\n", checksum(b), b)
}

func parseRecord(line []byte) (r record, err error) {
	sum, text, _ := bytes.Cut(line, []byte{' '})
	if string(sum) != fmt.Sprintf("%08x", checksum(text)) {
		return r, errors.New("its checksum differs")
	}
	return r, json.Unmarshal(text, &r)
}

func checksum(b []byte) uint32 { return crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)) }

// slack is how much the journal grows before it is written anew.
const slack = 4 << 20

// write appends a record and makes it true.
func (j *Journal) write(l *log, sync bool, r record) error {
	j.mu.Lock()
	defer j.mu.Unlock()
	r.Log, r.At = l.number, j.now().Unix()
	text := r.line()
	_, err := j.file.WriteAt(text, j.end)
	j.end += int64(len(text))
	if err == nil && sync {
		err = j.file.Sync()
	}
	if err != nil {
		return fmt.Errorf("write the checkpoints: %w", err)
	}
	r.apply(l)
	if j.end > 2*j.kept+slack {
		return j.rewrite()
	}
	return nil
}

// add enters a log that is new.
func (j *Journal) add(p place, m mark) (*log, error) {
	l := &log{number: 1}
	if n := len(j.logs); n > 0 {
		l.number = j.logs[n-1].number + 1
	}
	j.mu.Lock()
	j.logs = append(j.logs, l)
	j.mu.Unlock()
	j.remember(l, p)
	return l, j.write(l, false, record{Is: &entry{place: p, mark: m}})
}

func (j *Journal) remember(l *log, p place) {
	j.byFile[p.file()] = append(j.byFile[p.file()], l)
	j.byPath[p.Path] = append(j.byPath[p.Path], l)
}

// moved notes where a log is now, and what it begins with.
func (j *Journal) moved(l *log, p place, m mark) error {
	if l.place == p && l.head == m {
		return nil
	}
	if l.place != p {
		j.remember(l, p)
	}
	return j.write(l, false, record{Is: &entry{place: p, mark: m, Next: l.next, Lines: l.lines}})
}

// begin names a chunk before it is handed over. It is durable: if it were not, a
// log that has grown meanwhile could be cut in another way after a power cut.
func (j *Journal) begin(c *Chunk) error {
	return j.write(c.log, true, record{Begin: &span{From: c.from, To: c.to, Line: c.Line, Lines: c.Lines, Key: c.Key}})
}

// done notes that a chunk was taken in. It need not be durable: a chunk that is
// handed over again counts nothing.
func (j *Journal) done(c *Chunk) error { return j.write(c.log, false, record{Done: &c.from}) }

// wholly notes that a log was read to its end.
func (j *Journal) wholly(l *log, s stamp) error { return j.write(l, false, record{Whole: &s}) }

// Close closes the journal.
func (j *Journal) Close() error {
	err := j.file.Close()
	if j.unlock != nil {
		err = errors.Join(err, j.unlock())
	}
	return err
}
