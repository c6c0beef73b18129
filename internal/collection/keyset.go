package collection

import (
	"database/sql/driver"
	"fmt"
	"math/bits"

	"github.com/mewshq/mews/internal/store"
)

// A keySet holds keys of records, a bit for each: keys are given one after
// another.
type keySet struct {
	part  partSize
	first int64 // number of the first part
	pages []keyPage
	size  int
}

// A keyPage has a bit for each key of a part; nil when none is set.
type keyPage []uint64

// keys evaluates a condition once for all records, part by part.
func (c *Collection) keys(tx *store.Tx, cid store.CID, w Where) (*keySet, error) {
	first, n, err := c.parts(tx)
	if err != nil {
		return nil, err
	}
	set := &keySet{part: c.work.part, first: first, pages: make([]keyPage, n)}
	strips, err := c.strips(tx, cid)
	if err != nil {
		return nil, err
	}
	err = tx.Spread(n, func(tx *store.Tx, i int) (err error) {
		if p := strips.matching(tx, first+int64(i), w); p != nil {
			defer p.close()
			set.pages[i], err = p.selected(w)
			return err
		}
		for _, st := range c.selections(w, cid, set.part.part(first+int64(i))) {
			if err := set.read(tx, i, st); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("select records: %w", err)
	}
	for _, p := range set.pages {
		set.size += p.size()
	}
	return set, nil
}

// selections are the statements that give the keys of the selected records in a
// part; a key may come several times.
func (c *Collection) selections(w Where, cid store.CID, p part) (out []statement) {
	for _, s := range w.cond.union {
		out = append(out, statement{c.dialect.Statement(s.sql), bound(s.args, cid, p)})
	}
	if out == nil {
		out = append(out, c.ofPart(statement{sql: c.column(c.schema.Key)}, w, cid, p))
	}
	return out
}

// read sets the bits of a page.
func (s *keySet) read(tx *store.Tx, page int, st statement) error {
	return tx.Scan(func(row []driver.Value) error {
		key, err := keyOf(row[0])
		if err == nil {
			s.add(page, s.part.place(key))
		}
		return err
	}, 1, st.sql, st.args...)
}

func keyOf(v driver.Value) (int64, error) {
	key, ok := v.(int64)
	if !ok {
		return 0, fmt.Errorf("the key of a record is a %T", v)
	}
	return key, nil
}

// add sets a bit of a page, which no other goroutine may use.
func (s *keySet) add(page int, place int64) {
	if s.pages[page] == nil {
		s.pages[page] = make(keyPage, (1<<s.part+63)/64)
	}
	s.pages[page][place>>6] |= 1 << (place & 63)
}

// add and has are for places in a page.
func (p keyPage) add(place int32)      { p[place>>6] |= 1 << (place & 63) }
func (p keyPage) has(place int32) bool { return p[place>>6]>>(place&63)&1 == 1 }

// keep takes out what is not in another page.
func (p keyPage) keep(other keyPage) {
	for i, word := range other {
		p[i] &= word
	}
}

func (p keyPage) size() (n int) {
	for _, word := range p {
		n += bits.OnesCount64(word)
	}
	return n
}

func (s *keySet) has(key int64) bool {
	page, place := s.part.of(key)-s.first, s.part.place(key)
	return page >= 0 && page < int64(len(s.pages)) && s.pages[page] != nil && s.pages[page][place>>6]>>(place&63)&1 == 1
}

// list gives all keys in their order.
func (s *keySet) list() []any {
	out := make([]any, 0, s.size)
	for i, p := range s.pages {
		least := s.part.part(s.first+int64(i)).after + 1
		for j, word := range p {
			for ; word != 0; word &= word - 1 {
				out = append(out, least+int64(j<<6+bits.TrailingZeros64(word)))
			}
		}
	}
	return out
}
