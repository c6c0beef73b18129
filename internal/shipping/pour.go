package shipping

import (
	"bufio"
	"context"
	"errors"
	"io"
	"math"
	"os"
)

// errChanged: the bytes of a begun chunk are not what they were.
var errChanged = errors.New("it was changed since it was read; of what was read last nobody knows what was taken in")

// readOn hands over what an open file holds beyond what was begun. What is wrong
// with the file alone is told, and ends nothing.
func (r *reader) readOn(ctx context.Context, path string, f *os.File, t *tail) error {
	o, done, err := openLog(f, path)
	if err != nil {
		r.wrong(path, err)
		return nil
	}
	defer done()
	if len(o.head) == 0 {
		return nil
	}
	if t.log, err = r.logOf(o); err != nil {
		return err
	}
	t.place, t.stamp = o.place, o.stamp
	p := &pour{reader: r, o: o, log: t.log}
	err = p.all(ctx)
	if p.fault != nil {
		r.wrong(path, p.fault)
	}
	return err
}

// logOf finds the log of a file in the journal, or enters it.
func (r *reader) logOf(o *opened) (*log, error) {
	l := r.Journal.find(o)
	if l == nil {
		return r.Journal.add(o.place, markOf(o.head))
	}
	return l, r.Journal.moved(l, o.place, markOf(o.head))
}

// A pour is one reading of one file.
type pour struct {
	*reader
	o     *opened
	log   *log
	told  int64 // of o.raw.read
	fault error // of the file alone
}

// all hands over what a former run began and did not see done, then what is new.
// Its error is no fault of the file.
func (p *pour) all(ctx context.Context) error {
	from := p.log.next
	if len(p.log.again) > 0 {
		from = p.log.again[0].From
	}
	if p.fault = p.o.goTo(from); p.fault != nil {
		return nil
	}
	if packed(p.o.Path) {
		from = 0
	}
	p.told = from
	p.Found(p.o.Size - from)
	defer func() { p.Found(p.told - p.o.Size) }() // what could not be read
	for len(p.log.again) > 0 && p.fault == nil {
		if err := p.repeat(ctx, p.log.again[0]); err != nil {
			return err
		}
		p.log.again = p.log.again[1:]
	}
	if p.fault == nil {
		p.fault = p.o.goTo(p.log.next)
	}
	if p.fault != nil {
		return nil
	}
	return p.fresh(ctx)
}

// repeat hands a begun chunk over again, if its bytes are the same.
func (p *pour) repeat(ctx context.Context, s span) error {
	if p.fault = p.o.goTo(s.From); p.fault != nil {
		return nil
	}
	c := p.cutter(bufio.NewReader(io.LimitReader(p.o.in, s.To-s.From)))
	c.bytes, c.lines, c.final = math.MaxInt, math.MaxInt, true
	cut, err := c.cut()
	p.o.at += cut.raw
	switch {
	case err != nil && !errors.Is(err, io.EOF):
		p.fault = err
		return nil
	case cut.raw != s.To-s.From || cut.key() != s.Key:
		p.wrong(p.o.Path, errChanged)
		return p.Journal.done(&Chunk{log: p.log, from: s.From})
	}
	return p.send(ctx, &Chunk{
		Path: p.o.Path, Line: s.Line, Lines: s.Lines, Key: s.Key, Data: cut.data, log: p.log, from: s.From, to: s.To,
	})
}

// fresh hands over chunk after chunk to the end of the file.
func (p *pour) fresh(ctx context.Context) error {
	c := p.cutter(p.o.in)
	for {
		cut, err := c.cut()
		p.o.at += cut.raw
		if cut.lines > 0 {
			chunk := &Chunk{
				Path: p.o.Path, Line: p.log.lines + 1, Lines: cut.lines, Key: cut.key(), Data: cut.data,
				log: p.log, from: p.log.next, to: p.log.next + cut.raw,
			}
			if err := p.Journal.begin(chunk); err != nil {
				return err
			}
			if err := p.send(ctx, chunk); err != nil {
				return err
			}
		}
		switch {
		case errors.Is(err, io.EOF):
			return p.end(cut.left)
		case err != nil:
			p.fault = err
			return nil
		}
	}
}

func (p *pour) cutter(in *bufio.Reader) *cutter {
	return &cutter{in: in, bytes: p.ChunkBytes, lines: p.ChunkLines, maxLine: p.MaxLine, final: packed(p.o.Path)}
}

func (p *pour) send(ctx context.Context, c *Chunk) error {
	select {
	case p.out <- c:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	p.progress()
	return nil
}

func (p *pour) progress() {
	p.Read(p.o.raw.read - p.told)
	p.told = p.o.raw.read
}

// end notes that a file was read to its end, unless more is to come.
func (p *pour) end(left bool) error {
	p.progress()
	if left && !p.Follow {
		p.Left(p.o.Path, p.log.lines+1)
	}
	if left || p.Follow && !packed(p.o.Path) {
		return nil
	}
	return p.Journal.wholly(p.log, p.o.stamp)
}
