//go:build linux

package prune_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"holdfast/engine"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/catalog"
	"holdfast/engine/prune"
	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// sleeper is a store on a computer that falls asleep in a call: its lock cannot be
// renewed meanwhile, and the call itself goes on afterwards as if nothing had been.
type sleeper struct {
	storage.Store
	op   string
	kind storage.Kind
	call int // the n-th of op and kind

	mu      sync.Mutex
	seen    int
	asleep  bool
	slept   bool
	removed []string // after that
}

func (s *sleeper) pass(op string, k storage.Kind, name string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case k == storage.Locks && s.asleep:
		return storage.ErrUnreachable
	case s.slept && op == "remove" && k != storage.Locks:
		s.removed = append(s.removed, fmt.Sprint(k, " ", name))
	case !s.slept && op == s.op && k == s.kind:
		s.seen++
		if s.seen != s.call {
			break
		}
		s.asleep = true
		s.mu.Unlock()
		time.Sleep(2 * time.Hour)
		s.mu.Lock()
		s.asleep, s.slept = false, true
	}
	return nil
}

func (s *sleeper) Put(ctx context.Context, k storage.Kind, name string, data []byte) error {
	if err := s.pass("put", k, name); err != nil {
		return err
	}
	return s.Store.Put(context.WithoutCancel(ctx), k, name, data)
}

func (s *sleeper) Get(ctx context.Context, k storage.Kind, name string, offset, length int64, buf []byte) ([]byte, error) {
	if err := s.pass("get", k, name); err != nil {
		return nil, err
	}
	return s.Store.Get(context.WithoutCancel(ctx), k, name, offset, length, buf)
}

func (s *sleeper) Remove(ctx context.Context, k storage.Kind, name string) error {
	if err := s.pass("remove", k, name); err != nil {
		return err
	}
	return s.Store.Remove(context.WithoutCancel(ctx), k, name)
}

func TestAComputerThatSleptInARunRemovesNothingByWhatItKnewBefore(t *testing.T) {
	tests := map[string]*sleeper{
		"while it removed snapshots":   {op: "remove", kind: storage.Snapshots, call: 1},
		"while it read trees":          {op: "get", kind: storage.Packs, call: 2},
		"while it wrote the index":     {op: "put", kind: storage.Index, call: 1},
		"while it removed index files": {op: "remove", kind: storage.Index, call: 1},
		"while it removed packs":       {op: "remove", kind: storage.Packs, call: 1},
	}
	b, was := history(t)
	b.Catalog.Close()
	for name, s := range tests {
		t.Run(name, func(t *testing.T) {
			x := again(t, b)
			x.Catalog.Close()
			s.Store = x.Store
			synctest.Test(t, func(t *testing.T) {
				r, err := repo.Open(t.Context(), s, Secret)
				if err != nil {
					t.Fatal(err)
				}
				c, err := catalog.Open(t.Context(), x.File, r.Config().ID)
				if err != nil {
					t.Fatal(err)
				}
				defer c.Close()
				o := options(x, 6, week)
				o.Repo, o.Catalog = r, c
				if _, err := prune.Run(t.Context(), o); !errors.Is(err, repo.ErrLocked) {
					t.Errorf("it ended with %v", err)
				}
			})
			if !s.slept || len(s.removed) != 0 {
				t.Errorf("slept: %v, removed afterwards: %v", s.slept, s.removed)
			}
			x.Reopen()
			restores(x, was)
			run(x, 6, week)
			sound(x, was)
		})
	}
}

func TestWhatWasChosenAgainAfterItsRemovalStays(t *testing.T) {
	b := New(t, Tree{"sub/f": File("first"), "other": File("x")})
	at(b, 0)
	at(b, 1)
	b.Remove("sub")
	at(b, 2)
	b.Write(Tree{"sub/f": File("chosen again")})
	at(b, 3)
	o := options(b, 40, engine.Retention{All: 1000 * day})
	o.Devices[0].Removed = []prune.Removal{{Path: "/sub", Before: start.Add(day)}}
	if _, err := prune.Run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	if got := captures(b); got != "0 1 2 3" {
		t.Errorf("captures: %s", got)
	}
	list, err := b.Catalog.Snapshots(t.Context(), b.Device)
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range list {
		got := strings.Join(Contents(t, b.Restore(s.Tree)), "\n")
		if holds := strings.Contains(got, "sub"); holds != (i == 0) {
			t.Errorf("%v holds\n%s", s.Time, got)
		}
	}
	sound(b, nil)
	b.Check()
}
