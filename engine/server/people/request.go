package people

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"holdfast/engine/server/database"
)

// What became of a request.
const (
	Open     = "open"
	Approved = "approved"
	Refused  = "refused"
)

// Request is somebody's wish to have an account. Who makes it is not known to be who
// they say; the invitation goes to the e-mail address alone.
type Request struct {
	ID      string
	Name    string
	Email   string
	Reason  string
	Asset   string // number of the computer, may be empty
	Address string // where it was asked from
	Created time.Time
	State   string    // Open, Approved or Refused
	Decided time.Time // zero: not yet
	By      string    // who decided
	Why     string    // of a refusal
}

// Request takes a wish down. Its fields up to Address count. Asking again before it
// is decided changes the words of the same request. Whether the e-mail address has
// an account makes no difference here, neither in the answer nor in the work.
func (s *Service) Request(ctx context.Context, r Request) (err error) {
	if r.Email, err = ParseEmail(r.Email); err != nil {
		return err
	}
	if r.Name, err = line("name", r.Name, maxName); err != nil {
		return err
	}
	if r.Name == "" {
		return fmt.Errorf("%w: a name is needed", ErrInvalid)
	}
	if r.Reason, err = text("reason", r.Reason, maxReason); err != nil {
		return err
	}
	if r.Asset, err = line("asset number", r.Asset, maxAsset); err != nil {
		return err
	}
	if r.Address, err = line("address", r.Address, maxName); err != nil {
		return err
	}
	_, err = s.db.ExecContext(ctx, `INSERT INTO access_request
		(id, email, name, reason, asset, address, created, state, decided, decided_by, why)
		VALUES ($1, $2, $3, $4, $5, $6, $7, 'open', 0, '', '')
		ON CONFLICT (email) WHERE state = 'open' DO UPDATE
		SET name = excluded.name, reason = excluded.reason, asset = excluded.asset, address = excluded.address`,
		newID(), r.Email, r.Name, r.Reason, r.Asset, r.Address, database.Millis(s.now()))
	if err != nil {
		return fmt.Errorf("keep a request: %w", err)
	}
	return nil
}

const requestColumns = "id, email, name, reason, asset, address, created, state, decided, decided_by, why"

func scanRequest(row interface{ Scan(...any) error }) (Request, error) {
	var r Request
	var created, decided int64
	err := row.Scan(&r.ID, &r.Email, &r.Name, &r.Reason, &r.Asset, &r.Address, &created, &r.State, &decided, &r.By, &r.Why)
	if errors.Is(err, sql.ErrNoRows) {
		return Request{}, ErrNotFound
	}
	if err != nil {
		return Request{}, fmt.Errorf("read a request: %w", err)
	}
	r.Created, r.Decided = database.Moment(created), database.Moment(decided)
	return r, nil
}

// Requests returns the open requests, or all, the oldest first.
func (s *Service) Requests(ctx context.Context, all bool) ([]Request, error) {
	query := "SELECT " + requestColumns + " FROM access_request"
	if !all {
		query += " WHERE state = 'open'"
	}
	rows, err := s.db.QueryContext(ctx, query+" ORDER BY created, id")
	if err != nil {
		return nil, fmt.Errorf("list requests: %w", err)
	}
	defer rows.Close()
	var requests []Request
	for rows.Next() {
		r, err := scanRequest(rows)
		if err != nil {
			return nil, err
		}
		requests = append(requests, r)
	}
	return requests, rows.Err()
}

// Approve makes the person of a request, or renews the invitation of one who was
// invited before, by approving the same request again too.
func (s *Service) Approve(ctx context.Context, requestID, by string) (Person, string, error) {
	return s.admit(ctx, func(tx *sql.Tx) (Person, string, error) {
		r, decided := s.decide(ctx, tx, requestID, Approved, by, "")
		if decided != nil && !(errors.Is(decided, ErrState) && r.State == Approved) {
			return Person{}, "", decided
		}
		p, err := byEmail(ctx, tx, r.Email)
		switch {
		case err == nil: // what an administrator gave weighs more than a stranger's words
			return s.invite(ctx, tx, r.Email, p.Name, p.Role, by)
		case errors.Is(err, ErrNotFound) && decided == nil:
			return s.invite(ctx, tx, r.Email, r.Name, Member, by)
		case errors.Is(err, ErrNotFound): // approved once, and removed since
			return Person{}, "", decided
		default:
			return Person{}, "", err
		}
	})
}

// Refuse closes an open request.
func (s *Service) Refuse(ctx context.Context, requestID, by, why string) (r Request, err error) {
	if why, err = text("reason", why, maxReason); err != nil {
		return Request{}, err
	}
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		r, err = s.decide(ctx, tx, requestID, Refused, by, why)
		return err
	})
	if err != nil {
		return Request{}, err
	}
	return r, nil
}

// decide changes an open request. With ErrState comes what somebody decided before.
func (s *Service) decide(ctx context.Context, tx *sql.Tx, id, state, by, why string) (Request, error) {
	if !isID(id) {
		return Request{}, ErrNotFound
	}
	done, err := tx.ExecContext(ctx, "UPDATE access_request SET state = $1, decided = $2, decided_by = $3, why = $4 WHERE id = $5 AND state = 'open'",
		state, database.Millis(s.now()), by, why, id)
	if err != nil {
		return Request{}, fmt.Errorf("decide a request: %w", err)
	}
	n, err := done.RowsAffected()
	if err != nil {
		return Request{}, fmt.Errorf("decide a request: %w", err)
	}
	r, err := scanRequest(tx.QueryRowContext(ctx, "SELECT "+requestColumns+" FROM access_request WHERE id = $1", id))
	if err == nil && n == 0 {
		err = ErrState
	}
	return r, err
}
