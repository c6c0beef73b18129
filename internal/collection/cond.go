package collection

import "strings"

// A cond is a condition in SQL with the arguments of its placeholders, in
// order. Conditions treat NULL as false; not makes sure of that.
type cond struct {
	sql  string
	args []any
}

// cidArg stands among the arguments for the customer, who is known last.
type cidArg struct{}

// where makes a condition.
func where(sql string, args ...any) cond { return cond{sql, args} }

// all holds when every one of one or more conditions does.
func all(conds ...cond) cond { return join(" AND ", conds) }

// anyOf holds when one of one or more conditions does.
func anyOf(conds ...cond) cond { return join(" OR ", conds) }

// not holds when c does not, or is NULL because something is missing.
func not(c cond) cond { return cond{"(" + c.sql + ") IS NOT TRUE", c.args} }

// join puts an operator between conditions, in a tree and not in a chain: SQL
// engines bound the depth of an expression.
func join(operator string, conds []cond) cond {
	switch len(conds) {
	case 1:
		return conds[0]
	case 2, 3:
		var parts []string
		var args []any
		for _, c := range conds {
			parts = append(parts, c.sql)
			args = append(args, c.args...)
		}
		return cond{"(" + strings.Join(parts, operator) + ")", args}
	}
	half := len(conds) / 2
	return join(operator, []cond{join(operator, conds[:half]), join(operator, conds[half:])})
}

// oneOf holds when an expression equals one of one or more values.
func oneOf(expr string, values []any) cond {
	if len(values) == 1 {
		return cond{expr + " = ?", values}
	}
	return cond{expr + " IN (" + strings.Repeat("?, ", len(values)-1) + "?)", values}
}
