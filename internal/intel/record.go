package intel

import (
	"database/sql"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/feed"
	"github.com/mewshq/mews/internal/store"
)

// A record is a row of the table.
type record struct {
	seq        int64
	id         string
	typ, value string
	marker     string
	deleted    bool
	updated    int64 // unix microseconds
	added      int64
	sources    []string
	body       string
	said       mews.IntelIndicator // what body holds, once it is read or made
}

// loadRecords gives those of ids that the customer has.
func loadRecords(tx *store.Tx, cid store.CID, ids []string) (map[string]*record, error) {
	return load(tx, cid, `id IN `+store.Listed, store.List(ids))
}

func load(tx *store.Tx, cid store.CID, where string, args ...any) (map[string]*record, error) {
	out := map[string]*record{}
	err := tx.Each(func(rows *sql.Rows) error {
		var r record
		var sources string
		if err := rows.Scan(&r.seq, &r.id, &r.typ, &r.value, &r.marker, &r.deleted, &r.updated, &r.added, &sources, &r.body); err != nil {
			return err
		}
		out[r.id] = &r
		return json.Unmarshal([]byte(sources), &r.sources)
	}, `SELECT seq, id, type, indicator, marker, deleted, updated, added, sources, body FROM intel WHERE cid = ? AND `+where,
		append([]any{string(cid)}, args...)...)
	if err != nil {
		return nil, fmt.Errorf("read intel indicators: %w", err)
	}
	return out, nil
}

// wire is the record as answers show it.
func (r *record) wire() (mews.IntelIndicator, error) {
	var out mews.IntelIndicator
	if err := json.Unmarshal([]byte(r.body), &out); err != nil {
		return out, fmt.Errorf("read intel indicator %d: %w", r.seq, err)
	}
	out.ID, out.Type, out.Indicator, out.Marker, out.Deleted, out.LastUpdated = r.id, r.typ, r.value, r.marker, r.deleted, r.updated/1e6
	return out, nil
}

// words are the lists of a record for filters, by their kinds.
func (r *record) words() map[string][]string {
	out := map[string][]string{"sources": r.sources}
	for _, l := range feed.Lists(&r.said) {
		out[l.Name] = *l.Words
	}
	var slugs []string
	for _, title := range r.said.Reports {
		if s := slug(title); s != "" && !slices.Contains(slugs, s) {
			slugs = append(slugs, s)
		}
	}
	out["reports.slug"] = slugs
	return out
}

var notInSlug = regexp.MustCompile(`[^\pL\pN]+`)

// slug is a title as an address would hold it.
func slug(title string) string {
	return strings.Trim(notInSlug.ReplaceAllString(strings.ToLower(title), "-"), "-")
}

// text is all that stands in a record.
func (r *record) text() string {
	lines := []string{r.typ, r.value, r.said.MaliciousConfidence}
	for _, l := range feed.Lists(&r.said) {
		lines = append(lines, *l.Words...)
	}
	for _, l := range r.said.Labels {
		lines = append(lines, l.Name)
	}
	for _, o := range r.said.Relations {
		lines = append(lines, o.Indicator)
	}
	return strings.ToLower(strings.Join(append(lines, r.sources...), "\n"))
}
