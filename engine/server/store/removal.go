package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"holdfast/engine/server/access"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
)

// RemovalState is where a removal stands.
type RemovalState string

const (
	RemovalOpen    RemovalState = "open"
	RemovalFrozen  RemovalState = "frozen"  // far outside the usual: an administrator decides
	RemovalAllowed RemovalState = "allowed" // to be opened once more, without that limit
	RemovalRefused RemovalState = "refused"
	RemovalClosed  RemovalState = "closed"
)

// Removal is a run in which one computer removes files of its account. What it removes
// lies in the hold, from which UndoRemoval brings all of it back.
type Removal struct {
	ID       string
	Account  string
	Computer string
	Address  string // from where it was opened
	State    RemovalState
	Why      string // frozen: what was outside the usual
	Allowed  bool   // it may go beyond the usual
	Opened   time.Time
	Expires  time.Time
	Ended    time.Time
	Undone   time.Time

	Snapshots, Indexes, Packs int64 // removed under it
	Bytes                     int64 // of those packs
}

// Removed says whether anything was.
func (r Removal) Removed() bool { return r.Snapshots+r.Indexes+r.Packs > 0 }

const (
	removalTime = 12 * time.Hour     // the longest prune of a large account
	decidedFor  = 7 * 24 * time.Hour // an allowed removal can be opened again
)

var (
	// ErrRemovalOver is a removal that has ended, or in which another decision was
	// taken already.
	ErrRemovalOver = errors.New("the removal has ended")
	// ErrRemoving is another removal of the account that is open now.
	ErrRemoving = errors.New("another removal of the account is open")
	errFrozen   = errors.New("a removal of the account is frozen")
	errUndoing  = errors.New("what a removal of the account took is being brought back")
)

// During is done in the transaction of a change of a removal: log it, tell of it.
type During func(tx *sql.Tx, r Removal) error

// OpenRemoval gives a computer the right to remove files of its account for some hours:
// a secret that is told this once. Whoever asks has made sure that the person is there.
// One that an administrator has allowed is opened again, also a second time while its
// hours last, and the right to it before ends. An account in which one is frozen, or
// being undone, opens none.
func (s *Service) OpenRemoval(ctx context.Context, account, computer, address string, during During) (r Removal, right string, err error) {
	if !isAccount(account) {
		return r, "", fmt.Errorf("%q is not the id of an account", account)
	}
	right = rand.Text()
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		now := s.now()
		if err := s.mayOpen(ctx, tx, account); err != nil {
			return err
		}
		allowed, err := removals(ctx, tx, "WHERE account = $1 AND computer = $2 AND allowed = 1 AND state IN ('allowed', 'open') AND expires > $3", account, computer, database.Millis(now))
		if err != nil {
			return err
		}
		expires := database.Millis(now.Add(removalTime))
		if len(allowed) > 0 {
			r = allowed[0]
			_, err = tx.ExecContext(ctx, "UPDATE removal SET state = 'open', proof = $2, expires = CASE WHEN state = 'open' THEN expires ELSE $3 END, address = $4 WHERE id = $1", r.ID, proofOf(right), expires, address)
		} else {
			r.ID = newID()
			err = s.insertRemoval(ctx, tx, r.ID, account, computer, address, proofOf(right), now)
		}
		if err == nil {
			r, err = removal(ctx, tx, r.ID)
		}
		if err != nil {
			return err
		}
		return during(tx, r)
	})
	if err != nil {
		return Removal{}, "", s.explain(err)
	}
	return r, right, nil
}

func (s *Service) mayOpen(ctx context.Context, tx *sql.Tx, account string) error {
	if err := takeAccount(ctx, tx, account); err != nil {
		return err
	}
	for _, wait := range []struct {
		which string
		err   error
	}{
		{"WHERE account = $1 AND state = 'frozen'", errFrozen},
		{"WHERE account = $1 AND undone > 0 AND EXISTS (SELECT 1 FROM object WHERE object.removal = removal.id AND object.removal <> '' AND state = 'held')", errUndoing},
	} {
		found, err := removals(ctx, tx, wait.which, account)
		if err != nil {
			return err
		}
		if len(found) > 0 {
			return wait.err
		}
	}
	return nil
}

// takeAccount makes what opens and undoes removals of an account come one after another.
func takeAccount(ctx context.Context, tx *sql.Tx, account string) error {
	_, err := changes(ctx, tx, "UPDATE object_usage SET locks = locks WHERE account = $1", account)
	return err
}

func (s *Service) insertRemoval(ctx context.Context, tx *sql.Tx, id, account, computer, address, proof string, now time.Time) error {
	base, err := s.baseOf(ctx, tx, account)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `INSERT INTO removal (id, account, computer, address, proof, state, why, allowed, opened, expires, ended, undone,
		snapshots, indexes, packs, bytes, full_bytes, months, base_bytes, base_months, may_bytes)
		VALUES ($1, $2, $3, $4, $5, 'open', '', 0, $6, $7, 0, 0, 0, 0, 0, 0, 0, 0, $8, $9, $10)`,
		id, account, computer, address, proof, database.Millis(now), database.Millis(now.Add(removalTime)),
		base.bytes, base.months, base.may)
	return err
}

