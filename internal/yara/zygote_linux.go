package yara

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A zygote is a warmed-up worker program that becomes a worker by forking:
// loading and warming up are paid once. It never sees a rule or a file. Its
// workers share their address layout, so it is replaced after some of them.
type zygote struct {
	cmd    *exec.Cmd
	socket *net.UnixConn
	said   *tail
	gone   chan struct{} // closed when no news will come

	mu     sync.Mutex
	nextID uint64
	forks  map[uint64]*fork // that have not ended
	begun  int              // forks in all
	old    bool             // no new forks; it ends with the last one
	over   bool
}

const (
	zygoteForks = 200              // after so many it is replaced
	zygoteAge   = 10 * time.Minute // or after so long
	zygotePause = 30 * time.Second // before another try when one does not start
	endPatience = 5 * time.Second  // for the news that a killed worker has ended
)

// News of a zygote, docs/format/worker.md.
const (
	newsWarm byte = 1 + iota
	newsStarted
	newsEnded
	newsRefused

	newsBytes = 13
)

// A fork is a worker made by a zygote.
type fork struct {
	z       *zygote
	id      uint64
	started chan error // one word: it runs, or why not
	ended   chan struct{}

	mu     sync.Mutex
	handle int // pidfd, -1 without
	status syscall.WaitStatus
	known  bool
}

// newZygote starts a zygote and waits until it is warm.
func newZygote(cmd *exec.Cmd, attr *syscall.SysProcAttr, patience time.Duration) (*zygote, error) {
	fds, err := unix.Socketpair(unix.AF_UNIX, unix.SOCK_SEQPACKET|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("socketpair: %w", err)
	}
	ours, theirs := os.NewFile(uintptr(fds[0]), "zygote"), os.NewFile(uintptr(fds[1]), "server")
	defer theirs.Close()
	conn, err := net.FileConn(ours)
	if err = errors.Join(err, ours.Close()); err != nil {
		return nil, err
	}
	socket, ok := conn.(*net.UnixConn)
	if !ok {
		return nil, errors.Join(fmt.Errorf("socket is a %T", conn), conn.Close())
	}
	z := &zygote{cmd: cmd, socket: socket, said: &tail{}, gone: make(chan struct{}), forks: map[uint64]*fork{}}
	cmd.Args = append(cmd.Args, "--zygote")
	cmd.Dir, cmd.Stdin, cmd.Stderr, cmd.SysProcAttr = "/", theirs, z.said, attr
	cmd.WaitDelay = time.Second
	if err := cmd.Start(); err != nil {
		return nil, errors.Join(err, socket.Close())
	}
	_ = socket.SetReadDeadline(time.Now().Add(patience))
	var text [newsBytes]byte
	if n, err := socket.Read(text[:]); err != nil || n != newsBytes || text[0] != newsWarm {
		_ = socket.Close()
		z.kill()
		_ = cmd.Wait()
		return nil, fmt.Errorf("zygote does not greet (%v) %s", err, z.said.text())
	}
	_ = socket.SetReadDeadline(time.Time{})
	go z.listen()
	return z, nil
}

// listen passes the zygote's news on until there are no more, and reaps it.
func (z *zygote) listen() {
	for z.hear() == nil {
	}
	z.kill()
	_ = z.socket.Close()
	_ = z.cmd.Wait()
	z.mu.Lock()
	forks := z.forks
	z.forks, z.over = map[uint64]*fork{}, true
	z.mu.Unlock()
	for _, f := range forks {
		f.kill() // its parent's death should have done that
		f.end(0, false)
	}
	close(z.gone)
}

func (z *zygote) hear() error {
	var text [newsBytes]byte
	room := make([]byte, unix.CmsgSpace(4))
	n, control, _, _, err := z.socket.ReadMsgUnix(text[:], room)
	if err != nil {
		return err
	}
	if n != newsBytes {
		return io.ErrUnexpectedEOF
	}
	handle := -1
	if control > 0 {
		if handle, err = descriptor(room[:control]); err != nil {
			return err
		}
	}
	id, value := binary.LittleEndian.Uint64(text[1:]), binary.LittleEndian.Uint32(text[9:])
	z.mu.Lock()
	f := z.forks[id]
	if text[0] == newsEnded || text[0] == newsRefused {
		delete(z.forks, id)
	}
	z.mu.Unlock()
	switch {
	case f == nil:
		return fmt.Errorf("news of fork %d, which is none", id)
	case text[0] == newsStarted && handle >= 0:
		f.mu.Lock()
		f.handle = handle
		f.mu.Unlock()
		f.started <- nil
	case text[0] == newsRefused:
		f.started <- syscall.Errno(value)
	case text[0] == newsEnded:
		f.end(syscall.WaitStatus(value), true)
		z.retire(false)
	default:
		return fmt.Errorf("news of type %d", text[0])
	}
	return nil
}

