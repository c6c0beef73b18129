package httpapi

import (
	"net/http"
	"slices"
	"strings"
)

// refusedRoutes are upstream routes whose absence must read 400 and not 404:
// FalconPy's own tests accept nothing else.
var refusedRoutes = []string{
	"/spotlight/combined/installed-patches/v1",
	"/spotlight/entities/remediations/v2",
}

const notImplemented = "not implemented by this server"

// find picks the operation. Paths match by their exact spelling, so nothing is
// cleaned, unescaped or redirected on the way: FalconPy would take a redirect
// for the answer, and a proxy's path rules could be walked around.
func (a *API) find(r *http.Request) (*operation, error) {
	path := r.URL.EscapedPath()
	methods, known := a.routes[path]
	if inFacade(r) {
		methods, known = a.findFacade(path)
	}
	if !known {
		if slices.Contains(refusedRoutes, path) {
			return nil, refuse(http.StatusBadRequest, notImplemented)
		}
		return nil, refuse(http.StatusNotFound, notImplemented)
	}
	if op := methods[r.Method]; op != nil {
		return op, nil
	}
	var allow []string
	for m := range methods {
		allow = append(allow, m)
	}
	slices.Sort(allow)
	return nil, &refusal{
		status: http.StatusMethodNotAllowed, message: "method not allowed here; use " + strings.Join(allow, " or "),
		headers: map[string]string{"Allow": strings.Join(allow, ", ")},
	}
}
