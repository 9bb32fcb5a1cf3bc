package main

import (
	"context"
	"errors"
	"fmt"

	"holdfast/engine/server/api"
	"holdfast/engine/server/store"
)

type removalCommand struct {
	Run    removalRun    `cmd:"" help:"Free space: remove what the settings of people's own computers no longer keep, with the keys that the institution keeps."`
	List   removalList   `cmd:"" help:"List removals that are open or wait for a decision."`
	Allow  removalAllow  `cmd:"" help:"Let a removal go on that was stopped because much more would go than usual."`
	Refuse removalRefuse `cmd:"" help:"End a removal; what it took stays in the hold."`
	Undo   removalUndo   `cmd:"" help:"Bring back what a removal took, as far as the hold still has it."`
}

type removalList struct {
	settings
	All bool `env:"-" help:"Those that have ended too."`
}

func (c *removalList) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		list, err := v.store.Removals(ctx, c.All)
		if err != nil {
			return err
		}
		rows := make([][]string, 0, len(list))
		for _, r := range list {
			p, err := v.people.Get(ctx, r.Account)
			if err != nil {
				return err
			}
			by := "the server"
			if r.Computer != "" {
				by = v.computers.Name(ctx, v.db, r.Computer)
			}
			rows = append(rows, []string{r.ID, p.Email, by, string(r.State), day(r.Opened),
				fmt.Sprint(r.Snapshots), fmt.Sprint(r.Packs), fmt.Sprint(r.Bytes), r.Why})
		}
		return s.rows(shown(list, api.ShowRemoval), []string{"ID", "PERSON", "COMPUTER", "STATE", "OPENED", "SNAPSHOTS", "PACKS", "BYTES", "WHY STOPPED"}, rows)
	})
}

// decision is a command about one removal.
type decision struct {
	settings
	ID     string `arg:"" help:"Id of the removal."`
	Reason string `env:"-" help:"Why; kept in the audit log."`
}

type (
	removalAllow  struct{ decision }
	removalRefuse struct{ decision }
	removalUndo   struct{ decision }
)

func (c *removalAllow) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		r, err := v.removals.Allow(ctx, c.ID, byCommand, c.Reason)
		if err != nil {
			return c.undecided(err)
		}
		return s.did(api.ShowRemoval(r), "The removal may go on: its computer can open it again until %s.", day(r.Expires))
	})
}

func (c *removalRefuse) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		r, err := v.removals.Refuse(ctx, c.ID, byCommand, c.Reason)
		if err != nil {
			return c.undecided(err)
		}
		return s.did(api.ShowRemoval(r), "The removal has ended. What it took stays in the hold; bring it back with: holdfast-server removal undo %s", r.ID)
	})
}

func (c *removalUndo) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		r, back, err := v.removals.Undo(ctx, c.ID, byCommand, c.Reason)
		if err != nil {
			return c.undecided(err)
		}
		return s.did(map[string]any{"removal": api.ShowRemoval(r), "back": back}, "%d of %d files are back.", back, r.Snapshots+r.Indexes+r.Packs)
	})
}

// undecided says in a sentence why a removal cannot be decided so.
func (c *decision) undecided(err error) error {
	switch {
	case errors.Is(err, store.ErrNotFound):
		return unknown("removal", c.ID, "removal list --all")
	case errors.Is(err, store.ErrRemovalOver):
		return errors.New("this removal does not wait for that decision. Nothing was changed; \"holdfast-server removal list --all\" shows how it stands")
	}
	return err
}
