package local

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"holdfast/engine/storage"
	"holdfast/engine/storage/storagetest"
)

func create(t *testing.T) *Store {
	t.Helper()
	s, err := Create(filepath.Join(t.TempDir(), "new", "repository"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

func TestConformance(t *testing.T) {
	storagetest.Run(t, func(t *testing.T) storage.Store { return create(t) })
}

func TestTheLayoutIsRestics(t *testing.T) {
	s := create(t)
	var dirs int
	filepath.WalkDir(s.root, func(_ string, d fs.DirEntry, err error) error {
		if err != nil {
			t.Error(err)
		}
		dirs++
		if info, err := d.Info(); err != nil || info.Mode() != fs.ModeDir|0o700 {
			t.Errorf("%s is %v, %v", d.Name(), info.Mode(), err)
		}
		return nil
	})
	if want := 1 + 5 + 256; dirs != want {
		t.Errorf("%d folders, want %d", dirs, want)
	}
	name := storagetest.Name("pack")
	if err := s.Put(t.Context(), storage.Packs, name, []byte("pack")); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Join(s.root, "data", name[:2], name))
	if err != nil || info.Mode() != fileMode {
		t.Errorf("%v, %v", info, err)
	}
	again, err := Create(s.root)
	if err != nil {
		t.Fatalf("creating what is there: %v", err)
	}
	again.Close()
}

func TestAPackFolderThatIsNotThereIsMade(t *testing.T) {
	s := create(t)
	name := storagetest.Name("pack")
	if err := os.Remove(filepath.Join(s.root, "data", name[:2])); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Stat(t.Context(), storage.Packs, name); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("Stat without its folder: %v", err)
	}
	if err := s.Put(t.Context(), storage.Packs, name, []byte("pack")); err != nil {
		t.Fatal(err)
	}
	if got := storagetest.Names(t, s, storage.Packs); len(got) != 1 {
		t.Errorf("listed %v", got)
	}
}

func TestForeignFilesAreNotListed(t *testing.T) {
	s := create(t)
	name := storagetest.Name("x")
	wrong := "00"
	if name[:2] == wrong {
		wrong = "01"
	}
	for _, path := range []string{
		"keys/README", "keys/.DS_Store", "keys/" + name + "-tmp-123", "data/note.txt",
		"data/" + wrong + "/" + name, "data/" + name[:2] + "/" + temporaryPrefix + "a" + temporarySuffix, "data/" + name,
	} {
		if err := os.WriteFile(filepath.Join(s.root, path), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Mkdir(filepath.Join(s.root, "keys", name), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, k := range storage.Kinds() {
		if got := storagetest.Names(t, s, k); len(got) != 0 {
			t.Errorf("%s lists %v", k, got)
		}
	}
	if _, err := s.Get(t.Context(), storage.Keys, name, 0, -1, nil); !errors.Is(err, storage.ErrNotFound) {
		t.Errorf("reading a folder: %v", err)
	}
}

func TestOnlyOldTemporaryNamesAreCleaned(t *testing.T) {
	s := create(t)
	now := time.Now()
	files := map[string]struct {
		age  time.Duration
		stay bool
	}{
		"data/3f/" + temporaryPrefix + "old" + temporarySuffix:  {25 * time.Hour, false},
		temporaryPrefix + "config" + temporarySuffix:            {48 * time.Hour, false},
		"index/" + temporaryPrefix + "young" + temporarySuffix:  {time.Hour, true},
		"index/" + temporaryPrefix + "without the ending":       {48 * time.Hour, true},
		"snapshots/" + storagetest.Name("an old snapshot"):      {10_000 * time.Hour, true},
		"keys/somebody's " + temporaryPrefix + temporarySuffix:  {48 * time.Hour, true},
		"locks/" + temporaryPrefix + "future" + temporarySuffix: {-48 * time.Hour, true},
	}
	for name, f := range files {
		path := filepath.Join(s.root, name)
		if err := errors.Join(os.WriteFile(path, nil, 0o600), os.Chtimes(path, now, now.Add(-f.age))); err != nil {
			t.Fatal(err)
		}
	}
	s.tidy(t.Context(), now)
	for name, f := range files {
		if _, err := os.Stat(filepath.Join(s.root, name)); (err == nil) != f.stay {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOpeningWhatIsNotThereIsUnreachable(t *testing.T) {
	dir := t.TempDir()
	if _, err := Open(filepath.Join(dir, "gone")); !errors.Is(err, storage.ErrUnreachable) {
		t.Error(err)
	}
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Open(file); !errors.Is(err, storage.ErrUnreachable) {
		t.Error(err)
	}
}

// everyCall makes each call once and returns what it said.
func everyCall(ctx context.Context, s *Store) map[string]error {
	name := storagetest.Name("new")
	_, get := s.Get(ctx, storage.Keys, name, 0, -1, nil)
	_, stat := s.Stat(ctx, storage.Packs, name)
	_, free := s.Free(ctx)
	return map[string]error{
		"Put": s.Put(ctx, storage.Index, name, []byte("x")), "Get": get, "Stat": stat, "Free": free,
		"List":   s.List(ctx, storage.Packs, func(storage.Info) error { return nil }),
		"Remove": s.Remove(ctx, storage.Locks, name),
	}
}

func TestAVanishedFolderIsUnreachableAndComesBack(t *testing.T) {
	for name, empty := range map[string]bool{"no folder": false, "an empty mount point": true} {
		t.Run(name, func(t *testing.T) {
			s := create(t)
			if err := s.Put(t.Context(), storage.Config, "", []byte("config")); err != nil {
				t.Fatal(err)
			}
			if err := s.present(); err != nil {
				t.Fatal(err)
			}
			away := s.root + "-away"
			if err := os.Rename(s.root, away); err != nil {
				t.Fatal(err)
			}
			if empty {
				if err := os.Mkdir(s.root, 0o700); err != nil {
					t.Fatal(err)
				}
			}
			for op, err := range everyCall(t.Context(), s) {
				if !errors.Is(err, storage.ErrUnreachable) || errors.Is(err, storage.ErrNotFound) {
					t.Errorf("%s: %v", op, err)
				}
			}
			if empty {
				if left, _ := os.ReadDir(s.root); len(left) != 0 {
					t.Errorf("something was written into the mount point: %v", left)
				}
				os.Remove(s.root)
			}
			if err := os.Rename(away, s.root); err != nil {
				t.Fatal(err)
			}
			if err := s.Put(t.Context(), storage.Index, storagetest.Name(1), []byte("x")); err != nil {
				t.Errorf("after it came back: %v", err)
			}
		})
	}
}

func TestAnotherDriveInItsPlaceIsNotWritten(t *testing.T) {
	s := create(t)
	config := filepath.Join(s.root, "config")
	if err := s.Put(t.Context(), storage.Config, "", []byte("ours")); err != nil {
		t.Fatal(err)
	}
	if err := s.present(); err != nil {
		t.Fatal(err)
	}
	year := time.Now().AddDate(-1, 0, 0)
	if err := os.Chtimes(config, year, year); err != nil {
		t.Fatal(err)
	}
	if err := s.Put(t.Context(), storage.Index, storagetest.Name(1), nil); !errors.Is(err, storage.ErrUnreachable) {
		t.Error(err)
	}
}

func TestAClosedStoreRefuses(t *testing.T) {
	s := create(t)
	s.Close()
	for op, err := range everyCall(t.Context(), s) {
		if !errors.Is(err, errClosed) {
			t.Errorf("%s: %v", op, err)
		}
	}
}

func TestAFailedPutLeavesNoTemporaryName(t *testing.T) {
	s := create(t)
	name := storagetest.Name(1)
	for range 2 {
		s.Put(t.Context(), storage.Keys, name, []byte("x"))
	}
	entries, err := os.ReadDir(filepath.Join(s.root, "keys"))
	if err != nil || len(entries) != 1 || strings.HasPrefix(entries[0].Name(), ".") {
		t.Errorf("%v, %v", entries, err)
	}
}

func BenchmarkPut16MiB(b *testing.B) {
	s, err := Create(b.TempDir())
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	data := bytes.Repeat([]byte("holdfast"), 2<<20)
	b.SetBytes(int64(len(data)))
	for i := range b.N {
		if err := s.Put(b.Context(), storage.Packs, storagetest.Name(i), data); err != nil {
			b.Fatal(err)
		}
		s.Remove(b.Context(), storage.Packs, storagetest.Name(i))
	}
}
