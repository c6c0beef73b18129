package collection_test

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/collection"
)

var update = flag.Bool("update", false, "rewrite golden files")

// TestStatements holds the text of statements in both dialects against golden
// files: what is changed there has to be run on PostgreSQL as well.
func TestStatements(t *testing.T) {
	for name, d := range map[string]collection.Dialect{"sqlite": collection.SQLite, "postgres": collection.Postgres} {
		t.Run(name, func(t *testing.T) {
			c := things(t, d)
			var b strings.Builder
			for _, filter := range []string{
				"", "hostname:'web01'", "hostname:['Web01','DB1']", "hostname:!'web01'", "!hostname:'web01'", "hostname:null", "hostname:!null",
				"hostname:'web*'", "hostname:*'*web*'", "hostname:'a*b%c*'", "hostname:>'a'", "hostname:<='a'", "hostname:~'ws fra'", "code:*'x*'", "code:'x'",
				"note:~'word'", "state:'deleted'", "sha256:'AB'", "severity:>=70", "severity:[1,2,3]", "score:<0.5", "active:true",
				"created:'2026-05-17'", "created:>'now-7d'", "ip:'10.0.0.0/8'", "ip:'10.*.0.1'", "ip:>'10.0.0.1'",
				"paths.path:'a'", "paths.path:*'*a*'", "paths.path:!'a'", "paths.path:null", "paths.name:'a*'", "paths.size:>5",
				"hostname:'a'+(state:'released',severity:>5)", "hostname:'a',hostname:'b',hostname:'c',hostname:'d'", "nosuch.field:'a'",
			} {
				w, err := c.Parse(filter, "")
				sql, args := w.SQL(mine)
				if err != nil {
					sql, args = err.Error(), nil
				}
				fmt.Fprintf(&b, "%s\n  %s\n  %v\n", filter, d.Statement(sql), args)
			}
			for _, q := range []string{"users bob", "hostname:web", "released", "2026-05", "state:x"} {
				w, err := c.Parse("", q)
				if err != nil {
					t.Fatal(err)
				}
				sql, args := w.SQL(mine)
				fmt.Fprintf(&b, "q %s\n  %s\n  %v\n", q, d.Statement(sql), args)
			}
			for _, q := range []collection.Query{
				{Sort: "created|desc"},
				{Sort: "hostname|asc", Filter: "severity:1", Offset: 5},
				{Sort: "paths.path|desc,severity"},
			} {
				q.CID, q.Client = mine, alice
				b.WriteString(statements(t, c, q, "page "))
				q.Offset, q.After = 0, c.Token(q, 3, []any{"v", int64(5)}[:1+strings.Count(q.Sort, ",")]...)
				b.WriteString(statements(t, c, q, "page after a row "))
			}
			golden(t, "testdata/"+name+".golden", b.String())
		})
	}
}

func statements(t *testing.T, c *collection.Collection, q collection.Query, what string) string {
	t.Helper()
	list, err := c.Statements(q)
	if err != nil {
		t.Fatal(err)
	}
	var b strings.Builder
	for _, s := range list {
		fmt.Fprintf(&b, "%s%s %s: %s\n  %s\n  %v\n", what, q.Sort, q.Filter, s.Does, s.SQL, s.Args)
	}
	return b.String()
}

func golden(t *testing.T, file, got string) {
	t.Helper()
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	gotLines, wantLines := strings.Split(got, "\n"), strings.Split(string(want), "\n")
	for i := range max(len(gotLines), len(wantLines)) {
		if i >= len(gotLines) || i >= len(wantLines) || gotLines[i] != wantLines[i] {
			t.Fatalf("%s differs at line %d; go test -update rewrites it", file, i+1)
		}
	}
}
