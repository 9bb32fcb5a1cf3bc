package engine

import "context"

// Replace puts this computer in the place of another one of its account, step by
// step, while it is backed up itself: begin, get files as with Restore, decide what
// is taken over, finish. How far it is outlives the program. Until FinishReplace
// nothing changes on the old computer and nothing in the settings of this one.
type Replace interface {
	// Replacement is how far it is; Old has no ID while none is under way.
	Replacement(ctx context.Context) (Replacement, error)
	// BeginReplace chooses the old computer, or another one than before. A computer
	// that is not in the account yet begins with Join, by JoinRequest.Begin.
	BeginReplace(ctx context.Context, computer string) (Replacement, error)
	// SaveReplace keeps Step, Jobs and Take of the one under way, if it is the same.
	SaveReplace(ctx context.Context, r Replacement) error
	// OldSettings are the settings of the old computer, as it kept them last.
	OldSettings(ctx context.Context) (OldSettings, error)
	// FinishReplace takes the old computer's seat, history and identity, and what
	// Take says of its settings. The old computer is named once more, because another
	// one may have been chosen elsewhere meanwhile. It needs a sign-in of the last
	// minutes (Account.SignIn); without one the answer is KindFresh. After any error it
	// can be called again and goes on.
	FinishReplace(ctx context.Context, computer string) error
	// CancelReplace leaves everything as it was before it began: who was not in the
	// account is disconnected. Files that were got back stay.
	CancelReplace(ctx context.Context) error
}

// ReplaceStep is what comes next, once the old computer is chosen.
type ReplaceStep string

const (
	ReplaceFiles    ReplaceStep = "files"
	ReplaceSettings ReplaceStep = "settings"
	ReplaceFinish   ReplaceStep = "finish"
)

// Replacement is one that is under way.
type Replacement struct {
	Old    Computer
	Step   ReplaceStep
	Jobs   []int64 // restores of the old computer's files that were asked for
	Take   Take
	Lent   bool // this computer is in the account for this alone
	Moving bool // FinishReplace was begun: there is no way back
}

// Take is what is taken over of the old computer's settings. What belongs to its
// history, how long versions stay, always is.
type Take struct {
	Decided    bool // false: all of it, with the home folder moved
	Selection  bool
	Exclusions bool
	Schedule   bool
	Limits     bool       // of network and processor
	Paths      []PathMove // of Selection; what is not named moves with the home folder
}

// PathMove is a path of the old computer and where it is on this one.
type PathMove struct {
	From string
	To   string // "": it is left out
}

// OldSettings is what can be taken over.
type OldSettings struct {
	Known     bool // false: the old computer kept none
	Home      string
	Settings  Settings
	Selection Selection
	Paths     []PathMove // of Selection, moved with the home folder
}
