// Package collection turns what a noun declares about its fields into answers:
// FQL filters, phrase search, sorting, paging and aggregates, as SQL.
//
// A service declares a [Schema] once and keeps a [Collection]. Names of columns
// come from the schema alone and values are always bound parameters, so the
// text of a statement depends on a filter's shape and never on its values.
// Statements are written for SQLite and for PostgreSQL (see [Dialect]).
//
// Whatever a client can get wrong is an *[Error] with a message for him.
package collection

import "fmt"

// A Type is what a field's values are, and so how they are compared.
type Type int

// The types of fields and how their columns hold them. Missing values are NULL,
// in String and Text columns the empty string as well.
const (
	String  Type = iota // UTF-8 text
	Text                // UTF-8 text of any length: as String, but never sorted or aggregated
	Integer             // 64 bits
	Number              // floating point
	Boolean             // 0 or 1
	Time                // microseconds since 1970, UTC
	IP                  // 16 bytes; an IPv4 address is mapped (::ffff:a.b.c.d)
)

// String is the type's name in documentation.
func (t Type) String() string {
	names := [...]string{"string", "text", "integer", "number", "boolean", "time", "ip"}
	if t < 0 || int(t) >= len(names) {
		return fmt.Sprintf("Type(%d)", int(t))
	}
	return names[t]
}

// single tells whether an operand equals one value. A date or an address may
// stand for many.
func (t Type) single() bool { return t == Integer || t == Number || t == Boolean }

// words tells whether values are text.
func (t Type) words() bool { return t == String || t == Text }

// A Field is one property of a noun that filters, sorts, q or aggregates name.
type Field struct {
	Name    string   // in lower case, as FQL spells properties
	Aliases []string // further names, equal in everything
	Type    Type

	// Column holds the value: of the noun's table, or of Child.
	Column string
	// Folded, for text, is a column beside Column with strings.ToLower of the
	// value. With it equality, ranges, wildcards and sorting ignore case; a list
	// (f:['a','b']) compares Column and so respects it.
	Folded string
	// Lower says that text is stored in lower case: operands are lowered, too.
	Lower bool
	// Child makes the field multi-valued: Column and Folded are of this table,
	// which has a row for each value and the columns "record" (the noun's Key)
	// and "cid". A filter holds when it holds for any value, its negation when it
	// holds for none.
	Child string
	// Low and High are columns of the noun's table with the least and the
	// greatest value (Folded, where there is one) of a multi-valued field, missing
	// where the record has none: what an ascending and a descending sort look at.
	// They also save filters most of the ways into the child table, as nearly all
	// records have one value or two.
	Low, High string
	// Indexed says that there is an index on cid and Folded, or Column where
	// nothing is folded, and that one value selects few of the records. Filters
	// for equality then look there first.
	Indexed bool

	// Beyond says that >= and <= leave out the value itself: readers go on from the
	// last one they have seen, and write it so.
	Beyond bool

	// Synonyms maps words that filters may use to the words that are stored.
	Synonyms map[string]string
	// Values are all the words there can be, where they are few: a state. They
	// are stored in lower case. q looks for them here instead of in the rows.
	Values []string

	// Sortable fields need an index on cid and what the sort looks at: Folded or
	// Column, or Low and another High.
	Sortable  bool
	Aggregate bool
	InQ       bool // a phrase of q may stand in this field
	Doc       string
}

// Multi tells whether a record can have several values of the field.
func (f *Field) Multi() bool { return f.Child != "" }

// UnknownField is what a filter gets that names a field the noun does not have.
type UnknownField string

// The ways to treat an unknown field in a filter.
const (
	UnknownError UnknownField = "error" // a mistake, told with the list of known fields
	UnknownEmpty UnknownField = "empty" // no record matches
)

// A Schema declares a noun. Its table has a column "cid" (store.CID).
type Schema struct {
	Name  string // of the noun, for messages
	Table string
	Key   string // INTEGER PRIMARY KEY; grows with insertion
	ID    string // column of the public id, unique within a cid
	// Words is a table with the columns "record" (the noun's Key, the primary
	// key), "cid" and "words", which holds [Collection.Words] of the record: what
	// q searches. It is a table of its own because it is wide and only q reads
	// it. Needed when a text field is InQ that has no Values.
	Words string
	// Scan is an index on cid, Key and ScanColumns: what most filters and aggregates
	// look at. Where all records are read it stands for the table, whose rows are
	// wider. "": there is none.
	Scan        string
	ScanColumns []string
	// Sheets are columns that are also kept in strips.
	Sheets []Sheet
	Fields []Field
	// Hidden names a Boolean field of the noun's table. Only records for which it
	// is false are selected, unless the filter names it.
	Hidden string

	DefaultSort  string // as a client would write it
	DefaultLimit int    // when a query names none
	MaxLimit     int
	Window       int // greatest offset+limit; deeper goes the after token. 0: no bound
	UnknownField UnknownField
}
