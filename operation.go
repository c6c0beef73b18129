package mews

import (
	"cmp"
	"slices"
	"strings"
)

// Paging is how the pages of an operation follow each other.
type Paging string

// The ways of paging. An operation of none of them gives all it has at once.
const (
	PagingNone   Paging = ""
	PagingOffset Paging = "offset" // a number, and a token after beyond the bound of numbers where there is one
	PagingScroll Paging = "scroll" // a token in offset's place
	PagingAfter  Paging = "after"  // a token
	PagingMarker Paging = "marker" // a filter on the last object's _marker
)

// Places of a parameter.
const (
	InQuery = "query"
	InBody  = "body" // a key of the JSON object that is the body
	InForm  = "form" // a field of the form that is the body
	InFile  = "file" // the body itself, as bytes
)

// A Parameter is one named value that an operation takes.
type Parameter struct {
	Name     string
	In       string // InQuery, InBody, InForm or InFile
	Type     string // string, integer, number, boolean, object or any; of the elements when List is set
	List     bool
	Required bool
	Doc      string
}

// An Operation is one entry of the API: a route and what is known of it. Its ID
// is the vendor's operation id, letter by letter.
type Operation struct {
	ID         string
	PEP8       string   // the name of the Python client's method
	Aliases    []string // further names
	Collection string   // the name of the Python client's service class; "Mews" for what is only there
	Family     string   // heading of the compatibility table
	Method     string
	Path       string
	Summary    string
	Scopes     []string // one of them is enough; none: the operation checks its caller itself
	Parameters []Parameter
	Consumes   []string // media types of the body, the usual one first
	Paging     Paging
	Binary     bool // a success is bytes, not JSON
	ReadOnly   bool // changes nothing, so it may be repeated
	Own        bool // of mews, unknown to the vendor's cloud
	Served     bool // mews answers it
}

// Qualified is a name that no other operation has: with the collection before
// it, unless the operation is mews's own, whose ids are of one kind.
func (o Operation) Qualified() string {
	if o.Own {
		return o.ID
	}
	return o.Collection + "." + o.ID
}

// Parameter gives the parameter of a name.
func (o Operation) Parameter(name string) (Parameter, bool) {
	i := slices.IndexFunc(o.Parameters, func(p Parameter) bool { return p.Name == name })
	if i < 0 {
		return Parameter{}, false
	}
	return o.Parameters[i], true
}

// Operations lists every operation that the server knows by name, those that it
// does not serve included, in the order of their families.
func Operations() []Operation { return operationTable() }

// LookupOperation finds an operation by its id (QueryDevicesByFilter; a dot is as
// good as an underscore), by the name of the Python client's method
// (query_devices_by_filter), or by either with the collection before it
// (Hosts.QueryDevicesByFilter). Upper and lower case count, because the vendor
// has queryVulnerabilities and QueryVulnerabilities in different collections;
// behind a collection's name they do not. ErrNotFound names near misses.
func LookupOperation(name string) (Operation, error) {
	table := operationTable()
	found := named(table, func(o Operation, own string) bool { return spelling(own) == spelling(name) })
	if len(found) == 0 {
		if collection, rest, ok := strings.Cut(name, "."); ok {
			found = named(table, func(o Operation, own string) bool {
				return (fold(o.Collection) == fold(collection) || fold(o.Family) == fold(collection)) && fold(own) == fold(rest)
			})
		}
	}
	switch len(found) {
	case 1:
		return found[0], nil
	case 0:
		return Operation{}, Errorf(ErrNotFound, "no operation is called %q%s", name, suggestion(table, name)).WithID(name)
	}
	return Operation{}, Errorf(ErrNotFound, "%q is the name of more than one operation; say %s", name,
		orList(found, func(o Operation) string { return o.Collection + "." + name })).WithID(name)
}

// named lists the operations of which one name is meant.
func named(table []Operation, meant func(o Operation, name string) bool) []Operation {
	return slices.DeleteFunc(slices.Clone(table), func(o Operation) bool {
		return !slices.ContainsFunc(o.names(), func(name string) bool { return meant(o, name) })
	})
}

func (o Operation) names() []string {
	names := append([]string{o.ID}, o.Aliases...)
	if o.PEP8 != "" {
		names = append(names, o.PEP8)
	}
	return names
}

// spelling makes dots and underscores one: clients write ids both ways.
func spelling(name string) string { return strings.ReplaceAll(name, ".", "_") }

// fold makes spellings one that people confuse.
func fold(name string) string {
	return strings.Map(func(r rune) rune {
		if strings.ContainsRune("._- ()", r) {
			return -1
		}
		return r
	}, strings.ToLower(name))
}

// maxSuggestions is how many near misses an error names.
const maxSuggestions = 3

// suggestion names the operations that may be meant, by how much of their names
// is what was asked for.
func suggestion(table []Operation, name string) string {
	if i := strings.LastIndex(name, "."); i >= 0 {
		name = name[i+1:]
	}
	type near struct {
		op    Operation
		score float64
	}
	var list []near
	for _, o := range table {
		best := 0.0
		for _, own := range o.names() {
			best = max(best, likeness(fold(own), fold(name)))
		}
		if best >= 0.5 {
			list = append(list, near{o, best})
		}
	}
	slices.SortStableFunc(list, func(a, b near) int { return cmp.Compare(b.score, a.score) })
	if len(list) == 0 {
		return "; Operations lists them all"
	}
	return "; do you mean " + orList(list[:min(len(list), maxSuggestions)], func(n near) string { return n.op.Qualified() }) + "?"
}

// likeness is the share of pairs of letters that two words have in common.
func likeness(a, b string) float64 {
	if len(a) < 2 || len(b) < 2 {
		return 0
	}
	pairs := map[string]int{}
	for i := range len(a) - 1 {
		pairs[a[i:i+2]]++
	}
	common := 0
	for i := range len(b) - 1 {
		if pairs[b[i:i+2]] > 0 {
			pairs[b[i:i+2]]--
			common++
		}
	}
	return 2 * float64(common) / float64(len(a)+len(b)-2)
}

// orList writes alternatives: a, b or c.
func orList[T any](list []T, text func(T) string) string {
	var words []string
	for _, one := range list {
		words = append(words, text(one))
	}
	last := len(words) - 1
	if last == 0 {
		return words[0]
	}
	return strings.Join(words[:last], ", ") + " or " + words[last]
}
