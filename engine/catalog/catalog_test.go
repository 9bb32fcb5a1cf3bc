package catalog

import (
	"context"
	"fmt"
	"path/filepath"
	"sort"
	"strings"
	"testing"
	"time"

	"holdfast/engine/repo"
)

const me = "3f0c7a52-0000-4000-8000-000000000001"

func open(t testing.TB) *Catalog {
	t.Helper()
	return openAt(t, filepath.Join(t.TempDir(), "catalog.db"), "repository")
}

func openAt(t testing.TB, path, repository string) *Catalog {
	t.Helper()
	c, err := Open(context.Background(), path, repository)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := c.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return c
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// at is the time of the n-th snapshot of a test.
func at(n int) time.Time { return time.Unix(1_700_000_000, 0).Add(time.Duration(n) * time.Hour) }

func id(text string) repo.ID { return repo.Hash([]byte(text)) }

// store makes the contents of texts known, as one pack.
func store(t testing.TB, c *Catalog, texts ...string) {
	t.Helper()
	p := repo.PackInfo{ID: id("pack of " + strings.Join(texts, ","))}
	for i, text := range texts {
		p.Blobs = append(p.Blobs, repo.Blob{ID: id(text), Offset: uint32(i * 100), Length: 100})
	}
	must(t, c.AddPack(context.Background(), p, packSize(p), true))
}

// file is a staged file whose blob is that of its text.
func file(path, text string, mtime int) Staged {
	dir, name := filepath.Split(path)
	return Staged{Device: me, Dir: dir, Entry: Entry{
		Name: name, Kind: File, Mode: 0o644, Size: int64(len(text)), ModTime: int64(mtime), ChangeTime: int64(mtime),
		Inode: 7, Content: []repo.ID{id(text)},
	}}
}

func folderAt(path string) Staged {
	dir, name := filepath.Split(path)
	return Staged{Device: me, Dir: dir, Entry: Entry{Name: name, Kind: Dir, Mode: 1<<31 | 0o755, Subtree: id("tree of " + path)}}
}

func gone(path string) Staged {
	dir, name := filepath.Split(path)
	return Staged{Device: me, Dir: dir, Entry: Entry{Name: name}, Gone: true}
}

// capture stages and commits as the n-th snapshot.
func capture(t testing.TB, c *Catalog, n int, staged ...Staged) {
	t.Helper()
	ctx := context.Background()
	for _, g := range staged {
		for _, blob := range g.Entry.Content {
			has, err := c.Has(repo.Data, blob)
			must(t, err)
			if !has {
				p := repo.PackInfo{ID: repo.Hash(blob[:]), Blobs: []repo.Blob{{ID: blob, Length: 100}}}
				must(t, c.AddPack(ctx, p, packSize(p), true))
			}
		}
	}
	must(t, c.Stage(ctx, staged))
	must(t, c.Commit(ctx, snapshot(n)))
}

func snapshot(n int) Snapshot {
	return Snapshot{ID: id(fmt.Sprint("snapshot", n)), Device: me, Time: at(n), Tree: id(fmt.Sprint("tree", n))}
}

// list is a folder as "name:size", sorted; what is gone has a minus.
func list(t testing.TB, c *Catalog, dir string, o ChildrenOptions) string {
	t.Helper()
	e, err := c.Lookup(context.Background(), me, dir)
	must(t, err)
	entries, err := c.Children(context.Background(), e.ID, o)
	must(t, err)
	var lines []string
	for _, e := range entries {
		line := fmt.Sprintf("%s:%d", e.Name, e.Size)
		if e.Kind == Dir {
			line = e.Name + "/"
		}
		if e.Gone != 0 && (o.At.IsZero() || e.Gone <= o.At.UnixNano()) {
			line = "-" + line
		}
		lines = append(lines, line)
	}
	sort.Strings(lines)
	return strings.Join(lines, " ")
}

// clock is the versions of a path as "size@snapshot" of their since, newest first.
func clock(t testing.TB, c *Catalog, path string) string {
	t.Helper()
	e, err := c.Lookup(context.Background(), me, path)
	must(t, err)
	versions, err := c.Versions(context.Background(), e.ID)
	must(t, err)
	var lines []string
	for _, v := range versions {
		line := fmt.Sprintf("%d@%d", v.Size, int(v.Since.Sub(at(0)).Hours()))
		if v.Current {
			line += "*"
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, " ")
}

func equal[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}
