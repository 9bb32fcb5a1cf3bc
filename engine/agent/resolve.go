package agent

import (
	"context"
	"encoding/hex"
	"errors"
	"slices"
	"strings"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
)

// content is the first bytes of a stored file.
func content(ctx context.Context, r *repo.Repository, l repo.Locator, node repo.Node, limit int64) ([]byte, error) {
	var data []byte
	for _, id := range node.Content {
		if int64(len(data)) >= limit {
			break
		}
		loc, ok, err := l.Locate(repo.Data, id)
		if err != nil || !ok {
			return nil, errors.Join(err, repo.ErrNotFound)
		}
		plain, err := r.ReadBlob(ctx, loc, nil)
		if err != nil {
			return nil, err
		}
		data = append(data, plain...)
	}
	return data[:min(int64(len(data)), limit)], nil
}

// resolved is a Ref that was found in a snapshot.
type resolved struct {
	device   string
	path     string
	snapshot repo.ID
	node     repo.Node
}

// resolve finds what a Ref points at: in the snapshot it names, in the last one of
// its moment, or in the last that holds it.
func (a *Agent) resolve(ctx context.Context, c *catalog.Catalog, r *repo.Repository, ref engine.Ref) (resolved, error) {
	if err := a.filled(ctx, c); err != nil {
		return resolved{}, err
	}
	device, at, err := a.seen(ctx, c, ref.Computer, ref.At)
	if err != nil {
		return resolved{}, err
	}
	out := resolved{device: device, path: cleanStored(ref.Path)}
	if a.hidden(device, out.path) {
		return out, notFound("find", out.path)
	}
	now := ref.At.IsZero()
	ref.At = at
	tree, err := a.treeOf(ctx, c, r, &out, ref)
	if err != nil {
		return out, err
	}
	out.node, err = nodeAt(ctx, r, c, tree, out.path)
	if !errors.Is(err, errNoNode) {
		return out, err
	}
	if ref.Version != "" || !now {
		return out, notFound("find", out.path)
	}
	// Deleted: the newest version there is.
	entry, err := c.Lookup(ctx, device, out.path)
	if errors.Is(err, catalog.ErrNotFound) {
		return out, notFound("find", out.path)
	}
	if err != nil {
		return out, err
	}
	versions, err := c.Versions(ctx, entry.ID)
	versions = slices.DeleteFunc(versions, func(v catalog.Version) bool { return !at.IsZero() && v.Since.After(at) })
	if err != nil || len(versions) == 0 {
		return out, errors.Join(err, notFound("find", out.path))
	}
	out.snapshot = versions[0].Snapshot
	s, err := r.LoadSnapshot(ctx, out.snapshot)
	if err != nil {
		return out, err
	}
	out.node, err = nodeAt(ctx, r, c, s.Tree, out.path)
	return out, err
}

// treeOf is the top tree that a Ref means.
func (a *Agent) treeOf(ctx context.Context, c *catalog.Catalog, r *repo.Repository, out *resolved, ref engine.Ref) (repo.ID, error) {
	if ref.Version != "" {
		id, err := repo.ParseID(ref.Version)
		if err != nil {
			if id, err = findSnapshot(ctx, c, out.device, ref.Version); err != nil {
				return id, err
			}
		}
		out.snapshot = id
		s, err := r.LoadSnapshot(ctx, id)
		if errors.Is(err, repo.ErrNotFound) {
			return id, thinnedAway(out.path, err)
		}
		if err != nil {
			return id, err
		}
		return s.Tree, nil
	}
	s, err := c.SnapshotAt(ctx, out.device, ref.At)
	if errors.Is(err, catalog.ErrNotFound) {
		return repo.ID{}, notFound("find", out.path)
	}
	out.snapshot = s.ID
	return s.Tree, err
}

// thinnedAway says that a version was listed, and is gone since.
func thinnedAway(path string, err error) error {
	return &engine.Error{Op: "find", Kind: engine.KindNotFound, Path: path, Err: err,
		Message: "This version is not in the backup any more: it was thinned away a moment ago, as the settings for versions say. Look at the versions again to see which there are."}
}

// findSnapshot finds a snapshot by the beginning of its id.
func findSnapshot(ctx context.Context, c *catalog.Catalog, device, prefix string) (repo.ID, error) {
	if _, err := hex.DecodeString(prefix[:len(prefix)&^1]); err == nil && len(prefix) >= 4 {
		snapshots, err := c.Snapshots(ctx, device)
		if err != nil {
			return repo.ID{}, err
		}
		for _, s := range snapshots {
			if strings.HasPrefix(s.ID.String(), prefix) {
				return s.ID, nil
			}
		}
	}
	return repo.ID{}, &engine.Error{Op: "find", Kind: engine.KindNotFound, Path: prefix,
		Message: "There is no version " + prefix + ". List the versions of the file to see which there are (in a terminal: holdfast versions PATH)."}
}

var errNoNode = errors.New("not in this tree")

// nodeAt walks from a top tree down to a path.
func nodeAt(ctx context.Context, r *repo.Repository, l repo.Locator, tree repo.ID, stored string) (repo.Node, error) {
	node := repo.Node{Type: repo.NodeDir, Subtree: &tree}
	for _, name := range strings.FieldsFunc(stored, func(r rune) bool { return r == '/' }) {
		if node.Type != repo.NodeDir || node.Subtree == nil {
			return node, errNoNode
		}
		nodes, err := r.LoadTree(ctx, l, *node.Subtree)
		if err != nil && nodes == nil {
			return node, err
		}
		found := false
		for _, n := range nodes {
			if n.Name == name {
				node, found = n, true
				break
			}
		}
		if !found {
			return node, errNoNode
		}
	}
	return node, nil
}
