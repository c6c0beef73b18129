package httpapi

import (
	"encoding/hex"
	"strings"
	"time"

	"github.com/mewshq/mews"
)

// maxIDs is how many ids one request may name.
const maxIDs = 5000

// hashes checks a list of SHA-256 hashes and writes them in lower case.
func hashes(name string, ids mews.List) ([]string, error) {
	if len(ids) == 0 {
		return nil, mews.Errorf(mews.ErrInvalid, "%s: at least one sha256 is required", name)
	}
	if len(ids) > maxIDs {
		return nil, mews.Errorf(mews.ErrInvalid, "%s: more than %d ids", name, maxIDs)
	}
	out := make([]string, 0, len(ids))
	seen := make(map[string]bool, len(ids))
	for _, id := range ids {
		sum := strings.ToLower(id)
		if b, err := hex.DecodeString(sum); err != nil || len(b) != 32 {
			return nil, mews.Errorf(mews.ErrInvalid, "%s: %s is no sha256", name, quote(id)).WithID(printable(id))
		}
		if !seen[sum] {
			seen[sum] = true
			out = append(out, sum)
		}
	}
	return out, nil
}

// oneHash is hashes for what takes exactly one.
func oneHash(name string, ids mews.List) (string, error) {
	if len(ids) > 1 {
		return "", mews.Errorf(mews.ErrInvalid, "%s: exactly one sha256 is supported", name)
	}
	sums, err := hashes(name, ids)
	if err != nil {
		return "", err
	}
	return sums[0], nil
}

// oneID takes a single request id. An id too long to be one is cut: it names
// nothing either way, and comes back in the error.
func oneID(ids mews.List) (string, error) {
	if len(ids) != 1 {
		return "", mews.Errorf(mews.ErrInvalid, "ids: exactly one request id is supported")
	}
	return printable(strings.ToLower(ids[0])), nil
}

// maxEcho characters hold every id that there is.
const maxEcho = 100

// printable cuts an echoed id to what an error may carry.
func printable(id string) string {
	id = strings.ToValidUTF8(id, "\uFFFD")
	if r := []rune(id); len(r) > maxEcho {
		id = string(r[:maxEcho])
	}
	return id
}

// parseDay reads a first_seen date: YYYY/MM/DD, YYYY-MM-DD or RFC 3339.
func parseDay(name, s string) (time.Time, error) {
	for _, layout := range []string{"2006/01/02", time.DateOnly, time.RFC3339} {
		if at, err := time.Parse(layout, s); err == nil && at.Year() > 0 {
			return at.UTC(), nil
		}
	}
	return time.Time{}, mews.Errorf(mews.ErrInvalid, "%s: expected YYYY/MM/DD, YYYY-MM-DD or RFC 3339", name)
}
