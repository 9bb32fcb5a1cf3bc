package identity

import (
	"context"
	"database/sql"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"

	"holdfast/engine/server/database"
)

// Sealer is a key outside of the database, under which the secrets of authenticator
// apps lie in it; escrow.Wrapper is one. What it seals opens with the same context only.
type Sealer interface {
	// ID names the key, for ever, and tells nothing of it.
	ID() string
	Wrap(ctx context.Context, plain, context []byte) ([]byte, error)
	Unwrap(ctx context.Context, wrapped, context []byte) ([]byte, error)
}

// ErrSealer says that the secrets in the database were sealed with another key.
var ErrSealer = errors.New("the secrets of authenticator apps were sealed with another key")

// sealed marks a secret that is: base64 follows. Base32, as authenticator apps know it,
// has no colon.
const sealed = "sealed:"

func appOf(person string) []byte { return []byte("holdfast authenticator app 1\n" + person) }

func (s *Service) seal(ctx context.Context, person, secret string) (string, error) {
	b, err := s.sealer.Wrap(ctx, []byte(secret), appOf(person))
	if err != nil {
		return "", fmt.Errorf("seal the secret of an authenticator app: %w", err)
	}
	return sealed + base64.StdEncoding.EncodeToString(b), nil
}

// unseal reads a secret as it is kept; one from before there was a key is as it is.
func (s *Service) unseal(ctx context.Context, person, kept string) (string, error) {
	text, is := strings.CutPrefix(kept, sealed)
	if !is {
		return kept, nil
	}
	b, err := base64.StdEncoding.DecodeString(text)
	if err == nil {
		b, err = s.sealer.Unwrap(ctx, b, appOf(person))
	}
	if err != nil {
		return "", fmt.Errorf("open the secret of an authenticator app: %w", err)
	}
	return string(b), nil
}

// Seal makes sure, before the service is used, that this key is the one of the database
// (ErrSealer), of all servers on it, and seals what older versions of the server left
// open. Their bytes are overwritten where they lie in SQLite's file; PostgreSQL drops them
// when it next cleans up, and free space and backups hold copies as long as they live. A
// full disk leaves for another time what is not sealed yet.
func (s *Service) Seal(ctx context.Context) error {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, "INSERT INTO fact (name, value) VALUES ('secrets_key', $1) ON CONFLICT (name) DO NOTHING", s.sealer.ID())
		return err
	})
	if err != nil && !database.IsFull(err) {
		return fmt.Errorf("note the key of the secrets: %w", err)
	}
	if err := s.isKey(ctx); err != nil {
		return err
	}
	if err := s.sealOld(ctx); err != nil && !database.IsFull(err) {
		return fmt.Errorf("seal the secrets of authenticator apps: %w", err)
	}
	return nil
}

// KeyOf is the id of the key with which the secrets in a database are sealed, "" when none
// was noted yet.
func KeyOf(ctx context.Context, q database.Querier) (id string, err error) {
	err = q.QueryRowContext(ctx, "SELECT value FROM fact WHERE name = 'secrets_key'").Scan(&id)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return "", fmt.Errorf("read the key of the secrets: %w", err)
	}
	return id, nil
}

// isKey is ErrSealer when the key of this service is not, or no more, that of the database.
func (s *Service) isKey(ctx context.Context) error {
	id, err := KeyOf(ctx, s.db)
	if err == nil && id != "" && id != s.sealer.ID() {
		err = fmt.Errorf("%w: it has the id %s, and this one %s", ErrSealer, id, s.sealer.ID())
	}
	return err
}

func (s *Service) sealOld(ctx context.Context) error {
	old, err := s.unsealed(ctx)
	if err != nil || len(old) == 0 {
		return err
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, o := range old {
			if err := s.sealColumn(ctx, tx, o); err != nil {
				return err
			}
		}
		return nil
	})
	if err == nil && s.db.Kind == database.SQLite { // the log in front of the file has the old pages
		_, err = s.db.ExecContext(ctx, "PRAGMA wal_checkpoint(TRUNCATE)")
	}
	return err
}

// plain is a secret that is not sealed, and its column.
type plain struct{ person, column, secret string }

func (s *Service) unsealed(ctx context.Context) ([]plain, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT person, secret, pending FROM identity_totp")
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []plain
	for rows.Next() {
		var person, secret, pending string
		if err := rows.Scan(&person, &secret, &pending); err != nil {
			return nil, err
		}
		for _, o := range []plain{{person, "secret", secret}, {person, "pending", pending}} {
			if o.secret != "" && !strings.HasPrefix(o.secret, sealed) {
				all = append(all, o)
			}
		}
	}
	return all, rows.Err()
}

func (s *Service) sealColumn(ctx context.Context, tx *sql.Tx, o plain) error {
	kept, err := s.seal(ctx, o.person, o.secret)
	if err != nil {
		return err
	}
	// Of the same length first: SQLite writes that over the old bytes.
	blank := strings.Repeat("-", len(o.secret))
	for _, step := range [][2]string{{o.secret, blank}, {blank, kept}} {
		_, err := tx.ExecContext(ctx, "UPDATE identity_totp SET "+o.column+" = $1 WHERE person = $2 AND "+o.column+" = $3", step[1], o.person, step[0])
		if err != nil {
			return err
		}
	}
	return nil
}
