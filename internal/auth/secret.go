package auth

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"fmt"
	"io"
	"time"

	"golang.org/x/crypto/argon2"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// A secret is checked with argon2id at these costs: 19 MiB, two passes, one
// lane (OWASP's first choice), over an HMAC with the pepper.
const (
	argonTime    = 2
	argonMemory  = 19456 // KiB
	argonThreads = 1
	saltSize     = 16
	maxSecret    = 1024 // bytes of a secret that is looked at at all
)

func slowHash(peppered, salt []byte) []byte {
	return argon2.IDKey(peppered, salt, argonTime, argonMemory, argonThreads, sha256.Size)
}

// denied is the one answer to a client that does not exist, one that was
// revoked, and a wrong secret.
func denied() *mews.Error { return mews.Errorf(mews.ErrForbidden, "access denied, invalid client") }

func limited(at time.Time, what string) *mews.Error {
	return mews.Errorf(mews.ErrLimited, "rate limit exceeded: %s", what).WithRetryAt(at)
}

func (s *Service) randomBytes(n int) ([]byte, error) {
	b := make([]byte, n)
	if _, err := io.ReadFull(s.o.Rand, b); err != nil {
		return nil, fmt.Errorf("read randomness: %w", err)
	}
	return b, nil
}

// randomText gives 256 random bits as text: a secret or a token.
func (s *Service) randomText() (string, error) {
	b, err := s.randomBytes(32)
	return base64.RawURLEncoding.EncodeToString(b), err
}

// pepper binds a secret to this installation: a stolen database alone does not
// allow guessing.
func (s *Service) pepper(purpose, text string) []byte {
	m := hmac.New(sha256.New, s.o.Pepper)
	m.Write([]byte(purpose + "\x00" + text))
	return m.Sum(nil)
}

// hashSecret waits for its turn: each hash takes 19 MiB.
func (s *Service) hashSecret(ctx context.Context, secret string, salt []byte) ([]byte, error) {
	select {
	case s.hashers <- struct{}{}:
		defer func() { <-s.hashers }()
	case <-ctx.Done():
		return nil, fmt.Errorf("check secret: %w", ctx.Err())
	}
	return s.hash(s.pepper("secret", secret), salt), nil
}

// AuthenticateClient checks a client's credentials. The address, if given,
// counts for the limits on token requests and on wrong secrets.
func (s *Service) AuthenticateClient(ctx context.Context, id, secret string, ip ...string) error {
	from := ""
	if len(ip) > 0 {
		from = ip[0]
	}
	_, _, err := s.login(ctx, id, secret, from)
	return err
}

// login finds the client whose credentials these are. Limits come before the
// slow hash, and a client that does not exist costs as much as one that does.
func (s *Service) login(ctx context.Context, id, secret, ip string) (c Client, hash []byte, err error) {
	ip = address(ip)
	fail := failure{actor: store.Actor{Client: id, Operation: "oauth2AccessToken"}, ip: ip}
	if err := s.mayLogin(id, ip); err != nil {
		fail.reason = "rate limit"
		s.refused(ctx, fail)
		return Client{}, nil, err
	}
	full, known, err := s.findClient(ctx, id)
	if err != nil {
		return Client{}, nil, err
	}
	if known {
		fail.known, fail.actor.CID = true, full.CID
	} else {
		full.salt = s.pepper("salt", id)[:saltSize]
	}
	tooLong := len(secret) > maxSecret
	if tooLong {
		secret = secret[:maxSecret]
	}
	hash, err = s.hashSecret(ctx, secret, full.salt)
	if err != nil {
		return Client{}, nil, err
	}
	match := 0
	for _, h := range full.hashes {
		match |= subtle.ConstantTimeCompare(h, hash)
	}
	key := loginKey(id, ip)
	if match != 1 || tooLong || !full.Revoked.IsZero() {
		s.guard.failed(key, s.pepper("guess", secret), s.o.Now())
		fail.reason = "invalid client"
		s.refused(ctx, fail)
		return Client{}, nil, denied()
	}
	s.guard.passed(key)
	return full.Client, hash, nil
}

// mayLogin applies the rates of the token route.
func (s *Service) mayLogin(id, ip string) error {
	now := s.o.Now()
	if d := s.tokensIP.allow(ip, now); !d.OK {
		return limited(d.RetryAt, "too many token requests from this address")
	}
	if at := s.guard.waits(loginKey(id, ip), now); !at.IsZero() {
		return limited(at, "too many wrong secrets; wait")
	}
	if d := s.tokensClient.allow(clientKey(id), now); !d.OK {
		return limited(d.RetryAt, "too many token requests of this client")
	}
	return nil
}

// clientKey bounds what a stranger can make us remember.
func clientKey(id string) string {
	if len(id) > 64 {
		sum := sha256.Sum256([]byte(id))
		return string(sum[:])
	}
	return id
}

func loginKey(id, ip string) string { return clientKey(id) + "\x00" + ip }
