package agent

import (
	"context"
	"encoding/hex"
	"errors"
	"net/http"
	"path"
	"sort"
	"strings"
	"time"

	"holdfast/engine"
	"holdfast/engine/backup"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
)

// Computers implements engine.Browse.
func (a *Agent) Computers(ctx context.Context) ([]engine.Computer, error) {
	ctx, end, err := a.begin(ctx, "list computers")
	if err != nil {
		return nil, err
	}
	defer end()
	c, where, err := a.connected("list computers")
	if err != nil {
		return nil, err
	}
	if err := a.browsable(ctx, c); err != nil {
		return nil, explain("list computers", where.Address, err)
	}
	devices, err := c.Devices(ctx)
	if err != nil {
		return nil, explain("list computers", where.Address, err)
	}
	list := make([]engine.Computer, 0, len(devices))
	for _, d := range devices {
		list = append(list, a.computer(d))
	}
	sort.SliceStable(list, func(i, j int) bool {
		if list[i].This != list[j].This {
			return list[i].This
		}
		return list[i].LastBackup.After(list[j].LastBackup)
	})
	return list, nil
}

// device finds a computer by id or by name; "" is this one.
func (a *Agent) device(ctx context.Context, c *catalog.Catalog, computer string) (string, error) {
	a.mu.Lock()
	where := a.where
	a.mu.Unlock()
	if computer == "" && where != nil {
		return where.Device, nil
	}
	devices, err := c.Devices(ctx)
	if err != nil {
		return "", err
	}
	for _, d := range devices {
		if d.ID == computer {
			return d.ID, nil
		}
	}
	for _, d := range devices {
		if strings.EqualFold(d.Name, computer) {
			return d.ID, nil
		}
	}
	return "", &engine.Error{Op: "find computer", Kind: engine.KindNotFound, Path: computer,
		Message: "There is no computer " + computer + " in this backup. The computers are listed on Home (in a terminal: holdfast computers)."}
}

// List implements engine.Browse.
func (a *Agent) List(ctx context.Context, q engine.ListRequest) ([]engine.Item, error) {
	const op = "list"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return nil, err
	}
	defer end()
	c, where, err := a.connected(op)
	if err != nil {
		return nil, err
	}
	if err := a.browsable(ctx, c); err != nil {
		return nil, explain(op, where.Address, err)
	}
	device, err := a.device(ctx, c, q.Computer)
	if err != nil {
		return nil, err
	}
	folder := cleanStored(q.Path)
	if a.hidden(device, folder) {
		return nil, notFound(op, folder)
	}
	dir, err := c.Lookup(ctx, device, folder)
	if errors.Is(err, catalog.ErrNotFound) {
		return nil, notFound(op, folder)
	}
	if err != nil {
		return nil, explain(op, where.Address, err)
	}
	if dir.Kind != catalog.Dir {
		return []engine.Item{item(dir, folder)}, nil
	}
	entries, err := c.Children(ctx, dir.ID, catalog.ChildrenOptions{At: q.At, Deleted: q.Deleted})
	if err != nil {
		return nil, explain(op, where.Address, err)
	}
	items := make([]engine.Item, 0, len(entries))
	for _, e := range entries {
		it := item(e, path.Join(folder, e.Name))
		if it.Hidden && !q.Hidden || a.hidden(device, it.Path) || folder == "/" && e.Name == backup.ExtraFolder {
			continue
		}
		if !q.At.IsZero() && !it.Deleted.IsZero() && it.Deleted.After(q.At) {
			it.Deleted = time.Time{}
		}
		items = append(items, it)
	}
	sortItems(items)
	return items, nil
}

// sortItems puts folders first, then names as people order them.
func sortItems(items []engine.Item) {
	sort.SliceStable(items, func(i, j int) bool {
		a, b := &items[i], &items[j]
		if (a.Kind == engine.KindFolder) != (b.Kind == engine.KindFolder) {
			return a.Kind == engine.KindFolder
		}
		x, y := strings.ToLower(a.Name), strings.ToLower(b.Name)
		if x != y {
			return x < y
		}
		return a.Name < b.Name
	})
}

func item(e catalog.Entry, full string) engine.Item {
	it := engine.Item{Path: full, Name: e.Name, Kind: fileKind(e.Kind), Size: e.Size, ModTime: time.Unix(0, e.ModTime), Hidden: strings.HasPrefix(e.Name, "."), Since: time.Unix(0, e.Since)}
	if e.Gone != 0 {
		it.Deleted = time.Unix(0, e.Gone)
	}
	return it
}

func fileKind(k catalog.Kind) engine.FileKind {
	switch k {
	case catalog.File:
		return engine.KindFile
	case catalog.Dir:
		return engine.KindFolder
	case catalog.Symlink:
		return engine.KindSymlink
	}
	return engine.KindSpecial
}

// cleanStored makes a path of the backup out of what was asked for.
func cleanStored(p string) string { return path.Clean("/" + p) }

