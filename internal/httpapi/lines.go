package httpapi

import (
	"bufio"
	"bytes"
	"errors"
	"io"

	"github.com/mewshq/mews"
)

// A lineReader gives the lines of a text one by one, in memory for one line. Of a
// line that is too long it gives one byte more than the bound, and passes over
// the rest: who reads lines refuses that one, and the others count.
type lineReader struct {
	in   *bufio.Reader
	most int    // lines that are given, empty ones included
	n    int    // lines given
	long []byte // a line that did not fit into the reader's buffer
}

func newLineReader(r io.Reader) *lineReader {
	return &lineReader{in: bufio.NewReaderSize(r, 64<<10), most: mews.MaxIngestLines}
}

// Next gives the next line without its end, valid until the next call. The last
// needs no end; io.EOF comes after it.
func (l *lineReader) Next() ([]byte, error) {
	line, err := l.in.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		line, err = l.rest(line)
	}
	if err != nil && (err != io.EOF || len(line) == 0) {
		return nil, err
	}
	if l.n++; l.n > l.most {
		return nil, mews.Errorf(mews.ErrTooLarge, "more than %d lines; split them into several calls", l.most)
	}
	return bytes.TrimRight(line, "\r\n"), nil
}

// rest reads on to the end of a line and keeps as much as one line may have.
func (l *lineReader) rest(begun []byte) ([]byte, error) {
	l.long = append(l.long[:0], begun...)
	for {
		more, err := l.in.ReadSlice('\n')
		room := max(mews.MaxIngestLine+1-len(l.long), 0)
		l.long = append(l.long, more[:min(len(more), room)]...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return l.long, err
		}
	}
}
