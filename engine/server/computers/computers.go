// Package computers keeps which computers back up to whose account: their seats,
// owners, credentials, settings, and what they reported last.
//
// Its one idea is that a computer is an identity which a person's machines hold one
// after the other: signing in again and replacing give it a new credential, and the
// one before never counts again. A credential is "<computer id>:<secret>", the user
// name and the password of HTTP Basic (RFC 7617), so that any program that speaks
// the storage protocol can hold one. It promises
//
//   - the computers of a person that are not removed are never more than the seats,
//     however many register at once, and one that is about to take the place of
//     another: it is lent a seat, so that it is backed up before it does, and its
//     person is lent no other for a while when it did not;
//   - a personal computer is accepted only while another one, of the institution,
//     backs up, and uploads only then and never from the institution's networks;
//   - who was replaced is told so for ever, whatever happens to the computer later;
//   - Identify and MayUpload only read, so that a full disk does not lock anybody
//     out of their files.
//
// Removed computers keep their place in the record for a time of grace and can come
// back. What they stored, letters and the record of what was done are left to the
// callers. A person may be given as "": any person, for administrators.
package computers

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"holdfast/engine/server/database"
	"holdfast/engine/server/people"
)

// Owner is whose property a computer is.
type Owner string

const (
	Institution Owner = "institution"
	Personal    Owner = "personal"
)

// State is what a computer may do.
type State string

const (
	Active       State = "active"
	Blocked      State = "blocked"      // backs up, restores nothing, learns no settings
	Deauthorized State = "deauthorized" // must sign in again
	Removed      State = "removed"      // gives its seat free, can be restored for a time
)

var (
	// ErrSeats is wrapped in a sentence that says the limit.
	ErrSeats              = errors.New("every seat of this account is taken")
	ErrNoInstitution      = errors.New("a personal computer is accepted only while a computer of the institution backs up to this account")
	ErrInstitutionNetwork = errors.New("a personal computer does not upload from a network of the institution")
	ErrNotFound           = errors.New("this account has no such computer")
	ErrUnknown            = errors.New("the credential is unknown")
	ErrReplaced           = errors.New("this computer was replaced by another one")
	ErrDeauthorized       = errors.New("this computer must sign in again")
	ErrRemoved            = errors.New("this computer was removed")
	ErrBlocked            = errors.New("this computer is blocked")
	// ErrInvalid is wrapped in an error that says which field is wrong and how.
	ErrInvalid = errors.New("not accepted")
)

// Computer is one computer of a person.
type Computer struct {
	ID         string // 32 hexadecimal digits
	Person     string
	Name       string
	Asset      string // number, may be empty
	OS         string
	Owner      Owner
	State      State
	Created    time.Time
	Seen       time.Time
	LastBackup time.Time // zero: never
	RemovedAt  time.Time // zero: it is not
	Files      int64     // in its last backup, as it reported
	Bytes      int64
	Report     string // the state that it reported
	Version    string // of the program on it
	Generation int    // 1, and one more with every replacement
	Lent       bool   // it is about to take the place of another and takes no seat
	Successor  string // of a removed one: whose seat it has now; what it stored stays as long as that one
}

// Options are the rules of the institution.
type Options struct {
	Networks      []netip.Prefix // the institution's own
	Grace         time.Duration  // how long a removal can be undone; 0: 60 days
	BacksUpWithin time.Duration  // a last backup as new as this is "backs up"; 0: 30 days
}

// Service knows the computers in a database.
type Service struct {
	db      *database.DB
	people  *people.Service
	options Options
	now     func() time.Time

	mu      sync.Mutex
	touched map[string]time.Time // computer → when SeenNow last wrote
}

// New uses the tables that the migrations made.
func New(db *database.DB, people *people.Service, o Options, now func() time.Time) *Service {
	const day = 24 * time.Hour
	if o.Grace == 0 {
		o.Grace = 60 * day
	}
	if o.BacksUpWithin == 0 {
		o.BacksUpWithin = 30 * day
	}
	networks := make([]netip.Prefix, len(o.Networks))
	for i, p := range o.Networks {
		networks[i] = unmapped(p)
	}
	o.Networks = networks
	return &Service{db: db, people: people, options: o, now: now, touched: map[string]time.Time{}}
}

// unmapped is a prefix of IPv4 that was written as one of IPv4-mapped IPv6, because
// addresses are compared unmapped.
func unmapped(p netip.Prefix) netip.Prefix {
	if p.Addr().Is4In6() && p.Bits() >= 96 {
		return netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-96).Masked()
	}
	return p.Masked()
}

const columns = `id, person, name, asset, os, owner, credential, generation, blocked, deauthorized, removed, forgotten,
	created, seen, last_backup, files, bytes, report, software, lent, successor, unfinished`

// row is a computer as it is kept.
type row struct {
	Computer
	credential                                                  string
	blocked, deauthorized, removed, forgotten, lent, unfinished int64
}

