package catalog

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"strings"

	"modernc.org/sqlite"
)

// A session is one connection with its prepared statements. It is used by one
// goroutine at a time. It speaks to the driver itself: database/sql's locks and
// conversions would cost as much again as the queries of a capture, which are many
// and small.
type session struct {
	conn       driver.Conn
	statements map[string]driver.Stmt
	args       []driver.NamedValue
	onDamage   func(error)
}

// openSession connects. cache is in KiB.
func openSession(path string, cache int, readOnly bool) (*session, error) {
	pragmas := []string{
		"busy_timeout(10000)",
		"journal_mode(wal)",
		"synchronous(normal)",
		"temp_store(memory)",
		"journal_size_limit(33554432)",
		"wal_autocheckpoint(2000)",
		fmt.Sprintf("cache_size(-%d)", cache),
	}
	if readOnly {
		pragmas = append(pragmas, "query_only(1)")
	}
	name := filepath.ToSlash(path)
	if !strings.HasPrefix(name, "/") {
		name = "/" + name // C:/… on Windows
	}
	address := url.URL{Scheme: "file", Path: name, RawQuery: url.Values{"_pragma": pragmas}.Encode()}
	conn, err := (&sqlite.Driver{}).Open(address.String())
	if err != nil {
		return nil, err
	}
	return &session{conn: conn, statements: make(map[string]driver.Stmt)}, nil
}

func (s *session) close() error {
	for _, st := range s.statements {
		st.Close()
	}
	return s.conn.Close()
}

func (s *session) prepare(query string) (driver.Stmt, error) {
	if st, ok := s.statements[query]; ok {
		return st, nil
	}
	st, err := s.conn.Prepare(query)
	if err != nil {
		return nil, s.failed(fmt.Errorf("catalog: %s: %w", query, err))
	}
	s.statements[query] = st
	return st, nil
}

func (s *session) bind(args []any) []driver.NamedValue {
	s.args = s.args[:0]
	for i, a := range args {
		var v driver.Value
		switch x := a.(type) {
		case int:
			v = int64(x)
		case bool:
			v = int64(0)
			if x {
				v = int64(1)
			}
		default:
			v = x
		}
		s.args = append(s.args, driver.NamedValue{Ordinal: i + 1, Value: v})
	}
	return s.args
}

// exec runs a statement and returns the number of the row inserted and how many
// rows changed.
func (s *session) exec(query string, args ...any) (id, changed int64, err error) {
	st, err := s.prepare(query)
	if err != nil {
		return 0, 0, err
	}
	result, err := st.(driver.StmtExecContext).ExecContext(context.Background(), s.bind(args))
	if err != nil {
		return 0, 0, s.failed(err)
	}
	id, _ = result.LastInsertId()
	changed, _ = result.RowsAffected()
	return id, changed, nil
}

// script runs several statements, unprepared.
func (s *session) script(text string) error {
	_, err := s.conn.(driver.ExecerContext).ExecContext(context.Background(), text, nil)
	return s.failed(err)
}

// A row is valid until its function returns; so are its bytes.
type row struct{ values []driver.Value }

func (r row) int(i int) int64 {
	v, _ := r.values[i].(int64)
	return v
}

func (r row) bytes(i int) []byte {
	switch v := r.values[i].(type) {
	case []byte:
		return v
	case string:
		return []byte(v)
	}
	return nil
}

func (r row) text(i int) string {
	switch v := r.values[i].(type) {
	case string:
		return v
	case []byte:
		return string(v)
	}
	return ""
}

// errStop ends each without an error.
var errStop = errors.New("stop")

// each calls fn for every row. The statement is busy meanwhile: fn must not run the
// same query again on this session.
func (s *session) each(ctx context.Context, fn func(row) error, query string, args ...any) error {
	st, err := s.prepare(query)
	if err != nil {
		return err
	}
	rows, err := st.(driver.StmtQueryContext).QueryContext(context.Background(), s.bind(args))
	if err != nil {
		return s.failed(err)
	}
	values := make([]driver.Value, len(rows.Columns()))
	for n := 0; ; n++ {
		if n&1023 == 1023 && ctx.Err() != nil {
			rows.Close()
			return ctx.Err()
		}
		if err = rows.Next(values); err != nil {
			break
		}
		if err = fn(row{values}); err != nil {
			rows.Close()
			if errors.Is(err, errStop) {
				return nil
			}
			return err
		}
	}
	rows.Close()
	if errors.Is(err, io.EOF) {
		return nil
	}
	return s.failed(err)
}

// first calls fn for the first row and says whether there was one.
func (s *session) first(fn func(row), query string, args ...any) (bool, error) {
	found := false
	err := s.each(context.Background(), func(r row) error {
		found = true
		fn(r)
		return errStop
	}, query, args...)
	return found, err
}

// number is the first column of the first row, 0 when there is none.
func (s *session) number(query string, args ...any) (int64, bool, error) {
	var n int64
	found, err := s.first(func(r row) { n = r.int(0) }, query, args...)
	return n, found, err
}

// failed looks at every error of SQLite, so that a damaged file is noticed.
func (s *session) failed(err error) error {
	if err == nil {
		return nil
	}
	if isDamage(err) {
		if s.onDamage != nil {
			s.onDamage(err)
		}
		return fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return err
}

// isDamage tells a file that is not what was written from every other failure.
func isDamage(err error) bool {
	const corrupt, notDatabase = 11, 26 // SQLITE_CORRUPT, SQLITE_NOTADB
	var e *sqlite.Error
	if !errors.As(err, &e) {
		return false
	}
	code := e.Code() & 0xff
	return code == corrupt || code == notDatabase
}
