package verify

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// packSize is when a new pack is full, in bytes.
const packSize = 16 << 20

// HealOptions say what to mend, from the Result of a Check.
type HealOptions struct {
	Repo    *repo.Repository
	Packs   []repo.ID // damaged or missing
	Indexes []repo.ID // index files that cannot be read
}

// Healed is what was mended. The catalog has to forget the packs in Gone and the
// index files in Removed, and to learn those in New and Written.
type Healed struct {
	Copied  int64           // blobs that went from damaged packs into new ones
	New     []repo.PackInfo // in an index now: new packs, and ones that only a lost index file listed
	Gone    []repo.ID       // packs in no index any more; their files stay where they are
	Written []repo.ID       // index files
	Removed []repo.ID       // index files
	Lost    []repo.Location // blobs that no index lists any more; to be captured again
}

// heal is a running one.
type heal struct {
	HealOptions
	bad    map[repo.ID]bool
	blind  map[repo.ID]bool // index files that cannot be read
	good   *repo.MemoryIndex
	listed map[repo.ID]bool // packs in readable index files
	open   map[repo.BlobType]*repo.Packer
	fresh  []repo.PackInfo // durable, in no index yet
	result Healed
}

// Heal takes damaged packs out of the index, after it copied what is good in them
// into new ones, and makes the lists anew that damaged index files held. New packs
// are durable before the index files that list them, and those before the ones they
// replace go; a Heal that was interrupted is simply run again. What it had to give
// up is reported, and can be stored again then, because nothing takes it for stored.
func Heal(ctx context.Context, o HealOptions) (Healed, error) {
	lock, err := o.Repo.Lock(ctx, true)
	if err != nil {
		return Healed{}, err
	}
	defer lock.Unlock()
	h := &heal{HealOptions: o, bad: set(o.Packs), blind: set(o.Indexes), good: new(repo.MemoryIndex),
		listed: map[repo.ID]bool{}, open: map[repo.BlobType]*repo.Packer{}}
	files, err := o.Repo.ListIndexes(ctx)
	if err != nil {
		return Healed{}, err
	}
	slices.SortFunc(files, repo.ID.Compare)
	for _, step := range []func(context.Context, []repo.ID) error{h.survey, h.adopt, h.rescue, h.rewrite} {
		if err := step(ctx, files); err != nil {
			return h.result, err
		}
		select {
		case <-lock.Lost():
			return h.result, fmt.Errorf("heal: the lock was lost: %w", repo.ErrLocked)
		default:
		}
	}
	return h.result, nil
}

func set(ids []repo.ID) map[repo.ID]bool {
	s := make(map[repo.ID]bool, len(ids))
	for _, id := range ids {
		s[id] = true
	}
	return s
}

// each goes through the packs of the index files that can be read.
func (h *heal) each(ctx context.Context, files []repo.ID, fn func(repo.PackInfo) error) error {
	for _, id := range files {
		if h.blind[id] {
			continue
		}
		if err := h.Repo.LoadIndex(ctx, id, func(p repo.PackInfo) error { return errors.Join(fn(p), ctx.Err()) }); err != nil {
			return fmt.Errorf("read index file %v: %w", id, err)
		}
	}
	return nil
}

// survey learns where good copies are.
func (h *heal) survey(ctx context.Context, files []repo.ID) error {
	return h.each(ctx, files, func(p repo.PackInfo) error {
		h.listed[p.ID] = true
		if !h.bad[p.ID] {
			h.good.Add(p)
		}
		return nil
	})
}

// adopt takes in packs that no readable index file lists, when there is one that
// cannot be read. Their headers say what is in them.
func (h *heal) adopt(ctx context.Context, _ []repo.ID) error {
	if len(h.blind) == 0 {
		return nil
	}
	return h.Repo.ListPacks(ctx, func(id repo.ID, size int64) error {
		if h.listed[id] || h.bad[id] {
			return nil
		}
		p, err := h.Repo.PackHeader(ctx, id, size)
		if err != nil {
			if fatal(ctx, err) {
				return err
			}
			return nil // what a killed run left, or damaged beyond use
		}
		h.good.Add(p)
		h.fresh = append(h.fresh, p)
		return nil
	})
}

