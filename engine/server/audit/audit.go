// Package audit is the log of what weakens security, moves a key or changes who may
// do what.
//
// Its one idea is a hash chain: each row holds the SHA-256 over its fields and the
// hash of the row before, and one row, the head, holds the end of the chain. A row
// that is changed, removed, inserted or moved later breaks it, and Verify says
// where. Whoever can write to the database can also compute the whole chain anew;
// against that a head that was written down elsewhere (Head) is given to Verify.
//
// An entry stands or falls with the transaction of what it tells of. Racing writers
// keep one chain because each takes the head first, on SQLite and PostgreSQL.
//
// The database given to New has the tables audit and audit_head: the server's own
// has, and that of the key store, which keeps a log of its own. What is logged, and
// what must not be (secrets), is for the callers to know.
package audit

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"strings"
	"time"
	"unicode/utf8"

	"holdfast/engine/server/database"
)

// Entry is one thing that was done. Text that a database cannot hold is mended and
// text longer than 2,000 bytes is cut, so that nothing that came from outside keeps
// an entry out.
type Entry struct {
	Actor   string // the id of the person who did it, or a word such as "server"
	Action  string // "key.release"
	Target  string // what it was done to: the id of a person, a computer, a session
	Person  string // whom it concerns, where the target is not a person
	Reason  string
	Address string // the client's

	Number int64     // its place in the chain, from 1; given by Record
	At     time.Time // given by Record
}

// Log is safe for use by several goroutines, and its database by several servers.
type Log struct {
	db  *database.DB
	now func() time.Time
}

// New is the log in a database.
func New(db *database.DB, now func() time.Time) *Log {
	return &Log{db, now}
}

// Record adds an entry: within the transaction q, or when q is nil or a whole database
// within that of the context (database.Atomically), or in one of its own. It holds the
// end of the log until the transaction ends, so it is best the last thing in it.
func (l *Log) Record(ctx context.Context, q database.Querier, e Entry) error {
	var err error
	switch tx := q.(type) {
	case nil, *database.DB, *sql.DB:
		err = l.db.Tx(ctx, func(tx *sql.Tx) error { return l.record(ctx, tx, e) })
	default:
		err = l.record(ctx, tx, e)
	}
	if err != nil {
		return fmt.Errorf("write %q into the audit log: %w", e.Action, err)
	}
	return nil
}

func (l *Log) record(ctx context.Context, q database.Querier, e Entry) error {
	if _, err := q.ExecContext(ctx, "UPDATE audit_head SET number = number + 1 WHERE one = 1"); err != nil {
		return err
	}
	var head Head
	if err := q.QueryRowContext(ctx, "SELECT number, hash FROM audit_head WHERE one = 1").Scan(&head.Number, &head.Hash); err != nil {
		return err
	}
	e = clean(e)
	e.Number, e.At = head.Number, l.now().UTC().Truncate(time.Millisecond)
	hash := link(head.Hash, e)
	if _, err := q.ExecContext(ctx, `INSERT INTO audit (number, at, actor, action, target, person, reason, address, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		e.Number, database.Millis(e.At), e.Actor, e.Action, e.Target, e.Person, e.Reason, e.Address, hash); err != nil {
		return err
	}
	_, err := q.ExecContext(ctx, "UPDATE audit_head SET hash = $1 WHERE one = 1", hash)
	return err
}

func clean(e Entry) Entry {
	for _, text := range []*string{&e.Actor, &e.Action, &e.Target, &e.Person, &e.Reason, &e.Address} {
		*text = storable(*text)
	}
	return e
}

// storable makes text of anything: PostgreSQL takes neither NUL nor broken UTF-8.
func storable(text string) string {
	const most = 2000
	text = strings.ReplaceAll(strings.ToValidUTF8(text, "\ufffd"), "\x00", "\ufffd")
	if len(text) <= most {
		return text
	}
	end := most - len("…")
	for !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end] + "…"
}

// Query chooses entries.
type Query struct {
	Person string // that this person did or that concern them; "" is everybody
	Limit  int    // at most so many; 0 is 100
	Before int64  // with smaller numbers than this; 0 is from the end
}

// List gives entries, newest first.
func (l *Log) List(ctx context.Context, query Query) ([]Entry, error) {
	if query.Limit <= 0 {
		query.Limit = 100
	}
	if query.Before <= 0 {
		query.Before = math.MaxInt64
	}
	text, args := "SELECT "+columns+" FROM audit WHERE number < $1", []any{query.Before, query.Limit}
	if query.Person != "" {
		text += " AND (actor = $3 OR target = $3 OR person = $3)"
		args = append(args, storable(query.Person))
	}
	rows, err := l.db.QueryContext(ctx, text+" ORDER BY number DESC LIMIT $2", args...)
	if err != nil {
		return nil, fmt.Errorf("read the audit log: %w", err)
	}
	defer rows.Close()
	var list []Entry
	for rows.Next() {
		e, _, err := scan(rows)
		if err != nil {
			return nil, fmt.Errorf("read the audit log: %w", err)
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

const columns = "number, at, actor, action, target, person, reason, address, hash"

func scan(rows *sql.Rows) (e Entry, hash string, err error) {
	var at int64
	err = rows.Scan(&e.Number, &at, &e.Actor, &e.Action, &e.Target, &e.Person, &e.Reason, &e.Address, &hash)
	e.At = database.Moment(at)
	return e, hash, err
}
