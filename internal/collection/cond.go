package collection

import "strings"

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
	// union are statements over other tables that together give the keys of the
	// records in a part for which it holds: nobody need look for these records in
	// the noun's table. nil: many is the way.
	union []statement
	match *match // nil: only SQL can tell
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
func all(conds ...cond) cond { return join(" AND ", conds).matching(matches(matchAll, conds)) }

// anyOf holds when one of one or more conditions does. Where one of them is on
// the noun's table, which is read then, it may spare a look at others.
func anyOf(conds ...cond) cond {
	c := join(" OR ", conds).matching(matches(matchAny, conds))
	c.union = nil
	for _, part := range conds {
		if part.union == nil {
			c.union = nil
			break
		}
		c.union = append(c.union, part.union...)
	}
	return c
}

// not holds when c does not, or is NULL because something is missing.
func not(c cond) cond {
	return cond{one: c.one.not(), many: c.many.not(), match: matches(matchNot, []cond{c})}
}

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
