package agent

import (
	"context"
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
	"holdfast/engine/selection"
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
	list = withOthers(list, a.knownOthers(ctx))
	list = withEarlier(list, a.allEarlier())
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
	device, at, err := a.seen(ctx, c, q.Computer, q.At)
	if err != nil {
		return nil, err
	}
	bounded := !at.Equal(q.At)
	q.At = at
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
	rules := chosen{} // of an earlier computer nobody knows what was chosen
	if !bounded {
		rules = a.chosenNow(device, where)
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
		it.Unchosen = !it.Deleted.IsZero() && rules.leftOut(it)
		if q.Sizes && it.Kind == engine.KindFolder {
			sum, err := c.AmountAt(ctx, device, it.Path, a.orLater(q.At))
			if err != nil {
				return nil, explain(op, where.Address, err)
			}
			it.Size = sum.Bytes
		}
		items = append(items, it)
	}
	sortItems(items)
	return items, nil
}

// chosen tells what went because it was left out from what was deleted. Only of this
// computer the rules are known; the zero value knows of nothing.
type chosen struct {
	rules *selection.Rules
	once  []string
}

func (a *Agent) chosenNow(device string, where *destinationFile) chosen {
	if device != where.Device {
		return chosen{}
	}
	s := a.current()
	rules, err := a.compile(s.Selection)
	if err != nil {
		return chosen{}
	}
	return chosen{rules: rules, once: s.Once}
}

// leftOut says whether a path that is gone from the backup is one that the person
// took out of it.
func (c chosen) leftOut(it engine.Item) bool {
	if c.rules == nil {
		return false
	}
	for _, p := range c.once {
		if within(onDisk(it.Path), p) {
			return false
		}
	}
	d := c.rules.Decide(onDisk(it.Path), it.Kind == engine.KindFolder)
	return !d.Included && !d.Descend
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
	device, at, err := a.seen(ctx, c, q.Computer, q.At)
	if err != nil {
		return nil, err
	}
	limit := q.Limit
	if limit == 0 {
		limit = 200
	}
	found, err := c.Find(ctx, device, q.Text, catalog.FindOptions{At: at, Deleted: q.Deleted, Hidden: q.Hidden, Limit: limit})
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
	device, until, err := a.seen(ctx, c, computer, time.Time{})
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
		if !until.IsZero() && v.Since.After(until) {
			continue
		}
		v.Current = v.Current || !until.IsZero() && v.Until.After(until)
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
	device, until, err := a.seen(ctx, c, computer, time.Time{})
	if err != nil {
		return nil, err
	}
	snapshots, err := c.Snapshots(ctx, device)
	if err != nil {
		return nil, explain(op, where.Address, err)
	}
	times := make([]time.Time, 0, len(snapshots))
	for _, s := range snapshots {
		if until.IsZero() || !s.Time.After(until) {
			times = append(times, s.Time)
		}
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
	var found resolved
	if err = current(ctx, c, r, func() (err error) { found, err = a.resolve(ctx, c, r, ref); return err }); err != nil {
		return engine.Preview{}, explain(op, where.Address, err)
	}
	if found.node.Type != repo.NodeFile {
		return engine.Preview{}, invalid(op, ref.Path, "Only files can be previewed. Open the folder, or get it back.")
	}
	p := engine.Preview{Size: int64(found.node.Size)}
	if err = current(ctx, c, r, func() (err error) { p.Data, err = content(ctx, r, c, found.node, limit); return err }); err != nil {
		return p, explain(op, where.Address, err)
	}
	p.Truncated = int64(len(p.Data)) < p.Size
	p.MediaType = http.DetectContentType(p.Data[:min(len(p.Data), 512)])
	return p, nil
}
