package collection

import (
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"github.com/mewshq/mews/internal/store"
)

// A strategy holds the figures by which the way to a page is chosen.
type strategy struct {
	sparse int // most records that an index leads to and that are sorted here
	led    int // most that an index leads to while strips tell as soon of all
	few    int // most records that are fetched by their keys
	reach  int // most entries of an index that a first walk looks at
}

// measured on a million records: 10,000 are fetched and sorted in 20 ms, and
// 30,000 that lie scattered are fetched in the time in which half of all are
// read in a row.
func measured() strategy { return strategy{sparse: 10_000, led: 500, few: 2000, reach: 30_000} }

// A finder gives the rows of one page, and one more when there are more.
type finder struct {
	c      *Collection
	tx     *store.Tx
	cid    store.CID
	where  Where
	keys   []order
	limit  int
	offset int
	start  *token // nil: a page by offset
	total  int    // -1: not counted yet

	selected *keySet // nil: all records, or not evaluated
}

// seen is how many records lie before the page.
func (f *finder) seen() int {
	if f.start != nil {
		return f.start.Seen
	}
	return f.offset
}

// find chooses the way. Where an index leads to the selected records, they are
// mostly few enough to be sorted here. Else the filter is evaluated once for all
// records, which also gives their number; the index of the order then leads along
// them until the page is full.
func (f *finder) find() ([]row, error) {
	if f.total <= f.c.strategy.sparse {
		rows, all, err := f.all()
		if err != nil || all {
			return f.cut(rows), err
		}
	}
	want := f.limit + 1
	if f.start != nil && f.total > f.c.strategy.few {
		if rows, err := f.walk(want); err != nil || len(rows) == want {
			return rows, err
		}
	}
	if err := f.selectKeys(); err != nil {
		return nil, err
	}
	if f.selected != nil && f.selected.size <= f.c.strategy.few {
		rows, err := f.byKeys(f.selected.list())
		return f.cut(rows), err
	}
	if f.start == nil {
		want = min(want, f.total-f.offset)
	}
	switch {
	case want <= 0:
		return nil, nil
	case len(f.keys) > 1:
		return f.sorted(want)
	}
	return f.along(want)
}

// selectKeys evaluates the filter, and sets the total of a first page.
func (f *finder) selectKeys() (err error) {
	if !f.where.narrows() {
		if f.total < 0 {
			return f.count()
		}
		return nil
	}
	if f.selected, err = f.c.keys(f.tx, f.cid, f.where); err == nil && f.start == nil {
		f.total = f.selected.size
	}
	return err
}

// cut takes the page from all rows there are.
func (f *finder) cut(rows []row) []row {
	slices.SortFunc(rows, func(a, b row) int { return compare(f.keys, a, b) })
	if f.start == nil {
		f.total = len(rows)
		rows = rows[min(f.offset, len(rows)):]
	} else {
		rows = skip(f.keys, rows, f.start.Last)
	}
	return rows[:min(f.limit+1, len(rows))]
}

// all gives the selected records, in no order, if an index leads to them and
// they are not too many to look up.
func (f *finder) all() (rows []row, all bool, err error) {
	if led, err := f.c.led(f.tx, f.cid, f.where); err != nil || !led {
		return nil, false, err
	}
	most := f.c.strategy.sparse
	rows, err = f.rows(f.allOf(most + 1))
	return rows, len(rows) <= most, err
}

func (f *finder) allOf(most int) statement {
	from, sql, args := f.where.few(f.cid)
	return f.statement("SELECT "+f.columns()+" FROM "+from+" WHERE "+sql+" LIMIT ?", append(args, most))
}

func (f *finder) statement(sql string, args []any) statement {
	return statement{f.c.dialect.Statement(sql), args}
}

// byKeys gives the records with keys, in no order.
func (f *finder) byKeys(keys []any) (rows []row, err error) {
	for some := range slices.Chunk(keys, maxNamed) {
		found, err := f.rows(f.keyed(some))
		if err != nil {
			return nil, err
		}
		rows = append(rows, found...)
	}
	return rows, nil
}

func (f *finder) keyed(keys []any) statement {
	c := f.c
	of := both(where(c.dialect.unindexed(c.column("cid"))+" = ?", string(f.cid)).one, oneOf(c.column(c.schema.Key), keys).one)
	return f.statement("SELECT "+f.columns()+" FROM "+c.schema.Table+" WHERE "+of.sql, of.args)
}

