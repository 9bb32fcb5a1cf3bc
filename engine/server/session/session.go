// Package session knows who is signed in: in a browser, or in the app.
//
// Its one idea is that a session is a row that can be looked at and ended at any
// moment, and that its token is a bearer secret of which only the SHA-256 is kept:
// whoever reads the database cannot become anybody. A session of the app is made in
// one of two ways, both of which end in Exchange: an authorization code with PKCE
// that travels from the system browser over a loopback redirect (RFC 6749 section
// 4.1, RFC 7636 with S256 only, RFC 8252 section 7.3), or a device code for
// computers without a browser (RFC 8628).
//
// A session says when its person last proved who they are (Fresh); what needs a
// recent proof is for package access to decide, whether the person is still welcome
// too, and how people prove it is for package identity.
package session

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode"

	"holdfast/engine/server/database"
)

// Kind is what holds the token of a session.
type Kind string

const (
	Browser Kind = "browser" // in a cookie
	App     Kind = "app"     // in the app's memory
)

// How long sessions last.
const (
	browserIdle = 12 * time.Hour
	browserLife = 7 * 24 * time.Hour
	appLife     = time.Hour
)

// seenEvery is how exactly it is known when a session was last used.
const seenEvery = time.Minute

// Session is a person who is signed in somewhere.
type Session struct {
	ID      string
	Person  string
	Kind    Kind
	Name    string // "Firefox on Linux", or "Holdfast on Ann's laptop"
	Address string // where it was made from
	Created time.Time
	Seen    time.Time // exact to a minute
	Fresh   time.Time // when the person last proved who they are
	Expires time.Time // when it ends if it is not used again
}

// ErrNone means that a token opens no session: never made, ended, or over.
var ErrNone = errors.New("there is no such session")

// Service keeps the sessions.
type Service struct {
	db       *database.DB
	now      func() time.Time
	patience time.Duration // with others who write, for noting that a session was used
}

// New uses the tables of the account server in db.
func New(db *database.DB, now func() time.Time) *Service {
	return &Service{db, now, time.Second}
}

// Create signs a person in who has just proved who they are. The token is told this
// once.
func (s *Service) Create(ctx context.Context, person string, kind Kind, name, address string) (string, Session, error) {
	return create(ctx, s.db, s.now(), Session{Person: person, Kind: kind, Name: name, Address: address, Fresh: s.now()})
}

func create(ctx context.Context, q database.Querier, now time.Time, n Session) (string, Session, error) {
	life := appLife
	if n.Kind == Browser {
		life = browserLife
	}
	token := rand.Text()
	n.ID, n.Name = newID(), cleanName(n.Name)
	n.Created, n.Seen, n.Expires = now, now, now.Add(life)
	_, err := q.ExecContext(ctx, `INSERT INTO session (id, token, person, kind, name, address, created, seen, fresh, expires)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)`,
		n.ID, hash(token), n.Person, string(n.Kind), n.Name, n.Address,
		database.Millis(now), database.Millis(now), database.Millis(n.Fresh), database.Millis(n.Expires))
	if err != nil {
		return "", Session{}, fmt.Errorf("keep the session: %w", err)
	}
	n.Expires = n.end()
	return token, n, nil
}

// end is when a session is over if it is not used again.
func (n Session) end() time.Time {
	if idle := n.Seen.Add(browserIdle); n.Kind == Browser && idle.Before(n.Expires) {
		return idle
	}
	return n.Expires
}

const columns = "id, person, kind, name, address, created, seen, fresh, expires"

func scan(scan func(...any) error) (Session, error) {
	var n Session
	var created, seen, fresh, expires int64
	if err := scan(&n.ID, &n.Person, &n.Kind, &n.Name, &n.Address, &created, &seen, &fresh, &expires); err != nil {
		return Session{}, err
	}
	n.Created, n.Seen = database.Moment(created), database.Moment(seen)
	n.Fresh, n.Expires = database.Moment(fresh), database.Moment(expires)
	n.Expires = n.end()
	return n, nil
}

