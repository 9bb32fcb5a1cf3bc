package engine

import "time"

// State is the state of this computer's backup. Each has a word and a picture.
type State string

const (
	StateSetup     State = "Setup is incomplete"
	StateBackingUp State = "Backing up"
	StateProtected State = "Protected"
	StatePaused    State = "Paused"
	StateAttention State = "Needs attention"
)

// Status is what Home and the tray show.
type Status struct {
	Computer    Computer
	State       State
	Reason      string // one sentence: why this state, and the next step
	Destination Destination
	Progress    Progress
	LastBackup  time.Time // zero: never
	NextBackup  time.Time // zero: not planned
	PausedUntil time.Time // zero while not paused or paused until resumed
	Proven      Proof     // zero Time: never
	Protected   Amount    // what the last backup holds
	Problems    int       // files that could not be read
	SignIn      bool      // backing up waits until the person signs in again
	Certificate bool      // backing up waits until the person accepts the server's new certificate
	Due         Due       // what waits to be freed
	Days        []Day     // stored per day, the last fourteen, oldest first
}

// Due is what has waited for long in an account, where nothing is deleted without its
// person (Keep.Maintain). It is zero where there is little of it, or for a folder.
type Due struct {
	Versions int       // captures that need not stay
	Removals int       // paths removed from the backup, long beyond their undo
	Since    time.Time // nothing was freed since
}

// Any says that there is something.
func (d Due) Any() bool { return d.Versions+d.Removals > 0 }

// Progress of the running capture. Two figures: checking and uploading.
type Progress struct {
	Active       bool
	First        bool          // the first backup of this computer
	Checked      int64         // files looked at
	CheckTotal   int64         // files to look at, as far as known
	Counting     bool          // CheckTotal still grows
	NewBytes     int64         // bytes known to be new
	Uploaded     int64         // of those, bytes that are stored
	StoredBefore int64         // bytes that were stored already
	Speed        int64         // bytes of files per second, lately
	Limit        string        // what limits it: "disk", "processor", "network", "your limit", ""
	Left         time.Duration // only from bytes known to be new; negative: still counting
	Current      string        // path being read
}

// Fraction is the share that is stored, 0 to 1.
func (p Progress) Fraction() float64 {
	all := p.StoredBefore + p.NewBytes
	if all <= 0 {
		return 0
	}
	return min(1, float64(p.StoredBefore+p.Uploaded)/float64(all))
}

// Day is what one day stored.
type Day struct {
	Date  time.Time
	Files int64
	Bytes int64
}

// CaptureResult is what one capture did.
type CaptureResult struct {
	Snapshot  string // id; "" when nothing had changed
	Time      time.Time
	New       int64 // files
	Changed   int64
	Deleted   int64
	Unchanged int64
	Read      int64 // bytes read from new and changed files
	Stored    int64 // bytes added to the destination
	Skipped   []Problem
}

// ProblemKind sorts what could not be read.
type ProblemKind string

const (
	ProblemUnreadable ProblemKind = "unreadable" // permission or input/output error
	ProblemLocked     ProblemKind = "locked"     // in use
	ProblemVanished   ProblemKind = "vanished"   // went away while being read
	ProblemVolatile   ProblemKind = "volatile"   // kept changing while being read; taken as it was
	ProblemCloud      ProblemKind = "cloud"      // only in the cloud; not downloaded
	ProblemAbsent     ProblemKind = "absent"     // a drive or folder that is not there now
	ProblemSpecial    ProblemKind = "special"    // cannot be stored
)

// Counts says whether the problem keeps the state from being Protected.
func (k ProblemKind) Counts() bool { return k == ProblemUnreadable || k == ProblemAbsent }

// Problem is one path that could not be stored as it is.
type Problem struct {
	Path   string
	Kind   ProblemKind
	Reason string // sentence
	Advice string // sentence: what to do
	Since  time.Time
}

// Details is what the Details screen shows.
type Details struct {
	ToDo     Amount
	Stored   int64 // bytes at the destination
	Original int64 // bytes of all kept versions before deduplication and compression
	Unique   int64 // bytes after deduplication, before compression
	Versions int64 // captures kept
	Days     []Day // the last 60, oldest first
	Space    []SpaceItem
}

// SpaceItem is one rectangle of the picture of what takes the space.
type SpaceItem struct {
	Path  string
	Bytes int64
	Files int64
}