// count sets the total where everything is selected. Where strips do not tell it
// the narrowest index that begins with the customer has the answer.
func (f *finder) count() error {
	stripped, err := f.c.stripped(f.tx, f.cid, f.where)
	if err != nil {
		return err
	}
	if stripped {
		counts, err := f.c.Counts(f.tx, f.cid, f.where, Where{c: f.c})
		if err == nil {
			f.total = int(counts[0])
		}
		return err
	}
	s := f.counting()
	if err := f.tx.QueryRow(s.sql, s.args...).Scan(&f.total); err != nil {
		return fmt.Errorf("count records: %w", err)
	}
	return nil
}

func (f *finder) counting() statement {
	all := f.where.visible(where(f.c.column("cid")+" = ?", cidArg{})).one
	return f.statement("SELECT count(*) FROM "+f.c.schema.Table+" WHERE "+all.sql, bound(all.args, f.cid, everything()))
}

// walk goes along the index of the order over as many entries as should hold
// the page. It gives fewer rows than wanted when they did not, or when it is not
// worth trying.
func (f *finder) walk(want int) ([]row, error) {
	if len(f.keys) > 1 || f.start != nil && isMissing(f.start.Last.values[0]) {
		return nil, nil
	}
	entries, err := f.entries(want)
	if err != nil || entries == 0 {
		return nil, err
	}
	return f.rows(f.walkOver(entries, want))
}

func (f *finder) walkOver(entries, want int) statement {
	c, o := f.c, f.keys[0]
	key := c.column(c.schema.Key)
	by := o.ordered(c) + " " + o.direction() + ", " + key + " " + o.direction()
	path := f.path()
	from, sql, args := f.where.few(f.cid)
	text := "SELECT " + f.columns() + " FROM (SELECT " + key + " AS at FROM " + c.schema.Table + " WHERE " + path.sql +
		" ORDER BY " + by + " LIMIT ?) AS walk CROSS JOIN " + from +
		" WHERE " + key + " = walk.at AND " + sql + " ORDER BY " + by + " LIMIT ? OFFSET ?"
	args = append(append(bound(path.args, f.cid, everything()), entries), args...)
	return f.statement(text, append(args, want, f.offset))
}

// entries is how many entries of an index to walk over for a page; 0 when they
// would be too many. It supposes that what is selected lies scattered: where it
// does not, the walk ends before the page is full.
func (f *finder) entries(want int) (int, error) {
	need := f.offset + want
	if f.where.narrows() {
		var most int64 // at least as many as there are
		text := "SELECT coalesce(max(" + f.c.column(f.c.schema.Key) + "), 0) FROM " + f.c.schema.Table
		if err := f.tx.QueryRow(text).Scan(&most); err != nil {
			return 0, fmt.Errorf("greatest key: %w", err)
		}
		scattered := 2 * float64(need) * max(float64(most)/float64(max(f.total, 1)), 1)
		if scattered > float64(f.c.strategy.reach) {
			return 0, nil
		}
		need = int(scattered)
	}
	if need > f.c.strategy.reach {
		return 0, nil
	}
	return need, nil
}

// sorted has the database sort all that is selected. It keeps no more than the
// page and what lies before it.
func (f *finder) sorted(want int) ([]row, error) { return f.rows(f.sortedBy(want)) }

func (f *finder) sortedBy(want int) statement {
	sql, args := f.where.SQL(f.cid)
	if f.start != nil {
		after := f.c.after(f.keys, f.start.Last).one
		sql, args = sql+" AND "+after.sql, append(args, after.args...)
	}
	return f.statement("SELECT "+f.columns()+" FROM "+f.c.schema.Table+" WHERE "+sql+
		" ORDER BY "+f.c.orderBy(f.keys)+" LIMIT ? OFFSET ?", append(args, want, f.offset))
}

// columns are those of a row but its id, which only a page's own rows need: a
// narrow index may hold the others.
func (f *finder) columns() string {
	var names []string
	for _, o := range f.keys {
		names = append(names, o.column(f.c))
	}
	return strings.Join(append(names, f.c.column(f.c.schema.Key)), ", ")
}

// rows runs a statement that selects columns.
func (f *finder) rows(s statement) (out []row, err error) {
	err = f.tx.Each(func(rows *sql.Rows) error {
		r := row{values: make([]any, len(f.keys))}
		var dest []any
		for i := range r.values {
			dest = append(dest, &r.values[i])
		}
		err := rows.Scan(append(dest, &r.key)...)
		out = append(out, r)
		return err
	}, s.sql, s.args...)
	if err != nil {
		return nil, fmt.Errorf("select records: %w", err)
	}
	return out, nil
}
