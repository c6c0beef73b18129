package collection

import (
	"fmt"
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
	After  string // token of the page before; then Offset must be 0
	CID    store.CID
	Client string // who asks; a token serves nobody else
}

// A Page is the answer to a Query.
type Page struct {
	IDs   []string
	Total int    // records that are selected, on all pages
	Limit int    // that was used
	Next  int    // offset of the page that follows
	After string // token of the page that follows, "" on the last one
}

// Page gives a page of ids. Every mistake of the client is an *Error.
func (c *Collection) Page(tx *store.Tx, q Query) (Page, error) {
	w, err := c.Parse(q.Filter, q.Q)
	if err != nil {
		return Page{}, err
	}
	keys, err := c.parseSort(q.Sort)
	if err != nil {
		return Page{}, err
	}
	page := Page{Limit: q.Limit}
	if page.Limit == 0 {
		page.Limit = c.schema.DefaultLimit
	}
	if err := c.checkPage(q, page.Limit); err != nil {
		return Page{}, err
	}
	sql, args := w.SQL(q.CID)
	count := c.dialect.Statement("SELECT count(*) FROM " + c.schema.Table + " WHERE " + sql)
	if err := tx.QueryRow(count, args...).Scan(&page.Total); err != nil {
		return Page{}, fmt.Errorf("count records: %w", err)
	}
	var order []string
	for _, k := range keys {
		column, direction := k.column(c), " ASC"
		if k.desc {
			direction = " DESC"
		}
		missing := column + " IS NULL"
		if k.field.Type.words() {
			missing = column + " = ''"
		}
		order = append(order, missing, column+direction)
	}
	rows, err := tx.Query(c.dialect.Statement("SELECT "+c.column(c.schema.ID)+" FROM "+c.schema.Table+" WHERE "+sql+
		" ORDER BY "+strings.Join(order, ", ")+", "+c.column(c.schema.Key)+" LIMIT ? OFFSET ?"), append(args, page.Limit, q.Offset)...)
	if err != nil {
		return Page{}, fmt.Errorf("select page: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id string
		if err := rows.Scan(&id); err != nil {
			return Page{}, fmt.Errorf("select page: %w", err)
		}
		page.IDs = append(page.IDs, id)
	}
	page.Next = q.Offset + len(page.IDs)
	return page, rows.Err()
}

func (c *Collection) checkPage(q Query, limit int) error {
	switch {
	case limit < 1 || limit > c.schema.MaxLimit:
		return errorf("limit must be 1..%d", c.schema.MaxLimit)
	case q.Offset < 0:
		return errorf("offset must not be negative")
	case c.schema.Window > 0 && q.Offset+limit > c.schema.Window:
		return errorf("offset and limit together reach beyond %d: go on with the after token of the page before", c.schema.Window)
	}
	return nil
}
