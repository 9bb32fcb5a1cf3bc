package engine

import "time"

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
	Folder      string     // with ToFolder
	Moved       []PathMove // with ToOriginal: folders that lie elsewhere on this computer; what lies above one cannot be chosen
	Contents    bool       // put the contents of a single folder under the target, not the folder itself
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
