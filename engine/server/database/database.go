// Package database is where the account server keeps what it knows about people,
// computers and stored objects: SQLite in one file, or PostgreSQL.
//
// Its one idea is that both are the same to the packages above: one set of
// numbered migrations (schema/), $1 parameters, moments as integers of milliseconds,
// and transactions that are run again when the database asks for it. What a
// transaction has committed survives a power cut: SQLite runs with
// synchronous=FULL (https://www.sqlite.org/pragma.html#pragma_synchronous),
// PostgreSQL as it comes.
//
// Rules that must hold under racing writers take a row first (an UPDATE of the
// account's row, say) and then look: that serialises them on both.
//
// A change that several packages have a part in (a computer is removed, the audit log
// says so, a letter tells the person) is one transaction because it travels in the
// context: Atomically begins it, and whatever uses the same database with that context
// joins it, readers too. So no package needs to know of the others or a second form of
// its methods, and nothing inside waits for SQLite's only writer, which is this very
// transaction. Another database (the key store's) stands outside of it.
package database

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"
)

// Kind is what runs below.
type Kind string

const (
	SQLite     Kind = "SQLite"
	PostgreSQL Kind = "PostgreSQL"
)

// DB is an open database. It is safe for use by several goroutines, and an SQLite
// file by several processes.
type DB struct {
	*sql.DB
	Kind Kind
}

//go:embed schema/*.sql
var schema embed.FS

// Schema holds the migrations of the account server.
func Schema() fs.FS {
	sub, err := fs.Sub(schema, "schema")
	if err != nil {
		panic(err) // the folder is embedded above
	}
	return sub
}

// Open opens "postgres://…" or the path of an SQLite file, which is made when it is
// missing. Errors never tell the password in the address.
func Open(ctx context.Context, address string) (*DB, error) {
	db, err := open(address)
	if err != nil {
		return nil, err
	}
	if err := db.PingContext(ctx); err != nil {
		db.Close()
		return nil, fmt.Errorf("open the database %s: %w", Printable(address), err)
	}
	return db, nil
}

// trusted is for how long an idle connection to PostgreSQL counts as alive. A longer one is
// tried before its next use, so that those that a restart of PostgreSQL or a change of its
// primary cut do not fail a request each.
const trusted = 50 * time.Millisecond

func open(address string) (*DB, error) {
	if isPostgres(address) {
		config, err := pgx.ParseConfig(address)
		if err != nil {
			return nil, fmt.Errorf("the address of the database, %s, cannot be read", Printable(address))
		}
		db := stdlib.OpenDB(*config, stdlib.OptionShouldPing(func(_ context.Context, p stdlib.ShouldPingParams) bool {
			return p.IdleDuration > trusted
		}))
		db.SetMaxOpenConns(32)
		db.SetMaxIdleConns(16)
		return &DB{db, PostgreSQL}, nil
	}
	if err := os.MkdirAll(filepath.Dir(address), 0o700); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(address, os.O_CREATE|os.O_RDWR, 0o600) // before SQLite makes it readable for others
	if err != nil {
		return nil, err
	}
	if err := f.Close(); err != nil {
		return nil, err
	}
	path := (&url.URL{Scheme: "file", Path: address}).String()
	db, err := sql.Open("sqlite", path+"?_txlock=immediate&_pragma=busy_timeout(15000)&_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)")
	if err != nil {
		return nil, err
	}
	db.SetMaxOpenConns(16)
	db.SetMaxIdleConns(16)
	return &DB{db, SQLite}, nil
}

func isPostgres(address string) bool {
	return strings.HasPrefix(address, "postgres://") || strings.HasPrefix(address, "postgresql://")
}

// Printable is the address without a password.
func Printable(address string) string {
	if !isPostgres(address) {
		return address
	}
	u, err := url.Parse(address)
	if err != nil {
		return "postgres://…"
	}
	return u.Redacted()
}

// Migrate brings the tables to what the migrations describe; forward only. Several
// servers that start at once wait for one another.
func (db *DB) Migrate(ctx context.Context, migrations fs.FS) error {
	dialect := goose.DialectSQLite3
	if db.Kind == PostgreSQL {
		dialect = goose.DialectPostgres
	}
	return db.serially(ctx, func() error {
		p, err := goose.NewProvider(dialect, db.DB, migrations, goose.WithDisableGlobalRegistry(true))
		if err != nil {
			return fmt.Errorf("read the migrations: %w", err)
		}
		if _, err := p.Up(ctx); err != nil {
			return fmt.Errorf("bring the database up to date: %w", err)
		}
		return nil
	})
}

// serially holds PostgreSQL's advisory lock of the migrations; an SQLite file has one
// server.
func (db *DB) serially(ctx context.Context, run func() error) error {
	if db.Kind != PostgreSQL {
		return run()
	}
	const lock = 0x486f6c6466617374 // "Holdfast"
	conn, err := db.Conn(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	if _, err := conn.ExecContext(ctx, "SELECT pg_advisory_lock($1)", int64(lock)); err != nil {
		return err
	}
	defer conn.ExecContext(context.WithoutCancel(ctx), "SELECT pg_advisory_unlock($1)", int64(lock))
	return run()
}

// again says whether a transaction failed only because of others.
func again(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "40001" || e.Code == "40P01" // serialization_failure, deadlock_detected
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == sqlite3.SQLITE_BUSY || e.Code()&0xff == sqlite3.SQLITE_LOCKED
	}
	return false
}

// IsTaken says whether a row could not be written because its key or another unique
// value is taken.
func IsTaken(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "23505" // unique_violation
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code() == sqlite3.SQLITE_CONSTRAINT_UNIQUE || e.Code() == sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY
	}
	return false
}

// IsFull says whether a write failed because the disk of the database is full.
func IsFull(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code == "53100" // disk_full
	}
	if e, ok := errors.AsType[*sqlite.Error](err); ok {
		return e.Code()&0xff == sqlite3.SQLITE_FULL
	}
	return false
}

// IsAway says whether the database could not be asked: nobody answers at its address,
// or it starts, stops, or has no connection left.
func IsAway(err error) bool {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		switch e.Code {
		case "57P01", "57P02", "57P03", "53300": // admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections
			return true
		}
		return false
	}
	_, ok := errors.AsType[*pgconn.ConnectError](err)
	return ok || errors.Is(err, driver.ErrBadConn)
}

// Querier is what *DB and *sql.Tx have in common.
type Querier interface {
	ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error)
	QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error)
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// Millis is how a moment is kept: milliseconds since 1970 UTC, 0 for the zero time.
func Millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// Moment is the reverse of Millis.
func Moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
