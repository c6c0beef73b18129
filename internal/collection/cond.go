package collection

import "strings"

// A cond is a condition in SQL with the arguments of its placeholders, in
// order. Conditions treat NULL as false; not makes sure of that.
//
// There are two ways to a record's values in another table. In sql it goes from
// record to values, which is right where few records are looked at. In set all
// values are read once, in their order, before the records, which takes a third
// of the time where every record is looked at, and some bytes of memory for each
// that is found.
type cond struct {
	sql  string
	set  string
	args []any
}

// cidArg stands among the arguments for the customer, who is known last.
type cidArg struct{}

// where makes a condition.
func where(sql string, args ...any) cond { return cond{sql, sql, args} }

// all holds when every one of one or more conditions does.
func all(conds ...cond) cond { return join(" AND ", conds) }

// anyOf holds when one of one or more conditions does.
func anyOf(conds ...cond) cond { return join(" OR ", conds) }

// not holds when c does not, or is NULL because something is missing.
func not(c cond) cond {
	return cond{"(" + c.sql + ") IS NOT TRUE", "(" + c.set + ") IS NOT TRUE", c.args}
}

// join puts an operator between conditions, in a tree and not in a chain: SQL
// engines bound the depth of an expression.
func join(operator string, conds []cond) cond {
	switch len(conds) {
	case 1:
		return conds[0]
	case 2, 3:
		var parts, sets []string
		var args []any
		for _, c := range conds {
			parts = append(parts, c.sql)
			sets = append(sets, c.set)
			args = append(args, c.args...)
		}
		return cond{"(" + strings.Join(parts, operator) + ")", "(" + strings.Join(sets, operator) + ")", args}
	}
	half := len(conds) / 2
	return join(operator, []cond{join(operator, conds[:half]), join(operator, conds[half:])})
}

// oneOf holds when an expression equals one of one or more values.
func oneOf(expr string, values []any) cond {
	if len(values) == 1 {
		return where(expr+" = ?", values...)
	}
	return where(expr+" IN ("+strings.Repeat("?, ", len(values)-1)+"?)", values...)
}
