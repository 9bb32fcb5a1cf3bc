//go:build linux

package restore_test

import (
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"holdfast/engine"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/repo"
	"holdfast/engine/restore"
	"holdfast/engine/storage"
	"holdfast/engine/storage/faulty"
)

func TestNothingLeavesTheTargetWhateverTheRepositorySays(t *testing.T) {
	b := New(t, Tree{})
	good := node("good", "file", "text", "good")
	inner := forge(t, b, node("stolen", "file", "text", "evil"))
	outside := func(r *run) string { return filepath.Join(filepath.Dir(r.target), "outside") }
	tests := map[string]struct {
		nodes func(r *run) []map[string]any
		want  map[string]string
	}{
		"a name that leads up": {func(*run) []map[string]any {
			return []map[string]any{node("../outside/stolen", "file", "text", "evil"), good}
		}, map[string]string{"good": "good"}},
		"a folder that leads up": {func(*run) []map[string]any {
			return []map[string]any{node("..", "dir", "subtree", inner.String()), good}
		}, map[string]string{"good": "good"}},
		"a folder that is no name": {func(*run) []map[string]any { return []map[string]any{node("", "dir", "subtree", inner.String()), good} }, map[string]string{"good": "good"}},
		"a folder that is itself": {func(*run) []map[string]any {
			return []map[string]any{node(".", "dir", "subtree", inner.String()), good}
		}, map[string]string{"good": "good"}},
		"an absolute name": {func(r *run) []map[string]any {
			return []map[string]any{node(outside(r)+"/stolen", "file", "text", "evil"), good}
		}, map[string]string{"good": "good"}},
		"a name with a NUL": {func(*run) []map[string]any {
			return []map[string]any{node(`x\x00y`, "file", "text", "evil"), good}
		}, map[string]string{"good": "good"}},
		"a link, then a folder of its name": {func(r *run) []map[string]any {
			return []map[string]any{node("x", "symlink", "linktarget", outside(r)), node("x", "dir", "subtree", inner.String()), good}
		}, map[string]string{"good": "good", "x": "→ OUTSIDE"}},
		"a folder, then a link of its name": {func(r *run) []map[string]any {
			return []map[string]any{node("x", "dir", "subtree", inner.String()), node("x", "symlink", "linktarget", outside(r)), good}
		}, map[string]string{"good": "good", "x/stolen": "evil"}},
		"a link, then a file of its name": {func(r *run) []map[string]any {
			return []map[string]any{node("x", "symlink", "linktarget", outside(r)+"/stolen"), node("x", "file", "text", "evil"), good}
		}, map[string]string{"good": "good", "x": "→ OUTSIDE/stolen"}},
		"two files that claim to be one": {func(*run) []map[string]any {
			return []map[string]any{node("a", "file", "text", "one", "inode", 7, "links", 2), node("b", "file", "text", "two", "inode", 7, "links", 2), good}
		}, map[string]string{"good": "good", "a": "one", "b": "two"}},
		"a file that claims to be longer": {func(*run) []map[string]any {
			return []map[string]any{node("a", "file", "text", "one", "size", 100), good}
		}, map[string]string{"good": "good"}},
		"a file that claims to be shorter": {func(*run) []map[string]any {
			return []map[string]any{node("a", "file", "text", "one", "size", 1), good}
		}, map[string]string{"good": "good"}},
		"a file as large as the world": {func(*run) []map[string]any {
			return []map[string]any{node("a", "file", "content", []string{}, "size", 1<<62), good}
		}, map[string]string{"good": "good"}},
		"a file in a blob that is not there": {func(*run) []map[string]any {
			return []map[string]any{node("a", "file", "content", []string{repo.Hash([]byte("?")).String()}, "size", 1), good}
		}, map[string]string{"good": "good"}},
		"a kind that nobody knows": {func(*run) []map[string]any { return []map[string]any{node("a", "teapot"), good} }, map[string]string{"good": "good"}},
		"a folder without a tree":  {func(*run) []map[string]any { return []map[string]any{node("a", "dir"), good} }, map[string]string{"good": "good"}},
		"a folder in itself, of another's tree": {func(*run) []map[string]any {
			return []map[string]any{node("a", "dir", "subtree", repo.Hash([]byte("no tree")).String()), good}
		}, map[string]string{"good": "good"}},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			r := prepare(t, b)
			must(t, os.MkdirAll(outside(r), 0o755))
			nodes := test.nodes(r)
			for i := range nodes { // a text is taken out of a node when it is stored
				n := map[string]any{}
				for k, v := range nodes[i] {
					n[k] = v
				}
				nodes[i] = n
			}
			id := forge(t, b, nodes...)
			r.reload()
			if r.tree(id); r.err != nil {
				t.Fatal(r.err)
			}
			for p, text := range test.want {
				test.want[p] = strings.ReplaceAll(text, "OUTSIDE", outside(r))
			}
			r.has(test.want)
			if list, _ := os.ReadDir(outside(r)); len(list) != 0 {
				t.Errorf("written outside: %v", list)
			}
			if l := leftovers(t, r.target); len(l) > 0 {
				t.Errorf("left over: %v", l)
			}
			bad := len(nodes) - len(test.want)
			if strings.Contains(name, "without a tree") {
				bad = 0
			}
			if len(r.items) != bad {
				t.Errorf("%d reports: %+v", len(r.items), r.items)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reload reads the index again.
func (r *run) reload() {
	r.t.Helper()
	index, err := repo.LoadMemoryIndex(r.t.Context(), r.b.Repo)
	must(r.t, err)
	r.options.Locator = index
}

func TestALinkAtTheTargetIsNotFollowed(t *testing.T) {
	for _, exists := range []engine.Existing{engine.ExistingRename, engine.ExistingOverwrite, engine.ExistingSkip} {
		for _, again := range []bool{false, true} {
			b := captured(t, Tree{"folder/file": File("stored"), "file": File("stored"), "one": File("linked"), "zz/two": Hard("one")})
			r := prepare(t, b)
			r.options.Exists, r.options.Again = exists, again
			outside := filepath.Join(filepath.Dir(r.target), "outside")
			Tree{"file": File("stored")}.Write(t, outside)
			must(t, os.MkdirAll(r.target, 0o755))
			for _, name := range []string{"folder", "zz"} {
				must(t, os.Symlink(outside, filepath.Join(r.target, name)))
			}
			must(t, os.Symlink(outside+"/file", filepath.Join(r.target, "file")))
			before := Describe(t, outside)
			if r.last(); r.err != nil {
				t.Fatal(r.err)
			}
			Same(t, "what lies outside", Describe(t, outside), before)
			if data, err := os.ReadFile(filepath.Join(r.target, "folder/file")); err != nil || string(data) != "stored" {
				t.Errorf("%q, %v", data, err)
			}
		}
	}
}

func TestALinkThatOneSourceMadeIsNotFollowedByTheNext(t *testing.T) {
	b := New(t, Tree{})
	r := prepare(t, b)
	outside := filepath.Join(filepath.Dir(r.target), "outside")
	must(t, os.MkdirAll(outside, 0o755))
	first := forge(t, b, node("x", "symlink", "linktarget", outside))
	inside := forge(t, b, node("stolen", "file", "text", "evil"))
	second := forge(t, b, node("x", "dir", "subtree", inside.String()))
	r.reload()
	for range 2 {
		r.sources(restore.Source{Node: repo.Node{Type: repo.NodeDir, Subtree: &first}, Path: "/1"}, restore.Source{Node: repo.Node{Type: repo.NodeDir, Subtree: &second}, Path: "/2"})
		if r.err != nil {
			t.Fatal(r.err)
		}
	}
	if list, _ := os.ReadDir(outside); len(list) != 0 {
		t.Errorf("written outside: %v", list)
	}
}

// packsOf names the packs in which the blobs of a file lie.
func packsOf(t *testing.T, r *run, content []repo.ID) (locations []repo.Location) {
	t.Helper()
	for _, id := range content {
		l, ok, err := r.options.Locator.Locate(repo.Data, id)
		if err != nil || !ok {
			t.Fatal(ok, err)
		}
		locations = append(locations, l)
	}
	return locations
}

func TestDamageFailsTheFilesItIsInByNameAndNoOther(t *testing.T) {
	files := Tree{"text": File("some text"), "copy of it": File("some text"), "empty": File("")}
	for i := range 12 {
		files[fmt.Sprintf("small %02d", i)] = Random(uint64(i), 5000+i)
	}
	for i := range 4 {
		files[fmt.Sprintf("large %02d", i)] = Random(uint64(100+i), 3<<20)
	}
	b := captured(t, files)
	nodes := map[string]repo.Node{}
	list, err := b.Repo.LoadTree(t.Context(), b.Catalog, b.Last().Tree)
	must(t, err)
	for _, n := range list {
		nodes[n.Name] = n
	}
	random := rand.New(rand.NewPCG(5, 5))
	for _, name := range []string{"text", "small 03", "small 11", "large 02"} {
		t.Run(name, func(t *testing.T) {
			r := prepare(t, b)
			locations := packsOf(t, r, nodes[name].Content)
			l := locations[random.IntN(len(locations))]
			at := int64(l.Blob.Offset) + random.Int64N(int64(l.Blob.Length))
			flip(t, b, l.Pack, at)
			defer flip(t, b, l.Pack, at)
			r.last()
			want := "/" + name
			if name == "text" {
				want = "/copy of it /text"
			}
			if got := r.failed(); got != want {
				t.Errorf("failed: %s, want %s", got, want)
			}
			Same(t, "the others", Describe(t, r.target), without(Describe(t, b.Dir), want))
		})
	}
}

// without leaves out the lines of some paths.
func without(lines []string, paths string) (kept []string) {
	for _, l := range lines {
		drop := false
		for p := range strings.SplitSeq(strings.ReplaceAll(paths, " /", "\n/"), "\n") {
			drop = drop || strings.HasPrefix(l, fmt.Sprintf("%q ", p))
		}
		if !drop {
			kept = append(kept, l)
		}
	}
	return kept
}

// flip turns a bit of a pack over.
func flip(t *testing.T, b *Bench, pack repo.ID, at int64) {
	t.Helper()
	name := filepath.Join(b.Where, "data", pack.String()[:2], pack.String())
	must(t, os.Chmod(name, 0o600))
	f, err := os.OpenFile(name, os.O_RDWR, 0)
	must(t, err)
	defer f.Close()
	one := make([]byte, 1)
	_, err = f.ReadAt(one, at)
	must(t, err)
	one[0] ^= 0x10
	_, err = f.WriteAt(one, at)
	must(t, err)
}

func TestAMissingOrShortPackFailsItsFilesAndNoOther(t *testing.T) {
	b := captured(t, Tree{"old": Random(1, 300_000), "older": File("old text")})
	b.Write(Tree{"new": Random(2, 300_000), "newer": File("new text")})
	b.Capture()
	list, err := b.Repo.LoadTree(t.Context(), b.Catalog, b.Last().Tree)
	must(t, err)
	damage := map[string]func(pack string) faulty.Fault{
		"it is missing": func(pack string) faulty.Fault {
			return faulty.Fault{Op: faulty.Get, Kind: storage.Packs, Name: pack, Err: storage.ErrNotFound}
		},
		"it is cut short": func(pack string) faulty.Fault {
			return faulty.Fault{Op: faulty.Get, Kind: storage.Packs, Name: pack, Cut: 290_000}
		},
		"the disk has an error": func(pack string) faulty.Fault {
			return faulty.Fault{Op: faulty.Get, Kind: storage.Packs, Name: pack, Err: &os.PathError{Op: "read", Path: pack, Err: syscall.EIO}}
		},
	}
	for name, fault := range damage {
		t.Run(name, func(t *testing.T) {
			r := prepare(t, b)
			hit := map[repo.ID]bool{}
			for _, n := range list {
				if n.Name == "new" {
					l := packsOf(t, r, n.Content)[0]
					hit[l.Pack] = true
					b.Store.Add(fault(l.Pack.String()))
				}
			}
			defer b.Store.Clear()
			var may []string
			for _, n := range list {
				if hit[packsOf(t, r, n.Content)[0].Pack] {
					may = append(may, "/"+n.Name)
				}
			}
			r.last()
			failed := r.failed()
			if !strings.Contains(failed+" ", "/new ") {
				t.Errorf("failed: %s", failed)
			}
			for f := range strings.FieldsSeq(failed) {
				if !strings.Contains(strings.Join(may, " ")+" ", f+" ") {
					t.Errorf("%s failed too", f)
				}
			}
			Same(t, "the others", Describe(t, r.target), without(Describe(t, b.Dir), failed))
		})
	}
}

func TestAnIndexThatSaysTwoBlobsAreOnePlaceRestoresNoWrongByte(t *testing.T) {
	b := New(t, Tree{})
	id := forge(t, b, node("a", "file", "text", "aaaa"), node("b", "file", "text", "bbbb"))
	r := prepare(t, b)
	l := packsOf(t, r, []repo.ID{repo.Hash([]byte("aaaa"))})[0]
	lie := l.Blob
	lie.ID = repo.Hash([]byte("bbbb"))
	r.options.Locator = lying{r.options.Locator, lie.ID, repo.Location{Pack: l.Pack, Blob: lie}}
	r.tree(id)
	if r.failed() != "/b" {
		t.Errorf("%+v", r.items)
	}
	r.has(map[string]string{"a": "aaaa"})
}

type lying struct {
	repo.Locator
	about repo.ID
	lie   repo.Location
}

func (l lying) Locate(t repo.BlobType, id repo.ID) (repo.Location, bool, error) {
	if id == l.about {
		return l.lie, true, nil
	}
	return l.Locator.Locate(t, id)
}

func TestADestinationOutOfReachEndsTheJobAndItGoesOnLater(t *testing.T) {
	b := captured(t, ages)
	r := prepare(t, b)
	b.Store.Add(faulty.Fault{Op: faulty.Get, Kind: storage.Packs, Call: 3, Last: 1000, Err: storage.ErrUnreachable})
	if r.last(); r.err == nil {
		t.Error("no error")
	}
	for p, i := range r.items {
		t.Errorf("%s: %+v", p, i)
	}
	b.Store.Clear()
	r.options.Again = true
	r.last().works().is()
}

func TestADamagedFolderIsNamedAndTheRestComesBack(t *testing.T) {
	b := captured(t, Tree{"a/f": File("a"), "b/f": File("b"), "c/f": File("c")})
	list, err := b.Repo.LoadTree(t.Context(), b.Catalog, b.Last().Tree)
	must(t, err)
	r := prepare(t, b)
	l, _, err := r.options.Locator.Locate(repo.Tree, *list[1].Subtree)
	must(t, err)
	flip(t, b, l.Pack, int64(l.Blob.Offset)+20)
	r.last()
	if r.failed() != "/b" {
		t.Errorf("%+v", r.items)
	}
	r.has(map[string]string{"a/f": "a", "c/f": "c"})
}
