package ioc

import (
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/observable"
	"github.com/mewshq/mews/internal/store"
)

// A record is a row of the table with its children.
type record struct {
	seq        int64
	id         string
	typ, value string // of the observable, in normal form
	facts
	batch      string
	created    int64 // unix microseconds
	createdBy  string
	modified   int64
	modifiedBy string
	deleted    *int64
	deletedBy  string
}

// facts are what users decide about an indicator.
type facts struct {
	action   string // that was chosen
	mobile   string
	severity string
	global   bool
	expires  *int64 // unix microseconds
	days     int32  // when it was given so
	source   string
	text     string // the description
	meta     mews.IndicatorMetadata

	platforms, tags, groups []string // without repeats
}

// name is what users call it.
func (r *record) name() string { return r.typ + ":" + r.value }

// expired tells whether it has ended.
func (f *facts) expired(now int64) bool { return f.expires != nil && *f.expires <= now }

// shown is the action that holds.
func (f *facts) shown(now int64) string {
	if f.expired(now) {
		return mews.IndicatorNoAction
	}
	return f.action
}

// watches tells whether an action makes sightings count as detections.
func watches(action string) bool {
	switch action {
	case mews.IndicatorDetect, mews.IndicatorPrevent, mews.IndicatorPreventSilent:
		return true
	}
	return false
}

// watched is the condition in SQL under which a row is an active indicator, but
// for its end.
const watched = `deleted = 0 AND chosen IN ('` + mews.IndicatorDetect + `', '` + mews.IndicatorPrevent + `', '` + mews.IndicatorPreventSilent + `')`

// idDigits is the length of an id.
const idDigits = 2 * sha256.Size

// idOf derives the id of an indicator.
func idOf(cid store.CID, o observable.Observable) string {
	b := binary.BigEndian.AppendUint32([]byte("mews indicator 1"), uint32(len(cid)))
	sum := sha256.Sum256(o.Append(append(b, cid...)))
	return hex.EncodeToString(sum[:])
}

// parseID gives an id in the form in which it is stored.
func parseID(id string) (string, bool) {
	id = strings.ToLower(strings.TrimSpace(id))
	return id, isHex(id, idDigits)
}

func isHex(s string, digits int) bool {
	return len(s) == digits && strings.Trim(s, "0123456789abcdef") == ""
}

const factColumns = `chosen, mobile_action, severity, applied_globally, expires, days, source, description, filename, original_filename,
	company_name, file_description, file_version, product_name, product_version, coalesce(av_hits, 0), signed`

const selectRecords = `SELECT seq, id, type, value, batch, created, created_by, modified, modified_by, deleted_on, deleted_by, ` +
	factColumns + ` FROM ioc `

func scanRecord(rows *sql.Rows) (r record, err error) {
	f, m := &r.facts, &r.meta
	err = rows.Scan(&r.seq, &r.id, &r.typ, &r.value, &r.batch, &r.created, &r.createdBy, &r.modified, &r.modifiedBy, &r.deleted, &r.deletedBy,
		&f.action, &f.mobile, &f.severity, &f.global, &f.expires, &f.days, &f.source, &f.text, &m.Filename, &m.OriginalFilename,
		&m.CompanyName, &m.FileDescription, &m.FileVersion, &m.ProductName, &m.ProductVersion, &m.AVHits, &m.Signed)
	return r, err
}

// load gives the customer's records that a condition selects, by their ids.
func load(tx *store.Tx, cid store.CID, where string, args ...any) (map[string]record, error) {
	var list []record
	err := tx.Each(func(rows *sql.Rows) error {
		r, err := scanRecord(rows)
		list = append(list, r)
		return err
	}, selectRecords+`WHERE +cid = ? AND `+where, append([]any{string(cid)}, args...)...)
	if err == nil {
		err = loadChildren(tx, cid, list)
	}
	if err != nil {
		return nil, fmt.Errorf("read indicators: %w", err)
	}
	out := make(map[string]record, len(list))
	for _, r := range list {
		out[r.id] = r
	}
	return out, nil
}

// loadIDs gives those of ids that the customer has, also the deleted ones.
func loadIDs(tx *store.Tx, cid store.CID, ids []string) (map[string]record, error) {
	return load(tx, cid, `id IN `+store.Listed, store.List(ids))
}

// A child is a table of the values of a field.
type child struct {
	table, column string
	values        func(*facts) *[]string
}

func children() []child {
	return []child{
		{"ioc_platform", "platform", func(f *facts) *[]string { return &f.platforms }},
		{"ioc_tag", "tag", func(f *facts) *[]string { return &f.tags }},
		{"ioc_group", "host_group", func(f *facts) *[]string { return &f.groups }},
	}
}

// loadChildren fills in the lists of records.
func loadChildren(tx *store.Tx, cid store.CID, list []record) error {
	at := make(map[int64]*record, len(list))
	seqs := make([]int64, len(list))
	for i := range list {
		at[list[i].seq], seqs[i] = &list[i], list[i].seq
	}
	if len(list) == 0 {
		return nil
	}
	for _, c := range children() {
		err := tx.Each(func(rows *sql.Rows) error {
			var seq int64
			var value string
			err := rows.Scan(&seq, &value)
			l := c.values(&at[seq].facts)
			*l = append(*l, value)
			return err
		}, `SELECT record, `+c.column+` FROM `+c.table+` WHERE +cid = ? AND record IN `+store.Listed+` ORDER BY record, `+c.column,
			string(cid), store.List(seqs))
		if err != nil {
			return err
		}
	}
	for i := range list {
		sortPlatforms(list[i].platforms)
	}
	return nil
}

// sortPlatforms puts words into the order in which the API lists them.
func sortPlatforms(words []string) {
	slices.SortFunc(words, func(a, b string) int {
		return slices.Index(platforms(), a) - slices.Index(platforms(), b)
	})
}
