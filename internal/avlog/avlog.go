// Package avlog reads what antivirus programs write about the files that they
// moved into their own quarantine: ClamAV's logs, maldet's quarantine.hist and
// .info files. It only reads text. File names in such texts are chosen by
// attackers and may hold line breaks and whatever looks like another record, so
// a record counts only when it can be read in one way.
package avlog

import (
	"bufio"
	"errors"
	"io"
	"path"
	"strings"
	"time"
)

// A Finding is one file that was moved into quarantine.
type Finding struct {
	Line       int       // of the text, from 1
	Path       string    // where the file was
	Kept       string    // where it was moved to
	Signatures []string  // what it was taken for
	MD5        string    // of what the signature matched, where the text says; of the file in maldet's
	Owner      string    // where the text says
	Time       time.Time // when it was moved; zero where the text does not say
}

// A Problem is a record that cannot be read.
type Problem struct {
	Line int
	Text string
}

// A Log is what a text tells. Detections counts all records of detections, also
// those of files that were not moved.
type Log struct {
	Findings   []Finding
	Problems   []Problem
	Detections int
}

func (l *Log) problem(line int, text string) {
	l.Problems = append(l.Problems, Problem{Line: line, Text: text})
}

// maxLine bounds a line: three paths of at most 4 KiB, and what stands between.
const maxLine = 16 << 10

// eachLine calls f for each line without its end. Lines that are too long are
// told of in the log instead.
func eachLine(r io.Reader, l *Log, f func(n int, line string)) error {
	in := bufio.NewReaderSize(r, maxLine)
	for n := 1; ; n++ {
		line, err := in.ReadSlice('\n')
		switch {
		case errors.Is(err, bufio.ErrBufferFull):
			l.problem(n, "the line is too long")
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = in.ReadSlice('\n')
			}
		case len(line) > 0:
			f(n, strings.TrimRight(string(line), "\r\n"))
		}
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
	}
}

// fits tells whether a file of this path can have been moved to kept: programs
// keep the file's name and append a number to it.
func fits(file, kept string) bool {
	if file == "" {
		return false
	}
	rest, ok := strings.CutPrefix(path.Base(kept), path.Base(file))
	return ok && (rest == "" || rest[0] == '.' && isNumber(rest[1:]))
}

func isNumber(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

func isHex(s string) bool {
	return s != "" && strings.Trim(s, "0123456789abcdefABCDEF") == ""
}
