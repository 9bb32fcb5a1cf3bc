package computers

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"holdfast/engine/server/database"
)

// Rename changes what a computer is called.
func (s *Service) Rename(ctx context.Context, person, id, name string) error {
	name, err := line("name", name)
	if err != nil {
		return err
	}
	if name == "" {
		return fmt.Errorf("%w: the computer needs a name", ErrInvalid)
	}
	return s.set(ctx, person, id, "UPDATE computer SET name = $1 WHERE id = $2", name)
}

// SetAsset changes the asset number.
func (s *Service) SetAsset(ctx context.Context, person, id, asset string) error {
	asset, err := line("asset number", asset)
	if err != nil {
		return err
	}
	return s.set(ctx, person, id, "UPDATE computer SET asset = $1 WHERE id = $2", asset)
}

// SetOwner says whose property a computer is. A personal one is accepted as in
// Register: while another one, of the institution, backs up.
func (s *Service) SetOwner(ctx context.Context, person, id string, owner Owner) error {
	if !owner.valid() {
		return fmt.Errorf("%w: there is no owner %q", ErrInvalid, owner)
	}
	return s.change(ctx, person, id, func(tx *sql.Tx, r *row) error {
		if r.Owner == owner {
			return nil
		}
		if owner == Personal {
			if err := s.backsUp(ctx, tx, r.Person, id); err != nil {
				return err
			}
		}
		return update(ctx, tx, "UPDATE computer SET owner = $1 WHERE id = $2", owner, id)
	})
}

// Block lets a computer back up and nothing else.
func (s *Service) Block(ctx context.Context, person, id string) error {
	return s.set(ctx, person, id, "UPDATE computer SET blocked = $1 WHERE id = $2", 1)
}

// Unblock ends what Block did.
func (s *Service) Unblock(ctx context.Context, person, id string) error {
	return s.set(ctx, person, id, "UPDATE computer SET blocked = $1 WHERE id = $2", 0)
}

// Deauthorize ends a computer's credential until Authorize. It keeps its seat.
func (s *Service) Deauthorize(ctx context.Context, person, id string) error {
	return s.set(ctx, person, id, "UPDATE computer SET deauthorized = $1 WHERE id = $2", 1)
}

// Remove gives a computer's seat free. It can be restored while the grace lasts.
func (s *Service) Remove(ctx context.Context, person, id string) error {
	return s.change(ctx, person, id, func(tx *sql.Tx, r *row) error {
		if r.removed != 0 {
			return nil // the grace does not begin anew
		}
		return update(ctx, tx, "UPDATE computer SET removed = $1 WHERE id = $2", database.Millis(s.now()), id)
	})
}

// GiveUp is Remove for a computer that has the place of another one now. What it stored
// stays for as long as that one is there.
func (s *Service) GiveUp(ctx context.Context, person, id, successor string) error {
	return s.change(ctx, person, id, func(tx *sql.Tx, r *row) error {
		next, err := s.find(ctx, tx, r.Person, successor)
		switch {
		case err != nil:
			return err
		case next.removed != 0 || next.Lent || next.ID == id:
			return fmt.Errorf("%w: that computer has no seat to go on in", ErrInvalid)
		case r.removed != 0 && r.Successor == successor:
			return nil // the grace does not begin anew
		}
		_, err = tx.ExecContext(ctx, "UPDATE computer SET removed = $1, successor = $2, unfinished = 0 WHERE id = $3", database.Millis(s.now()), successor, id)
		if err != nil {
			return fmt.Errorf("give up a seat: %w", err)
		}
		return nil
	})
}

// Restore undoes Remove when a seat is free: the computer is as it was, with its
// credential, blocked or deauthorized if it was that. A seat that it was lent is its
// own then.
func (s *Service) Restore(ctx context.Context, person, id string) error {
	return s.change(ctx, person, id, func(tx *sql.Tx, r *row) error {
		if r.removed == 0 {
			return nil
		}
		if err := s.seat(ctx, tx, r.Person); err != nil {
			return err
		}
		if r.Owner == Personal {
			if err := s.backsUp(ctx, tx, r.Person, id); err != nil {
				return err
			}
		}
		return update(ctx, tx, "UPDATE computer SET removed = 0, lent = 0, unfinished = 0, successor = '' WHERE id = $1", id)
	})
}

// Forget ends a removed computer whose grace is over, once what it stored is dealt
// with: its settings go, and it is told for ever that it was removed.
func (s *Service) Forget(ctx context.Context, id string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		done, err := tx.ExecContext(ctx, "UPDATE computer SET forgotten = $1 WHERE id = $2 AND forgotten = 0 AND removed > 0 AND removed <= $3",
			database.Millis(s.now()), id, s.graceEnds())
		if err != nil {
			return fmt.Errorf("forget a computer: %w", err)
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err // forgotten already, or restored, or not yet
		}
		return update(ctx, tx, "DELETE FROM computer_settings WHERE computer = $1", id)
	})
}

// set changes one column.
func (s *Service) set(ctx context.Context, person, id, query string, value any) error {
	return s.change(ctx, person, id, func(tx *sql.Tx, r *row) error {
		return update(ctx, tx, query, value, id)
	})
}

func update(ctx context.Context, tx *sql.Tx, query string, args ...any) error {
	if _, err := tx.ExecContext(ctx, query, args...); err != nil {
		return fmt.Errorf("change a computer: %w", err)
	}
	return nil
}

func (o Owner) valid() bool { return o == Institution || o == Personal }

// checked holds what a computer says of itself against the limits.
func (n Registration) checked(whole bool) (Registration, error) {
	var err error
	if n.ID != "" && !isID(n.ID) {
		return Registration{}, fmt.Errorf("%w: the id is not 32 hexadecimal digits", ErrInvalid)
	}
	if n.Name, err = line("name", n.Name); err != nil {
		return Registration{}, err
	}
	if n.Asset, err = line("asset number", n.Asset); err != nil {
		return Registration{}, err
	}
	if n.OS, err = line("operating system", n.OS); err != nil {
		return Registration{}, err
	}
	if whole && n.Name == "" {
		return Registration{}, fmt.Errorf("%w: the computer needs a name", ErrInvalid)
	}
	if !n.Owner.valid() && (whole || n.Owner != "") {
		return Registration{}, fmt.Errorf("%w: there is no owner %q", ErrInvalid, n.Owner)
	}
	return n, nil
}

// line checks a field that somebody typed or a computer sent.
func line(field, given string) (string, error) {
	const most = 100 // bytes
	given = strings.TrimSpace(given)
	if len(given) > most {
		return "", fmt.Errorf("%w: the %s is longer than %d bytes", ErrInvalid, field, most)
	}
	if !utf8.ValidString(given) || strings.ContainsFunc(given, hidden) {
		return "", fmt.Errorf("%w: the %s holds characters that cannot be shown", ErrInvalid, field)
	}
	return given, nil
}

// hidden are characters that show nothing and can change how others are shown.
func hidden(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r)
}