// Find implements engine.Browse.
func (a *Agent) Find(ctx context.Context, q engine.FindRequest) ([]engine.Item, error) {
	const op = "find"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return nil, err
	}
	defer end()
	c, where, err := a.connected(op)
	if err != nil {
		return nil, err
	}
	if err := a.browsable(ctx, c); err != nil {
		return nil, explain(op, where.Address, err)
	}
	device, err := a.device(ctx, c, q.Computer)
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit == 0 {
		limit = 200
	}
	found, err := c.Find(ctx, device, q.Text, catalog.FindOptions{At: q.At, Deleted: q.Deleted, Hidden: q.Hidden, Limit: limit})
	if err != nil {
		return nil, explain(op, where.Address, err)
	}
	items := make([]engine.Item, 0, len(found))
	for _, f := range found {
		if !a.hidden(device, f.Path) {
			items = append(items, item(f.Entry, f.Path))
		}
	}
	return items, nil
}

// Versions implements engine.Browse.
func (a *Agent) Versions(ctx context.Context, computer, stored string) ([]engine.Version, error) {
	const op = "list versions"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return nil, err
	}
	defer end()
	c, where, err := a.connected(op)
	if err != nil {
		return nil, err
	}
	if err := a.browsable(ctx, c); err != nil {
		return nil, explain(op, where.Address, err)
	}
	device, err := a.device(ctx, c, computer)
	if err != nil {
		return nil, err
	}
	entry, err := c.Lookup(ctx, device, cleanStored(stored))
	if errors.Is(err, catalog.ErrNotFound) || a.hidden(device, cleanStored(stored)) {
		return nil, notFound(op, stored)
	}
	if err != nil {
		return nil, explain(op, where.Address, err)
	}
	d, err := c.Device(ctx, device)
	if err != nil {
		return nil, explain(op, where.Address, err)
	}
	versions, err := c.Versions(ctx, entry.ID)
	if err != nil {
		return nil, explain(op, where.Address, err)
	}
	list := make([]engine.Version, 0, len(versions))
	for _, v := range versions {
		list = append(list, engine.Version{ID: v.Snapshot.String(), Captured: v.Since, ModTime: v.ModTime, Size: v.Size, Computer: d.Name, Current: v.Current})
	}
	return list, nil
}

// Moments implements engine.Browse.
func (a *Agent) Moments(ctx context.Context, computer string) ([]time.Time, error) {
	const op = "list backups"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return nil, err
	}
	defer end()
	c, where, err := a.connected(op)
	if err != nil {
		return nil, err
	}
	if err := a.browsable(ctx, c); err != nil {
		return nil, explain(op, where.Address, err)
	}
	device, err := a.device(ctx, c, computer)
	if err != nil {
		return nil, err
	}
	snapshots, err := c.Snapshots(ctx, device)
	if err != nil {
		return nil, explain(op, where.Address, err)
	}
	times := make([]time.Time, 0, len(snapshots))
	for _, s := range snapshots {
		times = append(times, s.Time)
	}
	return times, nil
}

// Preview implements engine.Browse.
func (a *Agent) Preview(ctx context.Context, ref engine.Ref, limit int64) (engine.Preview, error) {
	const op = "preview"
	ctx, end, err := a.begin(ctx, op)
	if err != nil {
		return engine.Preview{}, err
	}
	defer end()
	c, where, err := a.connected(op)
	if err != nil {
		return engine.Preview{}, err
	}
	r, done, err := a.freshen(ctx, op)
	if err != nil {
		return engine.Preview{}, err
	}
	defer done()
	found, err := a.resolve(ctx, c, r, ref)
	if err != nil {
		return engine.Preview{}, explain(op, where.Address, err)
	}
	if found.node.Type != repo.NodeFile {
		return engine.Preview{}, invalid(op, ref.Path, "Only files can be previewed. Open the folder, or get it back.")
	}
	p := engine.Preview{Size: int64(found.node.Size)}
	if p.Data, err = content(ctx, r, c, found.node, limit); err != nil {
		return p, explain(op, where.Address, err)
	}
	p.Truncated = int64(len(p.Data)) < p.Size
	p.MediaType = http.DetectContentType(p.Data[:min(len(p.Data), 512)])
	return p, nil
}

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
	device, err := a.device(ctx, c, ref.Computer)
	if err != nil {
		return resolved{}, err
	}
	out := resolved{device: device, path: cleanStored(ref.Path)}
	if a.hidden(device, out.path) {
		return out, notFound("find", out.path)
	}
	tree, err := a.treeOf(ctx, c, r, &out, ref)
	if err != nil {
		return out, err
	}
	out.node, err = nodeAt(ctx, r, c, tree, out.path)
	if !errors.Is(err, errNoNode) {
		return out, err
	}
	if ref.Version != "" || !ref.At.IsZero() {
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
