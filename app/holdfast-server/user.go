package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"holdfast/engine/server/api"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
)

type userCommand struct {
	List    userList    `cmd:"" help:"List people."`
	Add     userAdd     `cmd:"" help:"Invite somebody."`
	Change  userChange  `cmd:"" help:"Change somebody's seats, quota, e-mail, name or role."`
	Block   userBlock   `cmd:"" help:"Keep somebody from signing in; their computers go on backing up."`
	Unblock userUnblock `cmd:"" help:"Let somebody sign in again."`
	Remove  userRemove  `cmd:"" help:"Close somebody's account; what is stored stays."`

	ResetSignIn userResetSignIn `cmd:"" help:"Let somebody who cannot sign in any more set up anew how they do: their password, authenticator app, passkeys and recovery codes end, and they get a one-time link. Their computers go on backing up."`
}

type userList struct{ settings }

func (c *userList) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		list, err := v.people.List(ctx)
		if err != nil {
			return err
		}
		rows := make([][]string, 0, len(list))
		all := make([]any, 0, len(list))
		for _, p := range list {
			used, err := v.store.Usage(ctx, p.ID)
			if err != nil {
				return err
			}
			quota := "none"
			if p.Quota > 0 {
				quota = fmt.Sprint(p.Quota)
			}
			all = append(all, api.ShowPerson(p, used.Used))
			rows = append(rows, []string{p.ID, p.Email, p.Name, string(p.Role), string(p.State), fmt.Sprint(p.Seats), fmt.Sprint(used.Used), quota})
		}
		return s.rows(all, []string{"ID", "E-MAIL", "NAME", "ROLE", "STATE", "SEATS", "BYTES", "QUOTA"}, rows)
	})
}

type userAdd struct {
	settings
	New   newcomers `embed:""`
	Email string    `arg:"" help:"E-mail."`
	Name  string    `env:"-" help:"Name."`
	Role  string    `env:"-" enum:"owner,administrator,member" default:"member" help:"owner, administrator or member."`
}

func (c *userAdd) Run(s *output) error {
	c.newcomers = c.New
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
		return did(audit.Entry{Action: action, Target: p.ID}, changed(p, told)).
			says(map[string]string{"id": p.ID, "email": p.Email}, sentence, plain(p.Email)), err
	})
}

type userChange struct {
	named
	Seats *int    `env:"-" placeholder:"N" help:"Computers the person may have. Those beyond it stay, and there is no other."`
	Quota *size   `env:"-" placeholder:"SIZE" help:"Storage the account may use, such as 500GB; none: no limit. What is stored beyond it stays, and nothing is added."`
	Email *string `env:"-" placeholder:"E-MAIL" help:"Another e-mail address; the old and the new one are written to."`
	Name  *string `env:"-" help:"Another name."`
	Role  *string `env:"-" placeholder:"ROLE" help:"owner, administrator or member."`
}

// Run makes all of the change or nothing of it; each part is an entry of its own.
func (c *userChange) Run(s *output) error {
	return c.commit(s, func(ctx context.Context, v *server) (deed, error) {
		p, err := v.person(ctx, c.Person)
		if err != nil {
			return deed{}, err
		}
		before, after, err := v.people.Change(ctx, p.ID, people.Change{
			Email: c.Email, Name: c.Name, Role: (*people.Role)(c.Role), Seats: c.Seats, Quota: (*int64)(c.Quota),
		}, byCommand)
		if err != nil {
			return deed{}, err
		}
		var d deed
		lines := []string{}
		for _, one := range people.Differences(before, after) {
			d.entries = append(d.entries, audit.Entry{Action: one.Action(), Target: after.ID, Reason: one.From + " → " + one.To})
			lines = append(lines, one.Line())
		}
		for _, email := range slices.Compact([]string{after.Email, before.Email}) {
			if len(lines) > 0 {
				d.letters = append(d.letters, mail.AccountChanged(mail.Person{Email: email, Name: after.Name}, lines, "", time.Now()))
			}
		}
		said := plain(after.Email) + " is so already; nothing was changed."
		if len(lines) > 0 {
			said = plain(after.Email)
		}
		for _, l := range lines {
			said += "\n  " + plain(l)
		}
		return d.says(map[string]any{"id": after.ID, "email": after.Email, "name": after.Name, "role": after.Role, "state": after.State,
			"seats": after.Seats, "quota": after.Quota}, "%s", said), nil
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

type userResetSignIn struct {
	named
	Reason string `env:"-" help:"Why; kept in the audit log."`
}

func (c *userResetSignIn) Run(s *output) error {
	return c.commit(s, func(ctx context.Context, v *server) (deed, error) {
		p, err := v.person(ctx, c.Person)
		if err != nil {
			return deed{}, err
		}
		link, err := v.resetSignIn(ctx, p)
		if err != nil {
			return deed{}, v.notReset(p, err)
		}
		said := "Give it to nobody else"
		if v.mail.Configured() {
			said = "A mail with it is on its way"
		}
		return did(audit.Entry{Action: "person.reset_sign_in", Target: p.ID, Reason: c.Reason}, mail.SignInReset(mail.Person{Email: p.Email, Name: p.Name}, link, time.Now())).
			says(map[string]string{"id": p.ID, "email": p.Email, "link": link}, "%s is signed out everywhere, and sets up anew how to sign in with this one-time link, valid for 3 days. %s:\n  %s", plain(p.Email), said, link), nil
	})
}

// resetSignIn ends the ways in which a person signs in, and every session, and makes the
// link with which they set up others. Computers have credentials of their own.
func (v *server) resetSignIn(ctx context.Context, p people.Person) (link string, err error) {
	_, token, err := v.people.Renew(ctx, p.ID, byCommand)
	if err == nil {
		err = v.identity.Reset(ctx, p.ID)
	}
	if err == nil {
		err = v.sessions.EndAll(ctx, p.ID, "")
	}
	return v.settings.Origin + "/invitation/" + token, err
}

// notReset says why somebody's sign-in stays as it is, and what to do instead.
func (v *server) notReset(p people.Person, err error) error {
	why := ""
	switch {
	case errors.Is(err, identity.ErrProviderOnly):
		name, _ := v.identity.Provider()
		why = fmt.Sprintf("signs in with %s only. Ask those who look after %s: there is nothing to set up anew here", name, name)
	case errors.Is(err, people.ErrNotYet):
		why = "was invited and has not come yet. Send another invitation: holdfast-server user add"
	case errors.Is(err, people.ErrBlocked):
		why = "is blocked. Let them sign in again first: holdfast-server user unblock"
	case errors.Is(err, people.ErrEnded):
		why = "has no account any more. Invite them anew: holdfast-server user add"
	default:
		return err
	}
	return fmt.Errorf("nothing was changed: %s %s", plain(p.Email), why)
}
