package outward

import (
	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/fql"
)

// Explain gives what a collection makes of a filter, and what filters may name.
// It tells of an unknown field also where one quietly selects nothing.
func Explain(name string, c *collection.Collection, filter string) (mews.FilterExplanation, error) {
	out := mews.FilterExplanation{Collection: name, Filter: filter, Tree: []string{}, Fields: fields(c)}
	if _, err := c.Strict().Parse(filter, ""); err != nil {
		return out, Error("explain filter", err)
	}
	tree, err := fql.Parse(filter)
	if err != nil {
		return out, Error("explain filter", err)
	}
	out.Tree = append(out.Tree, fql.Lines(tree)...)
	return out, nil
}

func fields(c *collection.Collection) []mews.FilterField {
	var out []mews.FilterField
	for _, f := range c.Fields() {
		out = append(out, mews.FilterField{
			Name: f.Name, Aliases: f.Aliases, Type: f.Type.String(), Values: f.Values, Multi: f.Multi(),
			Sortable: f.Sortable, Aggregate: f.Aggregate, InQ: f.InQ, Doc: f.Doc,
		})
	}
	return out
}
