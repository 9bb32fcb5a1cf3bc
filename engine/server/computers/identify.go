package computers

import (
	"context"
	"crypto/subtle"
	"database/sql"
	"errors"
	"fmt"
	"net/netip"

	"holdfast/engine/server/people"
)

// Identify says which computer comes with a credential, given as its two parts: the
// user name and the password of HTTP Basic. The computer of a blocked person comes
// back as blocked. Nothing is told to who does not have a secret that counts or once
// did.
func (s *Service) Identify(ctx context.Context, id, secret string) (Computer, error) {
	r, err := get(ctx, s.db, id)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return Computer{}, err
	}
	s.due(&r)
	given := hash(secret)
	if subtle.ConstantTimeCompare([]byte(given), []byte(r.credential)) != 1 {
		return Computer{}, s.past(ctx, r, given)
	}
	switch r.State {
	case Removed:
		return Computer{}, r.why()
	case Deauthorized:
		return Computer{}, ErrDeauthorized
	}
	p, err := s.people.Get(ctx, r.Person)
	switch {
	case errors.Is(err, people.ErrNotFound) || err == nil && p.State == people.Removed:
		return Computer{}, ErrRemoved
	case err != nil:
		return Computer{}, err
	case p.State == people.Blocked:
		r.State = Blocked
	}
	return r.Computer, nil
}

// why says why a removed computer is.
func (r *row) why() error {
	if r.unfinished != 0 {
		return ErrLentOver
	}
	return ErrRemoved
}

// past says why a secret that is not the one that counts is refused. What is looked
// up is the hash of a long random secret, from which the time taken tells nothing.
func (s *Service) past(ctx context.Context, r row, given string) error {
	var generation int
	err := s.db.QueryRowContext(ctx, "SELECT generation FROM computer_past_credential WHERE computer = $1 AND hash = $2", r.ID, given).Scan(&generation)
	switch {
	case errors.Is(err, sql.ErrNoRows):
		return ErrUnknown
	case err != nil:
		return fmt.Errorf("look for a past credential: %w", err)
	case generation < r.Generation:
		return ErrReplaced
	case r.State == Removed:
		return r.why()
	default:
		return ErrDeauthorized
	}
}

// MayUpload holds the two rules for personal computers against an upload that comes
// from an address.
func (s *Service) MayUpload(ctx context.Context, c Computer, from netip.Addr) error {
	if c.Owner != Personal {
		return nil
	}
	if s.inside(from) {
		return ErrInstitutionNetwork
	}
	return s.backsUp(ctx, s.db, c.Person, "")
}

// inside says whether an address is one of the institution's. One that nobody knows
// counts as such where there are any.
func (s *Service) inside(from netip.Addr) bool {
	from = from.Unmap().WithZone("")
	for _, p := range s.options.Networks {
		if !from.IsValid() || p.Contains(from) {
			return true
		}
	}
	return false
}
