package auth

import (
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// AllScopes lists every scope there is but that of dev mode, sorted.
func AllScopes() []string {
	return []string{
		"agent:actions",
		"devices:read",
		"falconx-indicators:read",
		"ingest:write",
		"ioc:read",
		"ioc:write",
		"iocs:read",
		"iocs:write",
		"malquery:read",
		"malquery:write",
		"quarantined-files:read",
		"quarantined-files:write",
		"samplestore:read",
		"samplestore:write",
		"spotlight-vulnerabilities:read",
	}
}

// Scopes lists every scope that a client of this server can have, sorted.
func (s *Service) Scopes() []string {
	if !s.o.Dev {
		return AllScopes()
	}
	return slices.Sorted(slices.Values(append(AllScopes(), mews.ScopeDev)))
}

// checkScopes gives the scopes sorted and without repeats. An unknown one is
// refused: a typing error must not look like a grant.
func checkScopes(scopes, known []string) ([]string, error) {
	out := slices.Compact(slices.Sorted(slices.Values(scopes)))
	if len(out) == 0 {
		return nil, mews.Errorf(mews.ErrInvalid, "a client needs at least one scope, of: %s", strings.Join(known, ", "))
	}
	for _, s := range out {
		if !slices.Contains(known, s) {
			return nil, mews.Errorf(mews.ErrInvalid, "unknown scope %.64q; known are: %s", s, strings.Join(known, ", "))
		}
	}
	return out, nil
}

// narrow gives the scopes a token shall have: those asked for, or all of the
// client's when none are named. It never widens and never silently narrows.
func narrow(asked, have []string) ([]string, error) {
	if len(asked) == 0 {
		return have, nil
	}
	for _, s := range asked {
		if !slices.Contains(have, s) {
			return nil, mews.Errorf(mews.ErrInvalid, "invalid_scope: the client does not have %.64q", s)
		}
	}
	return slices.Compact(slices.Sorted(slices.Values(asked))), nil
}

// parseCID reads a customer id: 32 hexadecimal digits, in any case, with or
// without the checksum that vendor consoles append after a dash.
func parseCID(s string) (store.CID, bool) {
	digits, _, _ := strings.Cut(s, "-")
	digits = strings.ToLower(digits)
	if len(digits) != 32 || strings.Trim(digits, "0123456789abcdef") != "" {
		return "", false
	}
	return store.CID(digits), true
}
