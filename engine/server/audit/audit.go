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

	// Given by Record:
	Number int64 // its place in the chain, from 1
	At     time.Time
	Hash   string // its link of the chain, hex
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
	_, err := l.Append(ctx, q, e)
	return err
}

// Append is Record, and gives the entry as it stands in the log.
func (l *Log) Append(ctx context.Context, q database.Querier, e Entry) (Entry, error) {
	e = clean(e)
	var err error
	switch tx := q.(type) {
	case nil, *database.DB, *sql.DB:
		err = l.db.Tx(ctx, func(tx *sql.Tx) error { return l.append(ctx, tx, &e) })
	default:
		err = l.append(ctx, tx, &e)
	}
	if err != nil {
		return Entry{}, fmt.Errorf("write %q into the audit log: %w", e.Action, err)
	}
	return e, nil
}

func (l *Log) append(ctx context.Context, q database.Querier, e *Entry) error {
	if _, err := q.ExecContext(ctx, "UPDATE audit_head SET number = number + 1 WHERE one = 1"); err != nil {
		return err
	}
	var head Head
	if err := q.QueryRowContext(ctx, "SELECT number, hash FROM audit_head WHERE one = 1").Scan(&head.Number, &head.Hash); err != nil {
		return err
	}
	e.Number, e.At = head.Number, l.now().UTC().Truncate(time.Millisecond)
	e.Hash = link(head.Hash, *e)
	if _, err := q.ExecContext(ctx, `INSERT INTO audit (number, at, actor, action, target, person, reason, address, hash)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
		e.Number, database.Millis(e.At), e.Actor, e.Action, e.Target, e.Person, e.Reason, e.Address, e.Hash); err != nil {
		return err
	}
	_, err := q.ExecContext(ctx, "UPDATE audit_head SET hash = $1 WHERE one = 1", e.Hash)
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
	Person string    // that this person did or that concern them; "" is everybody
	Limit  int       // at most so many; 0 is 100 for List and no limit for Each
	Before int64     // with smaller numbers than this; 0 is from the end
	After  int64     // with greater numbers than this
	Since  time.Time // made then or later; the zero time is from the beginning
	Until  time.Time // made before; the zero time is up to now
}

// statement is the query in SQL.
func (q Query) statement(order string) (text string, args []any) {
	text = "SELECT " + columns + " FROM audit WHERE 1 = 1"
	and := func(condition string, value any) {
		args = append(args, value)
		text += " AND " + strings.ReplaceAll(condition, "?", fmt.Sprintf("$%d", len(args)))
	}
	if q.After > 0 {
		and("number > ?", q.After)
	}
	if q.Before > 0 {
		and("number < ?", q.Before)
	}
	if q.Person != "" {
		and("(actor = ? OR target = ? OR person = ?)", storable(q.Person))
	}
	if !q.Since.IsZero() {
		and("at >= ?", database.Millis(q.Since))
	}
	if !q.Until.IsZero() {
		and("at < ?", database.Millis(q.Until))
	}
	text += " ORDER BY number " + order
	if q.Limit > 0 {
		args = append(args, q.Limit)
		text += fmt.Sprintf(" LIMIT $%d", len(args))
	}
	return text, args
}

// List gives entries, newest first.
func (l *Log) List(ctx context.Context, query Query) ([]Entry, error) {
	if query.Limit <= 0 {
		query.Limit = 100
	}
	var list []Entry
	err := l.each(ctx, query, "DESC", func(e Entry) error {
		list = append(list, e)
		return nil
	})
	return list, err
}

// Each goes through entries, oldest first, without holding them. It ends with the first
// error of fn.
func (l *Log) Each(ctx context.Context, query Query, fn func(Entry) error) error {
	return l.each(ctx, query, "ASC", fn)
}

func (l *Log) each(ctx context.Context, query Query, order string, fn func(Entry) error) error {
	text, args := query.statement(order)
	rows, err := l.db.QueryContext(ctx, text, args...)
	if err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scan(rows)
		if err != nil {
			return fmt.Errorf("read the audit log: %w", err)
		}
		if err := fn(e); err != nil {
			return err
		}
	}
	if err := rows.Err(); err != nil {
		return fmt.Errorf("read the audit log: %w", err)
	}
	return nil
}

const columns = "number, at, actor, action, target, person, reason, address, hash"

func scan(rows *sql.Rows) (e Entry, err error) {
	var at int64
	err = rows.Scan(&e.Number, &at, &e.Actor, &e.Action, &e.Target, &e.Person, &e.Reason, &e.Address, &e.Hash)
	e.At = database.Moment(at)
	return e, err
}
