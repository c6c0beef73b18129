package iocfile

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
)

// A Text is UTF-8 that is read row by row. It hands on a bounded number of bytes
// between two rows, so that a quote or a bracket without its end cannot draw a
// whole file into memory.
type Text struct {
	*bufio.Reader
	rows *bounded
}

// NewText begins a text of rows of at most maxRow bytes. It skips the mark that
// spreadsheets write in front, and white space.
func NewText(r io.Reader, maxRow int) (*Text, error) {
	t := &Text{rows: &bounded{r: r, most: maxRow, left: maxRow}}
	t.Reader = bufio.NewReader(t.rows)
	return t, t.begin()
}

// Bound changes how large rows may be, from the one at hand on.
func (t *Text) Bound(most int) { t.rows.most, t.rows.left = most, most }

// More begins another row.
func (t *Text) More() { t.rows.left = t.rows.most }

func (t *Text) begin() error {
	head, err := t.Peek(3)
	switch {
	case bytes.HasPrefix(head, []byte{0xfe, 0xff}), bytes.HasPrefix(head, []byte{0xff, 0xfe}):
		return errors.New("the text is UTF-16; save it as UTF-8")
	case bytes.Equal(head, []byte{0xef, 0xbb, 0xbf}): // spreadsheets write it
		_, _ = t.Discard(3)
	case len(head) == 0 && errors.Is(err, io.EOF):
		return errors.New("the file is empty")
	case len(head) == 0:
		return err
	}
	for {
		c, err := t.ReadByte()
		switch {
		case errors.Is(err, io.EOF):
			return errors.New("the file is empty")
		case err != nil:
			return err
		case strings.IndexByte(" \t\r\n", c) < 0:
			return t.UnreadByte()
		}
	}
}

type bounded struct {
	r          io.Reader
	most, left int
}

func (b *bounded) Read(p []byte) (int, error) {
	if b.left <= 0 {
		return 0, fmt.Errorf("a row is larger than %d MiB; is a quote or a bracket not closed?", b.most>>20)
	}
	n, err := b.r.Read(p[:min(len(p), b.left)])
	b.left -= n
	return n, err
}
