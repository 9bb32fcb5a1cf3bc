package verify_test

import (
	"bytes"
	"context"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine/repo"
	"holdfast/engine/storage"
	"holdfast/engine/storage/local"
	"holdfast/engine/verify"
)

const secret = "correct horse battery staple"

// place is a repository in a folder, which tests damage file by file.
type place struct {
	t    testing.TB
	dir  string
	r    *repo.Repository
	open map[string]*repo.Packer
	done []repo.PackInfo
	held map[repo.ID]bool
	flat bool // one pack for all trees and one for all data at a time
}

// files is what a snapshot holds: contents by path.
type files map[string]string

var day = time.Date(2025, 7, 1, 12, 0, 0, 0, time.UTC)

func newPlace(t testing.TB) *place {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "repository")
	store, err := local.Create(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	r, err := repo.Init(t.Context(), store, repo.InitOptions{Key: repo.NewKey{Secret: secret, Random: true}})
	if err != nil {
		t.Fatal(err)
	}
	return &place{t: t, dir: dir, r: r, open: map[string]*repo.Packer{}, held: map[repo.ID]bool{}}
}

func openPlace(t testing.TB, dir string) *place {
	t.Helper()
	store, err := local.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { store.Close() })
	r, err := repo.Open(t.Context(), store, secret)
	if err != nil {
		t.Fatal(err)
	}
	return &place{t: t, dir: dir, r: r, open: map[string]*repo.Packer{}, held: map[repo.ID]bool{}}
}

func (p *place) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// backUp makes a snapshot of a computer. The data of each folder goes into a pack of
// its own, and so does each tree; one index file lists what is new.
func (p *place) backUp(computer string, when time.Time, f files) repo.ID {
	p.t.Helper()
	tree := p.folder(f, sorted(f), "")
	for _, name := range sorted(p.open) {
		p.finish(name)
	}
	if len(p.done) > 0 {
		for some := range slices.Chunk(p.done, 256) {
			_, err := p.r.SaveIndex(p.t.Context(), some, nil)
			p.must(err)
		}
		p.done = nil
	}
	id, err := p.r.SaveSnapshot(p.t.Context(), &repo.Snapshot{Time: when, Tree: tree, Paths: []string{"/"}, Hostname: computer, Tags: []string{"holdfast", "device=id-" + computer}})
	p.must(err)
	return id
}

func sorted[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// folder stores the folder in which the paths are; they are sorted.
func (p *place) folder(f files, names []string, dir string) repo.ID {
	nodes := map[string]repo.Node{}
	for len(names) > 0 {
		name := names[0]
		first, _, deeper := strings.Cut(name[len(dir)+1:], "/")
		n := repo.Node{Name: first, Type: repo.NodeDir, Mode: os.ModeDir | 0o750, ModTime: day}
		count := 1
		if deeper {
			for count < len(names) && strings.HasPrefix(names[count], dir+"/"+first+"/") {
				count++
			}
			id := p.folder(f, names[:count], dir+"/"+first)
			n.Subtree = &id
		} else {
			n.Type, n.Mode, n.Size, n.Content = repo.NodeFile, 0o640, uint64(len(f[name])), []repo.ID{}
			for chunk := range slices.Chunk([]byte(f[name]), 1<<20) {
				n.Content = append(n.Content, p.add("data"+dir, repo.Data, chunk))
			}
		}
		nodes[first] = n
		names = names[count:]
	}
	var list []repo.Node
	for _, name := range sorted(nodes) {
		list = append(list, nodes[name])
	}
	document, err := repo.EncodeTree(list, nil)
	p.must(err)
	return p.add("tree"+dir, repo.Tree, document)
}

// add stores a blob once.
func (p *place) add(pack string, kind repo.BlobType, plain []byte) repo.ID {
	id := repo.Hash(plain)
	if !p.held[id] {
		p.held[id] = true
		p.addAgain(pack, kind, plain)
	}
	return id
}

func (p *place) addAgain(pack string, kind repo.BlobType, plain []byte) {
	p.t.Helper()
	if p.flat {
		pack = kind.String()
	}
	sealed, err := p.r.Seal(kind, repo.Hash(plain), plain, nil)
	p.must(err)
	if p.open[pack] == nil {
		p.open[pack] = p.r.NewPacker(kind, nil)
	}
	p.open[pack].Add(sealed)
	if p.open[pack].Size() >= 16<<20 {
		p.finish(pack)
	}
}

func (p *place) finish(pack string) {
	p.t.Helper()
	info, data, err := p.open[pack].Finish()
	p.must(err)
	p.must(p.r.SavePack(p.t.Context(), info.ID, data))
	p.done = append(p.done, info)
	delete(p.open, pack)
}

// find gives the place of the first blob of a file, or of a folder's tree.
func (p *place) find(snapshot repo.ID, name string) repo.Location {
	p.t.Helper()
	index, err := repo.LoadMemoryIndex(p.t.Context(), p.r)
	p.must(err)
	s, err := p.r.LoadSnapshot(p.t.Context(), snapshot)
	p.must(err)
	kind, id := repo.Tree, s.Tree
	for part := range strings.SplitSeq(strings.Trim(name, "/"), "/") {
		nodes, err := p.r.LoadTree(p.t.Context(), index, id)
		p.must(err)
		i := slices.IndexFunc(nodes, func(n repo.Node) bool { return n.Name == part })
		if i < 0 {
			p.t.Fatalf("%s is not in the snapshot", name)
		}
		if nodes[i].Subtree != nil {
			id = *nodes[i].Subtree
		} else {
			kind, id = repo.Data, nodes[i].Content[0]
		}
	}
	loc, ok, err := index.Locate(kind, id)
	if err != nil || !ok {
		p.t.Fatalf("%s is in no pack: %v", name, err)
	}
	return loc
}

// path is the file of the store.
func (p *place) path(k storage.Kind, id repo.ID) string {
	if k == storage.Packs {
		return filepath.Join(p.dir, "data", id.String()[:2], id.String())
	}
	return filepath.Join(p.dir, string(k), id.String())
}

// change rewrites a file of the store.
func change(t testing.TB, file string, fn func([]byte) []byte) {
	t.Helper()
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, fn(data), 0o600); err != nil {
		t.Fatal(err)
	}
}

