package shipping

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
)

// A cutter cuts a log into chunks at the ends of lines.
type cutter struct {
	in      *bufio.Reader
	bytes   int // about how many a chunk has
	lines   int // at most
	maxLine int
	final   bool // a last line without its end is whole
}

// A piece is what one cut gives.
type piece struct {
	data  []byte
	raw   int64 // bytes of the log, also of what was cut behind long lines
	lines int
	left  bool // a last line that is not whole was left out
}

func (p *piece) key() string {
	sum := sha256.Sum256(p.data)
	return hex.EncodeToString(sum[:])
}

// cut gives the next piece; io.EOF or another error comes beside the last one.
func (c *cutter) cut() (p piece, err error) {
	for p.lines < c.lines && len(p.data) < c.bytes {
		begin := len(p.data)
		raw, err := c.line(&p)
		whole := err == nil || errors.Is(err, io.EOF) && raw > 0 && (c.final || complete(p.data[begin:]))
		if !whole {
			p.left = errors.Is(err, io.EOF) && raw > 0
			p.data = p.data[:begin]
			return p, err
		}
		p.raw += raw
		p.lines++
		if err != nil {
			p.data = append(p.data, '\n')
			return p, err
		}
	}
	return p, nil
}

// line appends the next line with its end. Of a long one it keeps a byte more
// than the bound, by which whoever takes it in knows it.
func (c *cutter) line(p *piece) (raw int64, err error) {
	begin := len(p.data)
	for {
		part, err := c.in.ReadSlice('\n')
		raw += int64(len(part))
		room := c.maxLine + 1 - (len(p.data) - begin)
		p.data = append(p.data, part[:min(len(part), max(room, 0))]...)
		if errors.Is(err, bufio.ErrBufferFull) {
			continue
		}
		if err == nil && p.data[len(p.data)-1] != '\n' {
			p.data = append(p.data, '\n')
		}
		return raw, err
	}
}

// complete tells that a line whose end is missing lacks nothing else: more could
// not be written behind it.
func complete(line []byte) bool {
	line = bytes.TrimSpace(line)
	return bytes.HasPrefix(line, []byte("{")) && json.Valid(line)
}
