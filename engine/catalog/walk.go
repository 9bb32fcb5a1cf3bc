package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"holdfast/engine/repo"
)

var zeroTime time.Time

// A walk compares the tree of a snapshot with the present state of its device and
// makes the one the other. Folders are taken in handfuls: while one is written, the
// trees of the next are read. What is in memory is a handful of trees and, for each
// folder on the way down, its unfinished subfolders.
type walk struct {
	y      *syncing
	change change
	whole  bool     // the snapshot is all there is of the device
	paths  []string // else it is about these
	open   []*folder
	done   []*folder // all below is in; their tree ids are to be stored
}

// A folder is one whose tree differs from what is known.
type folder struct {
	parent  *folder
	id      int64
	tree    repo.ID
	path    string
	covered bool // what its tree does not name is gone
	fresh   bool // nothing is known to lie in it
	missed  bool // something below could not be read: its tree has to be read again
	waiting int  // subfolders that are not done
	nodes   []repo.Node
	err     error
}

const (
	handful      = 32
	handfulBytes = 2 << 20 // of trees
)

func newWalk(y *syncing, device int64, n *repo.Snapshot) *walk {
	w := &walk{y: y, change: change{device: device, now: nanos(n.Time)}}
	w.whole = !strings.HasPrefix(deviceOf(n), hostPrefix)
	for _, path := range n.Paths {
		w.paths = append(w.paths, treePath(path))
	}
	return w
}

