//go:build linux

package backup_test

import (
	"context"
	"fmt"
	"os"
	"testing"
	"time"

	"holdfast/engine/backup"
	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/source/sourcetest"
)

func TestALargeFileIsStoredBesideOneThatAlwaysChanges(t *testing.T) {
	b := New(t, some())
	b.Capture()
	b.Write(Tree{"home/ann/vm/disk.img": Random(9, 300_000), "home/ann/vm/vm.log": File("x")})
	n := 0
	b.FS.Add(sourcetest.Fault{Op: sourcetest.ReadDir, Path: "/home/ann/vm", Do: func() {
		n++
		os.WriteFile(b.Path("home/ann/vm/vm.log"), []byte(fmt.Sprint(n, time.Now())), 0o644)
	}})
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	o := b.Options()
	o.Large = 200_000
	if _, err := backup.Run(ctx, o); err != nil {
		t.Fatalf("it did not end by itself: %v", err)
	}
	if _, err := b.Catalog.Lookup(ctx, b.Device, "/home/ann/vm/disk.img"); err != nil {
		t.Errorf("the large file: %v", err)
	}
	if n > 3 {
		t.Errorf("%d passes for one large file", n)
	}
}

func TestAFolderThatWasAMountPointIsAnOrdinaryOneLater(t *testing.T) {
	b := New(t, some())
	b.Disk.Mount("/home", 77)
	b.Capture()
	b.Disk.Unmount("/home") // it lies on the root file system now, with the same files
	for i := range 2 {
		b.Write(Tree{"home/ann/letter.txt": File(fmt.Sprint("new text ", i))})
		if r := b.Capture(); r.Changed != 1 || len(r.Skipped) != 0 {
			t.Errorf("capture %d: %+v", i, r)
		}
	}
	b.Check()
}

func TestAnEmptyMountPointIsNotDeletedAfterTheCatalogWasRebuilt(t *testing.T) {
	b := New(t, some())
	b.Disk.Mount("/home/ann", 77)
	b.Capture()
	b.Catalog.Close()
	for _, suffix := range []string{"", "-wal", "-shm"} {
		os.Remove(b.File + suffix)
	}
	b.Reopen()
	if err := b.Catalog.Sync(context.Background(), b.Repo, nil); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(b.Path("home/ann"), b.Path("../away")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(b.Path("home/ann"), 0o755); err != nil {
		t.Fatal(err)
	}
	b.Disk.Unmount("/home/ann")
	b.Capture()
	e, err := b.Catalog.Lookup(context.Background(), b.Device, "/home/ann/letter.txt")
	if err != nil || e.Gone != 0 {
		t.Errorf("taken for deleted at %d: %v", e.Gone, err)
	}
}

func TestAnotherFolderUnderAKnownNameIsLookedInto(t *testing.T) {
	b := New(t, Tree{"h/a/f": File("in a"), "h/b/f": File("in b!")})
	time.Sleep(30 * time.Millisecond)
	b.Capture()
	for _, move := range [][2]string{{"h/a", "h/c"}, {"h/b", "h/a"}} {
		if err := os.Rename(b.Path(move[0]), b.Path(move[1])); err != nil {
			t.Fatal(err)
		}
	}
	b.Capture(func(o *backup.Options) { o.Look = []backup.Look{{Path: "/h"}} })
	b.Check()
}
