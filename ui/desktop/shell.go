// Package desktop is the window: a side bar that leads to the screens, and room
// for the one that is shown.
//
// Its one idea: a screen is a Page, which is told when it is shown and when it is
// not, and knows nothing of the others; where one leads to another, the program
// that wires them passes a function. The window keeps nothing itself. Before a
// destination is connected it shows the first window alone.
//
// Its methods belong to the UI goroutine.
package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"

	"holdfast/ui/desktop/look"
)

// Page is a screen as the window sees it.
type Page interface {
	Content() fyne.CanvasObject
	Show()
	Hide()
}

// Searcher is a page with a search that can be given the keys.
type Searcher interface{ FocusSearch() }

// Lister is a page with a list that takes the arrow keys when nothing else has them.
type Lister interface{ FocusList() }

// Escaper is a page that has something to leave with Esc; false is nothing.
type Escaper interface{ Escape() bool }

// Place is where the side bar leads.
type Place string

const (
	Home        Place = "Home"
	ManageFiles Place = "Manage Files"
	GetFiles    Place = "Get Files"
	Downloads   Place = "Downloads"
	History     Place = "History"
	Settings    Place = "Settings"
	Details     Place = "Details"            // below Home
	Replace     Place = "Replace a computer" // reached from Home and Settings
)

// Leaver is a page that may want to ask before another one takes its place, as
// while changes are not saved. It calls then when it may be left.
type Leaver interface{ Leave(then func()) }

// places are those of the side bar, in the order of Ctrl+1 to Ctrl+6.
var places = []struct {
	place Place
	icon  string
}{
	{Home, "house"}, {ManageFiles, "list-checks"}, {GetFiles, "history"}, {Downloads, "arrow-down-to-line"}, {History, "align-left"}, {Settings, "settings-2"},
}

// Shell is the content of the window.
type Shell struct {
	window fyne.Window
	first  Page
	pages  map[Place]Page

	at      Place // "" before a destination is connected
	shown   Page  // the page that was told that it is shown
	visible bool  // the window is on the screen

	side *side
	room *fyne.Container
	root *fyne.Container
}

// New makes the shell of a window. The first page is shown until Open is called.
func New(window fyne.Window, first Page, pages map[Place]Page) *Shell {
	s := &Shell{window: window, first: first, pages: pages, visible: true}
	s.side = newSide(s.Go)
	s.room = container.NewStack()
	s.root = container.New(&shellLayout{s}, look.NewBox(look.ColorBackground, "", 0), s.side.object, s.room, s.side.tip.Container)
	s.shortcuts()
	s.Close()
	return s
}

// Content is what the window holds.
func (s *Shell) Content() fyne.CanvasObject { return s.root }

// Open shows the side bar and a place, as soon as a destination is connected.
func (s *Shell) Open(at Place) {
	s.side.object.Show()
	s.Go(at)
}

// Close shows the first page alone, as while no destination is connected.
func (s *Shell) Close() {
	s.at = ""
	s.side.object.Hide()
	s.put(s.first)
}

// At is the place that is shown, "" before one is connected.
func (s *Shell) At() Place { return s.at }

// Go shows a place. It does nothing before a destination is connected.
func (s *Shell) Go(to Place) {
	page, ok := s.pages[to]
	if !ok || !s.side.object.Visible() {
		return
	}
	s.Leave(func() {
		s.at = to
		s.side.mark(to)
		s.put(page)
	})
}

// Leave calls then when the page that is shown may be left: at once, or after it
// has asked.
func (s *Shell) Leave(then func()) {
	if page, ok := s.shown.(Leaver); ok {
		page.Leave(then)
		return
	}
	then()
}

// SetFoot says who and where, at the bottom of the side bar.
func (s *Shell) SetFoot(who, where string) { s.side.setFoot(who, where) }

// SetVisible tells the shown page that the window went out of sight or came back,
// so that nothing is read for nobody.
func (s *Shell) SetVisible(visible bool) {
	if visible == s.visible {
		return
	}
	s.visible = visible
	switch {
	case s.shown == nil:
	case visible:
		s.shown.Show()
	default:
		s.shown.Hide()
	}
}

func (s *Shell) put(page Page) {
	if page == nil || page == s.shown {
		return
	}
	if s.shown != nil && s.visible {
		s.shown.Hide()
	}
	s.shown = page
	s.window.Canvas().Unfocus()
	s.room.Objects = []fyne.CanvasObject{page.Content()}
	s.room.Refresh()
	s.root.Refresh()
	s.listenForFind() // a page with a search of its own takes its shortcut away with it
	if s.visible {
		page.Show()
	}
}

func (s *Shell) shortcuts() {
	c := s.window.Canvas()
	keys := []fyne.KeyName{fyne.Key1, fyne.Key2, fyne.Key3, fyne.Key4, fyne.Key5, fyne.Key6}
	for i, p := range places {
		c.AddShortcut(&desktop.CustomShortcut{KeyName: keys[i], Modifier: fyne.KeyModifierShortcutDefault},
			func(fyne.Shortcut) { s.fromKeys(func() { s.Go(p.place) }) })
	}
	c.SetOnTypedKey(func(e *fyne.KeyEvent) {
		switch e.Name {
		case fyne.KeyEscape:
			s.escape()
		case fyne.KeyUp, fyne.KeyDown, fyne.KeyHome, fyne.KeyEnd, fyne.KeyPageUp, fyne.KeyPageDown:
			if page, ok := s.shown.(Lister); ok && c.Overlays().Top() == nil {
				page.FocusList()
			}
		}
	})
}

var findKey = &desktop.CustomShortcut{KeyName: fyne.KeyF, Modifier: fyne.KeyModifierShortcutDefault}

func (s *Shell) listenForFind() {
	s.window.Canvas().AddShortcut(findKey, func(fyne.Shortcut) { s.fromKeys(s.search) })
}

// fromKeys does what a shortcut asks for, unless a dialog is open over the page.
func (s *Shell) fromKeys(do func()) {
	if s.window.Canvas().Overlays().Top() == nil {
		do()
	}
}

// search gives the keys to the search of the page, or of Get Files.
func (s *Shell) search() {
	if page, ok := s.shown.(Searcher); ok {
		page.FocusSearch()
		return
	}
	if s.at == GetFiles {
		return
	}
	s.Go(GetFiles)
	if c, ok := s.window.Canvas().(fyne.Shortcutable); ok && s.at == GetFiles {
		c.TypedShortcut(findKey) // now it is the page's own
	}
}

func (s *Shell) escape() {
	if page, ok := s.shown.(Escaper); ok && page.Escape() {
		return
	}
	if s.at == Details {
		s.Go(Home)
	}
}
