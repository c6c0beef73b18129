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
	return mews.AdminClient{
		ID: c.ID, Name: c.Name, CID: string(c.CID), Scopes: c.Scopes, Created: c.Created, Revoked: c.Revoked,
		RequestsPerMinute: c.RequestsPerMinute,
	}
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
	var spec mews.AdminClientSpec
	if err := adminBody(r, &spec); err != nil {
		return nil, err
	}
	cid := store.CID(spec.CID)
	if cid == "" {
		cid = a.CID
	}
	c, secret, err := a.Auth.CreateClient(r.Context(), who, auth.ClientSpec{
		Name: spec.Name, CID: cid, Scopes: spec.Scopes, RequestsPerMinute: spec.RequestsPerMinute,
	})
	if err != nil {
		return nil, err
	}
	out := adminClient(c)
	out.Secret = secret
	return []any{out}, nil
}

func (a *admin) changeClient(r *http.Request, who store.Actor) ([]any, error) {
	var change mews.AdminClientChange
	if err := adminBody(r, &change); err != nil {
		return nil, err
	}
	if change.RequestsPerMinute == nil {
		return nil, mews.Errorf(mews.ErrInvalid, "nothing to change: give requests_per_minute")
	}
	c, err := a.Auth.SetRate(r.Context(), who, r.PathValue("id"), *change.RequestsPerMinute)
	if err != nil {
		return nil, err
	}
	return []any{adminClient(c)}, nil
}

// adminBody reads the body of an admin request. A key that it does not know is
// a mistake.
func adminBody(r *http.Request, into any) error {
	body, err := readAll(http.MaxBytesReader(nil, r.Body, maxAdminBody))
	if err != nil {
		return err
	}
	return decodeJSON(body, into, true)
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
