package local

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"holdfast/engine/storage"
)

// listBatch is how many names of a folder are read at once.
const listBatch = 1024

// Get reads a range of a file. The size is asked first, so that a wrong length from
// a damaged index cannot make it reserve memory for bytes that are not there.
func (s *Store) Get(ctx context.Context, k storage.Kind, name string, offset, length int64, buf []byte) ([]byte, error) {
	if err := s.begin(ctx, k, name); err != nil {
		return nil, err
	}
	path := s.path(k, name)
	f, err := os.Open(path)
	if err != nil {
		return nil, s.explain("reading", path, err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		return nil, s.explain("reading", path, err)
	}
	if !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%w: %s is not a regular file", storage.ErrNotFound, path)
	}
	n, err := storage.Range(info.Size(), offset, length)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w", path, err)
	}
	buf = slices.Grow(buf[:0], int(n))[:n]
	if _, err := f.ReadAt(buf, offset); err != nil {
		if errors.Is(err, io.EOF) { // it shrank since
			err = io.ErrUnexpectedEOF
		}
		return nil, s.explain("reading", path, err)
	}
	return buf, nil
}

// Stat tells about one file.
func (s *Store) Stat(ctx context.Context, k storage.Kind, name string) (storage.Info, error) {
	if err := s.begin(ctx, k, name); err != nil {
		return storage.Info{}, err
	}
	path := s.path(k, name)
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("not a regular file: %w", fs.ErrNotExist)
	}
	if err != nil {
		return storage.Info{}, s.explain("looking at", path, err)
	}
	return storage.Info{Name: name, Size: info.Size(), ModTime: info.ModTime()}, nil
}

// List calls fn for each file of a kind.
func (s *Store) List(ctx context.Context, k storage.Kind, fn func(storage.Info) error) error {
	if s.closed.Load() {
		return errClosed
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := s.present(); err != nil {
		return err
	}
	switch k {
	case storage.Config:
		info, err := s.Stat(ctx, k, "")
		if errors.Is(err, storage.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		return fn(info)
	case storage.Packs:
		for i := range 256 {
			prefix := fmt.Sprintf("%02x", i)
			if err := s.listFolder(ctx, k, filepath.Join(s.root, string(k), prefix), prefix, fn); err != nil {
				return err
			}
		}
		return s.present() // an unplugged drive reads like empty folders
	case storage.Keys, storage.Locks, storage.Snapshots, storage.Index:
		if err := s.listFolder(ctx, k, s.folder(k, ""), "", fn); err != nil {
			return err
		}
		return s.present()
	}
	return fmt.Errorf("%w: kind %q", storage.ErrName, string(k))
}

// listFolder lists one folder. A pack that lies under other digits than its own is
// foreign, because Get would not find it.
func (s *Store) listFolder(ctx context.Context, k storage.Kind, dir, prefix string, fn func(storage.Info) error) error {
	f, err := os.Open(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil // made by a program that makes folders when it needs them
	}
	if err != nil {
		return s.explain("listing", dir, err)
	}
	defer f.Close()
	for {
		entries, err := f.ReadDir(listBatch)
		if err != nil && !errors.Is(err, io.EOF) {
			return s.explain("listing", dir, err)
		}
		for _, e := range entries {
			if err := ctx.Err(); err != nil {
				return err
			}
			name := e.Name()
			if !storage.ValidName(k, name) || name[:len(prefix)] != prefix {
				continue
			}
			info, err := e.Info()
			if errors.Is(err, fs.ErrNotExist) {
				continue // removed meanwhile
			}
			if err != nil {
				return s.explain("listing", filepath.Join(dir, name), err)
			}
			if !info.Mode().IsRegular() {
				continue
			}
			if err := fn(storage.Info{Name: name, Size: info.Size(), ModTime: info.ModTime()}); err != nil {
				return err
			}
		}
		if err != nil {
			return nil
		}
	}
}
