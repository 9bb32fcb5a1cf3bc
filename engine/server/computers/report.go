package computers

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"holdfast/engine/server/database"
)

// Report is what a computer says about its backup.
type Report struct {
	State   string // one word
	Files   int64  // in its backup
	Bytes   int64
	Version string // of the program
}

// Reported keeps the last report of a computer.
func (s *Service) Reported(ctx context.Context, id string, r Report) (err error) {
	if r.State, err = line("state", r.State); err != nil {
		return err
	}
	if r.Version, err = line("version", r.Version); err != nil {
		return err
	}
	if r.Files < 0 || r.Bytes < 0 {
		return fmt.Errorf("%w: a backup of %d files and %d bytes", ErrInvalid, r.Files, r.Bytes)
	}
	return s.note(ctx, "UPDATE computer SET report = $2, files = $3, bytes = $4, software = $5, seen = $6 WHERE id = $1",
		id, r.State, r.Files, r.Bytes, r.Version, database.Millis(s.now()))
}

// BackedUp keeps when the last backup of a computer was received.
func (s *Service) BackedUp(ctx context.Context, id string, at time.Time) error {
	return s.note(ctx, "UPDATE computer SET last_backup = CASE WHEN last_backup < $2 THEN $2 ELSE last_backup END WHERE id = $1",
		id, database.Millis(at))
}

// note runs an UPDATE of the computer that is $1.
func (s *Service) note(ctx context.Context, query, id string, args ...any) error {
	if !isID(id) {
		return ErrNotFound
	}
	done, err := s.db.ExecContext(ctx, query, append([]any{id}, args...)...)
	if err != nil {
		return fmt.Errorf("keep what a computer says: %w", err)
	}
	n, err := done.RowsAffected()
	if err == nil && n == 0 {
		err = ErrNotFound
	}
	return err
}

// SeenNow keeps that a computer was heard of: at most once a minute, and when it
// cannot be kept, not.
func (s *Service) SeenNow(ctx context.Context, id string) {
	const pause, most = time.Minute, 100_000 // at most so many are remembered
	now := s.now()
	s.mu.Lock()
	recent := now.Sub(s.touched[id]) < pause
	if !recent {
		if len(s.touched) >= most {
			clear(s.touched)
		}
		s.touched[id] = now
	}
	s.mu.Unlock()
	if recent {
		return
	}
	at := database.Millis(now)
	_ = s.note(ctx, "UPDATE computer SET seen = $2 WHERE id = $1 AND seen < $2", id, at) // best effort
}

// MaxSettings is how large the settings of a computer may be, in bytes.
const MaxSettings = 1 << 20

// Settings returns what SaveSettings kept, byte for byte; nil when there is nothing.
func (s *Service) Settings(ctx context.Context, id string) (settings []byte, changed time.Time, err error) {
	if !isID(id) {
		return nil, time.Time{}, ErrNotFound
	}
	var at int64
	err = s.db.QueryRowContext(ctx, "SELECT json, changed FROM computer_settings WHERE computer = $1", id).Scan(&settings, &at)
	if errors.Is(err, sql.ErrNoRows) {
		_, err = s.find(ctx, s.db, "", id)
		return nil, time.Time{}, err
	}
	if err != nil {
		return nil, time.Time{}, fmt.Errorf("read settings: %w", err)
	}
	return settings, database.Moment(at), nil
}

// SaveSettings keeps the settings of a computer, any JSON.
func (s *Service) SaveSettings(ctx context.Context, id string, settings []byte) error {
	if len(settings) > MaxSettings {
		return fmt.Errorf("%w: the settings are larger than %d bytes", ErrInvalid, MaxSettings)
	}
	if !json.Valid(settings) {
		return fmt.Errorf("%w: the settings are not JSON", ErrInvalid)
	}
	return s.change(ctx, "", id, func(tx *sql.Tx, r *row) error {
		if r.removed != 0 {
			return ErrRemoved
		}
		return update(ctx, tx, `INSERT INTO computer_settings (computer, json, changed) VALUES ($1, $2, $3)
			ON CONFLICT (computer) DO UPDATE SET json = excluded.json, changed = excluded.changed`,
			id, settings, database.Millis(s.now()))
	})
}
