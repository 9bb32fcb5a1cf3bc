package backup

import (
	"errors"
	"fmt"
	"io/fs"
	"path"

	"holdfast/engine/catalog"
	"holdfast/engine/repo"
	"holdfast/engine/selection"
	"holdfast/engine/source"
)

// walk goes through the folders, the root first, and hands files to the workers.
// It is one goroutine; listings of the folders ahead are read by others.
func (c *capture) walk() error {
	root, err := c.FS.OpenDir("/")
	if err != nil {
		return fmt.Errorf("open the top folder: %w", err)
	}
	id, err := c.Catalog.Root(c.ctx, c.Device)
	if err != nil {
		root.Close()
		return err
	}
	self, err := root.Stat()
	if err != nil {
		root.Close()
		return wrapPath("look at", "/", err)
	}
	f := &folder{path: "/", dir: root, self: self, known: !c.last.ID.IsZero()}
	f.before = catalog.Entry{ID: id, Kind: catalog.Dir, Subtree: c.last.Tree}
	state, _ := c.Rules.Walker("/")
	c.opened(f)
	return c.visit(f, state, newScope(c.Look), nil)
}

// visit decides about every child of a folder, and goes into those folders that
// are to be looked at. ahead is the listing when it was read already.
func (c *capture) visit(f *folder, state selection.State, look *scope, ahead *listing) error {
	f.hold()
	entries, err := ahead.wait(c.ctx, f.dir)
	if err != nil {
		if c.ctx.Err() != nil {
			return err
		}
		return c.unreadable(f, err)
	}
	before, err := c.before(f)
	if err != nil {
		return err
	}
	if len(entries) == 0 && len(before) > 0 && f.parent != nil {
		absent, err := c.isAbsent(f)
		if err != nil {
			return err
		}
		if absent {
			return c.carryAbsent(f)
		}
	}
	c.absent.there(f.path, len(entries) > 0)
	staged, err := c.stagedBefore(f)
	if err != nil {
		return err
	}
	if c.Reread != nil && c.Reread(f.path) {
		f.changed.Store(true)
	}
	f.children = make([]child, 0, len(entries))
	var below []next
	for i := range entries {
		e := &entries[i]
		old := before[e.Name]
		delete(before, e.Name)
		sub, decision := state.Child(e.Name, e.Kind == source.KindDir)
		ch := child{entry: *e, before: old}
		switch {
		case e.Err != nil:
			c.unexamined(f, &ch)
		case !decision.Included && !decision.Descend:
			c.outside(f, &ch)
		case e.Kind == source.KindDir:
			if n, ok := c.folderBelow(f, &ch, sub, look); ok {
				n.slot = len(f.children)
				below = append(below, n)
			}
		case !decision.Included:
			c.outside(f, &ch)
		default:
			c.file(f, &ch, staged)
		}
		f.children = append(f.children, ch)
	}
	for name, old := range before {
		c.missing(f, name, old, state)
	}
	if err := c.send(f); err != nil {
		return err
	}
	if err := c.descend(f, below); err != nil {
		return err
	}
	return c.let(f)
}

// next is a folder to go into.
type next struct {
	slot  int
	name  string
	state selection.State
	look  *scope
}

// descend visits the folders below, with the listings of the next few on their way.
func (c *capture) descend(f *folder, below []next) error {
	ahead := newReadAhead(c.ctx, f, below)
	defer ahead.close()
	for i, n := range below {
		listing, err := ahead.take(i)
		if err != nil {
			ch := &f.children[n.slot]
			if err := c.closedFolder(f, ch, err); err != nil {
				return err
			}
			continue
		}
		sub := &folder{parent: f, slot: n.slot, path: path.Join(f.path, n.name), dir: listing.dir, self: f.children[n.slot].entry}
		if old := f.children[n.slot].before; old != nil && old.Kind == catalog.Dir {
			sub.known, sub.before = true, *old
		}
		c.opened(sub)
		f.hold()
		if err := c.visit(sub, n.state, n.look, listing); err != nil {
			return err
		}
	}
	return nil
}

