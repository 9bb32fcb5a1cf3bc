package source

import (
	"context"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"unsafe"

	"golang.org/x/sys/unix"
)

// dir is an open folder: a descriptor, and the path for people to read.
type dir struct {
	fd   int
	path string
}

const dirFlags = unix.O_RDONLY | unix.O_DIRECTORY | unix.O_NOFOLLOW | unix.O_CLOEXEC | unix.O_NONBLOCK

// longest is the longest path that is given to the system in one piece. PATH_MAX is
// 4,096 with the closing NUL.
const longest = unix.PathMax - 1

func openDir(path string) (Dir, error) {
	if !filepath.IsAbs(path) {
		return nil, &os.PathError{Op: "open", Path: path, Err: unix.EINVAL}
	}
	path = filepath.Clean(path)
	at, rest := unix.AT_FDCWD, path
	defer func() {
		if at != unix.AT_FDCWD {
			unix.Close(at)
		}
	}()
	for len(rest) > longest {
		cut := strings.LastIndexByte(rest[:longest], '/')
		if cut <= 0 {
			return nil, &os.PathError{Op: "open", Path: path, Err: unix.ENAMETOOLONG}
		}
		// Links are followed here as they are in the middle of a short path.
		next, err := openAt(at, rest[:cut], dirFlags&^unix.O_NOFOLLOW)
		if err != nil {
			return nil, dirError(path, err)
		}
		if at != unix.AT_FDCWD {
			unix.Close(at)
		}
		at, rest = next, rest[cut+1:]
	}
	fd, err := openAt(at, rest, dirFlags)
	if err != nil {
		return nil, dirError(path, err)
	}
	return &dir{fd: fd, path: path}, nil
}

// openAt opens without leaving a trace in the access time, which the system grants
// to the owner and to root only.
func openAt(at int, name string, flags int) (int, error) {
	fd, err := openRetry(at, name, flags|unix.O_NOATIME)
	if err == unix.EPERM {
		return openRetry(at, name, flags)
	}
	return fd, err
}

func openRetry(at int, name string, flags int) (int, error) {
	for {
		fd, err := unix.Openat(at, name, flags, 0)
		if err != unix.EINTR {
			return fd, err
		}
	}
}

// dirError says ErrNotDir where the system speaks of a link or another kind of file.
func dirError(path string, err error) error {
	if err == unix.ENOTDIR || err == unix.ELOOP {
		err = ErrNotDir
	}
	return &os.PathError{Op: "open folder", Path: path, Err: err}
}

func (d *dir) Path() string { return d.path }

func (d *dir) join(name string) string {
	if d.path == "/" {
		return "/" + name
	}
	return d.path + "/" + name
}

func (d *dir) Close() error {
	fd := d.fd
	d.fd = -1
	if fd < 0 {
		return nil
	}
	return unix.Close(fd)
}

func (d *dir) Dir(name string) (Dir, error) {
	if !validName(name) {
		return nil, &os.PathError{Op: "open folder", Path: d.join(name), Err: unix.EINVAL}
	}
	fd, err := openAt(d.fd, name, dirFlags)
	if err != nil {
		return nil, dirError(d.join(name), err)
	}
	return &dir{fd: fd, path: d.join(name)}, nil
}

func (d *dir) Stat() (Entry, error) {
	e := Entry{Name: filepath.Base(d.path)}
	if err := statInto(d.fd, &emptyName, unix.AT_EMPTY_PATH, &e); err != 0 {
		return Entry{}, &os.PathError{Op: "stat", Path: d.path, Err: err}
	}
	return e, nil
}

// listing is the memory of one Read; scans go through thousands of folders.
type listing struct {
	raw   []byte    // what getdents gives, piece by piece
	names []byte    // every name with its closing NUL
	items []rawItem // in the order of the folder
}

type rawItem struct {
	at, length int32 // in names
	kind       uint8 // DT_…, of what getdents knows
	inode      uint64
	rank       int32 // place in the sorted result
}

var listings = sync.Pool{New: func() any { return &listing{raw: make([]byte, 64<<10)} }}

// keepAtMost bounds what the pool holds on to after a very large folder.
const keepAtMost = 1 << 20

