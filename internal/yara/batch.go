package yara

import (
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"time"
)

// A File is one file to scan. Open is called for each attempt, and what it
// gives is closed. The reader must give exactly Size bytes; what it says at its
// end counts, so a reader may verify there.
type File struct {
	Size int64
	Open func() (io.ReadCloser, error)
}

// A Result is what became of a file. When Err, a *ReadError, is set, there is no
// verdict.
type Result struct {
	Verdict
	Err error
}

func (r *Result) settled() bool { return r.Outcome != "" || r.Err != nil }

const (
	// smallFile is how large a file may be to travel with others.
	smallFile = 128 << 10
	// fullBuffer is when small files are sent: early enough to keep the worker
	// busy, late enough that a system call is shared by many.
	fullBuffer = 64 << 10
	// dataBytes is how much of a large file goes in one frame.
	dataBytes = 256 << 10
)

// frameOverhead is what a small file adds to its bytes.
const frameOverhead = 2*headBytes + fileBytes

// A talk asks workers about files, in their order. Small files are sent ahead of
// their answers, never more than the pipe holds: a worker that waits until its
// answers are read cannot make the sender wait too.
type talk struct {
	e       *Engine
	w       *process
	rules   map[string]Rule
	files   []File
	results []Result
	facts   []Description // where files are described, nil where they are scanned
	base    int64         // id of files[0]

	queue  []int // files without an answer, oldest first
	flying int   // bytes of those that were sent
}

// run asks w about the files from..to that are not settled. It stops early,
// without an error, when w has done enough. With an error w is at its end, and
// the first file in the queue is the one it was busy with.
func (t *talk) run(ctx context.Context, w *process, from, to int) error {
	defer w.killWith(ctx)()
	t.w, t.queue, t.flying = w, t.queue[:0], 0
	w.buffer = w.buffer[:0]
	for i := from; i < to && !w.worn(); i++ {
		if t.results[i].settled() {
			continue
		}
		send := t.add
		if t.files[i].Size > smallFile {
			send = t.stream
		}
		if err := send(i); err != nil {
			return err
		}
	}
	return t.finish()
}

// add puts a small file into the buffer. One that cannot be read leaves no
// trace there.
func (t *talk) add(i int) error {
	size := int(t.files[i].Size)
	b := appendFile(t.w.buffer, t.base+int64(i), int64(size))
	if size > 0 {
		b = appendHead(b, frameData, size)
	}
	b = extend(b, size)
	r, err := t.files[i].Open()
	if err == nil {
		err = readAll(r, b[len(b)-size:])
	}
	if err != nil {
		t.results[i].Err = &ReadError{Err: err}
		return nil
	}
	t.w.buffer = b
	t.ask(i)
	if len(b) < fullBuffer {
		return nil
	}
	return t.flush()
}

// ask notes that a file is on its way.
func (t *talk) ask(i int) {
	t.queue = append(t.queue, i)
	t.w.files++
	t.w.bytes += t.files[i].Size
}

// readAll fills b and closes r, which must end there.
func readAll(r io.ReadCloser, b []byte) error {
	defer r.Close()
	if err := fill(r, b); err != nil {
		return err
	}
	return atEnd(r)
}

// extend makes b n bytes longer; what they hold does not matter.
func extend(b []byte, n int) []byte { return slices.Grow(b, n)[:len(b)+n] }

func fill(r io.Reader, b []byte) error {
	_, err := io.ReadFull(r, b)
	if err == io.EOF {
		return io.ErrUnexpectedEOF
	}
	return err
}

// flush sends the buffer, first reading answers until the pipe has room.
func (t *talk) flush() error {
	n := len(t.w.buffer)
	for t.flying > 0 && t.flying+n > t.w.room {
		if err := t.answer(); err != nil {
			return err
		}
	}
	t.flying += n
	err := t.w.write(t.w.buffer, t.limit())
	t.w.buffer = t.w.buffer[:0]
	if err != nil {
		return t.ended(err)
	}
	return nil
}

// finish sends what is left and reads every answer.
func (t *talk) finish() error {
	if len(t.w.buffer) > 0 {
		if err := t.flush(); err != nil {
			return err
		}
	}
	for len(t.queue) > 0 {
		if err := t.answer(); err != nil {
			return err
		}
	}
	return nil
}

