package auth

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/mewshq/mews"
	"github.com/mewshq/mews/internal/store"
)

// maxSecrets stand at a time, so that a client can be moved to a new secret
// while the old one still works.
const maxSecrets = 2

// A ClientSpec is what an administrator decides about a new client.
type ClientSpec struct {
	Name   string
	CID    store.CID // 32 hexadecimal digits
	Scopes []string
	// RequestsPerMinute is a rate of the client's own, below its customer's;
	// 0: it has none.
	RequestsPerMinute int
	// ID and Secret are those of a client that programs know beforehand, on a
	// server of demo data. Empty ones are drawn.
	ID, Secret string
}

// A Client is an API client as it is listed. Its secrets are not kept.
type Client struct {
	ID      string // 32 hexadecimal digits
	Name    string
	CID     store.CID
	Scopes  []string
	Created time.Time
	Revoked time.Time // zero while active
	Secrets int       // active ones, at most two
	// RequestsPerMinute is the client's own rate; 0: only its customer's counts.
	RequestsPerMinute int
}

// A fullClient also has what a login needs.
type fullClient struct {
	Client
	salt   []byte
	hashes [][]byte
}

// NewCID makes a random customer id.
func (s *Service) NewCID() (store.CID, error) {
	b, err := s.randomBytes(16)
	return store.CID(hex.EncodeToString(b)), err
}

// CreateClient makes a client and its first secret, which is shown only here.
func (s *Service) CreateClient(ctx context.Context, who store.Actor, spec ClientSpec) (Client, string, error) {
	c, err := newClient(spec, s.Scopes())
	if err != nil {
		return Client{}, "", err
	}
	raw, err := s.randomBytes(16 + saltSize)
	if err != nil {
		return Client{}, "", err
	}
	if c.ID == "" {
		c.ID = hex.EncodeToString(raw[:16])
	}
	c.Created, c.Secrets = s.o.Now().UTC().Truncate(time.Microsecond), 1
	salt := raw[16:]
	secret, hash, err := s.firstSecret(ctx, spec.Secret, salt)
	if err != nil {
		return Client{}, "", err
	}
	err = s.write(ctx, func(tx *store.Tx) error {
		_, err := tx.Exec(`INSERT INTO client (id, name, cid, scopes, salt, created, revoked, requests_per_minute) VALUES (?, ?, ?, ?, ?, ?, 0, ?)`,
			c.ID, c.Name, string(c.CID), strings.Join(c.Scopes, " "), salt, c.Created.UnixMicro(), c.RequestsPerMinute)
		if err != nil {
			return fmt.Errorf("create client: %w", err)
		}
		if err := addSecret(tx, c.ID, hash, c.Created); err != nil {
			return err
		}
		tx.OnCommit(func() { s.keepRate(c.ID, c.RequestsPerMinute) })
		return tx.Audit(adminEntry(who, "client.create", c.ID, "scopes "+strings.Join(c.Scopes, " ")))
	})
	if err != nil {
		return Client{}, "", err
	}
	return c, secret, nil
}

func newClient(spec ClientSpec, known []string) (Client, error) {
	cid, ok := parseCID(string(spec.CID))
	if !ok {
		return Client{}, mews.Errorf(mews.ErrInvalid, "cid: expected 32 hexadecimal digits")
	}
	scopes, err := checkScopes(spec.Scopes, known)
	if err != nil {
		return Client{}, err
	}
	if err := checkRate(spec.RequestsPerMinute); err != nil {
		return Client{}, err
	}
	if !utf8.ValidString(spec.Name) || strings.ContainsRune(spec.Name, 0) || utf8.RuneCountInString(spec.Name) > 128 {
		return Client{}, mews.Errorf(mews.ErrInvalid, "name: expected at most 128 characters")
	}
	if err := checkKnown(spec.ID, spec.Secret); err != nil {
		return Client{}, err
	}
	return Client{ID: spec.ID, Name: spec.Name, CID: cid, Scopes: scopes, RequestsPerMinute: spec.RequestsPerMinute}, nil
}

// minSecret is the least length of a secret that was not drawn, in bytes.
const minSecret = 16

// checkKnown checks an id and a secret that were not drawn.
func checkKnown(id, secret string) error {
	if id != "" && (len(id) != 32 || strings.Trim(id, "0123456789abcdef") != "") {
		return mews.Errorf(mews.ErrInvalid, "client id: expected 32 lower-case hexadecimal digits")
	}
	if secret != "" && (len(secret) < minSecret || len(secret) > maxSecret || !utf8.ValidString(secret)) {
		return mews.Errorf(mews.ErrInvalid, "client secret: expected %d to %d characters", minSecret, maxSecret)
	}
	return nil
}

// firstSecret is the secret of a new client: the one that is known, or a new one.
func (s *Service) firstSecret(ctx context.Context, known string, salt []byte) (secret string, hash []byte, err error) {
	if known == "" {
		return s.newSecret(ctx, salt)
	}
	hash, err = s.hashSecret(ctx, known, salt)
	return known, hash, err
}

func (s *Service) newSecret(ctx context.Context, salt []byte) (secret string, hash []byte, err error) {
	if secret, err = s.randomText(); err != nil {
		return "", nil, err
	}
	hash, err = s.hashSecret(ctx, secret, salt)
	return secret, hash, err
}

