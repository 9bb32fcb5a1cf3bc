package store

import (
	"context"
	"errors"
	"io"

	"holdfast/engine/server/database"
	"holdfast/engine/storage"
)

// pageSize is how many rows are asked of the database at once, so that a slow client
// holds no transaction open.
const pageSize = 5000

// each calls fn for the stored files of a kind, in the order of their names.
func (s *Service) each(ctx context.Context, account string, kind storage.Kind, fn func(Object) error) error {
	// Nothing sorts before the config's empty name, so the first page has no bound.
	for from := ""; ; {
		page, err := s.objects(ctx,
			`SELECT kind, name, size, state, received, computer, changed, by_whom FROM object
			 WHERE account = $1 AND kind = $2 AND state = 'stored' AND name > $3 ORDER BY name LIMIT $4`,
			account, string(kind), from, pageSize)
		if err != nil {
			return err
		}
		for _, o := range page {
			if err := fn(o); err != nil {
				return err
			}
		}
		if len(page) < pageSize {
			return nil
		}
		from = page[len(page)-1].Name
	}
}

// Files lists the stored files of a kind, the config apart.
func (s *Service) Files(ctx context.Context, account string, kind storage.Kind) ([]Object, error) {
	var all []Object
	err := s.each(ctx, account, kind, func(o Object) error { all = append(all, o); return nil })
	return all, err
}

// Snapshots lists the stored snapshots in the order of their receipt.
func (s *Service) Snapshots(ctx context.Context, account string) ([]Object, error) {
	return s.objects(ctx,
		`SELECT kind, name, size, state, received, computer, changed, by_whom FROM object
		 WHERE account = $1 AND kind = 'snapshots' AND state = 'stored' ORDER BY received, name`, account)
}

// Held lists what is in the hold, what went there last first.
func (s *Service) Held(ctx context.Context, account string) ([]Object, error) {
	return s.objects(ctx,
		`SELECT kind, name, size, state, received, computer, changed, by_whom FROM object
		 WHERE account = $1 AND state <> 'stored' AND state = 'held' ORDER BY changed DESC, kind, name`, account)
}

// RemoveSnapshotsOf puts the snapshots that one computer sent into the hold.
func (s *Service) RemoveSnapshotsOf(ctx context.Context, account, computer string) error {
	all, err := s.Snapshots(ctx, account)
	if err != nil {
		return err
	}
	for _, o := range all {
		if o.Computer != computer {
			continue
		}
		err := s.Remove(ctx, account, o.Kind, o.Name, "removal of the computer")
		if err != nil && !errors.Is(err, ErrNotFound) { // somebody else was faster
			return err
		}
	}
	return nil
}

// Head reads the first bytes of a stored file, at most limit of them, or says
// ErrNotFound.
func (s *Service) Head(ctx context.Context, account string, kind storage.Kind, name string, limit int64) ([]byte, error) {
	f, err := newFile(account, kind, name)
	if err != nil {
		return nil, err
	}
	there, err := s.stat(ctx, f)
	if err != nil {
		return nil, err
	}
	from, err := s.bytes.Open(ctx, f.key(), 0, min(there.size, limit))
	if err != nil {
		return nil, err
	}
	defer from.Close()
	return io.ReadAll(io.LimitReader(from, limit))
}

// Exists says whether the account has a repository.
func (s *Service) Exists(ctx context.Context, account string) (bool, error) {
	f, err := newFile(account, storage.Config, "")
	if err != nil {
		return false, err
	}
	_, err = s.stat(ctx, f)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (s *Service) objects(ctx context.Context, query string, args ...any) ([]Object, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []Object
	for rows.Next() {
		var o Object
		var at state
		var received, changed int64
		if err := rows.Scan(&o.Kind, &o.Name, &o.Size, &at, &received, &o.Computer, &changed, &o.By); err != nil {
			return nil, err
		}
		o.Received = database.Moment(received)
		if at == held {
			o.Held = database.Moment(changed)
		}
		all = append(all, o)
	}
	return all, rows.Err()
}
