package backup

import (
	"errors"
	"fmt"
	"path"
	"sync/atomic"
	"time"

	"holdfast/engine"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
	"holdfast/engine/source"
)

// folder is a folder on its way from listing to tree. It is finished by whoever
// lets go of it last: the walk, a worker, or a folder below it.
type folder struct {
	parent *folder
	slot   int // index in parent.children
	path   string
	dir    source.Dir
	self   source.Entry
	known  bool          // the catalog has it
	before catalog.Entry // as the catalog has it

	children []child
	gone     []catalog.Entry      // under the capture's lock once the files are with the workers
	staged   bool                 // an earlier capture left results that were never committed
	carried  map[string]repo.Node // nodes of the tree it had, read when one is needed

	holds   atomic.Int32
	changed atomic.Bool // its tree differs from the one it had
}

// fate is what becomes of a child in the new tree.
type fate uint8

const (
	undecided fate = iota
	same           // as the catalog has it
	fresh          // new or changed
	carried        // not looked at, or not readable: as it was stored last
	dropped        // not in the tree
)

// child is an entry of a folder.
type child struct {
	entry    source.Entry
	before   *catalog.Entry // nil: new
	fate     fate
	content  []repo.ID
	subtree  repo.ID
	volatile bool // it may have changed unseen: it is read again next time
}

func (f *folder) hold() { f.holds.Add(1) }

// let lets go of a folder, and finishes it when nobody holds it any more.
func (c *capture) let(f *folder) error {
	for f != nil && f.holds.Add(-1) == 0 {
		subtree, err := c.finish(f)
		c.closed(f)
		if err != nil {
			return err
		}
		if f.parent == nil {
			c.tree = subtree
			return nil
		}
		f.parent.adopt(f.slot, subtree)
		f = f.parent
	}
	return nil
}

// opened and closed keep the list of what is to be closed when a capture ends early.
func (c *capture) opened(f *folder) {
	c.mu.Lock()
	c.folders[f] = true
	c.mu.Unlock()
}

func (c *capture) closed(f *folder) {
	c.mu.Lock()
	delete(c.folders, f)
	c.mu.Unlock()
	f.dir.Close()
}

// goes takes an entry out of the tree of a folder whose files are with the workers.
func (c *capture) goes(f *folder, e catalog.Entry) {
	c.mu.Lock()
	f.gone = append(f.gone, e)
	c.mu.Unlock()
	f.changed.Store(true)
}

// adopt takes the tree of a folder below.
func (f *folder) adopt(slot int, subtree repo.ID) {
	ch := &f.children[slot]
	ch.subtree = subtree
	if ch.before == nil || ch.before.Subtree != subtree {
		ch.fate = fresh
		f.changed.Store(true)
	}
}

// finish encodes and stores the tree of a folder whose children are all decided,
// and stages what changed.
func (c *capture) finish(f *folder) (repo.ID, error) {
	if f.staged {
		if err := c.Catalog.DropStagedDirs(c.ctx, c.Device, []string{f.path}); err != nil {
			return repo.ID{}, err
		}
	}
	if f.known && !f.changed.Load() && !f.before.Subtree.IsZero() && (f.parent != nil || !c.extraChanged()) {
		return f.before.Subtree, nil
	}
	nodes, err := c.nodes(f)
	if err != nil {
		return repo.ID{}, err
	}
	id, err := c.saveTree(nodes)
	if err != nil {
		return id, fmt.Errorf("store the tree of %q: %w", f.path, err)
	}
	return id, c.stage(f)
}

// saveTree stores a tree blob.
func (c *capture) saveTree(nodes []repo.Node) (repo.ID, error) {
	plain, err := repo.EncodeTree(nodes, nil)
	if err != nil {
		return repo.ID{}, err
	}
	id := repo.Hash(plain)
	_, _, err = c.saver.save(repo.Tree, id, plain, nil)
	return id, err
}

