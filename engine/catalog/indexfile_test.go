package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// has says which of these texts are stored.
func has(t testing.TB, c *Catalog, texts ...string) (stored []string) {
	t.Helper()
	for _, text := range texts {
		ok, err := c.Has(repo.Data, id(text))
		must(t, err)
		if ok {
			stored = append(stored, text)
		}
	}
	return stored
}

func unindexed(t testing.TB, c *Catalog) int {
	t.Helper()
	packs, err := c.UnindexedPacks(context.Background())
	must(t, err)
	return len(packs)
}

// indexes reads all index files: what each lists.
func indexes(t testing.TB, r *repo.Repository) map[repo.ID][]repo.PackInfo {
	t.Helper()
	ctx := context.Background()
	files, err := r.ListIndexes(ctx)
	must(t, err)
	found := make(map[repo.ID][]repo.PackInfo)
	for _, f := range files {
		must(t, r.LoadIndex(ctx, f, func(p repo.PackInfo) error {
			found[f] = append(found[f], p)
			return nil
		}))
	}
	return found
}

// maintain puts the index files together without the packs that hold these texts,
// and removes those: what maintenance by another computer does.
func maintain(t testing.TB, r *repo.Repository, texts ...string) {
	t.Helper()
	ctx := context.Background()
	var kept []repo.PackInfo
	var old, gone []repo.ID
	for file, packs := range indexes(t, r) {
		old = append(old, file)
		for _, p := range packs {
			dropped := slices.ContainsFunc(p.Blobs, func(b repo.Blob) bool {
				return slices.ContainsFunc(texts, func(text string) bool { return id(text) == b.ID })
			})
			if dropped {
				gone = append(gone, p.ID)
			} else {
				kept = append(kept, p)
			}
		}
	}
	_, err := r.SaveIndex(ctx, kept, old)
	must(t, err)
	for _, f := range old {
		must(t, r.RemoveIndex(ctx, f))
	}
	for _, p := range gone {
		must(t, r.RemovePack(ctx, p))
	}
}

func TestAPackWithoutAnIndexIsStoredOnlyAsLongAsItIsAtTheDestination(t *testing.T) {
	ctx := context.Background()
	r, _ := newRepository(t)
	c := open(t)
	pack := func(text string, at int) repo.PackInfo {
		p := repo.PackInfo{ID: id("pack of " + text), Blobs: []repo.Blob{{ID: id(text), Length: 100}}}
		must(t, c.AddPack(ctx, p, packSize(p), false))
		must(t, r.Store().Put(ctx, storage.Packs, p.ID.String(), make([]byte, at)))
		return p
	}
	whole, taken := pack("whole", 1000), pack("taken", 1000)
	pack("cut", 60)
	must(t, r.RemovePack(ctx, taken.ID))
	must(t, c.Sync(ctx, r, nil))
	equal(t, "stored", fmt.Sprint(has(t, c, "whole", "taken", "cut")), "[whole]")
	packs, err := c.UnindexedPacks(ctx)
	must(t, err)
	equal(t, "to be listed", len(packs) == 1 && packs[0].ID == whole.ID, true)
}

func TestADestinationThatCannotBeAskedTakesNothingOutOfTheCatalog(t *testing.T) {
	ctx := context.Background()
	r, store := newRepository(t)
	c := open(t)
	p := repo.PackInfo{ID: id("pack"), Blobs: []repo.Blob{{ID: id("own"), Length: 100}}}
	must(t, c.AddPack(ctx, p, packSize(p), false))
	store.fail = func(k storage.Kind, _ string) error {
		if k == storage.Packs {
			return storage.ErrUnreachable
		}
		return nil
	}
	equal(t, "is said", errors.Is(c.Sync(ctx, r, nil), storage.ErrUnreachable), true)
	equal(t, "stored", fmt.Sprint(has(t, c, "own")), "[own]")
}

func TestAnIndexFileThatCannotBeReadLeavesNoPackKnownThatMaintenanceDropped(t *testing.T) {
	ctx := context.Background()
	r, store := newRepository(t)
	w := newWriting(t, r)
	c := open(t)
	save(t, w, world{"/a": text("1")}, ofMe(1))
	save(t, w, world{"/a": text("22")}, ofMe(2))
	must(t, c.Sync(ctx, r, nil))
	maintain(t, r, "22")
	for file := range indexes(t, r) {
		broken := store.files["index/"+file.String()]
		broken[50] ^= 1
		equal(t, "is said", errors.Is(c.Sync(ctx, r, nil), ErrIncomplete), true)
		equal(t, "stored", fmt.Sprint(has(t, c, "1", "22")), "[1]")
		equal(t, "what no index that can be read lists is listed anew", unindexed(t, c) > 0, true)
		broken[50] ^= 1
	}
	must(t, c.Sync(ctx, r, nil))
	equal(t, "stored", fmt.Sprint(has(t, c, "1", "22")), "[1]")
	equal(t, "to be listed once the index can be read", unindexed(t, c), 0)
}

func TestAKnownIndexFileThatCannotBeReadInASweepIsReadAgain(t *testing.T) {
	ctx := context.Background()
	r, store := newRepository(t)
	w := newWriting(t, r)
	c := open(t)
	save(t, w, world{"/a": text("1")}, ofMe(1))
	must(t, c.Sync(ctx, r, nil))
	var first repo.ID
	for file := range indexes(t, r) {
		first = file
	}
	save(t, w, world{"/a": text("22")}, ofMe(2))
	must(t, c.Sync(ctx, r, nil))
	for file, packs := range indexes(t, r) {
		if file == first {
			continue
		}
		must(t, r.RemoveIndex(ctx, file)) // and another one in its place
		_, err := r.SaveIndex(ctx, packs, []repo.ID{file})
		must(t, err)
	}
	store.files["index/"+first.String()][50] ^= 1
	equal(t, "is said", errors.Is(c.Sync(ctx, r, nil), ErrIncomplete), true)
	equal(t, "stored, because it is there", fmt.Sprint(has(t, c, "1", "22")), "[1 22]")
	equal(t, "some without an index", unindexed(t, c) > 0, true)
	store.files["index/"+first.String()][50] ^= 1
	must(t, c.Sync(ctx, r, nil))
	equal(t, "stored", fmt.Sprint(has(t, c, "1", "22")), "[1 22]")
	equal(t, "without an index", unindexed(t, c), 0)
}
