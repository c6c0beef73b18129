package httpapi

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/mewshq/mews"
)

// maxForm is the largest OAuth form in bytes.
const maxForm = 64 << 10

type tokenForm struct {
	ClientID     string `form:"client_id"`
	ClientSecret string `form:"client_secret"`
	GrantType    string `form:"grant_type"`
	MemberCID    string `form:"member_cid"`
	Scope        string `form:"scope"`
}

type revokeForm struct {
	Token    string `form:"token"`
	ClientID string `form:"client_id"`
}

func (a *API) oauthOperations() []operation {
	token := creates(raw[tokenForm, struct{}](route{
		"oauth2AccessToken", "POST", "/oauth2/token", "", classAuth,
		"Trade a client id and secret for a bearer token.",
	}, a.token))
	token.res = nil
	revoke := raw[revokeForm, struct{}](route{
		"oauth2RevokeToken", "POST", "/oauth2/revoke", "", classAuth,
		"End a bearer token now.",
	}, a.revoke)
	revoke.res = nil
	return []operation{token, revoke}
}

// token issues a bearer token. The status is 201 and expires_in an integer,
// because FalconPy counts nothing else as a login.
func (a *API) token(ctx context.Context, c *call) error {
	form, err := c.form("client_id", "client_secret", "grant_type", "member_cid", "scope")
	if err != nil {
		return err
	}
	id, secret := form["client_id"], form["client_secret"]
	if scheme, rest, ok := authorization(c.r); ok && scheme == "basic" {
		if id != "" || secret != "" {
			return mews.Errorf(mews.ErrInvalid, "give the client's credentials once: in the Authorization header or in the form")
		}
		id, secret, _ = basic(rest)
	}
	if g := form["grant_type"]; g != "" && g != "client_credentials" {
		return mews.Errorf(mews.ErrInvalid, "grant_type: expected client_credentials")
	}
	if id == "" || secret == "" {
		return mews.Errorf(mews.ErrInvalid, "could not generate a token: client_id and client_secret are required")
	}
	if err := c.strikeLogin(ctx, id); err != nil {
		return err
	}
	t, err := a.deps.Auth.IssueToken(ctx, id, secret, form["member_cid"], c.remote, strings.Fields(form["scope"]))
	if err != nil {
		return err
	}
	b, err := json.Marshal(mews.Token{AccessToken: t.AccessToken, ExpiresIn: t.ExpiresIn, TokenType: "bearer"})
	if err != nil {
		return err
	}
	c.writeJSON(c.op.success, b)
	return nil
}

// revoke ends a token of the client that asks. It takes the client's Basic
// credentials, or a bearer token of the same client, which is what gofalcon
// sends. A token that nobody knows is revoked already.
func (a *API) revoke(ctx context.Context, c *call) error {
	form, err := c.form("token", "client_id")
	if err != nil {
		return err
	}
	client, err := c.revoker(ctx)
	if err != nil {
		return err
	}
	if err := c.strikeLogin(ctx, client); err != nil {
		return err
	}
	if form["token"] == "" {
		return mews.Errorf(mews.ErrInvalid, "token: required parameter is missing")
	}
	if id := form["client_id"]; id != "" && id != client {
		return mews.Errorf(mews.ErrForbidden, "access denied, authorization failed")
	}
	if err := a.deps.Auth.Revoke(ctx, form["token"], client); err != nil {
		return err
	}
	b, err := c.encode(reply[struct{}]{}.envelope())
	if err != nil {
		return err
	}
	c.writeJSON(http.StatusOK, b)
	return nil
}

// revoker finds out which client asks to revoke.
func (c *call) revoker(ctx context.Context) (client string, err error) {
	denied := mews.Errorf(mews.ErrForbidden, "access denied, authorization failed")
	scheme, rest, ok := authorization(c.r)
	switch {
	case ok && scheme == "bearer":
		if err := c.authenticate(ctx); err != nil {
			if classify(err).status == http.StatusUnauthorized {
				err = denied
			}
			return "", err
		}
		return c.who.Client, nil
	case ok && scheme == "basic":
		id, secret, ok := basic(rest)
		if !ok {
			return "", denied
		}
		return id, c.api.deps.Auth.AuthenticateClient(ctx, id, secret, c.remote)
	}
	return "", denied
}

// basic reads the credentials of a Basic header. x/oauth2 escapes both parts
// as query values; FalconPy sends them as they are.
func basic(b64 string) (id, secret string, ok bool) {
	plain, err := base64.StdEncoding.DecodeString(b64)
	if err != nil {
		return "", "", false
	}
	id, secret, ok = strings.Cut(string(plain), ":")
	return unescape(id), unescape(secret), ok
}

func unescape(s string) string {
	if plain, err := url.QueryUnescape(s); err == nil {
		return plain
	}
	return s
}

// form reads a form body; each known field may be given once. Fields in the
// URL are not read: tokens and secrets do not belong into access logs.
func (c *call) form(names ...string) (map[string]string, error) {
	if err := checkEncoding(c.r); err != nil {
		return nil, err
	}
	// FalconPy's Uber class labels forms as JSON now and then.
	if _, _, err := checkMedia(c.r, "application/x-www-form-urlencoded", "application/json"); err != nil {
		return nil, err
	}
	body, err := c.readBody(maxForm, callLimit)
	if err != nil {
		return nil, err
	}
	values, err := parseQuery(string(body))
	if err != nil {
		return nil, mews.Errorf(mews.ErrInvalid, "malformed form")
	}
	out := map[string]string{}
	for _, name := range names {
		given := values[name]
		if len(given) > 1 {
			return nil, mews.Errorf(mews.ErrInvalid, "duplicate parameter: %s", name)
		}
		if len(given) == 1 {
			if err := checkText(name, given[0]); err != nil {
				return nil, err
			}
			out[name] = given[0]
		}
	}
	return out, nil
}
