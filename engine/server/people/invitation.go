package people

import (
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"holdfast/engine/server/database"
)

const (
	InvitationLasts = 14 * 24 * time.Hour // how long an invitation can be used
	RenewalLasts    = 3 * 24 * time.Hour  // and a link of Renew, behind which there are files
)

// firstStart is who made the invitation of the first owner.
const firstStart = "the first start"

// Invite makes a person who can come in with the token, once. One who is invited
// already gets a new token, which ends the old one, and the name and role given here.
func (s *Service) Invite(ctx context.Context, email, name string, role Role, by string) (Person, string, error) {
	email, err := ParseEmail(email)
	if err != nil {
		return Person{}, "", err
	}
	if name, err = line("name", name, maxName); err != nil {
		return Person{}, "", err
	}
	if !role.valid() {
		return Person{}, "", fmt.Errorf("%w: there is no role %q", ErrInvalid, role)
	}
	return s.admit(ctx, func(tx *sql.Tx) (Person, string, error) {
		return s.invite(ctx, tx, email, name, role, by)
	})
}

// admit runs a transaction that may make a person, and runs it again when somebody
// else made the same one meanwhile.
func (s *Service) admit(ctx context.Context, run func(tx *sql.Tx) (Person, string, error)) (p Person, token string, err error) {
	for range 2 {
		err = s.db.Tx(ctx, func(tx *sql.Tx) error {
			var err error
			p, token, err = run(tx)
			return err
		})
		if !database.IsTaken(err) {
			break
		}
	}
	if err != nil {
		return Person{}, "", err
	}
	return p, token, nil
}

func (s *Service) invite(ctx context.Context, tx *sql.Tx, email, name string, role Role, by string) (Person, string, error) {
	p, err := byEmail(ctx, tx, email)
	switch {
	case errors.Is(err, ErrNotFound):
		p, err = s.add(ctx, tx, email, name, role, by)
	case err == nil:
		p, err = s.again(ctx, tx, p.ID, name, role, by)
	}
	if err != nil {
		return Person{}, "", err
	}
	token, err := s.open(ctx, tx, p.ID, by, InvitationLasts)
	return p, token, err
}

// open makes a token that lets a person in, which ends the one before.
func (s *Service) open(ctx context.Context, tx *sql.Tx, person, by string, lasts time.Duration) (token string, err error) {
	if err := endInvitation(ctx, tx, person); err != nil {
		return "", err
	}
	token, now := rand.Text(), s.now()
	_, err = tx.ExecContext(ctx, "INSERT INTO invitation (person, hash, made, made_by, expires) VALUES ($1, $2, $3, $4, $5)",
		person, hash(token), database.Millis(now), by, database.Millis(now.Add(lasts)))
	if err != nil {
		return "", fmt.Errorf("keep an invitation: %w", err)
	}
	return token, nil
}

// EndRenewal ends an open link of Renew: its person can sign in.
func (s *Service) EndRenewal(ctx context.Context, id string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error { return endInvitation(ctx, tx, id) })
}

// endInvitation ends what open made, if anything.
func endInvitation(ctx context.Context, tx *sql.Tx, person string) error {
	if _, err := tx.ExecContext(ctx, "DELETE FROM invitation WHERE person = $1", person); err != nil {
		return fmt.Errorf("end an invitation: %w", err)
	}
	return nil
}

// InviteFirst is Invite for the owner of a server that has none. Whoever was invited so
// before, under whichever address, is so no more: only one link makes somebody the first
// owner, and none does once there is one.
func (s *Service) InviteFirst(ctx context.Context, email string) (Person, string, error) {
	email, err := ParseEmail(email)
	if err != nil {
		return Person{}, "", err
	}
	return s.admit(ctx, func(tx *sql.Tx) (Person, string, error) {
		// Servers that start at the same moment come one after the other.
		_, err := tx.ExecContext(ctx, `INSERT INTO fact (name, value) VALUES ('first_owner', $1)
			ON CONFLICT (name) DO UPDATE SET value = excluded.value`, email)
		if err != nil {
			return Person{}, "", fmt.Errorf("note the first owner: %w", err)
		}
		now := database.Millis(s.now())
		_, err = tx.ExecContext(ctx, `UPDATE person SET state = 'removed', changed = $1, changed_by = $2 WHERE state = 'invited' AND email <> $3
			AND id IN (SELECT person FROM invitation WHERE made_by = $2)`, now, firstStart, email)
		if err == nil {
			_, err = tx.ExecContext(ctx, "DELETE FROM invitation WHERE made_by = $1", firstStart)
		}
		if err != nil {
			return Person{}, "", fmt.Errorf("end an invitation: %w", err)
		}
		return s.invite(ctx, tx, email, "Owner", Owner, firstStart)
	})
}

