// Package disk keeps the bytes of stored files in a folder.
//
// Its promise is that a Create which returned nil survives a power cut, and that one
// which did not leaves nothing under the key. Bytes go into a temporary file, which is
// flushed, is given its name without replacing another, and whose folder is flushed.
// A flush that fails is not tried again, because the kernel may have dropped the pages
// and would call the second flush a success.
//
// Temporary files lie together in the folder "tmp" on the same file system; Open
// clears away those of a process that died. Everything else is what the keys say, so
// the folder of an account is a repository as restic lays it out, and can be copied.
package disk

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"

	"holdfast/engine/server/store"
)

const (
	temporary = "tmp"
	// A temporary file to which nothing was written for so long has nobody.
	abandoned = 6 * time.Hour
)

// Store is a folder.
type Store struct {
	dir    string
	naming sync.Mutex // where the file system has no hard links
}

var _ store.Bytes = (*Store)(nil)

// Open opens a folder, and makes it when it is missing.
func Open(dir string) (*Store, error) {
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, err
	}
	s := &Store{dir: dir}
	if err := makeDurably(filepath.Join(dir, temporary)); err != nil {
		return nil, fmt.Errorf("make the folder of the stored files: %w", err)
	}
	return s, s.tidy(time.Now())
}

// tidy clears away what a process that died was writing.
func (s *Store) tidy(now time.Time) error {
	all, err := os.ReadDir(filepath.Join(s.dir, temporary))
	if err != nil {
		return err
	}
	for _, e := range all {
		info, err := e.Info()
		if err != nil || now.Sub(info.ModTime()) < abandoned {
			continue // gone meanwhile, or perhaps of another server on this folder
		}
		if err := os.Remove(filepath.Join(s.dir, temporary, e.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// path is where a key lies. Keys are made by package store from checked words; one
// that would leave the folder all the same is refused.
func (s *Store) path(key string) (string, error) {
	if !fs.ValidPath(key) || key == "." || strings.ContainsAny(key, `\:`) || key == temporary || strings.HasPrefix(key, temporary+"/") {
		return "", fmt.Errorf("%q is not a key", key)
	}
	return filepath.Join(s.dir, filepath.FromSlash(key)), nil
}

// Open reads a part of a file.
func (s *Store) Open(_ context.Context, key string, offset, length int64) (io.ReadCloser, error) {
	path, err := s.path(key)
	if err != nil {
		return nil, err
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, explain(err)
	}
	if offset != 0 {
		if _, err := f.Seek(offset, io.SeekStart); err != nil {
			f.Close()
			return nil, err
		}
	}
	if length < 0 {
		return f, nil
	}
	return part{io.LimitReader(f, length), f}, nil
}

type part struct {
	io.Reader
	io.Closer
}

// Stat tells about one file.
func (s *Store) Stat(_ context.Context, key string) (store.Info, error) {
	path, err := s.path(key)
	if err != nil {
		return store.Info{}, err
	}
	info, err := os.Lstat(path)
	if err != nil {
		return store.Info{}, explain(err)
	}
	if !info.Mode().IsRegular() {
		return store.Info{}, fmt.Errorf("%s: %w", key, store.ErrNotFound)
	}
	return store.Info{Key: key, Size: info.Size(), ModTime: info.ModTime()}, nil
}

// Remove takes a file away. That the name comes back after a power cut does no harm,
// so the folder is not flushed.
func (s *Store) Remove(_ context.Context, key string) error {
	path, err := s.path(key)
	if err != nil {
		return err
	}
	return explain(os.Remove(path))
}

// List walks the folders below a prefix.
func (s *Store) List(ctx context.Context, prefix string, fn func(store.Info) error) error {
	start := s.dir
	if prefix != "" {
		path, err := s.path(strings.TrimSuffix(prefix, "/"))
		if err != nil {
			return err
		}
		start = path
	}
	return filepath.WalkDir(start, func(path string, d fs.DirEntry, err error) error {
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case errors.Is(err, fs.ErrNotExist):
			return nil // removed meanwhile, or nothing has that prefix
		case err != nil:
			return err
		case d.IsDir() && path == filepath.Join(s.dir, temporary):
			return fs.SkipDir
		case !d.Type().IsRegular():
			return nil
		}
		info, err := d.Info()
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		if err != nil {
			return err
		}
		key, err := filepath.Rel(s.dir, path)
		if err != nil {
			return err
		}
		return fn(store.Info{Key: filepath.ToSlash(key), Size: info.Size(), ModTime: info.ModTime()})
	})
}

// Ready writes a few bytes and takes them away again.
func (s *Store) Ready(context.Context) error {
	f, err := os.CreateTemp(filepath.Join(s.dir, temporary), "ready-")
	if err != nil {
		return explainWrite(err)
	}
	_, err = f.Write(make([]byte, 4096))
	return explainWrite(errors.Join(err, f.Close(), os.Remove(f.Name())))
}

// explain gives an error about a key its meaning.
func explain(err error) error {
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) {
		return fmt.Errorf("%w (%w)", store.ErrNotFound, err)
	}
	return explainWrite(err)
}

// explainWrite does it for writing, where a missing folder is trouble of the place.
func explainWrite(err error) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w (%w)", store.ErrExists, err)
	case isFull(err):
		return fmt.Errorf("%w (%w)", store.ErrFull, err)
	}
	return err
}
