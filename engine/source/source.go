// Package source reads the user's files: it lists folders, reads files and their
// metadata, says where file systems are mounted, and watches for changes.
//
// Its one idea is that a folder is a handle. Everything below a folder is reached
// through it by a single name, so a path longer than the system allows is no
// obstacle, a folder that is renamed meanwhile stays the folder that was listed, and
// a link that is slipped in is never followed. On Linux the handle is a descriptor
// (openat(2), statx(2)); elsewhere it is a joined path, checked before use.
//
// Promises: names are the bytes the system has, never normalised and never assumed
// to be UTF-8. No symbolic link is followed below OpenDir's path. Opening never
// blocks on a FIFO and never touches a device. What cannot be examined is reported
// as there (Entry.Err), so that nobody takes it for deleted. Reading leaves no trace
// in access times where the system allows that.
//
// Left to others: which paths are wanted (engine/selection), what an entry becomes
// in the repository (engine/backup), and when to look.
//
// Sources: openat(2), statx(2), getdents(2), xattr(7), inotify(7), proc(5); the
// fields of a node are those of restic's design document.
package source

import (
	"context"
	"errors"
	"io"
	"os"
	"strings"

	"holdfast/engine/repo"
)

// FS opens folders. System is the real one; tests wrap it.
type FS interface {
	// OpenDir opens a folder by its absolute path. Links in the middle of the path
	// are followed; one at its end is not, and gives ErrNotDir.
	OpenDir(path string) (Dir, error)
}

// Dir is an open folder. Its methods may be called by several goroutines at once;
// Close only when all of them have returned.
type Dir interface {
	// Path is the absolute path by which the folder was reached.
	Path() string
	// Read lists the folder: every entry as lstat sees it, sorted by the bytes of its
	// name. One that vanished meanwhile is left out; one that is there and cannot be
	// examined has Err set. An error means that the content is unknown, not empty.
	Read(ctx context.Context) ([]Entry, error)
	// Stat describes the folder itself; its Name is the last element of the path.
	Stat() (Entry, error)
	// Dir opens a folder inside this one, ErrNotDir when it is anything else.
	Dir(name string) (Dir, error)
	// Open opens a regular file inside this folder, ErrNotRegular when it is anything
	// else by now. Compare File.Stat with the listed entry to see that it is the same.
	Open(name string) (File, error)
	// Node makes the node of the repository for an entry of this folder, with its
	// extended attributes (access control lists among them), owner names and link
	// target, without Content and Subtree. Errors are about parts that are missing
	// from the node; the node is usable in any case.
	Node(e Entry) (repo.Node, []error)
	Close() error
}

// File is a regular file that is open for reading.
type File interface {
	io.Reader
	// Stat describes the open file, without Name.
	Stat() (Entry, error)
	Close() error
}

// Kind is what an entry is.
type Kind uint8

// KindOther is what has no kind that the repository could hold, or could not be
// examined.
const (
	KindOther Kind = iota
	KindFile       // a regular file
	KindDir
	KindSymlink
	KindFIFO
	KindSocket
	KindCharDevice
	KindBlockDevice
)

// Entry is a name in a folder and what lstat says of it.
type Entry struct {
	Name       string // any bytes but '/' and NUL
	Size       int64  // bytes
	Allocated  int64  // bytes on disk; less than Size when sparse or compressed
	ModTime    int64  // Unix nanoseconds
	ChangeTime int64  // Unix nanoseconds; ModTime where the system has none
	Inode      uint64 // 0 where the system does not say
	Device     uint64
	Links      uint64
	RDev       uint64 // number of a device
	UID, GID   uint32
	Mode       os.FileMode
	Kind       Kind
	// Placeholder says that the content lies in a cloud and reading would fetch it.
	Placeholder bool
	// Err is set when the entry exists and could not be examined; then only Name, and
	// Kind where the listing told it, are valid.
	Err error
}

// IsDir says whether the entry is a folder.
func (e Entry) IsDir() bool { return e.Kind == KindDir }

// SameFile says whether both describe one file, whatever happened to it between.
func (e Entry) SameFile(o Entry) bool {
	return e.Kind == o.Kind && e.Inode == o.Inode && e.Device == o.Device
}

// SameAs says whether nothing changed between both looks at one file: not its
// content, as far as size and times tell, and not its metadata.
func (e Entry) SameAs(o Entry) bool {
	return e.SameFile(o) && e.Size == o.Size && e.ModTime == o.ModTime &&
		e.ChangeTime == o.ChangeTime && e.Mode == o.Mode && e.UID == o.UID && e.GID == o.GID
}

// Errors that are about what a name turned out to be. They come wrapped in
// *os.PathError like those of the system.
var (
	ErrNotDir     = errors.New("not a folder")
	ErrNotRegular = errors.New("not a regular file")
	// ErrPlaceholder is returned by Open instead of fetching a file from a cloud.
	ErrPlaceholder = errors.New("the file lies in a cloud only")
	// errListing is what a damaged file system gives.
	errListing = errors.New("the file system gave a listing that makes no sense")
)

// validName refuses what a damaged file system could use to lead elsewhere.
func validName(name string) bool {
	return name != "" && name != "." && name != ".." && strings.IndexByte(name, '/') < 0 && strings.IndexByte(name, 0) < 0
}

// System returns the file system of this computer.
func System() FS { return system{} }

type system struct{}

func (system) OpenDir(path string) (Dir, error) { return openDir(path) }