func addSecret(tx *store.Tx, client string, hash []byte, now time.Time) error {
	_, err := tx.Exec(`INSERT INTO client_secret (hash, client, serial, created)
		SELECT ?, ?, 1 + coalesce(max(serial), 0), ? FROM client_secret WHERE client = ?`,
		hash, client, now.UnixMicro(), client)
	if err != nil {
		return fmt.Errorf("store secret: %w", err)
	}
	return nil
}

// RotateSecret adds a secret, shown only here. The one before keeps working
// until the next rotation; any older one ends now. Tokens live on.
func (s *Service) RotateSecret(ctx context.Context, who store.Actor, id string) (string, error) {
	c, known, err := s.findClient(ctx, id)
	if err != nil {
		return "", err
	}
	if !known || !c.Revoked.IsZero() {
		return "", noClient(id)
	}
	secret, hash, err := s.newSecret(ctx, c.salt)
	if err != nil {
		return "", err
	}
	err = s.write(ctx, func(tx *store.Tx) error {
		// It may have been revoked while we hashed.
		if err := active(tx, id); err != nil {
			return err
		}
		if err := addSecret(tx, id, hash, s.o.Now()); err != nil {
			return err
		}
		_, err := tx.Exec(`DELETE FROM client_secret WHERE client = ? AND serial NOT IN
			(SELECT serial FROM client_secret WHERE client = ? ORDER BY serial DESC LIMIT ?)`, id, id, maxSecrets)
		if err != nil {
			return fmt.Errorf("drop old secrets: %w", err)
		}
		return tx.Audit(adminEntry(who, "client.rotate", id, ""))
	})
	if err != nil {
		return "", err
	}
	return secret, nil
}

// RevokeClient ends a client, its secrets and its tokens at once and for good.
func (s *Service) RevokeClient(ctx context.Context, who store.Actor, id string) error {
	return s.write(ctx, func(tx *store.Tx) error {
		if err := active(tx, id); err != nil {
			return err
		}
		if _, err := tx.Exec(`UPDATE client SET revoked = ? WHERE id = ?`, s.o.Now().UnixMicro(), id); err != nil {
			return fmt.Errorf("revoke client: %w", err)
		}
		if _, err := tx.Exec(`DELETE FROM client_secret WHERE client = ?`, id); err != nil {
			return fmt.Errorf("revoke client: %w", err)
		}
		if err := s.dropTokens(tx, `client = ?`, id); err != nil {
			return err
		}
		tx.OnCommit(func() { s.keepRate(id, 0) })
		return tx.Audit(adminEntry(who, "client.revoke", id, ""))
	})
}

// active answers ErrNotFound unless the client exists and is not revoked.
func active(tx *store.Tx, id string) error {
	var one int
	err := tx.QueryRow(`SELECT 1 FROM client WHERE id = ? AND revoked = 0`, id).Scan(&one)
	if errors.Is(err, sql.ErrNoRows) {
		return noClient(id)
	}
	if err != nil {
		return fmt.Errorf("read client: %w", err)
	}
	return nil
}

func noClient(id string) error {
	return mews.Errorf(mews.ErrNotFound, "no active client %.64q", id).WithID(fmt.Sprintf("%.64s", id))
}

// ListClients gives all clients, oldest first, revoked ones too.
func (s *Service) ListClients(ctx context.Context) ([]Client, error) {
	var out []Client
	err := s.db.Read(ctx, func(tx *store.Tx) error {
		out = out[:0]
		rows, err := tx.Query(selectClient + ` ORDER BY created, id`)
		if err != nil {
			return fmt.Errorf("list clients: %w", err)
		}
		defer rows.Close()
		for rows.Next() {
			c, err := scanClient(rows)
			if err != nil {
				return fmt.Errorf("list clients: %w", err)
			}
			out = append(out, c.Client)
		}
		return rows.Err()
	})
	return out, err
}

const selectClient = `SELECT id, name, cid, scopes, salt, created, revoked, requests_per_minute,
	(SELECT count(*) FROM client_secret WHERE client = client.id) FROM client`

func scanClient(row interface{ Scan(...any) error }) (c fullClient, err error) {
	var scopes string
	var created, revoked int64
	err = row.Scan(&c.ID, &c.Name, &c.CID, &scopes, &c.salt, &created, &revoked, &c.RequestsPerMinute, &c.Secrets)
	c.Scopes, c.Created = strings.Fields(scopes), time.UnixMicro(created).UTC()
	if revoked != 0 {
		c.Revoked = time.UnixMicro(revoked).UTC()
	}
	return c, err
}

// findClient reads a client with its secrets' hashes.
func (s *Service) findClient(ctx context.Context, id string) (c fullClient, known bool, err error) {
	err = s.db.Read(ctx, func(tx *store.Tx) error {
		c, err = scanClient(tx.QueryRow(selectClient+` WHERE id = ?`, id))
		if err != nil {
			return err
		}
		rows, err := tx.Query(`SELECT hash FROM client_secret WHERE client = ?`, id)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var h []byte
			if err := rows.Scan(&h); err != nil {
				return err
			}
			c.hashes = append(c.hashes, h)
		}
		return rows.Err()
	})
	if errors.Is(err, sql.ErrNoRows) {
		return fullClient{}, false, nil
	}
	if err != nil {
		return fullClient{}, false, fmt.Errorf("read client: %w", err)
	}
	return c, true, nil
}

func adminEntry(who store.Actor, action, client, comment string) store.AuditEntry {
	return store.AuditEntry{Actor: who, Action: action, Objects: []string{"client:" + client}, Outcome: "success", Comment: comment}
}
