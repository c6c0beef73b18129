package collection

import (
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// minTokenKey is the least length of the key that signs page tokens.
const minTokenKey = 32

// Options are what a collection is given besides its schema.
type Options struct {
	// TokenKey signs the tokens of pages; at least 32 secret bytes. A token of
	// another key is refused, so it should outlive a restart.
	TokenKey []byte
	// TokenLife is how long the token of a page is good; default: an hour.
	TokenLife time.Duration
	Now       func() time.Time // default: time.Now
}

// A Collection answers queries about one noun. It never changes, and may be
// used from many goroutines.
type Collection struct {
	schema  Schema
	dialect Dialect
	key     []byte
	life    time.Duration // of tokens
	now     func() time.Time
	fields  map[string]*Field // by every name
	sort    []order           // the schema's default
	work    work
	// ownColumn finds columns of the noun's table in SQL.
	ownColumn *regexp.Regexp
	// sheets are those that columns are kept in.
	sheets map[columnRef]*Sheet

	strategy strategy
}

// New checks a schema and makes its collection. What it complains of are
// mistakes of the programmer.
func New(s Schema, d Dialect, o Options) (*Collection, error) {
	c := &Collection{schema: s, dialect: d, key: slices.Clone(o.TokenKey), life: cmp.Or(o.TokenLife, tokenLife), now: o.Now, fields: map[string]*Field{}, strategy: measured(), work: usualWork()}
	if c.now == nil {
		c.now = time.Now
	}
	c.schema.Fields, c.schema.Sheets = slices.Clone(s.Fields), slices.Clone(s.Sheets)
	if err := c.declare(); err != nil {
		return nil, fmt.Errorf("collection %s: %w", s.Name, err)
	}
	return c, nil
}

// Fields are the declared fields, in the schema's order.
func (c *Collection) Fields() []Field { return slices.Clone(c.schema.Fields) }

// Strict is the same collection, to which an unknown field is a mistake whatever
// the schema says: for those who ask why a filter selects nothing.
func (c *Collection) Strict() *Collection {
	strict := *c
	strict.schema.UnknownField = UnknownError
	return &strict
}

// field finds a field by any of its names, in any case; nil when there is none.
func (c *Collection) field(name string) *Field { return c.fields[strings.ToLower(name)] }

// known lists the names that keep returns true for, for messages.
func (c *Collection) known(keep func(*Field) bool) string {
	var names []string
	for name, f := range c.fields {
		if keep(f) {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return strings.Join(names, ", ")
}

// column gives a column of the noun's table a name that no other table in the
// statement can shadow.
func (c *Collection) column(name string) string { return c.schema.Table + "." + name }

func (c *Collection) declare() error {
	s := &c.schema
	for what, name := range map[string]string{"Table": s.Table, "Key": s.Key, "ID": s.ID} {
		if !identifier(name) {
			return fmt.Errorf("%s: %q is no SQL name", what, name)
		}
	}
	switch {
	case s.Words != "" && !identifier(s.Words):
		return fmt.Errorf("%q is no SQL name", s.Words)
	case s.Scan != "" && !identifier(s.Scan):
		return fmt.Errorf("%q is no SQL name", s.Scan)
	case c.dialect != SQLite && c.dialect != Postgres:
		return fmt.Errorf("there is no dialect %d", c.dialect)
	case len(c.key) < minTokenKey:
		return fmt.Errorf("the token key has %d bytes, want at least %d", len(c.key), minTokenKey)
	case s.DefaultLimit < 1 || s.MaxLimit < s.DefaultLimit:
		return errors.New("limits are not in order")
	case s.Window < 0 || s.Window > 0 && s.Window < s.DefaultLimit:
		return fmt.Errorf("a window of %d records has no room for a page", s.Window)
	case s.UnknownField == "":
		s.UnknownField = UnknownError
	case s.UnknownField != UnknownError && s.UnknownField != UnknownEmpty:
		return fmt.Errorf("unknown fields: %q is neither %q nor %q", s.UnknownField, UnknownError, UnknownEmpty)
	}
	c.ownColumn = ownColumns(s.Table)
	for i := range s.Fields {
		if err := c.declareField(&s.Fields[i]); err != nil {
			return fmt.Errorf("field %s: %w", s.Fields[i].Name, err)
		}
	}
	if f := c.fields[s.Hidden]; s.Hidden != "" && (f == nil || f.Type != Boolean || f.Multi()) {
		return fmt.Errorf("what hides records, %q, is no single Boolean field", s.Hidden)
	}
	if n := len(c.wordFields()); n > maxWordFields {
		return fmt.Errorf("q searches %d fields of text, at most %d", n, maxWordFields)
	}
	if err := c.declareSheets(); err != nil {
		return err
	}
	var err error
	c.sort, err = c.parseSort(s.DefaultSort)
	if err == nil && len(c.sort) == 0 {
		err = errors.New("no DefaultSort")
	}
	return err
}

func (c *Collection) declareField(f *Field) error {
	for _, name := range append([]string{f.Name}, f.Aliases...) {
		if !property(name) {
			return fmt.Errorf("%q is no name of a field", name)
		}
		if c.fields[name] != nil {
			return fmt.Errorf("%q is taken", name)
		}
		c.fields[name] = f
	}
	for _, name := range []string{f.Column, f.Folded, f.Child, f.Low, f.High} {
		if name != "" && !identifier(name) {
			return fmt.Errorf("%q is no SQL name", name)
		}
	}
	return f.coherent(c.schema.Words != "")
}

// coherent tells what in a field's declaration contradicts itself.
func (f *Field) coherent(words bool) error {
	switch {
	case f.Type < String || f.Type > IP:
		return fmt.Errorf("there is no type %d", f.Type)
	case f.Column == "":
		return errors.New("it has no column")
	case !f.Type.words() && (f.Folded != "" || f.Lower || len(f.Synonyms) > 0 || len(f.Values) > 0):
		return errors.New("only text has Folded, Lower, Synonyms or Values")
	case f.Folded != "" && (f.Lower || len(f.Values) > 0):
		return errors.New("what is stored in lower case needs no Folded")
	case f.Type == Text && (f.Sortable || f.Aggregate):
		return errors.New("free text is neither sorted nor aggregated")
	case (f.Low == "") != (f.High == ""):
		return errors.New("only one of Low and High is given")
	case f.Low != "" && !f.Multi():
		return errors.New("only multi-valued fields have Low and High")
	case f.Multi() && f.Sortable && f.Low == "":
		return errors.New("sorting a multi-valued field needs Low and High")
	case f.InQ && !f.Type.words() && f.Type != Time:
		return errors.New("q searches text and times")
	case f.InQ && f.Multi() && f.Type == Time:
		return errors.New("q searches only single times")
	case f.inWords() && !words:
		return errors.New("q searches it, but the schema has no Words table")
	}
	for word := range f.Synonyms {
		if word != strings.ToLower(word) {
			return fmt.Errorf("the synonym %q is not in lower case", word)
		}
	}
	for _, v := range f.Values {
		if v != strings.ToLower(v) {
			return fmt.Errorf("the value %q is not in lower case", v)
		}
	}
	return nil
}

// inWords tells whether the Words table holds the field's values.
func (f *Field) inWords() bool { return f.InQ && f.Type.words() && len(f.Values) == 0 }

// lower tells whether stored text is in lower case.
func (f *Field) lower() bool { return f.Lower || len(f.Values) > 0 }

var (
	identifierRE = regexp.MustCompile(`^[a-z_][a-z0-9_]*$`)
	propertyRE   = regexp.MustCompile(`^[a-z_][a-z0-9_.-]*$`)
)

func identifier(name string) bool { return identifierRE.MatchString(name) }
func property(name string) bool   { return propertyRE.MatchString(name) }
