package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"holdfast/engine/server/audit"
	"holdfast/engine/server/people"
	"holdfast/engine/server/store"
)

type checkCommand struct {
	settings
	Hold bool `env:"-" help:"Put what was found into the hold, if it is whole and of somebody's account: after 30 days it is erased. Not after the database was restored from an older copy: computers may still count on what it does not know."`
}

// stray is one, and what is to be said of it.
type stray struct {
	store.Stray
	person people.Person
	note   string // why it is not, or cannot be, held
	held   bool
}

func (c *checkCommand) Run(s *output) error {
	return c.with(s, func(ctx context.Context, v *server) error {
		all, err := v.strays(ctx)
		if err != nil {
			return err
		}
		if c.Hold {
			if err := v.hold(ctx, all); err != nil {
				return err
			}
		}
		return s.strays(all)
	})
}

// strays are the stored files of which the database knows nothing, by their keys.
func (v *server) strays(ctx context.Context) ([]stray, error) {
	var all []stray
	err := v.store.Strays(ctx, func(r store.Stray) error {
		all = append(all, stray{Stray: r})
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("list the stored files: %w", err)
	}
	slices.SortFunc(all, func(a, b stray) int { return strings.Compare(a.Key(), b.Key()) })
	there := all[:0]
	for _, f := range all {
		f.person, err = v.people.Get(ctx, f.Account)
		switch {
		case errors.Is(err, people.ErrNotFound):
			f.note = "it is of no account of this server; perhaps another one stores here too"
		case err != nil:
			return nil, err
		default:
			err := v.store.VerifyStray(ctx, f.Stray)
			switch {
			case errors.Is(err, store.ErrNotFound): // erased meanwhile
				continue
			case errors.Is(err, store.ErrStrayConfig), errors.Is(err, store.ErrStrayContent):
				f.note = err.Error()
			case err != nil:
				return nil, err
			}
		}
		there = append(there, f)
	}
	return there, nil
}

// hold puts what can be held into the hold; each account's is one transaction, with an
// entry in the log.
func (v *server) hold(ctx context.Context, all []stray) error {
	for from := 0; from < len(all); {
		to := from
		for to < len(all) && all[to].Account == all[from].Account {
			to++
		}
		if err := v.db.Atomically(ctx, func(ctx context.Context) error { return v.holdOf(ctx, all[from:to]) }); err != nil {
			return err
		}
		from = to
	}
	return nil
}

func (v *server) holdOf(ctx context.Context, account []stray) error {
	files, bytes := 0, int64(0)
	for i := range account {
		f := &account[i]
		if f.held = false; f.note != "" {
			continue
		}
		var err error
		if f.held, err = v.store.HoldStray(ctx, f.Stray); err != nil {
			return err
		}
		if f.held {
			files, bytes = files+1, bytes+f.Size
		}
	}
	if files == 0 {
		return nil
	}
	return v.record(ctx, deed{entries: []audit.Entry{{Action: "storage.hold", Target: account[0].Account,
		Reason: fmt.Sprintf("%d files, %d bytes, of which the database knew nothing", files, bytes)}}})
}

// strays prints what was found.
func (s *output) strays(all []stray) error {
	of, rows := make([]any, 0, len(all)), make([][]string, 0, len(all))
	for _, f := range all {
		state := "can be held"
		switch {
		case f.held:
			state = "held"
		case f.note != "":
			state = f.note
		}
		of = append(of, map[string]any{"key": f.Key(), "size": f.Size, "since": f.Since.UTC(), "person": f.Account, "email": f.person.Email, "held": f.held, "note": f.note})
		rows = append(rows, []string{f.Key(), fmt.Sprint(f.Size), day(f.Since), f.person.Email, state})
	}
	if !s.json && len(all) == 0 {
		return s.did(nil, "The database knows all stored files.")
	}
	return s.rows(of, []string{"KEY", "BYTES", "SINCE", "PERSON", "STATE"}, rows)
}
