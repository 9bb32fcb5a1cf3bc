package main

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"time"

	"holdfast/engine/server/api"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
)

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
		all := []any{}
		var rows [][]string
		for _, p := range everybody {
			list, err := v.computers.List(ctx, p.ID)
			if err != nil {
				return err
			}
			for _, d := range list {
				rows = append(rows, []string{d.ID, p.Email, d.Name, string(d.Owner), d.Asset, string(d.State), day(d.LastBackup)})
			}
			all = append(all, shown(list, api.ShowComputer)...)
		}
		return s.rows(all, []string{"ID", "PERSON", "NAME", "OWNER", "ASSET", "STATE", "LAST BACKUP"}, rows)
	})
}

type deviceAdd struct {
	settings
	Person string `arg:"" help:"E-mail or id of the person."`
	Name   string `env:"-" required:"" help:"Name of the computer."`
	Owner  string `env:"-" enum:"institution,personal" default:"institution" help:"institution or personal."`
	Asset  string `env:"-" help:"Asset number."`
}

func (c *deviceAdd) Run(s *output) error {
	return c.commit(s, func(ctx context.Context, v *server) (deed, error) {
		p, err := v.person(ctx, c.Person)
		if err != nil {
			return deed{}, err
		}
		d, credential, err := v.computers.Register(ctx, p.ID, computers.Registration{Name: c.Name, Asset: c.Asset, Owner: computers.Owner(c.Owner)})
		if err != nil {
			return deed{}, err
		}
		name, secret, _ := strings.Cut(credential, ":")
		at, err := url.Parse(v.settings.Origin)
		if err != nil {
			return deed{}, err
		}
		at.User, at.Path = url.UserPassword(name, secret), "/storage/"
		return did(audit.Entry{Action: "computer.add", Target: d.ID, Person: p.ID}, mail.NewComputer(mail.Person{Email: p.Email, Name: p.Name}, d.Name, "", time.Now())).
			says(map[string]string{"id": d.ID, "user": name, "password": secret, "repository": "rest:" + at.String()},
				"%s is a computer of %s. Its address holds its credential and is shown this once; keep it in a file that only you can read:\n  rest:%s\nrestic uses it so, once with init and then with backup:\n  restic --repository-file FILE%s init", plain(d.Name), plain(p.Email), at, v.settings.caOption()), nil
	})
}

// device is a command about one computer.
type device struct {
	settings
	ID string `arg:"" help:"Id of the computer."`
}

// change is one call of the computers' service; sentence is what the command says, told
// what the person reads.
func (c *device) change(s *output, action, sentence, told string, do func(v *server) func(ctx context.Context, person, id string) error) error {
	return c.commit(s, func(ctx context.Context, v *server) (deed, error) {
		d, err := v.computers.Get(ctx, "", c.ID)
		if errors.Is(err, computers.ErrNotFound) {
			err = unknown("computer", c.ID, "device list")
		}
		if err != nil {
			return deed{}, err
		}
		p, err := v.people.Get(ctx, d.Person)
		if err == nil {
			err = do(v)(ctx, d.Person, d.ID)
		}
		return did(audit.Entry{Action: action, Target: d.ID, Person: p.ID}, changed(p, "Your computer “"+d.Name+"” "+told)).
			says(map[string]string{"id": d.ID, "name": d.Name}, sentence, plain(d.Name)), err
	})
}

type (
	deviceBlock       struct{ device }
	deviceUnblock     struct{ device }
	deviceDeauthorize struct{ device }
	deviceRemove      struct{ device }
	deviceRestore     struct{ device }
)

func (c *deviceBlock) Run(s *output) error {
	return c.change(s, "computer.block", "%s is blocked: it backs up, but gives no files back.",
		"was blocked by an administrator: it goes on backing up and can restore nothing", func(v *server) func(context.Context, string, string) error { return v.computers.Block })
}

func (c *deviceUnblock) Run(s *output) error {
	return c.change(s, "computer.unblock", "%s is not blocked any more.",
		"is no longer blocked", func(v *server) func(context.Context, string, string) error { return v.computers.Unblock })
}

func (c *deviceDeauthorize) Run(s *output) error {
	return c.change(s, "computer.deauthorize", "%s is signed out; it keeps its seat.",
		"was signed out by an administrator and no longer backs up", func(v *server) func(context.Context, string, string) error { return v.computers.Deauthorize })
}

func (c *deviceRemove) Run(s *output) error {
	return c.change(s, "computer.remove", "%s is removed; what it stored stays for 60 days.",
		"was removed by an administrator and no longer backs up", func(v *server) func(context.Context, string, string) error { return v.computers.Remove })
}

func (c *deviceRestore) Run(s *output) error {
	return c.change(s, "computer.restore", "%s is back.",
		"was brought back by an administrator", func(v *server) func(context.Context, string, string) error { return v.computers.Restore })
}
