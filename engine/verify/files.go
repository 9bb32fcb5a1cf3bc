package verify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"hash/maphash"
	"time"

	"holdfast/engine/repo"
)

// naming finds the files that damage reaches. The trees are read a second time,
// which is only done when there is damage: in waves, to learn which of them lead to
// it, and then by path, through those alone.
type naming struct {
	*check
	touched bits    // trees that hold what is lost, at any depth
	lostDir bits    // trees that cannot be read
	edges   []int32 // of each tree in turn: its number, how many folders are in it, their numbers
	met     map[uint64]bool
	seed    maphash.Seed
	buf     []byte
}

// nameFiles fills in the files that are affected.
func (c *check) nameFiles(ctx context.Context) error {
	c.listAbsent()
	if c.result.LostBlobs == 0 {
		return nil
	}
	n := &naming{
		check:   c,
		touched: newBits(c.stock.trees.len()),
		lostDir: newBits(c.stock.trees.len()),
		met:     map[uint64]bool{},
		seed:    maphash.MakeSeed(),
	}
	for tree := range c.walked.failed {
		n.lostDir.set(tree)
	}
	if err := n.mark(ctx); err != nil {
		return err
	}
	for i := range c.snapshots {
		s := &c.snapshots[i]
		tree, ok := c.stock.trees.find(keyOf(&s.tree))
		if !ok || n.lostDir.has(tree) {
			n.name(s, "/", true)
			continue
		}
		if !n.touched.has(tree) {
			continue
		}
		if err := n.descend(ctx, s, tree, ""); err != nil {
			return err
		}
	}
	return nil
}

// mark finds the trees that lead to damage.
func (n *naming) mark(ctx context.Context) error {
	w := n.newWalk()
	w.visit = func(tree int, plain []byte, follow func(*repo.ID)) error {
		found := []int32{int32(tree), 0}
		err := n.entries(plain, func(node *repo.Node, child int, lost bool) {
			if lost {
				n.touched.set(tree)
			} else if node.Subtree != nil {
				found = append(found, int32(child))
				follow(node.Subtree)
			}
		})
		found[1] = int32(len(found) - 2)
		n.mu.Lock()
		n.edges = append(n.edges, found...)
		n.mu.Unlock()
		return err
	}
	for i := range n.snapshots {
		if tree, ok := n.stock.trees.find(keyOf(&n.snapshots[i].tree)); ok && !n.lostDir.has(tree) {
			w.want(&n.snapshots[i].tree)
		}
	}
	if err := w.run(ctx); err != nil {
		return err
	}
	if len(w.failed) > 0 { // readable the first time, and not now
		for tree := range w.failed {
			n.lostDir.set(tree)
			n.lose(n.stock.location(n.stock.trees.at(tree)))
		}
		clear(n.touched)
		n.edges = nil
		return n.mark(ctx)
	}
	for more := true; more; {
		more = false
		for at := 0; at < len(n.edges); {
			tree, count := int(n.edges[at]), int(n.edges[at+1])
			for _, child := range n.edges[at+2 : at+2+count] {
				if n.touched.has(int(child)) && n.touched.set(tree) {
					more = true
				}
			}
			at += 2 + count
		}
	}
	n.edges = nil
	return nil
}

// entries calls fn for each entry of a tree: with the number of the tree of a folder
// that is there, and whether what the entry itself needs is lost.
func (n *naming) entries(plain []byte, fn func(node *repo.Node, child int, lost bool)) error {
	err := repo.WalkTree(plain, func(node *repo.Node) error {
		lost := false
		for i := range node.Content {
			if !n.stock.has(&node.Content[i]) {
				lost = true
				break
			}
		}
		child := -1
		if node.Subtree != nil {
			var ok bool
			child, ok = n.stock.trees.find(keyOf(node.Subtree))
			lost = lost || !ok || n.lostDir.has(child)
		}
		fn(node, child, lost)
		return nil
	})
	if _, refused := errors.AsType[*repo.RefusedError](err); refused {
		return nil // said already
	}
	return err
}

// descend names what is lost below a folder. A folder that an older snapshot has
// unchanged in the same place was named with the newer one.
func (n *naming) descend(ctx context.Context, s *snapshot, tree int, path string) error {
	if !n.first(s, path, uint64(tree)+2) {
		return nil
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	plain, err := n.Repo.ReadBlob(ctx, n.stock.location(n.stock.trees.at(tree)), n.buf)
	if err != nil {
		if fatal(ctx, err) {
			return err
		}
		n.name(s, cmp.Or(path, "/"), true)
		return nil
	}
	n.buf = kept(plain)
	type folder struct {
		name string
		tree int
	}
	var below []folder
	err = n.entries(plain, func(node *repo.Node, child int, lost bool) {
		switch {
		case lost:
			n.name(s, path+"/"+node.Name, node.Subtree != nil)
		case child >= 0 && n.touched.has(child):
			below = append(below, folder{node.Name, child})
		}
	})
	for _, f := range below {
		if err == nil {
			err = n.descend(ctx, s, f.tree, path+"/"+f.name)
		}
	}
	return err
}

// first says whether this was not met before, for this computer.
func (n *naming) first(s *snapshot, path string, what uint64) bool {
	var h maphash.Hash
	h.SetSeed(n.seed)
	maphash.WriteComparable(&h, what)
	h.WriteString(s.computer)
	h.WriteByte(0)
	h.WriteString(s.device)
	h.WriteByte(0)
	h.WriteString(path)
	sum := h.Sum64()
	if n.met[sum] {
		return false
	}
	n.met[sum] = true
	return true
}

func (n *naming) name(s *snapshot, path string, folder bool) {
	kind := uint64(0)
	if folder {
		kind = 1
	}
	if !n.first(s, path, kind) {
		return
	}
	n.result.DamagedFiles++
	if len(n.result.Files) == mostFiles {
		return
	}
	f := File{Computer: s.computer, Device: s.device, Path: path, Folder: folder, Snapshot: s.id, Time: s.time}
	n.result.Files = append(n.result.Files, f)
	n.result.Damaged = append(n.result.Damaged, f.String())
}

// String is the file for a person.
func (f File) String() string {
	what := ""
	if f.Folder {
		what = " and everything in it"
	}
	return fmt.Sprintf("%s: %s%s (backup %s of %s)", f.Computer, f.Path, what, f.Snapshot.Short(), f.Time.Local().Format(time.DateTime))
}
