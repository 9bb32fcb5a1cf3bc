package repo_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
	"holdfast/engine/storage/local"
)

// The format is worth only what other programs can read of it: these tests read
// what restic wrote, and have restic read what was written here.

const secret = "correct horse battery staple"

// restic runs the program on a repository and returns what it printed.
func restic(t *testing.T, path string, args ...string) []byte {
	t.Helper()
	program, err := exec.LookPath("restic")
	if err != nil {
		t.Fatal("restic is not installed, and these tests prove nothing without it: apt-get install restic (0.14 or later)")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program, append([]string{"-r", path, "--no-cache"}, args...)...)
	command.Env = append(os.Environ(), "RESTIC_PASSWORD="+secret, "RESTIC_PROGRESS_FPS=0", "GOMAXPROCS=2")
	var out, complaint bytes.Buffer
	command.Stdout, command.Stderr = &out, &complaint
	if err := command.Run(); err != nil {
		t.Fatalf("restic %s: %v\n%s%s", strings.Join(args, " "), err, complaint.Bytes(), out.Bytes())
	}
	return out.Bytes()
}

func openFolder(t *testing.T, path string) *repo.Repository {
	t.Helper()
	store, err := local.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = store.Close() })
	r, err := repo.Open(t.Context(), store, secret)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// compareTree walks a tree of the repository beside the folder on disk.
func compareTree(t *testing.T, r *repo.Repository, index *repo.MemoryIndex, tree repo.ID, dir string) (files int) {
	t.Helper()
	loc, ok, err := index.Locate(repo.Tree, tree)
	if err != nil || !ok {
		t.Fatalf("tree %s: %v %v", tree, ok, err)
	}
	document, err := r.ReadBlob(t.Context(), loc, nil)
	if err != nil {
		t.Fatal(err)
	}
	nodes, err := repo.DecodeTree(document)
	if err != nil {
		t.Fatal(err)
	}
	again, err := repo.EncodeTree(nodes, nil)
	if err != nil || repo.Hash(again) != tree {
		at := 0
		for at < min(len(document), len(again)) && document[at] == again[at] {
			at++
		}
		t.Fatalf("written here the tree of %s is another one, from byte %d on: %v\n%.200s\n%.200s", dir, at, err, document[at:], again[min(at, len(again)):])
	}
	onDisk, err := os.ReadDir(dir)
	if err != nil || len(onDisk) != len(nodes) {
		t.Fatalf("%s: %d nodes for %d files, %v", dir, len(nodes), len(onDisk), err)
	}
	for i, n := range nodes {
		info, err := onDisk[i].Info()
		if err != nil || n.Name != info.Name() || !n.ModTime.Equal(info.ModTime()) || n.Mode != info.Mode()&repo.ModeMask {
			t.Fatalf("%q in %s: %+v, %v", info.Name(), dir, n, err)
		}
		path := filepath.Join(dir, n.Name)
		switch n.Type {
		case repo.NodeDir:
			files += compareTree(t, r, index, *n.Subtree, path)
		case repo.NodeFile:
			files++
			compareFile(t, r, index, n, path)
		case repo.NodeSymlink:
			if target, err := os.Readlink(path); err != nil || target != n.LinkTarget {
				t.Fatalf("%s leads to %q", path, n.LinkTarget)
			}
		}
	}
	return files
}

func compareFile(t *testing.T, r *repo.Repository, index *repo.MemoryIndex, n repo.Node, path string) {
	t.Helper()
	var got []byte
	for _, id := range n.Content {
		loc, ok, err := index.Locate(repo.Data, id)
		if err != nil || !ok {
			t.Fatalf("blob %s: %v %v", id, ok, err)
		}
		plain, err := r.ReadBlob(t.Context(), loc, nil)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, plain...)
	}
	want, err := os.ReadFile(path)
	if err != nil || !bytes.Equal(got, want) || n.Size != uint64(len(want)) {
		t.Fatalf("%s: %d bytes in place of %d, %v", path, len(got), len(want), err)
	}
}

