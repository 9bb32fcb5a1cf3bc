package engine

import "time"

// Amount is a count of files and their bytes.
type Amount struct {
	Files int64
	Bytes int64
}

// PlaceState says what lies at an address.
type PlaceState string

const (
	PlaceEmpty      PlaceState = "empty"      // can be made a destination
	PlaceMissing    PlaceState = "missing"    // does not exist; its parent does and it would be made
	PlaceRepository PlaceState = "repository" // a backup: opened with a secret
	PlaceOther      PlaceState = "other"      // has other things in it
	PlaceUnusable   PlaceState = "unusable"   // cannot be read or written; Message says why
)

// Place is what Inspect found.
type Place struct {
	Address  string
	State    PlaceState
	Free     int64  // bytes left there; -1 when unknown
	Inside   bool   // lies inside the home folder: it would be left out of the backup
	SameDisk bool   // on the disk of the home folder: does not survive the loss of that disk
	Message  string // a sentence for a person
}

// ConnectRequest makes or opens a destination.
type ConnectRequest struct {
	Address    string
	Secret     string // opens an existing one: password, passphrase or recovery code
	Passphrase string // when making: a passphrase of the person's own, may be empty
	Computer   string // name of this computer; empty: the host name
}

// Connected is the outcome of Connect.
type Connected struct {
	Made         bool
	RecoveryCode string // only when made, shown this once
	KeyNote      string // a sentence when the key does not lie in the OS keychain
	Computers    []Computer
}

// Destination is where the files are kept.
type Destination struct {
	Address   string
	ID        string // of the repository, hexadecimal
	Reachable bool
	Free      int64 // bytes, -1 when unknown
	Stored    int64 // bytes that lie there
	Message   string
	KeyNote   string // what it means when the key does not lie in the OS keychain; "" when it does
}

// Computer is one computer that backs up to the destination.
type Computer struct {
	ID         string
	Name       string
	This       bool
	LastBackup time.Time
	Stored     Amount // files and bytes as of its last backup
	Home       string // its home folder, "" when unknown
}

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
	Days        []Day     // stored per day, the last fourteen, oldest first
}

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

// Selection is what is backed up: the person's choices on paths, and exclusions.
// engine/selection decides with it.
type Selection struct {
	Choices    []Choice
	Exclusions []Exclusion
}

// Choice is a check (Include) or its absence on one path; the longest matching
// path decides. Include with NewItems false takes what is chosen below it only.
type Choice struct {
	Path     string
	Include  bool
	NewItems bool // things that appear directly inside later join by themselves
}

// ExclusionKind is how an exclusion matches.
type ExclusionKind string

const (
	ExcludePreset    ExclusionKind = "preset"    // Pattern is the name of a preset
	ExcludeExtension ExclusionKind = "extension" // Pattern as in "iso", without case
	ExcludeWildcard  ExclusionKind = "wildcard"  // *, ?, [a-z], **; on the name, or on the path when it has a slash
	ExcludeRegexp    ExclusionKind = "regexp"    // RE2 on the whole path
)

// Exclusion leaves out what it matches. It beats inclusion.
type Exclusion struct {
	Kind    ExclusionKind
	Pattern string
	Off     bool // kept but not in force
}

// Mark is a check box.
type Mark int

const (
	MarkEmpty Mark = iota
	MarkDash
	MarkCheck
)

// RowKind is what a row of Manage Files stands for.
type RowKind string

const (
	RowDrive  RowKind = "drive"
	RowHome   RowKind = "home"
	RowFolder RowKind = "folder"
	RowFile   RowKind = "file"
	RowLink   RowKind = "link"
	RowOther  RowKind = "other"
)

// SelectRow is one row of Manage Files.
type SelectRow struct {
	Path     string
	Name     string
	Kind     RowKind
	Mark     Mark
	NewItems bool   // of a dash: new items join
	State    string // "Protected", "Waiting", "Not backed up", "Partly", "Excluded: caches", "Skipped: …", "Absent since …"
	Tone     Tone   // the colour of State
	Size     int64  // bytes on disk; -1 for a folder not counted yet
	Parent   bool   // can be opened
}

