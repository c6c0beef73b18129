package avlog

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strconv"
	"strings"
	"time"
)

// ReadMaldet reads the quarantine.hist of Linux Malware Detect (maldet), one
// line a file:
//
//	EPOCH:SIGNATURE:PATH:OWNER:GROUP:HASH:SIZE:KEPT
//
// HASH is the file's MD5, or its SHA-256 since 2.0, or "unknown". The fields are
// those that maldet 1.4 to 2.0 writes; paths may hold colons.
func ReadMaldet(r io.Reader) (*Log, error) {
	l := &Log{}
	err := eachLine(r, l, func(n int, line string) {
		if line == "" {
			return
		}
		l.Detections++
		f, why := maldetLine(line)
		if why != "" {
			l.problem(n, why)
			return
		}
		f.Line = n
		l.Findings = append(l.Findings, f)
	})
	return l, err
}

// maxSeconds keeps times within what dates can be written.
const maxSeconds = 1 << 37

func maldetLine(line string) (Finding, string) {
	head := strings.SplitN(line, ":", 3)
	if len(head) < 3 || !isNumber(head[0]) {
		return Finding{}, "expected EPOCH:SIGNATURE:PATH:OWNER:GROUP:HASH:SIZE:KEPT"
	}
	seconds, err := strconv.ParseInt(head[0], 10, 64)
	if err != nil || seconds > maxSeconds {
		return Finding{}, "the time is out of range"
	}
	f := Finding{Time: time.Unix(seconds, 0).UTC(), Signatures: []string{head[1]}}
	ways := 0
	for at := range indexes(head[2], ":/") { // before the kept file's path
		kept := head[2][at+1:]
		fields := strings.Split(head[2][:at], ":")
		n := len(fields)
		if n < 5 || !isNumber(fields[n-1]) || !isDigest(fields[n-2]) {
			continue
		}
		file := strings.Join(fields[:n-4], ":")
		if !fits(file, kept) {
			continue
		}
		ways++
		f.Path, f.Kept, f.Owner, f.MD5 = file, kept, fields[n-4], ""
		if len(fields[n-2]) == 32 {
			f.MD5 = strings.ToLower(fields[n-2])
		}
	}
	switch ways {
	case 0:
		return f, "expected EPOCH:SIGNATURE:PATH:OWNER:GROUP:HASH:SIZE:KEPT"
	case 1:
		return f, ""
	}
	return f, "the record can be read in more than one way"
}

func isDigest(s string) bool {
	return s == "" || s == "unknown" || isHex(s) && (len(s) == 32 || len(s) == 64)
}

// A MaldetInfo is what the file KEPT.info says, which maldet puts beside each
// file in its quarantine and restores it by.
type MaldetInfo struct {
	Owner string
	Path  string
}

// ReadMaldetInfo reads an .info file: comments, then one record whose last field
// takes all that is left,
//
//	OWNER:GROUP:MODE:SIZE:HASH:ATIME:MTIME:CTIME:PATH
func ReadMaldetInfo(r io.Reader) (MaldetInfo, error) {
	text, err := io.ReadAll(io.LimitReader(bufio.NewReader(r), maxLine+1))
	if err != nil {
		return MaldetInfo{}, err
	}
	if len(text) > maxLine {
		return MaldetInfo{}, errors.New("the .info file is too long")
	}
	for bytes.HasPrefix(text, []byte("#")) {
		_, text, _ = bytes.Cut(text, []byte("\n"))
	}
	fields := strings.SplitN(strings.TrimSuffix(string(text), "\n"), ":", 9)
	if len(fields) < 9 || !strings.HasPrefix(fields[8], "/") || !isNumber(fields[3]) || !isDigest(fields[4]) {
		return MaldetInfo{}, errors.New("expected OWNER:GROUP:MODE:SIZE:HASH:ATIME:MTIME:CTIME:PATH in the .info file")
	}
	return MaldetInfo{Owner: fields[0], Path: fields[8]}, nil
}
