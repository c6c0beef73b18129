package httpapi

import (
	"context"
	"errors"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

type snapshotBody struct {
	Body mews.SnapshotName `body:"json"`
}

type snapshotIDs struct {
	IDs mews.List `query:"ids,required" doc:"The names of the snapshots to delete."`
}

// snapshotOperations are the routes that deal with all data as one.
func (a *API) snapshotOperations() []operation {
	const snapshots, reset, restore = DevRoutes + "v1/snapshots", DevRoutes + "v1/reset", DevRoutes + "v1/restore"
	rows := []operation{
		op(route{
			"mews.dev.reset", "POST", reset, mews.ScopeDev, classMutate,
			"Give a server that was made in dev mode the data of its first start again, and remove fault rules and request log. API clients and tokens stay.",
		}, a.resetData),
		op(route{
			"mews.dev.snapshots.list", "GET", snapshots, mews.ScopeDev, classRead,
			"The snapshots of the server's data.",
		}, a.listSnapshots),
		op(route{
			"mews.dev.snapshots.save", "POST", snapshots, mews.ScopeDev, classMutate,
			"Copy the server's data under a name.",
		}, a.saveSnapshot),
		op(route{
			"mews.dev.snapshots.delete", "DELETE", snapshots, mews.ScopeDev, classMutate,
			"Delete snapshots.",
		}, a.deleteSnapshots),
		op(route{
			"mews.dev.snapshots.restore", "POST", restore, mews.ScopeDev, classMutate,
			"Put a snapshot in the data's place. API clients and tokens stay.",
		}, a.restoreSnapshot),
	}
	for i := range rows {
		rows[i].long = true // copies files
	}
	return rows
}

func (a *API) resetData(ctx context.Context, who store.Actor, _ *struct{}) (reply[string], error) {
	return reply[string]{}, a.deps.Dev.Data.Reset(ctx, who)
}

func (a *API) listSnapshots(ctx context.Context, _ store.Actor, _ *struct{}) (reply[mews.Snapshot], error) {
	list, err := a.deps.Dev.Data.Snapshots(ctx)
	return reply[mews.Snapshot]{Resources: list}, err
}

func (a *API) saveSnapshot(ctx context.Context, who store.Actor, req *snapshotBody) (reply[mews.Snapshot], error) {
	s, err := a.deps.Dev.Data.SaveSnapshot(ctx, who, req.Body.Name)
	return reply[mews.Snapshot]{Meta: changed(1).Meta, Resources: []mews.Snapshot{s}}, err
}

func (a *API) restoreSnapshot(ctx context.Context, who store.Actor, req *snapshotBody) (reply[string], error) {
	return reply[string]{}, a.deps.Dev.Data.Restore(ctx, who, req.Body.Name)
}

// deleteSnapshots deletes those that are there.
func (a *API) deleteSnapshots(ctx context.Context, who store.Actor, req *snapshotIDs) (reply[string], error) {
	var deleted, unknown []string
	for _, name := range req.IDs {
		err := a.deps.Dev.Data.DeleteSnapshot(ctx, who, name)
		switch {
		case err == nil:
			deleted = append(deleted, name)
		case errors.Is(err, mews.ErrNotFound):
			unknown = append(unknown, name)
		default:
			return reply[string]{}, err
		}
	}
	missing, err := unknownIDs("snapshot", unknown, len(deleted) == 0)
	out := changed(len(deleted))
	out.Errors, out.Resources = missing, deleted
	return out, err
}
