// Package keylog carries what the key store's log has over into the server's own log
// and to the people whose keys it is about.
//
// The key store has a database of its own, so that no transaction holds both: a key is
// kept or released there first, and then the server's log and the person are told. Its
// one idea is that an entry of the key store's log is told once, by whoever comes first:
// mostly the request that made it (Tell), and where that one died in between, or could
// not write, the next Sweep. Told and recorded are one transaction, under the hash of
// the entry.
//
// Sweep also holds on to the last entry that it has seen. One that is another later, or
// gone, means that the key store's database was set back or that its log was changed,
// and the server's log says so.
//
// That a key was forgotten is told before it is, in the transaction that takes its key
// files away, so Sweep leaves such entries alone.
package keylog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/database"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
)

// Service is safe for use by several goroutines, and its database by several servers.
type Service struct {
	DB     *database.DB
	Keys   *escrow.Client
	Audit  *audit.Log
	Mail   *mail.Post
	People *people.Service
	Now    func() time.Time
}

const (
	// patience is how long the request that made an entry has for telling of it.
	patience = time.Minute
	// page is how many entries are looked at in one go.
	page = 100
)

// changed is what the server's log calls a key store whose log is not what it was.
const changed = "key_log.changed"

// Tell runs what tells of an entry, in one transaction with the note that it was told of;
// when somebody was faster nothing is run. An entry that is not told of, because this
// fails, is found by the next Sweep.
func (s *Service) Tell(ctx context.Context, e audit.Entry, tell func(ctx context.Context) error) error {
	return s.DB.Atomically(ctx, func(ctx context.Context) error {
		done, err := s.DB.ExecContext(ctx, "INSERT INTO key_entry_told (hash, number) VALUES ($1, $2) ON CONFLICT (hash) DO NOTHING", e.Hash, e.Number)
		if err != nil {
			return err
		}
		if n, err := done.RowsAffected(); err != nil || n == 0 {
			return err
		}
		return tell(ctx)
	})
}

// Sweep tells of the entries that nobody told of. Where another server does so at the
// same time it leaves them to that one.
func (s *Service) Sweep(ctx context.Context) error {
	seen, err := s.begin(ctx)
	for err == nil {
		var next audit.Head
		if next, err = s.sweep(ctx, seen); next == seen {
			break
		}
		seen = next
	}
	if err != nil && !errors.Is(err, errPassed) {
		return fmt.Errorf("tell of what only the key store's log has: %w", err)
	}
	return nil
}

// begin gives the last entry that was seen. A key store that was never looked at has
// told of everything by itself; one that is not what it was is begun anew from its end.
func (s *Service) begin(ctx context.Context) (audit.Head, error) {
	var seen audit.Head
	if err := s.DB.QueryRowContext(ctx, "SELECT number, hash FROM key_log WHERE one = 1").Scan(&seen.Number, &seen.Hash); err != nil {
		return seen, err
	}
	if seen.Number == 0 {
		return seen, nil
	}
	if seen.Number > 0 {
		list, err := s.Keys.Since(ctx, seen.Number-1, 1)
		if err != nil || len(list) == 1 && list[0].Number == seen.Number && list[0].Hash == seen.Hash {
			return seen, err
		}
	}
	end, err := s.Keys.Head(ctx)
	if err != nil {
		return seen, err
	}
	return end, s.DB.Atomically(ctx, func(ctx context.Context) error {
		if err := s.pass(ctx, seen, end); err != nil || seen.Number < 0 {
			return err
		}
		return s.Audit.Record(ctx, nil, audit.Entry{Actor: "server", Action: changed, Target: fmt.Sprint(seen.Number),
			Reason: "this entry of the key store's log is no longer what it was: its database was set back to an earlier one, or the log was changed"})
	})
}

// errPassed says that another server sweeps too, and is further.
var errPassed = errors.New("another server tells of this")

// pass moves the place up to which was looked, for one server at a time.
func (s *Service) pass(ctx context.Context, from, to audit.Head) error {
	done, err := s.DB.ExecContext(ctx, "UPDATE key_log SET number = $1, hash = $2 WHERE one = 1 AND number = $3 AND hash = $4", to.Number, to.Hash, from.Number, from.Hash)
	if err != nil {
		return err
	}
	if n, err := done.RowsAffected(); err != nil || n == 0 {
		return errors.Join(errPassed, err)
	}
	return nil
}

// sweep looks at some entries after one, and gives the last that it has seen.
func (s *Service) sweep(ctx context.Context, seen audit.Head) (audit.Head, error) {
	list, err := s.Keys.Since(ctx, seen.Number, page)
	if err != nil {
		return seen, err
	}
	for i, e := range list {
		if s.Now().Sub(e.At) < patience {
			break
		}
		next := audit.Head{Number: e.Number, Hash: e.Hash}
		err := s.DB.Atomically(ctx, func(ctx context.Context) error {
			if err := s.pass(ctx, seen, next); err != nil {
				return err
			}
			return s.Tell(ctx, e, func(ctx context.Context) error { return s.tell(ctx, e, cameToNothing(e, list[i+1:])) })
		})
		if err != nil {
			return seen, err
		}
		seen = next
	}
	return seen, nil
}

// cameToNothing says that a release failed, which the log has after it.
func cameToNothing(e audit.Entry, later []audit.Entry) bool {
	for _, l := range later {
		if l.Action == escrow.ActionFailed && l.Actor == e.Actor && l.Target == e.Target && l.Reason == e.Reason {
			return e.Action == escrow.ActionRelease
		}
	}
	return false
}

// tell records an entry in the server's log, and writes to its person.
func (s *Service) tell(ctx context.Context, e audit.Entry, nothing bool) error {
	if e.Action == escrow.ActionForget {
		return nil
	}
	if letter, err := s.letter(ctx, e); err != nil {
		return err
	} else if letter.To != "" && !nothing {
		if err := s.Mail.Send(ctx, nil, letter); err != nil {
			return err
		}
	}
	return s.Audit.Record(ctx, nil, audit.Entry{Actor: e.Actor, Action: e.Action, Target: e.Target, Person: e.Target, Address: e.Address,
		Reason: fmt.Sprintf("found as entry %d in the key store's log, of %s: %s", e.Number, e.At.UTC().Format(time.RFC3339), e.Reason)})
}

// letter is what the person is told of an entry; without To it is nothing.
func (s *Service) letter(ctx context.Context, e audit.Entry) (mail.Message, error) {
	p, err := s.People.Get(ctx, e.Target)
	if errors.Is(err, people.ErrNotFound) {
		return mail.Message{}, nil
	}
	if err != nil {
		return mail.Message{}, err
	}
	to := mail.Person{Email: p.Email, Name: p.Name}
	switch e.Action {
	case escrow.ActionKeep:
		return mail.SecurityChange(to, "The institution's key store now keeps the key to your files", e.Address, e.At), nil
	case escrow.ActionRelease:
		by, err := s.People.Get(ctx, e.Actor)
		if err != nil && !errors.Is(err, people.ErrNotFound) {
			return mail.Message{}, err
		}
		return Released(p, by, e.Reason, e.Address, e.At), nil
	}
	return mail.Message{}, nil
}

// Released is the letter about the release of a person's key to somebody: the person, an
// administrator, or, without an id, whoever works on the server itself.
func Released(p, by people.Person, reason, where string, at time.Time) mail.Message {
	name := cmp.Or(by.Name, by.Email, "who works on the server itself")
	if by.ID == p.ID {
		name = ""
	}
	return mail.KeyReleased(mail.Person{Email: p.Email, Name: p.Name}, name, reason, where, at)
}
