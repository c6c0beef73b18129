package httpapi

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/mewshq/mews"
)

// TestMatrix asks every operation with no token, with every single scope, and
// with every scope but its own. It is made from the table, so a new operation
// cannot forget its check.
func TestMatrix(t *testing.T) {
	h := newHarness(t, devMode)
	tokens, others := map[string]string{}, map[string]string{} // by scopes: only one, all but these
	for _, scope := range h.auth.Scopes() {
		tokens[scope] = h.token(t, scope)
	}
	without := func(scopes []string) string {
		key := strings.Join(scopes, scopeOr)
		if others[key] == "" {
			others[key] = h.token(t, slices.DeleteFunc(h.auth.Scopes(), func(s string) bool { return slices.Contains(scopes, s) })...)
		}
		return others[key]
	}
	for _, row := range h.api.operations() {
		if row.scope == "" {
			if row.class != classAuth {
				t.Errorf("%s asks for no scope", row.id)
			}
			continue
		}
		scopes := strings.Split(row.scope, scopeOr)
		for _, scope := range scopes {
			if tokens[scope] == "" {
				t.Errorf("%s: no client can have the scope %q", row.id, scope)
			}
		}
		ask := func(token string) answer {
			a := h.do(t, row.method, row.path, bearing(token), "{}")
			if row.facade {
				checkElastic(t, row, a)
			} else {
				checkEnvelope(t, a.status, a.header, a.body)
			}
			return a
		}
		for _, bad := range []string{"", "None", "x"} {
			if a := ask(bad); a.status != 401 || row.method != "HEAD" && !strings.Contains(string(a.body), "access denied, invalid bearer token") {
				t.Errorf("%s without a token: %d %s", row.id, a.status, a.body)
			}
		}
		for _, scope := range slices.Sorted(maps.Keys(tokens)) {
			a := ask(tokens[scope])
			if allowed := a.status != 401 && a.status != 403; allowed != slices.Contains(scopes, scope) {
				t.Errorf("%s with %s: %d %s", row.id, scope, a.status, a.body)
			}
		}
		a := ask(without(scopes))
		if row.facade {
			if a.status != 403 {
				t.Errorf("%s with every other scope: %d %s", row.id, a.status, a.body)
			}
			continue
		}
		var env mews.Envelope[json.RawMessage]
		must(t, json.Unmarshal(a.body, &env))
		if a.status != 403 || env.Errors[0].Message != "access denied, authorization failed" || env.Meta.RequiredScope != row.scope {
			t.Errorf("%s with every other scope: %d %s", row.id, a.status, a.body)
		}
	}
}
