package catalog

import (
	"context"
	"fmt"
	"math/rand/v2"
	"path"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"holdfast/engine/repo"
)

// A world is a made-up computer: paths and what they are.
type world map[string]thing

type thing struct {
	dir   bool
	text  string
	mtime int
}

func newRepository(t testing.TB) (*repo.Repository, *memory) {
	t.Helper()
	store := newMemory()
	r, err := repo.Init(context.Background(), store, repo.InitOptions{Key: repo.NewKey{Secret: "secret", Random: true}})
	must(t, err)
	return r, store
}

// A writing puts blobs into packs and packs into an index.
type writing struct {
	t     testing.TB
	r     *repo.Repository
	packs map[repo.BlobType]*repo.Packer
	seen  map[repo.ID]bool
}

func newWriting(t testing.TB, r *repo.Repository) *writing {
	return &writing{t: t, r: r, seen: make(map[repo.ID]bool), packs: map[repo.BlobType]*repo.Packer{}}
}

func (w *writing) blob(kind repo.BlobType, data []byte) repo.ID {
	id := repo.Hash(data)
	if w.seen[id] {
		return id
	}
	w.seen[id] = true
	sealed, err := w.r.Seal(kind, id, data, nil)
	must(w.t, err)
	if w.packs[kind] == nil {
		w.packs[kind] = w.r.NewPacker(kind, nil)
	}
	w.packs[kind].Add(sealed)
	return id
}

// flush makes everything durable and returns the packs and the index file.
func (w *writing) flush() ([]repo.PackInfo, repo.ID) {
	var infos []repo.PackInfo
	for kind, p := range w.packs {
		info, data, err := p.Finish()
		must(w.t, err)
		must(w.t, w.r.SavePack(context.Background(), info.ID, data))
		infos = append(infos, info)
		delete(w.packs, kind)
	}
	if len(infos) == 0 {
		return nil, repo.ID{}
	}
	index, err := w.r.SaveIndex(context.Background(), infos, nil)
	must(w.t, err)
	return infos, index
}

// tree writes a folder of a world and those below; trees receives each one's id.
func (w *writing) tree(computer world, dir string, trees map[string]repo.ID) repo.ID {
	var nodes []repo.Node
	for _, p := range computer.in(dir) {
		thing := computer[p]
		n := repo.Node{Name: path.Base(p), ModTime: time.Unix(0, int64(thing.mtime)), ChangeTime: time.Unix(0, int64(thing.mtime)), Inode: 7}
		if thing.dir {
			sub := w.tree(computer, p, trees)
			n.Type, n.Mode, n.Subtree = repo.NodeDir, 1<<31|0o755, &sub
		} else {
			n.Type, n.Mode, n.Size = repo.NodeFile, 0o644, uint64(len(thing.text))
			n.Content = []repo.ID{w.blob(repo.Data, []byte(thing.text))}
		}
		nodes = append(nodes, n)
	}
	slices.SortFunc(nodes, func(a, b repo.Node) int { return strings.Compare(a.Name, b.Name) })
	data, err := repo.EncodeTree(nodes, nil)
	must(w.t, err)
	trees[dir] = w.blob(repo.Tree, data)
	return trees[dir]
}

func (c world) in(dir string) []string {
	var list []string
	for p := range c {
		if path.Dir(p) == dir {
			list = append(list, p)
		}
	}
	sort.Strings(list)
	return list
}

