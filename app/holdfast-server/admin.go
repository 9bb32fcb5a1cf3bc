package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
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

// done writes what was done into the audit.
func (v *server) done(ctx context.Context, action, target, reason string) error {
	return v.audit.Record(ctx, nil, audit.Entry{Actor: byCommand, Action: action, Target: target, Reason: reason})
}

// person finds somebody by e-mail or id.
func (v *server) person(ctx context.Context, named string) (people.Person, error) {
	if strings.Contains(named, "@") {
		return v.people.ByEmail(ctx, named)
	}
	return v.people.Get(ctx, named)
}

// invited sends or shows the link of an invitation.
func (v *server) invited(ctx context.Context, s *output, p people.Person, token string) error {
	link := v.settings.Origin + "/invitation/" + token
	said := "Give this one-time link to"
	if v.mail.Configured() {
		if err := v.mail.Send(ctx, nil, mail.Invitation(mail.Person{Name: p.Name, Email: p.Email}, link)); err != nil {
			return err
		}
		said = "A mail is on its way. It holds this one-time link for"
	}
	return s.did(map[string]string{"id": p.ID, "email": p.Email, "link": link}, "%s %s, valid for 14 days:\n  %s", said, plain(p.Email), link)
}

type requestCommand struct {
	List    requestList    `cmd:"" help:"List requests."`
	Approve requestApprove `cmd:"" help:"Approve one: the person is invited."`
	Refuse  requestRefuse  `cmd:"" help:"Refuse one."`
}

type requestList struct {
	settings
	All bool `help:"Decided ones too."`
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
		return s.rows(list, []string{"ID", "E-MAIL", "NAME", "ASSET", "STATE", "ASKED", "WHY"}, rows)
	})
}

type requestApprove struct {
	settings
	ID string `arg:"" help:"Id of the request."`
}

func (c *requestApprove) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		p, token, err := v.people.Approve(ctx, c.ID, byCommand)
		if err != nil {
			return err
		}
		if err := v.done(ctx, "request.approve", p.ID, ""); err != nil {
			return err
		}
		return v.invited(ctx, s, p, token)
	})
}

type requestRefuse struct {
	settings
	ID     string `arg:"" help:"Id of the request."`
	Reason string `help:"What the person is told."`
}

func (c *requestRefuse) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		r, err := v.people.Refuse(ctx, c.ID, byCommand, c.Reason)
		if err != nil {
			return err
		}
		if err := v.done(ctx, "request.refuse", r.Email, c.Reason); err != nil {
			return err
		}
		return s.did(r, "The request of %s is refused.", plain(r.Email))
	})
}

type userCommand struct {
	List    userList    `cmd:"" help:"List people."`
	Add     userAdd     `cmd:"" help:"Invite somebody."`
	Block   userBlock   `cmd:"" help:"Keep somebody from signing in; their computers go on backing up."`
	Unblock userUnblock `cmd:"" help:"Let somebody sign in again."`
	Remove  userRemove  `cmd:"" help:"Close somebody's account; what is stored stays."`
}

type userList struct{ settings }

func (c *userList) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		list, err := v.people.List(ctx)
		if err != nil {
			return err
		}
		rows := make([][]string, 0, len(list))
		for _, p := range list {
			used, err := v.store.Usage(ctx, p.ID)
			if err != nil {
				return err
			}
			rows = append(rows, []string{p.ID, p.Email, p.Name, string(p.Role), string(p.State), fmt.Sprint(p.Seats), fmt.Sprint(used.Used)})
		}
		return s.rows(list, []string{"ID", "E-MAIL", "NAME", "ROLE", "STATE", "SEATS", "BYTES"}, rows)
	})
}

type userAdd struct {
	settings
	Email string `arg:"" help:"E-mail."`
	Name  string `help:"Name."`
	Role  string `enum:"owner,administrator,member" default:"member" help:"owner, administrator or member."`
}

func (c *userAdd) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		p, token, err := v.people.Invite(ctx, c.Email, c.Name, people.Role(c.Role), byCommand)
		if err != nil {
			return err
		}
		if err := v.done(ctx, "person.invite", p.ID, ""); err != nil {
			return err
		}
		return v.invited(ctx, s, p, token)
	})
}

// named is a command about one person.
type named struct {
	settings
	Person string `arg:"" help:"E-mail or id."`
}

func (c *named) change(s *output, action, sentence string, do func(ctx context.Context, v *server, id string) error) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		p, err := v.person(ctx, c.Person)
		if err != nil {
			return err
		}
		if err := do(ctx, v, p.ID); err != nil {
			return err
		}
		if err := v.done(ctx, action, p.ID, ""); err != nil {
			return err
		}
		return s.did(map[string]string{"id": p.ID, "email": p.Email}, sentence, plain(p.Email))
	})
}

type (
	userBlock   struct{ named }
	userUnblock struct{ named }
	userRemove  struct{ named }
)

func (c *userBlock) Run(s *output) error {
	return c.change(s, "person.block", "%s is blocked.", func(ctx context.Context, v *server, id string) error {
		if err := v.people.Block(ctx, id, byCommand); err != nil {
			return err
		}
		return v.sessions.EndAll(ctx, id, "")
	})
}

func (c *userUnblock) Run(s *output) error {
	return c.change(s, "person.unblock", "%s may sign in again.", func(ctx context.Context, v *server, id string) error {
		return v.people.Unblock(ctx, id, byCommand)
	})
}

func (c *userRemove) Run(s *output) error {
	return c.change(s, "person.remove", "The account of %s is closed; what is stored stays.", func(ctx context.Context, v *server, id string) error {
		if err := v.people.Remove(ctx, id, byCommand); err != nil {
			return err
		}
		return v.sessions.EndAll(ctx, id, "")
	})
}

