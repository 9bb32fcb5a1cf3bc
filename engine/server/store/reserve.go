package store

import (
	"context"
	"database/sql"
	"errors"
	"math"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/storage"
)

const mostLocks = 1000 // of an account

var (
	errQuota = errors.New("the quota of the account does not leave room for the file")
	errLocks = errors.New("the account has as many locks as it may")
	errLost  = errors.New("another server has taken over the upload of this file")
)

// reserve takes the place of a file that is about to come: its row, and its size out
// of the quota. When there is a row already that is returned in its stead, and
// nothing has changed.
func (s *Service) reserve(ctx context.Context, f file, size, quota int64, computer, work string) (there *row, err error) {
	sign, now := s.sign("$8")
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		there = nil
		fresh, err := changes(ctx, tx,
			`INSERT INTO object (account, kind, name, size, state, received, computer, changed, work, by_whom)
			 VALUES ($1, $2, $3, $4, 'coming', $5, $6, `+sign+`, $7, '') ON CONFLICT (account, kind, name) DO NOTHING`,
			f.account, string(f.kind), f.name, size, database.Millis(s.now()), computer, work, now)
		if err != nil {
			return err
		}
		if !fresh {
			r, err := look(ctx, tx, f)
			there = &r
			return err
		}
		return takeRoom(ctx, tx, f, size, quota)
	})
	if errors.Is(err, ErrNotFound) { // it was undone between the two statements
		now, err := s.leaseNow(ctx)
		return &row{state: coming, changed: now}, err
	}
	return there, err
}

// takeRoom counts a file unless the account would pass its quota.
func takeRoom(ctx context.Context, tx *sql.Tx, f file, size, quota int64) error {
	if quota <= 0 {
		quota = math.MaxInt64
	}
	bytes, objects, locks := weigh(f, size)
	for try := range 2 {
		fits, err := changes(ctx, tx,
			`UPDATE object_usage SET bytes = bytes + $2, objects = objects + $3, locks = locks + $4
			 WHERE account = $1 AND bytes <= $5 AND locks <= $6`,
			f.account, bytes, objects, locks, room(f, quota, bytes), int64(mostLocks)-locks)
		if err != nil || fits {
			return err
		}
		if try == 0 {
			if _, err := changes(ctx, tx,
				"INSERT INTO object_usage (account, bytes, objects, locks) VALUES ($1, 0, 0, 0) ON CONFLICT (account) DO NOTHING",
				f.account); err != nil {
				return err
			}
		}
	}
	if f.kind == storage.Locks {
		return errLocks
	}
	return errQuota
}

// room is how much may be used before a file so that it still fits. An account that
// is over its quota can still be locked for reading.
func room(f file, quota, bytes int64) int64 {
	if f.kind == storage.Locks {
		return math.MaxInt64
	}
	return quota - bytes
}

// finish says that the bytes of an upload are stored. That another server, which took
// this one for dead, has said so already is as good.
func (s *Service) finish(ctx context.Context, f file, work string, received time.Time) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		mine, err := changes(ctx, tx,
			`UPDATE object SET state = 'stored', received = $5, changed = $5, work = ''
			 WHERE account = $1 AND kind = $2 AND name = $3 AND state = 'coming' AND work = $4`,
			f.account, string(f.kind), f.name, work, database.Millis(received))
		if err != nil || mine {
			return err
		}
		r, err := look(ctx, tx, f)
		if err == nil && r.state == stored || err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		return errLost
	})
}

// undo gives back what reserve took. Somebody else's row stays as it is.
func (s *Service) undo(ctx context.Context, f file, size int64, work string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		mine, err := changes(ctx, tx,
			"DELETE FROM object WHERE account = $1 AND kind = $2 AND name = $3 AND state = 'coming' AND work = $4",
			f.account, string(f.kind), f.name, work)
		if err != nil || !mine {
			return err
		}
		return count(ctx, tx, f, size, -1)
	})
}
