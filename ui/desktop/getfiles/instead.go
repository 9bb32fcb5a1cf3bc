package getfiles

import (
	"time"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// notice stands in place of the rows when there are none to show.
type notice struct {
	key    string // tells one notice from another; "" is none
	icon   string
	title  string
	words  string
	action string
}

// What a notice offers to do.
const (
	tryAgain       = "Try again"
	backToToday    = "Back to today"
	withDeleted    = "Include deleted files"
	withHidden     = "Show hidden files"
	wholeComputer  = "Show all of this computer"
	everyComputers = "Look for computers again"
)

// insteadOf says what to show in place of the rows, if anything.
func (s *State) insteadOf() notice {
	n := s.noticeNow()
	if n.title != "" {
		n.key = n.title + "\n" + n.words + "\n" + n.action
	}
	return n
}

func (s *State) noticeNow() notice {
	switch {
	case s.Computer == "" && s.Err != nil:
		return notice{icon: "circle-x", title: "The backup cannot be read", words: look.Sentence(s.Err), action: everyComputers}
	case !s.Known:
		return notice{}
	case s.never():
		return notice{icon: "history", title: "Nothing is backed up yet",
			words: "When the first backup of this computer has stored something, it shows here and can be brought back."}
	case s.Waiting && s.Search != "":
		return notice{icon: "search", title: "Searching…", words: "Every name at every time is looked at."}
	case s.Waiting:
		return notice{icon: "folder-open", title: "Opening…", words: "This takes longer than it should. Nothing is wrong with the backup."}
	case !s.Loaded || len(s.Items) > 0 && s.Err == nil:
		return notice{}
	case s.Err != nil:
		return s.failed()
	case s.Search != "":
		return s.nothingFound()
	}
	return s.emptyFolder()
}

func (s *State) failed() notice {
	if engine.KindOf(s.Err) == engine.KindNotFound && !s.At.IsZero() {
		return notice{icon: "calendar", title: "Not there at that time",
			words: "This folder was not in the backup as of " + asOf(s.At, s.Now) + ".", action: backToToday}
	}
	if engine.KindOf(s.Err) == engine.KindNotFound {
		return notice{icon: "folder", title: "Not in the backup",
			words: "Nothing of this folder is backed up. Manage Files says why.", action: wholeComputer}
	}
	return notice{icon: "circle-x", title: "This cannot be shown", words: look.Sentence(s.Err), action: tryAgain}
}

func (s *State) nothingFound() notice {
	n := notice{icon: "search", title: "Nothing found",
		words: "No file or folder on " + shown(s.computer().Name) + " has “" + shown(s.Search) + "” in its name."}
	switch {
	case !s.At.IsZero():
		n.words = "As of " + asOf(s.At, s.Now) + ", no name has “" + shown(s.Search) + "” in it."
		n.action = backToToday
	case !s.Deleted:
		n.action = withDeleted
	case !s.Hidden:
		n.action = withHidden
	}
	return n
}

func (s *State) emptyFolder() notice {
	n := notice{icon: "folder-open", title: "This folder is empty"}
	switch {
	case !s.At.IsZero():
		n.words = "It held nothing as of " + asOf(s.At, s.Now) + "."
		n.action = backToToday
	case !s.Deleted:
		n.words = "Deleted files are not shown."
		n.action = withDeleted
	case !s.Hidden:
		n.words = "Hidden files are not shown."
		n.action = withHidden
	default:
		n.words = "The backup holds nothing of it, now or at any time."
	}
	return n
}

// remedy does what a notice offers.
func (s *Screen) remedy(action string) {
	switch action {
	case backToToday:
		s.setAt(time.Time{})
	case withDeleted:
		s.setDeleted(true)
	case withHidden:
		s.setHidden(true)
	case wholeComputer:
		s.open(top, "")
	case everyComputers:
		s.loadComputers()
	default:
		s.again()
	}
}