// flip turns one bit round; a negative offset counts from the end.
func flip(t testing.TB, file string, offset int) {
	t.Helper()
	change(t, file, func(b []byte) []byte {
		if offset < 0 {
			offset += len(b)
		}
		b[offset] ^= 4
		return b
	})
}

func (p *place) flipBlob(l repo.Location) {
	p.t.Helper()
	flip(p.t, p.path(storage.Packs, l.Pack), int(l.Blob.Offset)+int(l.Blob.Length)/2)
}

func (p *place) check(percent float64) verify.Result {
	p.t.Helper()
	result, err := verify.Check(p.t.Context(), verify.Options{Repo: p.r, Percent: percent})
	p.must(err)
	return result
}

// paths are what a result calls affected, "computer:path", folders with a slash at
// the end.
func paths(r verify.Result) []string {
	out := []string{}
	for _, f := range r.Files {
		name := f.Computer + ":" + f.Path
		if f.Folder && f.Path != "/" {
			name += "/"
		}
		out = append(out, name)
	}
	slices.Sort(out)
	return out
}

// noise is text that does not compress, different for each name.
func noise(name string, size int) string {
	id := repo.Hash([]byte(name))
	b := make([]byte, size)
	_, _ = rand.NewChaCha8(id).Read(b)
	return string(b)
}

// example is two computers, one with an older and a newer snapshot.
func example(t testing.TB) (p *place, old, now, other repo.ID) {
	p = newPlace(t)
	f := files{}
	for _, name := range []string{"/home/anna/thesis/one.tex", "/home/anna/thesis/two.tex", "/home/anna/thesis/figures/a.png", "/home/anna/letter.txt", "/home/anna/pictures/cat.jpg", "/etc/motd"} {
		f[name] = noise(name, 3000)
	}
	f["/home/anna/letter copy.txt"] = f["/home/anna/letter.txt"]
	f["/home/anna/empty"] = ""
	old = p.backUp("laptop", day, f)
	f["/home/anna/thesis/one.tex"] = noise("second draft", 4000)
	f["/home/anna/thesis/three.tex"] = strings.Repeat("It compresses well. ", 400)
	now = p.backUp("laptop", day.Add(24*time.Hour), f)
	other = p.backUp("desk", day.Add(time.Hour), files{"/srv/letter.txt": f["/home/anna/letter.txt"], "/srv/list": noise("list", 2000), "/srv/copies/list": noise("list", 2000)})
	return p, old, now, other
}

// restic runs the program on a repository and returns what it printed.
func restic(t testing.TB, dir string, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("restic")
	if err != nil {
		t.Fatal("restic is not installed, and these tests prove little without it: apt-get install restic (0.14 or later)")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	command := exec.CommandContext(ctx, program, append([]string{"-r", dir, "--no-cache"}, args...)...)
	command.Env = append(os.Environ(), "RESTIC_PASSWORD="+secret, "RESTIC_PROGRESS_FPS=0", "GOMAXPROCS=2")
	var out bytes.Buffer
	command.Stdout, command.Stderr = &out, &out
	if err := command.Run(); err != nil {
		t.Fatalf("restic %s: %v\n%s", strings.Join(args, " "), err, out.Bytes())
	}
	return out.String()
}

// fill makes files on this computer.
func fill(t testing.TB, dir string, f files) {
	t.Helper()
	for name, content := range f {
		at := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(at, []byte(content), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