// Tone is the meaning of a colour; it always stands beside a word.
type Tone string

const (
	ToneQuiet Tone = "quiet"
	ToneOK    Tone = "ok"
	ToneBusy  Tone = "busy"
	ToneWarn  Tone = "warn"
	ToneBad   Tone = "bad"
)

// Estimate is the live line of Manage Files.
type Estimate struct {
	Selected  Amount
	NotStored Amount
	Complete  bool // false while still counting
}

// Reason is why a path is or is not backed up.
type Reason struct {
	Included  bool
	Rule      string     // the one rule that decides, as a sentence
	Exclusion *Exclusion // set when an exclusion decides
	Choice    *Choice    // set when a choice decides
	State     string     // what the backup has of it
	Last      time.Time  // last version stored
}

// ExclusionPreview is what an exclusion would leave out.
type ExclusionPreview struct {
	Matched  Amount
	Examples []string // paths, at most 100
	Complete bool
}

// Removal is a "Remove from backup…" that can still be undone.
type Removal struct {
	ID     int64
	Path   string
	Time   time.Time
	Final  time.Time // until then it can be undone
	Amount Amount
}

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

// SaveTo is where restored files go.
type SaveTo string

const (
	ToDownloads SaveTo = "downloads"
	ToDesktop   SaveTo = "desktop"
	ToOriginal  SaveTo = "original"
	ToFolder    SaveTo = "folder"
)

// Existing is what to do with a file that is there already.
type Existing string

const (
	ExistingRename    Existing = "rename" // the present one is renamed, the restored one takes the name
	ExistingOverwrite Existing = "overwrite"
	ExistingSkip      Existing = "skip" // skip if identical, else ask
	ExistingKeep      Existing = "keep" // as an answer: leave the present one
)

// Permissions of restored files.
type Permissions string

const (
	PermissionsMine     Permissions = "mine"     // owner is who restores, default modes kept where harmless
	PermissionsOriginal Permissions = "original" // owner, mode, extended attributes, ACLs
)

// GetRequest is the Get Files options dialog.
type GetRequest struct {
	Refs        []Ref
	To          SaveTo
	Folder      string // with ToFolder
	Contents    bool   // put the contents of a single folder under the target, not the folder itself
	Exists      Existing
	Permissions Permissions
}

// Plan is what a GetRequest would do.
type Plan struct {
	Amount  Amount
	Target  string // absolute path that results
	Present int    // how many of them exist there already
	Example string // "chapter-3.docx comes back; yours becomes …", "" when none exists
}

// JobState of a restore.
type JobState string

const (
	JobWaiting   JobState = "waiting"
	JobRunning   JobState = "running"
	JobPaused    JobState = "paused"
	JobAsking    JobState = "asking" // some files wait for an answer
	JobDone      JobState = "done"   // ended; look at Failed before saying so
	JobCancelled JobState = "cancelled"
	JobFailed    JobState = "failed" // could not go on; Message says why
)

// Ended says that nothing more will happen.
func (s JobState) Ended() bool { return s == JobDone || s == JobCancelled || s == JobFailed }

// Job is one restore in Downloads.
type Job struct {
	ID       int64
	Title    string // "thesis and 3 more"
	Computer string
	Target   string
	State    JobState
	Message  string
	Total    Amount
	Done     Amount // restored and verified
	Failed   int64
	Skipped  int64
	Asking   int64
	Speed    int64         // bytes per second
	Left     time.Duration // negative: unknown
	Current  string
	Created  time.Time
	Ended    time.Time
}

// ItemState of one file of a restore.
type ItemState string

