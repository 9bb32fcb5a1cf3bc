//go:build linux

package backuptest

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"holdfast/engine"
	"holdfast/engine/backup"
	"holdfast/engine/catalog"
	"holdfast/engine/repo"
	"holdfast/engine/restore"
	"holdfast/engine/selection"
	"holdfast/engine/source/sourcetest"
	"holdfast/engine/storage/faulty"
	"holdfast/engine/storage/local"
)

// Secret opens the repository of every bench.
const Secret = "correct horse battery staple"

// Bench is a computer, a destination and the catalog between them.
type Bench struct {
	testing.TB
	Dir     string         // folder of the machine that is the top of the made-up computer
	Disk    *Disk          // shows it so
	FS      *sourcetest.FS // stands in front; faults speak of the made-up computer's paths
	Device  string
	Where   string // folder of the destination
	File    string // of the catalog
	Store   *faulty.Store
	Repo    *repo.Repository
	Catalog *catalog.Catalog
	Chosen  engine.Selection
}

// New makes a computer with these files, all of which are selected, and an empty
// destination.
func New(tb testing.TB, files Tree) *Bench {
	tb.Helper()
	home := tb.TempDir()
	b := &Bench{TB: tb, Dir: filepath.Join(home, "computer"), Where: filepath.Join(home, "destination")}
	must(tb, os.Mkdir(b.Dir, 0o755))
	files.Write(tb, b.Dir)
	store, err := local.Create(b.Where)
	must(tb, err)
	_, err = repo.Init(context.Background(), store, repo.InitOptions{Key: repo.NewKey{Secret: Secret, Random: true}})
	must(tb, err)
	must(tb, store.Close())
	b.open(filepath.Join(home, "catalog.db"), "first computer")
	return b
}

// Second is another computer with the same destination.
func (b *Bench) Second(files Tree) *Bench {
	b.Helper()
	home := b.TempDir()
	s := &Bench{TB: b.TB, Dir: filepath.Join(home, "computer"), Where: b.Where}
	must(b, os.Mkdir(s.Dir, 0o755))
	files.Write(b, s.Dir)
	s.open(filepath.Join(home, "catalog.db"), "second computer")
	return s
}

// At opens a bench that another process made.
func At(tb testing.TB, computer, destination, file string) *Bench {
	b := &Bench{TB: tb, Dir: computer, Where: destination}
	b.open(file, "first computer")
	return b
}

func (b *Bench) open(file, device string) {
	b.Helper()
	b.File, b.Device = file, device
	b.Disk = &Disk{Top: b.Dir}
	b.FS = &sourcetest.FS{Under: b.Disk}
	b.Chosen = engine.Selection{Choices: []engine.Choice{{Path: "/", Include: true, NewItems: true}}}
	store, err := local.Open(b.Where)
	must(b, err)
	b.Store = faulty.Wrap(store)
	b.Repo, err = repo.Open(context.Background(), b.Store, Secret)
	must(b, err)
	b.Reopen()
	b.Cleanup(func() { b.Catalog.Close(); store.Close() })
}

// Reopen opens the catalog, closed or not, as the next start of the program does.
func (b *Bench) Reopen() {
	b.Helper()
	if b.Catalog != nil {
		b.Catalog.Close()
	}
	var err error
	b.Catalog, err = catalog.Open(context.Background(), b.File, b.Repo.Config().ID)
	must(b, err)
}

// Options are those of a capture of all that is chosen.
func (b *Bench) Options() backup.Options {
	b.Helper()
	rules, err := selection.Compile(b.Chosen, selection.Env{})
	must(b, err)
	return backup.Options{
		Repo: b.Repo, Catalog: b.Catalog, FS: b.FS, Device: b.Device, Computer: b.Device, Rules: rules,
		Retry: []time.Duration{time.Millisecond}, Workers: 2, Progress: new(backup.Progress),
	}
}

// Try makes a capture.
func (b *Bench) Try(change ...func(*backup.Options)) (engine.CaptureResult, error) {
	b.Helper()
	o := b.Options()
	for _, f := range change {
		f(&o)
	}
	return backup.Run(context.Background(), o)
}

// Capture makes a capture that has to work.
func (b *Bench) Capture(change ...func(*backup.Options)) engine.CaptureResult {
	b.Helper()
	r, err := b.Try(change...)
	must(b, err)
	return r
}

// Write changes files.
func (b *Bench) Write(files Tree) { b.Helper(); files.Write(b, b.Dir) }

// Path is where a path of the made-up computer really is.
func (b *Bench) Path(p string) string { return filepath.Join(b.Dir, p) }

// Remove deletes a file or a folder with everything in it.
func (b *Bench) Remove(p string) { b.Helper(); must(b, os.RemoveAll(b.Path(p))) }

// Last is the newest snapshot.
func (b *Bench) Last() catalog.Snapshot {
	b.Helper()
	s, err := b.Catalog.SnapshotAt(context.Background(), b.Device, time.Time{})
	must(b, err)
	return s
}

