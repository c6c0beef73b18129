package cli

import (
	"bufio"
	"fmt"

	"github.com/mewshq/mews"
)

// showRecords shows what a call gives: each record in full for people, rows for
// programs. Records that there are not make it a part of what was asked for.
func showRecords[T any](
	g *globals, get func(*mews.Client) (*mews.Envelope[T], error), rows func(*mews.Envelope[T]) view, show func(w *bufio.Writer, r T) error,
) error {
	return g.withClient(func(c *mews.Client) error {
		env, err := get(c)
		if err != nil {
			return err
		}
		v := rows(env)
		if g.output.forPeople() {
			v.rows = nil // they are shown below; write tells the errors
			if err := showEach(g, env.Resources, show); err != nil {
				return err
			}
		}
		if err := g.write(v); err != nil {
			return err
		}
		if len(env.Errors) > 0 {
			return silent(errPartial)
		}
		return nil
	})
}

// showEach writes records one below the other, for people.
func showEach[T any](g *globals, records []T, show func(w *bufio.Writer, r T) error) error {
	w := bufio.NewWriter(g.Out)
	for i, r := range records {
		if i > 0 {
			fmt.Fprintln(w)
		}
		if err := show(w, r); err != nil {
			return err
		}
	}
	if err := w.Flush(); err != nil {
		return fmt.Errorf("write the result: %w", err)
	}
	return nil
}
