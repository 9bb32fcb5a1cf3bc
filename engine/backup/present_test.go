//go:build linux

package backup_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	. "holdfast/engine/backup/backuptest"
	"holdfast/engine/source/sourcetest"
	"holdfast/engine/storage"
	"holdfast/engine/storage/faulty"
)

func TestAnIndexNeverListsAPackThatWasTakenAway(t *testing.T) {
	b := New(t, Tree{"d/f": Random(1, 300_000)})
	b.Store.Add(faulty.Fault{Op: faulty.Put, Kind: storage.Index, Err: storage.ErrUnreachable})
	if _, err := b.Try(); err == nil {
		t.Fatal("it did not fail")
	}
	b.Store.Clear()
	b.FS.Add(sourcetest.Fault{Op: sourcetest.ReadDir, Path: "/d", Do: func() {
		for name := range b.Names("data") {
			os.Remove(filepath.Join(b.Where, "data", name[:2], name))
		}
	}})
	if _, err := b.Try(); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("it ended with %v", err)
	}
	b.FS.Clear()
	if n := len(b.Names("index")) + len(b.Names("snapshots")); n != 0 {
		t.Errorf("%d files say what is not so", n)
	}
	if err := b.Catalog.Sync(context.Background(), b.Repo, nil); err != nil {
		t.Fatal(err)
	}
	b.Capture()
	b.Check()
	b.Restic("check", "--read-data")
}
