package collection

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"strings"

	"github.com/mewshq/mews/internal/store"
)

// stripShare is the share of a part that a customer must have for strips of it:
// of fewer records rows are read as fast, and a part of a thousand customers would
// have a thousand times the strips.
const stripShare = 8

// A Stripper makes the strips of a collection. It serves one goroutine.
type Stripper struct {
	c    *Collection
	db   *store.DB
	none map[int64]bool // full parts in which nobody has enough records
}

// Stripper gives what makes strips.
func (c *Collection) Stripper(db *store.DB) *Stripper {
	return &Stripper{c: c, db: db, none: map[int64]bool{}}
}

// A sheetState is a row of the table of sheets.
type sheetState struct {
	cid     store.CID
	part    int64
	sheet   string
	current bool
}

// Run makes all strips that are missing or not current. Each sheet of a part is a
// transaction, so that others can write between them.
func (s *Stripper) Run(ctx context.Context) error {
	if len(s.c.sheets) == 0 {
		return nil
	}
	var parts []int64
	var states []sheetState
	err := s.db.Read(ctx, func(tx *store.Tx) (err error) {
		if parts, err = s.c.fullParts(tx); err == nil {
			states, err = s.c.sheetStates(tx)
		}
		return err
	})
	known := map[int64]bool{}
	for _, st := range states {
		known[st.part] = true
	}
	for _, part := range parts {
		if err == nil && !known[part] && !s.none[part] {
			var found []sheetState
			found, err = s.enter(ctx, part)
			states = append(states, found...)
		}
	}
	for _, st := range states {
		if err == nil && !st.current {
			err = s.db.Write(ctx, func(tx *store.Tx) error { return s.c.makeStrips(tx, st) })
		}
	}
	if err != nil {
		return fmt.Errorf("make strips of %s: %w", s.c.schema.Table, err)
	}
	return nil
}

// fullParts are those that no new record comes into, as keys only grow.
func (c *Collection) fullParts(tx *store.Tx) (parts []int64, err error) {
	first, n, err := c.parts(tx)
	if err != nil || n == 0 {
		return nil, err
	}
	var greatest int64
	if err := tx.QueryRow("SELECT max(" + c.schema.Key + ") FROM " + c.schema.Table).Scan(&greatest); err != nil {
		return nil, fmt.Errorf("greatest key: %w", err)
	}
	for part := first; part < first+int64(n); part++ {
		if c.work.part.part(part).upTo <= greatest {
			parts = append(parts, part)
		}
	}
	return parts, nil
}

func (c *Collection) sheetStates(tx *store.Tx) (states []sheetState, err error) {
	err = tx.Each(func(rows *sql.Rows) error {
		var st sheetState
		err := rows.Scan(&st.cid, &st.part, &st.sheet, &st.current)
		states = append(states, st)
		return err
	}, "SELECT cid, part, sheet, current FROM "+c.sheetTable()+" ORDER BY part, cid, sheet")
	return states, err
}

// enter notes who is to have strips of a part.
func (s *Stripper) enter(ctx context.Context, part int64) (states []sheetState, err error) {
	c := s.c
	var cids []store.CID
	err = s.db.Read(ctx, func(tx *store.Tx) (err error) {
		of := inPart(c.column(c.schema.Key)).one
		cids, err = tx.CIDs(c.dialect.Statement("SELECT cid FROM "+c.schema.Table+" WHERE "+of.sql+" GROUP BY cid HAVING count(*) >= ? ORDER BY cid"),
			append(bound(of.args, "", c.work.part.part(part)), 1<<c.work.part/stripShare)...)
		return err
	})
	s.none[part] = err == nil && len(cids) == 0
	for _, cid := range cids {
		for _, sheet := range c.schema.Sheets {
			states = append(states, sheetState{cid: cid, part: part, sheet: sheet.Name})
		}
	}
	if len(states) == 0 {
		return nil, err
	}
	return states, s.db.Write(ctx, func(tx *store.Tx) error {
		for _, st := range states {
			_, err := tx.Exec(c.dialect.Statement("INSERT INTO "+c.sheetTable()+" (cid, part, sheet, current) VALUES (?,?,?,0) ON CONFLICT DO NOTHING"),
				string(st.cid), st.part, st.sheet)
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// errLongStrips: the lists of the records are too long for strips.
var errLongStrips = errors.New("too much for strips")

// makeStrips makes the strips of a sheet and marks them as current. The rows are
// read in the transaction, so that nothing can change between.
func (c *Collection) makeStrips(tx *store.Tx, st sheetState) error {
	sheet := c.sheetNamed(st.sheet)
	if sheet == nil {
		return c.endSheet(tx, st)
	}
	makers, err := c.readSheet(tx, st, sheet)
	if errors.Is(err, errLongStrips) {
		return c.endSheet(tx, st)
	}
	if err != nil {
		return err
	}
	names := append([]string{c.sheetKey(sheet)}, sheet.Columns...)
	for i, m := range makers {
		_, err := tx.Exec(c.dialect.Statement("INSERT INTO "+c.stripTable()+" (cid, part, sheet, name, bytes) VALUES (?,?,?,?,?) "+
			"ON CONFLICT (cid, part, sheet, name) DO UPDATE SET bytes = excluded.bytes"),
			string(st.cid), st.part, st.sheet, names[i], m.encode())
		if err != nil {
			return err
		}
	}
	_, err = tx.Exec(c.dialect.Statement("UPDATE "+c.sheetTable()+" SET current = 1 WHERE cid = ? AND part = ? AND sheet = ?"),
		string(st.cid), st.part, st.sheet)
	return err
}

func (c *Collection) sheetNamed(name string) *Sheet {
	for i := range c.schema.Sheets {
		if c.schema.Sheets[i].Name == name {
			return &c.schema.Sheets[i]
		}
	}
	return nil
}

// endSheet takes a sheet away that there is no more, or cannot be.
func (c *Collection) endSheet(tx *store.Tx, st sheetState) error {
	for _, table := range []string{c.stripTable(), c.sheetTable()} {
		_, err := tx.Exec(c.dialect.Statement("DELETE FROM "+table+" WHERE cid = ? AND part = ? AND sheet = ?"), string(st.cid), st.part, st.sheet)
		if err != nil {
			return err
		}
	}
	return nil
}

// readSheet reads the rows of a sheet in the order of their records: the places
// of these, and each column.
func (c *Collection) readSheet(tx *store.Tx, st sheetState, sheet *Sheet) ([]*stripMaker, error) {
	makers := make([]*stripMaker, len(sheet.Columns)+1)
	for i := range makers {
		makers[i] = newStripMaker()
	}
	key := c.sheetKey(sheet)
	own := all(where(c.dialect.unindexed("cid")+" = ?", cidArg{}), inPart(key)).one
	err := tx.Scan(func(row []driver.Value) error {
		key, err := keyOf(row[0])
		if err != nil {
			return err
		}
		row[0] = c.work.part.place(key)
		for i, v := range row {
			if err := makers[i].add(v); err != nil {
				return err
			}
			if !makers[i].fits() {
				return errLongStrips
			}
		}
		return nil
	}, len(makers), c.dialect.Statement("SELECT "+key+", "+strings.Join(sheet.Columns, ", ")+" FROM "+sheet.Table+" WHERE "+own.sql+" ORDER BY "+key),
		bound(own.args, st.cid, c.work.part.part(st.part))...)
	return makers, err
}
