package store

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/storage"
)

// state is where a file stands between its upload and its end.
type state string

const (
	coming state = "coming"
	stored state = "stored"
	held   state = "held"
	going  state = "going"
)

// row is what the database knows of a file.
type row struct {
	size     int64
	state    state
	received time.Time
	changed  time.Time
	computer string
	work     string
}

// look reads the row of a file, or says ErrNotFound.
func look(ctx context.Context, q database.Querier, f file) (row, error) {
	var r row
	var received, changed int64
	err := q.QueryRowContext(ctx,
		"SELECT size, state, received, changed, computer, work FROM object WHERE account = $1 AND kind = $2 AND name = $3",
		f.account, string(f.kind), f.name).Scan(&r.size, &r.state, &received, &changed, &r.computer, &r.work)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, ErrNotFound
	}
	r.received, r.changed = database.Moment(received), database.Moment(changed)
	return r, err
}

// stat is look for what clients may see.
func (s *Service) stat(ctx context.Context, f file) (row, error) {
	r, err := look(ctx, s.db, f)
	if err == nil && r.state != stored {
		return row{}, ErrNotFound
	}
	return r, err
}

// changes runs a statement that changes one row or none.
func changes(ctx context.Context, q database.Querier, query string, args ...any) (bool, error) {
	result, err := q.ExecContext(ctx, query, args...)
	if err != nil {
		return false, err
	}
	n, err := result.RowsAffected()
	return n > 0, err
}

// count adds a file to what its account takes up, or with sign -1 takes it off.
// Rows of files are changed before this row in every transaction, so that two never
// wait for each other.
func count(ctx context.Context, q database.Querier, f file, size, sign int64) error {
	bytes, objects, locks := weigh(f, size)
	_, err := q.ExecContext(ctx,
		`INSERT INTO object_usage (account, bytes, objects, locks) VALUES ($1, $2, $3, $4)
		 ON CONFLICT (account) DO UPDATE SET bytes = object_usage.bytes + excluded.bytes,
		   objects = object_usage.objects + excluded.objects, locks = object_usage.locks + excluded.locks`,
		f.account, sign*bytes, sign*objects, sign*locks)
	return err
}

// weigh: locks are bounded by their number, and do not count, because reading an
// account that is full needs one.
func weigh(f file, size int64) (bytes, objects, locks int64) {
	if f.kind == storage.Locks {
		return 0, 0, 1
	}
	return size, 1, 0
}

// Usage is what an account takes up.
type Usage struct {
	Used    int64 // bytes, with uploads under way, without locks and the hold
	Objects int64
	Quota   int64 // bytes, 0 for no limit
}

// Usage tells what an account takes up.
func (s *Service) Usage(ctx context.Context, account string) (Usage, error) {
	var u Usage
	err := s.db.QueryRowContext(ctx, "SELECT bytes, objects FROM object_usage WHERE account = $1", account).Scan(&u.Used, &u.Objects)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Usage{}, err
	}
	u.Quota, err = s.o.Quota(ctx, account)
	return u, err
}