// Find is the session that a token opens, or ErrNone. That it was used is noted at
// most once a minute, and as well as can be: a full disk signs nobody out.
func (s *Service) Find(ctx context.Context, token string) (Session, error) {
	row := s.db.QueryRowContext(ctx, "SELECT "+columns+" FROM session WHERE token = $1", hash(token))
	n, err := scan(row.Scan)
	if errors.Is(err, sql.ErrNoRows) {
		return Session{}, ErrNone
	}
	if err != nil {
		return Session{}, fmt.Errorf("find the session: %w", err)
	}
	now := s.now()
	if !now.Before(n.Expires) {
		return Session{}, ErrNone
	}
	if now.Sub(n.Seen) >= seenEvery {
		ctx, cancel := context.WithTimeout(ctx, s.patience)
		defer cancel()
		_, _ = s.db.ExecContext(ctx, "UPDATE session SET seen = $1 WHERE id = $2 AND seen < $1", database.Millis(now), n.ID)
	}
	return n, nil
}

// Freshen notes that the person of a session has proved again who they are.
func (s *Service) Freshen(ctx context.Context, id string) error {
	if !isID(id) {
		return ErrNone
	}
	r, err := s.db.ExecContext(ctx, "UPDATE session SET fresh = $1 WHERE id = $2", database.Millis(s.now()), id)
	if err != nil {
		return fmt.Errorf("freshen the session: %w", err)
	}
	return atLeastOne(r)
}

// List is where a person is signed in, the last used first.
func (s *Service) List(ctx context.Context, person string) ([]Session, error) {
	rows, err := s.db.QueryContext(ctx, "SELECT "+columns+" FROM session WHERE person = $1 ORDER BY seen DESC, id", person)
	if err != nil {
		return nil, fmt.Errorf("list the sessions: %w", err)
	}
	defer rows.Close()
	var list []Session
	now := s.now()
	for rows.Next() {
		n, err := scan(rows.Scan)
		if err != nil {
			return nil, fmt.Errorf("list the sessions: %w", err)
		}
		if now.Before(n.Expires) {
			list = append(list, n)
		}
	}
	return list, rows.Err()
}

// End signs a person out of one place. Somebody else's session is ErrNone, as one
// that is not there.
func (s *Service) End(ctx context.Context, person, id string) error {
	if !isID(id) {
		return ErrNone
	}
	r, err := s.db.ExecContext(ctx, "DELETE FROM session WHERE id = $1 AND person = $2", id, person)
	if err != nil {
		return fmt.Errorf("end the session: %w", err)
	}
	return atLeastOne(r)
}

// EndAll signs a person out everywhere, but for the session named except ("" for
// none). What is on its way to becoming a session ends too.
func (s *Service) EndAll(ctx context.Context, person, except string) error {
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, do := range []struct {
			query string
			args  []any
		}{
			{"DELETE FROM authorization_code WHERE person = $1", []any{person}},
			{"DELETE FROM device_grant WHERE person = $1", []any{person}},
			{"DELETE FROM session WHERE person = $1 AND id <> $2", []any{person, except}},
		} {
			if _, err := tx.ExecContext(ctx, do.query, do.args...); err != nil {
				return fmt.Errorf("end the sessions: %w", err)
			}
		}
		return nil
	})
}

// Sweep takes away the rows of what is over. Nothing depends on when it runs.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	for _, do := range []struct {
		query string
		args  []any
	}{
		{"DELETE FROM session WHERE expires <= $1", []any{database.Millis(now)}},
		{"DELETE FROM session WHERE kind = $1 AND seen <= $2", []any{string(Browser), database.Millis(now.Add(-browserIdle))}},
		// A used code must be known for as long as its session lasts, to end it.
		{"DELETE FROM authorization_code WHERE expires <= $1", []any{database.Millis(now.Add(-appLife))}},
		{"DELETE FROM device_grant WHERE expires <= $1", []any{database.Millis(now.Add(-deviceLife))}},
	} {
		if _, err := s.db.ExecContext(ctx, do.query, do.args...); err != nil {
			return fmt.Errorf("sweep the sessions: %w", err)
		}
	}
	return nil
}

func atLeastOne(r sql.Result) error {
	n, err := r.RowsAffected()
	if err == nil && n == 0 {
		return ErrNone
	}
	return err
}

func hash(secret string) string {
	sum := sha256.Sum256([]byte(secret))
	return hex.EncodeToString(sum[:])
}

func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand ends the program instead
	return hex.EncodeToString(b[:])
}

// isID keeps what cannot be an id, and what a database would complain about, from it.
func isID(id string) bool {
	b, err := hex.DecodeString(id)
	return err == nil && len(b) == 16
}

// cleanName makes a name from outside fit to be read in a list.
func cleanName(name string) string {
	const most = 100 // characters
	name = strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(name, ""))
	name = strings.TrimSpace(name)
	if r := []rune(name); len(r) > most {
		name = strings.TrimSpace(string(r[:most]))
	}
	return name
}
