package engine

import "time"

// FileKind is the kind of a stored entry.
type FileKind string

const (
	KindFile    FileKind = "file"
	KindFolder  FileKind = "folder"
	KindSymlink FileKind = "symlink"
	KindSpecial FileKind = "special" // FIFO, socket, device
)

// Item is one row of Get Files.
type Item struct {
	Path     string
	Name     string
	Kind     FileKind
	Size     int64
	ModTime  time.Time
	Deleted  time.Time // when it was found gone; zero while it exists at that moment
	Unchosen bool      // of a deleted one: it went because it is not backed up any more
	Hidden   bool
	Versions int       // how many there are; 0 when not counted
	Since    time.Time // capture that first stored the version shown
}

// ListRequest asks for a folder.
type ListRequest struct {
	Computer string    // id; "" is this computer
	Path     string    // "" or "/" is the top
	At       time.Time // zero: now
	Deleted  bool      // include deleted files
	Hidden   bool      // include hidden files
	Sizes    bool      // count what folders hold, as their Size; takes longer
}

// FindRequest searches names.
type FindRequest struct {
	Computer string
	Text     string
	At       time.Time // zero: at all times
	Deleted  bool
	Hidden   bool
	Limit    int // 0: 200
}

// Version is one line of the clock.
type Version struct {
	ID       string    // opaque; for Ref
	Captured time.Time // first capture that holds it
	ModTime  time.Time
	Size     int64
	Computer string // name
	Current  bool   // is what the last backup holds
}

// Ref points at a file or folder in the backup.
type Ref struct {
	Computer string // id; "" is this computer
	Path     string
	At       time.Time // as of; zero: now, or the last version of a deleted one
	Version  string    // from Version.ID; beats At
}

// Preview is the beginning of a version.
type Preview struct {
	Data      []byte
	Size      int64 // of the whole file
	Truncated bool
	MediaType string // RFC 2046, sniffed
}
