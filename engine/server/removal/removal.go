// Package removal is what people have to do with removals: the runs in which a
// computer, for which its person has just signed in, or an administrator on the server
// itself removes what an account no longer needs.
//
// Its one idea is that a removal is told: opening one is in the audit log before its
// right is given away; at its end one entry and one letter to the person say what went,
// how much, from where, and that it can come back while the hold lasts; one that is
// stopped because far more would go than usual is told to the person and to every
// administrator, one of whom lets it go on, refuses it, or brings everything back. Each
// of these is in one transaction with what it tells of.
//
// What a removal may take, and what is far outside the usual, is store's to know.
package removal

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
	"holdfast/engine/server/store"
)

// server is who the log says did what nobody did.
const server = "server"

// Service opens, ends and decides removals.
type Service struct {
	Store     *store.Service
	People    *people.Service
	Computers *computers.Service
	Audit     *audit.Log
	Mail      *mail.Post
	Now       func() time.Time
	Hold      time.Duration // how long removed files can come back
}

// Open gives a computer of a person the right to remove, and ends what the same
// computer has left open; what an administrator has allowed goes on instead, so that a
// lost answer or a break does not use that decision up. The caller has made sure that
// the person has just signed in.
func (s *Service) Open(ctx context.Context, p people.Person, computer, address string) (store.Removal, string, error) {
	c, err := s.Computers.Get(ctx, p.ID, computer)
	switch {
	case err != nil:
		return store.Removal{}, "", err
	case c.State == computers.Blocked:
		return store.Removal{}, "", computers.ErrBlocked
	case c.State != computers.Active:
		return store.Removal{}, "", computers.ErrNotFound
	}
	return s.open(ctx, p, computer, address, p.ID, "")
}

// OpenHere is Open for work on the server itself, for which no computer of the person is
// asked; by is who does it, and reason is why, for the log.
func (s *Service) OpenHere(ctx context.Context, p people.Person, by, reason string) (store.Removal, string, error) {
	return s.open(ctx, p, "", "", by, reason)
}

func (s *Service) open(ctx context.Context, p people.Person, computer, address, by, reason string) (store.Removal, string, error) {
	left, err := s.Store.OpenRemovals(ctx, p.ID, computer)
	if err != nil {
		return store.Removal{}, "", err
	}
	for _, r := range left {
		if r.Allowed && r.Expires.After(s.Now()) {
			continue
		}
		if _, err := s.Close(ctx, r.ID, by); err != nil {
			return store.Removal{}, "", err
		}
	}
	return s.Store.OpenRemoval(ctx, p.ID, computer, address, func(tx *sql.Tx, r store.Removal) error {
		return s.record(ctx, tx, r, by, "removal.open", reason)
	})
}

// Close ends an open removal; by is who does, "" for the server. Nothing is told of one
// that removed nothing.
func (s *Service) Close(ctx context.Context, id, by string) (store.Removal, error) {
	return s.Store.CloseRemoval(ctx, id, func(tx *sql.Tx, r store.Removal) error {
		if !r.Removed() {
			return nil
		}
		if by == "" {
			by = server
		}
		return s.note(ctx, tx, r, by, "removal.close", amount(r), s.ended)
	})
}

// Sweep ends the removals whose time is over.
func (s *Service) Sweep(ctx context.Context) error {
	over, err := s.Store.EndedRemovals(ctx)
	if err != nil {
		return err
	}
	for _, r := range over {
		if _, err := s.Close(ctx, r.ID, ""); err != nil {
			return err
		}
	}
	return nil
}

// Froze is store's word that a removal was stopped.
func (s *Service) Froze(ctx context.Context, tx *sql.Tx, r store.Removal) error {
	owner, err := s.People.GetTx(ctx, tx, r.Account)
	if err != nil {
		return err
	}
	administrators, err := s.People.Administrators(ctx, tx)
	if err != nil {
		return err
	}
	for _, p := range administrators {
		if err := s.Mail.Send(ctx, tx, mail.RemovalAlert(to(p), owner.Email, r.Why, amount(r), r.ID, s.Now())); err != nil {
			return err
		}
	}
	return s.note(ctx, tx, r, server, "removal.freeze", r.Why+"; until then "+amount(r), s.stopped)
}

// Allow lets a frozen removal go on; by is who decides.
func (s *Service) Allow(ctx context.Context, id, by, reason string) (store.Removal, error) {
	return s.Store.AllowRemoval(ctx, id, func(tx *sql.Tx, r store.Removal) error {
		return s.note(ctx, tx, r, by, "removal.allow", reason, s.allowed)
	})
}

