package catalog

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
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
//
// What an index file that cannot be read lists is not known. Packs that no other one
// lists are then taken for unindexed: they stay if they lie at the destination, and
// the next capture lists them anew. The file is read again by the next Sync.
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
	unreadable, err := y.takeListed(ctx, unlisted)
	if err != nil {
		return err
	}
	if len(unreadable) > 0 {
		if err := y.c.markUnindexed(ctx, slices.Collect(maps.Keys(unlisted))); err != nil {
			return err
		}
		return y.c.DropIndexes(ctx, unreadable)
	}
	return y.c.removePacks(ctx, slices.Collect(maps.Keys(unlisted)))
}

// takeListed takes what the index files list out of a set, and returns the files that
// cannot be read.
func (y *syncing) takeListed(ctx context.Context, packs map[repo.ID]struct{}) (unreadable []repo.ID, err error) {
	files, err := y.repo.ListIndexes(ctx)
	if err != nil {
		return nil, err
	}
	var listed []repo.ID
	for _, file := range files {
		listed = listed[:0]
		err := y.repo.LoadIndex(ctx, file, func(p repo.PackInfo) error {
			listed = append(listed, p.ID)
			return nil
		})
		if errors.Is(err, repo.ErrDamaged) {
			y.miss(fmt.Errorf("index file %s: %w", file, err))
			unreadable = append(unreadable, file)
			continue
		}
		if err != nil {
			return nil, err
		}
		for _, id := range listed {
			delete(packs, id)
		}
	}
	return unreadable, nil
}

// sweepUnindexed removes the packs without an index file that are not at the
// destination, or not whole. To everybody else they are what a killed capture left,
// and maintenance by another computer takes them away.
func (y *syncing) sweepUnindexed(ctx context.Context) error {
	sizes := make(map[repo.ID]int64)
	err := y.c.read(ctx, func(s *session) error {
		return s.each(ctx, func(r row) error {
			sizes[idOf(r.bytes(0))] = r.int(1)
			return nil
		}, "SELECT hash, size FROM pack WHERE indexed = 0")
	})
	if err != nil {
		return err
	}
	var mutex sync.Mutex
	var gone []repo.ID
	group, looking := errgroup.WithContext(ctx)
	group.SetLimit(8)
	for id, size := range sizes {
		group.Go(func() error {
			info, err := y.repo.Store().Stat(looking, storage.Packs, id.String())
			if err != nil && !errors.Is(err, storage.ErrNotFound) {
				return err
			}
			if err != nil || info.Size < size {
				mutex.Lock()
				gone = append(gone, id)
				mutex.Unlock()
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return y.c.removePacks(ctx, gone)
}

// removePacks is RemovePacks in steps that keep no other writer waiting for long.
func (c *Catalog) removePacks(ctx context.Context, ids []repo.ID) error {
	const atOnce = 50
	for some := range slices.Chunk(ids, atOnce) {
		if err := c.RemovePacks(ctx, some); err != nil {
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
