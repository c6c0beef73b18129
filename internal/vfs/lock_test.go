package vfs

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"syscall"
	"testing"
)

func TestLockDir(t *testing.T) {
	dir := t.TempDir()
	unlock, err := LockDir(dir)
	must(t, err)
	host, _ := os.Hostname()
	for range 3 {
		_, err = LockDir(dir)
		var use *InUseError
		if !errors.As(err, &use) || use.PID != os.Getpid() || use.Host != host {
			t.Fatalf("second lock: %v", err)
		}
	}
	must(t, unlock())
	unlock, err = LockDir(dir)
	must(t, err)
	must(t, unlock())
	if _, err := LockDir(filepath.Join(dir, "none")); err == nil {
		t.Error("locked a folder that does not exist")
	}
}

// A child that is just being started has the file for a moment, as a copy of it
// stands for here. It must not keep the lock.
func TestUnlockBesideCopies(t *testing.T) {
	dir := t.TempDir()
	unlock, err := LockDir(dir)
	must(t, err)
	copied := -1
	open, err := os.ReadDir("/proc/self/fd")
	must(t, err)
	for _, e := range open {
		if path, err := os.Readlink(filepath.Join("/proc/self/fd", e.Name())); err == nil && path == filepath.Join(dir, LockName) {
			fd, err := strconv.Atoi(e.Name())
			must(t, err)
			copied, err = syscall.Dup(fd)
			must(t, err)
			defer syscall.Close(copied)
		}
	}
	if copied < 0 {
		t.Fatal("the lock's file is not open")
	}
	must(t, unlock())
	again, err := LockDir(dir)
	must(t, err)
	must(t, again())
}

// The lock ends with its process, however that ends.
func TestLockDirAcrossProcesses(t *testing.T) {
	if dir := os.Getenv("VFS_LOCK_CHILD"); dir != "" {
		if _, err := LockDir(dir); err != nil {
			os.Exit(3)
		}
		os.Stdout.WriteString("locked\n")
		select {}
	}
	dir := t.TempDir()
	child := exec.Command(os.Args[0], "-test.run=^TestLockDirAcrossProcesses$")
	child.Env = append(os.Environ(), "VFS_LOCK_CHILD="+dir)
	out, err := child.StdoutPipe()
	must(t, err)
	must(t, child.Start())
	if _, err := out.Read(make([]byte, 7)); err != nil {
		t.Fatal(err)
	}
	_, err = LockDir(dir)
	var use *InUseError
	if !errors.As(err, &use) || use.PID != child.Process.Pid {
		t.Errorf("while the child owns it: %v", err)
	}
	must(t, child.Process.Kill())
	child.Wait()
	unlock, err := LockDir(dir)
	must(t, err)
	must(t, unlock())
}
