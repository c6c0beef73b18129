package collection

import (
	"database/sql"
	"database/sql/driver"
	"fmt"
	"slices"
	"sync"

	"github.com/mewshq/mews/internal/store"
)

// A stripSet knows which strips of a customer are current in a transaction's
// snapshot. One that is nil knows of none.
type stripSet struct {
	c       *Collection
	cid     store.CID
	current map[sheetPart]bool
	used    sync.Pool // strips, whose room others may take
}

type sheetPart struct {
	sheet string
	part  int64
}

// strips looks up what is current.
func (c *Collection) strips(tx *store.Tx, cid store.CID) (*stripSet, error) {
	if len(c.sheets) == 0 {
		return nil, nil
	}
	s := &stripSet{c: c, cid: cid, current: map[sheetPart]bool{}}
	err := tx.Each(func(rows *sql.Rows) error {
		var p sheetPart
		err := rows.Scan(&p.sheet, &p.part)
		s.current[p] = true
		return err
	}, c.dialect.Statement("SELECT sheet, part FROM "+c.sheetTable()+" WHERE cid = ? AND current = 1"), string(cid))
	if err != nil {
		return nil, fmt.Errorf("find strips: %w", err)
	}
	return s, nil
}

// stripped tells whether a filter can be evaluated in strips for most of a
// customer's records.
func (c *Collection) stripped(tx *store.Tx, cid store.CID, w Where) (bool, error) {
	columns, ok := w.stripColumns(nil)
	if !ok {
		return false, nil
	}
	strips, err := c.strips(tx, cid)
	if err != nil || strips == nil {
		return false, err
	}
	first, n, err := c.parts(tx)
	current := 0
	for i := range int64(n) {
		if strips.holds(first+i, columns) {
			current++
		}
	}
	return current > 0 && current >= n-max(1, n/8), err
}

// A stripPart reads strips of one part, each once.
type stripPart struct {
	*stripSet
	tx     *store.Tx
	number int64
	strips map[columnRef]*strip
	places map[*Sheet][]int32 // by row: where its record is in the part
}

// part opens a part, if all of these columns are in current strips; else the
// answer is nil.
func (s *stripSet) part(tx *store.Tx, number int64, columns []columnRef) *stripPart {
	if s == nil || !s.holds(number, columns) {
		return nil
	}
	return &stripPart{stripSet: s, tx: tx, number: number, strips: map[columnRef]*strip{}, places: map[*Sheet][]int32{}}
}

// holds tells whether all of these columns of a part are in current strips.
func (s *stripSet) holds(number int64, columns []columnRef) bool {
	return !slices.ContainsFunc(append(columns[:len(columns):len(columns)], s.c.keyRef()), func(ref columnRef) bool {
		sheet := s.c.sheets[ref]
		return sheet == nil || !s.current[sheetPart{sheet.Name, number}]
	})
}

// matching opens a part, if filters can be evaluated there.
func (s *stripSet) matching(tx *store.Tx, number int64, filters ...Where) *stripPart {
	var columns []columnRef
	for _, w := range filters {
		var ok bool
		if columns, ok = w.stripColumns(columns); !ok {
			return nil
		}
	}
	return s.part(tx, number, columns)
}

// stripColumns adds the columns to a list that are looked at in strips; ok tells
// whether strips are enough.
func (w Where) stripColumns(list []columnRef) (columns []columnRef, ok bool) {
	switch {
	case w.Empty():
		return list, true
	case w.cond.match == nil:
		return list, false
	}
	return w.cond.match.columns(list), true
}

// spare gives a strip to read into.
func (s *stripSet) spare() *strip {
	if used, ok := s.used.Get().(*strip); ok {
		return used
	}
	return &strip{}
}

// close ends the use of all strips of the part.
func (p *stripPart) close() {
	for _, s := range p.strips {
		p.used.Put(s)
	}
	clear(p.strips)
}

// strip reads a column of a sheet.
func (p *stripPart) strip(sheet *Sheet, name string) (*strip, error) {
	ref := columnRef{sheet.Name, name}
	if s := p.strips[ref]; s != nil {
		return s, nil
	}
	s, found := p.spare(), false
	err := p.tx.Scan(func(row []driver.Value) error {
		bytes, _ := row[0].([]byte)
		found = true
		return s.decode(bytes)
	}, 1, p.c.dialect.Statement("SELECT bytes FROM "+p.c.stripTable()+" WHERE cid = ? AND part = ? AND sheet = ? AND name = ?"),
		string(p.cid), p.number, sheet.Name, name)
	if err == nil && !found {
		err = errDamagedStrip
	}
	if err != nil {
		return nil, fmt.Errorf("read strip %s of %s: %w", name, sheet.Name, err)
	}
	p.strips[ref] = s
	return s, nil
}

// column reads a column, and where the records of its rows are.
func (p *stripPart) column(ref columnRef) (*strip, []int32, error) {
	sheet := p.c.sheets[ref]
	places, err := p.placesOf(sheet)
	if err != nil {
		return nil, nil, err
	}
	s, err := p.strip(sheet, ref.name)
	if err == nil && len(s.rows) != len(places) {
		err = fmt.Errorf("read strip %s of %s: %w", ref.name, sheet.Name, errDamagedStrip)
	}
	return s, places, err
}

func (p *stripPart) placesOf(sheet *Sheet) ([]int32, error) {
	if places, ok := p.places[sheet]; ok {
		return places, nil
	}
	s, err := p.strip(sheet, p.c.sheetKey(sheet))
	if err != nil {
		return nil, err
	}
	places := make([]int32, len(s.rows))
	for i, n := range s.rows {
		place := s.cells[n].n
		if place < 0 || place >= 1<<p.c.work.part {
			return nil, fmt.Errorf("read strip of %s: %w", sheet.Name, errDamagedStrip)
		}
		places[i] = int32(place)
	}
	p.places[sheet] = places
	return places, nil
}

// page is one without a record.
func (p *stripPart) page() keyPage { return make(keyPage, (1<<p.c.work.part+63)/64) }

// having gives the records that have a fitting value in a column.
func (p *stripPart) having(m *match) (keyPage, error) {
	s, places, err := p.column(m.column)
	if err != nil {
		return nil, err
	}
	page, hits := p.page(), s.fitting(m.fold, m.fits)
	for row, n := range s.rows {
		if hits[n] {
			page.add(places[row])
		}
	}
	return page, nil
}

// selected gives the records that a filter selects.
func (p *stripPart) selected(w Where) (keyPage, error) {
	page := p.page()
	places, err := p.placesOf(p.c.sheets[p.c.keyRef()])
	if err != nil {
		return nil, err
	}
	for _, place := range places {
		page.add(place)
	}
	if w.Empty() {
		return page, nil
	}
	holds, err := w.cond.match.eval(p)
	page.keep(holds)
	return page, err
}
