package computers

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"holdfast/engine/server/database"
	"holdfast/engine/server/people"
)

// Registration is what a computer says of itself when it comes.
type Registration struct {
	// ID is what a new computer chose for itself: 32 random hexadecimal digits, by which
	// a second try after a lost answer finds its seat. Empty: the server chooses.
	ID    string
	Name  string // may be empty in Replace: as before
	Asset string // number, may be empty
	OS    string
	Owner Owner // may be empty in Replace: as before
	Lent  bool  // in Register: it is about to take the place of another one of the person's
}

// maxGeneration is more replacements than one place can see.
const maxGeneration = 1 << 20

// Register takes a seat for a new computer and returns its credential, which nobody
// can learn again. One that took it and did not hear the answer comes a second time
// with its ID, and gets another credential rather than another seat.
// One that is about to take the place of another is lent a seat.
func (s *Service) Register(ctx context.Context, person string, n Registration) (c Computer, credential string, err error) {
	if n, err = n.checked(true); err != nil {
		return Computer{}, "", err
	}
	err = s.db.Atomically(ctx, func(ctx context.Context) error {
		c, credential, err = s.secondTry(ctx, person, n.ID)
		if errors.Is(err, ErrNotFound) {
			c, credential, err = s.firstTry(ctx, person, n)
		}
		return err
	})
	if err != nil {
		return Computer{}, "", err
	}
	return c, credential, nil
}

// firstTry is Register for a computer that is not there yet.
func (s *Service) firstTry(ctx context.Context, person string, n Registration) (c Computer, credential string, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		until, err := s.place(ctx, tx, person, n.Lent)
		if err != nil {
			return err
		}
		if n.Owner == Personal {
			if err := s.backsUp(ctx, tx, person, ""); err != nil {
				return err
			}
		}
		id, err := unused(ctx, tx, n.ID)
		if err != nil {
			return err
		}
		secret, now := rand.Text(), database.Millis(s.now())
		_, err = tx.ExecContext(ctx, `INSERT INTO computer (id, person, name, asset, os, owner, credential, generation, created, seen, lent)
			VALUES ($1, $2, $3, $4, $5, $6, $7, 1, $8, $9, $10)`, id, person, n.Name, n.Asset, n.OS, n.Owner, hash(secret), now, now, until)
		if err != nil {
			return fmt.Errorf("add a computer: %w", err)
		}
		r, err := get(ctx, tx, id)
		c, credential = r.Computer, id+":"+secret
		return err
	})
	return c, credential, err
}

// place finds a seat for a new computer, and until when it has it when it is lent; 0: it is
// its own. Where no seat is lent any more, one that is free does as well.
func (s *Service) place(ctx context.Context, tx *sql.Tx, person string, lent bool) (until int64, err error) {
	if !lent {
		return 0, s.seat(ctx, tx, person)
	}
	until, err = s.lend(ctx, tx, person)
	if errors.Is(err, ErrLentLimit) && s.seat(ctx, tx, person) == nil {
		return 0, nil
	}
	return until, err
}

// secondTry is Register for a computer that has its seat and did nothing with it yet, or
// ErrNotFound. It takes the person's row first, so that a try which is under way is seen.
func (s *Service) secondTry(ctx context.Context, person, id string) (Computer, string, error) {
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := s.people.Take(ctx, tx, person)
		return err
	})
	if err != nil {
		return Computer{}, "", err
	}
	return s.renew(ctx, person, id, func(tx *sql.Tx, r *row) error {
		if r.Generation != 1 || r.deauthorized != 0 || !r.LastBackup.IsZero() {
			return fmt.Errorf("%w: this computer has its seat already", ErrInvalid)
		}
		return nil
	})
}

// unused gives the id for a new computer. Two that chose the same at random do not
// happen; somebody who tries the id of another's does.
func unused(ctx context.Context, tx *sql.Tx, chosen string) (string, error) {
	if chosen == "" {
		return newID(), nil
	}
	_, err := get(ctx, tx, chosen)
	switch {
	case errors.Is(err, ErrNotFound):
		return chosen, nil
	case err != nil:
		return "", err
	default:
		return "", fmt.Errorf("%w: the id is taken", ErrInvalid)
	}
}

// Authorize gives a computer that signs in again a new credential and ends the old
// one. Its seat is the one it has. The generation is the one it was given with its
// seat: an earlier one than that of today is of a computer that was replaced since
// (ErrReplaced), which must not take its place back, whatever it still knows. A later
// one is kept: then this database is a copy from before the replacement.
func (s *Service) Authorize(ctx context.Context, person, id string, generation int) (Computer, string, error) {
	return s.renew(ctx, person, id, func(tx *sql.Tx, r *row) error {
		if generation < 1 || generation > maxGeneration {
			return fmt.Errorf("%w: a generation of %d", ErrInvalid, generation)
		}
		if generation < r.Generation {
			return ErrReplaced
		}
		_, err := tx.ExecContext(ctx, "UPDATE computer SET deauthorized = 0, generation = $1 WHERE id = $2", generation, id)
		return err
	})
}

