package local

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"holdfast/engine/storage"
)

// Temporary names begin with a dot and end like this, so that no listing takes them
// for files of the repository.
const (
	temporaryPrefix = ".holdfast-"
	temporarySuffix = ".tmp"
	temporaryAge    = 24 * time.Hour // older ones belong to nobody who still lives
)

// Put writes a file so that it survives a power cut once it has returned nil.
func (s *Store) Put(ctx context.Context, k storage.Kind, name string, data []byte) error {
	if err := s.begin(ctx, k, name); err != nil {
		return err
	}
	if err := s.present(); err != nil {
		return err
	}
	dir, target := s.folder(k, name), s.path(k, name)
	if _, err := os.Lstat(target); err == nil {
		return s.taken(dir, target)
	}

	temporary, err := s.writeTemporary(dir, data)
	if err != nil {
		return s.explain("writing", target, err)
	}
	if err := ctx.Err(); err != nil {
		os.Remove(temporary)
		return err
	}
	if err := s.naming.give(temporary, target); err != nil {
		os.Remove(temporary)
		if errors.Is(err, fs.ErrExist) {
			return s.taken(dir, target)
		}
		return s.explain("naming", target, err)
	}
	if err := syncFolder(dir); err != nil {
		return s.explain("flushing the folder of", target, err)
	}
	return nil
}

// taken answers for a name that is in use. Whoever gave it may have died before the
// folder was flushed, and a caller may well take "exists" for "stored".
func (s *Store) taken(dir, target string) error {
	if err := syncFolder(dir); err != nil {
		return s.explain("flushing the folder of", target, err)
	}
	return fmt.Errorf("%w: %s", storage.ErrExists, target)
}

// writeTemporary writes and flushes data under a temporary name in a folder of the
// layout, which it makes if another program left it out.
func (s *Store) writeTemporary(dir string, data []byte) (string, error) {
	temporary := filepath.Join(dir, temporaryPrefix+rand.Text()+temporarySuffix)
	f, err := os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	if errors.Is(err, fs.ErrNotExist) && s.present() == nil {
		if err := makeDurably(dir); err != nil {
			return "", err
		}
		f, err = os.OpenFile(temporary, os.O_WRONLY|os.O_CREATE|os.O_EXCL, fileMode)
	}
	if err != nil {
		return "", err
	}
	_, err = f.Write(data)
	if err == nil {
		err = syncFile(f)
	}
	if e := f.Close(); err == nil {
		err = e
	}
	if err != nil {
		os.Remove(temporary)
		return "", err
	}
	return temporary, nil
}

// Remove takes a file away. Things are removed in the order snapshot, index, pack,
// so a snapshot must not come back with the power after its packs have gone for
// good; nor must a key that was revoked. A pack or a lock that comes back does no
// harm, and there are many of them: their folders are not flushed.
func (s *Store) Remove(ctx context.Context, k storage.Kind, name string) error {
	if err := s.begin(ctx, k, name); err != nil {
		return err
	}
	if err := s.present(); err != nil {
		return err
	}
	target := s.path(k, name)
	err := os.Remove(target)
	if errors.Is(err, fs.ErrPermission) {
		// Some shares refuse to delete what is marked read-only.
		if os.Chmod(target, 0o600) == nil {
			err = os.Remove(target)
		}
	}
	if err != nil {
		return s.explain("removing", target, err)
	}
	if k == storage.Config {
		s.seen.Store(nil)
	}
	if k == storage.Packs || k == storage.Locks {
		return nil
	}
	if err := syncFolder(s.folder(k, name)); err != nil {
		return s.explain("flushing the folder of", target, err)
	}
	return nil
}

// tidy removes temporary names that nobody can still be writing. What it cannot
// remove, on a read-only drive for example, does no harm.
func (s *Store) tidy(ctx context.Context, now time.Time) {
	for _, dir := range append(folders(s.root), s.root) {
		if ctx.Err() != nil {
			return
		}
		entries, err := os.ReadDir(dir)
		if err != nil {
			continue
		}
		for _, e := range entries {
			name := e.Name()
			if !strings.HasPrefix(name, temporaryPrefix) || !strings.HasSuffix(name, temporarySuffix) {
				continue
			}
			if info, err := e.Info(); err == nil && info.Mode().IsRegular() && now.Sub(info.ModTime()) > temporaryAge {
				os.Remove(filepath.Join(dir, name))
			}
		}
	}
}
