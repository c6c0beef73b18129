package collection

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// A Dialect is the kind of SQL that statements are written in.
type Dialect int

// The dialects. In PostgreSQL the columns of a schema are text, bigint, double
// precision and bytea, booleans are bigint; text is compared by code points,
// whatever the database's collation, so indexes on text columns must be made
// with COLLATE "C".
const (
	SQLite Dialect = iota
	Postgres
)

// Statement gives placeholders the dialect's form. Statements are put together
// with "?", which stands nowhere else in them.
func (d Dialect) Statement(sql string) string {
	if d != Postgres {
		return sql
	}
	var b strings.Builder
	n := 0
	for {
		before, after, found := strings.Cut(sql, "?")
		b.WriteString(before)
		if !found {
			return b.String()
		}
		n++
		b.WriteString("$" + strconv.Itoa(n))
		sql = after
	}
}

// unindexed is a column that no index shall be used for. SQLite keeps no figures
// of what a value selects, prefers any index to none, and then fetches the
// records one by one: for half of a million that takes twenty times as long as
// reading all of them.
func (d Dialect) unindexed(column string) string {
	if d == SQLite {
		return "+" + column
	}
	return column
}

// ordered is a text column in an expression that depends on the order of text.
func (d Dialect) ordered(column string) string {
	if d == Postgres {
		return column + ` COLLATE "C"`
	}
	return column
}

// contains holds when the text has the bound text anywhere.
func (d Dialect) contains(text string) string { return d.position(text) + " > 0" }

// position is the place of the bound text in a text, from 1.
func (d Dialect) position(text string) string {
	if d == Postgres {
		return "strpos(" + text + ", ?)"
	}
	return "instr(" + text + ", ?)"
}

// never is a condition that no row meets.
func (d Dialect) never() string {
	if d == Postgres {
		return "FALSE"
	}
	return "0"
}

// lower is a text without the case of ASCII letters; of others, engines differ.
func (d Dialect) lower(text string) string {
	if d == Postgres {
		return "lower(" + text + ` COLLATE "C")`
	}
	return "lower(" + text + ")"
}

// hasWord holds when a folded text has a word of split's.
func (d Dialect) hasWord(text, word string) cond {
	if d == Postgres {
		class := "[" + separatorClass(`\u%04x`, `\U%08x`) + "]"
		return where(text+" ~ ?", "(^|"+class+")"+word+"("+class+"|$)")
	}
	// Most texts do not have the word even as a part, which instr finds faster.
	// Where they do, the first place is mostly that of the word itself: to try
	// only there is far cheaper than to try a pattern with stars everywhere.
	// There the few ASCII separators, which mostly stand beside it, go first: GLOB
	// reads all of a class for each character, and that of all separators is long.
	class := "[" + separatorClass("%c", "%c") + "]"
	whole := class + word + class
	const ascii = "[^0-9A-Za-z\u0080-\U0010FFFF]"
	first := "substr(' ' || " + text + " || ' ', instr(" + text + ", ?), ?) GLOB ?"
	length := utf8.RuneCountInString(word) + 2
	return where("(instr("+text+", ?) > 0 AND ("+first+" OR "+first+" OR ' ' || "+text+" || ' ' GLOB ?))",
		word, word, length, ascii+word+ascii, word, length, whole, "*"+whole+"*")
}
