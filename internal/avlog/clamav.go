package avlog

import (
	"io"
	"regexp"
	"slices"
	"strings"
	"time"
)

// ReadClamAV reads a log of clamscan, clamdscan, clamd or clamonacc. They have
// the same lines, and clamd puts the time before each:
//
//	NAME: SIGNATURE FOUND
//	NAME: SIGNATURE(MD5:SIZE) FOUND                 with ExtendedDetectionInfo
//	NAME: moved to 'KEPT'                           with --move
//	NAME (real path: 'PATH'): moved to 'KEPT'       where NAME is not the whole path
//	End Date:   2026:01:31 12:00:00                 at the end of a scan
//
// (observed on ClamAV 1.4). Times are in zone, for the programs do not name it.
func ReadClamAV(r io.Reader, zone *time.Location) (*Log, error) {
	c := &clamReader{zone: zone, found: map[string]*detection{}}
	err := eachLine(r, &c.log, c.line)
	c.endMove()
	return &c.log, err
}

type clamReader struct {
	log  Log
	zone *time.Location

	found   map[string]*detection // by the name that the log uses
	undated []int                 // findings of the running scan, which its end dates

	start piece // what may be the beginning of a name with line breaks
	move  piece // a move whose target goes on in the next line
}

// A detection is what was said of a name before it was moved.
type detection struct {
	signatures []string
	md5        string
}

// A piece is text whose record has not ended with its line.
type piece struct {
	line int
	text string
	time time.Time
}

// maxDetections bounds the names that are remembered until they are moved,
// which is at once in all logs but a mixed one.
const maxDetections = 100_000

// maxPiece bounds what lines are joined to.
const maxPiece = 8 << 10

var (
	clamTime = regexp.MustCompile(`^([A-Z][a-z]{2} [A-Z][a-z]{2} [ \d]\d \d\d:\d\d:\d\d \d{4}) -> `)
	clamHash = regexp.MustCompile(`^(.+)\(([0-9a-f]{32}):\d+\)$`)
	clamEnd  = regexp.MustCompile(`^End Date: +(\d{4}:\d\d:\d\d \d\d:\d\d:\d\d)$`)
	clamRule = regexp.MustCompile(`^-{20,}$`)
	clamDone = regexp.MustCompile(`(: (OK|Empty file|Excluded|Symbolic link|Not a regular file|Removed\.)| ERROR)$`)
)

const (
	clamMoved = ": moved to '"
	clamReal  = " (real path: '"
)

func (c *clamReader) line(n int, text string) {
	at := piece{line: n, text: text}
	dated := false
	if m := clamTime.FindStringSubmatch(text); m != nil {
		if t, err := time.ParseInLocation(time.ANSIC, m[1], c.zone); err == nil {
			at.text, at.time, dated = text[len(m[0]):], t, true
		}
	}
	if dated {
		c.endMove()
		c.start = piece{}
	}
	if c.move.text != "" {
		c.goOn(at)
		return
	}
	c.record(at)
}

// goOn adds a line to a move whose target holds line breaks.
func (c *clamReader) goOn(at piece) {
	c.move.text += "\n" + at.text
	switch {
	case strings.HasSuffix(at.text, "'"):
		move := c.move
		c.move = piece{}
		c.moved(move)
	case len(c.move.text) > maxPiece:
		c.endMove()
	}
}

// endMove gives up a move whose target did not end.
func (c *clamReader) endMove() {
	if c.move.text != "" {
		c.log.problem(c.move.line, "the name of the moved file does not end")
		c.move = piece{}
	}
}

func (c *clamReader) record(at piece) {
	switch {
	case strings.HasSuffix(at.text, " FOUND") && strings.Contains(at.text, ": "):
		c.detected(c.whole(at))
	case strings.Contains(at.text, clamMoved):
		at = c.whole(at)
		if !strings.HasSuffix(at.text, "'") {
			c.move = at
			return
		}
		c.moved(at)
	case clamEnd.MatchString(at.text):
		c.endScan(clamEnd.FindStringSubmatch(at.text)[1])
	case clamRule.MatchString(at.text):
		c.undated, c.start = nil, piece{}
	case clamDone.MatchString(at.text):
		c.start = piece{}
	case strings.HasPrefix(at.text, "/"):
		c.start = at
	case c.start.text != "" && len(c.start.text) < maxPiece:
		c.start.text += "\n" + at.text
	default:
		c.start = piece{}
	}
}

// whole puts the beginning of a name with line breaks before its end.
func (c *clamReader) whole(at piece) piece {
	if s := c.start; s.text != "" && !strings.HasPrefix(at.text, "/") {
		at = piece{line: s.line, text: s.text + "\n" + at.text, time: s.time}
	}
	c.start = piece{}
	return at
}

func (c *clamReader) detected(at piece) {
	c.log.Detections++
	text := strings.TrimSuffix(at.text, " FOUND")
	i := strings.LastIndex(text, ": ")
	if i < 0 {
		return
	}
	name, signature := text[:i], text[i+2:]
	if len(c.found) >= maxDetections {
		clear(c.found)
	}
	d := c.found[name]
	if d == nil {
		d = &detection{}
		c.found[name] = d
	}
	if m := clamHash.FindStringSubmatch(signature); m != nil {
		signature, d.md5 = m[1], m[2]
	}
	if !slices.Contains(d.signatures, signature) {
		d.signatures = append(d.signatures, signature)
	}
}

func (c *clamReader) moved(at piece) {
	name, file, kept, why := splitMoved(at.text)
	if why != "" {
		c.log.problem(at.line, why)
		return
	}
	f := Finding{Line: at.line, Path: file, Kept: kept, Time: at.time}
	if d := c.found[name]; d != nil {
		f.Signatures, f.MD5 = d.signatures, d.md5
		delete(c.found, name)
	}
	c.log.Findings = append(c.log.Findings, f)
	if f.Time.IsZero() {
		c.undated = append(c.undated, len(c.log.Findings)-1)
	}
}

// splitMoved takes a record of a move apart. A name may look like such a record
// itself, so every way to read it is tried, and one only must make sense.
func splitMoved(text string) (name, file, kept, why string) {
	ways := 0
	for at := range indexes(text, clamMoved) {
		left, to := text[:at], strings.TrimSuffix(text[at+len(clamMoved):], "'")
		try := func(n, f string) {
			if fits(f, to) {
				name, file, kept = n, f, to
				ways++
			}
		}
		try(left, left)
		if inner, ok := strings.CutSuffix(left, "')"); ok {
			for real := range indexes(inner, clamReal) {
				try(inner[:real], inner[real+len(clamReal):])
			}
		}
	}
	switch ways {
	case 0:
		return "", "", "", "the moved file has another name than the one found"
	case 1:
		return name, file, kept, ""
	}
	return "", "", "", "the record can be read in more than one way"
}

// indexes gives every place of sep in text.
func indexes(text, sep string) func(yield func(int) bool) {
	return func(yield func(int) bool) {
		for from := 0; ; {
			i := strings.Index(text[from:], sep)
			if i < 0 || !yield(from+i) {
				return
			}
			from += i + 1
		}
	}
}

// endScan gives the findings of a scan the time at which it ended.
func (c *clamReader) endScan(text string) {
	if t, err := time.ParseInLocation("2006:01:02 15:04:05", text, c.zone); err == nil {
		for _, i := range c.undated {
			c.log.Findings[i].Time = t
		}
	}
	c.undated = nil
}