// before is what the catalog has of a folder's children, by name.
func (c *capture) before(f *folder) (map[string]*catalog.Entry, error) {
	if !f.known {
		return nil, nil
	}
	rows, err := c.Catalog.Children(c.ctx, f.before.ID, catalog.ChildrenOptions{Content: true})
	if err != nil {
		return nil, fmt.Errorf("read the catalog of %q: %w", f.path, err)
	}
	byName := make(map[string]*catalog.Entry, len(rows))
	for i := range rows {
		byName[rows[i].Name] = &rows[i]
	}
	return byName, nil
}

// stagedBefore is what a capture that was killed had found in a folder already.
func (c *capture) stagedBefore(f *folder) (map[string]catalog.Entry, error) {
	f.staged = c.leftover[f.path]
	if !f.staged {
		return nil, nil
	}
	delete(c.leftover, f.path)
	rows, err := c.Catalog.StagedChildren(c.ctx, c.Device, f.path)
	if err != nil {
		return nil, fmt.Errorf("read what was staged of %q: %w", f.path, err)
	}
	byName := make(map[string]catalog.Entry, len(rows))
	for _, r := range rows {
		if !r.Gone {
			byName[r.Entry.Name] = r.Entry
		}
	}
	return byName, nil
}

// stored says whether every blob of a content is at the destination.
func (c *capture) stored(content []repo.ID) bool {
	for _, id := range content {
		if known, err := c.Catalog.Has(repo.Data, id); err != nil || !known {
			return false
		}
	}
	return true
}

// outside decides about an entry that the rules leave out.
func (c *capture) outside(f *folder, ch *child) {
	ch.fate = dropped
	if ch.before == nil {
		return
	}
	if c.Keep != nil && c.Keep(path.Join(f.path, ch.entry.Name)) {
		ch.fate = carried
		return
	}
	f.gone = append(f.gone, *ch.before)
	f.changed.Store(true)
}

// folderBelow decides about a folder: go into it, or carry it over.
func (c *capture) folderBelow(f *folder, ch *child, state selection.State, look *scope) (next, bool) {
	name := ch.entry.Name
	full := path.Join(f.path, name)
	known := ch.before != nil && ch.before.Kind == catalog.Dir && !ch.before.Subtree.IsZero()
	c.absent.see(full, f.self, ch.entry)
	inside := look.below(name)
	if inside == nil && known && ch.before.Inode != ch.entry.Inode {
		inside = everything // another folder has this name now
	}
	if inside == nil && known {
		ch.subtree = ch.before.Subtree
		c.fateOfStat(f, ch)
		return next{}, false
	}
	c.fateOfStat(f, ch)
	return next{name: name, state: state, look: inside}, true
}

// fateOfStat compares a child with what the catalog has, by stat alone.
func (c *capture) fateOfStat(f *folder, ch *child) {
	ch.fate = same
	if !unchanged(&ch.entry, ch.before) {
		ch.fate = fresh
		f.changed.Store(true)
	}
}

// file decides about an entry that is not a folder.
func (c *capture) file(f *folder, ch *child, staged map[string]catalog.Entry) {
	if c.first {
		c.Progress.Checked.Add(1)
	}
	if unchanged(&ch.entry, ch.before) && !c.damaged(f, ch.entry.Name) {
		ch.fate = same
		ch.content = ch.before.Content
		c.storedBefore(ch)
		c.count(&c.result.Unchanged)
		return
	}
	if ch.entry.Placeholder {
		// Reading would download it. What was stored when it was here stays.
		c.report(problem(path.Join(f.path, ch.entry.Name), source.ErrPlaceholder, c.time))
		ch.fate = dropped
		if ch.before != nil {
			ch.fate = carried
		}
		return
	}
	if ch.entry.Kind != source.KindFile {
		ch.fate = fresh
		f.changed.Store(true)
		c.countTaken(ch)
		return
	}
	if e, ok := staged[ch.entry.Name]; ok && unchanged(&ch.entry, &e) && c.stored(e.Content) {
		ch.fate = fresh
		f.changed.Store(true)
		ch.content = e.Content
		c.storedBefore(ch)
		c.countTaken(ch)
		return
	}
	if c.waits(ch) {
		c.wait(f, ch)
	}
}

