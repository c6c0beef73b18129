package vuln

import (
	"strconv"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/collection"
	"github.com/mewshq/mews/internal/fql"
	"github.com/mewshq/mews/internal/outward"
)

// The field that names days, and the one that it is about.
const (
	fieldWithin   = "last_seen_within"
	fieldHostSeen = "host_info.host_last_seen_timestamp"
)

// maxDays bounds what last_seen_within looks back.
const maxDays = 3650

// readFilter checks a filter and gives it in the collection's own words. As
// upstream does, it refuses one that would select everything: who leaves the
// filter out by mistake would wait long for the answer.
func readFilter(c *collection.Collection, filter string) (string, error) {
	if strings.Trim(filter, " *") == "" {
		return "", mews.Errorf(mews.ErrInvalid, "filter: name what is selected, for example status:'open'; empty and * are not accepted here")
	}
	// The positions in messages are those of the text that the client sent.
	if _, err := c.Parse(filter, ""); err != nil {
		return "", outward.Error("read filter", err)
	}
	if !strings.Contains(strings.ToLower(filter), fieldWithin) {
		return filter, nil
	}
	tree, err := fql.Parse(filter)
	if err == nil {
		tree, err = rewrite(tree)
	}
	if bad, ok := err.(*fql.Error); ok {
		return "", mews.Errorf(mews.ErrInvalid, "%s", bad)
	}
	if err != nil {
		return "", err
	}
	return tree.String(), nil
}

// rewrite replaces comparisons with last_seen_within by what they mean.
func rewrite(e fql.Expr) (fql.Expr, error) {
	switch e := e.(type) {
	case fql.And:
		terms, err := rewriteAll(e.Terms)
		return fql.And{Terms: terms}, err
	case fql.Or:
		terms, err := rewriteAll(e.Terms)
		return fql.Or{Terms: terms}, err
	case fql.Not:
		term, err := rewrite(e.Term)
		return fql.Not{Term: term}, err
	case fql.Compare:
		if e.Field == fieldWithin {
			return within(e)
		}
	}
	return e, nil
}

func rewriteAll(terms []fql.Expr) ([]fql.Expr, error) {
	out := make([]fql.Expr, len(terms))
	for i, t := range terms {
		var err error
		if out[i], err = rewrite(t); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// within is last_seen_within:'45': the host was seen in the last 45 days. Of
// several values the greatest counts, which holds where any of them does.
func within(e fql.Compare) (fql.Expr, error) {
	if e.Op != fql.Equal {
		return nil, fql.Errorf(e.At(), "%s takes no operator: %s:'45'", fieldWithin, fieldWithin)
	}
	most := 0
	for _, v := range e.Values {
		days, err := strconv.Atoi(v.Text)
		if err != nil || days < 1 || days > maxDays {
			return nil, fql.Errorf(v.At, "%s is a number of days, 1 to %d, not %s", fieldWithin, maxDays, fql.Echo(v.Text))
		}
		most = max(most, days)
	}
	since := fql.Value{Kind: fql.String, Text: "now-" + strconv.Itoa(most) + "d"}
	return fql.Compare{Field: fieldHostSeen, Op: fql.GreaterEqual, Values: []fql.Value{since}, Offset: e.Offset}, nil
}