func (d *dir) Read(ctx context.Context) ([]Entry, error) {
	l := listings.Get().(*listing)
	defer func() {
		if cap(l.names) <= keepAtMost {
			listings.Put(l)
		}
	}()
	l.names, l.items = l.names[:0], l.items[:0]
	if err := l.list(ctx, d.fd); err != nil {
		return nil, &os.PathError{Op: "read folder", Path: d.path, Err: err}
	}
	entries, err := l.examine(ctx, d.fd)
	if err != nil {
		return nil, &os.PathError{Op: "read folder", Path: d.path, Err: err}
	}
	return entries, nil
}

// list reads all names of a folder. The descriptor's position is shared by everybody
// who reads this folder, so it starts with a rewind.
func (l *listing) list(ctx context.Context, fd int) error {
	if _, err := unix.Seek(fd, 0, 0); err != nil {
		return err
	}
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		n, err := unix.Getdents(fd, l.raw)
		if err == unix.EINTR {
			continue
		}
		if err != nil {
			return err
		}
		if n == 0 {
			return nil
		}
		if err := l.parse(l.raw[:n]); err != nil {
			return err
		}
	}
}

// The layout of struct linux_dirent64: inode, offset, length of the record, kind, name.
const (
	direntInode  = 0
	direntLength = 16
	direntKind   = 18
	direntName   = 19
)

func (l *listing) parse(raw []byte) error {
	for len(raw) > 0 {
		if len(raw) < direntName+1 {
			return errListing
		}
		size := int(*(*uint16)(unsafe.Pointer(&raw[direntLength])))
		if size < direntName+1 || size > len(raw) {
			return errListing
		}
		name := raw[direntName:size]
		end := slices.Index(name, 0)
		if end < 0 {
			return errListing
		}
		name = name[:end+1] // with the NUL
		inode := *(*uint64)(unsafe.Pointer(&raw[direntInode]))
		kind := raw[direntKind]
		raw = raw[size:]
		if !validName(unsafe.String(&name[0], end)) {
			continue
		}
		if len(l.names)+len(name) > 1<<31-1 {
			return errListing
		}
		l.items = append(l.items, rawItem{at: int32(len(l.names)), length: int32(end), kind: kind, inode: inode})
		l.names = append(l.names, name...)
	}
	return nil
}

// inodeOrder is the size from which a folder is examined in the order of its inodes:
// on a disk whose cache is cold that saves most of the head's way.
const inodeOrder = 256

// examine looks at every name. Each is given to the system from where getdents put
// it, so an entry costs a system call and no allocation.
func (l *listing) examine(ctx context.Context, fd int) ([]Entry, error) {
	items := l.items
	if len(items) == 0 {
		return nil, nil
	}
	all := string(l.names) // the one allocation that holds all names
	name := func(it rawItem) string { return all[it.at : it.at+it.length] }
	slices.SortFunc(items, func(a, b rawItem) int { return strings.Compare(name(a), name(b)) })
	for i := range items {
		items[i].rank = int32(i)
	}
	if len(items) >= inodeOrder {
		slices.SortFunc(items, func(a, b rawItem) int {
			if a.inode < b.inode {
				return -1
			}
			return 1
		})
	}
	entries := make([]Entry, len(items))
	vanished := 0
	for i, it := range items {
		if i&1023 == 1023 {
			if err := ctx.Err(); err != nil {
				return nil, err
			}
		}
		e := &entries[it.rank]
		e.Name = name(it)
		switch err := statInto(fd, &l.names[it.at], 0, e); err {
		case 0:
		case unix.ENOENT:
			e.Name = ""
			vanished++
		default:
			*e = Entry{Name: e.Name, Kind: kindOfDirent(it.kind), Err: &os.PathError{Op: "stat", Path: e.Name, Err: err}}
		}
	}
	if vanished > 0 {
		entries = slices.DeleteFunc(entries, func(e Entry) bool { return e.Name == "" })
	}
	return entries, nil
}

func kindOfDirent(t uint8) Kind {
	switch t {
	case unix.DT_REG:
		return KindFile
	case unix.DT_DIR:
		return KindDir
	case unix.DT_LNK:
		return KindSymlink
	case unix.DT_FIFO:
		return KindFIFO
	case unix.DT_SOCK:
		return KindSocket
	case unix.DT_CHR:
		return KindCharDevice
	case unix.DT_BLK:
		return KindBlockDevice
	}
	return KindOther
}