// Restore brings the tree of a snapshot back into a new folder.
func (b *Bench) Restore(tree repo.ID) string {
	b.Helper()
	target := filepath.Join(b.TempDir(), "restored")
	index, err := repo.LoadMemoryIndex(context.Background(), b.Repo)
	must(b, err)
	o := restore.Options{
		Repo: b.Repo, Locator: index, Target: target, Permissions: engine.PermissionsOriginal,
		Report: func(i engine.JobItem) { b.Errorf("restore of %q: %s %s", i.Path, i.State, i.Reason) },
	}
	must(b, restore.Run(context.Background(), o, []restore.Source{{Node: repo.Node{Type: repo.NodeDir, Subtree: &tree}, Path: "/"}}))
	return target
}

// Check asks what must be true after every scenario: a catalog made anew says the
// same, and the newest snapshot restores to what the computer has.
func (b *Bench) Check() {
	b.Helper()
	b.CheckCatalog()
	b.CheckRestore(Describe(b, b.Dir))
}

// CheckRestore restores the newest snapshot and compares it with a description.
func (b *Bench) CheckRestore(want []string) {
	b.Helper()
	Same(b, "restored files", Describe(b, b.Restore(b.Last().Tree)), want)
}

// CheckCatalog compares the catalog with one that is made anew from the destination.
func (b *Bench) CheckCatalog() {
	b.Helper()
	anew, err := catalog.Open(context.Background(), filepath.Join(b.TempDir(), "anew.db"), b.Repo.Config().ID)
	must(b, err)
	defer anew.Close()
	must(b, anew.Sync(context.Background(), b.Repo, nil))
	Same(b, "the catalog and one made anew", b.words(b.Catalog), b.words(anew))
	packs := func(c *catalog.Catalog) (lines []string) {
		must(b, c.Packs(context.Background(), func(id repo.ID, size int64, blobs int) error {
			lines = append(lines, fmt.Sprintf("pack %v of %d bytes with %d blobs", id, size, blobs))
			return nil
		}))
		slices.Sort(lines)
		return lines
	}
	Same(b, "packs in the catalog and at the destination", packs(b.Catalog), packs(anew))
}

// words is all that a catalog says of this bench's device.
func (b *Bench) words(c *catalog.Catalog) []string {
	b.Helper()
	ctx := context.Background()
	var lines []string
	snapshots, err := c.Snapshots(ctx, b.Device)
	must(b, err)
	for _, s := range snapshots {
		lines = append(lines, fmt.Sprintf("snapshot %v at %d tree %v", s.ID, s.Time.UnixNano(), s.Tree))
	}
	// A catalog that was kept may know of captures that were forgotten since: all
	// times are those of the first remaining capture from then on.
	first := func(ns int64) int64 {
		for i := len(snapshots) - 1; i >= 0; i-- {
			if at := snapshots[i].Time.UnixNano(); at >= ns && ns > 0 {
				return at
			}
		}
		return 0
	}
	root, err := c.Root(ctx, b.Device)
	must(b, err)
	var walk func(id catalog.EntryID, path string)
	walk = func(id catalog.EntryID, path string) {
		entries, err := c.Children(ctx, id, catalog.ChildrenOptions{Content: true, Deleted: true})
		must(b, err)
		for _, e := range entries {
			at := path + "/" + e.Name
			if at == "/"+backup.ExtraFolder {
				continue
			}
			if e.Kind == catalog.Dir {
				e.Size = 0 // of a folder it means nothing and is not stored
			}
			line := fmt.Sprintf("%q kind %d mode %o size %d time %d since %d gone %d blobs %v", at, e.Kind, e.Mode, e.Size, e.ModTime, first(e.Since), first(e.Gone), e.Content)
			if e.Gone == 0 && e.Kind == catalog.Dir {
				line += " tree " + e.Subtree.String()
			}
			versions, err := c.Versions(ctx, e.ID)
			must(b, err)
			for _, v := range versions {
				if v.Kind == catalog.Dir {
					v.Size = 0
				}
				line += fmt.Sprintf(" [%d–%d kind %d size %d]", first(v.Since.UnixNano()), first(v.Until.UnixNano()), v.Kind, v.Size)
			}
			lines = append(lines, line)
			if e.Kind == catalog.Dir {
				walk(e.ID, at)
			}
		}
	}
	walk(root, "")
	slices.Sort(lines)
	devices, err := c.Devices(ctx)
	must(b, err)
	for _, d := range devices {
		if d.ID == b.Device {
			lines = append(lines, fmt.Sprintf("%d files, %d bytes", d.Files, d.Bytes))
		}
	}
	return lines
}

// Names lists the files of the destination below one of its folders, with sizes.
func (b *Bench) Names(folder string) map[string]int64 {
	b.Helper()
	found := map[string]int64{}
	must(b, filepath.WalkDir(filepath.Join(b.Where, folder), func(p string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			found[d.Name()] = info.Size()
		}
		return err
	}))
	return found
}

// Restic runs restic on the destination; without restic the test is skipped.
func (b *Bench) Restic(args ...string) string {
	b.Helper()
	bin, err := exec.LookPath("restic")
	if err != nil {
		b.Skip("restic is not installed")
	}
	cmd := exec.Command(bin, append([]string{"-r", b.Where, "--no-cache"}, args...)...)
	cmd.Env = append(os.Environ(), "RESTIC_PASSWORD="+Secret)
	out, err := cmd.CombinedOutput()
	if err != nil {
		b.Fatalf("restic %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Grow appends to a file.
func Grow(b *Bench, p, text string) {
	b.Helper()
	sourcetest.Grow(b.Path(p), []byte(text))()
}