// Removing is the removal to which a computer has the right, for package access.
func (s *Service) Removing(ctx context.Context, c computers.Computer, right string) (string, error) {
	found, err := removals(ctx, s.db, "WHERE proof = $1 AND proof <> '' AND computer = $2 AND account = $3", proofOf(right), c.ID, c.Person)
	switch {
	case err != nil:
		return "", err
	case len(found) == 0:
		return "", s.explain(ErrRemovalOver)
	case found[0].State == RemovalFrozen:
		return "", s.explain(errFrozen)
	case found[0].State != RemovalOpen || !found[0].Expires.After(s.now()):
		return "", s.explain(ErrRemovalOver)
	}
	return found[0].ID, nil
}

// CloseRemoval ends an open removal and the right to it. One that is not open stays as
// it is.
func (s *Service) CloseRemoval(ctx context.Context, id string, during During) (Removal, error) {
	return s.changeRemoval(ctx, id, func(tx *sql.Tx) error {
		closed, err := changes(ctx, tx, "UPDATE removal SET state = 'closed', proof = '', ended = $2 WHERE id = $1 AND state = 'open'", id, database.Millis(s.now()))
		if err != nil || !closed {
			return err
		}
		r, err := removal(ctx, tx, id)
		if err != nil {
			return err
		}
		return during(tx, r)
	})
}

// EndedRemovals are open ones whose time is over, for CloseRemoval; what was allowed
// and never used ends here.
func (s *Service) EndedRemovals(ctx context.Context) ([]Removal, error) {
	now := database.Millis(s.now())
	if _, err := changes(ctx, s.db, "UPDATE removal SET state = 'closed', ended = $1 WHERE state = 'allowed' AND expires <= $1", now); err != nil {
		return nil, err
	}
	return removals(ctx, s.db, "WHERE state = 'open' AND expires <= $1", now)
}

// OpenRemovals are those that a computer has left open.
func (s *Service) OpenRemovals(ctx context.Context, account, computer string) ([]Removal, error) {
	return removals(ctx, s.db, "WHERE account = $1 AND computer = $2 AND state = 'open'", account, computer)
}

// Removals lists those that are open or wait for somebody, or all; the last first.
func (s *Service) Removals(ctx context.Context, all bool) ([]Removal, error) {
	if all {
		return removals(ctx, s.db, "ORDER BY opened DESC, id")
	}
	return removals(ctx, s.db, "WHERE state IN ('open', 'frozen', 'allowed') ORDER BY opened DESC, id")
}

// AllowRemoval lets a frozen removal go on: its computer may open it again, within a
// week, and then remove without the limit of the usual.
func (s *Service) AllowRemoval(ctx context.Context, id string, during During) (Removal, error) {
	return s.decide(ctx, id, during, "UPDATE removal SET state = 'allowed', allowed = 1, proof = '', expires = $2 WHERE id = $1 AND state = 'frozen'", s.now().Add(decidedFor))
}

// RefuseRemoval ends a removal that has not ended, frozen or not. What it removed until
// then stays in the hold.
func (s *Service) RefuseRemoval(ctx context.Context, id string, during During) (Removal, error) {
	return s.decide(ctx, id, during, "UPDATE removal SET state = 'refused', proof = '', ended = $2 WHERE id = $1 AND state IN ('open', 'frozen', 'allowed')", s.now())
}

func (s *Service) decide(ctx context.Context, id string, during During, query string, at time.Time) (Removal, error) {
	return s.changeRemoval(ctx, id, func(tx *sql.Tx) error {
		if _, err := removal(ctx, tx, id); err != nil {
			return err
		}
		changed, err := changes(ctx, tx, query, id, database.Millis(at))
		if err == nil && !changed {
			err = ErrRemovalOver
		}
		if err != nil {
			return err
		}
		r, err := removal(ctx, tx, id)
		if err != nil {
			return err
		}
		return during(tx, r)
	})
}

func (s *Service) changeRemoval(ctx context.Context, id string, change func(tx *sql.Tx) error) (r Removal, err error) {
	err = s.db.Tx(ctx, func(tx *sql.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		r, err = removal(ctx, tx, id)
		return err
	})
	return r, err
}

const removalColumns = "SELECT id, account, computer, address, state, why, allowed, opened, expires, ended, undone, snapshots, indexes, packs, bytes FROM removal "

// removals reads those that a clause chooses.
func removals(ctx context.Context, q database.Querier, clause string, args ...any) ([]Removal, error) {
	rows, err := q.QueryContext(ctx, removalColumns+clause, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	list := []Removal{}
	for rows.Next() {
		var r Removal
		var allowed, opened, expires, ended, undone int64
		if err := rows.Scan(&r.ID, &r.Account, &r.Computer, &r.Address, &r.State, &r.Why, &allowed, &opened, &expires, &ended, &undone,
			&r.Snapshots, &r.Indexes, &r.Packs, &r.Bytes); err != nil {
			return nil, err
		}
		r.Allowed = allowed != 0
		r.Opened, r.Expires, r.Ended, r.Undone = database.Moment(opened), database.Moment(expires), database.Moment(ended), database.Moment(undone)
		list = append(list, r)
	}
	return list, rows.Err()
}

// removal reads one, or says ErrNotFound.
func removal(ctx context.Context, q database.Querier, id string) (Removal, error) {
	found, err := removals(ctx, q, "WHERE id = $1", id)
	if err == nil && len(found) == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return Removal{}, err
	}
	return found[0], nil
}

func proofOf(right string) string {
	sum := sha256.Sum256([]byte(right))
	return hex.EncodeToString(sum[:])
}

func newID() string {
	var b [16]byte
	rand.Read(b[:])
	return hex.EncodeToString(b[:])
}

var _ access.Removals = (*Service)(nil)
