package collection_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store"
)

// The tests of this file say what filters mean, form by form, as docs/fql.md
// tells it to users. The records are few enough to be read at once.

// A thing is a record of the noun; what is nil or empty is missing.
type thing struct {
	id, state, hostname, note, sha256 string
	code, severity, score, active     any
	created, ip                       string
	paths                             []string
	sizes                             []int // of the paths
}

func fewThings() []thing {
	return []thing{
		{
			id: "a", hostname: "WEB01", code: "Alpha", note: "A b-c", sha256: "ab01", state: "quarantined", severity: 5, score: 0.5, active: 1,
			created: "2026-05-16T10:00:00.5Z", ip: "10.0.0.1", paths: []string{"Red", "blue sky"}, sizes: []int{1, 9},
		},
		{
			id: "b", hostname: "web02", code: "alpha", sha256: "ab02", state: "purged", severity: 10, score: -3, active: 0,
			created: "2026-05-16T23:59:59.999999Z", ip: "10.0.1.1", paths: []string{"RED"}, sizes: []int{5},
		},
		{
			id: "c", hostname: `50%_off\*!`, code: `C:\Users\Bob\it's.exe`, sha256: "cd", state: "purged", severity: -1, score: 1e9, active: 1,
			created: "2026-05-17T00:00:00Z", ip: "2001:db8::1", paths: []string{""},
		},
		{id: "d", code: ""},
		{id: "e"},
		{id: "f", hostname: "БОБ-ПК", code: "ß", severity: int64(9223372036854775807)},
	}
}

