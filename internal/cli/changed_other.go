//go:build !linux

package cli

import (
	"io/fs"
	"time"
)

// changeTime is when a file's content was written; other systems name the time
// of its move differently.
func changeTime(info fs.FileInfo) time.Time { return info.ModTime() }
