package mews

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
)

// DevService makes a server in dev mode fail, shows what clients sent, and puts
// its data back. An extension of mews; it needs the scope admin:dev. None of its
// calls is ever struck by a rule.
type DevService struct{ c *Client }

// Dev is for servers in dev mode, which tests run against.
func (c *Client) Dev() DevService { return DevService{c} }

const (
	devFaults    = "/mews/dev/v1/faults"
	devRequests  = "/mews/dev/v1/requests"
	devSnapshots = "/mews/dev/v1/snapshots"
)

// AddFaults adds rules, all or none, and gives them with their ids. Of rules
// that are for the same request the one added first goes first.
func (s DevService) AddFaults(ctx context.Context, rules ...FaultRule) ([]FaultRule, error) {
	return resources(callJSON[FaultRule](ctx, s.c, call{op: "add fault rules", method: http.MethodPost, path: devFaults, body: postJSON(rules)}))
}

// Faults gives the rules with their counts.
func (s DevService) Faults(ctx context.Context) ([]FaultRule, error) {
	return resources(callJSON[FaultRule](ctx, s.c, call{op: "list fault rules", method: http.MethodGet, path: devFaults, safe: true}))
}

// RemoveFaults removes rules and gives their ids. Unknown ids are entries of
// Errors; when none is known the error is ErrNotFound.
func (s DevService) RemoveFaults(ctx context.Context, ids ...string) (*Envelope[string], error) {
	return callJSON[string](ctx, s.c, call{op: "remove fault rules", method: http.MethodDelete, path: devFaults, query: url.Values{"ids": ids}})
}

// ClearFaults removes all rules and tells how many there were.
func (s DevService) ClearFaults(ctx context.Context) (int, error) {
	return writes(callWrite(ctx, s.c, call{
		op: "remove fault rules", method: http.MethodDelete, path: devFaults, query: url.Values{"all": {"true"}}, safe: true,
	}))
}

// A DevRequestQuery picks entries of the request log. In Client, Operation,
// Method and Path * stands for any text; what is empty or 0 picks all.
type DevRequestQuery struct {
	Client, Operation, Method, Path string
	Status                          int
	After                           int64 // only entries with a larger sequence
	Limit                           int   // the newest so many; 0: 100
}

func (q DevRequestQuery) values() url.Values {
	v := url.Values{}
	for name, text := range map[string]string{
		"client": q.Client, "operation": q.Operation, "method": q.Method, "path": q.Path,
		"status": number(int64(q.Status)), "after": number(q.After), "limit": number(int64(q.Limit)),
	} {
		if text != "" {
			v.Set(name, text)
		}
	}
	return v
}

func number(n int64) string {
	if n == 0 {
		return ""
	}
	return strconv.FormatInt(n, 10)
}

// Requests gives requests that the server has answered, the oldest first.
func (s DevService) Requests(ctx context.Context, q DevRequestQuery) ([]DevRequest, error) {
	return resources(callJSON[DevRequest](ctx, s.c, call{op: "list requests", method: http.MethodGet, path: devRequests, query: q.values(), safe: true}))
}

// ClearRequests empties the request log and tells how many there were.
func (s DevService) ClearRequests(ctx context.Context) (int, error) {
	return writes(callWrite(ctx, s.c, call{op: "clear requests", method: http.MethodDelete, path: devRequests, safe: true}))
}

// Reset gives the server the data of its first start again, and removes fault
// rules and the request log. API clients and tokens stay as they are. It is
// refused where the data folder was not made in dev mode.
func (s DevService) Reset(ctx context.Context) error {
	_, err := callJSON[string](ctx, s.c, call{op: "reset", method: http.MethodPost, path: "/mews/dev/v1/reset", safe: true})
	return err
}

// Snapshots lists the snapshots by name.
func (s DevService) Snapshots(ctx context.Context) ([]Snapshot, error) {
	return resources(callJSON[Snapshot](ctx, s.c, call{op: "list snapshots", method: http.MethodGet, path: devSnapshots, safe: true}))
}

// SaveSnapshot copies the server's data under a name that no snapshot has.
func (s DevService) SaveSnapshot(ctx context.Context, name string) (Snapshot, error) {
	return callOne[Snapshot](ctx, s.c, call{op: "save snapshot", method: http.MethodPost, path: devSnapshots, body: postJSON(SnapshotName{name})})
}

// RestoreSnapshot puts a snapshot in the data's place. API clients and tokens
// stay as they are.
func (s DevService) RestoreSnapshot(ctx context.Context, name string) error {
	_, err := callJSON[string](ctx, s.c, call{op: "restore snapshot", method: http.MethodPost, path: "/mews/dev/v1/restore", body: postJSON(SnapshotName{name}), safe: true})
	return err
}

// DeleteSnapshots deletes snapshots and gives their names. Unknown names are
// entries of Errors; when none is known the error is ErrNotFound.
func (s DevService) DeleteSnapshots(ctx context.Context, names ...string) (*Envelope[string], error) {
	return callJSON[string](ctx, s.c, call{op: "delete snapshots", method: http.MethodDelete, path: devSnapshots, query: url.Values{"ids": names}})
}

// resources gives an envelope's resources.
func resources[T any](env *Envelope[T], err error) ([]T, error) {
	if err != nil {
		return nil, err
	}
	return env.Resources, nil
}

// writes gives how many objects a call changed.
func writes(env *Envelope[struct{}], err error) (int, error) {
	if err != nil {
		return 0, err
	}
	return env.Meta.Writes.ResourcesAffected, nil
}
