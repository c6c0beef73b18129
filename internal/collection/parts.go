package collection

import (
	"fmt"
	"math"
	"regexp"
	"slices"

	"github.com/mewshq/mews/internal/store"
)

// What looks at every record does so part by part: a store reads several at a
// time, values in other tables are merged with their records in a bounded room,
// and conditions on them are answered for a part at once.

// A part is the records whose keys are greater than after, up to upTo.
type part struct{ after, upTo int64 }

// A partSize is the binary logarithm of how many keys a part has. usualPart is
// many enough that a statement for each costs nothing, and few enough that what
// is read of them can wait in memory.
type partSize int

const usualPart partSize = 13

// everything is the part that all records are in.
func everything() part { return part{math.MinInt64, math.MaxInt64} }

// inPart holds for the rows whose key, or record, is in the part.
func inPart(key string) cond {
	return where(key+" > ? AND "+key+" <= ?", afterArg{}, upToArg{})
}

// parts gives the number of the first part that has records, and how many there
// are up to the last one.
func (c *Collection) parts(tx *store.Tx) (first int64, n int, err error) {
	var least, greatest int64
	end := func(of string) string { return "(SELECT " + of + "(" + c.schema.Key + ") FROM " + c.schema.Table + ")" }
	err = tx.QueryRow("SELECT coalesce("+end("min")+", 1), coalesce("+end("max")+", 0)").Scan(&least, &greatest)
	if err != nil {
		return 0, 0, fmt.Errorf("ends of the records: %w", err)
	}
	first = c.work.part.of(least)
	return first, int(c.work.part.of(greatest) - first + 1), nil
}

// of is the number of the part that a key is in, and place where it is there.
func (s partSize) of(key int64) int64    { return (key - 1) >> s }
func (s partSize) place(key int64) int64 { return (key - 1) & (1<<s - 1) }

// part is the part of a number.
func (s partSize) part(n int64) part { return part{n << s, (n + 1) << s} }

// ofPart reads columns of the noun's table of the records in a part. What it
// reads is ours to say in SQLite: the wide rows, or the index that holds all
// that is asked for. Any other index would be read from end to end for each part.
func (c *Collection) ofPart(columns statement, w Where, cid store.CID, p part) statement {
	from := c.schema.Table
	own := all(where(c.column("cid")+" = ?", cidArg{}), inPart(c.column(c.schema.Key)))
	if c.dialect == SQLite {
		if c.scanned(columns.sql + " " + w.cond.many.sql) {
			from += " INDEXED BY " + c.schema.Scan
		} else {
			from += " NOT INDEXED"
		}
	}
	rows := w.own(own).many
	return statement{
		c.dialect.Statement("SELECT " + columns.sql + " FROM " + from + " WHERE " + rows.sql),
		bound(append(columns.args[:len(columns.args):len(columns.args)], rows.args...), cid, p),
	}
}

// scanned tells whether the index Scan holds all columns of the noun's table that
// stand in SQL.
func (c *Collection) scanned(sql string) bool {
	if c.schema.Scan == "" {
		return false
	}
	for _, m := range c.ownColumn.FindAllStringSubmatch(sql, -1) {
		if m[1] != "cid" && m[1] != c.schema.Key && !slices.Contains(c.schema.ScanColumns, m[1]) {
			return false
		}
	}
	return true
}

// ownColumns finds the columns of a table in SQL of ours.
func ownColumns(table string) *regexp.Regexp {
	return regexp.MustCompile(`\b` + regexp.QuoteMeta(table) + `\.([a-z0-9_]+)`)
}
