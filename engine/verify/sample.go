package verify

import (
	"context"
	"math/rand/v2"
	"os"
	"path"
	"slices"
	"strconv"

	"holdfast/engine/repo"
	"holdfast/engine/restore"
)

// reservoir keeps a fair choice of what is offered to it (Vitter's algorithm R): at
// any time each of the things offered is in it with the same probability.
type reservoir[T any] struct {
	kept    []T
	offered int
}

// offer takes a thing in or not. make is called only when it is taken.
func (r *reservoir[T]) offer(size int, rnd *rand.Rand, make func() T) {
	r.offered++
	if len(r.kept) < size {
		r.kept = append(r.kept, make())
		return
	}
	if i := rnd.IntN(r.offered); i < size {
		r.kept[i] = make()
	}
}

// found is a stored file or folder that may be restored.
type found struct {
	node  repo.Node
	path  string
	bytes int64
}

// search goes through the newest snapshot.
type search struct {
	*drill
	files   reservoir[found]
	folders reservoir[found]
}

// choose picks files and a folder of the newest snapshot, and a version that only an
// older one has. Names in the target are numbers, because those of files in different
// folders may be the same.
func (d *drill) choose(ctx context.Context, snapshots []snapshot) ([]restore.Source, error) {
	s := &search{drill: d}
	if err := s.walk(ctx, snapshots[0].tree, ""); err != nil {
		return nil, err
	}
	old, err := d.older(ctx, snapshots)
	if err != nil {
		return nil, err
	}
	var sources []restore.Source
	var bytes int64
	files := s.files.kept
	d.Rand.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
	for i, f := range slices.Concat(old, s.folders.kept, files) {
		if bytes+f.bytes <= d.Bytes {
			bytes += f.bytes
			sources = append(sources, restore.Source{Node: f.node, Path: f.path, As: strconv.Itoa(i)})
		}
	}
	return sources, nil
}

// walk offers every file, and every small folder without folders in it. It goes into
// folders in random order, so that where there are too many files to look at all of
// them it is not always the same ones that are left out.
func (s *search) walk(ctx context.Context, tree repo.ID, dir string) error {
	nodes, err := s.load(ctx, tree, dir)
	if err != nil {
		return err
	}
	type folder struct {
		name string
		tree repo.ID
	}
	var below []folder
	var count int
	var bytes int64
	for i := range nodes {
		n := &nodes[i]
		switch {
		case n.Type == repo.NodeDir && n.Subtree != nil:
			below = append(below, folder{n.Name, *n.Subtree})
		case s.suits(n):
			count++
			bytes += int64(n.Size)
			s.files.offer(s.Files, s.Rand, func() found { return found{*n, dir + "/" + n.Name, int64(n.Size)} })
		}
	}
	if len(below) == 0 && dir != "" && count > 0 && count == len(nodes) && count <= drillFolder && bytes <= min(drillSmall, s.Bytes) {
		s.folders.offer(1, s.Rand, func() found {
			return found{repo.Node{Name: path.Base(dir), Type: repo.NodeDir, Mode: os.ModeDir | 0o700, Subtree: &tree, ModTime: s.Now()}, dir, bytes}
		})
	}
	s.Rand.Shuffle(len(below), func(i, j int) { below[i], below[j] = below[j], below[i] })
	for _, f := range below {
		if s.files.offered >= drillWalk {
			return nil
		}
		if err := s.walk(ctx, f.tree, dir+"/"+f.name); err != nil {
			return err
		}
	}
	return nil
}

// suits says whether a drill restores such a file.
func (d *drill) suits(n *repo.Node) bool {
	return n.Type == repo.NodeFile && n.Size <= uint64(d.Bytes)
}

// load reads a folder's list. One that is damaged is a failure of the drill, and what
// of it can be read goes on.
func (d *drill) load(ctx context.Context, tree repo.ID, dir string) ([]repo.Node, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	nodes, err := d.Repo.LoadTree(ctx, d.index, tree)
	if err != nil {
		if fatal(ctx, err) {
			return nil, err
		}
		d.failed("The list of what was in %s/ cannot be read: %s.", dir, reason(err))
	}
	return nodes, nil
}

// older looks for one file that an older snapshot has and the newest has not, or has
// otherwise.
func (d *drill) older(ctx context.Context, snapshots []snapshot) ([]found, error) {
	newest := snapshots[0]
	earlier := slices.Clone(snapshots[1:])
	d.Rand.Shuffle(len(earlier), func(i, j int) { earlier[i], earlier[j] = earlier[j], earlier[i] })
	for _, s := range earlier[:min(drillEarlier, len(earlier))] {
		if s.computer != newest.computer || s.device != newest.device {
			continue
		}
		var r reservoir[found]
		if err := d.differences(ctx, &s.tree, &newest.tree, "", &r); err != nil {
			return nil, err
		}
		if len(r.kept) > 0 {
			return r.kept, nil
		}
	}
	return nil, nil
}

// differences offers the files of an older tree that a newer one, if there is one,
// has not or otherwise.
func (d *drill) differences(ctx context.Context, old, now *repo.ID, dir string, r *reservoir[found]) error {
	if now != nil && *old == *now || r.offered >= drillWalk {
		return nil
	}
	before, err := d.load(ctx, *old, dir)
	if err != nil {
		return err
	}
	after := map[string]repo.Node{}
	if now != nil {
		nodes, err := d.load(ctx, *now, dir)
		if err != nil {
			return err
		}
		for _, n := range nodes {
			after[n.Name] = n
		}
	}
	for i := range before {
		n := &before[i]
		same, there := after[n.Name]
		switch {
		case n.Type == repo.NodeDir && n.Subtree != nil:
			if err := d.differences(ctx, n.Subtree, same.Subtree, dir+"/"+n.Name, r); err != nil {
				return err
			}
		case d.suits(n) && !(there && same.Type == n.Type && slices.Equal(same.Content, n.Content)):
			r.offer(1, d.Rand, func() found { return found{*n, dir + "/" + n.Name, int64(n.Size)} })
		}
	}
	return nil
}
