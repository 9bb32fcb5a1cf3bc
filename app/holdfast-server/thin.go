package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"time"

	"holdfast/engine"
	"holdfast/engine/repo"
	"holdfast/engine/server/api"
	"holdfast/engine/server/people"
	"holdfast/engine/server/thinning"
)

// removalRun frees space in accounts of which the institution keeps the key.
type removalRun struct {
	settings
	Emails []string `arg:"" optional:"" name:"email" env:"-" help:"E-mails or ids of people."`
	All    bool     `env:"-" help:"Everybody of whom the institution keeps the key."`
	Reason string   `env:"-" help:"Why the keys are used; kept in the audit log and told to each person whose key it is."`

	least engine.Retention // no version goes sooner than by this
}

// thinned is what became of one account.
type thinned struct {
	Account   string `json:"account"`
	Email     string `json:"email"`
	Snapshots int    `json:"snapshots"` // thinned away
	Freed     int64  `json:"freed"`     // bytes
	Note      string `json:"note"`      // why nothing, or not all
	failed    bool
	busy      bool // a computer is at work
}

func (c *removalRun) Run(s *output) error {
	switch {
	case c.Reason == "":
		return errors.New("a key is used only for a reason, which its person is told. Add --reason. Nothing was done")
	case c.All == (len(c.Emails) > 0):
		return errors.New("say whose old versions may go: e-mails, or --all. Nothing was done")
	}
	c.least = engine.DefaultSettings().Retention
	return c.with(s, func(ctx context.Context, v *server) error {
		list, err := c.people(ctx, v)
		if err != nil {
			return err
		}
		done, err := c.thinAll(ctx, v, list)
		rows := make([][]string, 0, len(done))
		failed := 0
		for _, t := range done {
			if t.failed {
				failed++
			}
			rows = append(rows, []string{t.Email, fmt.Sprint(t.Snapshots), fmt.Sprint(t.Freed), t.Note})
		}
		if err := s.rows(shown(done, func(t thinned) any { return t }), []string{"PERSON", "OLD BACKUPS", "BYTES FREED", "NOTE"}, rows); err != nil {
			return err
		}
		if failed > 0 && err == nil {
			err = fmt.Errorf("%d of %d could not be done, as their notes say. Nothing is lost: what was removed lies in the hold for 30 days", failed, len(list))
		}
		return err
	})
}

var errInterrupted = errors.New("this was interrupted: not everybody had their turn. Nothing is lost, and running it again goes on")

const (
	busyRounds = 5
	busyPause  = time.Minute // most backups end within
)

// thinAll does one account after the other. Those in which a computer is at work have
// another turn when the others are done.
func (c *removalRun) thinAll(ctx context.Context, v *server, list []people.Person) ([]thinned, error) {
	var done, busy []thinned
	for round := 1; len(list) > 0; round++ {
		var again []people.Person
		busy = nil
		for i, p := range list {
			fmt.Fprintf(os.Stderr, "%d of %d: %s\n", i+1, len(list), plain(p.Email))
			t := c.thin(ctx, v, p)
			if ctx.Err() != nil {
				return append(append(done, busy...), t), errInterrupted
			}
			if !t.busy {
				done = append(done, t)
				continue
			}
			busy, again = append(busy, t), append(again, p)
		}
		if list = again; len(list) == 0 || round == busyRounds {
			break
		}
		fmt.Fprintf(os.Stderr, "In %d a computer is at work. They are tried again in a minute.\n", len(list))
		select {
		case <-ctx.Done():
			return append(done, busy...), errInterrupted
		case <-time.After(busyPause):
		}
	}
	return append(done, busy...), nil
}

func (c *removalRun) people(ctx context.Context, v *server) ([]people.Person, error) {
	if c.All {
		list, err := v.people.List(ctx)
		return slices.DeleteFunc(list, func(p people.Person) bool { return p.State == people.Removed }), err
	}
	var list []people.Person
	for _, named := range c.Emails {
		p, err := v.person(ctx, named)
		if err != nil {
			return nil, err
		}
		list = append(list, p)
	}
	return list, nil
}

// thin does one account, and says in a sentence why it did not.
func (c *removalRun) thin(ctx context.Context, v *server, p people.Person) thinned {
	work := thinning.Service{
		Store: v.store, Removals: v.removals, Computers: v.computers, Escrow: v.escrow, KeyLog: v.keyLog, Audit: v.audit, Mail: v.mail,
		Now: v.now, Least: c.least, Scratch: os.TempDir(),
	}
	result, err := work.Run(ctx, p, thinning.Order{By: byCommand, Reason: c.Reason})
	t := thinned{Account: p.ID, Email: p.Email, Snapshots: result.Forgotten, Freed: result.Freed}
	switch {
	case err != nil && ctx.Err() != nil:
		t.Note, t.failed = "interrupted", true
	case err == nil && result.Forgotten == 0 && result.Freed == 0:
		t.Note = "nothing is old enough to go"
	case err == nil:
	case errors.Is(err, thinning.ErrTheirs):
		t.Note = thinning.ErrTheirs.Error()
		t.failed = !c.All
	case errors.Is(err, thinning.ErrEnded):
		t.Note, t.failed = thinning.ErrEnded.Error(), true
	case errors.Is(err, repo.ErrLocked):
		t.Note, t.failed, t.busy = "a computer is at work in this account now; run this again later", true, true
	default:
		t.Note, t.failed = api.Sentence(err), true
	}
	return t
}
