// Package local keeps repository files in a folder: an internal disk, an external
// drive, a mounted share.
//
// The layout is the one that restic makes (doc/design.rst, "Repository Layout"):
//
//	config  keys/ID  locks/ID  snapshots/ID  index/ID  data/xx/ID
//
// where xx are the first two digits of a pack's ID. Folders are 0700, files 0400.
//
// Its promise is that a Put which returned nil survives a power cut, and that one
// which did not return leaves either nothing or the whole file. A file is written
// under a temporary name in the folder where it will lie, flushed, given its name
// without replacing another, and the folder is flushed. A flush that fails is never
// tried again, because the kernel may have dropped the pages and would call the
// second flush a success. Temporary names left by a process that died are cleaned
// by a later Open.
//
// No file or folder is held open between calls, so an idle external drive can be
// ejected. In return every call looks whether the folder is still the one that was
// opened: a drive that went away, an empty mount point or another drive in its place
// is storage.ErrUnreachable, never "no such file".
//
// Calls into the file system cannot be interrupted; a context is looked at before
// and between them.
package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"holdfast/engine/storage"
)

// Store is a folder that keeps a repository.
type Store struct {
	root string // absolute

	seen   atomic.Pointer[mark] // nil until there is a config
	naming naming
	closed atomic.Bool

	stopTidy context.CancelFunc
	tidied   sync.WaitGroup
}

var _ storage.Store = (*Store)(nil)

// errClosed is a call after Close, a fault of the caller.
var errClosed = errors.New("the store is closed")

// mark tells one repository from another that is mounted in the same place. The
// config is written once, so its size and time are the cheapest thing that stays.
// Inode numbers would not do: FAT, exFAT and many FUSE file systems make them up.
type mark struct {
	size int64
	time time.Time
}

// FAT keeps times to two seconds and may round when the inode is written.
const markTolerance = 2 * time.Second

func (m mark) same(o mark) bool {
	return m.size == o.size && m.time.Sub(o.time).Abs() <= markTolerance
}

// Open opens a folder that exists, with or without a repository in it.
// storage.ErrUnreachable when it is not there.
func Open(path string) (*Store, error) {
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("opening the folder %s: %w", path, err)
	}
	s := &Store{root: root}
	if err := s.present(); err != nil {
		return nil, err
	}
	// Reading 256 folders of a cold disk takes seconds, which nobody should wait for.
	ctx, stop := context.WithCancel(context.Background())
	s.stopTidy = stop
	s.tidied.Go(func() { s.tidy(ctx, time.Now()) })
	return s, nil
}

// Create makes the folder and those within, durably, and opens it. What is there
// already stays as it is.
func Create(path string) (*Store, error) {
	root, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("making the folder %s: %w", path, err)
	}
	if err := makeDurably(root); err != nil {
		return nil, place("making the folder", root, err)
	}
	data := filepath.Join(root, string(storage.Packs))
	for _, dir := range folders(root) {
		if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
			return nil, place("making the folder", dir, err)
		}
	}
	for _, dir := range []string{data, root} {
		if err := syncFolder(dir); err != nil {
			return nil, place("flushing the folder", dir, err)
		}
	}
	return Open(root)
}

// folders lists the layout, parents first.
func folders(root string) []string {
	var dirs []string
	for _, k := range storage.Kinds() {
		if k != storage.Config {
			dirs = append(dirs, filepath.Join(root, string(k)))
		}
	}
	for i := range 256 {
		dirs = append(dirs, filepath.Join(root, string(storage.Packs), fmt.Sprintf("%02x", i)))
	}
	return dirs
}

// makeDurably is mkdir -p with the new names flushed from the top down, so that no
// folder can outlive the loss of its parent.
func makeDurably(dir string) error {
	err := os.Mkdir(dir, 0o700)
	if errors.Is(err, fs.ErrNotExist) && filepath.Dir(dir) != dir {
		if err := makeDurably(filepath.Dir(dir)); err != nil {
			return err
		}
		err = os.Mkdir(dir, 0o700)
	}
	if errors.Is(err, fs.ErrExist) {
		info, err := os.Stat(dir)
		if err == nil && !info.IsDir() {
			return fmt.Errorf("%s is a file, not a folder", dir)
		}
		return err
	}
	if err != nil {
		return err
	}
	return syncFolder(filepath.Dir(dir))
}

// present looks whether the folder is there and still the one that was opened.
func (s *Store) present() error {
	if s.closed.Load() {
		return errClosed
	}
	info, err := os.Lstat(filepath.Join(s.root, string(storage.Config)))
	seen := s.seen.Load()
	switch {
	case err == nil:
		now := mark{info.Size(), info.ModTime()}
		if seen == nil {
			s.seen.Store(&now)
		} else if !seen.same(now) {
			return fmt.Errorf("%w: another repository lies at %s now", storage.ErrUnreachable, s.root)
		}
		return nil
	case !errors.Is(err, fs.ErrNotExist):
		return place("looking at", s.root, err)
	case seen != nil:
		return fmt.Errorf("%w: the repository at %s is gone; a drive may be missing", storage.ErrUnreachable, s.root)
	}
	info, err = os.Stat(s.root)
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%w: there is no folder %s", storage.ErrUnreachable, s.root)
	}
	if err != nil {
		return place("looking at", s.root, err)
	}
	if !info.IsDir() {
		return fmt.Errorf("%w: %s is not a folder", storage.ErrUnreachable, s.root)
	}
	return nil
}

// begin is what every call does first.
func (s *Store) begin(ctx context.Context, k storage.Kind, name string) error {
	if s.closed.Load() {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	return storage.CheckName(k, name)
}

// folder is where files of a kind lie; name is only looked at for packs.
func (s *Store) folder(k storage.Kind, name string) string {
	switch k {
	case storage.Config:
		return s.root
	case storage.Packs:
		return filepath.Join(s.root, string(k), name[:2])
	}
	return filepath.Join(s.root, string(k))
}

func (s *Store) path(k storage.Kind, name string) string {
	if k == storage.Config {
		return filepath.Join(s.root, string(k))
	}
	return filepath.Join(s.folder(k, name), name)
}

// Free asks the file system how much an ordinary user can still write.
func (s *Store) Free(ctx context.Context) (int64, error) {
	if err := ctx.Err(); err != nil {
		return -1, err
	}
	if err := s.present(); err != nil {
		return -1, err
	}
	free, err := freeBytes(s.root)
	if err != nil {
		return -1, place("asking for the free space of", s.root, err)
	}
	return free, nil
}

// Location is the path of the folder.
func (s *Store) Location() string { return s.root }

// Close ends the cleaning of temporary names. Nothing else is open.
func (s *Store) Close() error {
	s.closed.Store(true)
	s.stopTidy()
	s.tidied.Wait()
	return nil
}