// change makes one step of a random history.
func (c world) change(r *rand.Rand, step int) {
	dirs := []string{"/"}
	var all []string
	for p, t := range c {
		all = append(all, p)
		if t.dir {
			dirs = append(dirs, p)
		}
	}
	sort.Strings(all)
	sort.Strings(dirs)
	where := path.Join(dirs[r.IntN(len(dirs))], string(rune('a'+r.IntN(4))))
	switch do := r.IntN(10); {
	case do < 4:
		if !c[where].dir {
			c[where] = thing{text: strings.Repeat("x", 1+r.IntN(5)) + fmt.Sprint(r.IntN(3)), mtime: step}
		}
	case do < 6:
		if _, taken := c[where]; !taken && strings.Count(where, "/") < 5 {
			c[where] = thing{dir: true, mtime: step}
		}
	case do < 9 && len(all) > 0:
		c.remove(all[r.IntN(len(all))])
	case len(dirs) > 1: // rename a folder
		from := dirs[1+r.IntN(len(dirs)-1)]
		if where == from || strings.HasPrefix(where, from+"/") {
			return
		}
		moved := world{}
		for p, t := range c {
			if p == from || strings.HasPrefix(p, from+"/") {
				moved[where+strings.TrimPrefix(p, from)] = t
			}
		}
		c.remove(from)
		c.remove(where)
		for p, t := range moved {
			c[p] = t
		}
	}
}

func (c world) remove(at string) {
	for p := range c {
		if p == at || strings.HasPrefix(p, at+"/") {
			delete(c, p)
		}
	}
}

// captureWorld does what a capture does: only what differs from before is staged.
func captureWorld(t testing.TB, c *Catalog, w *writing, before, now world, n int) Snapshot {
	t.Helper()
	ctx := context.Background()
	trees := make(map[string]repo.ID)
	s := &repo.Snapshot{Time: at(n), Paths: []string{"/"}, Hostname: "ann's", Tags: []string{"holdfast", "device=" + me}}
	s.Tree = w.tree(now, "/", trees)
	packs, index := w.flush()
	must(t, c.AddPacks(ctx, packs, true))
	if !index.IsZero() {
		must(t, c.PutIndexes(ctx, []repo.ID{index}))
	}
	var batch []Staged
	for p, was := range before {
		if _, still := now[p]; !still {
			if above, ok := now[path.Dir(p)]; path.Dir(p) == "/" || ok && above.dir && before[path.Dir(p)].dir {
				g := gone(p)
				g.Entry.Kind = map[bool]Kind{true: Dir}[was.dir]
				batch = append(batch, g)
			}
		}
	}
	for p, is := range now {
		if was, had := before[p]; !is.dir && (!had || was != is) {
			batch = append(batch, file(p, is.text, is.mtime))
		}
		if is.dir {
			g := folderAt(p)
			g.Entry.Subtree, g.Entry.ModTime = trees[p], int64(is.mtime)
			batch = append(batch, g)
		}
	}
	must(t, c.Stage(ctx, batch))
	snapshot, err := w.r.SaveSnapshot(ctx, s)
	must(t, err)
	committed := Snapshot{ID: snapshot, Device: me, Time: at(n), Tree: s.Tree}
	must(t, c.Commit(ctx, committed))
	return committed
}

// view is everything that a catalog answers about a device as of its snapshots.
func view(t testing.TB, c *Catalog) string {
	t.Helper()
	ctx := context.Background()
	var b strings.Builder
	snapshots, err := c.Snapshots(ctx, me)
	must(t, err)
	root, err := c.Root(ctx, me)
	must(t, err)
	for _, s := range snapshots {
		fmt.Fprintln(&b, "as of", s.Time.Sub(at(0)).Hours(), s.ID)
		viewFolder(t, c, &b, root, "", ChildrenOptions{At: s.Time, Content: true})
	}
	fmt.Fprintln(&b, "now")
	viewFolder(t, c, &b, root, "", ChildrenOptions{Content: true})
	fmt.Fprintln(&b, "everything")
	viewFolder(t, c, &b, root, "", ChildrenOptions{Content: true, Deleted: true})
	d, err := c.Device(ctx, me)
	must(t, err)
	fmt.Fprintln(&b, d.Files, d.Bytes)
	return b.String()
}

