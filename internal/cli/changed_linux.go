package cli

import (
	"io/fs"
	"syscall"
	"time"
)

// changeTime is when a file came to its place: unlike the time of its content,
// who made the file does not choose it.
func changeTime(info fs.FileInfo) time.Time {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return time.Unix(s.Ctim.Unix())
	}
	return info.ModTime()
}
