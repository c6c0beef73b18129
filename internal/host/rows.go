package host

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"github.com/mewshq/mews/internal/store"
)

// A device is a row of the table with its facts.
type device struct {
	seq         int64 // 0: not in the table yet
	aid         string
	first, last int64
	modified    int64
	known       statements // nil: not loaded
}

// A difference is what of a device has to be written.
type difference struct {
	seen  bool // first or last
	facts bool // when they were told
	texts bool // what they say
}

// take adds what reports say to a device.
func (d *device) take(s *sum) (diff difference) {
	if d.seq == 0 {
		d.first, d.last, d.known = s.first, s.last, statements{}
	}
	first, last := min(d.first, s.first), max(d.last, s.last)
	diff.seen = first != d.first || last != d.last
	d.first, d.last = first, last
	for name, st := range s.known {
		told, changed := d.known.learn(name, st)
		diff.facts, diff.texts = diff.facts || changed, diff.texts || told
	}
	return diff
}

func (d *device) text(name string) string { return d.known[name].Text }

// loadSeen reads the rows of those hosts that are devices, without their facts.
func loadSeen(tx *store.Tx, cid store.CID, aids []string) (map[string]*device, error) {
	out := make(map[string]*device, len(aids))
	err := tx.Each(func(rows *sql.Rows) error {
		d := &device{}
		err := rows.Scan(&d.seq, &d.aid, &d.first, &d.last, &d.modified)
		out[d.aid] = d
		return err
	}, `SELECT seq, aid, first_seen, last_seen, modified FROM host WHERE cid = ? AND aid IN `+store.Listed, string(cid), store.List(aids))
	if err != nil {
		return nil, fmt.Errorf("read devices: %w", err)
	}
	return out, nil
}

// loadFacts fills in the facts of those devices that want has.
func loadFacts(tx *store.Tx, cid store.CID, devices map[string]*device, want func(aid string) bool) error {
	at := map[int64]*device{}
	var seqs []int64
	for aid, d := range devices {
		if want(aid) {
			at[d.seq], seqs = d, append(seqs, d.seq)
		}
	}
	if len(seqs) == 0 {
		return nil
	}
	err := tx.Each(func(rows *sql.Rows) error {
		var seq int64
		var text []byte
		if err := rows.Scan(&seq, &text); err != nil {
			return err
		}
		return json.Unmarshal(text, &at[seq].known)
	}, `SELECT record, facts FROM host_facts WHERE +cid = ? AND record IN `+store.Listed, string(cid), store.List(seqs))
	if err != nil {
		return fmt.Errorf("read facts: %w", err)
	}
	return nil
}

// write brings the rows of a device up to date.
func (s *Service) write(tx *store.Tx, cid store.CID, d *device, diff difference, now int64) error {
	if d.seq == 0 {
		return insert(tx, cid, d, now)
	}
	switch {
	case diff.texts:
		args := append(columnValues(d), d.first, d.last, now, d.seq, string(cid))
		_, err := tx.Exec(`UPDATE host SET (`+factColumns+`, first_seen, last_seen, modified) = (`+
			store.Marks(len(args)-2)+`) WHERE seq = ? AND cid = ?`, args...)
		if err != nil {
			return fmt.Errorf("update device: %w", err)
		}
		if err := clearLists(tx, cid, d); err != nil {
			return err
		}
		if err := insertLists(tx, cid, d); err != nil {
			return err
		}
	case diff.seen:
		_, err := tx.Exec(`UPDATE host SET first_seen = ?, last_seen = ? WHERE seq = ? AND cid = ?`, d.first, d.last, d.seq, string(cid))
		if err != nil {
			return fmt.Errorf("update device: %w", err)
		}
	}
	if diff.facts {
		text, err := json.Marshal(d.known)
		if err == nil {
			_, err = tx.Exec(`UPDATE host_facts SET facts = ? WHERE record = ? AND cid = ?`, string(text), d.seq, string(cid))
		}
		if err != nil {
			return fmt.Errorf("update facts: %w", err)
		}
	}
	return nil
}

