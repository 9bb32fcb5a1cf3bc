package getfiles

import (
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// selected is told by the list that another row is selected.
func (s *Screen) selected(i int) {
	before := s.state.Selected
	s.state.Selected = i
	s.list.RefreshRow(before)
	s.list.RefreshRow(i)
}

// rowPressed selects a row whose check box or clock was pressed, and gives the
// keys to the list.
func (s *Screen) rowPressed(i int) {
	s.list.Select(i)
	s.focusList()
}

// FocusList gives the keys to the list.
func (s *Screen) FocusList() { s.focusList() }

func (s *Screen) focusList() {
	if s.window != nil && s.list.Visible() {
		s.window.Canvas().Focus(s.list)
	}
}

// activate is Enter or a double click: a folder opens, a file shows its preview.
func (s *Screen) activate(i int) {
	if i < 0 || i >= len(s.state.Items) {
		return
	}
	item := s.state.Items[i]
	switch item.Kind {
	case engine.KindFolder:
		s.open(item.Path, "")
		s.focusList()
	case engine.KindFile:
		s.showPreview(item, s.state.pickOf(item).ref(s.state.Computer),
			look.Bytes(item.Size)+" · changed "+look.When(item.ModTime, s.state.Now))
	}
}

// openPlace opens the folder that a search hit lies in.
func (s *Screen) openPlace(i int) {
	if i >= 0 && i < len(s.state.Items) {
		path := s.state.Items[i].Path
		s.open(parent(path), path)
		s.focusList()
	}
}

// key is a key that the list itself has no use for.
func (s *Screen) key(i int, e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyBackspace:
		s.up()
	case fyne.KeyEscape:
		if s.state.Search != "" {
			s.up()
		}
	case fyne.KeyV:
		// A V in the middle of a name that is being typed belongs to the name.
		if s.now().Sub(s.ahead) > time.Second {
			s.showVersions(i)
		}
	}
}

// computerMenu lists the computers, the one that is browsed checked.
func (s *Screen) computerMenu() *fyne.Menu {
	menu := fyne.NewMenu("")
	for _, c := range s.state.Computers {
		name := shown(c.Name)
		if c.This {
			name += " (this computer)"
		}
		item := fyne.NewMenuItem(name, func() { s.ShowComputer(c.ID) })
		item.Checked = c.ID == s.state.Computer
		menu.Items = append(menu.Items, item)
	}
	return menu
}

// itemMenu is what the other mouse button offers on a row.
func (s *Screen) itemMenu(i int, at fyne.Position) {
	if i < 0 || i >= len(s.state.Items) {
		return
	}
	item := s.state.Items[i]
	choose := "Choose"
	if s.state.chosen().mark(item) == engine.MarkCheck {
		choose = "Do not choose"
	}
	menu := fyne.NewMenu("", fyne.NewMenuItem(choose, func() { s.toggle(i) }))
	add := func(words string, do func()) { menu.Items = append(menu.Items, fyne.NewMenuItem(words, do)) }
	if item.Kind == engine.KindFolder {
		add("Open", func() { s.activate(i) })
	}
	if clockable(item) {
		add("Preview", func() { s.activate(i) })
		add("Versions…", func() { s.showVersions(i) })
	}
	if s.state.Search != "" {
		add("Open its folder", func() { s.openPlace(i) })
	}
	add("Copy path", func() { fyne.CurrentApp().Clipboard().SetContent(item.Path) })
	look.ShowMenuAt(s.window.Canvas(), menu, at)
}

// folderMenu is what the other mouse button offers in the tree.
func (s *Screen) folderMenu(path string, at fyne.Position) {
	choose := "Choose all in it"
	if cover, ok := s.state.chosen().cover(path, false); ok && cover.folder {
		choose = "Do not choose"
	}
	menu := fyne.NewMenu("", fyne.NewMenuItem(choose, func() { s.chooseFolder(path) }),
		fyne.NewMenuItem("Copy path", func() { fyne.CurrentApp().Clipboard().SetContent(path) }))
	look.ShowMenuAt(s.window.Canvas(), menu, at)
}

// anchor is where a bubble about a row is put: its card's right edge, the foot of
// the row and its head.
func (s *Screen) anchor(i int) (right, under, over float32) {
	at, ok := s.list.RowPosition(i)
	if !ok {
		at = fyne.CurrentApp().Driver().AbsolutePositionForObject(s.list)
	}
	return at.X + s.list.Size().Width - 10, at.Y + look.RowHeight + 7, at.Y - 7
}
