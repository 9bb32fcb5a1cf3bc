// Package people keeps who has an account: their e-mail, role, state, seats and
// quota, and the two ways in: a request that an administrator approves, and an
// invitation.
//
// Its one idea is that a person and an account are the same thing, and that the id,
// never the e-mail, names it: an e-mail can pass to somebody else once its person is
// removed. It promises
//
//   - one e-mail is at most one person who is not removed, and one open request;
//   - an invitation makes a person active once, within 14 days, and only the newest
//     of a person counts; of its token the database holds the SHA-256;
//   - a link with which somebody who has an account sets up anew how they sign in works
//     like one, for three days, and ends when they sign in without it, are blocked, or
//     get another address;
//   - one for the first owner counts while there is no owner, and only the newest of them;
//   - there is no way to lose the last active owner, under racing changes too.
//
// Who may change whom, the letters and the record of what was done are left to the
// callers; so is proving who somebody is (package identity).
package people

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

	"holdfast/engine/server/database"
)

// Role is what a person may do to others.
type Role string

const (
	Owner         Role = "owner"         // everything; there is always one
	Administrator Role = "administrator" // requests, people and computers, owners apart
	Member        Role = "member"        // what is theirs
)

// State is where a person stands.
type State string

const (
	Invited State = "invited" // has not signed in yet
	Active  State = "active"
	Blocked State = "blocked" // cannot sign in; computers back up and restore nothing
	Removed State = "removed"
)

var (
	ErrNotFound   = errors.New("there is no such person or request")
	ErrInvitation = errors.New("the invitation is unknown, used or expired")
	ErrTaken      = errors.New("the e-mail address has an account already")
	ErrLastOwner  = errors.New("this is the last owner")
	ErrState      = errors.New("the state of the person or request does not allow it")
	ErrInvited    = errors.New("the person has not used the invitation yet, which went to the e-mail address there is")
	ErrNotYet     = errors.New("the person is invited and has not come yet")
	ErrBlocked    = errors.New("the person is blocked")
	ErrEnded      = errors.New("the account was ended")
	// ErrInvalid is wrapped in an error that says which field is wrong and how.
	ErrInvalid = errors.New("not accepted")
)

// Person is one account.
type Person struct {
	ID      string // 32 hexadecimal digits
	Email   string // in lower case
	Name    string
	Role    Role
	State   State
	Seats   int
	Quota   int64 // bytes, 0: no limit
	Created time.Time
}

// Defaults are what new people get.
type Defaults struct {
	Seats int
	Quota int64 // bytes, 0: no limit
}

// Service knows the people in a database.
type Service struct {
	db       *database.DB
	defaults Defaults
	now      func() time.Time
}

// New uses the tables that the migrations made.
func New(db *database.DB, d Defaults, now func() time.Time) *Service {
	return &Service{db, d, now}
}

const columns = "id, email, name, role, state, seats, quota, created"

func scan(row interface{ Scan(...any) error }) (Person, error) {
	var p Person
	var created int64
	err := row.Scan(&p.ID, &p.Email, &p.Name, &p.Role, &p.State, &p.Seats, &p.Quota, &created)
	if errors.Is(err, sql.ErrNoRows) {
		return Person{}, ErrNotFound
	}
	if err != nil {
		return Person{}, fmt.Errorf("read a person: %w", err)
	}
	p.Created = database.Moment(created)
	return p, nil
}

// Get finds a person by id, removed ones too.
func (s *Service) Get(ctx context.Context, id string) (Person, error) {
	return s.GetTx(ctx, s.db, id)
}

// GetTx is Get within somebody's transaction.
func (s *Service) GetTx(ctx context.Context, q database.Querier, id string) (Person, error) {
	if !isID(id) {
		return Person{}, ErrNotFound
	}
	return scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM person WHERE id = $1", id))
}

// Take is GetTx that makes every other transaction which takes the same person wait
// until this one ends: what is read after it stays true.
func (s *Service) Take(ctx context.Context, tx *sql.Tx, id string) (Person, error) {
	if !isID(id) {
		return Person{}, ErrNotFound
	}
	if _, err := tx.ExecContext(ctx, "UPDATE person SET version = version + 1 WHERE id = $1", id); err != nil {
		return Person{}, fmt.Errorf("take a person: %w", err)
	}
	return s.GetTx(ctx, tx, id)
}

// ByEmail finds the person who has an e-mail address now.
func (s *Service) ByEmail(ctx context.Context, email string) (Person, error) {
	email, err := ParseEmail(email)
	if err != nil {
		return Person{}, ErrNotFound
	}
	return byEmail(ctx, s.db, email)
}

func byEmail(ctx context.Context, q database.Querier, email string) (Person, error) {
	return scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM person WHERE email = $1 AND state <> 'removed'", email))
}

// List returns everybody by e-mail, removed people too.
func (s *Service) List(ctx context.Context) ([]Person, error) {
	return list(ctx, s.db, "")
}

// Administrators are those who are told when something waits for an administrator.
func (s *Service) Administrators(ctx context.Context, q database.Querier) ([]Person, error) {
	return list(ctx, q, "WHERE state = 'active' AND role IN ('administrator', 'owner')")
}

func list(ctx context.Context, q database.Querier, which string) ([]Person, error) {
	rows, err := q.QueryContext(ctx, "SELECT "+columns+" FROM person "+which+" ORDER BY email, created, id")
	if err != nil {
		return nil, fmt.Errorf("list people: %w", err)
	}
	defer rows.Close()
	var people []Person
	for rows.Next() {
		p, err := scan(rows)
		if err != nil {
			return nil, err
		}
		people = append(people, p)
	}
	return people, rows.Err()
}

// Owner says whether somebody is the owner by now. An invited one does not count, so
// that an owner who lost the first link gets another.
func (s *Service) Owner(ctx context.Context) (found bool, err error) {
	n, err := owners(ctx, s.db)
	return n > 0, err
}

func owners(ctx context.Context, q database.Querier) (n int, err error) {
	err = q.QueryRowContext(ctx, "SELECT count(*) FROM person WHERE role = 'owner' AND state = 'active'").Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count the owners: %w", err)
	}
	return n, nil
}

// newID is a random name that nothing can be learned from.
func newID() string {
	var b [16]byte
	rand.Read(b[:]) // never fails: crypto/rand
	return hex.EncodeToString(b[:])
}

// isID keeps what comes in addresses and is no id from the database, which answers
// some bytes with an error.
func isID(id string) bool {
	return len(id) == 32 && strings.Trim(id, "0123456789abcdef") == ""
}

func hash(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