// nodes makes the nodes of a tree out of the children that stay in it.
func (c *capture) nodes(f *folder) ([]repo.Node, error) {
	nodes := make([]repo.Node, 0, len(f.children)+1)
	for i := range f.children {
		ch := &f.children[i]
		switch ch.fate {
		case dropped, undecided:
			continue
		case carried:
			node, ok, err := c.nodeBefore(f, ch.entry.Name)
			if err != nil {
				return nil, err
			}
			if ok {
				nodes = append(nodes, node)
			} else if ch.before != nil {
				f.gone = append(f.gone, *ch.before) // the tree has nothing of it, so nor has the catalog
			}
			continue
		}
		node, problems := f.dir.Node(ch.entry)
		for _, err := range problems {
			c.report(problem(path.Join(f.path, ch.entry.Name), err, c.time))
		}
		node.Content = ch.content
		if ch.entry.Kind == source.KindDir {
			subtree := ch.subtree
			node.Subtree = &subtree
		}
		nodes = append(nodes, node)
	}
	if f.parent == nil {
		return c.withExtra(nodes)
	}
	return nodes, nil
}

// nodeBefore finds a child in the tree that the folder had. A tree that is damaged
// or was never known has nothing: one folder's trouble must not end the capture.
func (c *capture) nodeBefore(f *folder, name string) (repo.Node, bool, error) {
	if f.carried == nil {
		f.carried = map[string]repo.Node{}
		nodes, err := c.treeBefore(f)
		if err != nil {
			return repo.Node{}, false, err
		}
		for _, n := range nodes {
			f.carried[n.Name] = n
		}
	}
	node, ok := f.carried[name]
	return node, ok, nil
}

func (c *capture) treeBefore(f *folder) ([]repo.Node, error) {
	if f.before.Subtree.IsZero() {
		return nil, nil
	}
	nodes, err := c.Repo.LoadTree(c.ctx, c.Catalog, f.before.Subtree)
	if errors.Is(err, repo.ErrDamaged) || errors.Is(err, repo.ErrNotFound) {
		c.report(engine.Problem{
			Path: f.path, Kind: engine.ProblemUnreadable, Since: c.time,
			Reason: "What was stored of this folder before is damaged, and something in it cannot be read now.",
			Advice: "Make it readable, then run a check (Settings, Check now).",
		})
		return nodes, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the stored tree of %q: %w", f.path, err)
	}
	return nodes, nil
}

// stage writes down what this folder's new tree changes for the catalog.
func (c *capture) stage(f *folder) error {
	batch := make([]catalog.Staged, 0, 8)
	for i := range f.children {
		ch := &f.children[i]
		if ch.fate != fresh {
			continue
		}
		batch = append(batch, catalog.Staged{Device: c.Device, Dir: f.path, Entry: c.row(ch)})
	}
	for _, e := range f.gone {
		batch = append(batch, catalog.Staged{Device: c.Device, Dir: f.path, Entry: e, Gone: true})
	}
	if len(batch) == 0 {
		return nil
	}
	return c.Catalog.Stage(c.ctx, batch)
}

// row is a child as the catalog keeps it.
func (c *capture) row(ch *child) catalog.Entry {
	e := catalog.Entry{
		Name:       ch.entry.Name,
		Kind:       kindOf(ch.entry.Kind),
		Mode:       uint32(ch.entry.Mode),
		Size:       ch.entry.Size,
		ModTime:    ch.entry.ModTime,
		ChangeTime: ch.entry.ChangeTime,
		Inode:      ch.entry.Inode,
		Content:    ch.content,
		Subtree:    ch.subtree,
	}
	if ch.volatile {
		e.ChangeTime = 0 // never equal to a real one: it is read again next time
	}
	return e
}

// racy says that a file changed so shortly before it was read that a second change
// could have left its times as they were. File systems stamp with the tick of the
// kernel's clock, up to 10 ms; some (FAT, exFAT, HFS+, old NFS) with 1 or 2 seconds.
func racy(e source.Entry, now time.Time) bool {
	tick := 20 * time.Millisecond
	if e.ChangeTime%int64(time.Second) == 0 {
		tick = 2 * time.Second
	}
	return e.Kind == source.KindFile && now.Sub(time.Unix(0, e.ChangeTime)) < tick
}

func kindOf(k source.Kind) catalog.Kind {
	switch k {
	case source.KindFile:
		return catalog.File
	case source.KindDir:
		return catalog.Dir
	case source.KindSymlink:
		return catalog.Symlink
	default:
		return catalog.Special
	}
}