const (
	ItemRestored ItemState = "restored" // and verified
	ItemFailed   ItemState = "failed"
	ItemSkipped  ItemState = "skipped" // identical, or left as answered
	ItemAsking   ItemState = "asking"
	ItemWaiting  ItemState = "waiting"
)

// JobItem is one line of the result list.
type JobItem struct {
	Path    string // in the backup
	Target  string // on this computer
	State   ItemState
	Reason  string // sentence
	Renamed string // what the file that was there is called now
	Size    int64
}

// MaintainResult is what maintenance did.
type MaintainResult struct {
	Forgotten int   // captures thinned away
	Freed     int64 // bytes
	Packs     int   // small packs put together
}

// CheckResult is what a check found.
type CheckResult struct {
	Packs   int64
	Blobs   int64
	Read    int64    // bytes of data read
	Errors  []string // sentences
	Damaged []string // files (paths) that are affected
	Healed  int64    // blobs stored again from the files on this computer
}

// Proof is the outcome of a restore drill.
type Proof struct {
	Time   time.Time
	Amount Amount
	Took   time.Duration
	Failed []string // sentences; empty is a proof
}

// KeyKind is what a key is for.
type KeyKind string

const (
	KeyComputer   KeyKind = "computer"
	KeyPassphrase KeyKind = "passphrase"
	KeyRecovery   KeyKind = "recovery code"
	KeyOther      KeyKind = "other" // made by another program
)

// Key is one way to open the destination.
type Key struct {
	ID       string
	Kind     KeyKind
	Computer string
	Created  time.Time
	Current  bool // the one this computer uses
}

// Settings are the choices of Settings.
type Settings struct {
	Computer   string // name
	Language   string
	Appearance string // "system", "light", "dark"
	AtLogin    bool
	Tray       bool
	Usage      Usage
	Schedule   Schedule
	Network    Network
	Retention  Retention
}

// Usage bounds what the program takes of the computer.
type Usage struct {
	Present      int // percent of the processor while somebody is there
	Away         int
	OnBattery    bool // back up on battery
	BatteryFloor int  // percent; below it wait for power
}

// Schedule says when captures start.
type Schedule struct {
	Every time.Duration // between captures, at least a minute
	Hours []HourSpan    // empty: always
}

// HourSpan is a span of a week in which captures may run.
type HourSpan struct {
	Days     []time.Weekday
	From, To int // minutes of the day
}

// Network bounds the traffic to a destination over a network. Bytes per second, 0: no limit.
type Network struct {
	UpPresent, UpAway     int64
	DownPresent, DownAway int64
	Metered               bool // use metered networks
}

// Retention says how long versions stay.
type Retention struct {
	All     time.Duration // every capture
	Daily   time.Duration // then one a day until this age
	Weekly  time.Duration // then one a week until this age
	Monthly time.Duration // then one a month until this age; 0: for ever
	Deleted time.Duration // the last version of a deleted file stays this long beyond
}

// RetentionPreview is what a policy keeps of what there is.
type RetentionPreview struct {
	Captures int // there are
	Kept     int // would stay
	Sentence string
}

// EventQuery asks for a part of the history.
type EventQuery struct {
	Text   string
	Before time.Time // zero: newest
	Limit  int       // 0: 200
}

// Event is a line of the history.
type Event struct {
	ID   int64
	Time time.Time
	Tone Tone
	Kind string // "backup", "restore", "settings", "problem", "check", "key"
	Text string // sentence
}

// DefaultSettings are PRODUCT's defaults.
func DefaultSettings() Settings {
	const day = 24 * time.Hour
	return Settings{
		Appearance: "system",
		AtLogin:    true,
		Tray:       true,
		Usage:      Usage{Present: 50, Away: 90, OnBattery: true, BatteryFloor: 20},
		Schedule:   Schedule{Every: 15 * time.Minute},
		Retention:  Retention{All: 7 * day, Daily: 90 * day, Weekly: 365 * day, Deleted: 90 * day},
	}
}
