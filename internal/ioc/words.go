package ioc

import (
	"slices"

	"github.com/mewshq/mews"
)

// Words lists the words of a kind: actions, ioc-types, platforms or severities;
// nil for any other.
func Words(kind string) []string {
	switch kind {
	case "actions":
		return actions()
	case "ioc-types":
		return types()
	case "platforms":
		return platforms()
	case "severities":
		return severities()
	}
	return nil
}

// Actions tells of actions by their ids for what they may be chosen; without
// ids, of all. Unknown are the ids that are none.
func Actions(ids []string) (found []mews.IndicatorAction, unknown []string) {
	if len(ids) == 0 {
		ids = actions()
	}
	for _, id := range ids {
		if slices.Contains(actions(), id) {
			found = append(found, action(id))
		} else {
			unknown = append(unknown, id)
		}
	}
	return found, unknown
}

// action describes one: the server takes each for every type and platform, and
// asks for a severity only where there is a detection.
func action(id string) mews.IndicatorAction {
	a := mews.IndicatorAction{ID: id, PlatformsByType: map[string][]string{}, Severities: []string{}}
	for _, t := range types() {
		a.PlatformsByType[t] = platforms()
	}
	if watches(id) {
		a.Severities = severities()
	}
	return a
}
