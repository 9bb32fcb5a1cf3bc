package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/identity"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/operations"
	"holdfast/engine/server/people"
)

type secretsCommand struct {
	Renew secretsRenew `cmd:"" help:"Begin with another key when the file of --secrets-key-file is lost: everybody with an authenticator app has to set it up anew."`
}

type secretsRenew struct {
	settings
	Yes bool `env:"-" help:"Do it. Without this the command only says what it would do."`
}

// errNotLost says that there is nothing to begin anew.
func (s *settings) errNotLost() error {
	return fmt.Errorf("the key in %s is the one with which the authenticator apps in this database are kept. Nothing is lost, and nothing was changed", s.SecretsKeyFile)
}

func (c *secretsRenew) Run(s *output) error {
	if !c.Yes {
		return c.preview(s)
	}
	c.renewing = true
	return c.commit(s, func(ctx context.Context, v *server) (deed, error) {
		lost, err := v.identity.SealAnew(ctx)
		if errors.Is(err, identity.ErrSameKey) {
			return deed{}, c.errNotLost()
		}
		if err != nil {
			return deed{}, err
		}
		return v.appsEnded(ctx, lost)
	})
}

// preview says what would become of whom, makes no key and changes nothing.
func (c *secretsRenew) preview(s *output) error {
	if err := c.complete(); err != nil {
		return err
	}
	v := &server{settings: &c.settings, log: slog.New(operations.Log(os.Stderr, slog.LevelWarn)), now: time.Now}
	err := v.openDatabase(s.ctx)
	defer v.close()
	if err != nil {
		return err
	}
	id, err := identity.KeyOf(s.ctx, v.db)
	if err != nil {
		return err
	}
	if _, err := os.Stat(c.SecretsKeyFile); !errors.Is(err, fs.ErrNotExist) {
		key, err := escrow.OpenKeyFile(c.SecretsKeyFile)
		if err == nil && key.ID() == id {
			return c.errNotLost()
		}
	}
	n, err := identity.Sealed(s.ctx, v.db)
	if err != nil {
		return err
	}
	return fmt.Errorf("the authenticator apps of %s would end. Each gets a letter; who has neither a passkey nor the institution's sign-in is signed out, and gets a one-time link to set a new password and app up. Their computers go on backing up. Nothing was changed. Look for the key with the id %s in your backups first; if it is not there, use --yes", counted(n), id)
}

// appsEnded gives those who have no other way to sign in a link, and tells everybody.
func (v *server) appsEnded(ctx context.Context, lost []identity.Unopened) (deed, error) {
	id, err := identity.KeyOf(ctx, v.db)
	if err != nil {
		return deed{}, err
	}
	d := deed{entries: []audit.Entry{{Action: "secrets.renew", Target: id, Reason: fmt.Sprintf("the key before is lost; the authenticator apps of %s ended", counted(len(lost)))}}}
	shown := []map[string]string{}
	var lines strings.Builder
	for _, u := range lost {
		p, link, err := v.appEnded(ctx, u)
		if err != nil {
			return deed{}, err
		}
		next := link
		if link == "" {
			next = "signs in in another way"
			if p.State == people.Blocked {
				next = "is blocked; after \"user unblock\", use \"user reset-sign-in\" if they cannot sign in"
			}
		}
		fmt.Fprintf(&lines, "\n  %s  %s", plain(p.Email), next)
		shown = append(shown, map[string]string{"id": p.ID, "email": p.Email, "link": link})
		action := "totp.remove"
		if link != "" {
			action = "person.reset_sign_in"
		}
		d.entries = append(d.entries, audit.Entry{Action: action, Target: p.ID, Reason: "the key of the authenticator apps is lost"})
		d.letters = append(d.letters, mail.AppEnded(mail.Person{Email: p.Email, Name: p.Name}, link, time.Now()))
	}
	return d.says(map[string]any{"key": id, "people": shown},
		"%s holds the key of people's authenticator apps now; back it up. Put the same file on every server of this database, and restart them. The authenticator apps of %s ended.%s", v.settings.SecretsKeyFile, counted(len(lost)), lines.String()), nil
}

func counted(people int) string {
	if people == 1 {
		return "1 person"
	}
	return fmt.Sprint(people, " people")
}

func (v *server) appEnded(ctx context.Context, u identity.Unopened) (p people.Person, link string, err error) {
	if p, err = v.people.Get(ctx, u.Person); err != nil || u.Enters || p.State != people.Active {
		return p, "", err
	}
	link, err = v.resetSignIn(ctx, p)
	return p, link, err
}