// ended handles a pipe that takes no more. The answers given before tell at
// which file the worker is.
func (t *talk) ended(err error) error {
	if isTimeout(err) {
		return t.w.explain(err)
	}
	for len(t.queue) > 0 {
		if err := t.answer(); err != nil {
			return err
		}
	}
	return t.w.explain(err)
}

// stream sends a large file on its own and reads its answer. A file that turns
// out to be unreadable when it is half sent costs the worker, which is then in
// the middle of a conversation.
func (t *talk) stream(i int) error {
	if err := t.finish(); err != nil {
		return err
	}
	r, err := t.files[i].Open()
	if err != nil {
		t.results[i].Err = &ReadError{Err: err}
		return nil
	}
	defer r.Close()
	t.w.buffer = appendFile(t.w.buffer, t.base+int64(i), t.files[i].Size)
	for left := t.files[i].Size; left > 0; {
		n := int(min(left, dataBytes))
		t.w.buffer = appendHead(t.w.buffer, frameData, n)
		t.w.buffer = extend(t.w.buffer, n)
		err := fill(r, t.w.buffer[len(t.w.buffer)-n:])
		if left -= int64(n); err == nil && left == 0 {
			err = atEnd(r)
		}
		if err != nil {
			t.results[i].Err = &ReadError{Err: err}
			return t.breakOff()
		}
		if len(t.queue) == 0 {
			t.ask(i)
		}
		err = t.w.write(t.w.buffer, t.limit())
		if t.w.buffer = t.w.buffer[:0]; err != nil {
			return t.ended(err)
		}
	}
	return t.finish()
}

// breakOff ends a worker that waits for the rest of a file. One that has not
// heard of the file stays.
func (t *talk) breakOff() error {
	if len(t.queue) > 0 {
		t.queue = t.queue[:0]
		t.w.close()
	}
	t.w.buffer = t.w.buffer[:0]
	return nil
}

// answer reads what the worker says of the oldest file in the queue.
func (t *talk) answer() error {
	i := t.queue[0]
	v, err := t.verdict(i)
	if err != nil {
		return err
	}
	t.results[i].Verdict = v
	t.queue = t.queue[1:]
	t.flying = max(0, t.flying-int(t.files[i].Size)-frameOverhead)
	t.w.cpu += min(v.CPU, t.limit()) // what it claims, within reason
	return nil
}

func (t *talk) verdict(i int) (Verdict, error) {
	kind, payload, err := t.w.read(t.limit())
	if err != nil {
		return Verdict{}, err
	}
	if t.facts != nil {
		return t.described(i, kind, payload)
	}
	id := t.base + int64(i)
	switch kind {
	case frameClean:
		return cleanVerdict(payload, id)
	case frameResult:
		m, err := unpack[resultMessage](payload)
		if err != nil {
			return Verdict{}, err
		}
		return m.verdict(id, t.files[i].Size, t.rules)
	}
	return Verdict{}, protocolErrorf("frame of type %d instead of RESULT", kind)
}

// cleanVerdict reads a CLEAN.
func cleanVerdict(payload []byte, id int64) (Verdict, error) {
	if len(payload) != cleanBytes {
		return Verdict{}, protocolErrorf("CLEAN has %d bytes", len(payload))
	}
	if got := binary.LittleEndian.Uint64(payload); got != uint64(id) {
		return Verdict{}, protocolErrorf("CLEAN for file %d, asked for %d", got, id)
	}
	cpu := time.Duration(binary.LittleEndian.Uint32(payload[8:])) * time.Microsecond
	return Verdict{Outcome: NoMatch, CPU: cpu}, nil
}

// limit is how long a worker may keep silent over one file.
func (t *talk) limit() time.Duration { return t.e.o.File + grace }

// atEnd reads one byte more than the file has: a source that verifies does so
// before it says io.EOF.
func atEnd(r io.Reader) error {
	var one [1]byte
	switch n, err := io.ReadFull(r, one[:]); {
	case n > 0:
		return fmt.Errorf("longer than its record")
	case err != io.EOF:
		return err
	}
	return nil
}