// Renew makes a token with which a person who has an account sets up anew how they sign
// in. It can be used once, within three days, at the address there is now.
func (s *Service) Renew(ctx context.Context, id, by string) (p Person, token string, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		if p, err = s.Take(ctx, tx, id); err != nil {
			return err
		}
		if err := p.State.refuses(); err != nil {
			return err
		}
		token, err = s.open(ctx, tx, id, by, RenewalLasts)
		return err
	})
	if err != nil {
		return Person{}, "", err
	}
	return p, token, nil
}

func (s *Service) add(ctx context.Context, tx *sql.Tx, email, name string, role Role, by string) (Person, error) {
	now := database.Millis(s.now())
	p := Person{ID: newID(), Email: email, Name: name, Role: role, State: Invited,
		Seats: s.defaults.Seats, Quota: s.defaults.Quota, Created: database.Moment(now)}
	_, err := tx.ExecContext(ctx, "INSERT INTO person ("+columns+", changed, changed_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)",
		p.ID, p.Email, p.Name, p.Role, p.State, p.Seats, p.Quota, now, now, by)
	if err != nil {
		return Person{}, fmt.Errorf("add a person: %w", err)
	}
	return p, nil
}

// again gives an invited person the name and role of a renewed invitation.
func (s *Service) again(ctx context.Context, tx *sql.Tx, id, name string, role Role, by string) (Person, error) {
	p, err := s.Take(ctx, tx, id)
	if err != nil {
		return Person{}, err
	}
	if p.State != Invited {
		return Person{}, ErrTaken
	}
	if name != "" {
		p.Name = name
	}
	p.Role = role
	_, err = tx.ExecContext(ctx, "UPDATE person SET name = $1, role = $2, changed = $3, changed_by = $4 WHERE id = $5",
		p.Name, p.Role, database.Millis(s.now()), by, id)
	if err != nil {
		return Person{}, fmt.Errorf("renew an invitation: %w", err)
	}
	return p, nil
}

// Invitation looks who is invited by a token, and leaves it usable. One who is active has
// it from Renew.
func (s *Service) Invitation(ctx context.Context, token string) (Person, error) {
	return s.invited(ctx, s.db, token)
}

func (s *Service) invited(ctx context.Context, q database.Querier, token string) (Person, error) {
	var id, by string
	err := q.QueryRowContext(ctx, "SELECT person, made_by FROM invitation WHERE hash = $1 AND expires > $2",
		hash(token), database.Millis(s.now())).Scan(&id, &by)
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, ErrInvitation
	}
	if err != nil {
		return Person{}, fmt.Errorf("look for an invitation: %w", err)
	}
	p, err := s.GetTx(ctx, q, id)
	if errors.Is(err, ErrNotFound) || err == nil && p.State != Invited && p.State != Active {
		return Person{}, ErrInvitation
	}
	if err == nil && by == firstStart {
		var n int
		if n, err = owners(ctx, q); err == nil && n > 0 {
			err = ErrInvitation
		}
	}
	return p, err
}

// Accept uses an invitation up: its person is active. Of several at once one
// succeeds.
func (s *Service) Accept(ctx context.Context, token string) (p Person, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		if p, err = s.invited(ctx, tx, token); err != nil {
			return err
		}
		if p.Role == Owner { // of two first owners, the second finds one
			if err := takeOwners(ctx, tx); err != nil {
				return err
			}
			if p, err = s.invited(ctx, tx, token); err != nil {
				return err
			}
		}
		if p, err = s.Take(ctx, tx, p.ID); err != nil {
			return err
		}
		done, err := tx.ExecContext(ctx, "DELETE FROM invitation WHERE hash = $1", hash(token))
		if err != nil {
			return fmt.Errorf("use an invitation: %w", err)
		}
		if n, err := done.RowsAffected(); err != nil || n != 1 || p.State != Invited && p.State != Active {
			return errors.Join(ErrInvitation, err)
		}
		if p.State == Active {
			return nil
		}
		p.State = Active
		return s.setState(ctx, tx, p.ID, Active, p.ID)
	})
	if err != nil {
		return Person{}, err
	}
	return p, nil
}
