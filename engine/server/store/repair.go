package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"

	"holdfast/engine/server/database"
	"holdfast/engine/storage"
)

// Repair finishes or undoes what a server that died left unfinished. What another
// server is at work on stays. It is to be called at start and now and then, because
// not every death of another is known at once; on an SQLite file by the process that
// serves only.
func (s *Service) Repair(ctx context.Context) error {
	var account, kind, name string // where to go on
	for {
		page, err := s.unfinished(ctx, account, kind, name)
		if err != nil {
			return fmt.Errorf("look for unfinished uploads: %w", err)
		}
		for _, u := range page {
			left, err := s.left(ctx, u.row)
			if err == nil && left {
				err = s.mend(ctx, u.file, u.row)
			}
			if err != nil {
				return fmt.Errorf("mend an unfinished upload: %w", err)
			}
		}
		if len(page) == 0 {
			return nil
		}
		last := page[len(page)-1].file
		account, kind, name = last.account, string(last.kind), last.name
	}
}

type unfinished struct {
	file
	row
}

func (s *Service) unfinished(ctx context.Context, account, kind, name string) ([]unfinished, error) {
	rows, err := s.db.QueryContext(ctx,
		`SELECT account, kind, name, size, state, changed, work FROM object
		 WHERE state <> 'stored' AND state IN ('coming', 'going')
		   AND (account > $1 OR account = $1 AND (kind > $2 OR kind = $2 AND name > $3))
		 ORDER BY account, kind, name LIMIT 1000`, account, kind, name)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var page []unfinished
	for rows.Next() {
		var u unfinished
		var changed int64
		if err := rows.Scan(&u.account, &u.kind, &u.name, &u.size, &u.state, &changed, &u.work); err != nil {
			return nil, err
		}
		u.changed = database.Moment(changed)
		page = append(page, u)
	}
	return page, rows.Err()
}

// mend brings one row of work that nobody does to its end. Bytes are visible only
// complete and only with the right hash, so their being there is all there is to know.
// Those that come a moment later after all are taken in by the next upload of the name.
func (s *Service) mend(ctx context.Context, f file, r row) error {
	if r.state == going {
		return s.eraseAnew(ctx, f, r)
	}
	info, err := s.bytes.Stat(ctx, f.key())
	switch {
	case errors.Is(err, ErrNotFound):
		return s.undo(ctx, f, r.size, r.work)
	case err != nil:
		return err
	}
	if info.Size != r.size {
		if f.kind != storage.Config {
			return fmt.Errorf("%s is %d bytes, its row says %d", f.key(), info.Size, r.size)
		}
		if err := s.resize(ctx, f, r.size, info.Size, r.work); err != nil {
			return err
		}
	}
	if err := s.finish(ctx, f, r.work, s.now()); err != nil && !errors.Is(err, errLost) {
		return err
	}
	return nil
}

// eraseAnew goes on with an erasure that nobody does, with a lease of its own: of several
// servers that find it one goes on.
func (s *Service) eraseAnew(ctx context.Context, f file, r row) error {
	work := s.begin()
	defer s.end(work)
	sign, now := s.sign("$7")
	mine, err := changes(ctx, s.db,
		`UPDATE object SET work = $5, changed = `+sign+`
		 WHERE account = $1 AND kind = $2 AND name = $3 AND state = 'going' AND work = $4 AND changed = $6`,
		f.account, string(f.kind), f.name, r.work, work, database.Millis(r.changed), now)
	if err != nil || !mine {
		return err
	}
	return s.erase(ctx, f, work)
}

// resize corrects the row of a config, whose bytes may be those of an earlier upload
// as its name does not tell what is in it.
func (s *Service) resize(ctx context.Context, f file, from, to int64, work string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		mine, err := changes(ctx, tx,
			"UPDATE object SET size = $5 WHERE account = $1 AND kind = $2 AND name = $3 AND work = $4",
			f.account, string(f.kind), f.name, work, to)
		if err != nil || !mine {
			return err
		}
		_, err = changes(ctx, tx, "UPDATE object_usage SET bytes = bytes + $2 WHERE account = $1", f.account, to-from)
		return err
	})
}