// openFew gives a store with the few records, twice: the other customer's must
// never be found.
func openFew(t testing.TB) *store.DB {
	t.Helper()
	db := open(t)
	err := db.Write(ctx, func(tx *store.Tx) error {
		for _, cid := range []store.CID{mine, theirs} {
			for _, r := range fewThings() {
				if err := r.put(tx, cid); err != nil {
					return err
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

func (r thing) put(tx *store.Tx, cid store.CID) error {
	var created, ip any
	if r.created != "" {
		at, err := time.Parse(time.RFC3339Nano, r.created)
		if err != nil {
			return err
		}
		created = at.UnixMicro()
	}
	if r.ip != "" {
		b := netip.MustParseAddr(r.ip).As16()
		ip = b[:]
	}
	low, high := ends(r.paths)
	res, err := tx.Exec(`INSERT INTO thing (cid, id, state, host, host_folded, code, note, hash, severity, score, active, created, addr, path_low, path_high)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
		string(cid), r.id, r.state, r.hostname, strings.ToLower(r.hostname), r.code, r.note, r.sha256, r.severity, r.score, r.active, created, ip,
		low, high)
	if err != nil {
		return err
	}
	seq, err := res.LastInsertId()
	if err != nil {
		return err
	}
	for i, path := range r.paths {
		var size any
		if i < len(r.sizes) {
			size = r.sizes[i]
		}
		if _, err := tx.Exec(`INSERT INTO thing_path (record, place, cid, path, path_folded, size) VALUES (?, ?, ?, ?, ?, ?)`,
			seq, i, string(cid), path, strings.ToLower(path), size); err != nil {
			return err
		}
	}
	return nil
}

func TestFilterMeaning(t *testing.T) {
	db, c := openFew(t), things(t, collection.SQLite)
	for _, x := range []struct{ filter, want string }{
		{``, "abcdef"},
		{`*`, "abcdef"},

		// Equality, with and without case.
		{`hostname:'web01'`, "a"},
		{`HOSTNAME:'WEB01'`, "a"},
		{`device.hostname:'web01'`, "a"},
		{`hostname:"боб-пк"`, "f"},
		{`hostname:'web'`, ""},
		{`code:'alpha'`, "b"},
		{`code:'Alpha'`, "a"},
		{`code:'C:\\Users\\Bob\\it\'s.exe'`, "c"},
		{`sha256:'AB01'`, "a"},
		{`sha256:['AB01']`, "a"},
		{`state:'QUARANTINED'`, "a"},
		{`state:'deleted'`, "bc"},
		{`state:'Deleted'`, "bc"},
		{`state:['deleted']`, "bc"},
		{`state:'nosuch'`, ""},
		{`code:5`, ""},
		{`severity:'5'`, "a"},

		// Lists are exact.
		{`hostname:['web01']`, ""},
		{`hostname:['WEB01']`, "a"},
		{`hostname:['WEB01','web02']`, "ab"},
		{`hostname:['WEB*']`, ""},
		{`severity:[5,10,'-1']`, "abc"},
		{`hostname:['web02',null]`, "bde"},

		// Negation is also true of what is missing.
		{`hostname:!'web01'`, "bcdef"},
		{`!hostname:'web01'`, "bcdef"},
		{`!hostname:!'web01'`, "a"},
		{`hostname:!['WEB01','web02']`, "cdef"},
		{`severity:!5`, "bcdef"},
		{`!severity:>5`, "acde"},
		{`!(severity:5,hostname:'web02')`, "cdef"},
		{`active:!true`, "bdef"},

		// Order; false of what is missing.
		{`severity:>5`, "bf"},
		{`severity:>=5`, "abf"},
		{`severity:<5`, "c"},
		{`severity:<=5`, "ac"},
		{`severity:=<5`, "ac"},
		{`severity:>'-2'`, "abcf"},
		{`severity:9223372036854775807`, "f"},
		{`score:>0.25`, "ac"},
		{`score:<1`, "ab"},
		{`score:0.5`, "a"},
		{`score:1000000000`, "c"},
		{`score:1e9`, "c"},
		{`hostname:>'web01'`, "bf"},
		{`hostname:<'web'`, "c"},
		{`hostname:<='WEB01'`, "ac"},
		{`code:<'a'`, "ac"},
		{`code:>='a'`, "bf"},

		// Dates: an order looks at the beginning, equality at the whole.
		{`created:'2026-05-16'`, "ab"},
		{`created:!'2026-05-16'`, "cdef"},
		{`created:>='2026-05-16'`, "abc"},
		{`created:<'2026-05-17'`, "ab"},
		{`created:>'2026-05-16'`, "abc"},
		{`created:<='2026-05-17'`, "abc"},
		{`created:'2026-05-16T10:00:00.5Z'`, "a"},
		{`created:'2026-05-16T12:00:00.500000000+02:00'`, "a"},
		{`created:'2026-05-16T10:00:00Z'`, ""},
		{`created:>='now-750m'`, "c"},
		{`created:>'now-750m'`, ""},
		{`created:'now/d'`, "c"},
		{`created:'now-1d/d'`, "ab"},
		{`created:<'now+1h'`, "abc"},
		{`created:['2026-05-16T10:00:00.5Z','2026-05-17']`, "ac"},
		{`created:1778925600`, ""},

		// Truth values.
		{`active:true`, "ac"},
		{`active:'true'`, "ac"},
		{`active:'False'`, "b"},
		{`active:[true,false]`, "abc"},

		// Missing and present.
		{`hostname:null`, "de"},
		{`hostname:!null`, "abcf"},
		{`!hostname:null`, "abcf"},
		{`hostname:*'*'`, "abcf"},
		{`hostname:'*'`, "abcf"},
		{`hostname:!*'*'`, "de"},
		{`hostname:''`, "de"},
		{`hostname:!''`, "abcf"},
		{`severity:null`, "de"},
		{`severity:!null`, "abcf"},
		{`active:null`, "def"},
		{`created:null`, "def"},
		{`ip:null`, "def"},
		{`note:null`, "bcdef"},
		{`severity:*'*'`, "abcf"},

		// Wildcards; what SQL would take for one is a character.
		{`hostname:'web*'`, "ab"},
		{`hostname:*'WEB*'`, "ab"},
		{`hostname:*'*01'`, "a"},
		{`hostname:*'w*0*'`, "ab"},
		{`hostname:*'web01*'`, "a"},
		{`hostname:*'web01'`, "a"},
		{`hostname:'50%*'`, "c"},
		{`hostname:'%*'`, ""},
		{`hostname:'5_%*'`, ""},
		{`hostname:*'*%_off*'`, "c"},
		{`hostname:*'*\\**'`, "c"},
		{`hostname:*'*!'`, "c"},
		{`hostname:*'*[*'`, ""},
		{`hostname:!*'web*'`, "cdef"},
		{`hostname:!'web*'`, "cdef"},
		{`hostname:*['web01*','боб*']`, "af"},
		{`hostname:*'**web**01'`, "a"},
		{`code:*'ALPHA'`, "ab"},
		{`code:*'*BOB*'`, "c"},
		{`code:*'*\\users\\*'`, "c"},
		{`code:'A*'`, "ab"},
		{`sha256:'AB*'`, "ab"},
		{`state:*'PUR*'`, "bc"},

		// Words.
		{`code:~'users'`, "c"},
		{`code:~'EXE bob'`, "c"},
		{`code:~'it-s'`, "c"},
		{`code:~'use'`, ""},
		{`code:~'bob nosuch'`, ""},
		{`code:!~'bob'`, "abdef"},
		{`hostname:~'боб'`, "f"},
		{`hostname:~'пк, БОБ!'`, "f"},
		{`code:~['alpha','exe']`, "abc"},

		// Several values.
		{`paths.path:'red'`, "ab"},
		{`paths.path:['RED']`, "b"},
		{`paths.path:'red'+paths.path:'blue sky'`, "a"},
		{`paths.path:!'red'`, "cdef"},
		{`paths.path:!'blue sky'`, "bcdef"},
		{`paths.path:*'blue*'`, "a"},
		{`paths.path:~'sky'`, "a"},
		{`paths.path:null`, "cdef"},
		{`paths.path:!null`, "ab"},
		{`paths.path:*'*'`, "ab"},
		{`paths.path:''`, "cdef"},
		{`paths.size:>5`, "a"},
		{`paths.size:<5`, "a"},
		{`paths.size:>1+paths.size:<9`, "ab"},
		{`!paths.size:>5`, "bcdef"},
		{`paths.size:null`, "cdef"},
		{`paths.path:['Red',null]`, "acdef"},

		// Addresses.
		{`ip:'10.0.0.1'`, "a"},
		{`ip:'10.0.*.*'`, "ab"},
		{`ip:'10.0.*.1'`, "ab"},
		{`ip:*'10.0.1.*'`, "b"},
		{`ip:'10.0.0.0/24'`, "a"},
		{`ip:'2001:db8::/32'`, "c"},
		{`ip:>'10.0.0.1'+ip:<'10.255.255.255'`, "b"},
		{`ip:'2001:DB8:0::1'`, "c"},

		// Together: and before or.
		{`hostname:'web01',hostname:'web02'+severity:10`, "ab"},
		{`(hostname:'web01',hostname:'web02')+severity:10`, "b"},
		{`severity:5+severity:10`, ""},
		{`severity:5,severity:10,severity:!null`, "abcf"},
		{`!(hostname:'web*'+!(severity:5))+hostname:!null`, "acf"},
	} {
		got, err := selectIDs(t, db, c, x.filter)
		if err != nil {
			t.Errorf("%s: %v", x.filter, err)
		} else if got != x.want {
			t.Errorf("%s selects %q, want %q", x.filter, got, x.want)
		}
	}
}

func selectIDs(t *testing.T, db *store.DB, c *collection.Collection, filter string) (ids string, err error) {
	t.Helper()
	w, err := c.Parse(filter, "")
	if err != nil {
		return "", err
	}
	cond, args := w.SQL(mine)
	return ids, db.Read(ctx, func(tx *store.Tx) error {
		rows, err := tx.Query(`SELECT cid, id FROM thing WHERE `+cond+` ORDER BY id`, args...)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var cid, id string
			if err := rows.Scan(&cid, &id); err != nil {
				return err
			}
			if cid != string(mine) {
				return fmt.Errorf("%s: a record of %s", filter, cid)
			}
			ids += id
		}
		return rows.Err()
	})
}

func TestFilterMistakes(t *testing.T) {
	c := things(t, collection.SQLite)
	for _, x := range []struct {
		filter string
		want   []string
	}{
		{`severity:1+nosuch:'x'`, []string{"FQL error at 12:", `unknown field "nosuch"`, "device.hostname", "hostname", "severity", "paths.path"}},
		{`severity:'abc'`, []string{"severity", `"abc"`}},
		{`severity:1.5`, []string{"FQL error at 10:"}},
		{`severity:99999999999999999999`, []string{"FQL error at 10:"}},
		{`score:'x'`, []string{"FQL error at 7:"}},
		{`score:'NaN'`, []string{"FQL error at 7:"}},
		{`score:>'inf'`, []string{"FQL error at 8:"}},
		{`active:'maybe'`, []string{"FQL error at 8:", "true or false"}},
		{`active:1`, []string{"FQL error at 8:"}},
		{`active:>'true'`, []string{"FQL error at"}},
		{`created:'soon'`, []string{"FQL error at 9:", "now-7d"}},
		{`created:'2026-13-01'`, []string{"FQL error at 9:"}},
		{`created:>='9999-01-01'`, []string{"FQL error at 11:", "years"}},
		{`created:true`, []string{"FQL error at 9:"}},
		{`created:~'2026'`, []string{"FQL error at"}},
		{`created:*'2026*'`, []string{"FQL error at"}},
		{`severity:~'5'`, []string{"FQL error at"}},
		{`severity:*'5*'`, []string{"FQL error at"}},
		{`severity:'5*'`, []string{"FQL error at 10:"}},
		{`ip:'10.0.0'`, []string{"FQL error at 4:"}},
		{`ip:'10.0.0.0/40'`, []string{"FQL error at 4:"}},
		{`ip:>'10.0.0.0/8'`, []string{"FQL error at 5:"}},
		{`ip:~'10'`, []string{"FQL error at"}},
		{`code:~'--'`, []string{"FQL error at 7:"}},
		{`severity:[1,'x']`, []string{"FQL error at 13:"}},
		{`severity:''`, []string{"FQL error at 10:"}},
	} {
		_, err := c.Parse(x.filter, "")
		if err == nil {
			t.Errorf("%s was read", x.filter)
			continue
		}
		for _, want := range x.want {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: %q does not say %q", x.filter, err, want)
			}
		}
	}
}

// A server that may answer unknown fields with nothing answers the whole filter
// with nothing: negated or beside others, the field must not select records.
func TestUnknownFieldSelectsNothing(t *testing.T) {
	db := openFew(t)
	c := things(t, collection.SQLite, func(s *collection.Schema) { s.UnknownField = collection.UnknownEmpty })
	for _, filter := range []string{`nosuch:'x'`, `nosuch:!'x'`, `!nosuch:'x'`, `nosuch:null`, `severity:5,nosuch:'x'`, `!(nosuch:'x'+severity:5)`} {
		if got, err := selectIDs(t, db, c, filter); err != nil || got != "" {
			t.Errorf("%s selects %q: %v", filter, got, err)
		}
	}
}

// The text of a statement depends on the shape of a filter and not on its
// values.
func TestValuesAreBound(t *testing.T) {
	c := things(t, collection.SQLite)
	forms := []string{`hostname:'%s'`, `hostname:'%s*'`, `hostname:*'%s'`, `hostname:*'*%s'`, `hostname:*'a*%s*b'`, `hostname:!['%s','y']`, `code:>'%s'`, `paths.path:'%s'`, `sha256:'%s'`, `state:'%s'`}
	for _, form := range forms {
		shape := ""
		for _, value := range []string{"x", `a'; DROP TABLE thing; --`, `%_!\[`, `'`, `"`, "?", "$1", "ж"} {
			w, err := c.Parse(fmt.Sprintf(form, strings.NewReplacer(`\`, `\\`, `'`, `\'`).Replace(value)), "")
			if err != nil {
				t.Fatal(err)
			}
			sql, args := w.SQL(mine)
			if strings.Count(sql, "?") != len(args) {
				t.Errorf("%s of %q has %d arguments: %s", form, value, len(args), sql)
			}
			if shape == "" {
				shape = sql
			}
			if sql != shape {
				t.Errorf("%s of %q is\n%s\nand of x\n%s", form, value, sql, shape)
			}
		}
	}
}
