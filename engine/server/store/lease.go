package store

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"holdfast/engine/server/database"
)

// A row of work under way shows a sign of life every beat; one without for a lease was
// left by a server that died. Of an upload that is known sooner, when the server no
// longer shows that it lives.
//
// Signs of life are moments of one clock, that of PostgreSQL: the clocks of the servers
// on it may differ by more than a lease, and then one would take for dead what another is
// at work on. An SQLite file has one server, and that its own.
const (
	beat  = 10 * time.Second
	lease = 45 * time.Second
)

// databaseNow is the moment of PostgreSQL's clock, not that of the transaction's beginning,
// as milliseconds since 1970 UTC.
const databaseNow = "(date_part('epoch', clock_timestamp()) * 1000)::bigint"

// sign is a sign of life for a statement: an expression and the value of its parameter.
func (s *Service) sign(parameter string) (expression string, value any) {
	if s.ownLeases() {
		return parameter, database.Millis(s.o.Leases())
	}
	return "COALESCE(" + parameter + "::bigint, " + databaseNow + ")", sql.NullInt64{}
}

// ownLeases says whether leases go by a clock of this process.
func (s *Service) ownLeases() bool { return s.o.Leases != nil }

// leaseNow is the moment by the clock of the leases.
func (s *Service) leaseNow(ctx context.Context) (time.Time, error) {
	if s.ownLeases() {
		return s.o.Leases(), nil
	}
	var ms int64
	if err := s.db.QueryRowContext(ctx, "SELECT "+databaseNow).Scan(&ms); err != nil {
		return time.Time{}, fmt.Errorf("read the clock of the database: %w", err)
	}
	return database.Moment(ms), nil
}

// alive shows a sign of life for a piece of work until the returned function is
// called, which waits for the last one.
func (s *Service) alive(ctx context.Context, f file, work string) (stop func()) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	done := make(chan struct{})
	go func() {
		defer close(done)
		tick := time.NewTicker(beat)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			sign, now := s.sign("$5")
			if _, err := changes(ctx, s.db,
				"UPDATE object SET changed = "+sign+" WHERE account = $1 AND kind = $2 AND name = $3 AND work = $4",
				f.account, string(f.kind), f.name, work, now); err != nil && ctx.Err() == nil {
				s.o.Log.Warn("an upload could not show that it is going on", "error", err)
			}
		}
	}()
	return func() { cancel(); <-done }
}

// left says whether a row of work under way has nobody who works on it. An SQLite
// file has one server, so what this process does not do nobody does.
//
// A server that does not show that it lives may only have lost its connection, and go
// on. Of an upload that does no harm: it finds its row taken, and its client sends the
// file again. But an erasure might then take away what was stored meanwhile, so that
// one has its lease.
func (s *Service) left(ctx context.Context, r row) (bool, error) {
	if r.state != coming && r.state != going || s.working(r.work) {
		return false, nil
	}
	if s.db.Kind == database.SQLite {
		return true, nil
	}
	now, err := s.leaseNow(ctx)
	if err != nil || now.Sub(r.changed) > lease {
		return err == nil, err
	}
	server, _, told := strings.Cut(r.work, workSeparator)
	if r.state != coming || !told {
		return false, nil
	}
	lives, err := s.db.IsPresent(ctx, server)
	return !lives, err
}