type deviceCommand struct {
	List        deviceList        `cmd:"" help:"List computers, of one person or all."`
	Add         deviceAdd         `cmd:"" help:"Make a computer for a person and print its credential, once: plain restic can use it."`
	Block       deviceBlock       `cmd:"" help:"Let a computer back up but neither restore nor change settings."`
	Unblock     deviceUnblock     `cmd:"" help:"Undo that."`
	Deauthorize deviceDeauthorize `cmd:"" help:"Sign a computer out; it keeps its seat."`
	Remove      deviceRemove      `cmd:"" help:"Free a computer's seat; what it stored stays for 60 days."`
	Restore     deviceRestore     `cmd:"" help:"Undo that."`
}

type deviceList struct {
	settings
	Person string `arg:"" optional:"" help:"E-mail or id; none: everybody."`
}

func (c *deviceList) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		everybody, err := v.people.List(ctx)
		if c.Person != "" {
			var p people.Person
			p, err = v.person(ctx, c.Person)
			everybody = []people.Person{p}
		}
		if err != nil {
			return err
		}
		all := []computers.Computer{}
		var rows [][]string
		for _, p := range everybody {
			list, err := v.computers.List(ctx, p.ID)
			if err != nil {
				return err
			}
			for _, d := range list {
				rows = append(rows, []string{d.ID, p.Email, d.Name, string(d.Owner), d.Asset, string(d.State), day(d.LastBackup)})
			}
			all = append(all, list...)
		}
		return s.rows(all, []string{"ID", "PERSON", "NAME", "OWNER", "ASSET", "STATE", "LAST BACKUP"}, rows)
	})
}

type deviceAdd struct {
	settings
	Person string `arg:"" help:"E-mail or id of the person."`
	Name   string `required:"" help:"Name of the computer."`
	Owner  string `enum:"institution,personal" default:"institution" help:"institution or personal."`
	Asset  string `help:"Asset number."`
}

func (c *deviceAdd) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		p, err := v.person(ctx, c.Person)
		if err != nil {
			return err
		}
		d, credential, err := v.computers.Register(ctx, p.ID, computers.Registration{Name: c.Name, Asset: c.Asset, Owner: computers.Owner(c.Owner)})
		if err != nil {
			return err
		}
		if err := v.done(ctx, "computer.add", d.ID, ""); err != nil {
			return err
		}
		name, secret, _ := strings.Cut(credential, ":")
		at, err := url.Parse(v.settings.Origin)
		if err != nil {
			return err
		}
		at.User, at.Path = url.UserPassword(name, secret), "/storage/"
		return s.did(map[string]string{"id": d.ID, "user": name, "password": secret, "repository": "rest:" + at.String()},
			"%s is a computer of %s. Its credential is shown this once; restic uses it so:\n  restic -r rest:%s", plain(d.Name), plain(p.Email), at)
	})
}

// device is a command about one computer.
type device struct {
	settings
	ID string `arg:"" help:"Id of the computer."`
}

func (c *device) change(s *output, action, sentence string, do func(v *server) func(ctx context.Context, person, id string) error) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		d, err := v.computers.Get(ctx, "", c.ID)
		if err != nil {
			return err
		}
		if err := do(v)(ctx, d.Person, d.ID); err != nil {
			return err
		}
		if err := v.done(ctx, action, d.ID, ""); err != nil {
			return err
		}
		return s.did(map[string]string{"id": d.ID, "name": d.Name}, sentence, plain(d.Name))
	})
}

type (
	deviceBlock       struct{ device }
	deviceUnblock     struct{ device }
	deviceDeauthorize struct{ device }
	deviceRemove      struct{ device }
	deviceRestore     struct{ device }
)

type auditCommand struct {
	settings
	Limit int `default:"50" help:"How many entries."`
}

func (c *auditCommand) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		if err := v.audit.Verify(ctx); err != nil {
			return err
		}
		list, err := v.audit.List(ctx, audit.Query{Limit: c.Limit})
		if err != nil {
			return err
		}
		rows := make([][]string, 0, len(list))
		for _, e := range list {
			rows = append(rows, []string{day(e.At), e.Actor, e.Action, e.Target, e.Reason})
		}
		return s.rows(list, []string{"TIME", "WHO", "WHAT", "ABOUT", "WHY"}, rows)
	})
}

func day(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Local().Format("2006-01-02 15:04")
}

// Each of these is one call of the computers' service.

func (c *deviceBlock) Run(s *output) error {
	return c.change(s, "computer.block", "%s is blocked: it backs up, but gives no files back.", func(v *server) func(context.Context, string, string) error { return v.computers.Block })
}

func (c *deviceUnblock) Run(s *output) error {
	return c.change(s, "computer.unblock", "%s is not blocked any more.", func(v *server) func(context.Context, string, string) error { return v.computers.Unblock })
}

func (c *deviceDeauthorize) Run(s *output) error {
	return c.change(s, "computer.deauthorize", "%s is signed out; it keeps its seat.", func(v *server) func(context.Context, string, string) error { return v.computers.Deauthorize })
}

func (c *deviceRemove) Run(s *output) error {
	return c.change(s, "computer.remove", "%s is removed; what it stored stays for 60 days.", func(v *server) func(context.Context, string, string) error { return v.computers.Remove })
}

func (c *deviceRestore) Run(s *output) error {
	return c.change(s, "computer.restore", "%s is back.", func(v *server) func(context.Context, string, string) error { return v.computers.Restore })
}
