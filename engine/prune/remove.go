package prune

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"holdfast/engine/repo"
)

// remover takes paths out of snapshots: the trees on the way to a path are written
// anew without it, then the snapshot, whose Original names the one it replaces.
type remover struct {
	*run
	packer *repo.Packer
	saved  map[repo.ID]bool // trees written by this run
}

// remove takes the final removals out of the snapshots of a device. New
// snapshots are durable before the old ones go.
func (r *run) remove(ctx context.Context, d Device) error {
	if len(d.Removed) == 0 {
		return nil
	}
	m := &remover{run: r, saved: map[repo.ID]bool{}}
	snapshots, err := r.Catalog.Snapshots(ctx, d.ID)
	if err != nil {
		return err
	}
	replaced := map[repo.ID]repo.ID{} // old snapshot, new tree
	for _, s := range snapshots {
		tree := s.Tree
		for _, gone := range d.Removed {
			if s.Time.After(gone.Before) {
				continue
			}
			if tree, err = m.without(ctx, tree, names(gone.Path)); err != nil {
				return fmt.Errorf("take %q out of snapshot %v: %w", gone.Path, s.ID, err)
			}
		}
		if tree != s.Tree {
			replaced[s.ID] = tree
		}
	}
	if err := m.flush(ctx); err != nil {
		return err
	}
	var gone []repo.ID
	for id, tree := range replaced {
		if err := r.replaceSnapshot(ctx, id, tree); err != nil {
			return errors.Join(err, r.Catalog.Forget(ctx, gone))
		}
		gone = append(gone, id)
	}
	if err := r.Catalog.Forget(ctx, gone); err != nil {
		return err
	}
	return r.Catalog.Sync(ctx, r.Repo, nil)
}

func (r *run) replaceSnapshot(ctx context.Context, id, tree repo.ID) error {
	s, err := r.Repo.LoadSnapshot(ctx, id)
	if err != nil {
		return err
	}
	s.Tree = tree
	if s.Original == nil {
		s.Original = &id
	}
	if err := r.lock.Held(); err != nil {
		return err
	}
	by, err := r.Repo.SaveSnapshot(ctx, s)
	if err != nil {
		return err
	}
	remove := r.Repo.RemoveSnapshot
	if r.Replace != nil {
		remove = func(ctx context.Context, old repo.ID) error { return r.Replace(ctx, old, by) }
	}
	return r.discard(ctx, remove, id)
}

// without gives the tree that a tree becomes when a path below it is taken out; the
// same one when the path is not in it.
func (m *remover) without(ctx context.Context, tree repo.ID, path []string) (repo.ID, error) {
	nodes, err := m.load(ctx, tree)
	if err != nil {
		return tree, err
	}
	for i, n := range nodes {
		if len(path) == 0 || n.Name != path[0] {
			continue
		}
		if len(path) == 1 {
			return m.save(ctx, append(nodes[:i:i], nodes[i+1:]...))
		}
		if n.Subtree == nil {
			return tree, nil
		}
		below, err := m.without(ctx, *n.Subtree, path[1:])
		if err != nil || below == *n.Subtree {
			return tree, err
		}
		nodes[i].Subtree = &below
		return m.save(ctx, nodes)
	}
	return tree, nil
}

// load reads a tree. One that this run wrote is not readable before flush, so that
// an open pack is closed first.
func (m *remover) load(ctx context.Context, id repo.ID) ([]repo.Node, error) {
	if m.saved[id] {
		if err := m.flush(ctx); err != nil {
			return nil, err
		}
	}
	return m.Repo.LoadTree(ctx, m.Catalog, id)
}

func (m *remover) save(ctx context.Context, nodes []repo.Node) (repo.ID, error) {
	plain, err := repo.EncodeTree(nodes, nil)
	if err != nil {
		return repo.ID{}, err
	}
	id := repo.Hash(plain)
	known, err := m.Catalog.Has(repo.Tree, id)
	if err != nil || known || m.saved[id] {
		return id, err
	}
	sealed, err := m.Repo.Seal(repo.Tree, id, plain, nil)
	if err != nil {
		return id, err
	}
	if m.packer == nil {
		m.packer = m.Repo.NewPacker(repo.Tree, nil)
	}
	m.packer.Add(sealed)
	m.saved[id] = true
	if m.packer.Size() >= packSize {
		return id, m.flush(ctx)
	}
	return id, nil
}

// flush makes the trees written so far durable and indexed.
func (m *remover) flush(ctx context.Context) error {
	if m.packer == nil {
		return nil
	}
	p := m.packer
	m.packer = nil
	if err := m.put(ctx, p); err != nil {
		return err
	}
	packs, err := m.Catalog.UnindexedPacks(ctx)
	if err != nil {
		return err
	}
	if err := m.lock.Held(); err != nil {
		return err
	}
	id, err := m.Repo.SaveIndex(ctx, packs, nil)
	if err != nil {
		return err
	}
	ids := make([]repo.ID, len(packs))
	for i, p := range packs {
		ids[i] = p.ID
	}
	return errors.Join(m.Catalog.MarkIndexed(ctx, ids), m.Catalog.PutIndexes(ctx, []repo.ID{id}))
}

func names(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return r == '/' })
}