// treePath is where a path lies in a tree: "C:\Users" of Windows is "/C/Users".
func treePath(path string) string {
	if len(path) >= 2 && path[1] == ':' {
		path = "/" + path[:1] + strings.ReplaceAll(path[2:], `\`, "/")
	}
	return cleanPath(path)
}

// covers says whether the snapshot tells all about a folder, given that it does not
// of the folder above: not of those that only lead to its paths.
func (w *walk) covers(path string) bool {
	if w.whole {
		return true
	}
	leads := false
	for _, p := range w.paths {
		if p == path {
			return true
		}
		leads = leads || path == "/" || strings.HasPrefix(p, path+"/")
	}
	return !leads
}

func (w *walk) run(ctx context.Context, root int64, tree repo.ID) error {
	if err := w.y.c.read(ctx, func(s *session) error { w.change.s = s; return w.change.begin() }); err != nil {
		return err
	}
	w.open = []*folder{{id: root, tree: tree, path: "/", covered: w.covers("/")}}
	batch := w.next()
	if err := w.load(ctx, batch); err != nil {
		return err
	}
	for len(batch) > 0 || len(w.done) > 0 {
		following := w.next()
		group, loading := errgroup.WithContext(ctx)
		group.Go(func() error { return w.load(loading, following) })
		err := w.y.c.write(ctx, func(s *session) error { return w.apply(s, batch) })
		if loaded := group.Wait(); err == nil {
			err = loaded
		}
		if err != nil {
			return err
		}
		if batch = following; len(batch) == 0 {
			batch = w.next()
			if err := w.load(ctx, batch); err != nil {
				return err
			}
		}
	}
	return nil
}

// next takes the folders to read next: the last found first, so that few are open.
func (w *walk) next() []*folder {
	var batch []*folder
	size := 0
	for len(w.open) > 0 && len(batch) < handful && size < handfulBytes {
		f := w.open[len(w.open)-1]
		w.open = w.open[:len(w.open)-1]
		batch = append(batch, f)
		if loc, ok, err := w.y.c.Locate(repo.Tree, f.tree); err == nil && ok {
			size += loc.Blob.Size()
		}
	}
	return batch
}

func (w *walk) load(ctx context.Context, batch []*folder) error {
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(4)
	for _, f := range batch {
		if f.tree.IsZero() {
			continue
		}
		group.Go(func() error {
			var err error
			f.nodes, err = w.y.repo.LoadTree(ctx, w.y.c, f.tree)
			if passable(err) {
				f.err = err
				return nil
			}
			return err
		})
	}
	return group.Wait()
}

// apply writes a handful of folders and the tree ids of those that are finished. When
// it fails the walk is over, so that it may change the walk as it goes.
func (w *walk) apply(s *session, batch []*folder) error {
	w.change.s = s
	for _, f := range w.done {
		if _, _, err := s.exec("UPDATE entry SET content = ? WHERE id = ?", f.tree[:], f.id); err != nil {
			return err
		}
	}
	w.done = w.done[:0]
	for _, f := range batch {
		if err := w.folder(f); err != nil {
			return fmt.Errorf("%s: %w", f.path, err)
		}
		f.nodes = nil
		if f.waiting == 0 {
			w.finish(f)
		}
	}
	return w.change.finish()
}

// finish notes that all of a folder is in, and of those above that waited for it.
func (w *walk) finish(f *folder) {
	for {
		if f.covered && !f.missed && !f.tree.IsZero() {
			w.done = append(w.done, f)
		}
		above := f.parent
		if above == nil {
			return
		}
		above.missed = above.missed || f.missed
		if above.waiting--; above.waiting > 0 {
			return
		}
		f = above
	}
}

func (w *walk) folder(f *folder) error {
	if f.err != nil {
		f.missed = true
		w.y.miss(fmt.Errorf("%s: %w", f.path, f.err))
		var refused *repo.RefusedError
		if !errors.As(f.err, &refused) {
			return nil // what it held stays as it was known
		}
	}
	present, err := w.present(f)
	if err != nil {
		return err
	}
	found := len(w.open)
	// The last is taken first: reversed, folders are written in the order of their
	// numbers, which fills the index of places from one end.
	defer func() { slices.Reverse(w.open[found:]) }()
	for i := range f.nodes {
		n := &f.nodes[i]
		if w.whole && f.parent == nil && n.Name == settingsName {
			continue
		}
		st, known := present[n.Name]
		delete(present, n.Name)
		if err := w.node(f, n, st, known); err != nil {
			return err
		}
	}
	if !f.covered || f.err != nil {
		return nil
	}
	for _, st := range present {
		if err := w.change.remove(st.id, st.kind, st.size); err != nil {
			return err
		}
	}
	return nil
}

// present reads what lies in a folder, by name.
func (w *walk) present(f *folder) (map[string]*stand, error) {
	if f.fresh {
		return nil, nil
	}
	present := make(map[string]*stand)
	err := w.change.s.each(context.Background(), func(r row) error {
		e, content := entryOf(r)
		present[e.Name] = &stand{id: int64(e.ID), since: e.Since, gone: e.Gone, item: item{
			kind: e.Kind, mode: e.Mode, size: e.Size, mtime: e.ModTime, ctime: e.ChangeTime, inode: e.Inode, content: content,
		}}
		return nil
	}, presentChildren, f.id)
	return present, err
}

func (w *walk) node(f *folder, n *repo.Node, st *stand, known bool) error {
	it, err := w.item(n)
	if err != nil {
		return err
	}
	if it.kind != Dir {
		if known {
			return w.change.replace(st, &it)
		}
		if it.name, err = intern(w.change.s, n.Name); err == nil {
			_, err = w.change.put(f.id, &it)
		}
		return err
	}
	sub := &folder{parent: f, path: joinPath(f.path, n.Name)}
	if n.Subtree != nil {
		sub.tree = *n.Subtree
	}
	sub.covered = f.covered || w.covers(sub.path)
	if known {
		same := st.kind == Dir && sub.covered && len(st.content) == len(sub.tree) && idOf(st.content) == sub.tree
		if st.kind == Dir {
			it.content = st.content // until all below is in
		}
		sub.id = st.id
		if err := w.change.replace(st, &it); err != nil || same {
			return err
		}
	} else {
		if it.name, err = intern(w.change.s, n.Name); err != nil {
			return err
		}
		if sub.id, err = w.change.put(f.id, &it); err != nil {
			return err
		}
		sub.fresh = sub.id > w.change.fresh
	}
	f.waiting++
	w.open = append(w.open, sub)
	return nil
}

func (w *walk) item(n *repo.Node) (item, error) {
	it := item{
		kind: kindOf(n.Type), mode: uint32(n.Mode), mtime: n.ModTime.UnixNano(), ctime: n.ChangeTime.UnixNano(), inode: n.Inode,
	}
	if it.kind == Symlink {
		it.size = int64(len(n.LinkTarget)) // as the file system has it
	}
	if it.kind != File {
		return it, nil
	}
	it.size = int64(min(n.Size, 1<<63-1))
	content, err := numbersOf(w.change.s, n.Content, func(id repo.ID) (int64, error) { return w.y.c.namedBlob(w.change.s, id) })
	it.content = content
	return it, err
}

func kindOf(nodeType string) Kind {
	switch nodeType {
	case repo.NodeFile:
		return File
	case repo.NodeDir:
		return Dir
	case repo.NodeSymlink:
		return Symlink
	}
	return Special
}
