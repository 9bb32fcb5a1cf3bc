package main

import (
	"context"
	"fmt"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/people"
)

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
	return c.commit(s, func(ctx context.Context, v *server) (deed, error) {
		p, token, err := v.people.Invite(ctx, c.Email, c.Name, people.Role(c.Role), byCommand)
		return v.invited("person.invite", p, token), err
	})
}

// named is a command about one person.
type named struct {
	settings
	Person string `arg:"" help:"E-mail or id."`
}

// change does something to the person; sentence is what the command says, told what the
// person reads.
func (c *named) change(s *output, action, sentence, told string, do func(ctx context.Context, v *server, id string) error) error {
	return c.commit(s, func(ctx context.Context, v *server) (deed, error) {
		p, err := v.person(ctx, c.Person)
		if err == nil {
			err = do(ctx, v, p.ID)
		}
		return deed{
			entry: audit.Entry{Action: action, Target: p.ID}, letter: changed(p, told),
			shown: map[string]string{"id": p.ID, "email": p.Email}, said: fmt.Sprintf(sentence, plain(p.Email)),
		}, err
	})
}

type (
	userBlock   struct{ named }
	userUnblock struct{ named }
	userRemove  struct{ named }
)

func (c *userBlock) Run(s *output) error {
	return c.change(s, "person.block", "%s is blocked.", "Your account was blocked by an administrator: you cannot sign in; your computers go on backing up", func(ctx context.Context, v *server, id string) error {
		if err := v.people.Block(ctx, id, byCommand); err != nil {
			return err
		}
		return v.sessions.EndAll(ctx, id, "")
	})
}

func (c *userUnblock) Run(s *output) error {
	return c.change(s, "person.unblock", "%s may sign in again.", "Your account is no longer blocked", func(ctx context.Context, v *server, id string) error {
		return v.people.Unblock(ctx, id, byCommand)
	})
}

func (c *userRemove) Run(s *output) error {
	return c.change(s, "person.remove", "The account of %s is closed; what is stored stays.", "Your account was ended by an administrator; your computers no longer back up", func(ctx context.Context, v *server, id string) error {
		if err := v.people.Remove(ctx, id, byCommand); err != nil {
			return err
		}
		if err := v.sessions.EndAll(ctx, id, ""); err != nil {
			return err
		}
		return v.identity.Forget(ctx, id)
	})
}
