package sourcetest_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"holdfast/engine/source"
	"holdfast/engine/source/sourcetest"
)

func TestFaultsHappenWhereTheyAreMeantTo(t *testing.T) {
	root := t.TempDir()
	for _, name := range []string{"a", "b", "c"} {
		if err := os.WriteFile(filepath.Join(root, name), []byte("text"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := func(name string) string { return filepath.Join(root, name) }
	fs := sourcetest.New(
		sourcetest.Fault{Op: sourcetest.Vanish, Path: at("a"), Nth: 1},
		sourcetest.Fault{Op: sourcetest.Examine, Path: at("b"), Err: syscall.EIO},
		sourcetest.Fault{Op: sourcetest.Open, Path: at("c"), Nth: 1, Err: syscall.EACCES},
		sourcetest.Fault{Op: sourcetest.Read, Path: at("c"), Nth: 2, Do: sourcetest.Grow(at("c"), []byte(" and more"))},
	)
	d, err := fs.OpenDir(root)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	entries, err := d.Read(t.Context())
	if err != nil || len(entries) != 2 || !errors.Is(entries[0].Err, syscall.EIO) || entries[1].Err != nil {
		t.Fatalf("first listing: %+v, %v", entries, err)
	}
	if entries, _ = d.Read(t.Context()); len(entries) != 3 {
		t.Errorf("second listing: %+v", entries)
	}
	if _, err := d.Open("c"); !errors.Is(err, syscall.EACCES) {
		t.Errorf("first opening: %v", err)
	}
	f, err := d.Open("c")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	data, err := io.ReadAll(f)
	if err != nil || string(data) != "text and more" {
		t.Errorf("read %q, %v", data, err)
	}
	if after, err := f.Stat(); err != nil || after.SameAs(before) {
		t.Errorf("the change was not seen: %+v, %v", after, err)
	}
	if n := fs.Count(sourcetest.Open, at("c")); n != 2 {
		t.Errorf("counted %d openings", n)
	}
	fs.Clear()
	fs.Add(sourcetest.Fault{Op: sourcetest.OpenDir, Path: root, Err: source.ErrNotDir})
	if _, err := fs.OpenDir(root); !errors.Is(err, source.ErrNotDir) {
		t.Errorf("open folder: %v", err)
	}
}
