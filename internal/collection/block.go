package collection

import (
	"cmp"
	"database/sql/driver"
	"fmt"
	"math"
	"slices"
)

// A block is the rows that a source has of some records, in the order of their
// keys. It is filled on one goroutine while another folds those before.
type block struct {
	width int
	keys  []int64 // of each row; none where rows are records
	cells []cell  // row after row
	text  []byte  // of the cells that hold text
}

// A cell is one value.
type cell struct {
	n    int64 // the value, the bits of a number, or where the text begins
	size int32 // of a text
	kind cellKind
}

// of gives a text cell's bytes.
func (c cell) of(text []byte) []byte { return text[c.n : c.n+int64(c.size)] }

type cellKind uint8

const (
	cellNone cellKind = iota
	cellInteger
	cellNumber
	cellText
)

func (b *block) reset(width int) {
	b.width, b.keys, b.cells, b.text = width, b.keys[:0], b.cells[:0], b.text[:0]
}

func (b *block) rows() int { return len(b.cells) / max(b.width, 1) }

// add copies a row as the driver gives it; with keyed its first value is the
// key.
func (b *block) add(row []driver.Value, keyed bool) error {
	if keyed {
		key, err := keyOf(row[0])
		if err != nil {
			return err
		}
		b.keys, row = append(b.keys, key), row[1:]
	}
	for _, v := range row {
		c := cell{}
		switch v := v.(type) {
		case nil:
		case int64:
			c = cell{n: v, kind: cellInteger}
		case float64:
			c = cell{n: int64(math.Float64bits(v)), kind: cellNumber}
		case string:
			c = b.put(v)
		case []byte:
			c = b.put(string(v))
		default:
			return fmt.Errorf("cannot aggregate a %T", v)
		}
		b.cells = append(b.cells, c)
	}
	return nil
}

func (b *block) put(text string) cell {
	if text == "" { // is missing
		return cell{}
	}
	at := len(b.text)
	b.text = append(b.text, text...)
	return cell{n: int64(at), size: int32(len(text)), kind: cellText}
}

func (b *block) row(i int) []cell { return b.cells[i*b.width : (i+1)*b.width] }

// sort orders rows by their keys. They mostly come so.
func (b *block) sort() {
	if slices.IsSorted(b.keys) {
		return
	}
	order := make([]int, len(b.keys))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(b.keys[i], b.keys[j]) })
	keys, cells := make([]int64, 0, len(b.keys)), make([]cell, 0, len(b.cells))
	for _, i := range order {
		keys, cells = append(keys, b.keys[i]), append(cells, b.row(i)...)
	}
	b.keys, b.cells = keys, cells
}
