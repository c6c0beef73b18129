package collection_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews/internal/collection"
)

func TestReadIDs(t *testing.T) {
	parse := func(id string) (string, bool) {
		id = strings.ToLower(id)
		return id, strings.HasPrefix(id, "a")
	}
	good, bad, err := collection.ReadIDs([]string{"A2", "x", "a1", "a2", "X", "a3"}, 6, parse)
	if err != nil || !slices.Equal(good, []string{"a2", "a1", "a3"}) || !slices.Equal(bad, []string{"x"}) {
		t.Errorf("read %q and %q (%v)", good, bad, err)
	}
	_, _, err = collection.ReadIDs(nil, 6, parse)
	mistake(t, "none", err, "name at least one")
	_, _, err = collection.ReadIDs(make([]string, 7), 6, parse)
	mistake(t, "too many", err, "at most 6")
}
