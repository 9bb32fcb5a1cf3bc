// Package thinning frees space in an account on the server itself: the old versions that
// its computers' own settings no longer keep go into the hold.
//
// Its one idea is that this is a computer's run in another place. It opens the account
// with the key that the institution keeps, which is released for a reason, logged and
// told to the person like any other release; goes through the same door of the storage
// as every client; and removes under a removal, so that what is far outside the usual
// stops it and everything can come back for 30 days. An account whose person alone has
// the key is left to that person.
//
// What versions stay is engine/retention's to say, by the settings that each computer
// keeps at the server. A computer speaks for itself and for the seats that it gave up, by
// what the server knows of them, and for no other, and no snapshot that another stored in
// its name takes the place of its own. One that keeps no settings there, or is blocked,
// loses nothing. What an account that was ended stored stays. What is read of an account
// lies in a folder of its own meanwhile, and goes at the end.
package thinning

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/prune"
	"holdfast/engine/repo"
	"holdfast/engine/retention"
	"holdfast/engine/server/audit"
	"holdfast/engine/server/computers"
	"holdfast/engine/server/escrow"
	"holdfast/engine/server/keylog"
	"holdfast/engine/server/mail"
	"holdfast/engine/server/people"
	"holdfast/engine/server/removal"
	"holdfast/engine/server/store"
	"holdfast/engine/storage"
)

var (
	// ErrTheirs says that the institution does not keep the key of an account.
	ErrTheirs = errors.New("only this person has the key, so only they can free space, on one of their computers (Settings, Versions)")
	// ErrEnded says that what an account stored stays, because it was ended.
	ErrEnded = errors.New("this account was ended, and what it stored stays")
)

// Service thins accounts.
type Service struct {
	Store     *store.Service
	Removals  *removal.Service
	Computers *computers.Service
	Escrow    *escrow.Client
	KeyLog    *keylog.Service
	Audit     *audit.Log
	Mail      *mail.Post
	Now       func() time.Time
	Least     engine.Retention // whatever the settings say, no version goes sooner than by this
	Scratch   string           // where what is read of an account lies meanwhile
}

// Order is who wants an account thinned, and why.
type Order struct {
	By     string // on the server itself, for the log
	Reason string
}

// Run thins one account. Nothing is opened, and no key released, where no version is
// old enough to go, and where a computer is at work now, which is repo.ErrLocked.
func (s *Service) Run(ctx context.Context, p people.Person, o Order) (engine.MaintainResult, error) {
	var none engine.MaintainResult
	if p.State == people.Removed {
		return none, ErrEnded
	}
	if exists, err := s.Store.Exists(ctx, p.ID); err != nil || !exists {
		return none, err
	}
	if kept, _, _, err := s.Escrow.Mode(ctx, p.ID); err != nil {
		return none, err
	} else if !kept {
		return none, ErrTheirs
	}
	list, err := s.policies(ctx, p.ID)
	if err != nil {
		return none, err
	}
	stored, err := s.Store.Snapshots(ctx, p.ID)
	if err != nil || !s.due(stored, list) {
		return none, err
	}
	if err := s.idle(ctx, p.ID); err != nil {
		return none, err
	}
	opened, right, err := s.Removals.OpenHere(ctx, p, o.By, o.Reason)
	if err != nil {
		return none, err
	}
	result, err := s.under(ctx, p, o, right, prune.Options{Devices: list, Now: s.Now, Received: true, Stored: from(stored)})
	_, closed := s.Removals.Close(context.WithoutCancel(ctx), opened.ID, o.By)
	return result, errors.Join(err, closed)
}

// lockStale is when a lock that was not renewed belongs to nobody any more, as in
// engine/repo.
const lockStale = 30 * time.Minute

// idle looks for locks, as far as that goes without the key.
func (s *Service) idle(ctx context.Context, account string) error {
	locks, err := s.Store.Files(ctx, account, storage.Locks)
	for _, l := range locks {
		if s.Now().Sub(l.Received) < lockStale {
			return repo.ErrLocked
		}
	}
	return err
}

// under thins while the removal is open.
func (s *Service) under(ctx context.Context, p people.Person, o Order, right string, run prune.Options) (none engine.MaintainResult, err error) {
	at, err := s.Store.Inside(p.ID, right)
	if err != nil {
		return none, err
	}
	secret, err := s.release(ctx, p, o)
	if err != nil {
		return none, err
	}
	r, err := repo.Open(ctx, at, string(secret))
	clear(secret)
	if err != nil {
		return none, fmt.Errorf("open the backup: %w", err)
	}
	folder, err := s.folder()
	if err != nil {
		return none, err
	}
	defer os.RemoveAll(folder)
	c, err := catalog.Open(ctx, filepath.Join(folder, "catalog"), r.Config().ID)
	if err != nil {
		return none, err
	}
	defer c.Close()
	run.Repo, run.Catalog = r, c
	return prune.Run(ctx, run)
}