func scan(from interface{ Scan(...any) error }) (row, error) {
	var r row
	var created, seen, backup int64
	err := from.Scan(&r.ID, &r.Person, &r.Name, &r.Asset, &r.OS, &r.Owner, &r.credential, &r.Generation,
		&r.blocked, &r.deauthorized, &r.removed, &r.forgotten,
		&created, &seen, &backup, &r.Files, &r.Bytes, &r.Report, &r.Version, &r.lent, &r.Successor, &r.unfinished)
	if errors.Is(err, sql.ErrNoRows) {
		return row{}, ErrNotFound
	}
	if err != nil {
		return row{}, fmt.Errorf("read a computer: %w", err)
	}
	r.Created, r.Seen, r.LastBackup, r.RemovedAt = database.Moment(created), database.Moment(seen), database.Moment(backup), database.Moment(r.removed)
	r.Lent = r.lent != 0
	r.State = r.state()
	return r, nil
}

func (r *row) state() State {
	switch {
	case r.removed != 0:
		return Removed
	case r.deauthorized != 0:
		return Deauthorized
	case r.blocked != 0:
		return Blocked
	default:
		return Active
	}
}

func get(ctx context.Context, q database.Querier, id string) (row, error) {
	if !isID(id) {
		return row{}, ErrNotFound
	}
	return scan(q.QueryRowContext(ctx, "SELECT "+columns+" FROM computer WHERE id = $1", id))
}

// find is get for somebody: what is not theirs is not there.
func (s *Service) find(ctx context.Context, q database.Querier, person, id string) (row, error) {
	r, err := get(ctx, q, id)
	s.due(&r)
	if err == nil && (person != "" && r.Person != person || s.gone(&r)) {
		err = ErrNotFound
	}
	if err != nil {
		return row{}, err
	}
	return r, nil
}

// gone says whether a removal can no longer be undone.
func (s *Service) gone(r *row) bool {
	return r.forgotten != 0 || r.removed != 0 && r.removed <= s.graceEnds()
}

// graceEnds is the moment of the removals whose grace is over right now.
func (s *Service) graceEnds() int64 { return database.Millis(s.now().Add(-s.options.Grace)) }

// Get finds a computer of a person. A removed one is there while it can be restored.
func (s *Service) Get(ctx context.Context, person, id string) (Computer, error) {
	r, err := s.find(ctx, s.db, person, id)
	return r.Computer, err
}

// Name is what a computer is called, in a letter about it; "" when it is gone for good.
func (s *Service) Name(ctx context.Context, q database.Querier, id string) string {
	r, err := get(ctx, q, id)
	if err != nil {
		return ""
	}
	return r.Name
}

// List returns the computers of a person by name, removed ones last while they can be
// restored.
func (s *Service) List(ctx context.Context, person string) ([]Computer, error) {
	return s.list(ctx, `SELECT `+columns+` FROM computer
		WHERE ($1 = '' OR person = $1) AND forgotten = 0 AND (removed = 0 OR removed > $2)
		ORDER BY CASE WHEN removed = 0 THEN 0 ELSE 1 END, name, created, id`, person, s.graceEnds())
}

// GivenUp are the seats that computers of a person gave up to take the place of another,
// however long ago, and the one whose place each took.
func (s *Service) GivenUp(ctx context.Context, person string) (successors map[string]string, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT id, successor FROM computer WHERE person = $1 AND removed > 0 AND successor <> ''", person)
	if err != nil {
		return nil, fmt.Errorf("list the seats that were given up: %w", err)
	}
	defer rows.Close()
	successors = map[string]string{}
	for rows.Next() {
		var id, successor string
		if err := rows.Scan(&id, &successor); err != nil {
			return nil, err
		}
		successors[id] = successor
	}
	return successors, rows.Err()
}

// Expired returns the removed computers whose grace is over, for Forget. One that gave
// its seat up is among them only when its successor was forgotten.
func (s *Service) Expired(ctx context.Context) ([]Computer, error) {
	if err := s.endLent(ctx); err != nil {
		return nil, err
	}
	return s.list(ctx, `SELECT `+columns+` FROM computer
		WHERE removed > 0 AND forgotten = 0 AND removed <= $1
		AND (successor = '' OR EXISTS (SELECT 1 FROM computer s WHERE s.id = computer.successor AND s.forgotten > 0))
		ORDER BY removed, id`, s.graceEnds())
}

func (s *Service) list(ctx context.Context, query string, args ...any) ([]Computer, error) {
	rows, err := s.db.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, fmt.Errorf("list computers: %w", err)
	}
	defer rows.Close()
	var list []Computer
	for rows.Next() {
		r, err := scan(rows)
		if err != nil {
			return nil, err
		}
		s.due(&r)
		list = append(list, r.Computer)
	}
	return list, rows.Err()
}
