package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"

	"holdfast/engine/server/api"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/operations"
	"holdfast/engine/server/people"
)

// byCommand is who the audit says did what is done here: whoever may read the
// server's own files.
const byCommand = "command"

// with opens the server for one command.
func (s *settings) with(c *output, do func(ctx context.Context, v *server) error) error {
	v, err := s.open(c.ctx, slog.New(operations.Log(os.Stderr, slog.LevelWarn)))
	if err != nil {
		return err
	}
	defer v.close()
	return do(c.ctx, v)
}

// deed is what a command did, and how it says so.
type deed struct {
	entries []audit.Entry
	letters []mail.Message
	shown   any    // as JSON
	said    string // as a sentence
}

// commit is with for a command that changes something: the change, its entry in the
// audit and its letter are one transaction, and what it prints comes after.
func (s *settings) commit(c *output, change func(ctx context.Context, v *server) (deed, error)) error {
	return s.with(c, func(ctx context.Context, v *server) error {
		var d deed
		err := v.db.Atomically(ctx, func(ctx context.Context) (err error) {
			if d, err = change(ctx, v); err != nil {
				return err
			}
			return v.record(ctx, d)
		})
		if err != nil {
			return err
		}
		return c.did(d.shown, "%s", d.said)
	})
}

func (v *server) record(ctx context.Context, d deed) error {
	for _, l := range d.letters {
		if err := v.mail.Send(ctx, nil, l); err != nil {
			return err
		}
	}
	for _, e := range d.entries {
		e.Actor = byCommand
		if err := v.audit.Record(ctx, nil, e); err != nil {
			return err
		}
	}
	return nil
}

// did is one entry, and one letter about it.
func did(e audit.Entry, l mail.Message) deed {
	return deed{entries: []audit.Entry{e}, letters: []mail.Message{l}}
}

// says is the deed with what is printed of it.
func (d deed) says(shown any, format string, args ...any) deed {
	d.shown, d.said = shown, fmt.Sprintf(format, args...)
	return d
}

// changed is the letter about something that was done on the server itself.
func changed(p people.Person, what string) mail.Message {
	return mail.SecurityChange(mail.Person{Email: p.Email, Name: p.Name}, what, "", time.Now())
}

// person finds somebody by e-mail or id.
func (v *server) person(ctx context.Context, named string) (people.Person, error) {
	p, err := v.people.Get(ctx, named)
	if strings.Contains(named, "@") {
		p, err = v.people.ByEmail(ctx, named)
	}
	if errors.Is(err, people.ErrNotFound) {
		return p, unknown("person", named, "user list")
	}
	return p, err
}

// unknown says which of a command's arguments there is not, and where to look.
func unknown(what, named, list string) error {
	return fmt.Errorf("there is no %s %q. \"holdfast-server %s\" shows those there are", what, plain(named), list)
}

// invited sends and shows the link of an invitation.
func (v *server) invited(action string, p people.Person, token string) deed {
	link := v.settings.Origin + "/invitation/" + token
	said := "Give this one-time link to"
	if v.mail.Configured() {
		said = "A mail is on its way. It holds this one-time link for"
	}
	return did(audit.Entry{Action: action, Target: p.ID}, mail.Invitation(mail.Person{Name: p.Name, Email: p.Email}, link)).
		says(map[string]string{"id": p.ID, "email": p.Email, "link": link}, "%s %s, valid for 14 days:\n  %s", said, plain(p.Email), link)
}

type requestCommand struct {
	List    requestList    `cmd:"" help:"List requests."`
	Approve requestApprove `cmd:"" help:"Approve one: the person is invited."`
	Refuse  requestRefuse  `cmd:"" help:"Refuse one."`
}

type requestList struct {
	settings
	All bool `env:"-" help:"Decided ones too."`
}

func (c *requestList) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		list, err := v.people.Requests(ctx, c.All)
		if err != nil {
			return err
		}
		rows := make([][]string, 0, len(list))
		for _, r := range list {
			rows = append(rows, []string{r.ID, r.Email, r.Name, r.Asset, string(r.State), day(r.Created), r.Reason})
		}
		return s.rows(shown(list, api.ShowRequest), []string{"ID", "E-MAIL", "NAME", "ASSET", "STATE", "ASKED", "WHY"}, rows)
	})
}

type requestApprove struct {
	settings
	New newcomers `embed:""`
	ID  string    `arg:"" help:"Id of the request."`
}

func (c *requestApprove) Run(s *output) error {
	c.newcomers = c.New
	return c.commit(s, func(ctx context.Context, v *server) (deed, error) {
		p, token, err := v.people.Approve(ctx, c.ID, byCommand)
		if errors.Is(err, people.ErrNotFound) {
			err = unknown("request", c.ID, "request list")
		}
		return v.invited("request.approve", p, token), err
	})
}

type requestRefuse struct {
	settings
	ID     string `arg:"" help:"Id of the request."`
	Reason string `env:"-" help:"What the person is told."`
}

func (c *requestRefuse) Run(s *output) error {
	return c.commit(s, func(ctx context.Context, v *server) (deed, error) {
		r, err := v.people.Refuse(ctx, c.ID, byCommand, c.Reason)
		if errors.Is(err, people.ErrNotFound) {
			err = unknown("request", c.ID, "request list")
		}
		return did(audit.Entry{Action: "request.refuse", Target: r.Email, Reason: c.Reason}, mail.Refused(mail.Person{Email: r.Email, Name: r.Name}, c.Reason)).
			says(api.ShowRequest(r), "The request of %s is refused.", plain(r.Email)), err
	})
}

func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04")
}
