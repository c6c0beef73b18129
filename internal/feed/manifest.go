package feed

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"

	"github.com/mewshq/mews"
)

// ManifestName is the file of a MISP feed that lists its events.
const ManifestName = "manifest.json"

// maxManifest bounds a manifest in bytes: the largest public ones have 2 MB.
const maxManifest = 64 << 20

// ReadManifest gives the events of a MISP feed, by the names of their files, and
// when each changed last.
func ReadManifest(r io.Reader) (map[string]string, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxManifest+1))
	switch {
	case err != nil:
		return nil, err
	case len(text) > maxManifest:
		return nil, fmt.Errorf("%s is larger than %d MiB", ManifestName, maxManifest>>20)
	}
	var events map[string]struct {
		Timestamp mews.Text `json:"timestamp"`
	}
	if err := json.Unmarshal(text, &events); err != nil {
		return nil, fmt.Errorf("%s: %s", ManifestName, jsonProblem(err))
	}
	out := make(map[string]string, len(events))
	for uuid, e := range events {
		if !isUUID(uuid) {
			return nil, fmt.Errorf("%s: %q is no id of an event", ManifestName, cut(uuid))
		}
		out[uuid+".json"] = string(e.Timestamp)
	}
	if len(out) == 0 {
		return nil, errors.New(ManifestName + " lists no event")
	}
	return out, nil
}

// isUUID tells whether a name is that of an event's file, and leads nowhere else.
func isUUID(name string) bool {
	if len(name) != 36 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		dash := i == 8 || i == 13 || i == 18 || i == 23
		if dash != (c == '-') || !dash && !isHex(name[i:i+1]) {
			return false
		}
	}
	return true
}