func viewFolder(t testing.TB, c *Catalog, b *strings.Builder, dir EntryID, path string, o ChildrenOptions) {
	t.Helper()
	list, err := c.Children(context.Background(), dir, o)
	must(t, err)
	slices.SortFunc(list, func(x, y Entry) int { return strings.Compare(x.Name, y.Name) })
	for _, e := range list {
		p := path + "/" + e.Name
		if e.Kind != Dir {
			fmt.Fprintln(b, p, e.Size, e.ModTime, e.Content)
		}
		if o.Deleted {
			fmt.Fprintln(b, p, clock(t, c, p))
		}
		if e.Kind == Dir {
			fmt.Fprintln(b, p+"/")
			viewFolder(t, c, b, e.ID, p, o)
		}
	}
}

// modelView is what the view of the snapshots must say, told from the worlds.
func modelView(snapshots []Snapshot, worlds []world) string {
	var b strings.Builder
	for i := len(worlds) - 1; i >= 0; i-- {
		fmt.Fprintln(&b, "as of", snapshots[i].Time.Sub(at(0)).Hours(), snapshots[i].ID)
		modelFolder(&b, worlds[i], "/")
	}
	fmt.Fprintln(&b, "now")
	modelFolder(&b, worlds[len(worlds)-1], "/")
	return b.String()
}

func modelFolder(b *strings.Builder, w world, dir string) {
	for _, p := range w.in(dir) {
		if t := w[p]; t.dir {
			fmt.Fprintln(b, p+"/")
			modelFolder(b, w, p)
		} else {
			fmt.Fprintln(b, p, len(t.text), t.mtime, []repo.ID{id(t.text)})
		}
	}
}

func compare(t *testing.T, what, got, want string) {
	t.Helper()
	g, w := strings.Split(got, "\n"), strings.Split(strings.TrimSpace(want), "\n")
	for i := range w {
		if i >= len(g) || g[i] != w[i] {
			t.Fatalf("%s: line %d: got %q, want %q", what, i, strings.Join(g[i:min(len(g), i+3)], "; "), w[i])
		}
	}
}

func TestAnyHistoryIsToldTheSameByCapturesByRebuildingAndAfterForgetting(t *testing.T) {
	for seed := range uint64(20) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			ctx := context.Background()
			random := rand.New(rand.NewPCG(seed, 7))
			r, _ := newRepository(t)
			w := newWriting(t, r)
			c := open(t)
			var worlds []world
			var snapshots []Snapshot
			before := world{}
			for n := 1; n <= 14; n++ {
				now := world{}
				for p, thing := range before {
					now[p] = thing
				}
				for range random.IntN(6) {
					now.change(random, n)
				}
				snapshots = append(snapshots, captureWorld(t, c, w, before, now, n))
				worlds = append(worlds, now)
				before = now
			}
			told := view(t, c)
			compare(t, "captures", told, modelView(snapshots, worlds))
			rebuilt := open(t)
			must(t, rebuilt.Sync(ctx, r, nil))
			compare(t, "rebuilt", view(t, rebuilt), told)
			must(t, rebuilt.Sync(ctx, r, nil))
			compare(t, "nothing new", view(t, rebuilt), told)

			for i := len(worlds) - 2; i >= 0; i-- {
				if random.IntN(2) == 0 {
					must(t, r.RemoveSnapshot(ctx, snapshots[i].ID))
					must(t, c.Forget(ctx, []repo.ID{snapshots[i].ID}))
					snapshots = slices.Delete(snapshots, i, i+1)
					worlds = slices.Delete(worlds, i, i+1)
				}
			}
			compare(t, "forgotten", view(t, c), modelView(snapshots, worlds))
			must(t, rebuilt.Sync(ctx, r, nil))
			compare(t, "forgotten elsewhere", view(t, rebuilt), view(t, c))

			last := len(worlds) - 1
			must(t, r.RemoveSnapshot(ctx, snapshots[last].ID))
			if last == 0 {
				return
			}
			must(t, c.Sync(ctx, r, nil))
			compare(t, "without the newest", view(t, c), modelView(snapshots[:last], worlds[:last]))
		})
	}
}
