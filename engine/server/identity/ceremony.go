package identity

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast/engine/server/database"
)

// A ceremony is work that waits for a browser to come back. Its token, in a short-lived
// cookie, binds it to that browser; the database holds the token's hash.
const (
	ceremonyPending      = "pending"
	ceremonyPasskey      = "passkey"
	ceremonyPasskeyLogin = "passkey-login"
	ceremonyProvider     = "provider"
)

const (
	ceremonyLasts = 15 * time.Minute
	triesPending  = 5
)

// begin keeps a ceremony and removes those whose time is over.
func (s *Service) begin(ctx context.Context, kind, person string, data any) (token string, err error) {
	text, err := json.Marshal(data)
	if err != nil {
		return "", err
	}
	token = newToken()
	now := s.now()
	if _, err := s.db.ExecContext(ctx, "DELETE FROM identity_ceremony WHERE expires <= $1", database.Millis(now)); err != nil {
		return "", err
	}
	_, err = s.db.ExecContext(ctx, "INSERT INTO identity_ceremony (hash, kind, person, data, tries, expires) VALUES ($1, $2, $3, $4, 0, $5)",
		hashOf(token), kind, person, text, database.Millis(now.Add(ceremonyLasts)))
	if err != nil {
		return "", fmt.Errorf("begin a %s ceremony: %w", kind, err)
	}
	return token, nil
}

// use ends a ceremony and gives what it kept: of several at once, to one.
func (s *Service) use(ctx context.Context, kind, token string, data any) (person string, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		var text []byte
		var expires int64
		err := tx.QueryRowContext(ctx, "SELECT person, data, expires FROM identity_ceremony WHERE hash = $1 AND kind = $2", hashOf(token), kind).Scan(&person, &text, &expires)
		if errors.Is(err, sql.ErrNoRows) {
			return ErrCeremony
		}
		if err != nil {
			return err
		}
		found, err := affected(tx.ExecContext(ctx, "DELETE FROM identity_ceremony WHERE hash = $1", hashOf(token)))
		if err != nil {
			return err
		}
		if !found || expires <= database.Millis(s.now()) {
			return ErrCeremony
		}
		return json.Unmarshal(text, data)
	})
	return person, err
}

type pending struct{ Next string }

// BeginPending keeps that the first step of a sign-in (the password) was right; next is
// where the person was going.
func (s *Service) BeginPending(ctx context.Context, person, next string) (token string, err error) {
	if person == "" {
		return "", ErrRefused
	}
	return s.begin(ctx, ceremonyPending, person, pending{next})
}

// Pending is whose sign-in waits for a second factor.
func (s *Service) Pending(ctx context.Context, token string) (person, next string, err error) {
	var text []byte
	err = s.db.QueryRowContext(ctx, "SELECT person, data FROM identity_ceremony WHERE hash = $1 AND kind = $2 AND tries < $3 AND expires > $4",
		hashOf(token), ceremonyPending, triesPending, database.Millis(s.now())).Scan(&person, &text)
	if errors.Is(err, sql.ErrNoRows) {
		return "", "", ErrCeremony
	}
	if err != nil {
		return "", "", err
	}
	var p pending
	if err := json.Unmarshal(text, &p); err != nil {
		return "", "", err
	}
	return person, p.Next, nil
}

// FailPending counts one try of a second factor; after five the sign-in starts again.
// Call it before the factor is looked at: then requests at once have no more tries than
// one after another. ErrCeremony means that there was none left.
func (s *Service) FailPending(ctx context.Context, token string) error {
	counted, err := affected(s.db.ExecContext(ctx, "UPDATE identity_ceremony SET tries = tries + 1 WHERE hash = $1 AND kind = $2 AND tries < $3 AND expires > $4",
		hashOf(token), ceremonyPending, triesPending, database.Millis(s.now())))
	if err == nil && !counted {
		return ErrCeremony
	}
	return err
}

// EndPending ends it: of several at once, one is told nil and the others ErrCeremony, so
// that one sign-in makes one session.
func (s *Service) EndPending(ctx context.Context, token string) error {
	ended, err := affected(s.db.ExecContext(ctx, "DELETE FROM identity_ceremony WHERE hash = $1 AND kind = $2", hashOf(token), ceremonyPending))
	if err == nil && !ended {
		return ErrCeremony
	}
	return err
}
