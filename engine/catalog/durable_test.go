package catalog

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine/repo"
)

// TestMain runs the process that is killed in place of the tests when asked to.
func TestMain(m *testing.M) {
	if path := os.Getenv("CATALOG_VICTIM"); path != "" {
		victim(path)
		return
	}
	os.Exit(m.Run())
}

// victim goes on staging and committing until it is killed. Before each commit and
// after it, it says so.
func victim(path string) {
	ctx := context.Background()
	c, err := Open(ctx, path, "repository")
	if err != nil {
		fmt.Println("failed", err)
		return
	}
	last, err := c.SnapshotAt(ctx, me, time.Time{})
	n := 0
	if err == nil {
		n = int(last.Time.Sub(at(0)).Hours())
	}
	for {
		n++
		text := fmt.Sprint("text ", n)
		p := repo.PackInfo{ID: id("pack " + text), Blobs: []repo.Blob{{ID: id(text), Length: 100}}}
		orPanic(c.AddPack(ctx, p, packSize(p), false))
		for d := range 20 {
			batch := []Staged{}
			for f := range 10 {
				batch = append(batch, file(fmt.Sprintf("/dir%02d/file%02d", d, f), text, n))
			}
			orPanic(c.Stage(ctx, batch))
		}
		orPanic(c.MarkIndexed(ctx, []repo.ID{p.ID}))
		fmt.Println("committing", n)
		orPanic(c.Commit(ctx, snapshot(n)))
		fmt.Println("committed", n)
	}
}

func orPanic(err error) {
	if err != nil {
		panic(err)
	}
}

func TestAKilledProcessLosesNothingAcknowledged(t *testing.T) {
	path := filepath.Join(t.TempDir(), "catalog.db")
	ctx := context.Background()
	for round := range 8 {
		cmd := exec.Command(os.Args[0])
		cmd.Env = append(os.Environ(), "CATALOG_VICTIM="+path)
		out, err := cmd.StdoutPipe()
		must(t, err)
		must(t, cmd.Start())
		killed := time.AfterFunc(time.Duration(60+37*round)*time.Millisecond, func() { cmd.Process.Kill() })
		begun, done := 0, 0
		lines := bufio.NewScanner(out)
		for lines.Scan() {
			fmt.Sscanf(lines.Text(), "committing %d", &begun)
			fmt.Sscanf(lines.Text(), "committed %d", &done)
			if strings.HasPrefix(lines.Text(), "failed") {
				t.Error(lines.Text())
			}
		}
		cmd.Wait()
		killed.Stop()

		c, err := Open(ctx, path, "repository")
		must(t, err)
		if round > 0 {
			equal(t, "made anew", c.Fresh(), false)
		}
		last, err := c.SnapshotAt(ctx, me, time.Time{})
		if err == nil {
			n := int(last.Time.Sub(at(0)).Hours())
			if n < done || begun > 0 && n > begun {
				t.Errorf("snapshot %d, but %d was acknowledged and %d begun", n, done, begun)
			}
			for d := range 20 {
				e, err := c.Lookup(ctx, me, fmt.Sprintf("/dir%02d", d))
				must(t, err)
				files, err := c.Children(ctx, e.ID, ChildrenOptions{Content: true})
				must(t, err)
				equal(t, "files", len(files), 10)
				for _, f := range files {
					equal(t, f.Name, f.Content[0], id(fmt.Sprint("text ", n)))
				}
			}
			d, err := c.Device(ctx, me)
			must(t, err)
			equal(t, "files", d.Files, 200)
		}
		checkLeftovers(t, c)
		must(t, c.Close())
	}
}

// checkLeftovers: what a killed capture staged is whole, and its packs are known.
func checkLeftovers(t *testing.T, c *Catalog) {
	t.Helper()
	ctx := context.Background()
	for d := range 20 {
		staged, err := c.StagedChildren(ctx, me, fmt.Sprintf("/dir%02d", d))
		must(t, err)
		if len(staged) != 0 && len(staged) != 10 {
			t.Errorf("half of a batch: %d", len(staged))
		}
		for _, g := range staged {
			has, err := c.Has(repo.Data, g.Entry.Content[0])
			must(t, err)
			equal(t, "pack of what is staged", has, true)
		}
	}
	packs, err := c.UnindexedPacks(ctx)
	must(t, err)
	for _, p := range packs {
		equal(t, "blobs of an unindexed pack", len(p.Blobs), 1)
	}
}

