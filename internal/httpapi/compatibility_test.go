package httpapi

import (
	"bytes"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews/test/reach"
)

// A column is a way to reach operations.
type column struct {
	title string
	of    func(reach.Ways) string
}

var columns = []column{
	{"FalconPy service classes", func(r reach.Ways) string { return r.Service }},
	{"FalconPy Uber class", func(r reach.Ways) string { return r.Uber }},
	{"gofalcon", func(r reach.Ways) string { return r.Gofalcon }},
	{"Go client", func(r reach.Ways) string { return r.SDK }},
	{"`mews`", func(r reach.Ways) string { return r.CLI }},
}

// A page is docs/compatibility.md as it is written.
type page struct {
	bytes.Buffer
	list    []listed
	reaches map[string]reach.Ways
	reasons []string // why something does not reach something, numbered
}

// TestCompatibilityPage renders docs/compatibility.md.
func TestCompatibilityPage(t *testing.T) {
	reaches, err := reach.Read(apiDir + "/clients.yaml")
	must(t, err)
	p := &page{list: readList(t), reaches: reaches}
	for _, l := range p.list {
		if _, told := reaches[l.ID]; told != (l.Status != "no") {
			t.Errorf("%s: status %s, in clients.yaml: %v", l.ID, l.Status, told)
		}
	}
	p.head()
	for _, family := range p.families() {
		p.family(family)
	}
	p.foot()
	golden(t, "../../docs/compatibility.md", p.Bytes())
	golden(t, "../../README.md", readmeWith(t, p.summary()))
}

// readmeWith is the README with this table between its two marks.
func readmeWith(t *testing.T, table string) []byte {
	t.Helper()
	const begin, end = "<!-- table of compatibility, rendered by a test -->\n", "<!-- end of table -->\n"
	text, err := os.ReadFile("../../README.md")
	must(t, err)
	before, rest, ok1 := strings.Cut(string(text), begin)
	_, after, ok2 := strings.Cut(rest, end)
	if !ok1 || !ok2 {
		t.Fatalf("README.md lacks the marks %q and %q", begin, end)
	}
	return []byte(before + begin + table + end + after)
}

func (p *page) families() (names []string) {
	for _, l := range p.list {
		if !slices.Contains(names, l.Family) {
			names = append(names, l.Family)
		}
	}
	return names
}

func (p *page) head() {
	count := map[string]int{}
	for _, l := range p.list {
		count[l.Status]++
	}
	fmt.Fprintf(p, "# Compatibility\n\nRendered from `api/operations.yaml` and `api/clients.yaml` by a test; do not edit.\n\n")
	fmt.Fprintf(p, "Operation ids are FalconPy's. %d operations are done, %d partial, %d not served: those answer 404 `not implemented by this server` (two Spotlight routes 400) in the JSON envelope.\n\n", count["done"], count["partial"], count["no"])
	fmt.Fprintf(p, "The columns of clients hold no claims but what tests do: `make test` calls each operation by each method and command that stands here, FalconPy's and gofalcon's from their releases, unmodified, "+
		"against a running server. FalconPy's service classes are called by the method that is named and by the operation's id, with keywords and with whole payloads; what they hand out is looked at plain, `pythonic`, expanded and as a stream. "+
		"Every operation is also within reach of the Go client's `Command`, of `mews api`, and of the Uber class's `override`.\n\n")
	p.WriteString(p.summary())
}

// summary counts for each family how many operations each client reaches.
func (p *page) summary() string {
	var out strings.Builder
	fmt.Fprintf(&out, "| family | operations |%s\n|---|---|%s\n", p.titles(), strings.Repeat("---|", len(columns)))
	for _, family := range p.families() {
		served, by := 0, make([]int, len(columns))
		for _, l := range p.list {
			if r, ok := p.reaches[l.ID]; ok && l.Family == family {
				served++
				for i, c := range columns {
					if reach.Is(c.of(r)) {
						by[i]++
					}
				}
			}
		}
		fmt.Fprintf(&out, "| %s | %d |", family, served)
		for _, n := range by {
			fmt.Fprintf(&out, " %d |", n)
		}
		fmt.Fprintln(&out)
	}
	return out.String()
}

func (p *page) titles() (row string) {
	for _, c := range columns {
		row += " " + c.title + " |"
	}
	return row
}

func (p *page) family(name string) {
	fmt.Fprintf(p, "\n## %s\n\n| operation | route | scope |%s note |\n|---|---|---|%s---|\n", name, p.titles(), strings.Repeat("---|", len(columns)))
	for _, l := range p.list {
		if l.Family != name {
			continue
		}
		fmt.Fprintf(p, "| %s | %s `%s` | %s |", l.ID, l.Method, l.Path, strings.Join(l.Scopes, " or "))
		for _, c := range columns {
			fmt.Fprintf(p, " %s |", p.cell(c.of(p.reaches[l.ID])))
		}
		note := l.Note
		if l.Status != "done" {
			note = strings.TrimSuffix(map[string]string{"no": "not served", "partial": "in part"}[l.Status]+": "+l.Note, ": ")
		}
		fmt.Fprintf(p, " %s |\n", note)
	}
}

// cell is a way, or a number that stands for the reason why there is none.
func (p *page) cell(word string) string {
	reason, none := strings.CutPrefix(word, "no: ")
	switch {
	case word == "":
		return "—"
	case !none:
		return "`" + strings.ReplaceAll(word, ", ", "`, `") + "`"
	}
	i := slices.Index(p.reasons, reason)
	if i < 0 {
		i = len(p.reasons)
		p.reasons = append(p.reasons, reason)
	}
	return fmt.Sprintf("— (%d)", i+1)
}

func (p *page) foot() {
	fmt.Fprintf(p, "\n## Why a client does not reach an operation\n\n")
	for i, reason := range p.reasons {
		fmt.Fprintf(p, "%d. %s\n", i+1, reason)
	}
}
