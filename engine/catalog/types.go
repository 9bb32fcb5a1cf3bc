package catalog

import (
	"time"

	"holdfast/engine/repo"
)

// Device is a computer that backs up to the destination, or a host as which another
// program did ("host:" + its name). Name, This and Home are the caller's to set; the
// rest is kept by Commit and Sync.
type Device struct {
	ID           string
	Name         string
	This         bool
	Home         string
	LastSnapshot repo.ID   // zero: none
	LastTime     time.Time // of LastSnapshot
	Files        int64     // present now, folders not counted
	Bytes        int64     // of regular files present now
}

// EntryID is the number of a path of a device. It stays the same until the device is
// read anew from the repository.
type EntryID int64

// Kind is the kind of an entry.
type Kind uint8

const (
	File Kind = iota
	Dir
	Symlink
	Special // FIFO, socket, device
)

// Entry is a path as of a moment.
type Entry struct {
	ID         EntryID
	Parent     EntryID // 0 for the top
	Device     string
	Name       string // any bytes; "" for the top
	Kind       Kind
	Mode       uint32 // os.FileMode bits
	Size       int64  // bytes
	ModTime    int64  // unix nanoseconds
	ChangeTime int64  // unix nanoseconds; of the present version only
	Inode      uint64 // of the present version only
	Content    []repo.ID
	Subtree    repo.ID // of a present folder: its tree; zero when not known
	Since      int64   // time of the first snapshot that holds this version
	Gone       int64   // time of the first snapshot without it; 0: it is present
}

// Snapshot is a state of a device that the repository holds.
type Snapshot struct {
	ID      repo.ID
	Device  string
	Time    time.Time
	Tree    repo.ID
	Partial bool // not everything that was to be captured is in it
}

// Version is one version of a path.
type Version struct {
	Since    time.Time // first snapshot that held it
	Until    time.Time // first snapshot that did not; zero: it is present
	Kind     Kind
	Mode     uint32
	Size     int64
	ModTime  time.Time
	Current  bool
	Snapshot repo.ID // one that holds it
}

func timeOf(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns)
}

func nanos(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixNano()
}
