//go:build !linux

package source

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"holdfast/engine/repo"
)

// dir is a folder by its path, for systems where the standard library is the safest
// way to the native calls. What is opened is compared with what lstat saw before, so
// that a link that was slipped in is noticed.
type dir struct {
	path string
}

func openDir(path string) (Dir, error) {
	if !filepath.IsAbs(path) {
		return nil, &os.PathError{Op: "open folder", Path: path, Err: fs.ErrInvalid}
	}
	path = filepath.Clean(path)
	fi, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	if !fi.IsDir() {
		return nil, &os.PathError{Op: "open folder", Path: path, Err: ErrNotDir}
	}
	return &dir{path: path}, nil
}

func (d *dir) Path() string { return d.path }

func (d *dir) Close() error { return nil }

func (d *dir) join(name string) string {
	if strings.HasSuffix(d.path, string(filepath.Separator)) {
		return d.path + name
	}
	return d.path + string(filepath.Separator) + name
}

func (d *dir) Dir(name string) (Dir, error) {
	if !validName(name) {
		return nil, &os.PathError{Op: "open folder", Path: d.join(name), Err: fs.ErrInvalid}
	}
	return openDir(d.join(name))
}

func (d *dir) Stat() (Entry, error) {
	fi, err := os.Lstat(d.path)
	if err != nil {
		return Entry{}, err
	}
	if !fi.IsDir() {
		return Entry{}, &os.PathError{Op: "stat", Path: d.path, Err: ErrNotDir}
	}
	return entryOf(fi), nil
}

func (d *dir) Read(ctx context.Context) ([]Entry, error) {
	f, err := os.Open(d.path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	var entries []Entry
	for {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		list, err := f.ReadDir(1024)
		for _, item := range list {
			if !validName(item.Name()) {
				continue
			}
			fi, err := item.Info()
			switch {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				entries = append(entries, Entry{Name: item.Name(), Kind: kindOfMode(item.Type()), Err: err})
			default:
				entries = append(entries, entryOf(fi))
			}
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	slices.SortFunc(entries, func(a, b Entry) int { return strings.Compare(a.Name, b.Name) })
	return entries, nil
}

func entryOf(fi os.FileInfo) Entry {
	mod := fi.ModTime().UnixNano()
	e := Entry{
		Name: fi.Name(), Kind: kindOfMode(fi.Mode()), Mode: fi.Mode(), Size: fi.Size(),
		Allocated: fi.Size(), ModTime: mod, ChangeTime: mod, Links: 1,
	}
	e.fromSystem(fi)
	return e
}

func kindOfMode(m os.FileMode) Kind {
	switch {
	case m.IsRegular():
		return KindFile
	case m.IsDir():
		return KindDir
	case m&os.ModeSymlink != 0:
		return KindSymlink
	case m&os.ModeNamedPipe != 0:
		return KindFIFO
	case m&os.ModeSocket != 0:
		return KindSocket
	case m&os.ModeCharDevice != 0:
		return KindCharDevice
	case m&os.ModeDevice != 0:
		return KindBlockDevice
	}
	return KindOther
}

// file is an open regular file.
type file struct {
	*os.File
}

func (d *dir) Open(name string) (File, error) {
	path := d.join(name)
	if !validName(name) {
		return nil, &os.PathError{Op: "open", Path: path, Err: fs.ErrInvalid}
	}
	before, err := os.Lstat(path)
	if err != nil {
		return nil, err
	}
	e := entryOf(before)
	switch {
	case e.Kind != KindFile:
		return nil, &os.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	case e.Placeholder:
		return nil, &os.PathError{Op: "open", Path: path, Err: ErrPlaceholder}
	}
	f, err := os.OpenFile(path, os.O_RDONLY|openFlags, 0)
	if err != nil {
		return nil, err
	}
	after, err := f.Stat()
	if err == nil && (!after.Mode().IsRegular() || !os.SameFile(before, after)) {
		err = &os.PathError{Op: "open", Path: path, Err: ErrNotRegular}
	}
	if err != nil {
		f.Close()
		return nil, err
	}
	return file{f}, nil
}

func (f file) Stat() (Entry, error) {
	fi, err := f.File.Stat()
	if err != nil {
		return Entry{}, err
	}
	e := entryOf(fi)
	e.Name = ""
	return e, nil
}

func (d *dir) Node(e Entry) (repo.Node, []error) {
	n := newNode(e)
	var errs []error
	if e.Kind == KindSymlink {
		target, err := os.Readlink(d.join(e.Name))
		if err != nil {
			errs = append(errs, err)
		}
		n.LinkTarget = target
	}
	return n, d.nodeSystem(e, &n, errs)
}
