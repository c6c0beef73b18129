package collection_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/fql"
)

// Whatever the language's limits let through is a statement that the database
// takes: a client must not get an internal error for a large filter.
func TestLargestFilters(t *testing.T) {
	db, c := openFew(t), things(t, collection.SQLite)
	many := func(n int, sign string, term func(int) string) string {
		terms := make([]string, n)
		for i := range terms {
			terms[i] = term(i)
		}
		return strings.Join(terms, sign)
	}
	each := func(form string) func(int) string { return func(i int) string { return fmt.Sprintf(form, i) } }
	list := "[" + many(fql.MaxList, ",", each("'x%d'")) + "]"
	for name, filter := range map[string]string{
		"or":              many(fql.MaxTerms, ",", each("severity:%d")),
		"and":             many(fql.MaxTerms, "+", each("severity:!%d")),
		"not":             many(fql.MaxTerms, "+", each("!hostname:'%d'")),
		"several values":  many(fql.MaxTerms, ",", each("paths.path:'%d'")),
		"none of several": many(fql.MaxTerms, "+", each("paths.path:!'%d'")),
		"dates":           many(fql.MaxTerms, ",", each("created:'now-%dm/m'")),
		"lists":           many(8, ",", func(int) string { return "hostname:" + list }),
		"lists of several": many(8, "+", func(int) string {
			return "paths.path:!" + list
		}),
		"wildcards": many(fql.MaxScans, ",", each("note:*'*a*b*c*d*e*f*g*%d'")),
		"words":     many(fql.MaxScans, ",", each("note:~'a b c d e f g h %d'")),
		"deep":      strings.Repeat("!(severity:1,(state:'x'+", fql.MaxDepth/2) + "severity:1" + strings.Repeat("))", fql.MaxDepth/2),
		"long":      "hostname:'" + strings.Repeat("x", fql.MaxBytes-11) + "'",
		"numbers":   many(2, ",", func(int) string { return "severity:[" + strings.Repeat("1,", 999) + "1]" }),
	} {
		if _, err := selectIDs(t, db, c, filter); err != nil {
			t.Errorf("%s: %.300s", name, err.Error())
		}
	}
}

func TestTooManySpans(t *testing.T) {
	c := things(t, collection.SQLite)
	list := "created:[" + strings.Repeat("'now',", 999) + "'now']"
	if _, err := c.Parse(list+","+list+","+list, ""); err == nil || !strings.Contains(err.Error(), "at 12021: more than 2048 dates") {
		t.Errorf("3,000 dates: %v", err)
	}
}