// unexamined decides about an entry that exists and whose stat failed.
func (c *capture) unexamined(f *folder, ch *child) {
	c.report(problem(path.Join(f.path, ch.entry.Name), ch.entry.Err, c.time))
	ch.fate = dropped
	if ch.before != nil {
		ch.fate = carried
	}
}

// damaged says that what is stored of a file is not to be relied on.
func (c *capture) damaged(f *folder, name string) bool {
	return c.Reread != nil && c.Reread(path.Join(f.path, name))
}

// storedBefore counts bytes that were there already; a further pass sees them again.
func (c *capture) storedBefore(ch *child) {
	if c.first {
		c.Progress.StoredBefore.Add(ch.entry.Size)
	}
}

// missing decides about an entry that the catalog has and the disk has not.
func (c *capture) missing(f *folder, name string, old *catalog.Entry, state selection.State) {
	full := path.Join(f.path, name)
	_, decision := state.Child(name, old.Kind == catalog.Dir)
	kept := !decision.Included && !decision.Descend && c.Keep != nil && c.Keep(full)
	absent := decision.Included || decision.Descend
	absent = absent && old.Kind == catalog.Dir && (c.absent.holds(full) || c.leadsToRoot(full))
	if kept || absent {
		f.children = append(f.children, child{entry: source.Entry{Name: name}, before: old, fate: carried})
		if absent {
			c.report(absentProblem(full, c.time))
		}
		return
	}
	f.gone = append(f.gone, *old)
	f.changed.Store(true)
	if old.Kind != catalog.Dir {
		c.count(&c.result.Deleted)
	}
}

// unreadable carries over a folder that could not be listed.
func (c *capture) unreadable(f *folder, err error) error {
	c.closed(f)
	if f.parent == nil {
		return wrapPath("list", f.path, err)
	}
	if err := c.closedFolder(f.parent, &f.parent.children[f.slot], err); err != nil {
		return err
	}
	return c.let(f.parent)
}

// closedFolder decides about a folder that cannot be opened: unknown is not
// deleted, so the tree that was stored last stays.
func (c *capture) closedFolder(f *folder, ch *child, err error) error {
	known := ch.before != nil && ch.before.Kind == catalog.Dir
	full := path.Join(f.path, ch.entry.Name)
	vanished := errors.Is(err, fs.ErrNotExist)
	if !vanished || known {
		c.report(problem(full, err, c.time))
	}
	switch {
	case vanished && known:
		ch.fate = dropped
		c.goes(f, *ch.before)
	case vanished:
		ch.fate = dropped
	case known:
		ch.fate = carried
	default:
		if ch.subtree, err = c.saveTree(nil); err != nil {
			return wrapPath("store the empty tree of", full, err)
		}
		ch.fate = fresh
		f.changed.Store(true)
	}
	return nil
}

// unchanged compares an entry with the acknowledged one. The change time covers
// mode, owner, links and extended attributes, which all move it.
func unchanged(e *source.Entry, old *catalog.Entry) bool {
	return old != nil && old.Kind == kindOf(e.Kind) && old.ChangeTime == e.ChangeTime &&
		old.ModTime == e.ModTime && old.Inode == e.Inode && old.Mode == uint32(e.Mode) &&
		(e.Kind == source.KindDir || old.Size == e.Size)
}

// leadsToRoot says whether a path is one that was chosen, or on the way to one.
func (c *capture) leadsToRoot(full string) bool {
	for _, root := range c.Rules.Roots() {
		if root == full || within(root, full) {
			return true
		}
	}
	return false
}