func TestWhatResticWroteIsRead(t *testing.T) {
	t.Parallel()
	for _, version := range []string{"1", "2"} {
		t.Run("version "+version, func(t *testing.T) {
			t.Parallel()
			files := someFiles(t)
			path := filepath.Join(t.TempDir(), "repository")
			restic(t, path, "init", "--repository-version", version)
			changeKey(t, path)
			restic(t, path, "backup", "--host", "kasimir", "--tag", "NL", files)
			if err := os.Chtimes(filepath.Join(files, "letter.txt"), time.Now(), time.Unix(1e9, 0)); err != nil {
				t.Fatal(err)
			}
			restic(t, path, "backup", "--host", "kasimir", files)
			r := openFolder(t, path)
			if fmt.Sprint(r.Config().Version) != version {
				t.Fatalf("%+v", r.Config())
			}
			index, err := repo.LoadMemoryIndex(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			checkPacks(t, r, index)
			latest := checkSnapshots(t, r)
			tree := latest.Tree
			for name := range strings.SplitSeq(strings.Trim(filepath.ToSlash(files), "/"), "/") {
				nodes, err := r.LoadTree(t.Context(), index, tree)
				if err != nil || len(nodes) != 1 || nodes[0].Name != name {
					t.Fatalf("%s: %+v, %v", name, nodes, err)
				}
				tree = *nodes[0].Subtree
			}
			if n := compareTree(t, r, index, tree, files); n < 300 {
				t.Errorf("only %d files compared", n)
			}
			checkWriting(t, r, path, index)
		})
	}
}

// changeKey puts a key that opens fast in place of the one that restic made.
func changeKey(t *testing.T, path string) {
	t.Helper()
	r := openFolder(t, path)
	light, err := r.AddKey(t.Context(), repo.NewKey{Secret: secret, Random: true})
	if err != nil {
		t.Fatal(err)
	}
	again, err := repo.OpenHinted(t.Context(), r.Store(), light.ID, secret)
	if err != nil {
		t.Fatal(err)
	}
	if err := again.RemoveKey(t.Context(), r.KeyID()); err != nil {
		t.Fatal(err)
	}
}

// checkSnapshots looks at the two snapshots and returns the later one.
func checkSnapshots(t *testing.T, r *repo.Repository) *repo.Snapshot {
	t.Helper()
	ids, err := r.ListSnapshots(t.Context())
	if err != nil || len(ids) != 2 {
		t.Fatalf("%v, %v", ids, err)
	}
	var snapshots []*repo.Snapshot
	for _, id := range ids {
		s, err := r.LoadSnapshot(t.Context(), id)
		if err != nil || s.Hostname != "kasimir" || len(s.Paths) != 1 || s.ID != id {
			t.Fatalf("%+v, %v", s, err)
		}
		snapshots = append(snapshots, s)
	}
	slices.SortFunc(snapshots, func(a, b *repo.Snapshot) int { return a.Time.Compare(b.Time) })
	if !slices.Equal(snapshots[0].Tags, []string{"NL"}) || snapshots[1].Parent == nil || *snapshots[1].Parent != snapshots[0].ID {
		t.Fatalf("%+v", snapshots[1])
	}
	return snapshots[1]
}

// checkPacks holds every pack's header against the index and reads every blob.
func checkPacks(t *testing.T, r *repo.Repository, index *repo.MemoryIndex) {
	t.Helper()
	blobs := 0
	err := r.ListPacks(t.Context(), func(id repo.ID, size int64) error {
		header, err := r.PackHeader(t.Context(), id, size)
		if err != nil {
			return err
		}
		for _, b := range header.Blobs {
			blobs++
			loc, ok, _ := index.Locate(b.Type, b.ID)
			if !ok || loc.Pack == id && loc.Blob != b {
				return fmt.Errorf("the index says %+v of %+v", loc, b)
			}
			if _, err := r.ReadBlob(t.Context(), repo.Location{Pack: id, Blob: b}, nil); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil || blobs < index.Len() || blobs == 0 {
		t.Fatalf("%d blobs of %d, %v", blobs, index.Len(), err)
	}
}

// checkWriting continues a repository of restic and has restic check it.
func checkWriting(t *testing.T, r *repo.Repository, path string, index *repo.MemoryIndex) {
	t.Helper()
	w := &writer{t: t, r: r}
	w.snapshot(w.folder([]repo.Node{w.file("added.txt", []byte("added by another program\n"))}))
	restic(t, path, "check", "--read-data")
	if got := restic(t, path, "dump", "latest", "/added.txt"); string(got) != "added by another program\n" {
		t.Fatalf("%q", got)
	}
	if _, err := r.AddKey(t.Context(), repo.NewKey{Secret: "second", Random: true}); err != nil {
		t.Fatal(err)
	}
	if out := restic(t, path, "key", "list"); bytes.Count(out, []byte("\n")) < 4 {
		t.Errorf("restic lists these keys:\n%s", out)
	}
}

func TestWhatIsWrittenHereResticReads(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "repository")
	store, err := local.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r, err := repo.Init(t.Context(), store, repo.InitOptions{Key: repo.NewKey{Secret: secret, Username: "holdfast:passphrase"}})
	if err != nil {
		t.Fatal(err)
	}
	if keys := restic(t, path, "key", "list"); !bytes.Contains(keys, []byte("holdfast:passphrase")) {
		t.Errorf("restic lists these keys:\n%s", keys)
	}
	changeKey(t, path)
	random := rand.NewChaCha8([32]byte{2})
	contents := map[string][]byte{"empty": {}, "noise": make([]byte, 6<<20), "zeros": make([]byte, 5<<20), "tiny": []byte("x")}
	_, _ = random.Read(contents["noise"])
	w := &writer{t: t, r: r}
	var nodes, inner []repo.Node
	for name, data := range contents {
		nodes = append(nodes, w.file(name, data))
	}
	names := []string{`quo"ted`, `back\slash`, "new\nline", "<&>", "latin1 \xe9\xff", "日本語", "sep\u2028", "\x7f\x01"}
	for _, name := range names {
		n := w.file(name, []byte(name))
		n.ExtendedAttributes = []repo.ExtendedAttribute{{Name: "user.note", Value: []byte{0, 1, 2}}}
		inner = append(inner, n, repo.Node{Name: "link " + name, Type: repo.NodeSymlink, Mode: os.ModeSymlink | 0o777, LinkTarget: "to " + name})
	}
	subtree := w.folder(inner)
	nodes = append(nodes, repo.Node{Name: "names", Type: repo.NodeDir, Mode: os.ModeDir | 0o755, Subtree: &subtree})
	root := w.folder(nodes)
	id := w.snapshot(root)

	restic(t, path, "check", "--read-data")
	checkShown(t, path, id, root, contents)
	target := t.TempDir()
	restic(t, path, "restore", id.String(), "--target", target)
	if runtime.GOOS == "linux" {
		for _, name := range names {
			if got, err := os.ReadFile(filepath.Join(target, "names", name)); err != nil || string(got) != name {
				t.Errorf("%q restored as %q, %v", name, got, err)
			}
		}
	}
	restic(t, path, "prune")
	restic(t, path, "check", "--read-data")
}

func TestResticRespectsALockHeldHere(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "repository")
	store, err := local.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer store.Close()
	r, err := repo.Init(t.Context(), store, repo.InitOptions{Key: repo.NewKey{Secret: secret, Random: true}})
	if err != nil {
		t.Fatal(err)
	}
	lock, err := r.Lock(t.Context(), true)
	if err != nil {
		t.Fatal(err)
	}
	restic(t, path, "unlock") // removes stale locks only, after asking this process whether it lives
	program, _ := exec.LookPath("restic")
	command := exec.Command(program, "-r", path, "--no-cache", "snapshots")
	command.Env = append(os.Environ(), "RESTIC_PASSWORD="+secret)
	if out, err := command.CombinedOutput(); err == nil || !bytes.Contains(out, []byte("locked exclusively")) {
		t.Errorf("restic went on: %v\n%s", err, out)
	}
	lock.Unlock()
	restic(t, path, "snapshots")
	left := 0
	if err := r.Store().List(t.Context(), storage.Locks, func(storage.Info) error { left++; return nil }); err != nil || left != 0 {
		t.Errorf("%d locks left, %v", left, err)
	}
}

// checkShown asks restic for the snapshot in all the ways it can show one.
func checkShown(t *testing.T, path string, id, root repo.ID, contents map[string][]byte) {
	t.Helper()
	for name, want := range contents {
		if got := restic(t, path, "dump", id.String(), "/"+name); !bytes.Equal(got, want) {
			t.Errorf("restic gets %d bytes for %s in place of %d", len(got), name, len(want))
		}
	}
	listing := string(restic(t, path, "ls", id.String()))
	for _, want := range []string{"/names", "/names/日本語", "/noise"} {
		if !strings.Contains(listing, want) {
			t.Errorf("restic does not list %s:\n%s", want, listing)
		}
	}
	var document map[string]any
	if err := json.Unmarshal(restic(t, path, "cat", "snapshot", id.String()), &document); err != nil || document["tree"] != root.String() || document["hostname"] != "anna-laptop" {
		t.Errorf("restic shows the snapshot as %v, %v", document, err)
	}
	tree, err := repo.DecodeTree(restic(t, path, "cat", "blob", root.String()))
	if err != nil || len(tree) != 5 {
		t.Errorf("%d nodes, %v", len(tree), err)
	}
}
