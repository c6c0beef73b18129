package fql

// An Expr is a node of a filter's tree: And, Or, Not or Compare. The nil Expr
// is the filter that selects everything.
type Expr interface {
	// At is the byte offset in the filter's text at which the node begins.
	At() int
	// String writes the node as a filter that parses to an equal tree.
	String() string
}

// And holds when all of its two or more Terms hold.
type And struct{ Terms []Expr }

// Or holds when one of its two or more Terms holds.
type Or struct{ Terms []Expr }

// Not holds when Term does not. It also stands for the operators that begin
// with "!": f:!'v' is Not{Compare}.
type Not struct{ Term Expr }

// Compare sets one field against one value, or against a list of which any may
// be the one.
type Compare struct {
	Field  string // in lower case, as fields are compared without case
	Op     Op
	Values []Value // at least one
	List   bool    // written in brackets: with Equal every value is exact, case counts and "*" is a star
	Offset int     // of Field in the text
}

// At is where the first term begins.
func (e And) At() int { return e.Terms[0].At() }

// At is where the first term begins.
func (e Or) At() int { return e.Terms[0].At() }

// At is where the negated term begins.
func (e Not) At() int { return e.Term.At() }

// At is where the field's name begins.
func (e Compare) At() int { return e.Offset }

// Op tells how a Compare compares.
type Op int

// The operators. Negated forms (!, !~, !*) are a Not around these.
const (
	Equal Op = iota
	Greater
	GreaterEqual
	Less
	LessEqual
	Text     // ~: all words of the value occur
	Wildcard // *: "*" in the value is any run of characters
)

// String is the operator's sign; Equal has none.
func (o Op) String() string {
	return [...]string{"", ">", ">=", "<", "<=", "~", "*"}[o]
}

// Range tells whether the operator asks for an order: > >= < <=.
func (o Op) Range() bool { return o >= Greater && o <= LessEqual }

// Strict is the operator that leaves out the value itself: > for >=, < for <=.
func (o Op) Strict() Op {
	switch o {
	case GreaterEqual:
		return Greater
	case LessEqual:
		return Less
	}
	return o
}

// Kind tells how a value was written.
type Kind int

// The kinds of values.
const (
	String Kind = iota
	Number
	Bool
	Null
)

// A Value is an operand. Text is a string without quotes and escapes, the
// digits of a number as they were written (finite as a float64), "true" or
// "false"; a null has none.
type Value struct {
	Kind Kind
	Text string
	At   int // byte offset in the filter's text
}

// Wild tells whether "*" in one of the comparison's values stands for any run
// of characters: after the operator *, and in a plain string.
func (e Compare) Wild(v Value) bool {
	return e.Op == Wildcard || e.Op == Equal && !e.List && v.Kind == String
}
