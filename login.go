package mews

import (
	"context"
	"encoding/base64"
	"errors"
	"net/http"
	"net/url"
	"sync"
	"time"
)

// renewWindow is how long before its end a token is renewed, so that no call
// starts with a token that ends under way.
const renewWindow = 2 * time.Minute

var errClosed = errors.New("the client is closed")

// login keeps the one token of a client. However many calls need a new token,
// one of them fetches it and the others wait.
type login struct {
	client *Client
	form   url.Values
	now    func() time.Time

	mu      sync.Mutex
	token   string
	renewAt time.Time
	endsAt  time.Time
	flight  *flight
	closed  bool
}

// A flight is a login under way. It belongs to no single caller: its context
// outlives the call that began it and ends when the client closes.
type flight struct {
	done   chan struct{}
	cancel context.CancelFunc
	err    error // read after done
}

func newLogin(c *Client, s settings) *login {
	form := url.Values{"client_id": {s.id}, "client_secret": {s.secret}}
	if s.memberCID != "" {
		form.Set("member_cid", s.memberCID)
	}
	return &login{client: c, form: form, now: s.now}
}

// Token gives a token that is good for a call. A token in its renew window still
// serves when the renewal fails.
func (l *login) Token(ctx context.Context) (string, error) {
	l.mu.Lock()
	if l.closed {
		l.mu.Unlock()
		return "", errClosed
	}
	if l.token != "" && l.now().Before(l.renewAt) {
		defer l.mu.Unlock()
		return l.token, nil
	}
	f := l.start()
	l.mu.Unlock()

	select {
	case <-ctx.Done():
		return "", context.Cause(ctx)
	case <-f.done:
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.token != "" && l.now().Before(l.endsAt) {
		return l.token, nil
	}
	if f.err == nil { // dropped again between its arrival and now
		f.err = Errorf(ErrUnauthorized, "the server refused a token that it had just issued")
	}
	return "", f.err
}

// start joins the login under way or begins one; mu is held.
func (l *login) start() *flight {
	if l.flight != nil {
		return l.flight
	}
	ctx, cancel := context.WithCancel(context.Background())
	f := &flight{done: make(chan struct{}), cancel: cancel}
	l.flight = f
	go func() {
		defer cancel()
		token, err := l.fetch(ctx)
		l.mu.Lock()
		defer l.mu.Unlock()
		if f.err = err; err == nil {
			life := time.Duration(token.ExpiresIn) * time.Second
			now := l.now()
			l.token, l.endsAt = token.AccessToken, now.Add(life)
			l.renewAt = now.Add(max(life-renewWindow, life/2))
		}
		l.flight = nil
		close(f.done)
	}()
	return f
}

// fetch logs in. A login that names another region of the vendor's counts there:
// its token is good there, and one that was turned away is repeated there.
func (l *login) fetch(ctx context.Context) (Token, error) {
	var reply ResponseInfo
	token, err := l.ask(WithResponse(ctx, &reply))
	if l.client.moveTo(reply.Header) && err != nil && reply.StatusCode >= 300 && reply.StatusCode < 400 {
		return l.ask(ctx)
	}
	return token, err
}

func (l *login) ask(ctx context.Context) (Token, error) {
	var token Token
	err := l.client.do(ctx, call{
		op: "log in", method: http.MethodPost, path: "/oauth2/token", auth: authNone, safe: true,
		body: formBody(l.form),
	}, func(r *http.Response) error {
		if r.StatusCode != http.StatusCreated {
			return Errorf(ErrInternal, "the token request answered %d instead of 201; is this a Falcon-compatible server?", r.StatusCode)
		}
		if err := readJSON(r, &token); err != nil {
			return err
		}
		if token.AccessToken == "" || token.ExpiresIn <= 0 {
			return Errorf(ErrInternal, "the server issued no usable token")
		}
		return nil
	})
	return token, err
}

// Drop forgets a token that the server refused, unless it was replaced since.
func (l *login) Drop(token string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.token == token {
		l.token = ""
	}
	return true
}

// close ends a login under way, waits for it, and revokes the token.
func (l *login) close(ctx context.Context) error {
	l.mu.Lock()
	l.closed = true
	f := l.flight
	l.mu.Unlock()
	if f != nil {
		f.cancel()
		<-f.done
	}
	l.mu.Lock()
	token := l.token
	l.token = ""
	l.mu.Unlock()
	if token == "" {
		return nil
	}
	return l.revoke(ctx, token)
}

// revoke ends a token: on the strength of the token itself, or where the server
// does not take that, of the client's secret, which is slow to check.
func (l *login) revoke(ctx context.Context, token string) error {
	k := call{
		op: "log out", method: http.MethodPost, path: "/oauth2/revoke", auth: authToken, token: token, safe: true,
		body: formBody(url.Values{"token": {token}}),
	}
	err := l.client.do(ctx, k, discard)
	if errors.Is(err, ErrUnauthorized) || errors.Is(err, ErrForbidden) || errors.Is(err, ErrInvalid) {
		basic := l.form.Get("client_id") + ":" + l.form.Get("client_secret")
		k.auth, k.token = authNone, ""
		k.header = http.Header{"Authorization": {"Basic " + base64.StdEncoding.EncodeToString([]byte(basic))}}
		err = l.client.do(ctx, k, discard)
	}
	return err
}