// rescue copies what can be read in damaged packs and is nowhere else.
func (h *heal) rescue(ctx context.Context, files []repo.ID) error {
	err := h.each(ctx, files, func(p repo.PackInfo) error {
		if !h.bad[p.ID] {
			return nil
		}
		for _, b := range p.Blobs {
			if err := h.copy(ctx, repo.Location{Pack: p.ID, Blob: b}); err != nil {
				return err
			}
		}
		return nil
	})
	for _, t := range []repo.BlobType{repo.Data, repo.Tree} {
		if err == nil && h.open[t] != nil {
			err = h.put(ctx, t)
		}
	}
	if err != nil {
		return err
	}
	// One that is lost in one pack may have been found in a later one.
	h.result.Lost = slices.DeleteFunc(h.result.Lost, func(l repo.Location) bool {
		_, found, _ := h.good.Locate(l.Blob.Type, l.Blob.ID)
		return found
	})
	return nil
}

// copy puts a blob into an open pack, sealed as it is, after looking into it.
func (h *heal) copy(ctx context.Context, l repo.Location) error {
	if _, there, err := h.good.Locate(l.Blob.Type, l.Blob.ID); there || err != nil {
		return err
	}
	sealed, err := h.Repo.Store().Get(ctx, storage.Packs, l.Pack.String(), int64(l.Blob.Offset), int64(l.Blob.Length), nil)
	if err == nil {
		err = h.inspect(l.Blob, slices.Clone(sealed))
	}
	if err != nil {
		if fatal(ctx, err) {
			return err
		}
		h.result.Lost = append(h.result.Lost, l)
		return nil
	}
	p := h.open[l.Blob.Type]
	if p == nil {
		p = h.Repo.NewPacker(l.Blob.Type, nil)
		h.open[l.Blob.Type] = p
	}
	p.Add(repo.Sealed{Blob: l.Blob, Bytes: sealed})
	h.good.Add(repo.PackInfo{Blobs: []repo.Blob{l.Blob}}) // so that it is copied once
	h.result.Copied++
	if p.Size() < packSize {
		return nil
	}
	return h.put(ctx, l.Blob.Type)
}

// inspect opens a blob. A tree has to be one as well: who wrote a broken one would not
// write it again while it is listed.
func (h *heal) inspect(b repo.Blob, sealed []byte) error {
	plain, err := h.Repo.Unseal(b, sealed, nil)
	if err != nil || b.Type != repo.Tree {
		return err
	}
	err = repo.WalkTree(plain, func(*repo.Node) error { return nil })
	if _, refused := errors.AsType[*repo.RefusedError](err); refused {
		return nil
	}
	return err
}

func (h *heal) put(ctx context.Context, t repo.BlobType) error {
	p := h.open[t]
	delete(h.open, t)
	info, data, err := p.Finish()
	if err != nil {
		return err
	}
	if err := h.Repo.SavePack(ctx, info.ID, data); err != nil {
		return err
	}
	h.fresh = append(h.fresh, info)
	return nil
}

// rewrite writes the index files: first the new ones for all that is new, then in
// place of each that lists a damaged pack one that does not; at last the old go.
func (h *heal) rewrite(ctx context.Context, files []repo.ID) error {
	if err := h.save(ctx, h.fresh, nil); err != nil {
		return err
	}
	h.result.New = h.fresh
	var replaced []repo.ID
	for _, id := range files {
		if h.blind[id] {
			replaced = append(replaced, id)
			continue
		}
		var stay []repo.PackInfo
		affected := false
		err := h.each(ctx, []repo.ID{id}, func(p repo.PackInfo) error {
			if h.bad[p.ID] {
				affected = true
				return nil
			}
			stay = append(stay, p)
			return nil
		})
		if err != nil {
			return err
		}
		if !affected {
			continue
		}
		if err := h.save(ctx, stay, []repo.ID{id}); err != nil {
			return err
		}
		replaced = append(replaced, id)
	}
	for _, id := range replaced {
		if err := h.Repo.RemoveIndex(ctx, id); err != nil && !errors.Is(err, storage.ErrNotFound) {
			return fmt.Errorf("remove index file %v: %w", id, err)
		}
		h.result.Removed = append(h.result.Removed, id)
	}
	for _, id := range h.Packs {
		if h.listed[id] {
			h.result.Gone = append(h.result.Gone, id)
		}
	}
	return nil
}

// save writes packs into as many index files as the format wants.
func (h *heal) save(ctx context.Context, packs []repo.PackInfo, supersedes []repo.ID) error {
	for len(packs) > 0 {
		count, blobs := 0, 0
		for count < len(packs) && (count == 0 || blobs+len(packs[count].Blobs) <= repo.IndexBlobs) {
			blobs += len(packs[count].Blobs)
			count++
		}
		id, err := h.Repo.SaveIndex(ctx, packs[:count], supersedes)
		if err != nil {
			return err
		}
		h.result.Written = append(h.result.Written, id)
		packs, supersedes = packs[count:], nil
	}
	return nil
}
