package verify_test

import (
	"context"
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
	"holdfast/engine/storage/faulty"
	"holdfast/engine/verify"
)

func (p *place) heal(found verify.Result) verify.Healed {
	p.t.Helper()
	healed, err := verify.Heal(p.t.Context(), verify.HealOptions{Repo: p.r, Packs: found.Packs, Indexes: found.Indexes})
	p.must(err)
	return healed
}

func TestHealingKeepsWhatIsGoodAndReportsWhatIsLost(t *testing.T) {
	t.Parallel()
	p, old, now, _ := example(t)
	two := p.find(old, "/home/anna/thesis/two.tex")
	letter := p.find(old, "/home/anna/letter.txt")
	figures := p.find(now, "/home/anna/thesis/figures/a.png")
	p.flipBlob(two)                                       // one of two in its pack
	flip(t, p.path(storage.Packs, figures.Pack), -12)     // nothing but the header
	p.must(os.Remove(p.path(storage.Packs, letter.Pack))) // all
	found := p.check(100)
	healed := p.heal(found)
	if healed.Copied != 2 || len(healed.Gone) != 3 || len(healed.New) != 1 || len(healed.Removed) != 1 {
		t.Errorf("%+v", healed)
	}
	lost := []repo.ID{healed.Lost[0].Blob.ID, healed.Lost[1].Blob.ID}
	slices.SortFunc(lost, repo.ID.Compare)
	want := []repo.ID{two.Blob.ID, letter.Blob.ID}
	slices.SortFunc(want, repo.ID.Compare)
	if len(healed.Lost) != 2 || !slices.Equal(lost, want) {
		t.Errorf("lost: %v", healed.Lost)
	}
	if _, err := os.Stat(p.path(storage.Packs, two.Pack)); err != nil {
		t.Errorf("the damaged file is gone: %v", err)
	}
	after := p.check(100)
	if !slices.Equal(paths(after), paths(found)) || len(after.Packs) != 0 || after.UnlistedPacks != 2 {
		t.Errorf("afterwards: %q, %q", after.Errors, paths(after))
	}
	// What is lost is stored again, as a capture of the same files does.
	for _, name := range []string{"/home/anna/letter.txt", "/home/anna/thesis/two.tex"} {
		p.addAgain("again", repo.Data, []byte(noise(name, 3000)))
	}
	p.finish("again")
	_, err := p.r.SaveIndex(t.Context(), p.done, nil)
	p.must(err)
	if r := p.check(100); !r.Whole() {
		t.Errorf("stored again: %q", r.Errors)
	}
	restic(t, p.dir, "check", "--read-data")
}

func TestHealingMakesLostListsAgain(t *testing.T) {
	p, _, _, _ := example(t)
	ids, err := p.r.ListIndexes(t.Context())
	p.must(err)
	flip(t, p.path(storage.Index, ids[0]), 60)
	found := p.check(0)
	healed := p.heal(found)
	if len(healed.Lost) != 0 || !slices.Equal(healed.Removed, ids[:1]) || len(healed.Gone) != 0 || len(healed.New) == 0 {
		t.Errorf("%+v", healed)
	}
	if r := p.check(100); !r.Whole() || r.UnlistedPacks != 0 {
		t.Errorf("%q", r.Errors)
	}
}

func TestHealingAHealthyRepositoryDoesNothing(t *testing.T) {
	p, _, _, _ := example(t)
	if h := p.heal(p.check(100)); h.Copied != 0 || len(h.Written)+len(h.Removed)+len(h.New)+len(h.Lost) != 0 {
		t.Errorf("%+v", h)
	}
}

func TestHealingThatIsInterruptedIsRunAgain(t *testing.T) {
	t.Parallel()
	p, old, _, _ := example(t)
	p.flipBlob(p.find(old, "/home/anna/thesis/two.tex"))
	found := p.check(100)
	want := paths(found)
	for n := 1; ; n++ {
		store := faulty.Wrap(p.r.Store())
		r, err := repo.Open(t.Context(), store, secret)
		p.must(err)
		// Locks apart, every write in turn is the one that does not happen.
		for _, k := range []storage.Kind{storage.Packs, storage.Index} {
			store.Add(faulty.Fault{Op: faulty.Put, Kind: k, Call: n, Err: storage.ErrFull})
			store.Add(faulty.Fault{Op: faulty.Remove, Kind: k, Call: n, Err: storage.ErrUnreachable})
		}
		_, err = verify.Heal(t.Context(), verify.HealOptions{Repo: r, Packs: found.Packs})
		after := p.check(100)
		if !slices.Equal(paths(after), want) {
			t.Fatalf("call %d: %q are affected", n, paths(after))
		}
		if err == nil {
			if len(after.Packs) != 0 {
				t.Errorf("%q", after.Errors)
			}
			return
		}
		if !errors.Is(err, storage.ErrFull) && !errors.Is(err, storage.ErrUnreachable) {
			t.Fatal(err)
		}
	}
}

func TestHealingWaitsForNobody(t *testing.T) {
	p, _, _, _ := example(t)
	lock, err := p.r.Lock(t.Context(), false)
	p.must(err)
	defer lock.Unlock()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	if _, err := verify.Heal(ctx, verify.HealOptions{Repo: p.r}); !errors.Is(err, repo.ErrLocked) {
		t.Errorf("%v", err)
	}
}

func TestWhatResticMadeIsHealedSoThatResticIsContent(t *testing.T) {
	t.Parallel()
	p := resticPlace(t, "2")
	index, err := repo.LoadMemoryIndex(t.Context(), p.r)
	p.must(err)
	var pack repo.ID
	for l := range index.All {
		if l.Blob.Type == repo.Data {
			pack = l.Pack
		}
	}
	flip(t, p.path(storage.Packs, pack), -12)
	p.heal(p.check(100))
	if r := p.check(100); !r.Whole() {
		t.Errorf("%q", r.Errors)
	}
	if out := restic(t, p.dir, "check", "--read-data"); !strings.Contains(out, "no errors were found") {
		t.Error(out)
	}
}
