package feed

import (
	"bytes"
	"encoding/json"
	"errors"

	"github.com/mewshq/mews/internal/iocfile"
)

// anyTable is a table whose kind its header will tell.
const anyTable Format = "table"

// guessFormat tells what a file is by its first bytes.
func guessFormat(text *iocfile.Text) (Format, error) {
	head, err := text.Peek(4096)
	if len(head) == 0 {
		return "", err
	}
	switch head[0] {
	case '{':
		return guessObject(head)
	case '[':
		if bytes.Contains(head, []byte(`"Event"`)) {
			return MISP, nil
		}
		return "", errors.New("a list of JSON is read only when it holds MISP events; write one object a line instead")
	}
	return anyTable, nil
}

// guessObject looks at the keys of the outermost object that stand in head.
func guessObject(head []byte) (Format, error) {
	d := json.NewDecoder(bytes.NewReader(head))
	_, _ = d.Token()
	for d.More() {
		key, err := d.Token()
		if err != nil {
			break
		}
		switch key {
		case "objects", "spec_version":
			return STIX, nil
		case "Event", "response":
			return MISP, nil
		case "indicator", "_marker":
			return NDJSON, nil
		}
		var value json.RawMessage
		if d.Decode(&value) != nil {
			break
		}
		if key == "type" && string(value) == `"bundle"` {
			return STIX, nil
		}
	}
	return "", errors.New("the JSON is neither a STIX bundle, nor a MISP event, nor lines of indicators; say which with the format")
}
