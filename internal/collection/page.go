package collection

import (
	"slices"
	"strings"

	"github.com/mewshq/mews/internal/store"
)

// A Query asks for one page of records.
type Query struct {
	Filter string // FQL
	Q      string // a phrase; see Parse
	Sort   string // "" is the schema's default
	Limit  int    // 0 is the schema's default
	Offset int
	After  string // token of the page before, which had the same Filter, Q and Sort; then Offset is 0
	CID    store.CID
	Client string // who asks: a token serves nobody else
}

// A Page is the answer to a Query.
type Page struct {
	IDs   []string
	Total int    // records that are selected, on all pages; of a page by token, when the first one was asked for
	Limit int    // that was used
	Next  int    // offset of the page that follows
	After string // token of the page that follows, "" on the last one
	// Expires is when After ends, in Unix seconds; 0 without a token.
	Expires int64
}

// Page gives a page of ids. Every mistake of the client is an *Error.
func (c *Collection) Page(tx *store.Tx, q Query) (Page, error) {
	f, err := c.finder(tx, q)
	if err != nil {
		return Page{}, err
	}
	rows, err := f.find()
	if err != nil {
		return Page{}, err
	}
	page := Page{IDs: []string{}, Total: f.total, Limit: f.limit, Next: f.seen()}
	more := len(rows) > f.limit
	rows = rows[:min(len(rows), f.limit)]
	if err := f.name(rows); err != nil {
		return Page{}, err
	}
	for _, r := range rows {
		page.IDs = append(page.IDs, r.id)
	}
	page.Next += len(rows)
	if more {
		page.Expires = c.now().Add(c.life).Unix()
		page.After = c.sign(q, f.keys, token{Expires: page.Expires, Total: f.total, Seen: page.Next, Last: rows[len(rows)-1]})
	}
	return page, nil
}

// finder checks a query.
func (c *Collection) finder(tx *store.Tx, q Query) (*finder, error) {
	f := &finder{c: c, tx: tx, cid: q.CID, limit: q.Limit, offset: q.Offset, total: -1}
	if f.limit == 0 {
		f.limit = c.schema.DefaultLimit
	}
	var err error
	if f.where, err = c.Parse(q.Filter, q.Q); err != nil {
		return nil, err
	}
	if f.keys, err = c.parseSort(q.Sort); err != nil {
		return nil, err
	}
	switch {
	case f.limit < 1 || f.limit > c.schema.MaxLimit:
		return nil, errorf("limit must be 1..%d", c.schema.MaxLimit)
	case f.offset < 0:
		return nil, errorf("offset must not be negative")
	case q.After == "" && c.schema.Window > 0 && f.offset > c.schema.Window-f.limit:
		return nil, errorf("offset and limit reach beyond %d records: go on with the after token of the page before", c.schema.Window)
	case q.After == "":
		return f, nil
	case f.offset != 0:
		return nil, errorf("a page is named by offset or by after, not by both")
	}
	t, err := c.verify(q, f.keys)
	if err != nil {
		return nil, err
	}
	f.total, f.start = t.Total, &t
	return f, nil
}

// canonical is a sort as a token binds it.
func canonical(keys []order) string {
	var names []string
	for _, o := range keys {
		names = append(names, o.field.Name+"|"+o.direction())
	}
	return strings.Join(names, ",")
}

// skip gives what of sorted rows lies behind a position.
func skip(keys []order, rows []row, last row) []row {
	i, found := slices.BinarySearchFunc(rows, last, func(a, b row) int { return compare(keys, a, b) })
	if found {
		i++
	}
	return rows[i:]
}
