package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// transaction is one that runs. One goroutine at a time uses it.
type transaction struct {
	*sql.Tx
	// lost is set once a statement failed outside of a part that could be undone: nothing
	// more may be written. PostgreSQL sees to that by itself; SQLite would go on, after
	// some errors with every statement for itself.
	lost error
}

// carried is the key under which a context carries the transaction of a database.
type carried struct{ db *DB }

func (db *DB) joined(ctx context.Context) *transaction {
	t, _ := ctx.Value(carried{db}).(*transaction)
	return t
}

// Tx runs a transaction: committed and durable when it returns nil, undone
// otherwise. It is run again from its start when the database could not put it in
// order with others, so run must do nothing that cannot be repeated.
//
// With a context of Atomically it is a part of that transaction: what run did is undone
// when it fails, is durable when the whole is, and only the whole is run again.
func (db *DB) Tx(ctx context.Context, run func(tx *sql.Tx) error) error {
	return db.run(ctx, func(t *transaction) error { return run(t.Tx) })
}

// Atomically runs a transaction as Tx does, whose steps are whatever uses this database
// with the context that run gets: statements, Tx, and Atomically. Two rules follow.
// Every step must use that context, and none other that knows of the request: with
// SQLite a write outside would wait for the one inside. And what is slow, cannot be
// repeated, or tells somebody of success (hashing a password, reading a body, answering)
// is done before or after. The context is of no use once run has returned.
func (db *DB) Atomically(ctx context.Context, run func(ctx context.Context) error) error {
	return db.run(ctx, func(t *transaction) error {
		return run(context.WithValue(ctx, carried{db}, t))
	})
}

func (db *DB) run(ctx context.Context, run func(t *transaction) error) error {
	if t := db.joined(ctx); t != nil {
		return t.part(ctx, run)
	}
	const most = 8
	for try := 1; ; try++ {
		err := db.once(ctx, run)
		if err == nil || try == most || !again(err) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Duration(try) * 20 * time.Millisecond):
		}
	}
}

func (db *DB) once(ctx context.Context, run func(t *transaction) error) error {
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	t := &transaction{Tx: tx}
	done := false
	defer func() {
		if !done { // run has panicked
			_ = tx.Rollback()
		}
	}()
	err = run(t)
	done = true
	if err == nil {
		err = t.lost // run made light of an error
	}
	if err != nil {
		return errors.Join(err, ignoreDone(tx.Rollback()))
	}
	return tx.Commit()
}

func ignoreDone(err error) error {
	if errors.Is(err, sql.ErrTxDone) {
		return nil
	}
	return err
}

// part runs a transaction within this one.
func (t *transaction) part(ctx context.Context, run func(t *transaction) error) error {
	if err := t.do(ctx, "SAVEPOINT part"); err != nil {
		return err
	}
	err := run(t)
	if err == nil {
		err = t.lost
	}
	if err == nil {
		return t.do(ctx, "RELEASE SAVEPOINT part")
	}
	t.lost = nil
	undone := t.do(ctx, "ROLLBACK TO SAVEPOINT part")
	if undone == nil {
		undone = t.do(ctx, "RELEASE SAVEPOINT part")
	}
	if undone != nil {
		return errors.Join(err, fmt.Errorf("undo a part of a transaction: %w", undone))
	}
	return err
}

func (t *transaction) do(ctx context.Context, query string) error {
	_, err := t.exec(ctx, query)
	return err
}

func (t *transaction) exec(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if t.lost != nil {
		return nil, t.lost
	}
	r, err := t.Tx.ExecContext(ctx, query, args...)
	t.lost = err
	return r, err
}

// ExecContext is that of sql.DB, or of the transaction that the context carries.
func (db *DB) ExecContext(ctx context.Context, query string, args ...any) (sql.Result, error) {
	if t := db.joined(ctx); t != nil {
		return t.exec(ctx, query, args...)
	}
	return db.DB.ExecContext(ctx, query, args...)
}

// QueryContext is that of sql.DB, or of the transaction that the context carries; there
// the rows must be closed before the next statement.
func (db *DB) QueryContext(ctx context.Context, query string, args ...any) (*sql.Rows, error) {
	t := db.joined(ctx)
	if t == nil {
		return db.DB.QueryContext(ctx, query, args...)
	}
	if t.lost != nil {
		return nil, t.lost
	}
	rows, err := t.Tx.QueryContext(ctx, query, args...)
	t.lost = err
	return rows, err
}

// QueryRowContext is that of sql.DB, or of the transaction that the context carries.
func (db *DB) QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row {
	if t := db.joined(ctx); t != nil {
		return t.Tx.QueryRowContext(ctx, query, args...)
	}
	return db.DB.QueryRowContext(ctx, query, args...)
}
