package people

import (
	"context"
	"database/sql"
	"fmt"

	"holdfast/engine/server/database"
)

// Block keeps an active person out until Unblock, and ends an open link of Renew. One who
// is invited has nothing to be kept out of (ErrNotYet): Remove takes the invitation back.
func (s *Service) Block(ctx context.Context, id, by string) error {
	return s.move(ctx, id, Active, Blocked, by)
}

// Unblock ends what Block did.
func (s *Service) Unblock(ctx context.Context, id, by string) error {
	return s.move(ctx, id, Blocked, Active, by)
}

// move goes from one state to another; being there already is fine.
func (s *Service) move(ctx context.Context, id string, from, to State, by string) error {
	return s.change(ctx, id, func(tx *sql.Tx, p Person) error {
		switch p.State {
		case to:
			return nil
		case from:
			if err := endInvitation(ctx, tx, id); err != nil {
				return err
			}
			return s.setState(ctx, tx, id, to, by)
		default:
			return p.State.refuses()
		}
	})
}

// refuses says why somebody in this state cannot be what only an active person can.
func (s State) refuses() error {
	switch s {
	case Active:
		return nil
	case Invited:
		return ErrNotYet
	case Blocked:
		return ErrBlocked
	case Removed:
		return ErrEnded
	}
	return ErrState
}

// Remove ends an account, and an open invitation with it. What it stored is left to
// others. The e-mail address is free again.
func (s *Service) Remove(ctx context.Context, id, by string) error {
	return s.change(ctx, id, func(tx *sql.Tx, p Person) error {
		if p.State == Removed {
			return nil
		}
		if err := endInvitation(ctx, tx, id); err != nil {
			return err
		}
		return s.setState(ctx, tx, id, Removed, by)
	})
}

// takeOwners makes others that look who the owners are wait for the transaction's end.
func takeOwners(ctx context.Context, tx *sql.Tx) error {
	if _, err := tx.ExecContext(ctx, "UPDATE person SET version = version + 1 WHERE role = 'owner'"); err != nil {
		return fmt.Errorf("take the owners: %w", err)
	}
	return nil
}

func (s *Service) setState(ctx context.Context, tx *sql.Tx, id string, state State, by string) error {
	_, err := tx.ExecContext(ctx, "UPDATE person SET state = $1, changed = $2, changed_by = $3 WHERE id = $4",
		state, database.Millis(s.now()), by, id)
	if err != nil {
		return fmt.Errorf("change a person's state: %w", err)
	}
	return nil
}

// change runs a change of role or state and undoes it when it takes the last active
// owner away. All owners are taken first, so that two who remove each other come one
// after the other.
func (s *Service) change(ctx context.Context, id string, run func(tx *sql.Tx, p Person) error) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := takeOwners(ctx, tx); err != nil {
			return err
		}
		p, err := s.Take(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := run(tx, p); err != nil {
			return err
		}
		if p.Role != Owner || p.State != Active {
			return nil
		}
		n, err := owners(ctx, tx)
		if err == nil && n == 0 {
			err = ErrLastOwner
		}
		return err
	})
}
