package identity

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"holdfast/engine/server/database"
)

// ErrSameKey says that nothing is lost: the key is the one of the database.
var ErrSameKey = errors.New("the key is the one with which the secrets of authenticator apps are sealed")

// Unopened is somebody whose authenticator app ended because the key is lost under which
// its secret lay.
type Unopened struct {
	Person string
	Enters bool // there is another way to sign in: a passkey, or the institution's sign-in
}

// Sealed counts the people with an authenticator app whose secret is sealed.
func Sealed(ctx context.Context, q database.Querier) (n int, err error) {
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM identity_totp WHERE secret LIKE '"+sealed+"%'").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the authenticator apps: %w", err)
	}
	return n, nil
}

// SealAnew makes this service's key that of the database in place of one that is lost, and
// ends the authenticator apps whose secrets nobody can open any more. ErrSameKey when it is
// not lost. Servers that run with the one before let nobody set an app up from then on.
func (s *Service) SealAnew(ctx context.Context) (people []Unopened, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		people = nil
		_, err := tx.ExecContext(ctx, `INSERT INTO fact (name, value) VALUES ('secrets_key', '')
			ON CONFLICT (name) DO UPDATE SET value = fact.value`) // takes it
		if err != nil {
			return fmt.Errorf("take the key of the secrets: %w", err)
		}
		before, err := KeyOf(ctx, tx)
		if err != nil {
			return err
		}
		if before == s.sealer.ID() {
			return ErrSameKey
		}
		if _, err := tx.ExecContext(ctx, "UPDATE fact SET value = $1 WHERE name = 'secrets_key'", s.sealer.ID()); err != nil {
			return fmt.Errorf("note the key of the secrets: %w", err)
		}
		lost, err := unopened(ctx, tx)
		if err != nil {
			return err
		}
		for _, person := range lost {
			u, err := s.endApp(ctx, tx, person)
			if err != nil {
				return err
			}
			people = append(people, u)
		}
		_, err = tx.ExecContext(ctx, "UPDATE identity_totp SET pending = '' WHERE pending LIKE '"+sealed+"%'") // set up, but for the first code
		return err
	})
	if err != nil {
		return nil, err
	}
	return people, nil
}

func unopened(ctx context.Context, tx *sql.Tx) (people []string, err error) {
	rows, err := tx.QueryContext(ctx, "SELECT person FROM identity_totp WHERE secret LIKE '"+sealed+"%' ORDER BY person")
	if err != nil {
		return nil, fmt.Errorf("list the authenticator apps: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var person string
		if err := rows.Scan(&person); err != nil {
			return nil, err
		}
		people = append(people, person)
	}
	return people, rows.Err()
}

func (s *Service) endApp(ctx context.Context, tx *sql.Tx, person string) (Unopened, error) {
	if err := take(ctx, tx, person); err != nil {
		return Unopened{}, err
	}
	if err := forget(ctx, tx, person, []string{"identity_totp"}); err != nil {
		return Unopened{}, err
	}
	left, err := factors(ctx, tx, person)
	return Unopened{Person: person, Enters: s.provides(left) || len(left.Passkeys) > 0 && s.Passkeys()}, err
}
