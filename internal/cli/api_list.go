package cli

import (
	"bufio"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/mewshq/mews"
)

// An operationRow is an operation of the API with what a caller needs of it.
type operationRow struct {
	Operation  string         `json:"operation"`
	PEP8       string         `json:"pep8"` // the name in FalconPy
	Collection string         `json:"collection"`
	Family     string         `json:"family"`
	Method     string         `json:"method"`
	Path       string         `json:"path"`
	Scopes     []string       `json:"scopes"` // one is enough
	Paging     mews.Paging    `json:"paging"`
	Binary     bool           `json:"binary"`
	Own        bool           `json:"own"`    // of mews, unknown to other servers
	Served     bool           `json:"served"` // by mews
	Summary    string         `json:"summary"`
	Parameters []parameterRow `json:"parameters"`
}

// A parameterRow is one parameter of an operation.
type parameterRow struct {
	Name     string `json:"name"`
	In       string `json:"in"`
	Type     string `json:"type"`
	Required bool   `json:"required"`
	Doc      string `json:"doc"`
}

func rowOfOperation(o mews.Operation) operationRow {
	row := operationRow{
		Operation: o.ID, PEP8: o.PEP8, Collection: o.Collection, Family: o.Family, Method: o.Method, Path: o.Path, Scopes: o.Scopes,
		Paging: o.Paging, Binary: o.Binary, Own: o.Own, Served: o.Served, Summary: o.Summary,
	}
	for _, p := range o.Parameters {
		typ := p.Type
		if p.List {
			typ = "list of " + typ
		}
		row.Parameters = append(row.Parameters, parameterRow{p.Name, p.In, typ, p.Required, p.Doc})
	}
	return row
}

func newAPIListCommand(g *globals) *cobra.Command {
	var served bool
	c := &cobra.Command{
		Use: "list [WORD]", Short: "List the operations, or those with a word in their name, family or path", Args: cobra.MaximumNArgs(1),
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(_ *cobra.Command, args []string) error {
			word := strings.ToLower(strings.Join(args, ""))
			env := &mews.Envelope[operationRow]{}
			for _, o := range mews.Operations() {
				text := strings.ToLower(strings.Join([]string{o.ID, o.PEP8, o.Collection, o.Family, o.Path}, " "))
				if (o.Served || !served) && strings.Contains(text, word) {
					env.Resources = append(env.Resources, rowOfOperation(o))
				}
			}
			if err := g.write(viewOf(env, "operation", "method", "path", "scopes", "served")); err != nil {
				return err
			}
			if len(env.Resources) == 0 {
				g.note("no match")
				return silent(errNoMatch)
			}
			return nil
		},
	}
	c.Flags().BoolVar(&served, "served", false, "only those that mews answers")
	return rowsOf[operationRow](c)
}

func newAPIShowCommand(g *globals) *cobra.Command {
	return rowsOf[operationRow](&cobra.Command{
		Use: "show OPERATION", Short: "Show an operation and its parameters", Args: cobra.ExactArgs(1),
		ValidArgsFunction: completeOperations,
		RunE: func(_ *cobra.Command, args []string) error {
			o, err := lookupOperation(args[0])
			if err != nil {
				return err
			}
			row := rowOfOperation(o)
			if !g.output.forPeople() {
				return g.write(viewOf(&mews.Envelope[operationRow]{Resources: []operationRow{row}}))
			}
			if err := showEach(g, []operationRow{row}, showOperation); err != nil {
				return err
			}
			return g.write(viewOf(&mews.Envelope[parameterRow]{Resources: row.Parameters}, "name", "in", "type", "required", "doc"))
		},
	})
}

func showOperation(w *bufio.Writer, o operationRow) error {
	answer := "JSON"
	if o.Binary {
		answer = "bytes"
	}
	served := "mews and the vendor's cloud"
	switch {
	case o.Own:
		served = "mews only"
	case !o.Served:
		served = "the vendor's cloud only"
	}
	fields(w, [][2]string{
		{"operation", o.Operation},
		{"FalconPy", ifSet(o.Collection+".%s", o.PEP8)},
		{"call", o.Method + " " + o.Path},
		{"scope", strings.Join(o.Scopes, " or ")},
		{"answer", answer},
		{"paging", string(o.Paging)},
		{"known to", served},
		{"summary", o.Summary},
	})
	if len(o.Parameters) > 0 {
		fmt.Fprintln(w)
	}
	return nil
}

// lookupOperation finds an operation by any of its names.
func lookupOperation(name string) (mews.Operation, error) {
	o, err := mews.LookupOperation(name)
	if err != nil {
		return o, usagef("%w\n\"mews api list WORD\" finds operations", err)
	}
	return o, nil
}

// completeOperations completes the name of an operation, in either spelling, with
// what it does.
func completeOperations(_ *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var list []string
	for _, o := range mews.Operations() {
		for _, name := range []string{o.ID, o.PEP8} {
			if name != "" && strings.HasPrefix(name, typed) && (name == o.ID || typed != "") {
				list = append(list, cobra.CompletionWithDesc(name, o.Summary))
			}
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp
}

// completeCall completes an operation, then its parameters, each once unless it
// is a list; after @ a file.
func completeCall(c *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	if len(args) == 0 {
		return completeOperations(c, args, typed)
	}
	if strings.Contains(typed, "=") {
		return nil, cobra.ShellCompDirectiveDefault
	}
	o, err := mews.LookupOperation(args[0])
	if err != nil {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	var list []string
	for _, p := range o.Parameters {
		given := slices.ContainsFunc(args, func(a string) bool { return strings.HasPrefix(a, p.Name+"=") || strings.HasPrefix(a, p.Name+":=") })
		if p.In != mews.InFile && (p.List || !given) {
			list = append(list, cobra.CompletionWithDesc(p.Name+"=", p.Doc))
		}
	}
	return list, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveNoSpace
}
