package httpapi

import (
	"context"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/hunt"
	"github.com/mewshq/mews/internal/store"
)

// requestOperations are the extensions around requests.
func (a *API) requestOperations() []operation {
	const read, write = mews.ScopeMalQueryRead, mews.ScopeMalQueryWrite
	return []operation{
		op(route{
			"mews.requests.get", "GET", "/mews/entities/requests/v1", read, classRead,
			"The state of a request and what it has found so far. With wait, the answer comes when the request has ended, or after so many seconds.",
		}, a.follow),
		op(route{
			"mews.requests.cancel", "DELETE", "/mews/entities/requests/v1", write, classMutate,
			"Cancel a request; what it found so far stays readable.",
		}, a.cancel),
		op(route{
			"mews.hunt.estimate", "POST", "/mews/aggregates/hunt-estimate/v1", write, classSearch,
			"Tell in meta what a hunt would cost, without running it.",
		}, a.estimate),
		op(route{
			"mews.requests.outcomes", "GET", "/mews/queries/request-outcomes/v1", read, classRead,
			"The files of a request that matched, failed, were skipped or stayed uncertain.",
		}, a.outcomes),
	}
}

// request tells a request's state. Query time of one that has ended is whole
// milliseconds of run time, as upstream has it.
func (a *API) request(ctx context.Context, who store.Actor, req *requestID) (reply[mews.RequestResult], error) {
	id, err := oneID(req.IDs)
	if err != nil {
		return reply[mews.RequestResult]{}, err
	}
	return requestReply(a.deps.Hunts.Request(ctx, who, id))
}

func requestReply(r hunt.Request, err error) (reply[mews.RequestResult], error) {
	if r.Meta.Status == mews.StatusDone && r.Meta.QueryTime < 1 {
		r.Meta.QueryTime = 1 // a zero would be replaced by the time of this call
	}
	return reply[mews.RequestResult]{Meta: r.Meta, Errors: r.Errors, Resources: r.Resources}, err
}

// follow is request for a client that waits, and with what was found so far.
func (a *API) follow(ctx context.Context, who store.Actor, req *requestWait) (reply[mews.RequestResult], error) {
	id, err := oneID(req.IDs)
	if err != nil {
		return reply[mews.RequestResult]{}, err
	}
	return requestReply(a.deps.Hunts.Follow(ctx, who, id, time.Duration(min(req.Wait, 60))*time.Second, req.Brief))
}

func (a *API) cancel(ctx context.Context, who store.Actor, req *requestID) (reply[string], error) {
	id, err := oneID(req.IDs)
	if err != nil {
		return reply[string]{}, err
	}
	out := reply[string]{Meta: mews.Meta{ReqID: id, Writes: &mews.Writes{}}}
	ran, err := a.deps.Hunts.Cancel(ctx, who, id)
	if ran {
		out.Meta.Writes.ResourcesAffected = 1
		out.Resources = []string{id}
	}
	return out, err
}

func (a *API) estimate(ctx context.Context, who store.Actor, req *huntBody) (reply[struct{}], error) {
	e, err := a.deps.Hunts.Estimate(ctx, who, req.Body)
	return reply[struct{}]{Meta: mews.Meta{Estimate: &e}}, err
}

func (a *API) outcomes(ctx context.Context, who store.Actor, req *requestID) (reply[mews.RequestOutcome], error) {
	id, err := oneID(req.IDs)
	if err != nil {
		return reply[mews.RequestOutcome]{}, err
	}
	list, err := a.deps.Hunts.Outcomes(ctx, who, id)
	return reply[mews.RequestOutcome]{Meta: mews.Meta{ReqID: id}, Resources: list}, err
}
