package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/storage"
)

// Object is a file as administrators and pages see it.
type Object struct {
	Kind     storage.Kind
	Name     string
	Size     int64 // bytes
	Received time.Time
	Computer string // id of the one that sent it

	Held time.Time // since when it is in the hold, zero when it is not
	By   string    // who removed it
}

// Remove puts a stored file into the hold: clients no longer see it and it no longer
// counts, but its bytes stay until the hold lets go of them. A lock is erased at
// once. ErrNotFound when it is not stored.
func (s *Service) Remove(ctx context.Context, account string, kind storage.Kind, name, by string) error {
	f, err := newFile(account, kind, name)
	if err != nil {
		return err
	}
	if kind == storage.Locks {
		return s.unlock(ctx, f)
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		_, err := s.holdBack(ctx, tx, f, by, "")
		return err
	})
}

// holdBack puts a stored file into the hold and tells what it was.
func (s *Service) holdBack(ctx context.Context, tx *sql.Tx, f file, by, removal string) (row, error) {
	there, err := changes(ctx, tx,
		`UPDATE object SET state = 'held', changed = $4, by_whom = $5, removal = $6
		 WHERE account = $1 AND kind = $2 AND name = $3 AND state = 'stored'`,
		f.account, string(f.kind), f.name, database.Millis(s.now()), by, removal)
	if err != nil {
		return row{}, err
	}
	if !there {
		return row{}, ErrNotFound
	}
	r, err := look(ctx, tx, f)
	if err != nil {
		return row{}, err
	}
	return r, count(ctx, tx, f, r.size, -1)
}

// Unhold brings a file back from the hold, whatever the quota says. ErrNotFound when
// it is not in the hold.
func (s *Service) Unhold(ctx context.Context, account string, kind storage.Kind, name string) error {
	f, err := newFile(account, kind, name)
	if err != nil {
		return err
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		size, err := s.release(ctx, tx, f)
		if err != nil {
			return err
		}
		return count(ctx, tx, f, size, 1)
	})
}

// release turns a held row into a stored one and tells its size.
func (s *Service) release(ctx context.Context, tx *sql.Tx, f file) (size int64, err error) {
	there, err := changes(ctx, tx,
		`UPDATE object SET state = 'stored', changed = $4, by_whom = '', removal = ''
		 WHERE account = $1 AND kind = $2 AND name = $3 AND state = 'held'`,
		f.account, string(f.kind), f.name, database.Millis(s.now()))
	if err != nil {
		return 0, err
	}
	if !there {
		return 0, ErrNotFound
	}
	r, err := look(ctx, tx, f)
	return r.size, err
}

// Purge erases what the hold lets go of and says how many files that were. What
// cannot be erased now is tried again by the next Purge or Repair.
func (s *Service) Purge(ctx context.Context) (n int, err error) {
	until := database.Millis(s.now().Add(-s.o.Hold))
	for {
		page, err := s.expired(ctx, until)
		if err != nil || len(page) == 0 {
			return n, err
		}
		for _, f := range page {
			work := s.begin()
			took, err := s.take(ctx, f, held, until, work)
			if err == nil && took {
				err = s.erase(ctx, f, work)
				n++
			}
			s.end(work)
			if err != nil {
				return n, fmt.Errorf("erase what the hold let go of: %w", err)
			}
		}
	}
}

func (s *Service) expired(ctx context.Context, until int64) ([]file, error) {
	rows, err := s.db.QueryContext(ctx,
		`SELECT account, kind, name FROM object
		 WHERE state <> 'stored' AND state = 'held' AND changed <= $1 LIMIT 500`, until)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var page []file
	for rows.Next() {
		var f file
		if err := rows.Scan(&f.account, &f.kind, &f.name); err != nil {
			return nil, err
		}
		page = append(page, f)
	}
	return page, rows.Err()
}

// take marks a file whose bytes are about to be erased, if it is still in the state,
// since before until when that is not 0.
func (s *Service) take(ctx context.Context, f file, from state, until int64, work string) (bool, error) {
	sign, now := s.sign("$6")
	if until == 0 {
		until = math.MaxInt64
	}
	var took bool
	err := s.db.Tx(ctx, func(tx *sql.Tx) (err error) {
		took, err = changes(ctx, tx,
			`UPDATE object SET state = 'going', changed = `+sign+`, work = $7
			 WHERE account = $1 AND kind = $2 AND name = $3 AND state = $4 AND changed <= $5`,
			f.account, string(f.kind), f.name, string(from), until, now, work)
		if err != nil || !took || from != stored {
			return err
		}
		r, err := look(ctx, tx, f)
		if err != nil {
			return err
		}
		return count(ctx, tx, f, r.size, -1)
	})
	return took, err
}

// erase removes the bytes and the row of a file that was taken a moment ago. It gives up
// long before its lease ends: then somebody else erases, the same file may be stored
// anew, and a removal that comes late would take that away.
func (s *Service) erase(ctx context.Context, f file, work string) error {
	ctx, cancel := context.WithTimeout(ctx, lease/3)
	defer cancel()
	if err := s.bytes.Remove(ctx, f.key()); err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	_, err := changes(ctx, s.db,
		"DELETE FROM object WHERE account = $1 AND kind = $2 AND name = $3 AND state = 'going' AND work = $4",
		f.account, string(f.kind), f.name, work)
	return err
}

// unlock erases a lock.
func (s *Service) unlock(ctx context.Context, f file) error {
	work := s.begin()
	defer s.end(work)
	took, err := s.take(ctx, f, stored, 0, work)
	if err != nil {
		return err
	}
	if !took {
		return ErrNotFound
	}
	return s.erase(ctx, f, work)
}

// readmit brings a file back from the hold because it was sent again: as far as the
// quota goes, and received now. That somebody else was faster is as good.
func (s *Service) readmit(ctx context.Context, in incoming) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		size, err := s.release(ctx, tx, in.file)
		if errors.Is(err, ErrNotFound) {
			r, err := look(ctx, tx, in.file)
			if err == nil && r.state == stored {
				return nil
			}
			return errors.Join(errLost, err)
		}
		if err != nil {
			return err
		}
		if _, err := changes(ctx, tx,
			"UPDATE object SET received = $4, computer = $5 WHERE account = $1 AND kind = $2 AND name = $3",
			in.account, string(in.kind), in.name, database.Millis(s.now()), in.caller.Computer.ID); err != nil {
			return err
		}
		return takeRoom(ctx, tx, in.file, size, in.quota)
	})
}