// from says by whose credential each snapshot came: every computer of an account has its
// key, and can make snapshots in the name of another.
func from(stored []store.Object) func(device string, id repo.ID) bool {
	by := make(map[string]string, len(stored))
	for _, o := range stored {
		by[o.Name] = o.Computer
	}
	return func(device string, id repo.ID) bool { return by[id.String()] == device }
}

// release gets the key. The log and the letter come before it is used.
func (s *Service) release(ctx context.Context, p people.Person, o Order) ([]byte, error) {
	out, err := s.Escrow.Release(ctx, p.ID, escrow.Release{By: o.By, Reason: o.Reason, Administrator: true})
	if err != nil {
		return nil, err
	}
	err = s.KeyLog.Tell(ctx, out.Entry, func(ctx context.Context) error {
		if err := s.Mail.Send(ctx, nil, keylog.Released(p, people.Person{}, o.Reason, "", s.Now())); err != nil {
			return err
		}
		return s.Audit.Record(ctx, nil, audit.Entry{Actor: o.By, Action: "key.release", Target: out.KeyFile, Person: p.ID, Reason: o.Reason})
	})
	if err != nil {
		clear(out.Secret)
		return nil, err
	}
	return out.Secret, nil
}

const (
	folders = "holdfast-thinning-"
	longest = 24 * time.Hour // no run goes on for so long: its removal ends before
)

// folder is a new one. Those of runs that were killed go.
func (s *Service) folder() (string, error) {
	left, _ := filepath.Glob(filepath.Join(s.Scratch, folders+"*"))
	for _, name := range left {
		if info, err := os.Lstat(name); err == nil && time.Since(info.ModTime()) > longest {
			_ = os.RemoveAll(name)
		}
	}
	return os.MkdirTemp(s.Scratch, folders)
}

// kept is what this package reads of the settings that computers keep at the server.
type kept struct {
	Settings struct{ Retention engine.Retention } `json:"settings"`
	Replaced []struct {
		Device string    `json:"device"`
		Until  time.Time `json:"until"`
		Over   bool      `json:"over"`
	} `json:"replaced"`
}

// policies say what stays of each computer of an account, as far as it keeps that here.
func (s *Service) policies(ctx context.Context, account string) ([]prune.Device, error) {
	all, err := s.Computers.List(ctx, account)
	if err != nil {
		return nil, err
	}
	var list []prune.Device
	givenUp, err := s.Computers.GivenUp(ctx, account)
	if err != nil {
		return nil, err
	}
	replaced, over := map[string][]time.Time{}, map[string]bool{}
	for _, c := range all {
		if c.State == computers.Removed || c.State == computers.Blocked {
			continue
		}
		text, _, err := s.Computers.Settings(ctx, c.ID)
		if err != nil {
			return nil, err
		}
		var k kept
		if json.Unmarshal(text, &k) != nil {
			continue // nothing there, or nothing that this version understands: everything stays
		}
		if !k.Settings.Retention.Valid() {
			continue
		}
		policy := retention.AtLeast(k.Settings.Retention, s.Least)
		list = append(list, prune.Device{ID: c.ID, Policy: policy})
		for _, e := range k.Replaced {
			switch {
			case !e.Over:
				replaced[e.Device] = append(replaced[e.Device], e.Until)
			case !over[e.Device] && gaveUp(givenUp, c.ID, e.Device):
				over[e.Device] = true
				list = append(list, prune.Device{ID: e.Device, Policy: policy})
			}
		}
	}
	for i := range list {
		list[i].Replaced = replaced[list[i].ID]
	}
	return list, nil
}

// gaveUp says whether a computer, which says so, has the place for which a seat was given
// up, at once or over others that were given up in their turn.
func gaveUp(givenUp map[string]string, id, device string) bool {
	for range givenUp {
		successor, is := givenUp[device]
		if !is || successor == id {
			return is
		}
		device = successor
	}
	return false
}

// due says whether a version is old enough to go, by what is known without the key.
func (s *Service) due(stored []store.Object, list []prune.Device) bool {
	versions := map[string][]retention.Version{}
	for _, o := range stored {
		versions[o.Computer] = append(versions[o.Computer], retention.Version{Time: o.Received, ID: o.Name})
	}
	for _, one := range list {
		for _, stays := range retention.Keep(versions[one.ID], s.Now(), one.Policy) {
			if !stays {
				return true
			}
		}
	}
	return false
}
