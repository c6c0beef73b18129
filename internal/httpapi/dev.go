package httpapi

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/fault"
	"github.com/mewshq/mews/internal/store"
)

// DevRoutes begins the path of each route of dev mode.
const DevRoutes = "/mews/dev/"

// A Dev is what dev mode stands on.
type Dev struct {
	Faults   *fault.Set
	Requests *fault.Log
	Data     DevData
}

// DevData is all data of the server as one. Its methods return when the server
// works on what they have made; requests wait meanwhile.
type DevData interface {
	// Reset gives back the data of the first start, without rules and log.
	Reset(ctx context.Context, who store.Actor) error
	Restore(ctx context.Context, who store.Actor, name string) error
	SaveSnapshot(ctx context.Context, who store.Actor, name string) (mews.Snapshot, error)
	Snapshots(ctx context.Context) ([]mews.Snapshot, error)
	DeleteSnapshot(ctx context.Context, who store.Actor, name string) error
}

type devFaults struct {
	Body []mews.FaultRule `body:"json"`
}

type devSelection struct {
	IDs mews.List `query:"ids" doc:"The ids of those to remove."`
	All bool      `query:"all" doc:"Remove all."`
}

type devRequests struct {
	Client    string `query:"client" doc:"Only requests of this API client; * is any text, here and below."`
	Operation string `query:"operation" doc:"Only requests of this operation."`
	Method    string `query:"method" doc:"Only requests of this method."`
	Path      string `query:"path" doc:"Only requests to this path."`
	Status    int    `query:"status" doc:"Only requests with this answer; 0 is any."`
	After     int    `query:"after" doc:"Only requests with a larger sequence."`
	Limit     *int   `query:"limit" doc:"The last so many, 1 to 5000. Default 100."`
}

// devOperations are the routes of dev mode.
func (a *API) devOperations() []operation {
	rows := append(a.faultOperations(), a.snapshotOperations()...)
	for i := range rows {
		rows[i].dev = true
	}
	return rows
}

func (a *API) faultOperations() []operation {
	const faults, requests = DevRoutes + "v1/faults", DevRoutes + "v1/requests"
	return []operation{
		op(route{
			"mews.dev.faults.list", "GET", faults, mews.ScopeDev, classRead,
			"The fault rules of a server in dev mode, and how often each struck.",
		}, a.listFaults),
		op(route{
			"mews.dev.faults.add", "POST", faults, mews.ScopeDev, classMutate,
			"Add fault rules, one or a list: requests that a rule is for fail as it says.",
		}, a.addFaults),
		op(route{
			"mews.dev.faults.remove", "DELETE", faults, mews.ScopeDev, classMutate,
			"Remove fault rules.",
		}, a.removeFaults),
		op(route{
			"mews.dev.requests.list", "GET", requests, mews.ScopeDev, classRead,
			"The last requests, without their bodies, the oldest first.",
		}, a.listRequests),
		op(route{
			"mews.dev.requests.clear", "DELETE", requests, mews.ScopeDev, classMutate,
			"Empty the request log.",
		}, a.clearRequests),
	}
}

func (a *API) listFaults(context.Context, store.Actor, *struct{}) (reply[mews.FaultRule], error) {
	return reply[mews.FaultRule]{Resources: a.deps.Dev.Faults.List()}, nil
}

func (a *API) addFaults(_ context.Context, _ store.Actor, req *devFaults) (reply[mews.FaultRule], error) {
	if len(req.Body) == 0 {
		return reply[mews.FaultRule]{}, mews.Errorf(mews.ErrInvalid, "the body holds no rule")
	}
	for i := range req.Body {
		if err := readFault(&req.Body[i]); err != nil {
			return reply[mews.FaultRule]{}, err
		}
	}
	added, err := a.deps.Dev.Faults.Add(req.Body...)
	return reply[mews.FaultRule]{Meta: mews.Meta{Writes: &mews.Writes{ResourcesAffected: len(added)}}, Resources: added}, err
}

// readFault finds the operation that a rule names in one of the usual ways, and
// refuses a rule that nobody could take back because nobody could log in any more.
func readFault(r *mews.FaultRule) error {
	meant, err := meantOperation(r.Operation)
	if err != nil {
		return err
	}
	if r.Operation = meant.ID; !meant.Served && !isPattern(meant.ID) {
		r.Operation, r.Path, r.Method = "", meant.Path, meant.Method
	}
	login := fault.Request{Operation: "oauth2AccessToken", Method: http.MethodPost, Path: "/oauth2/token", Login: true}
	if fault.Endless(*r) && fault.Covers(*r, login) {
		return mews.Errorf(mews.ErrInvalid, "the rule would keep everybody from logging in, and so from removing it: give it times, every, a probability below 1, or a client")
	}
	return nil
}

// meantOperation finds an operation by one of its names. A pattern stays what it
// is.
func meantOperation(name string) (mews.Operation, error) {
	if isPattern(name) {
		return mews.Operation{ID: name}, nil
	}
	meant, err := mews.LookupOperation(name)
	if err != nil {
		return meant, mews.Errorf(mews.ErrInvalid, "operation: %s", err)
	}
	return meant, nil
}

// isPattern tells whether a text stands for more than one operation.
func isPattern(name string) bool { return name == "" || strings.Contains(name, "*") }

func (a *API) removeFaults(_ context.Context, _ store.Actor, req *devSelection) (reply[string], error) {
	set := a.deps.Dev.Faults
	switch {
	case req.All == (len(req.IDs) > 0):
		return reply[string]{}, mews.Errorf(mews.ErrInvalid, "give ids, or all=true")
	case req.All:
		return changed(set.Clear()), nil
	}
	removed := set.Remove(req.IDs...)
	unknown := slices.DeleteFunc(slices.Clone(req.IDs), func(id string) bool { return slices.Contains(removed, id) })
	missing, err := unknownIDs("rule", unknown, len(removed) == 0)
	out := changed(len(removed))
	out.Errors, out.Resources = missing, removed
	return out, err
}

func changed(n int) reply[string] {
	return reply[string]{Meta: mews.Meta{Writes: &mews.Writes{ResourcesAffected: n}}}
}

func (a *API) listRequests(_ context.Context, _ store.Actor, req *devRequests) (reply[mews.DevRequest], error) {
	limit, _, err := pageOf(req.Limit, nil)
	if err != nil {
		return reply[mews.DevRequest]{}, err
	}
	if limit == 0 {
		limit = 100
	}
	meant, err := meantOperation(req.Operation)
	if err != nil {
		return reply[mews.DevRequest]{}, err
	}
	q := fault.Query{
		Request: fault.Request{Client: req.Client, Operation: meant.ID, Method: req.Method, Path: req.Path},
		Status:  req.Status, After: int64(req.After), Limit: limit,
	}
	found := a.deps.Dev.Requests.Find(q)
	return reply[mews.DevRequest]{Resources: found}, nil
}

func (a *API) clearRequests(context.Context, store.Actor, *struct{}) (reply[string], error) {
	return changed(a.deps.Dev.Requests.Clear()), nil
}
