package mews

import "context"

// A TokenSource gives bearer tokens to clients. Several clients may share one.
type TokenSource interface {
	// Token gives a token that is good for a call that begins now.
	Token(ctx context.Context) (string, error)
	// Drop tells that the server refused a token. True: another can be had.
	Drop(token string) bool
}

// staticToken is a token that somebody else renews.
type staticToken string

func (t staticToken) Token(context.Context) (string, error) { return string(t), nil }
func (t staticToken) Drop(string) bool                      { return false }

// WithAccessToken uses this token, which the client neither renews nor revokes.
func WithAccessToken(token string) Option {
	return func(s *settings) error {
		if token == "" {
			return Errorf(ErrInvalid, "the access token is empty")
		}
		s.tokens = staticToken(token)
		return nil
	}
}

// WithTokenSource takes tokens from ts, for example from another client's
// TokenSource. Its owner logs in, renews and revokes; Close leaves it alone.
func WithTokenSource(ts TokenSource) Option {
	return func(s *settings) error { s.tokens = ts; return nil }
}

// TokenSource gives the client's tokens to other clients of the same server (see
// BaseURL for which that is), as long as this client is open.
func (c *Client) TokenSource() TokenSource { return c.tokens }
