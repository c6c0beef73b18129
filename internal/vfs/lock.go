package vfs

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// LockName is the file in a data folder that its owner holds locked.
const LockName = "LOCK"

// An InUseError says who owns the folder. PID is 0 and Host empty when the
// owner has not written them yet.
type InUseError struct {
	PID  int
	Host string
}

func (e *InUseError) Error() string {
	if e.PID == 0 {
		return "in use by another process"
	}
	return fmt.Sprintf("in use by pid %d on host %s", e.PID, e.Host)
}

// LockDir makes this process the one owner of the folder path, which must
// exist, until unlock is called or the process ends, however it ends. When it
// has an owner already, the error is an *InUseError.
func LockDir(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(filepath.Join(path, LockName), os.O_RDWR|os.O_CREATE, fileMode)
	if err != nil {
		return nil, fmt.Errorf("lock data dir: %w", err)
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = owner(f)
	}
	if err == nil {
		err = sign(f)
	}
	if err != nil {
		f.Close()
		return nil, fmt.Errorf("lock data dir: %w", err)
	}
	// Closing alone would not drop the lock while a child that this process is just
	// starting still has the file. The file stays: removing it would let a third
	// process lock a new file while the second holds the old one.
	return func() error {
		return errors.Join(syscall.Flock(int(f.Fd()), syscall.LOCK_UN), f.Close())
	}, nil
}

func owner(f *os.File) error {
	text, err := io.ReadAll(io.LimitReader(f, 1024))
	if err != nil {
		return err
	}
	pid, host, _ := strings.Cut(strings.TrimSpace(string(text)), " ")
	n, _ := strconv.Atoi(pid)
	return &InUseError{PID: n, Host: host}
}

func sign(f *os.File) error {
	host, err := os.Hostname()
	if err != nil {
		host = "unknown"
	}
	if err := f.Truncate(0); err != nil {
		return err
	}
	_, err = fmt.Fprintf(f, "%d %s\n", os.Getpid(), host)
	return err
}