// Refuse ends a removal that has not ended.
func (s *Service) Refuse(ctx context.Context, id, by, reason string) (store.Removal, error) {
	return s.Store.RefuseRemoval(ctx, id, func(tx *sql.Tx, r store.Removal) error {
		return s.note(ctx, tx, r, by, "removal.refuse", reason, s.refused)
	})
}

// Undo brings back what a removal took, as far as the hold still has it.
func (s *Service) Undo(ctx context.Context, id, by, reason string) (store.Removal, int, error) {
	return s.Store.UndoRemoval(ctx, id, func(tx *sql.Tx, r store.Removal) error {
		return s.note(ctx, tx, r, by, "removal.undo", reason, s.undone)
	})
}

// note tells the person, and then keeps in the log what was done: that is best the last
// step of a transaction, because it holds the end of the log.
func (s *Service) note(ctx context.Context, tx *sql.Tx, r store.Removal, by, action, reason string, letter func(people.Person, string, store.Removal) mail.Message) error {
	if err := s.tell(ctx, tx, r, letter); err != nil {
		return err
	}
	return s.record(ctx, tx, r, by, action, reason)
}

func (s *Service) record(ctx context.Context, tx *sql.Tx, r store.Removal, by, action, reason string) error {
	return s.Audit.Record(ctx, tx, audit.Entry{Actor: by, Action: action, Target: r.ID, Person: r.Account, Reason: reason, Address: r.Address})
}

// tell writes to the person whose account it is.
func (s *Service) tell(ctx context.Context, tx *sql.Tx, r store.Removal, letter func(people.Person, string, store.Removal) mail.Message) error {
	p, err := s.People.GetTx(ctx, tx, r.Account)
	if err != nil {
		return err
	}
	return s.Mail.Send(ctx, tx, letter(p, s.name(ctx, tx, r), r))
}

// name is what the letters call the computer.
func (s *Service) name(ctx context.Context, tx *sql.Tx, r store.Removal) string {
	if r.Computer == "" {
		return mail.TheServer
	}
	return s.Computers.Name(ctx, tx, r.Computer)
}

func (s *Service) ended(p people.Person, computer string, r store.Removal) mail.Message {
	if r.Computer == "" {
		return mail.Thinned(to(p), amount(r), r.ID, s.Now().Add(s.Hold))
	}
	return mail.RemovalEnded(to(p), computer, amount(r), r.Address, r.ID, s.Now(), s.Now().Add(s.Hold))
}

func (s *Service) stopped(p people.Person, computer string, r store.Removal) mail.Message {
	return mail.RemovalStopped(to(p), computer, r.Why, amount(r), r.Address, r.ID, s.Now())
}

func (s *Service) allowed(p people.Person, computer string, r store.Removal) mail.Message {
	next := "Free up space on that computer once more, and it goes on from where it was stopped."
	if r.Computer == "" {
		next = "You need do nothing."
	}
	return mail.RemovalDecided(to(p), computer, "lets it go on, within a week", next, r.ID)
}

func (s *Service) refused(p people.Person, computer string, r store.Removal) mail.Message {
	return mail.RemovalDecided(to(p), computer, "has ended it", "What was removed until then can still come back: ask your administrators.", r.ID)
}

func (s *Service) undone(p people.Person, computer string, r store.Removal) mail.Message {
	return mail.RemovalDecided(to(p), computer, "brings back what it removed", "You need do nothing.", r.ID)
}

func to(p people.Person) mail.Person { return mail.Person{Email: p.Email, Name: p.Name} }

// amount is what a removal took, in words.
func amount(r store.Removal) string {
	var parts []string
	for _, part := range []struct {
		n         int64
		one, many string
	}{
		{r.Snapshots, "old backup", "old backups"},
		{r.Indexes, "list of stored parts", "lists of stored parts"},
		{r.Packs, "stored part", "stored parts"},
	} {
		switch {
		case part.n == 1:
			parts = append(parts, "1 "+part.one)
		case part.n > 1:
			parts = append(parts, fmt.Sprintf("%d %s", part.n, part.many))
		}
	}
	if len(parts) == 0 {
		return "nothing"
	}
	text := strings.Join(parts, ", ")
	if r.Packs > 0 {
		text += " of " + size(r.Bytes)
	}
	return text
}

func size(n int64) string {
	f, units := float64(n), []string{"bytes", "KB", "MB", "GB", "TB"}
	for f >= 1000 && len(units) > 1 {
		f, units = f/1000, units[1:]
	}
	return fmt.Sprintf("%.3g %s", f, units[0])
}
