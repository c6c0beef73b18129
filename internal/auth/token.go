package auth

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// A Token is what a client gets for its credentials.
type Token struct {
	AccessToken string
	ExpiresIn   int // seconds
	Scopes      []string
}

// tokenHash is how a token is known; a lookup by it takes no longer for a
// better guess.
type tokenHash [sha256.Size]byte

// token is a live token in memory. Its times keep their monotonic part, so
// that a jump of the clock neither ends nor prolongs it.
type token struct {
	client  string
	cid     store.CID
	scopes  []string
	created time.Time
	expires time.Time
}

// fingerprint names a token in the audit trail.
func (h tokenHash) fingerprint() string { return "token:" + hex.EncodeToString(h[:8]) }

// invalidToken is the one answer to every token that does not hold.
func invalidToken() *mews.Error {
	return mews.Errorf(mews.ErrUnauthorized, "access denied, invalid bearer token")
}

// IssueToken trades a client's credentials for a bearer token. scopes narrows
// it; none asks for all of the client's.
func (s *Service) IssueToken(ctx context.Context, clientID, secret, memberCID, remoteIP string, scopes []string) (Token, error) {
	if clientID == "" || secret == "" {
		return Token{}, mews.Errorf(mews.ErrInvalid, "could not generate a token: client_id and client_secret are required")
	}
	c, hash, err := s.login(ctx, clientID, secret, remoteIP)
	if err != nil {
		return Token{}, err
	}
	fail := failure{actor: store.Actor{CID: c.CID, Client: c.ID, Operation: "oauth2AccessToken"}, known: true, ip: address(remoteIP)}
	if cid, ok := parseCID(memberCID); memberCID != "" && (!ok || cid != c.CID) {
		fail.reason = "foreign member_cid"
		s.refused(ctx, fail)
		return Token{}, mews.Errorf(mews.ErrForbidden, "access denied, invalid member_cid")
	}
	granted, err := narrow(scopes, c.Scopes)
	if err != nil {
		fail.reason = "invalid scope"
		s.refused(ctx, fail)
		return Token{}, err
	}
	text, err := s.randomText()
	if err != nil {
		return Token{}, err
	}
	now := s.o.Now()
	t := &token{client: c.ID, cid: c.CID, scopes: granted, created: now, expires: now.Add(s.o.TokenTTL)}
	err = s.write(ctx, func(tx *store.Tx) error {
		return s.addToken(tx, sha256.Sum256([]byte(text)), t, hash, fail.actor, fail.ip)
	})
	if err != nil {
		return Token{}, err
	}
	return Token{AccessToken: text, ExpiresIn: int(s.o.TokenTTL / time.Second), Scopes: slices.Clone(granted)}, nil
}

// addToken stores a token with its audit row, unless the client or the secret
// was revoked since it was checked. The oldest of too many tokens ends.
func (s *Service) addToken(tx *store.Tx, h tokenHash, t *token, secret []byte, who store.Actor, ip string) error {
	var stands int
	err := tx.QueryRow(`SELECT count(*) FROM client JOIN client_secret ON client_secret.client = client.id
		WHERE client.id = ? AND client.revoked = 0 AND client_secret.hash = ?`, t.client, secret).Scan(&stands)
	if err != nil {
		return fmt.Errorf("check client: %w", err)
	}
	if stands == 0 {
		return denied()
	}
	if err := s.dropTokens(tx, `client = ? AND expires <= ?`, t.client, t.created.UnixMicro()); err != nil {
		return err
	}
	err = s.dropTokens(tx, `hash IN (SELECT hash FROM token WHERE client = ? ORDER BY created DESC, hash LIMIT -1 OFFSET ?)`,
		t.client, s.o.Limits.AliveTokens-1)
	if err != nil {
		return err
	}
	_, err = tx.Exec(`INSERT INTO token (hash, client, scopes, created, expires) VALUES (?, ?, ?, ?, ?)`,
		h[:], t.client, strings.Join(t.scopes, " "), t.created.UnixMicro(), t.expires.UnixMicro())
	if err != nil {
		return fmt.Errorf("store token: %w", err)
	}
	tx.OnCommit(func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.tokens[h] = t
	})
	return tx.Audit(store.AuditEntry{
		Actor: who, Action: "login", Objects: []string{"ip:" + ip, h.fingerprint()}, Outcome: "success",
		Comment: "scopes " + strings.Join(t.scopes, " "),
	})
}

