package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"holdfast/engine/repo"
)

// Indexes lists the index files of the repository that are in here.
func (c *Catalog) Indexes(ctx context.Context) ([]repo.ID, error) {
	var ids []repo.ID
	err := c.read(ctx, func(s *session) error {
		return s.each(ctx, func(r row) error {
			ids = append(ids, idOf(r.bytes(0)))
			return nil
		}, "SELECT hash FROM index_file")
	})
	return ids, err
}

// PutIndexes records index files whose packs are all in here, such as this process
// writes itself.
func (c *Catalog) PutIndexes(ctx context.Context, ids []repo.ID) error {
	return c.eachIndex(ctx, ids, "INSERT INTO index_file (hash) VALUES (?) ON CONFLICT DO NOTHING")
}

// DropIndexes forgets index files that this process has removed. Their packs stay:
// those that went with them are RemovePacks' to forget.
func (c *Catalog) DropIndexes(ctx context.Context, ids []repo.ID) error {
	return c.eachIndex(ctx, ids, "DELETE FROM index_file WHERE hash = ?")
}

func (c *Catalog) eachIndex(ctx context.Context, ids []repo.ID, query string) error {
	if len(ids) == 0 {
		return nil
	}
	return c.write(ctx, func(s *session) error {
		for _, id := range ids {
			if _, _, err := s.exec(query, id[:]); err != nil {
				return err
			}
		}
		return nil
	})
}

// syncIndexes loads the index files that are not known and drops those that are gone.
// The lists are compared anew when a file vanishes between listing and reading:
// somebody is putting index files together.
func (y *syncing) syncIndexes(ctx context.Context) error {
	const attempts = 5
	for n := 1; ; n++ {
		err := y.syncIndexesOnce(ctx)
		if n == attempts || !errors.Is(err, repo.ErrNotFound) {
			return err
		}
	}
}

func (y *syncing) syncIndexesOnce(ctx context.Context) error {
	known, err := y.c.Indexes(ctx) // before listing: what is recorded later is not gone
	if err != nil {
		return err
	}
	listed, err := y.repo.ListIndexes(ctx)
	if err != nil {
		return err
	}
	fresh, gone := difference(listed, known)
	y.expect(len(fresh))
	for _, id := range fresh {
		err := y.loadIndex(ctx, id)
		if errors.Is(err, repo.ErrDamaged) {
			y.miss(fmt.Errorf("index file %s: %w", id, err))
		} else if err != nil {
			return err
		} else if err := y.c.PutIndexes(ctx, []repo.ID{id}); err != nil {
			return err
		}
		y.step()
	}
	if len(gone) == 0 {
		return nil
	}
	if err := y.sweepPacks(ctx); err != nil {
		return err
	}
	return y.c.DropIndexes(ctx, gone)
}

func (y *syncing) loadIndex(ctx context.Context, id repo.ID) error {
	const blobsAtOnce = 10_000
	var packs []repo.PackInfo
	blobs := 0
	flush := func() error {
		err := y.c.AddPacks(ctx, packs, true)
		packs, blobs = packs[:0], 0
		return err
	}
	err := y.repo.LoadIndex(ctx, id, func(p repo.PackInfo) error {
		packs = append(packs, p)
		if blobs += len(p.Blobs); blobs < blobsAtOnce {
			return nil
		}
		return flush()
	})
	if err != nil {
		return err
	}
	return flush()
}

// sweepPacks removes the packs that no index file lists any more. Index files are
// rewritten by maintenance, which drops packs at the same time, so that what one
// listed is known only by reading all that are left. They are listed after the packs
// were: one that this process has indexed meanwhile is not missed.
func (y *syncing) sweepPacks(ctx context.Context) error {
	unlisted := make(map[repo.ID]struct{})
	err := y.c.read(ctx, func(s *session) error {
		return s.each(ctx, func(r row) error {
			unlisted[idOf(r.bytes(0))] = struct{}{}
			return nil
		}, "SELECT hash FROM pack WHERE indexed = 1")
	})
	if err != nil {
		return err
	}
	listed, err := y.repo.ListIndexes(ctx)
	if err != nil {
		return err
	}
	for _, id := range listed {
		err := y.repo.LoadIndex(ctx, id, func(p repo.PackInfo) error {
			delete(unlisted, p.ID)
			return nil
		})
		if errors.Is(err, repo.ErrDamaged) {
			return nil // what it listed is unknown: nothing is removed
		}
		if err != nil {
			return err
		}
	}
	const atOnce = 50
	for gone := range slices.Chunk(slices.Collect(maps.Keys(unlisted)), atOnce) {
		if err := y.c.RemovePacks(ctx, gone); err != nil {
			return err
		}
	}
	return nil
}

// difference returns what only a has and what only b has.
func difference(a, b []repo.ID) (onlyA, onlyB []repo.ID) {
	in := make(map[repo.ID]bool, len(b))
	for _, id := range b {
		in[id] = false
	}
	for _, id := range a {
		if _, ok := in[id]; ok {
			in[id] = true
		} else {
			onlyA = append(onlyA, id)
		}
	}
	for _, id := range b {
		if !in[id] {
			onlyB = append(onlyB, id)
		}
	}
	return onlyA, onlyB
}
