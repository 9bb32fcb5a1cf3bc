// Package engine names everything that Holdfast can do, and does none of it.
//
// It holds the nouns (Computer, Selection, Item, Version, Status, Job, Event and
// the one Error that crosses this edge) and the Engine interface, which is the
// union of small interfaces, each of them what one screen needs. Values go in and
// plain values come out, so that a screen is tested with a fake of a few lines and
// engine/control carries the same calls over a socket as JSON.
//
// engine/agent implements Engine on the packages that do the work; ui/desktop and
// app/holdfast see this package only.
package engine

import (
	"context"
	"time"
)

// Engine is the running backup of one computer. All methods are safe for use by
// several goroutines, may block on disk or network and end early when their
// context does. Errors are *Error where a person has to be told something.
type Engine interface {
	Setup
	Account
	Replace
	Capture
	Select
	Browse
	Restore
	Keep
	Trust
	Keys
	Preferences
	Watch
}

// Setup connects this computer with the place where its files are kept.
type Setup interface {
	// Inspect says what lies at an address before anything is written there.
	Inspect(ctx context.Context, address string) (Place, error)
	// Connect makes a destination in an empty place, or opens the one that is
	// there. It is idempotent for the destination that is connected already.
	Connect(ctx context.Context, request ConnectRequest) (Connected, error)
	// Disconnect forgets the destination and its key on this computer. What is
	// stored there stays. In an account it signs this computer out.
	Disconnect(ctx context.Context) (Disconnected, error)
}

// Capture makes versions of the selected files.
type Capture interface {
	// Status is the truth of now, at most a second old.
	Status(ctx context.Context) (Status, error)
	// BackUp captures the selection, or only the given absolute paths, and
	// returns when the capture is committed. A second call while one runs waits
	// for the running one and then captures what changed since.
	BackUp(ctx context.Context, paths []string) (CaptureResult, error)
	// Pause stops capturing until a moment; the zero time means until Resume.
	Pause(ctx context.Context, until time.Time) error
	Resume(ctx context.Context) error
	// Problems lists what could not be read at the last look, newest first.
	Problems(ctx context.Context) ([]Problem, error)
	// Retry looks at one path again soon; an empty path means every problem.
	Retry(ctx context.Context, path string) error
	// Details is what the Details screen shows.
	Details(ctx context.Context) (Details, error)
}

// Select decides what is backed up. Every method takes the selection as a draft,
// so that Manage Files can show a change before it is saved.
type Select interface {
	Selection(ctx context.Context) (Selection, error)
	SaveSelection(ctx context.Context, selection Selection) error
	// Roots are the drives and the home folder, as first rows of the tree.
	Roots(ctx context.Context, draft Selection) ([]SelectRow, error)
	// Children are the rows below a folder, folders first, sorted by name.
	Children(ctx context.Context, draft Selection, path string) ([]SelectRow, error)
	// FolderSize counts a folder on disk; it may take long and is cached.
	FolderSize(ctx context.Context, path string) (Amount, error)
	// Estimate counts what the draft selects and what of it is not stored yet.
	Estimate(ctx context.Context, draft Selection) (Estimate, error)
	// Why names the one rule that decides about a path.
	Why(ctx context.Context, draft Selection, path string) (Reason, error)
	// PreviewExclusion counts what one exclusion would leave out of the draft.
	PreviewExclusion(ctx context.Context, draft Selection, exclusion Exclusion) (ExclusionPreview, error)
	// RemoveFromBackup hides every version of a path at once; they are deleted
	// after 30 days unless UndoRemove is called.
	RemoveFromBackup(ctx context.Context, path string) (Removal, error)
	UndoRemove(ctx context.Context, id int64) error
	// RemoveAlso names the computers that this one has the place of and that had the path
	// too: their versions of it are removed with its own.
	RemoveAlso(ctx context.Context, path string) ([]string, error)
	Removals(ctx context.Context) ([]Removal, error)
}

