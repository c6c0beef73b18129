package collection

import (
	"database/sql/driver"
	"fmt"

	"github.com/mewshq/mews/internal/store"
)

// along goes along the index of the order until it has met as many selected
// records as are wanted; then come those that miss the value.
func (f *finder) along(want int) ([]row, error) {
	w := walker{finder: f, skip: f.offset, want: want}
	if f.start == nil || !isMissing(f.start.Last.values[0]) {
		if err := w.scan(f.ofIndex()); err != nil {
			return nil, err
		}
	}
	if len(w.rows) < want {
		if err := w.scan(f.ofMissing()); err != nil {
			return nil, err
		}
	}
	return w.rows, nil
}

// path holds for the records whose value is on the way: what has one, behind the
// start.
func (f *finder) path() statement {
	c, o := f.c, f.keys[0]
	path := f.where.visible(where(c.column("cid")+" = ? AND "+o.present(c), cidArg{}))
	if f.start != nil {
		path = all(path, where("("+o.ordered(c)+", "+c.column(c.schema.Key)+")"+o.beyond()+"(?, ?)", f.start.Last.values[0], f.start.Last.key))
	}
	return path.one
}

func (f *finder) ofIndex() statement {
	c, o := f.c, f.keys[0]
	key, path := c.column(c.schema.Key), f.path()
	return f.statement("SELECT "+o.column(c)+", "+key+" FROM "+c.schema.Table+" WHERE "+path.sql+
		" ORDER BY "+o.ordered(c)+" "+o.direction()+", "+key+" "+o.direction(), bound(path.args, f.cid, everything()))
}

// ofMissing gives the records without a value in the order of their keys.
func (f *finder) ofMissing() statement {
	c, o := f.c, f.keys[0]
	key := c.column(c.schema.Key)
	rest := f.where.visible(where(c.dialect.unindexed(c.column("cid"))+" = ? AND "+o.missing(c), cidArg{}))
	if f.start != nil && isMissing(f.start.Last.values[0]) {
		rest = all(rest, where(key+o.beyond()+"?", f.start.Last.key))
	}
	return f.statement("SELECT "+o.column(c)+", "+key+" FROM "+c.schema.Table+" WHERE "+rest.one.sql+
		" ORDER BY "+key+" "+o.direction(), bound(rest.one.args, f.cid, everything()))
}

// A walker takes what is selected of the rows that it meets.
type walker struct {
	*finder
	skip, want int
	rows       []row
}

func (w *walker) scan(st statement) error {
	err := w.tx.Scan(func(values []driver.Value) error {
		key, err := keyOf(values[1])
		switch {
		case err != nil:
			return err
		case w.selected != nil && !w.selected.has(key):
			return nil
		case w.skip > 0:
			w.skip--
			return nil
		}
		w.rows = append(w.rows, row{values: []any{owned(values[0])}, key: key})
		if len(w.rows) == w.want {
			return store.ErrEnough
		}
		return nil
	}, 2, st.sql, st.args...)
	if err != nil {
		return fmt.Errorf("select records: %w", err)
	}
	return nil
}
