package collection_test

import (
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/store/storetest"
)

// TestSchemasThatContradictThemselves changes one thing of a schema that is in
// order.
func TestSchemasThatContradictThemselves(t *testing.T) {
	field := func(f collection.Field) func(*collection.Schema) {
		if f.Name == "" {
			f.Name = "new"
		}
		return func(s *collection.Schema) { s.Fields = append(s.Fields, f) }
	}
	for part, change := range map[string]func(*collection.Schema){
		`Table: "a; DROP"`:          func(s *collection.Schema) { s.Table = "a; DROP" },
		`Key: ""`:                   func(s *collection.Schema) { s.Key = "" },
		`ID: "Id"`:                  func(s *collection.Schema) { s.ID = "Id" },
		`"a b" is no SQL name`:      func(s *collection.Schema) { s.Words = "a b" },
		`"c d" is no SQL name`:      func(s *collection.Schema) { s.Scan = "c d" },
		"limits":                    func(s *collection.Schema) { s.MaxLimit = 1 },
		"window":                    func(s *collection.Schema) { s.Window = 9 },
		`neither "error" nor`:       func(s *collection.Schema) { s.UnknownField = "ignore" },
		"no DefaultSort":            func(s *collection.Schema) { s.DefaultSort = " " },
		`cannot sort by "note"`:     func(s *collection.Schema) { s.DefaultSort = "note" },
		`"New" is no name`:          field(collection.Field{Name: "New", Column: "x"}),
		`"a b" is no name`:          field(collection.Field{Column: "x", Aliases: []string{"a b"}}),
		`"hostname" is taken`:       field(collection.Field{Column: "x", Aliases: []string{"hostname"}}),
		"has no column":             field(collection.Field{}),
		`"x y" is no SQL name`:      field(collection.Field{Column: "x", Folded: "x y"}),
		"there is no type":          field(collection.Field{Column: "x", Type: 99}),
		"only text has Folded":      field(collection.Field{Column: "x", Type: collection.Integer, Folded: "y"}),
		"needs no Folded":           field(collection.Field{Column: "x", Lower: true, Folded: "y"}),
		"free text is neither":      field(collection.Field{Column: "x", Type: collection.Text, Sortable: true}),
		"only one of Low and High":  field(collection.Field{Column: "x", Child: "y", Low: "z"}),
		"have Low and High":         field(collection.Field{Column: "x", Low: "z", High: "z"}),
		"needs Low and High":        field(collection.Field{Column: "x", Child: "y", Sortable: true}),
		"q searches text and times": field(collection.Field{Column: "x", Type: collection.IP, InQ: true}),
		"q searches only single":    field(collection.Field{Column: "x", Type: collection.Time, Child: "y", InQ: true}),
		"has no Words table":        func(s *collection.Schema) { s.Words = "" },
		`synonym "A"`:               field(collection.Field{Column: "x", Synonyms: map[string]string{"A": "b"}}),
		`value "A" is not in lower`: field(collection.Field{Column: "x", Values: []string{"A"}}),
		"q searches 26 fields":      manyWords,
		`"more": its table has`:     sheet(collection.Sheet{Name: "more", Table: "thing_path", Columns: []string{"place"}}),
		"column note is there":      sheet(collection.Sheet{Name: "more", Table: "thing", Columns: []string{"note"}}),
		`sheet "more": it has no`:   sheet(collection.Sheet{Name: "more", Table: "thing"}),
		`sheet "a b"`:               sheet(collection.Sheet{Name: "a b", Table: "thing", Columns: []string{"id"}}),
		"no sheet is of the noun's": func(s *collection.Schema) { s.Sheets = s.Sheets[2:] },
	} {
		s := schema()
		change(&s)
		_, err := collection.New(s, collection.SQLite, collection.Options{TokenKey: []byte(storetest.Key)})
		if err == nil || !strings.Contains(err.Error(), part) {
			t.Errorf("got %v, want one with %s", err, part)
		}
	}
	if _, err := collection.New(schema(), collection.SQLite, collection.Options{TokenKey: make([]byte, 31)}); err == nil {
		t.Error("a short key was taken")
	}
	if _, err := collection.New(schema(), 7, collection.Options{TokenKey: make([]byte, 32)}); err == nil {
		t.Error("an unknown dialect was taken")
	}
}

func sheet(more collection.Sheet) func(*collection.Schema) {
	return func(s *collection.Schema) { s.Sheets = append(s.Sheets, more) }
}

func manyWords(s *collection.Schema) {
	for i := range 23 {
		s.Fields = append(s.Fields, collection.Field{Name: "w" + strings.Repeat("x", i), Column: "x", InQ: true})
	}
}

// TestFieldsAreCopies: who changes what Fields gave changes nothing else.
func TestFieldsAreCopies(t *testing.T) {
	c := things(t, collection.SQLite)
	c.Fields()[0].Column = "changed"
	if got := c.Fields()[0]; got.Column != "id" || got.Type.String() != "string" || got.Multi() {
		t.Errorf("%+v", got)
	}
}