func insert(tx *store.Tx, cid store.CID, d *device, now int64) error {
	args := append(columnValues(d), d.first, d.last, now, string(cid), d.aid)
	res, err := tx.Exec(`INSERT INTO host (`+factColumns+`, first_seen, last_seen, modified, cid, aid) VALUES (`+store.Marks(len(args))+`)`, args...)
	if err != nil {
		return fmt.Errorf("insert device: %w", err)
	}
	if d.seq, err = res.LastInsertId(); err != nil {
		return err
	}
	text, err := json.Marshal(d.known)
	if err == nil {
		_, err = tx.Exec(`INSERT INTO host_facts (record, cid, facts) VALUES (?,?,?)`, d.seq, string(cid), string(text))
	}
	if err != nil {
		return fmt.Errorf("insert facts: %w", err)
	}
	return insertLists(tx, cid, d)
}

// factColumns are the facts that filters and sorts can name, in the order of
// columnValues.
const factColumns = `hostname, hostname_folded, platform_name, platform_name_folded, os_version, os_version_folded,
	os_build, kernel_version, product_type, product_type_desc, product_type_desc_folded, agent_version,
	local_ip, external_ip, mac_address, machine_domain, machine_domain_folded, site_name, site_name_folded,
	system_manufacturer, system_manufacturer_folded, system_product_name, system_product_name_folded,
	serial_number, serial_number_folded, last_login_user, last_login_user_folded, last_reboot`

func columnValues(d *device) (out []any) {
	plain := func(texts ...string) {
		for _, t := range texts {
			out = append(out, t)
		}
	}
	both := func(texts ...string) {
		for _, t := range texts {
			out = append(out, t, fold(t))
		}
	}
	both(d.text("hostname"), d.text("platform_name"), d.text("os_version"))
	plain(d.text("os_build"), d.text("kernel_version"), d.text("product_type"))
	both(productTypeDesc(d.text("product_type")))
	plain(d.text("agent_version"))
	out = append(out, ipBytes(d.text("local_ip")), ipBytes(d.text("external_ip")))
	plain(d.text("mac_address"))
	both(d.text("machine_domain"), d.text("site_name"), d.text("system_manufacturer"), d.text("system_product_name"),
		d.text("serial_number"), d.text("last_login_user"))
	return append(out, number(d.text("last_reboot")))
}

// fold is the form in which text is compared when case does not matter.
func fold(s string) string { return strings.ToLower(s) }

// ipBytes is an address as filters compare it, nil where there is none.
func ipBytes(text string) []byte {
	ip, err := netip.ParseAddr(text)
	if err != nil {
		return nil
	}
	b := ip.As16()
	return b[:]
}

// number is what micros wrote, nil where there is none.
func number(text string) *int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return nil
	}
	return &n
}

// clearLists drops the rows of a device's lists.
func clearLists(tx *store.Tx, cid store.CID, d *device) error {
	for _, table := range []string{"host_ou", "host_tag"} {
		if _, err := tx.Exec(`DELETE FROM `+table+` WHERE record = ? AND cid = ?`, d.seq, string(cid)); err != nil {
			return fmt.Errorf("clear %s: %w", table, err)
		}
	}
	return nil
}

// insertLists writes the rows of a device's lists, of which there are none.
func insertLists(tx *store.Tx, cid store.CID, d *device) error {
	for i, ou := range units(d.text("ou")) {
		_, err := tx.Exec(`INSERT INTO host_ou (record, place, cid, ou, ou_folded) VALUES (?,?,?,?,?)`, d.seq, i, string(cid), ou, fold(ou))
		if err != nil {
			return fmt.Errorf("insert unit: %w", err)
		}
	}
	for i, tag := range tags(d.text("tags")) {
		_, err := tx.Exec(`INSERT INTO host_tag (record, place, cid, tag, tag_folded) VALUES (?,?,?,?,?)`, d.seq, i, string(cid), tag, fold(tag))
		if err != nil {
			return fmt.Errorf("insert tag: %w", err)
		}
	}
	return nil
}
