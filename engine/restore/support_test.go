//go:build linux

package restore_test

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"holdfast/engine"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/repo"
	"holdfast/engine/restore"
	"holdfast/engine/storage"
)

// run is a restore and what it said.
type run struct {
	t       *testing.T
	b       *Bench
	target  string
	options restore.Options
	items   map[string]engine.JobItem // by path in the backup
	seen    func(engine.JobItem)      // called for each, when set
	counts  *restore.Progress
	err     error
}

// prepare makes a restore into a new folder; all of its reports are kept.
func prepare(t *testing.T, b *Bench) *run {
	t.Helper()
	index, err := repo.LoadMemoryIndex(t.Context(), b.Repo)
	if err != nil {
		t.Fatal(err)
	}
	target := filepath.Join(t.TempDir(), "target")
	r := &run{t: t, b: b, target: target}
	r.options = restore.Options{Repo: b.Repo, Locator: index, Target: target, Permissions: engine.PermissionsOriginal,
		Now: func() time.Time { return time.Date(2026, 7, 3, 12, 0, 0, 0, time.UTC) }}
	return r
}

// tree restores a whole tree.
func (r *run) tree(id repo.ID) *run {
	r.t.Helper()
	return r.sources(restore.Source{Node: repo.Node{Type: repo.NodeDir, Subtree: &id}, Path: "/"})
}

// last restores the newest snapshot.
func (r *run) last() *run { r.t.Helper(); return r.tree(r.b.Last().Tree) }

func (r *run) sources(sources ...restore.Source) *run {
	r.t.Helper()
	return r.with(r.t.Context(), sources...)
}

func (r *run) with(ctx context.Context, sources ...restore.Source) *run {
	r.t.Helper()
	r.items = map[string]engine.JobItem{}
	var one sync.Mutex
	o := r.options
	r.counts = new(restore.Progress)
	o.Progress = r.counts
	o.Report = func(i engine.JobItem) {
		if !one.TryLock() {
			r.t.Error("two reports at once")
			return
		}
		defer one.Unlock()
		r.items[i.Path] = i
		if r.seen != nil {
			r.seen(i)
		}
	}
	r.err = restore.Run(ctx, o, sources)
	return r
}

// works expects that nothing at all is to be said.
func (r *run) works() *run {
	r.t.Helper()
	if r.err != nil || len(r.items) != 0 {
		r.t.Errorf("%v, %+v", r.err, r.items)
	}
	return r
}

// failed lists the paths that failed.
func (r *run) failed() string {
	r.t.Helper()
	if r.err != nil {
		r.t.Error(r.err)
	}
	var paths []string
	for p, i := range r.items {
		if i.State == engine.ItemFailed {
			if i.Reason == "" {
				r.t.Errorf("no reason for %s", p)
			}
			paths = append(paths, p)
		}
	}
	slices.Sort(paths)
	return strings.Join(paths, " ")
}

// is compares what lies at the target with what the computer has.
func (r *run) is() *run {
	r.t.Helper()
	Same(r.t, "restored files", Describe(r.t, r.target), Describe(r.t, r.b.Dir))
	return r
}

// has compares the contents of files at the target.
func (r *run) has(want map[string]string) *run {
	r.t.Helper()
	found := map[string]string{}
	filepath.WalkDir(r.target, func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(r.target, p)
		if to, err := os.Readlink(p); err == nil {
			found[rel] = "→ " + to
			return nil
		}
		data, err := os.ReadFile(p)
		found[rel] = string(data)
		return err
	})
	for p, text := range want {
		if found[p] != text {
			r.t.Errorf("%s is %q, want %q", p, short(found[p]), short(text))
		}
		delete(found, p)
	}
	for p, text := range found {
		r.t.Errorf("%s is there too: %q", p, short(text))
	}
	return r
}

func short(s string) string { return s[:min(len(s), 60)] }

// forge stores a tree made of these nodes, however wrong they are, and gives its id.
// Text of files is stored as one blob each.
func forge(t *testing.T, b *Bench, nodes ...map[string]any) repo.ID {
	t.Helper()
	if nodes == nil {
		nodes = []map[string]any{}
	}
	for _, n := range nodes {
		if text, ok := n["text"].(string); ok {
			delete(n, "text")
			n["content"] = []string{save(t, b, repo.Data, []byte(text)).String()}
			if n["size"] == nil {
				n["size"] = len(text)
			}
		}
	}
	data, err := json.Marshal(map[string]any{"nodes": nodes})
	if err != nil {
		t.Fatal(err)
	}
	return save(t, b, repo.Tree, append(data, '\n'))
}

func save(t *testing.T, b *Bench, kind repo.BlobType, plain []byte) repo.ID {
	t.Helper()
	id := repo.Hash(plain)
	sealed, err := b.Repo.Seal(kind, id, plain, nil)
	if err != nil {
		t.Fatal(err)
	}
	p := b.Repo.NewPacker(kind, nil)
	p.Add(sealed)
	info, data, err := p.Finish()
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Store.Put(t.Context(), storage.Packs, info.ID.String(), data); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Repo.SaveIndex(t.Context(), []repo.PackInfo{info}, nil); err != nil {
		t.Fatal(err)
	}
	return id
}

func node(name, kind string, more ...any) map[string]any {
	n := map[string]any{"name": name, "type": kind, "mode": 0o644, "mtime": "2020-01-01T00:00:00Z", "atime": "2020-01-01T00:00:00Z",
		"ctime": "2020-01-01T00:00:00Z", "uid": os.Geteuid(), "gid": os.Getegid(), "content": nil}
	if kind == repo.NodeDir {
		n["mode"] = int64(os.ModeDir | 0o755)
	}
	for i := 0; i+1 < len(more); i += 2 {
		n[more[i].(string)] = more[i+1]
	}
	return n
}

// leftovers are the temporary files of restores below a folder.
func leftovers(t *testing.T, top string) (found []string) {
	t.Helper()
	filepath.WalkDir(top, func(p string, d os.DirEntry, err error) error {
		if strings.HasPrefix(d.Name(), ".holdfast-") {
			found = append(found, p)
		}
		return err
	})
	return found
}