// Replace gives the identity, seat, settings and history of a computer to a new one.
// The old one is told from now on that it was replaced.
func (s *Service) Replace(ctx context.Context, person, id string, n Registration) (Computer, string, error) {
	n, err := n.checked(false)
	if err != nil {
		return Computer{}, "", err
	}
	return s.renew(ctx, person, id, func(tx *sql.Tx, r *row) error {
		if r.Lent {
			return fmt.Errorf("%w: it is itself about to take the place of another computer", ErrInvalid)
		}
		if n.Name == "" {
			n.Name = r.Name
		}
		if n.Owner == "" {
			n.Owner = r.Owner
		}
		if n.Owner == Personal {
			if err := s.backsUp(ctx, tx, r.Person, id); err != nil {
				return err
			}
		}
		_, err := tx.ExecContext(ctx, `UPDATE computer SET name = $1, asset = $2, os = $3, owner = $4, deauthorized = 0,
			report = '', software = '', generation = generation + 1 WHERE id = $5`, n.Name, n.Asset, n.OS, n.Owner, id)
		return err
	})
}

// renew changes a computer and gives it a new credential. The old one is kept with
// the generation that had it, so that Identify can say why it ended.
func (s *Service) renew(ctx context.Context, person, id string, run func(tx *sql.Tx, r *row) error) (c Computer, credential string, err error) {
	err = s.change(ctx, person, id, func(tx *sql.Tx, r *row) error {
		switch {
		case r.removed != 0:
			return r.why()
		case r.blocked != 0:
			return ErrBlocked
		}
		secret, now := rand.Text(), database.Millis(s.now())
		_, err := tx.ExecContext(ctx, "INSERT INTO computer_past_credential (computer, hash, generation, ended) VALUES ($1, $2, $3, $4)",
			id, r.credential, r.Generation, now)
		if err != nil {
			return fmt.Errorf("end a credential: %w", err)
		}
		if err := run(tx, r); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, "UPDATE computer SET credential = $1, seen = $2 WHERE id = $3", hash(secret), now, id); err != nil {
			return fmt.Errorf("give a credential: %w", err)
		}
		after, err := get(ctx, tx, id)
		c, credential = after.Computer, id+":"+secret
		return err
	})
	if err != nil {
		return Computer{}, "", err
	}
	return c, credential, nil
}

// seat takes the person's row, so that racing registrations come one after the
// other, and finds a free seat or none. An invited person may have a computer: an
// administrator can make one before the first sign-in.
func (s *Service) seat(ctx context.Context, tx *sql.Tx, person string) error {
	p, err := s.mayHave(ctx, tx, person)
	if err != nil {
		return err
	}
	used, err := s.seated(ctx, tx, person)
	if err == nil && used >= p.Seats {
		err = fmt.Errorf("%w: it may have %d, remove one or replace one", ErrSeats, p.Seats)
	}
	return err
}

func (s *Service) mayHave(ctx context.Context, tx *sql.Tx, person string) (people.Person, error) {
	p, err := s.people.Take(ctx, tx, person)
	if err == nil && p.State != people.Active && p.State != people.Invited {
		err = people.ErrState
	}
	return p, err
}

// seated counts the computers that have a seat of their own.
func (s *Service) seated(ctx context.Context, tx *sql.Tx, person string) (n int, err error) {
	err = tx.QueryRowContext(ctx, "SELECT count(*) FROM computer WHERE person = $1 AND removed = 0 AND lent = 0", person).Scan(&n)
	if err != nil {
		err = fmt.Errorf("count the seats: %w", err)
	}
	return n, err
}

// backsUp says whether an institution's computer, other than one, backs up to the
// account: it may, and did so lately.
func (s *Service) backsUp(ctx context.Context, q database.Querier, person, other string) error {
	var n int
	err := q.QueryRowContext(ctx, `SELECT count(*) FROM computer
		WHERE person = $1 AND owner = 'institution' AND removed = 0 AND deauthorized = 0 AND lent = 0 AND last_backup > $2 AND id <> $3`,
		person, database.Millis(s.now().Add(-s.options.BacksUpWithin)), other).Scan(&n)
	if err != nil {
		return fmt.Errorf("look for a computer of the institution: %w", err)
	}
	if n == 0 {
		return ErrNoInstitution
	}
	return nil
}

// change runs a change of one computer while nothing else of its person changes.
func (s *Service) change(ctx context.Context, person, id string, run func(tx *sql.Tx, r *row) error) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		owner := person
		if owner == "" {
			r, err := s.find(ctx, tx, "", id)
			if err != nil {
				return err
			}
			owner = r.Person // never changes
		}
		if _, err := s.people.Take(ctx, tx, owner); err != nil && !errors.Is(err, people.ErrNotFound) {
			return err
		}
		r, err := s.find(ctx, tx, person, id)
		if err != nil {
			return err
		}
		return run(tx, &r)
	})
}

func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand
	return hex.EncodeToString(b[:])
}

// isID keeps what comes in addresses and user names and is no id from the database,
// which answers some bytes with an error.
func isID(id string) bool {
	return len(id) == 32 && strings.Trim(id, "0123456789abcdef") == ""
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}
