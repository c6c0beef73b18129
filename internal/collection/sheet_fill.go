package collection

// fill puts the values that a source has of selected records into a block; with
// keyed their keys, too.
func (p *stripPart) fill(b *block, s *source, selected keyPage, keyed bool) error {
	b.reset(len(s.columns))
	columns := make([]stripColumn, len(s.kept))
	for i, k := range s.kept {
		var err error
		if columns[i], err = p.prepare(b, k); err != nil {
			return err
		}
	}
	places, err := p.placesOf(p.c.sheets[columnRef{s.table, p.c.recordColumn(s.table)}])
	if err != nil {
		return err
	}
	least := p.c.work.part.part(p.number).after + 1
	for row, place := range places {
		if !selected.has(place) {
			continue
		}
		if keyed {
			b.keys = append(b.keys, least+int64(place))
		}
		for i := range columns {
			b.cells = append(b.cells, columns[i].cell(row, place))
		}
	}
	return nil
}

// A stripColumn gives cells of a block: of a strip, or whether a record is one of
// some.
type stripColumn struct {
	cells []cell
	rows  []uint32
	truth keyPage
}

// prepare reads a column, and has the block hold its texts.
func (p *stripPart) prepare(b *block, k kept) (c stripColumn, err error) {
	if k.match != nil {
		c.truth, err = k.match.eval(p)
		return c, err
	}
	s, _, err := p.column(k.column)
	if err != nil {
		return c, err
	}
	c.cells, c.rows = make([]cell, len(s.cells)), s.rows
	for i, cell := range s.cells {
		if cell.kind == cellText {
			cell.n += int64(len(b.text))
		}
		c.cells[i] = cell
	}
	b.text = append(b.text, s.text...)
	return c, nil
}

func (c *stripColumn) cell(row int, place int32) cell {
	switch {
	case c.truth == nil:
		return c.cells[c.rows[row]]
	case c.truth.has(place):
		return cell{n: 1, kind: cellInteger}
	}
	return cell{kind: cellInteger}
}
