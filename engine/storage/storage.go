// Package storage is where repository files lie: a handful of flat name spaces that
// hold small write-once files.
//
// Its one idea is that a repository asks very little of the place that keeps it:
// put a file under a name nobody has, read a range of it, list, remove. Nothing
// here knows what is inside a file or could decrypt it. The kinds are the folders
// of restic's repository format (doc/design.rst, "Repository Layout"), so that what
// is written through any Store can be opened by restic in the same place.
//
// Every Store keeps the promises of the interface below and is held to them by
// engine/storage/storagetest. Retrying, encryption, caching and the order in which
// files depend on one another belong to the packages above.
package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"
)

// Kind is a name space of a repository. Its value is the folder's name on disk.
type Kind string

const (
	Config    Kind = "config" // one file, whose name is ""
	Keys      Kind = "keys"
	Locks     Kind = "locks"
	Snapshots Kind = "snapshots"
	Index     Kind = "index"
	Packs     Kind = "data"
)

// Kinds lists all of them.
func Kinds() []Kind { return []Kind{Config, Keys, Locks, Snapshots, Index, Packs} }

// Info is what a store knows about a file without reading it.
type Info struct {
	Name    string
	Size    int64 // bytes
	ModTime time.Time
}

// Store keeps repository files. All methods are safe for use by several goroutines
// and end early when their context does. An error either wraps one of the sentinels
// below, or is the context's, or is one that a person can do nothing about.
type Store interface {
	// Put writes a file under a name that is not taken: complete and durable when
	// it returns nil, invisible to List, Stat and Get under that name otherwise,
	// unless the failure hit after the file had its name, in which case it is
	// there complete. A taken name is ErrExists and its file is untouched; files
	// are never overwritten. A failed flush to the disk is final: Put does not try
	// again behind the caller's back. The store does not keep data.
	Put(ctx context.Context, k Kind, name string, data []byte) error
	// Get reads length bytes from offset on, or everything from offset on when
	// length is negative. The bytes are appended to buf[:0], which may be
	// reallocated. A file that ends earlier is io.ErrUnexpectedEOF, with no bytes.
	Get(ctx context.Context, k Kind, name string, offset, length int64, buf []byte) ([]byte, error)
	// Stat tells about one file, or ErrNotFound.
	Stat(ctx context.Context, k Kind, name string) (Info, error)
	// List calls fn for each file of a kind, in no order, and stops at its first
	// error, which it returns. Temporary and foreign files are left out. Files
	// that are put or removed meanwhile may be seen or not. fn may use the store.
	List(ctx context.Context, k Kind, fn func(Info) error) error
	// Remove takes a file away. ErrNotFound when there is none.
	Remove(ctx context.Context, k Kind, name string) error
	// Free is the number of bytes that can still be written, -1 when unknown.
	Free(ctx context.Context) (int64, error)
	// Location says for a person where this is. It never holds a secret.
	Location() string
	// Close lets go of connections. Calling it twice does no harm; using the
	// store afterwards is an error.
	Close() error
}

// What can be wrong with a place, sorted by what a person can do about it.
var (
	ErrNotFound    = errors.New("no such file in the store")
	ErrExists      = errors.New("the file is in the store already")
	ErrFull        = errors.New("no space left in the store")
	ErrReadOnly    = errors.New("the store is read-only")
	ErrUnreachable = errors.New("the store cannot be reached")
	ErrDenied      = errors.New("no permission for the store")
)

// ErrName is a name that no repository file can have. It is a fault of the caller,
// or of somebody who tries to reach outside the store.
var ErrName = errors.New("not the name of a repository file")

// CheckName holds a name against the kind: "" for Config, otherwise 64 lower-case
// hexadecimal digits, as the format fixes. It is what keeps a path like "../x" from
// ever reaching a file system or a URL.
func CheckName(k Kind, name string) error {
	switch k {
	case Config:
		if name == "" {
			return nil
		}
	case Keys, Locks, Snapshots, Index, Packs:
		if isID(name) {
			return nil
		}
	}
	return fmt.Errorf("%w: %q in %q", ErrName, name, string(k))
}

// ValidName says whether CheckName would accept it; List uses it to leave out files
// that are not the repository's.
func ValidName(k Kind, name string) bool { return CheckName(k, name) == nil }

func isID(name string) bool {
	if len(name) != 64 {
		return false
	}
	for i := range len(name) {
		c := name[i]
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// Range turns the offset and length of a Get into a number of bytes to read from a
// file of the given size.
func Range(size, offset, length int64) (int64, error) {
	switch {
	case offset < 0:
		return 0, fmt.Errorf("reading from a negative offset, %d", offset)
	case offset > size, length > size-offset:
		return 0, fmt.Errorf("%d bytes at %d of a file of %d: %w", length, offset, size, io.ErrUnexpectedEOF)
	case length < 0:
		return size - offset, nil
	}
	return length, nil
}
