package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"time"
)

// Presence shows the servers that share a PostgreSQL database that this one lives, so
// that they need not wait out a lease to know that it died.
//
// It is a session-level advisory lock under a number that no other server has
// (PostgreSQL 15, section 13.3.5, "Advisory Locks"): PostgreSQL lets go of it when the
// connection ends, also that of a process that was killed. A server whose machine or
// network went silently keeps it for as long as PostgreSQL believes in the connection,
// and one that only lost its connection looks dead until it has appeared again. So
// that nobody holds it means that the server is probably dead, and that somebody does
// means nothing for certain: use it where both mistakes cost time and no more.
//
// An SQLite file has one server, and nobody to show it to.
type Presence struct {
	db *DB

	mu   sync.Mutex
	name string // "" while nothing shows it
	conn *sql.Conn
}

const (
	presenceClass    = 0x486f6c64 // "Hold": the first half of the lock's number; the name is the second
	presenceBeat     = 2 * time.Second
	presencePatience = 15 * time.Second // with a database that has much to do
)

// NewPresence returns one that nobody sees yet.
func (db *DB) NewPresence() *Presence { return &Presence{db: db} }

// Name is what others ask IsPresent for, "" while they would not find it.
func (p *Presence) Name() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.name
}

// Appear takes a name and shows it. Stay keeps it.
func (p *Presence) Appear(ctx context.Context) error {
	if p.db.Kind != PostgreSQL {
		return nil
	}
	p.leave()
	conn, err := p.db.Conn(ctx)
	if err != nil {
		return err
	}
	for {
		number := rand.Int32()
		var mine bool
		if err := conn.QueryRowContext(ctx, "SELECT pg_try_advisory_lock($1, $2)", int32(presenceClass), number).Scan(&mine); err != nil {
			return errors.Join(err, conn.Close())
		}
		if mine {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.name, p.conn = strconv.Itoa(int(number)), conn
			return nil
		}
	}
}

// Stay appears when that was not done, and anew whenever the connection is lost, until
// ctx ends. Trouble is told and tried again.
func (p *Presence) Stay(ctx context.Context, trouble func(error)) {
	defer p.leave()
	if p.db.Kind != PostgreSQL {
		<-ctx.Done()
		return
	}
	beat := time.NewTicker(presenceBeat)
	defer beat.Stop()
	for {
		if err := p.look(ctx); err != nil && ctx.Err() == nil {
			trouble(err)
		}
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
	}
}

// look appears again if the connection was lost.
func (p *Presence) look(ctx context.Context) error {
	p.mu.Lock()
	conn := p.conn
	p.mu.Unlock()
	if conn != nil {
		within, cancel := context.WithTimeout(ctx, presencePatience)
		defer cancel()
		if conn.PingContext(within) == nil {
			return nil
		}
	}
	if err := p.Appear(ctx); err != nil {
		return fmt.Errorf("show that this server lives: %w", err)
	}
	return nil
}

// leave ends the connection and the lock with it, rather than giving it back to the pool.
func (p *Presence) leave() {
	p.mu.Lock()
	conn := p.conn
	p.name, p.conn = "", nil
	p.mu.Unlock()
	if conn != nil {
		_ = conn.Raw(func(any) error { return driver.ErrBadConn })
		_ = conn.Close() // it is gone already
	}
}

// IsPresent says whether a server shows under this name that it lives.
func (db *DB) IsPresent(ctx context.Context, name string) (bool, error) {
	number, err := strconv.ParseInt(name, 10, 32)
	if err != nil || db.Kind != PostgreSQL {
		return false, err
	}
	var nobody bool // holds it: then a shared lock can be had, for as long as this statement runs
	err = db.QueryRowContext(ctx, "SELECT pg_try_advisory_xact_lock_shared($1, $2)", int32(presenceClass), int32(number)).Scan(&nobody)
	return !nobody, err
}
