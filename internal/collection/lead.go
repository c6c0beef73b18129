package collection

import (
	"fmt"

	"github.com/mewshq/mews/internal/store"
)

// led tells whether the way to the selected records is by the indexes that lead
// to them. SQLite gathers all that a lead finds before it looks at the first
// record; where that may be much and strips tell of all records, they are sooner.
func (c *Collection) led(tx *store.Tx, cid store.CID, w Where) (bool, error) {
	for _, lead := range w.leads {
		few, err := c.leadsToFew(tx, cid, lead)
		if err != nil {
			return false, err
		}
		if !few {
			stripped, err := c.stripped(tx, cid, w)
			return !stripped, err
		}
	}
	return w.narrow(), nil
}

func (c *Collection) leadsToFew(tx *store.Tx, cid store.CID, lead statement) (bool, error) {
	most := c.strategy.led
	text := "SELECT count(*) FROM (" + lead.sql + " LIMIT ?) AS some"
	var n int
	err := tx.QueryRow(c.dialect.Statement(text), append(bound(lead.args, cid, everything()), most+1)...).Scan(&n)
	if err != nil {
		return false, fmt.Errorf("look for an index's records: %w", err)
	}
	return n <= most, nil
}
