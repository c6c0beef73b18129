// Package shipping reads log files of this machine in chunks of whole lines and
// hands each to somebody who takes it in once. It remembers what was handed over
// in a journal: after any end, a kill or a power cut included, it goes on where
// it was, and no line is left out or handed over under a second name.
//
// The words: a log is one file, whatever its path is by now; a chunk is a range
// of its lines; a chunk is begun when the journal names it, and done when it was
// taken in. What is begun is handed over again, cut the same way, until it is
// done.
//
// Of files that are taken in as a whole and replaced by newer ones (feeds)
// Versions remembers which of them was.
package shipping

import (
	"bufio"
	"context"
	"errors"
	"io"
	"time"

	"golang.org/x/sync/errgroup"
)

// A Chunk is a range of whole lines of one log.
type Chunk struct {
	Path  string
	Line  int    // number of its first line in the log, from 1
	Lines int    // how many
	Key   string // hexadecimal SHA-256 of Data
	Data  []byte // the lines; one that is longer than the bound is cut behind it

	log  *log
	from int64
	to   int64
}

// Options say what is read and who takes it in.
type Options struct {
	Paths   []string // files, and folders, which are walked
	Follow  bool     // wait for more, until the context ends
	Match   string   // pattern of the names of files in folders; "" is all
	Journal *Journal

	// Send takes a chunk in. It may be called from several goroutines, and again
	// with a chunk that it took in before: its Key is the same then. An error
	// ends the run.
	Send     func(context.Context, *Chunk) error
	Parallel int // calls of Send at a time

	ChunkBytes int // about how many a chunk has
	ChunkLines int // at most
	MaxLine    int // bytes of one line that are kept

	Now  func() time.Time
	Poll time.Duration // how often Follow looks for more

	// What follows is called from one goroutine.
	Found func(bytes int64)            // more was found to read, or less
	Read  func(bytes int64)            // as found: compressed, where the file is
	Wrong func(path string, err error) // a file that cannot be read now
	Left  func(path string, line int)  // a last line that is not whole yet
}

// Run reads everything once, or follows. Its error is one that makes going on
// useless; everything that was begun then is begun again by the next Run.
func Run(ctx context.Context, o Options) error {
	group, ctx := errgroup.WithContext(ctx)
	chunks := make(chan *Chunk)
	group.Go(func() error {
		defer close(chunks)
		r := &reader{Options: o, out: chunks, tails: map[string]*tail{}}
		defer r.close()
		return r.run(ctx)
	})
	for range o.Parallel {
		group.Go(func() error {
			for c := range chunks {
				if err := o.Send(ctx, c); err != nil {
					return err
				}
				if err := o.Journal.done(c); err != nil {
					return err
				}
			}
			return nil
		})
	}
	return group.Wait()
}

// Stream reads one text to its end, without a journal: whoever takes the chunks
// in knows by their keys what he had before.
func Stream(ctx context.Context, name string, text io.Reader, o Options) error {
	group, within := errgroup.WithContext(ctx)
	group.SetLimit(o.Parallel)
	c := &cutter{in: bufio.NewReaderSize(text, bufferSize), bytes: o.ChunkBytes, lines: o.ChunkLines, maxLine: o.MaxLine, final: true}
	var err error
	for line := 1; err == nil && within.Err() == nil; {
		var cut piece
		if cut, err = c.cut(); cut.lines > 0 {
			chunk := &Chunk{Path: name, Line: line, Lines: cut.lines, Key: cut.key(), Data: cut.data}
			group.Go(func() error { return o.Send(within, chunk) })
			line += cut.lines
			o.Read(cut.raw)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil
	}
	if sent := group.Wait(); sent != nil {
		return sent
	}
	return errors.Join(err, ctx.Err())
}
