package httpapi

import (
	"net/http"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/auth"
	"github.com/mewshq/mews/internal/store"
)

// maxAdminBody is the largest admin request in bytes.
const maxAdminBody = 64 << 10

func adminClient(c auth.Client) mews.AdminClient {
	return mews.AdminClient{ID: c.ID, Name: c.Name, CID: string(c.CID), Scopes: c.Scopes, Created: c.Created, Revoked: c.Revoked}
}

func (a *admin) listClients(r *http.Request, _ store.Actor) ([]any, error) {
	list, err := a.Auth.ListClients(r.Context())
	if err != nil {
		return nil, err
	}
	var out []any
	for _, c := range list {
		out = append(out, adminClient(c))
	}
	return out, nil
}

func (a *admin) createClient(r *http.Request, who store.Actor) ([]any, error) {
	body, err := readAll(http.MaxBytesReader(nil, r.Body, maxAdminBody))
	if err != nil {
		return nil, err
	}
	var spec mews.AdminClientSpec
	if err := decodeJSON(body, &spec, true); err != nil {
		return nil, err
	}
	cid := store.CID(spec.CID)
	if cid == "" {
		cid = a.CID
	}
	c, secret, err := a.Auth.CreateClient(r.Context(), who, auth.ClientSpec{Name: spec.Name, CID: cid, Scopes: spec.Scopes})
	if err != nil {
		return nil, err
	}
	out := adminClient(c)
	out.Secret = secret
	return []any{out}, nil
}

func (a *admin) rotateClient(r *http.Request, who store.Actor) ([]any, error) {
	id := r.PathValue("id")
	secret, err := a.Auth.RotateSecret(r.Context(), who, id)
	if err != nil {
		return nil, err
	}
	return []any{mews.AdminClient{ID: id, Secret: secret}}, nil
}

func (a *admin) revokeClient(r *http.Request, who store.Actor) ([]any, error) {
	id := r.PathValue("id")
	if err := a.Auth.RevokeClient(r.Context(), who, id); err != nil {
		return nil, err
	}
	return []any{mews.AdminClient{ID: id}}, nil
}
