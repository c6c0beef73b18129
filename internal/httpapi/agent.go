package httpapi

import (
	"context"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

type (
	actionsQuery struct {
		AID   string `query:"aid,required" doc:"The host: 32 hex digits."`
		Limit *int   `query:"limit" doc:"1 to 1000, default 100."`
	}
	acksBody struct {
		Body []mews.ActionAck `body:"json"`
	}
)

// agentOperations are for programs on hosts. Their scope reads and acknowledges
// actions of the customer's hosts and opens nothing else.
func (a *API) agentOperations() []operation {
	return []operation{
		op(route{
			"mews.agent.actions", "GET", "/agent/v1/actions", mews.ScopeAgent, classRead,
			"What a host is asked to do, in order, until it is acknowledged.",
		}, a.hostActions),
		op(route{
			"mews.agent.acknowledge", "POST", "/agent/v1/actions/ack", mews.ScopeAgent, classMutate,
			"How actions went; the body is one acknowledgement or a list of them. The first answer to an action counts.",
		}, a.acknowledge),
	}
}

func (a *API) hostActions(ctx context.Context, who store.Actor, req *actionsQuery) (reply[mews.HostAction], error) {
	limit := 0
	if req.Limit != nil {
		if limit = *req.Limit; limit < 1 {
			return reply[mews.HostAction]{}, mews.Errorf(mews.ErrInvalid, "limit must be 1..1000")
		}
	}
	list, err := a.deps.Quarantine.Actions(ctx, who, req.AID, limit)
	return reply[mews.HostAction]{Resources: list}, err
}

func (a *API) acknowledge(ctx context.Context, who store.Actor, req *acksBody) (reply[struct{}], error) {
	changed, unknown, err := a.deps.Quarantine.Acknowledge(ctx, who, req.Body)
	if err != nil {
		return reply[struct{}]{}, err
	}
	missing, err := unknownIDs("action", unknown, len(unknown) == len(req.Body))
	return written(changed, missing), err
}
