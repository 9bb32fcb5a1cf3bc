package prune

import (
	"context"
	"errors"
	"fmt"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// plan says what becomes of the packs that do not simply stay.
type plan struct {
	drop    []repo.ID // nothing in them is used
	rewrite []repo.ID // what is used is copied
	freed   int64     // bytes
}

func (p plan) empty() bool { return len(p.drop)+len(p.rewrite) == 0 }

// plan looks at every pack.
func (r *run) plan(ctx context.Context) (plan, error) {
	var p plan
	var small []repo.ID
	err := r.Catalog.Packs(ctx, func(id repo.ID, size int64, _ int) error {
		blobs, err := r.Catalog.PackBlobs(ctx, id)
		if err != nil {
			return err
		}
		used := int64(0)
		for _, b := range blobs {
			ok, err := r.marks.Has(b.Type, b.ID)
			if err != nil {
				return err
			}
			if ok {
				used += int64(b.Length)
			}
		}
		switch {
		case used == 0:
			p.drop = append(p.drop, id)
			p.freed += size
		case float64(used) < float64(size)*(1-wasteShare):
			p.rewrite = append(p.rewrite, id)
			p.freed += size - used
		case size < smallPack:
			small = append(small, id)
		}
		return nil
	})
	if err != nil {
		return p, err
	}
	if len(small) >= fewSmall {
		p.rewrite = append(p.rewrite, small...)
	}
	return p, r.orphans(ctx, &p)
}

// orphans adds the packs that no index speaks of to those that go: what a killed run
// left, since nobody else writes while the exclusive lock is held.
func (r *run) orphans(ctx context.Context, p *plan) error {
	return r.Repo.ListPacks(ctx, func(id repo.ID, size int64) error {
		known, err := r.Catalog.HasPack(ctx, id)
		if err != nil || known {
			return err
		}
		p.drop = append(p.drop, id)
		p.freed += size
		return nil
	})
}

// sweep carries out a plan: new packs, new index, old index, old packs.
func (r *run) sweep(ctx context.Context, p plan) error {
	if err := r.rewrite(ctx, p.rewrite); err != nil {
		return err
	}
	old, err := r.Repo.ListIndexes(ctx)
	if err != nil {
		return err
	}
	gone := make(map[repo.ID]bool, len(p.drop)+len(p.rewrite))
	for _, id := range append(append([]repo.ID{}, p.drop...), p.rewrite...) {
		gone[id] = true
	}
	written, err := r.index(ctx, gone, old)
	if err != nil {
		return err
	}
	var removed []repo.ID
	for _, id := range old {
		if written[id] {
			continue
		}
		if err := r.Repo.RemoveIndex(ctx, id); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
		removed = append(removed, id)
	}
	if err := r.Catalog.DropIndexes(ctx, removed); err != nil {
		return err
	}
	return r.removePacks(ctx, gone, p.freed)
}

func (r *run) removePacks(ctx context.Context, gone map[repo.ID]bool, freed int64) error {
	ids := make([]repo.ID, 0, len(gone))
	for id := range gone {
		ids = append(ids, id)
	}
	if err := r.Catalog.RemovePacks(ctx, ids); err != nil {
		return err
	}
	for _, id := range ids {
		if err := r.Repo.RemovePack(ctx, id); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return err
		}
	}
	r.result.Freed += freed
	return nil
}

// rewrite copies the used blobs of packs into new ones, data and trees apart.
func (r *run) rewrite(ctx context.Context, packs []repo.ID) error {
	open := map[repo.BlobType]*repo.Packer{}
	copied := map[repo.Blob]bool{}
	for _, id := range packs {
		blobs, err := r.Catalog.PackBlobs(ctx, id)
		if err != nil {
			return err
		}
		data, err := r.Repo.Store().Get(ctx, storage.Packs, id.String(), 0, -1, nil)
		if err != nil {
			return fmt.Errorf("read pack %v: %w", id, err)
		}
		for _, b := range blobs {
			used, err := r.marks.Has(b.Type, b.ID)
			key := repo.Blob{ID: b.ID, Type: b.Type}
			if err != nil {
				return err
			}
			if !used || copied[key] {
				continue
			}
			copied[key] = true
			if err := r.copy(ctx, open, b, data); err != nil {
				return fmt.Errorf("pack %v: %w", id, err)
			}
		}
		r.result.Packs++
	}
	for t, p := range open {
		if err := r.put(ctx, p); err != nil {
			return err
		}
		delete(open, t)
	}
	return nil
}

// copy adds a sealed blob to an open pack, after it was opened to see that it is
// what it should be: damage must not be carried into a new pack.
func (r *run) copy(ctx context.Context, open map[repo.BlobType]*repo.Packer, b repo.Blob, data []byte) error {
	from, to := int64(b.Offset), int64(b.Offset)+int64(b.Length)
	if to > int64(len(data)) {
		return fmt.Errorf("%w: shorter than its index says", repo.ErrDamaged)
	}
	sealed := append([]byte(nil), data[from:to]...)
	if _, err := r.Repo.Unseal(b, append([]byte(nil), sealed...), nil); err != nil {
		return err
	}
	p := open[b.Type]
	if p == nil {
		p = r.Repo.NewPacker(b.Type, nil)
		open[b.Type] = p
	}
	p.Add(repo.Sealed{Blob: b, Bytes: sealed})
	if p.Size() < packSize {
		return nil
	}
	delete(open, b.Type)
	return r.put(ctx, p)
}

func (r *run) put(ctx context.Context, p *repo.Packer) error {
	info, data, err := p.Finish()
	if err != nil {
		return err
	}
	if err := r.Repo.Store().Put(ctx, storage.Packs, info.ID.String(), data); err != nil {
		return err
	}
	return r.Catalog.AddPack(ctx, info, int64(len(data)), false)
}

// index writes index files about every pack that stays, and gives their names.
func (r *run) index(ctx context.Context, gone map[repo.ID]bool, old []repo.ID) (map[repo.ID]bool, error) {
	written := map[repo.ID]bool{}
	var batch []repo.PackInfo
	flush := func(supersedes []repo.ID) error {
		if len(batch) == 0 {
			return nil
		}
		id, err := r.Repo.SaveIndex(ctx, batch, supersedes)
		if err != nil {
			return err
		}
		written[id] = true
		ids := make([]repo.ID, len(batch))
		for i, p := range batch {
			ids[i] = p.ID
		}
		batch = batch[:0]
		return errors.Join(r.Catalog.MarkIndexed(ctx, ids), r.Catalog.PutIndexes(ctx, []repo.ID{id}))
	}
	err := r.Catalog.Packs(ctx, func(id repo.ID, _ int64, _ int) error {
		if gone[id] {
			return nil
		}
		blobs, err := r.Catalog.PackBlobs(ctx, id)
		if err != nil {
			return err
		}
		batch = append(batch, repo.PackInfo{ID: id, Blobs: blobs})
		if len(batch) < packsPerFile {
			return nil
		}
		return flush(nil)
	})
	if err != nil {
		return nil, err
	}
	return written, flush(old)
}
