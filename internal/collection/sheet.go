package collection

import (
	"errors"
	"fmt"
	"slices"
)

// A Sheet is columns of a table that are kept in strips, beside the rows: each
// column of a part of a customer's records in one piece, compressed. What looks
// at all records reads a few hundred kilobytes of strips then, in place of rows by
// the million from pages that lie scattered.
//
// Strips are made from the rows by [Collection.Strip], of parts that no new
// record comes into, for customers who have a good share of them. A change of a
// row ends the strips of its sheet in the transaction of the change; until they
// are made anew its part is read row by row. Columns that change often should
// have a sheet of their own; those of a table with the values of records share
// one.
//
// Beside the noun's Table there are two for this, named after it:
//
//	<table>_sheet (cid, part, sheet, current): which strips there are. current is
//	    1 while they say what the rows say. The primary key is cid, part, sheet.
//	<table>_strip (cid, part, sheet, name, bytes): the strips, one for each column
//	    and one for the key. cid, part, sheet, name are unique.
//
// A record with the key k is in the part (k - 1) >> 13. Triggers on every table
// of a sheet must set current to 0, of the record's part, when a row comes or goes,
// or one of the sheet's columns changes.
type Sheet struct {
	Name    string
	Table   string // the noun's table, one with a column record, or Words
	Columns []string
}

// recordColumn is the column of a table by which rows belong to records.
func (c *Collection) recordColumn(table string) string {
	if table == c.schema.Table {
		return c.schema.Key
	}
	return "record"
}

func (c *Collection) sheetKey(s *Sheet) string { return c.recordColumn(s.Table) }

// declareSheets finds the sheet of each column. The first sheet of the noun's
// table also tells which records there are.
func (c *Collection) declareSheets() error {
	c.sheets = map[columnRef]*Sheet{}
	for i := range c.schema.Sheets {
		s := &c.schema.Sheets[i]
		key := columnRef{s.Table, c.sheetKey(s)}
		if c.sheets[key] != nil && s.Table != c.schema.Table {
			return fmt.Errorf("sheet %q: its table has another one", s.Name)
		}
		if c.sheets[key] == nil {
			c.sheets[key] = s
		}
		for _, name := range s.Columns {
			if c.sheets[columnRef{s.Table, name}] != nil {
				return fmt.Errorf("sheet %s: the column %s is there twice", s.Name, name)
			}
			c.sheets[columnRef{s.Table, name}] = s
		}
		bad := func(name string) bool { return !identifier(name) }
		if i := slices.IndexFunc(append([]string{s.Name, s.Table}, s.Columns...), bad); i >= 0 || len(s.Columns) == 0 {
			return fmt.Errorf("sheet %q: it has no columns, or a name that is no SQL name", s.Name)
		}
	}
	if len(c.sheets) > 0 && c.sheets[c.keyRef()] == nil {
		return errors.New("no sheet is of the noun's table")
	}
	return nil
}

// keyRef is the column that tells which records there are.
func (c *Collection) keyRef() columnRef { return columnRef{c.schema.Table, c.schema.Key} }

// Tables of strips.
func (c *Collection) sheetTable() string { return c.schema.Table + "_sheet" }
func (c *Collection) stripTable() string { return c.schema.Table + "_strip" }
