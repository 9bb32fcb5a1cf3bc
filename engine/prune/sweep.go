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
	strange []repo.ID // at the destination, and in no index
	freed   int64     // bytes
}

func (p plan) empty() bool { return len(p.drop)+len(p.rewrite)+len(p.strange) == 0 }

// plan looks at every pack. One that is used and is not at the destination as it
// should be ends the run: another pack with the same blobs may be all there is.
func (r *run) plan(ctx context.Context) (plan, error) {
	var p plan
	var small []repo.ID
	there := map[repo.ID]int64{}
	err := r.Repo.ListPacks(ctx, func(id repo.ID, size int64) error {
		there[id] = size
		return nil
	})
	if err != nil {
		return p, err
	}
	err = r.Catalog.Packs(ctx, func(id repo.ID, size int64, _ int) error {
		used, err := r.used(ctx, id)
		if err != nil {
			return err
		}
		found, ok := there[id]
		delete(there, id)
		if used > 0 && (!ok || found != size) {
			return fmt.Errorf("%w: pack %v has %d bytes at the destination and should have %d", repo.ErrDamaged, id, found, size)
		}
		switch {
		case used == 0:
			p.drop = append(p.drop, id)
			p.freed += found
		case float64(used) < float64(size)*(1-wasteShare):
			p.rewrite = append(p.rewrite, id)
			p.freed += size - used
		case size < smallPack:
			small = append(small, id)
		}
		return nil
	})
	if len(small) >= fewSmall {
		p.rewrite = append(p.rewrite, small...)
	}
	for id, size := range there {
		p.strange = append(p.strange, id)
		p.freed += size
	}
	return p, err
}

// used counts the bytes of a pack that are needed. Of a blob that lies in several
// packs, the one that it is read from is.
func (r *run) used(ctx context.Context, pack repo.ID) (int64, error) {
	blobs, err := r.Catalog.PackBlobs(ctx, pack)
	if err != nil {
		return 0, err
	}
	used := int64(0)
	for _, b := range blobs {
		ok, err := r.needed(pack, b)
		if err != nil {
			return 0, err
		}
		if ok {
			used += int64(b.Length)
		}
	}
	return used, nil
}

func (r *run) needed(pack repo.ID, b repo.Blob) (bool, error) {
	if ok, err := r.marks.Has(b.Type, b.ID); err != nil || !ok {
		return false, err
	}
	at, ok, err := r.Catalog.Locate(b.Type, b.ID)
	return ok && at.Pack == pack, err
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
		if err := r.discard(ctx, r.Repo.RemoveIndex, id); err != nil {
			return err
		}
		removed = append(removed, id)
	}
	if err := r.Catalog.DropIndexes(ctx, removed); err != nil {
		return err
	}
	for _, id := range p.strange {
		gone[id] = true
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
		if err := r.discard(ctx, r.Repo.RemovePack, id); err != nil {
			return err
		}
	}
	r.result.Freed += freed
	return nil
}

// rewrite copies the used blobs of packs into new ones, data and trees apart.
func (r *run) rewrite(ctx context.Context, packs []repo.ID) error {
	open := map[repo.BlobType]*repo.Packer{}
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
			if ok, err := r.needed(id, b); err != nil {
				return err
			} else if !ok {
				continue
			}
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
		if err := r.lock.Held(); err != nil {
			return err
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