// Browse answers from the local catalog, in milliseconds and without waiting for
// a running capture. Paths are absolute paths of the computer they come from.
type Browse interface {
	// Computers lists all computers of the destination, this one first.
	Computers(ctx context.Context) ([]Computer, error)
	// List is the content of a folder as of a moment.
	List(ctx context.Context, request ListRequest) ([]Item, error)
	// Find searches all names at all times, best matches first.
	Find(ctx context.Context, request FindRequest) ([]Item, error)
	// Versions are all versions of one path, the newest first.
	Versions(ctx context.Context, computer, path string) ([]Version, error)
	// Moments are the times of the captures of a computer, the newest first.
	Moments(ctx context.Context, computer string) ([]time.Time, error)
	// Preview reads the first bytes of one version.
	Preview(ctx context.Context, ref Ref, limit int64) (Preview, error)
}

// Restore brings files back. Jobs are durable: they go on after a restart.
type Restore interface {
	// PlanGet counts what would be restored and says where it would lie.
	PlanGet(ctx context.Context, request GetRequest) (Plan, error)
	// Get queues a restore and returns its job number at once.
	Get(ctx context.Context, request GetRequest) (int64, error)
	// WaitJob returns when a job has ended, is paused or asks something.
	WaitJob(ctx context.Context, id int64) (Job, error)
	// Jobs lists restores, the newest first.
	Jobs(ctx context.Context) ([]Job, error)
	PauseJob(ctx context.Context, id int64) error
	ResumeJob(ctx context.Context, id int64) error
	CancelJob(ctx context.Context, id int64) error
	// ForgetJob takes an ended job off the list.
	ForgetJob(ctx context.Context, id int64) error
	// JobItems lists the files of a job that failed, were skipped, were renamed
	// or wait for an answer, at most 10,000 of them. What was simply restored is
	// counted by the job and not listed.
	JobItems(ctx context.Context, id int64) ([]JobItem, error)
	// Answer decides about one file that waits, or all of them with path "".
	Answer(ctx context.Context, id int64, path string, choice Existing) error
}

// Keep is the care of old versions.
type Keep interface {
	// Maintain thins versions by the settings, carries out the removals whose time to
	// undo is over, frees space and tidies up. In an account it needs a sign-in of the
	// last minutes (Account.SignIn); without one the answer is KindFresh and nothing was
	// changed. What goes there can be brought back by the institution for 30 days.
	Maintain(ctx context.Context) (MaintainResult, error)
}

// Trust shows that what is stored can be restored.
type Trust interface {
	// Check reads the structure, and percent (0 to 100) of all data as well. What is
	// damaged is mended; in an account that needs a sign-in of the last minutes, without
	// which the answer is KindFresh.
	Check(ctx context.Context, percent float64) (CheckResult, error)
	// Drill restores random files from the destination alone and compares.
	Drill(ctx context.Context) (Proof, error)
}

// Keys are the ways to open the destination. Those of an account change only after a
// sign-in of the last minutes (Account.SignIn); without one the answer is KindFresh and
// nothing was changed.
type Keys interface {
	KeyList(ctx context.Context) ([]Key, error)
	// NewRecoveryCode makes a code, shown this once, in place of the old one.
	NewRecoveryCode(ctx context.Context) (string, error)
	// SetPassphrase replaces the passphrase; an empty one takes it away.
	SetPassphrase(ctx context.Context, passphrase string) error
	RevokeKey(ctx context.Context, id string) error
}

// Preferences are the settings and the history.
type Preferences interface {
	Settings(ctx context.Context) (Settings, error)
	SaveSettings(ctx context.Context, settings Settings) error
	// PreviewRetention says, for a policy, how many versions would stay.
	PreviewRetention(ctx context.Context, retention Retention) (RetentionPreview, error)
	// Events is the history, the newest first.
	Events(ctx context.Context, query EventQuery) ([]Event, error)
}

// Watch tells when something is worth reading again.
type Watch interface {
	// Watch sends topics until the context ends, then closes the channel. Topics
	// that come faster than they are read are merged, never lost.
	Watch(ctx context.Context) (<-chan Topic, error)
}

// Topic is what a notice is about; the reader asks again for the thing itself.
type Topic string

const (
	TopicStatus    Topic = "status"    // Status or Details changed
	TopicFiles     Topic = "files"     // a capture was committed: List and Versions may differ
	TopicJobs      Topic = "jobs"      // a restore moved
	TopicSelection Topic = "selection" // the saved selection changed
	TopicSettings  Topic = "settings"
	TopicEvents    Topic = "events"
)
