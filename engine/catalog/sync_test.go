package catalog

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
)

// save writes a world as a snapshot, without telling any catalog.
func save(t testing.TB, w *writing, now world, s repo.Snapshot) repo.ID {
	t.Helper()
	s.Tree = w.tree(now, "/", make(map[string]repo.ID))
	w.flush()
	id, err := w.r.SaveSnapshot(context.Background(), &s)
	must(t, err)
	return id
}

func ofMe(n int) repo.Snapshot {
	return repo.Snapshot{Time: at(n), Paths: []string{"/"}, Hostname: "ann's", Tags: []string{"holdfast", "device=" + me}}
}

func ofHost(n int, paths ...string) repo.Snapshot {
	return repo.Snapshot{Time: at(n), Paths: paths, Hostname: "server"}
}

// files lists what is present on a device, or was at a moment.
func files(t testing.TB, c *Catalog, device string, when time.Time) string {
	t.Helper()
	root, err := c.Root(context.Background(), device)
	must(t, err)
	var lines []string
	var walk func(dir EntryID, path string)
	walk = func(dir EntryID, path string) {
		entries, err := c.Children(context.Background(), dir, ChildrenOptions{At: when})
		must(t, err)
		for _, e := range entries {
			if e.Kind == Dir {
				walk(e.ID, path+"/"+e.Name)
			} else {
				lines = append(lines, fmt.Sprintf("%s/%s:%d", path, e.Name, e.Size))
			}
		}
	}
	walk(root, "")
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

func text(s string) thing { return thing{text: s, mtime: len(s)} }

var dir = thing{dir: true}

func TestSnapshotsOfAnotherProgramReplaceOnlyTheirOwnPaths(t *testing.T) {
	ctx := context.Background()
	r, _ := newRepository(t)
	w := newWriting(t, r)
	c := open(t)
	save(t, w, world{"/home": dir, "/home/a": dir, "/home/a/x": text("1"), "/home/a/y": text("22")}, ofHost(1, "/home/a"))
	save(t, w, world{"/etc": dir, "/etc/conf": text("333")}, ofHost(2, "/etc"))
	second := save(t, w, world{"/home": dir, "/home/a": dir, "/home/a/x": text("4444")}, ofHost(3, "/home/a"))
	must(t, c.Sync(ctx, r, nil))
	const host = "host:server"
	equal(t, "at 1", files(t, c, host, at(1)), "/home/a/x:1 /home/a/y:2")
	equal(t, "at 2", files(t, c, host, at(2)), "/etc/conf:3 /home/a/x:1 /home/a/y:2")
	equal(t, "now", files(t, c, host, time.Time{}), "/etc/conf:3 /home/a/x:4")
	must(t, r.RemoveSnapshot(ctx, second))
	must(t, c.Sync(ctx, r, nil))
	equal(t, "without the last", files(t, c, host, time.Time{}), "/etc/conf:3 /home/a/x:1 /home/a/y:2")
	d, err := c.Device(ctx, host)
	must(t, err)
	equal(t, "totals", fmt.Sprint(d.Name, d.Files, d.Bytes), "server3 6")
	equal(t, "a path of Windows", treePath(`C:\Users\ann\`), "/C/Users/ann")
}

func TestASnapshotThatComesLateIsPutWhereItBelongs(t *testing.T) {
	ctx := context.Background()
	r, _ := newRepository(t)
	w := newWriting(t, r)
	c := open(t)
	save(t, w, world{"/a": text("1")}, ofMe(1))
	save(t, w, world{"/a": text("333"), "/c": text("x")}, ofMe(3))
	must(t, c.Sync(ctx, r, nil))
	equal(t, "first", clock(t, c, "/a"), "3@3* 1@1")
	save(t, w, world{"/a": text("22"), "/b": text("22")}, ofMe(2))
	must(t, c.Sync(ctx, r, nil))
	equal(t, "in order", clock(t, c, "/a"), "3@3* 2@2 1@1")
	equal(t, "at 2", files(t, c, me, at(2)), "/a:2 /b:2")
	equal(t, "now", files(t, c, me, time.Time{}), "/a:3 /c:1")
}

func TestASnapshotWithOtherTagsTakesThePlaceOfTheOldOne(t *testing.T) {
	ctx := context.Background()
	r, store := newRepository(t)
	w := newWriting(t, r)
	c := open(t)
	now := world{"/d": dir, "/d/a": text("1"), "/.holdfast": dir, "/.holdfast/settings": text("{}")}
	old := save(t, w, now, ofMe(1))
	must(t, c.Sync(ctx, r, nil))
	equal(t, "settings are no files", files(t, c, me, time.Time{}), "/d/a:1")
	s := ofMe(1)
	s.Tags = append(s.Tags, "set=other")
	tagged := save(t, w, now, s)
	must(t, r.RemoveSnapshot(ctx, old))
	reads := store.reads
	must(t, c.Sync(ctx, r, nil))
	equal(t, "only the snapshot was read", store.reads-reads, 1)
	list, err := c.Snapshots(ctx, "")
	must(t, err)
	equal(t, "one", len(list) == 1 && list[0].ID == tagged, true)
	equal(t, "clock", clock(t, c, "/d/a"), "1@1*")
	must(t, r.RemoveSnapshot(ctx, tagged))
	must(t, c.Sync(ctx, r, nil))
	devices, err := c.Devices(ctx)
	must(t, err)
	equal(t, "nothing left", len(devices), 0)
}

func TestPacksThatMaintenanceDroppedAreForgotten(t *testing.T) {
	ctx := context.Background()
	r, _ := newRepository(t)
	w := newWriting(t, r)
	c := open(t)
	save(t, w, world{"/a": text("1")}, ofMe(1))
	save(t, w, world{"/a": text("22")}, ofMe(2))
	must(t, c.Sync(ctx, r, nil))
	own := repo.PackInfo{ID: id("own"), Blobs: []repo.Blob{{ID: id("own blob"), Length: 40}}}
	must(t, c.AddPack(ctx, own, packSize(own), false))
	must(t, r.Store().Put(ctx, storage.Packs, own.ID.String(), make([]byte, packSize(own))))
	indexes, err := r.ListIndexes(ctx)
	must(t, err)
	var kept []repo.PackInfo
	keep := id("1")
	for _, index := range indexes {
		must(t, r.LoadIndex(ctx, index, func(p repo.PackInfo) error {
			if slices.ContainsFunc(p.Blobs, func(b repo.Blob) bool { return b.ID == keep }) {
				kept = append(kept, p)
			}
			return nil
		}))
	}
	_, err = r.SaveIndex(ctx, kept, indexes)
	must(t, err)
	for _, index := range indexes {
		must(t, r.RemoveIndex(ctx, index))
	}
	must(t, c.Sync(ctx, r, nil))
	for text, want := range map[string]bool{"1": true, "22": false, "own blob": true} {
		has, err := c.Has(repo.Data, id(text))
		must(t, err)
		equal(t, "blob "+text, has, want)
	}
	known, err := c.Indexes(ctx)
	must(t, err)
	equal(t, "index files", len(known), 1)
}

func TestDamageInOnePlaceDoesNotHideTheRest(t *testing.T) {
	ctx := context.Background()
	r, store := newRepository(t)
	w := newWriting(t, r)
	save(t, w, world{"/good": dir, "/good/a": text("1"), "/bad": dir, "/bad/b": text("22")}, ofMe(1))
	clean := open(t)
	must(t, clean.Sync(ctx, r, nil))
	bad, err := clean.Lookup(ctx, me, "/bad")
	must(t, err)
	loc, ok, err := clean.Locate(repo.Tree, bad.Subtree)
	must(t, err)
	equal(t, "located", ok, true)
	pack := store.files["data/"+loc.Pack.String()]
	pack[loc.Blob.Offset+20] ^= 1

	c := open(t)
	err = c.Sync(ctx, r, nil)
	equal(t, "is said", errors.Is(err, ErrIncomplete) && strings.Contains(err.Error(), "/bad"), true)
	equal(t, "the rest", files(t, c, me, time.Time{}), "/good/a:1")
	pack[loc.Blob.Offset+20] ^= 1
	save(t, w, world{"/good": dir, "/good/a": text("1"), "/bad": dir, "/bad/b": text("22"), "/new": text("x")}, ofMe(2))
	must(t, c.Sync(ctx, r, nil))
	equal(t, "read again later", files(t, c, me, time.Time{}), "/bad/b:2 /good/a:1 /new:1")
}

func TestASyncThatWasCutShortGoesOn(t *testing.T) {
	ctx := context.Background()
	r, store := newRepository(t)
	w := newWriting(t, r)
	now := world{}
	for d := range 200 {
		top := fmt.Sprintf("/d%03d", d)
		now[top] = dir
		for f := range 5 {
			now[fmt.Sprintf("%s/f%d", top, f)] = text(fmt.Sprint(d, f))
		}
	}
	save(t, w, now, ofMe(1))
	now["/d000/f0"] = text("changed")
	save(t, w, now, ofMe(2))
	whole := open(t)
	must(t, whole.Sync(ctx, r, nil))

	c := open(t)
	broken := errors.New("unplugged")
	for left := 3; ; left += 40 {
		n := left
		store.fail = func(storage.Kind, string) error {
			if n--; n < 0 {
				return broken
			}
			return nil
		}
		err := c.Sync(ctx, r, nil)
		if err == nil {
			break
		}
		equal(t, "why", errors.Is(err, broken), true)
	}
	store.fail = nil
	compare(t, "the same in the end", view(t, c), view(t, whole))
}

func TestASnapshotOfOurOwnIsNotReadAgain(t *testing.T) {
	ctx := context.Background()
	r, store := newRepository(t)
	w := newWriting(t, r)
	c := open(t)
	captureWorld(t, c, w, world{}, world{"/a": text("1")}, 1)
	reads := store.reads
	steps := 0
	must(t, c.Sync(ctx, r, func(done, total int) { steps = total }))
	equal(t, "reads", store.reads-reads, 0)
	equal(t, "steps", steps, 0)
}

// BenchmarkSyncMillion reads a repository of 1,000,000 files in 43,000 folders.
func BenchmarkSyncMillion(b *testing.B) {
	ctx := context.Background()
	r, _ := newRepository(b)
	save(b, newWriting(b, r), world{}, ofMe(1))
	buildLarge(b, r)
	for b.Loop() {
		c := open(b)
		started := time.Now()
		must(b, c.Sync(ctx, r, nil))
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		d, err := c.Device(ctx, me)
		must(b, err)
		b.Logf("%d files in %v, heap from the system %d MB", d.Files, time.Since(started).Round(time.Millisecond), m.HeapSys>>20)
	}
}

// buildLarge writes trees of one snapshot bottom-up; file contents need not exist but
// in the index.
func buildLarge(b *testing.B, r *repo.Repository) {
	b.Helper()
	w := newWriting(b, r)
	var tops []repo.Node
	n := 0
	var data []repo.Blob
	for a := range 43 {
		var middle []repo.Node
		for m := range 1000 {
			var nodes []repo.Node
			for f := range 23 {
				n++
				content := repo.Hash(fmt.Append(nil, "content", n))
				data = append(data, repo.Blob{ID: content, Offset: uint32(f * 1000), Length: 1000, Plain: 2000})
				nodes = append(nodes, repo.Node{
					Name: fmt.Sprintf("%02d-file-%07d.txt", f, n), Type: repo.NodeFile, Mode: 0o644, Size: 2000, ModTime: at(0), AccessTime: at(0),
					ChangeTime: at(0), Inode: uint64(n), DeviceID: 2049, Links: 1, UID: 1000, GID: 1000, User: "ann", Group: "ann", Content: []repo.ID{content},
				})
			}
			encoded, err := repo.EncodeTree(nodes, nil)
			must(b, err)
			sub := w.blob(repo.Tree, encoded)
			middle = append(middle, repo.Node{Name: fmt.Sprintf("%04d", m), Type: repo.NodeDir, Mode: 1<<31 | 0o755, Subtree: &sub})
		}
		encoded, err := repo.EncodeTree(middle, nil)
		must(b, err)
		sub := w.blob(repo.Tree, encoded)
		tops = append(tops, repo.Node{Name: fmt.Sprintf("%02d", a), Type: repo.NodeDir, Mode: 1<<31 | 0o755, Subtree: &sub})
		pack := repo.PackInfo{ID: repo.Hash(fmt.Append(nil, "pack", a)), Blobs: data}
		_, err = r.SaveIndex(context.Background(), []repo.PackInfo{pack}, nil)
		must(b, err)
		data = nil
	}
	encoded, err := repo.EncodeTree(tops, nil)
	must(b, err)
	s := ofMe(2)
	s.Tree = w.blob(repo.Tree, encoded)
	w.flush()
	_, err = r.SaveSnapshot(context.Background(), &s)
	must(b, err)
}
