package feed

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/mewshq/mews"
)

// readPlain reads a row of a table whose columns are named as the API names
// fields; columns that it does not know are passed over. Lists have ";" between
// their words.
func readPlain(c cells) ([]mews.IntelIndicator, error) {
	i := mews.IntelIndicator{Type: c.get("type"), Indicator: c.first("indicator", "value")}
	for _, l := range Lists(&i) {
		*l.Words = c.list(";", l.Name)
	}
	i.MalwareFamilies = append(i.MalwareFamilies, c.list(";", "families")...)
	for n, phase := range i.KillChains {
		i.KillChains[n] = killChain(phase)
	}
	var err error
	if i.PublishedDate, err = c.time("published_date", "first_seen"); err != nil {
		return nil, err
	}
	last, err := c.time("last_seen", "last_valid_on")
	if err != nil {
		return nil, err
	}
	i.Labels = labelsOf(c.list(";", "labels", "tags"), i.PublishedDate, max(i.PublishedDate, last))
	i.MaliciousConfidence = c.first("malicious_confidence", "confidence")
	if percent, err := strconv.Atoi(i.MaliciousConfidence); err == nil {
		i.MaliciousConfidence = confidenceOf(percent)
	}
	switch word := strings.ToLower(c.get("deleted")); word {
	case "", "false", "0":
	case "true", "1":
		i.Deleted = true
	default:
		return nil, fmt.Errorf("deleted: %q: expected true or false", cut(word))
	}
	return []mews.IntelIndicator{i}, nil
}

// time reads the first of some cells that says something; 0: none does.
func (c cells) time(names ...string) (int64, error) {
	text := c.first(names...)
	at, ok := seconds(text)
	if text != "" && !ok {
		return 0, fmt.Errorf("%s: %q: expected a time such as 2027-01-31T12:00:00Z, or a day", names[0], cut(text))
	}
	return at, nil
}
