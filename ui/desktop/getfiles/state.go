package getfiles

import (
	"time"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// State is all that the screen shows, as plain values: a picture of the screen is
// made from a made-up one.
type State struct {
	Now       time.Time
	Known     bool // the computers were asked for and answered
	Computers []engine.Computer
	Computer  string    // id of the one that is browsed
	At        time.Time // as of; zero: today
	Deleted   bool
	Hidden    bool
	Tree      tree
	Folder    string        // the open folder
	Items     []engine.Item // its content in the order of Order, or what was found
	Order     order
	Search    string // what Items were found by; "" while a folder is open
	Selected  int    // row of Items, -1 for none
	Hovered   int    // row under the pointer, -1 for none
	Waiting   bool   // the answer takes so long that it has to be said
	Loaded    bool   // Items is an answer
	Err       error  // instead of Items
	Chosen    map[string]*picks
	Amount    engine.Amount // of what is chosen
	Counted   bool          // Amount is known
	CountErr  error
}

// newState is a screen that knows nothing yet.
func newState(now time.Time) State {
	return State{Now: now, Deleted: true, Selected: -1, Hovered: -1, Chosen: map[string]*picks{}}
}

// computer is the one that is browsed.
func (s *State) computer() engine.Computer {
	for _, c := range s.Computers {
		if c.ID == s.Computer {
			return c
		}
	}
	return engine.Computer{ID: s.Computer}
}

// home is the cleaned home folder of the computer, "" when it has none.
func (s *State) home() string {
	if h := s.computer().Home; h != "" && clean(h) != top {
		return clean(h)
	}
	return ""
}

// moment is the time that is looked at; zero: today. What a computer was before a
// replacement ends with that.
func (s *State) moment() time.Time {
	if s.At.IsZero() {
		return s.computer().Until
	}
	return s.At
}

// chosen are the picks on this computer.
func (s *State) chosen() *picks {
	p := s.Chosen[s.Computer]
	if p == nil {
		p = newPicks()
		s.Chosen[s.Computer] = p
	}
	return p
}

// folderName is how a folder is called in the tree and in the bread crumbs.
func (s *State) folderName(path string) string {
	path = clean(path)
	switch {
	case path == top:
		if c := s.computer(); !c.This && c.Name != "" {
			return "All of " + shown(c.Name)
		}
		return "All of this computer"
	case path == s.home():
		return "Home of " + shown(base(path))
	}
	return shown(base(path))
}

// roots are the first rows of the tree: the home folder, and the way to the rest.
func (s *State) roots() []treeRow {
	var out []treeRow
	if home := s.home(); home != "" {
		out = append(out, treeRow{path: home, name: s.folderName(home)})
	}
	return append(out, treeRow{path: top, name: s.folderName(top)})
}

// list is the question for a folder's content.
func (s *State) list(path string) engine.ListRequest {
	return engine.ListRequest{Computer: s.Computer, Path: path, At: s.At, Deleted: s.Deleted, Hidden: s.Hidden}
}

// never says that the computer has no backup at all.
func (s *State) never() bool {
	return s.Known && (len(s.Computers) == 0 || s.computer().LastBackup.IsZero())
}

// selected is the item of the selected row.
func (s *State) selected() (engine.Item, bool) {
	if s.Selected < 0 || s.Selected >= len(s.Items) {
		return engine.Item{}, false
	}
	return s.Items[s.Selected], true
}

// indexOf is the row that shows a path, -1 when none does.
func (s *State) indexOf(path string) int {
	for i := range s.Items {
		if s.Items[i].Path == path {
			return i
		}
	}
	return -1
}

// clockable says that a row offers the clock.
func clockable(item engine.Item) bool { return item.Kind == engine.KindFile }

// pickOf is the choice that a row's check box makes. A deleted one keeps the
// moment it is looked at, so that its last version before then comes back.
func (s *State) pickOf(item engine.Item) pick {
	return pick{
		path: item.Path, name: item.Name, folder: item.Kind == engine.KindFolder,
		deleted: !item.Deleted.IsZero(), at: s.At,
	}
}

// foundWords stands above what was found.
func (s *State) foundWords() string {
	where := " on " + shown(s.computer().Name)
	switch n := len(s.Items); {
	case !s.Loaded:
		return "Searching" + where
	case n == 0:
		return "Found" + where
	case n >= foundLimit:
		return "The first " + look.Count(int64(n)) + " found" + where + "; a longer search finds fewer"
	default:
		return look.Count(int64(n)) + " found" + where
	}
}

// summary is the line of the bottom bar: what is chosen in bold words, and the
// rest of it in second words.
func (s *State) summary() (strong, rest string) {
	p := s.chosen()
	if p.len() == 0 {
		return "", "Check the files and folders that you want back."
	}
	strong = look.Count(int64(p.len())) + " chosen"
	switch {
	case s.CountErr != nil:
		rest = " · " + look.Sentence(s.CountErr)
	case s.Counted:
		rest = " · " + look.Files(s.Amount.Files) + ", " + look.Bytes(s.Amount.Bytes)
	default:
		rest = " · counting…"
	}
	if note := p.note(s.Now); note != "" {
		rest += " · " + note
	}
	return strong, rest
}
