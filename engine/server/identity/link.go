package identity

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"holdfast/engine/server/database"
)

// Link is a person's identity at the provider.
type Link struct {
	Issuer, Subject, Email string
	Created                time.Time
}

// Link makes (issuer, subject) a way to sign in as the person. Linking again is not an
// error; ErrLinked when it is another person's.
func (s *Service) Link(ctx context.Context, person, issuer, subject, email string) error {
	if person == "" || issuer == "" || subject == "" {
		return ErrRefused
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `INSERT INTO identity_link (issuer, subject, person, email, created) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT (issuer, subject) DO NOTHING`, issuer, subject, person, email, database.Millis(s.now()))
		if err != nil {
			return err
		}
		owner, err := linked(ctx, tx, issuer, subject)
		if err != nil {
			return err
		}
		if owner != person {
			return ErrLinked
		}
		return nil
	})
}

// Unlink ends one, unless nothing else would be left to sign in with.
func (s *Service) Unlink(ctx context.Context, person, issuer, subject string) error {
	return s.remove(ctx, person, "DELETE FROM identity_link WHERE person = $1 AND issuer = $2 AND subject = $3", person, issuer, subject)
}

// linked is whose identity it is, "" for nobody's.
func linked(ctx context.Context, q database.Querier, issuer, subject string) (person string, err error) {
	err = q.QueryRowContext(ctx, "SELECT person FROM identity_link WHERE issuer = $1 AND subject = $2", issuer, subject).Scan(&person)
	if errors.Is(err, sql.ErrNoRows) {
		return "", nil
	}
	return person, err
}

func linksOf(ctx context.Context, q database.Querier, person string) ([]Link, error) {
	rows, err := q.QueryContext(ctx, "SELECT issuer, subject, email, created FROM identity_link WHERE person = $1 ORDER BY created, issuer, subject", person)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Link
	for rows.Next() {
		var l Link
		var created int64
		if err := rows.Scan(&l.Issuer, &l.Subject, &l.Email, &created); err != nil {
			return nil, err
		}
		l.Created = database.Moment(created)
		all = append(all, l)
	}
	return all, rows.Err()
}