func TestAnUnusableFileIsPutAsideAndMadeAnew(t *testing.T) {
	ctx := context.Background()
	for name, spoil := range map[string]func(t *testing.T, path string){
		"not a database": func(t *testing.T, path string) {
			must(t, os.WriteFile(path, []byte(strings.Repeat("rubbish ", 2000)), 0o600))
		},
		"its beginning is overwritten": func(t *testing.T, path string) { overwrite(t, path, 0, 4096) },
		"cut off":                      func(t *testing.T, path string) { must(t, os.Truncate(path, 5000)) },
		"of another schema": func(t *testing.T, path string) {
			s, err := openSession(path, 100, false)
			must(t, err)
			must(t, s.script("PRAGMA user_version = 99"))
			must(t, s.close())
		},
		"found damaged while in use": func(t *testing.T, path string) {
			must(t, os.WriteFile(path+damageMark, nil, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "catalog.db")
			c, err := Open(ctx, path, "repository")
			must(t, err)
			capture(t, c, 1, file("/a", "1", 1))
			must(t, c.Close())
			spoil(t, path)
			c = openAt(t, path, "repository")
			equal(t, "fresh", c.Fresh(), true)
			capture(t, c, 1, file("/b", "22", 1))
			equal(t, "usable", list(t, c, "/", ChildrenOptions{}), "b:2")
			aside, err := filepath.Glob(path + ".damaged-*")
			must(t, err)
			equal(t, "aside", len(aside) > 0 && aside[0] == c.Aside(), true)
		})
	}
}

func overwrite(t *testing.T, path string, offset int64, length int) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	must(t, err)
	_, err = f.WriteAt([]byte(strings.Repeat("\xa5", length)), offset)
	must(t, err)
	must(t, f.Close())
}

func TestTheCatalogOfAnotherRepositoryIsPutAside(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder%41?b=c#d", "catalog.db")
	c, err := Open(context.Background(), path, "one")
	must(t, err)
	must(t, c.Set(context.Background(), "key", "value"))
	must(t, c.Close())
	c, err = Open(context.Background(), path, "one")
	must(t, err)
	equal(t, "fresh", c.Fresh(), false)
	value, err := c.Get(context.Background(), "key")
	must(t, err)
	equal(t, "kept", value, "value")
	must(t, c.Close())
	c = openAt(t, path, "two")
	equal(t, "fresh", c.Fresh(), true)
}

func TestDamageMetInUseIsSaidAndEndsWithTheNextOpen(t *testing.T) {
	ctx := context.Background()
	path := filepath.Join(t.TempDir(), "catalog.db")
	c, err := Open(ctx, path, "repository")
	must(t, err)
	var staged []Staged
	for i := range 5000 {
		staged = append(staged, file(fmt.Sprintf("/d%d/file%d", i%7, i), fmt.Sprint(i%50), i))
	}
	capture(t, c, 1, staged...)
	must(t, c.Close())
	info, err := os.Stat(path)
	must(t, err)
	const kept = 60 * 4096 // the schema and what Open looks at
	overwrite(t, path, kept, int(info.Size())-kept)
	c, err = Open(ctx, path, "repository")
	must(t, err)
	equal(t, "opened without looking far", c.Fresh(), false)
	for i := 0; err == nil && i < 5000; i++ {
		_, err = c.Lookup(ctx, me, fmt.Sprintf("/d%d/file%d", i%7, i))
	}
	equal(t, "damage is said", errors.Is(err, ErrDamaged), true)
	equal(t, "and remembered", c.Damaged(), true)
	c.Close()
	c = openAt(t, path, "repository")
	equal(t, "fresh", c.Fresh(), true)
}

func TestAClosedCatalogSaysSo(t *testing.T) {
	c := open(t)
	must(t, c.Close())
	equal(t, "reading", errors.Is(second(c.Devices(context.Background())), ErrClosed), true)
	equal(t, "writing", errors.Is(c.Set(context.Background(), "a", "b"), ErrClosed), true)
}

func second[T any](_ T, err error) error { return err }
