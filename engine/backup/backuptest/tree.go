//go:build linux

package backuptest

import (
	"io/fs"
	"maps"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"holdfast/engine/source"
)

// Tree declares files by their paths, without a slash at the front. The folders above
// are made when they are not named.
type Tree map[string]Item

// Item is a file, folder or whatever else can lie in a folder.
type Item struct {
	kind  source.Kind
	data  []byte
	size  int64  // of a file with holes
	link  string // target of a symbolic link, path in the tree of a hard one
	hard  bool
	mode  *fs.FileMode
	owner *[2]int
	attrs map[string]string
	mtime time.Time
	dev   uint64
}

// File has this text.
func File(text string) Item { return Item{kind: source.KindFile, data: []byte(text)} }

// Random is a file that does not compress.
func Random(seed uint64, size int) Item {
	return Item{kind: source.KindFile, data: Bytes(seed, size)}
}

// Bytes are the same for the same seed.
func Bytes(seed uint64, size int) []byte {
	var key [32]byte
	key[0], key[1], key[2] = byte(seed), byte(seed>>8), byte(seed>>16)
	data := make([]byte, size)
	rand.NewChaCha8(key).Read(data)
	return data
}

// Sparse is a file of a size with text at its beginning and at its end, and a hole between.
func Sparse(size int64) Item {
	return Item{kind: source.KindFile, data: []byte("text before and after the hole"), size: size}
}

// Dir is a folder.
func Dir() Item { return Item{kind: source.KindDir} }

// Symlink leads to a target, which need not be there.
func Symlink(to string) Item { return Item{kind: source.KindSymlink, link: to} }

// Hard is a further name of a file of the same tree.
func Hard(of string) Item { return Item{kind: source.KindFile, link: of, hard: true} }

// FIFO is a named pipe.
func FIFO() Item { return Item{kind: source.KindFIFO} }

// Socket is a socket that nobody listens on.
func Socket() Item { return Item{kind: source.KindSocket} }

// CharDevice is a device; making one needs root.
func CharDevice(major, minor uint32) Item {
	return Item{kind: source.KindCharDevice, dev: unix.Mkdev(major, minor)}
}

// Mode sets the bits of the mode.
func (i Item) Mode(m fs.FileMode) Item { i.mode = &m; return i }

// Owner sets user and group; that needs root.
func (i Item) Owner(uid, gid int) Item { i.owner = &[2]int{uid, gid}; return i }

// At sets the modification time.
func (i Item) At(t time.Time) Item { i.mtime = t; return i }

// Attr sets an extended attribute.
func (i Item) Attr(name, value string) Item {
	i.attrs = maps.Clone(i.attrs)
	if i.attrs == nil {
		i.attrs = map[string]string{}
	}
	i.attrs[name] = value
	return i
}

// Write makes the tree below a folder. What exists is overwritten, as an editor does.
func (t Tree) Write(tb testing.TB, top string) {
	tb.Helper()
	paths := slices.Sorted(maps.Keys(t))
	for _, hard := range []bool{false, true} {
		for _, p := range paths {
			if t[p].hard == hard {
				must(tb, t[p].make(top, filepath.Join(top, p)))
			}
		}
	}
	slices.Reverse(paths) // a folder after what lies in it, which changes its time
	for _, p := range paths {
		if !t[p].hard {
			must(tb, t[p].dress(filepath.Join(top, p)))
		}
	}
}

func (i Item) make(top, at string) error {
	if err := os.MkdirAll(filepath.Dir(at), 0o755); err != nil {
		return err
	}
	switch {
	case i.hard:
		return os.Link(filepath.Join(top, i.link), at)
	case i.kind == source.KindDir:
		return os.MkdirAll(at, 0o755)
	case i.kind == source.KindSymlink:
		return os.Symlink(i.link, at)
	case i.kind == source.KindFIFO:
		return unix.Mkfifo(at, 0o644)
	case i.kind == source.KindCharDevice:
		return unix.Mknod(at, unix.S_IFCHR|0o600, int(i.dev))
	case i.kind == source.KindSocket:
		l, err := net.ListenUnix("unix", &net.UnixAddr{Name: at})
		if err != nil {
			return err
		}
		l.SetUnlinkOnClose(false)
		return l.Close()
	}
	if err := os.WriteFile(at, i.data, 0o644); err != nil || i.size == 0 {
		return err
	}
	f, err := os.OpenFile(at, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteAt(i.data, i.size-int64(len(i.data)))
	return err
}

// dress sets the metadata.
func (i Item) dress(at string) error {
	if i.owner != nil {
		if err := os.Lchown(at, i.owner[0], i.owner[1]); err != nil {
			return err
		}
	}
	for name, value := range i.attrs {
		if err := unix.Lsetxattr(at, name, []byte(value), 0); err != nil {
			return err
		}
	}
	if i.mode != nil {
		if err := os.Chmod(at, *i.mode); err != nil {
			return err
		}
	}
	if i.mtime.IsZero() {
		return nil
	}
	when := unix.NsecToTimespec(i.mtime.UnixNano())
	return unix.UtimesNanoAt(unix.AT_FDCWD, at, []unix.Timespec{when, when}, unix.AT_SYMLINK_NOFOLLOW)
}

// Deep is a path longer than any call takes, of folders with long names.
func Deep(levels int) string {
	return strings.Repeat(strings.Repeat("d", 250)+"/", levels) + "bottom"
}

// WriteDeep makes a folder path of Deep below a folder with a file in the last one.
func WriteDeep(tb testing.TB, top string, levels int, text string) {
	tb.Helper()
	root, err := os.OpenRoot(top)
	must(tb, err)
	for range levels {
		name := strings.Repeat("d", 250)
		must(tb, root.Mkdir(name, 0o755))
		below, err := root.OpenRoot(name)
		must(tb, err)
		root.Close()
		root = below
	}
	must(tb, root.WriteFile("bottom", []byte(text), 0o644))
	root.Close()
}

func must(tb testing.TB, err error) {
	tb.Helper()
	if err != nil {
		tb.Fatal(err)
	}
}
