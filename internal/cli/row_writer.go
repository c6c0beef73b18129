package cli

import (
	"bufio"
	"fmt"
	"io"

	"github.com/mewshq/mews"
)

// A rowWriter writes rows that come one by one and may be many: as lines for
// people and as ndjson they are written as they come, other forms need them all.
type rowWriter[T any] struct {
	g       *globals
	columns []string
	rows    []T
	out     *bufio.Writer
}

func newRowWriter[T any](g *globals, columns ...string) *rowWriter[T] {
	return &rowWriter[T]{g: g, columns: columns, out: bufio.NewWriter(g.Out)}
}

// add takes a row in; show writes it for people.
func (w *rowWriter[T]) add(row T, show func(io.Writer)) error {
	if w.g.output.forPeople() {
		show(w.out)
		return w.written(w.out.Write(nil)) // which gives the error of any write before it
	}
	w.rows = append(w.rows, row)
	if w.g.output.format == "ndjson" && len(w.rows) == listBatch {
		return w.end()
	}
	return nil
}

func (w *rowWriter[T]) written(_ int, err error) error {
	if err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}

// end writes what is left.
func (w *rowWriter[T]) end() error {
	if w.g.output.forPeople() {
		return w.written(0, w.out.Flush())
	}
	v := viewOf(&mews.Envelope[T]{Resources: w.rows}, w.columns...)
	w.rows = w.rows[:0]
	return w.g.write(v)
}