// descriptor takes the one descriptor out of a control message.
func descriptor(control []byte) (int, error) {
	messages, err := unix.ParseSocketControlMessage(control)
	if err != nil || len(messages) != 1 {
		return -1, errors.Join(err, io.ErrUnexpectedEOF)
	}
	fds, err := unix.ParseUnixRights(&messages[0])
	if err != nil || len(fds) != 1 {
		return -1, errors.Join(err, io.ErrUnexpectedEOF)
	}
	return fds[0], nil
}

// fork makes a worker of these pipes.
func (z *zygote) fork(stdin, stdout *os.File, patience time.Duration) (*fork, error) {
	f := &fork{z: z, started: make(chan error, 1), ended: make(chan struct{}), handle: -1}
	z.mu.Lock()
	if z.over || z.old {
		z.mu.Unlock()
		return nil, os.ErrClosed
	}
	z.nextID++
	z.begun++
	f.id = z.nextID
	z.forks[f.id] = f
	z.old = z.begun >= zygoteForks
	z.mu.Unlock()
	// Fd makes the worker's ends blocking, as it wants them.
	rights := unix.UnixRights(int(stdin.Fd()), int(stdout.Fd()))
	_, _, err := z.socket.WriteMsgUnix(binary.LittleEndian.AppendUint64(nil, f.id), rights, nil)
	if err == nil {
		err = f.begin(patience)
	}
	if err != nil {
		z.mu.Lock()
		delete(z.forks, f.id)
		z.mu.Unlock()
		return nil, fmt.Errorf("fork a worker: %w", err)
	}
	return f, nil
}

// begin waits until the fork runs. A zygote that keeps silent is of no
// further use.
func (f *fork) begin(patience time.Duration) error {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case err := <-f.started:
		return err
	case <-f.z.gone:
		return os.ErrClosed
	case <-timer.C:
		f.z.kill()
		return os.ErrDeadlineExceeded
	}
}

// retire lets the zygote end: now when it has no workers, else with the last of
// them. Without force only one that is old ends.
func (z *zygote) retire(force bool) {
	z.mu.Lock()
	z.old = z.old || force
	done := z.old && len(z.forks) == 0 && !z.over
	z.mu.Unlock()
	if done {
		_ = z.socket.CloseWrite()
	}
}

func (z *zygote) kill() { _ = z.cmd.Process.Kill() }

func (f *fork) kill() { _ = f.signal(unix.SIGKILL) }

// signal reaches this worker or, when it has ended, nobody.
func (f *fork) signal(s unix.Signal) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.handle < 0 {
		return os.ErrProcessDone
	}
	return unix.PidfdSendSignal(f.handle, s, nil, 0)
}

// end notes how the worker ended.
func (f *fork) end(status syscall.WaitStatus, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.status, f.known = status, known
	if f.handle >= 0 {
		_ = unix.Close(f.handle)
		f.handle = -1
	}
	close(f.ended)
}

func (f *fork) wait() (syscall.WaitStatus, bool) {
	timer := time.AfterFunc(endPatience, f.z.kill)
	<-f.ended
	timer.Stop()
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.status, f.known
}

// A nursery keeps one zygote ready and replaces it in time.
type nursery struct {
	mu     sync.Mutex
	now    *zygote
	born   time.Time
	failed time.Time // when none could be started
	closed bool
}

// fork makes a worker of these pipes, or says why a worker must be started on
// its own.
func (e *Engine) fork(stdin, stdout *os.File) (program, error) {
	z, err := e.zygote()
	if err != nil {
		return nil, err
	}
	f, err := z.fork(stdin, stdout, e.greeting)
	if errors.Is(err, os.ErrClosed) { // it was replaced or died a moment ago
		if z, err = e.zygote(); err != nil {
			return nil, err
		}
		f, err = z.fork(stdin, stdout, e.greeting)
	}
	if err != nil {
		return nil, err
	}
	return f, nil
}

// zygote gives the present zygote, or a new one.
func (e *Engine) zygote() (*zygote, error) {
	n := &e.nursery
	n.mu.Lock()
	defer n.mu.Unlock()
	switch {
	case n.closed || !e.forking:
		return nil, os.ErrClosed
	case n.now.usable() && time.Since(n.born) < zygoteAge:
		return n.now, nil
	case time.Since(n.failed) < zygotePause:
		return nil, os.ErrClosed
	}
	if n.now != nil {
		n.now.retire(true)
		n.now = nil
	}
	z, err := isolate(e, func(attr *syscall.SysProcAttr) (*zygote, error) {
		return newZygote(e.command(), attr, e.greeting)
	})
	if err != nil {
		n.failed = time.Now()
		e.log.Warn("yara workers are started one by one: forking them does not work", "error", err)
		return nil, err
	}
	n.now, n.born = z, time.Now()
	return z, nil
}

func (z *zygote) usable() bool {
	if z == nil {
		return false
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	return !z.over && !z.old
}

// close ends the zygote and waits for it, so that its CPU time is counted with
// this process's children.
func (n *nursery) close() {
	n.mu.Lock()
	z := n.now
	n.now, n.closed = nil, true
	n.mu.Unlock()
	if z == nil {
		return
	}
	z.retire(true)
	select {
	case <-z.gone:
	case <-time.After(time.Second): // workers still run
		z.kill()
		<-z.gone
	}
}
