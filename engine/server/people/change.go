package people

import (
	"context"
	"database/sql"
	"fmt"

	"holdfast/engine/server/database"
)

func (r Role) valid() bool { return r == Owner || r == Administrator || r == Member }

// SetRole gives a person another role.
func (s *Service) SetRole(ctx context.Context, id string, role Role, by string) error {
	if !role.valid() {
		return fmt.Errorf("%w: there is no role %q", ErrInvalid, role)
	}
	return s.change(ctx, id, func(tx *sql.Tx, p Person) error {
		if p.State == Removed {
			return ErrState
		}
		if p.Role == role {
			return nil
		}
		_, err := tx.ExecContext(ctx, "UPDATE person SET role = $1, changed = $2, changed_by = $3 WHERE id = $4",
			role, database.Millis(s.now()), by, id)
		return err
	})
}

// Block keeps an active person out until Unblock. An invited one is removed instead.
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
			return s.setState(ctx, tx, id, to, by)
		default:
			return ErrState
		}
	})
}

// Remove ends an account, and an open invitation with it. What it stored is left to
// others. The e-mail address is free again.
func (s *Service) Remove(ctx context.Context, id, by string) error {
	return s.change(ctx, id, func(tx *sql.Tx, p Person) error {
		if p.State == Removed {
			return nil
		}
		if _, err := tx.ExecContext(ctx, "DELETE FROM invitation WHERE person = $1", id); err != nil {
			return err
		}
		return s.setState(ctx, tx, id, Removed, by)
	})
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
		if _, err := tx.ExecContext(ctx, "UPDATE person SET version = version + 1 WHERE role = 'owner'"); err != nil {
			return fmt.Errorf("take the owners: %w", err)
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

// SetSeats says how many computers an account may have. Computers beyond it stay.
func (s *Service) SetSeats(ctx context.Context, id string, seats int) error {
	if seats < 0 || seats > 1_000_000 {
		return fmt.Errorf("%w: %d seats", ErrInvalid, seats)
	}
	return s.set(ctx, id, "UPDATE person SET seats = $1 WHERE id = $2 AND state <> 'removed'", seats)
}

// SetQuota says how many bytes an account may store; 0 is without limit.
func (s *Service) SetQuota(ctx context.Context, id string, quota int64) error {
	if quota < 0 {
		return fmt.Errorf("%w: a quota of %d bytes", ErrInvalid, quota)
	}
	return s.set(ctx, id, "UPDATE person SET quota = $1 WHERE id = $2 AND state <> 'removed'", quota)
}

// Rename changes what a person is called.
func (s *Service) Rename(ctx context.Context, id, name string) error {
	name, err := line("name", name, maxName)
	if err != nil {
		return err
	}
	return s.set(ctx, id, "UPDATE person SET name = $1 WHERE id = $2 AND state <> 'removed'", name)
}

func (s *Service) set(ctx context.Context, id, query string, value any) error {
	if !isID(id) {
		return ErrNotFound
	}
	done, err := s.db.ExecContext(ctx, query, value, id)
	if err != nil {
		return fmt.Errorf("change a person: %w", err)
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}
