// Package lending tells people of the end of a lent seat: of a computer that was let in
// beside those that have seats, so that it could take the place of another one, and did
// not in time.
//
// Its one idea is that such an end is an event of its own, whoever causes it: time does,
// or the next computer that is lent one. It promises that each is in the audit log and in
// a letter to the person once, however many servers look, both in one transaction with
// the note that it was told. When a seat ends, and what the computer itself is told, is
// package computers' to know.
package lending

import (
	"context"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/database"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
)

// Service tells of ends.
type Service struct {
	DB        *database.DB
	People    *people.Service
	Computers *computers.Service
	Audit     *audit.Log
	Mail      *mail.Post
}

// Tell tells of those that nobody was told of yet, of one person or, with "", of all. Within
// a transaction (database.Atomically) it is a part of that.
func (s *Service) Tell(ctx context.Context, person string) error {
	ended, err := s.Computers.LentEnded(ctx, person)
	if err != nil {
		return err
	}
	for _, c := range ended {
		if err := s.DB.Atomically(ctx, func(ctx context.Context) error { return s.tell(ctx, c) }); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) tell(ctx context.Context, c computers.Computer) error {
	told, err := s.Computers.LentEndTold(ctx, c.ID)
	if err != nil || !told {
		return err
	}
	p, err := s.People.Get(ctx, c.Person)
	if err != nil {
		return err
	}
	if p.State != people.Removed {
		if err := s.Mail.Send(ctx, nil, mail.LentSeatEnded(mail.Person{Email: p.Email, Name: p.Name}, c.Name, c.RemovedAt)); err != nil {
			return err
		}
	}
	return s.Audit.Record(ctx, nil, audit.Entry{Actor: "server", Action: "computer.lent_end", Target: c.ID, Person: c.Person,
		Reason: c.Name + " did not take the place of another computer until " + c.RemovedAt.UTC().Format(time.RFC3339)})
}
