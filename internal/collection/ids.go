package collection

// ReadIDs gives the well-formed ids of a call once each, in order and as parse
// writes them, and the others as they were given. More than limit of them, and
// none, are mistakes.
func ReadIDs(ids []string, limit int, parse func(string) (id string, ok bool)) (good, bad []string, err error) {
	if len(ids) == 0 {
		return nil, nil, errorf("ids: name at least one record")
	}
	if len(ids) > limit {
		return nil, nil, errorf("ids: at most %d of a call", limit)
	}
	seen := make(map[string]bool, len(ids))
	for _, given := range ids {
		id, ok := parse(given)
		switch {
		case seen[id]:
		case ok:
			good = append(good, id)
		default:
			bad = append(bad, given)
		}
		seen[id] = true
	}
	return good, bad, nil
}
