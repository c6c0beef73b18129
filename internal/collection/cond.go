package collection

import (
	"slices"
	"strings"
)

// A cond is a condition in SQL with the arguments of its placeholders, in
// order. Conditions treat NULL as false; not makes sure of that.
//
// There are two ways to a record's values in another table, and so two forms of
// a condition that hold for the same records. In one it goes from record to
// values, or from an index to records, which is right where few records are
// looked at. In many all values of a part of the records are read once, in their
// order, before these records, which takes a third of the time where every
// record is looked at, and some bytes of memory for each that is found.
type cond struct {
	one, many statement
	// union are selections that together give the records for which it holds, where
	// some of them are of other tables: then nobody need look for these records in
	// the noun's table. nil: many is the way.
	union []selection
}

// A selection gives keys of records in a part: those that a whole statement over
// another table gives, or those of the noun's table for which a condition holds.
type selection struct {
	statement
	whole bool
}

// A statement is SQL, or a part of it, with its arguments.
type statement struct {
	sql  string
	args []any
}

// cidArg stands among the arguments for the customer, who is known last, and
// afterArg and upToArg for the part of the records that many is asked for.
type (
	cidArg   struct{}
	afterArg struct{}
	upToArg  struct{}
)

// where makes a condition.
func where(sql string, args ...any) cond {
	s := statement{sql, args}
	return cond{one: s, many: s}
}

// all holds when every one of one or more conditions does.
func all(conds ...cond) cond { return join(" AND ", conds) }

// anyOf holds when one of one or more conditions does.
func anyOf(conds ...cond) cond {
	c := join(" OR ", conds)
	if !slices.ContainsFunc(conds, func(c cond) bool { return c.union != nil }) {
		return c
	}
	c.union = nil
	for _, part := range conds {
		if part.union == nil {
			part.union = []selection{{statement: part.many}}
		}
		c.union = append(c.union, part.union...)
	}
	return c
}

// not holds when c does not, or is NULL because something is missing.
func not(c cond) cond { return cond{one: c.one.not(), many: c.many.not()} }

func (s statement) not() statement { return statement{"(" + s.sql + ") IS NOT TRUE", s.args} }

// join puts an operator between conditions.
func join(operator string, conds []cond) cond {
	if len(conds) == 1 {
		return conds[0]
	}
	one, many := make([]statement, len(conds)), make([]statement, len(conds))
	for i, c := range conds {
		one[i], many[i] = c.one, c.many
	}
	return cond{one: joined(operator, one), many: joined(operator, many)}
}

// joined makes a tree and not a chain: SQL engines bound the depth of an
// expression.
func joined(operator string, list []statement) statement {
	switch len(list) {
	case 1:
		return list[0]
	case 2, 3:
		var parts []string
		var args []any
		for _, s := range list {
			parts = append(parts, s.sql)
			args = append(args, s.args...)
		}
		return statement{"(" + strings.Join(parts, operator) + ")", args}
	}
	half := len(list) / 2
	return joined(operator, []statement{joined(operator, list[:half]), joined(operator, list[half:])})
}

// oneOf holds when an expression equals one of one or more values.
func oneOf(expr string, values []any) cond {
	if len(values) == 1 {
		return where(expr+" = ?", values...)
	}
	return where(expr+" IN ("+strings.Repeat("?, ", len(values)-1)+"?)", values...)
}
