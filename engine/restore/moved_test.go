//go:build linux

package restore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"holdfast/engine"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/prune"
	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// together puts the packs of a repository together, as another computer does at any
// moment.
func together(t *testing.T, b *Bench) {
	t.Helper()
	before := packs(t, b)
	_, err := prune.Run(t.Context(), prune.Options{Repo: b.Repo, Catalog: b.Catalog, Now: time.Now,
		Devices: []prune.Device{{ID: b.Device, Policy: engine.Retention{All: 1000 * time.Hour}}}})
	if err != nil {
		t.Fatal(err)
	}
	for name := range packs(t, b) {
		if before[name] {
			t.Fatalf("pack %s is where it was", name)
		}
	}
}

func packs(t *testing.T, b *Bench) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	err := b.Repo.Store().List(t.Context(), storage.Packs, func(i storage.Info) error { all[i.Name] = true; return nil })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// learning is a locator that can be made to learn anew.
type learning struct {
	mu sync.Mutex
	repo.Locator
	b     *Bench
	times int
}

func (l *learning) again(ctx context.Context) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.times++
	fresh, err := repo.LoadMemoryIndex(ctx, l.b.Repo)
	l.Locator = fresh
	return err
}

func (l *learning) Locate(t repo.BlobType, id repo.ID) (repo.Location, bool, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.Locator.Locate(t, id)
}

// manyPacks is a repository of several small packs, of data and of trees.
func manyPacks(t *testing.T) *Bench {
	b := New(t, Tree{"0": File("first")})
	b.Capture()
	for i := range 10 {
		b.Write(Tree{fmt.Sprintf("sub%d/f", i): Random(uint64(i), 50_000)})
		b.Capture()
	}
	return b
}

func TestARestoreFindsWhatWasPutTogetherMeanwhile(t *testing.T) {
	b := manyPacks(t)
	r := prepare(t, b)
	l := &learning{Locator: r.options.Locator, b: b}
	r.options.Locator, r.options.Relocate = l, l.again
	together(t, b)
	r.last().works().is()
	if l.times == 0 {
		t.Error("nothing was looked for anew, and so nothing is shown")
	}
}

func TestWithoutAWayToLearnAnewWhatIsGoneIsNamed(t *testing.T) {
	b := manyPacks(t)
	r := prepare(t, b)
	together(t, b)
	if r.last(); r.err != nil || r.failed() == "" {
		t.Errorf("%v, failed: %q", r.err, r.failed())
	}
}

func TestWhatIsLostIsNotLookedForOncePerPack(t *testing.T) {
	b := New(t, Tree{})
	for i := range 12 {
		b.Write(Tree{fmt.Sprint(i): Random(uint64(i), 1000)})
		b.Capture()
	}
	r := prepare(t, b)
	l := &learning{Locator: r.options.Locator, b: b}
	r.options.Locator, r.options.Relocate = l, l.again
	for i := range 12 {
		loc, ok, err := l.Locate(repo.Data, repo.Hash(Bytes(uint64(i), 1000)))
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		if err := b.Repo.Store().Remove(t.Context(), storage.Packs, loc.Pack.String()); err != nil {
			t.Fatal(err)
		}
	}
	if r.last(); r.err != nil || len(r.items) != 12 {
		t.Errorf("%v, %d files failed of 12", r.err, len(r.items))
	}
	if l.times == 0 || l.times > 4 {
		t.Errorf("looked %d times", l.times)
	}
}

func TestLostFoldersAreNotLookedForOncePerPack(t *testing.T) {
	b := New(t, Tree{})
	for i := range 12 {
		b.Write(Tree{fmt.Sprintf("sub%d/f", i): File("lost")})
		b.Capture()
	}
	lost := packs(t, b)
	b.Write(Tree{"here": File("here")})
	b.Capture()
	r := prepare(t, b)
	l := &learning{Locator: r.options.Locator, b: b}
	r.options.Locator, r.options.Relocate = l, l.again
	for name := range lost {
		if err := b.Repo.Store().Remove(t.Context(), storage.Packs, name); err != nil {
			t.Fatal(err)
		}
	}
	if r.last(); r.err != nil || len(r.items) < 12 {
		t.Errorf("%v, %d folders failed of 12", r.err, len(r.items))
	}
	if l.times == 0 || l.times > 4 {
		t.Errorf("looked %d times", l.times)
	}
}

func TestARestoreThatCannotLearnAnewEnds(t *testing.T) {
	b := manyPacks(t)
	r := prepare(t, b)
	r.options.Relocate = func(context.Context) error { return storage.ErrUnreachable }
	together(t, b)
	if r.last(); !errors.Is(r.err, storage.ErrUnreachable) {
		t.Errorf("%v, failed: %q", r.err, r.failed())
	}
}