// dropTokens deletes tokens from the table and, with the commit, from memory:
// when the caller hears of it they are refused.
func (s *Service) dropTokens(tx *store.Tx, where string, args ...any) error {
	rows, err := tx.Query(`DELETE FROM token WHERE `+where+` RETURNING hash`, args...)
	if err != nil {
		return fmt.Errorf("delete tokens: %w", err)
	}
	defer rows.Close()
	var gone []tokenHash
	for rows.Next() {
		var h []byte
		if err := rows.Scan(&h); err != nil {
			return fmt.Errorf("delete tokens: %w", err)
		}
		gone = append(gone, tokenHash(bytes.Clone(h)))
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("delete tokens: %w", err)
	}
	if len(gone) > 0 {
		tx.OnCommit(func() {
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, h := range gone {
				delete(s.tokens, h)
			}
		})
	}
	return nil
}

// Verify finds whom a bearer token stands for. The address, if given, counts
// for the limit on bad tokens.
func (s *Service) Verify(_ context.Context, bearer string, ip ...string) (Principal, error) {
	now := s.o.Now()
	if t := s.lookup(bearer); t != nil && now.Before(t.expires) {
		return Principal{Actor: store.Actor{CID: t.cid, Client: t.client}, Scopes: slices.Clone(t.scopes)}, nil
	}
	if len(ip) > 0 {
		if d := s.badTokens.allow(address(ip[0]), now); !d.OK {
			return Principal{}, limited(d.RetryAt, "too many requests with a bad token")
		}
	}
	return Principal{}, invalidToken()
}

func (s *Service) lookup(bearer string) *token {
	if len(bearer) != base64.RawURLEncoding.EncodedLen(32) {
		return nil
	}
	h := tokenHash(sha256.Sum256([]byte(bearer)))
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.tokens[h]
}

// Revoke ends a token of the client that asks, at once. A token that is unknown
// or another client's is left alone and not told apart.
func (s *Service) Revoke(ctx context.Context, bearer, byClient string) error {
	t := s.lookup(bearer)
	if t == nil || t.client != byClient {
		return nil
	}
	h := tokenHash(sha256.Sum256([]byte(bearer)))
	return s.write(ctx, func(tx *store.Tx) error {
		if err := s.dropTokens(tx, `hash = ? AND client = ?`, h[:], byClient); err != nil {
			return err
		}
		who := store.Actor{CID: t.cid, Client: byClient, Operation: "oauth2RevokeToken"}
		return tx.Audit(store.AuditEntry{Actor: who, Action: "token.revoke", Objects: []string{h.fingerprint()}, Outcome: "success"})
	})
}

// sweepTokens deletes what has expired, also by a clock that is ahead of the
// one in memory.
func (s *Service) sweepTokens(ctx context.Context) error {
	now := s.o.Now()
	var dead []tokenHash
	s.mu.RLock()
	for h, t := range s.tokens {
		if !now.Before(t.expires) {
			dead = append(dead, h)
		}
	}
	s.mu.RUnlock()
	if len(dead) == 0 {
		return nil
	}
	return s.write(ctx, func(tx *store.Tx) error {
		for _, h := range dead {
			if err := s.dropTokens(tx, `hash = ?`, h[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// loadTokens fills the memory at start.
func (s *Service) loadTokens(ctx context.Context) error {
	err := s.write(ctx, func(tx *store.Tx) error {
		if _, err := tx.Exec(`DELETE FROM token WHERE expires <= ?`, s.o.Now().UnixMicro()); err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT token.hash, token.client, client.cid, token.scopes, token.created, token.expires
			FROM token JOIN client ON client.id = token.client WHERE client.revoked = 0`)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var t token
			var h []byte
			var scopes string
			var created, expires int64
			if err := rows.Scan(&h, &t.client, &t.cid, &scopes, &created, &expires); err != nil {
				return err
			}
			t.scopes, t.created, t.expires = strings.Fields(scopes), time.UnixMicro(created), time.UnixMicro(expires)
			if most := s.o.Now().Add(s.o.TokenTTL); t.expires.After(most) {
				t.expires = most // the clock was put back
			}
			s.tokens[tokenHash(h)] = &t
		}
		return rows.Err()
	})
	if err != nil {
		return fmt.Errorf("load tokens: %w", err)
	}
	return nil
}
