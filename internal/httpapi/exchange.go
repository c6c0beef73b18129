package httpapi

import (
	"context"
	"crypto/sha256"
	"sync"

	"golang.org/x/sync/singleflight"

	"github.com/mewshq/mews/internal/auth"
)

// maxExchanged is how many credentials are remembered with their tokens.
const maxExchanged = 1000

// An exchange trades the credentials that shippers send with every request for
// tokens, once for each token's life: checking a secret is made to be slow.
type exchange struct {
	auth *auth.Service

	mu     sync.Mutex
	tokens map[credentials]string
	flight singleflight.Group
}

// credentials are known by their digest; the secret is not kept.
type credentials [sha256.Size]byte

func newExchange(a *auth.Service) *exchange {
	return &exchange{auth: a, tokens: map[credentials]string{}}
}

// token gives a token of these credentials that stands now. Of callers that need
// a new one at the same time, one fetches it.
func (e *exchange) token(ctx context.Context, id, secret, remote string) (string, error) {
	key := credentials(sha256.Sum256([]byte(id + "\x00" + secret)))
	e.mu.Lock()
	token := e.tokens[key]
	e.mu.Unlock()
	if token != "" {
		if _, err := e.auth.Verify(ctx, token); err == nil {
			return token, nil
		}
	}
	ctx = context.WithoutCancel(ctx) // it is the others' login, too
	fresh, err, _ := e.flight.Do(string(key[:]), func() (any, error) {
		t, err := e.auth.IssueToken(ctx, id, secret, "", remote, nil)
		if err != nil {
			return "", err
		}
		e.mu.Lock()
		defer e.mu.Unlock()
		if len(e.tokens) >= maxExchanged {
			clear(e.tokens)
		}
		e.tokens[key] = t.AccessToken
		return t.AccessToken, nil
	})
	return fresh.(string), err
}
