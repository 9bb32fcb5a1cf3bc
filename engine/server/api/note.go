package api

import (
	"context"
	"errors"

	"holdfast/engine/server/access"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
)

// act is something done that the audit log keeps and the person is told of. One without
// a name leaves no trace.
type act struct {
	name   string        // "computer.replace"
	target string        // id of what it was done to
	person people.Person // whom it concerns
	reason string
	letter mail.Message // without To: nobody is told
	copy   string       // another address that the letter goes to
}

// commit makes a change, keeps in the log what was done, and puts the letter about it on
// its way, all in one transaction: there is no change without its trace, and nobody is
// told of what did not happen. The change may be run twice, uses nothing but its context
// to reach the services, and answers nobody; once commit has returned nil all of it is
// durable.
func (a *api) commit(ctx context.Context, c access.Caller, change func(ctx context.Context) (act, error)) error {
	return told(a.DB.Atomically(ctx, func(ctx context.Context) error {
		d, err := change(ctx)
		if err != nil {
			return err
		}
		return a.record(ctx, c, d)
	}))
}

// note is commit of a trace alone, of what the key store did, which has logged it already.
// Its error must keep an answer with a secret from going out.
func (a *api) note(ctx context.Context, c access.Caller, d act, did audit.Entry) error {
	return a.KeyLog.Tell(ctx, did, func(ctx context.Context) error { return a.record(ctx, c, d) })
}

// errRehearsed undoes a rehearsal.
var errRehearsed = errors.New("this was a rehearsal")

// rehearse is commit of a trace that is undone, to see that it can be written.
func (a *api) rehearse(ctx context.Context, c access.Caller, d act) error {
	err := a.DB.Atomically(ctx, func(ctx context.Context) error {
		if err := a.record(ctx, c, d); err != nil {
			return err
		}
		return errRehearsed
	})
	if errors.Is(err, errRehearsed) {
		return nil
	}
	return err
}

// record is best the last step of a transaction: it holds the end of the log.
func (a *api) record(ctx context.Context, c access.Caller, d act) error {
	if d.name == "" {
		return nil
	}
	actor := "server"
	if c.Person != nil {
		actor = c.Person.ID
	}
	err := a.Audit.Record(ctx, nil, audit.Entry{Actor: actor, Action: d.name, Target: d.target, Person: d.person.ID,
		Reason: d.reason, Address: c.Address.String()})
	if err != nil {
		return err
	}
	for _, address := range []string{d.letter.To, d.copy} {
		if address == "" {
			continue
		}
		d.letter.To = address
		if err := a.Mail.Send(ctx, nil, d.letter); err != nil {
			return err
		}
	}
	return nil
}

// changed is an act with the usual letter: what was changed, in a sentence.
func (a *api) changed(c access.Caller, name, target string, p people.Person, what string) act {
	return act{name: name, target: target, person: p, letter: mail.SecurityChange(to(p), what, place(c), a.Now())}
}

func to(p people.Person) mail.Person { return mail.Person{Email: p.Email, Name: p.Name} }

// place is where something was done from, as a letter says it.
func place(c access.Caller) string {
	if c.Session != nil && c.Session.Name != "" {
		return c.Session.Name + ", " + c.Address.String()
	}
	return c.Address.String()
}

// called is a computer in a letter.
func called(c computers.Computer) string { return "Your computer “" + c.Name + "”" }
