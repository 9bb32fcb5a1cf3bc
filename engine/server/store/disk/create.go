package disk

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
)

// Create writes a file under a key that is not taken.
func (s *Store) Create(ctx context.Context, key string, r io.Reader, size int64) error {
	path, err := s.path(key)
	if err != nil {
		return err
	}
	f, err := os.CreateTemp(filepath.Join(s.dir, temporary), "coming-")
	if err != nil {
		return explainWrite(err)
	}
	defer os.Remove(f.Name()) // it has another name when all went well
	if err := fill(ctx, f, r, size); err != nil {
		return errors.Join(explainWrite(err), f.Close())
	}
	if err := f.Close(); err != nil {
		return explainWrite(err)
	}
	return explainWrite(s.settle(f.Name(), path))
}

// settle gives the file its name and flushes the folder. When that flush fails the
// name is taken back: nobody was told that it is there.
func (s *Store) settle(from, to string) error {
	folder := filepath.Dir(to)
	err := s.name(from, to)
	if errors.Is(err, fs.ErrNotExist) {
		if err := makeDurably(folder); err != nil {
			return err
		}
		err = s.name(from, to)
	}
	taken := errors.Is(err, fs.ErrExist)
	if err != nil && !taken {
		return err
	}
	if flushed := syncFolder(folder); flushed != nil { // also for ErrExists: another may be about to
		if !taken {
			flushed = errors.Join(flushed, os.Remove(to))
		}
		return flushed
	}
	return err
}

// name gives a file its name unless that is taken: by a hard link, or where there are
// none by looking first, which this process alone does at a time.
func (s *Store) name(from, to string) error {
	err := os.Link(from, to)
	if err == nil || errors.Is(err, fs.ErrExist) || errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, syscall.EPERM) && !errors.Is(err, syscall.EMLINK) {
		return err
	}
	s.naming.Lock()
	defer s.naming.Unlock()
	if _, err := os.Lstat(to); err == nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: fs.ErrExist}
	}
	return os.Rename(from, to)
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
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return syncFolder(filepath.Dir(dir)) // also of one that another is making at this moment
}
