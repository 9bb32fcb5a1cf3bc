package getfiles

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// view is the widgets of the screen.
type view struct {
	page     *look.PageView
	computer *look.Button
	asOf     *look.Button
	search   *look.Input
	deleted  *look.CheckBox
	hidden   *look.CheckBox
	tree     *look.List
	trail    *trail
	heads    *heads
	list     *look.List
	body     *fyne.Container // the list, or what stands in its place
	instead  *fyne.Container
	shown    string // what stands in its place now
	strong   *look.Text
	rest     *look.Text
	clearing *look.Button
	get      *look.Button
}

func newView(s *Screen) *view {
	v := &view{}
	v.computer = look.MenuButton("Computer", "laptop", s.computerMenu)
	v.asOf = look.MenuButton("As of Today", "calendar", nil)
	v.asOf.OnTapped = s.showCalendar
	v.search = look.NewSearch(searchWords, s.typed, func() { s.focusList() })
	v.deleted = look.Check("Include deleted files", engine.MarkEmpty, s.setDeleted)
	v.hidden = look.Check("Show hidden files", engine.MarkEmpty, s.setHidden)
	v.tree = s.newTreeList()
	v.list = s.newItemList()
	v.trail = newTrail(func(path string) { s.open(path, "") })
	v.heads = newHeads(s.sortBy)
	v.instead = container.NewStack()
	v.body = container.NewStack(v.list, v.instead)
	v.strong, v.rest = look.Strong(""), look.SoftBody("").Truncate()
	v.clearing = look.Link("Clear", s.clear)
	v.get = look.Primary("Get Files", "history", s.showOptions)

	filters := container.New(&filters{search: v.search}, v.search, look.Framed(v.deleted), look.Framed(v.hidden))
	treeCard := look.CardPadded(look.Pad(v.tree, 4, 0, 0, 0), 8)
	right := look.Column(0,
		look.Pad(v.trail, 5, 10, 0, 10), look.Pad(v.heads, 12, 0, 8, 0),
		look.Rule(), look.Grow(v.body))
	panes := container.New(panes{}, treeCard, look.CardPadded(right, 10))
	line := look.Row(0, v.strong, look.Grow(v.rest), look.Pad(v.clearing, 0, 10, 0, 10), v.get)
	bar := look.CardPadded(look.Pad(line, 0, 8, 0, 8), 12)
	content := look.Column(look.Gap, filters, look.Grow(panes), bar)
	v.page = look.Page("Get Files", "", content, v.computer, v.asOf)
	return v
}

// The words in the empty search field, and those for a narrow one.
const (
	searchWords = "Search every name, at every time"
	searchShort = "Search every name"
)

// filters gives the search the room that the check boxes leave.
type filters struct{ search *look.Input }

func (f *filters) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(160+objects[1].MinSize().Width+objects[2].MinSize().Width+16, look.ControlHeight)
}

func (f *filters) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	x := size.Width
	for _, o := range []fyne.CanvasObject{objects[2], objects[1]} {
		w := o.MinSize().Width
		x -= w
		o.Resize(fyne.NewSize(w, size.Height))
		o.Move(fyne.NewPos(x, 0))
		x -= 8
	}
	words := searchWords
	if x < 290 {
		words = searchShort
	}
	if f.search.PlaceHolder != words {
		f.search.SetPlaceHolder(words)
	}
	objects[0].Resize(fyne.NewSize(x, size.Height))
	objects[0].Move(fyne.Position{})
}

// panes shares the width between the tree and the contents.
type panes struct{}

func (panes) MinSize(objects []fyne.CanvasObject) fyne.Size { return fyne.NewSize(480, 160) }

func (panes) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	left := min(max(size.Width*0.2533, 160), 300)
	objects[0].Resize(fyne.NewSize(left, size.Height))
	objects[0].Move(fyne.Position{})
	objects[1].Resize(fyne.NewSize(size.Width-left-look.Gap, size.Height))
	objects[1].Move(fyne.NewPos(left+look.Gap, 0))
}

func (s *Screen) newTreeList() *look.List {
	rows := func() []treeRow { return s.state.Tree.rows }
	l := look.NewList(func() int { return len(rows()) },
		func() fyne.CanvasObject { return newBranchRow(s) },
		func(i int, o fyne.CanvasObject) { o.(*branchRow).fill(rows()[i]) })
	l.SetRowHeight(30)
	l.OnSelected = func(i int) {
		if i >= 0 && i < len(rows()) {
			s.open(rows()[i].path, "")
		}
	}
	l.OnActivated = func(i int) { s.turn(rows()[i].path, !rows()[i].open) }
	l.OnRight = func(i int) {
		if r := rows()[i]; !r.open {
			s.turn(r.path, true)
		} else if i+1 < len(rows()) && rows()[i+1].depth > r.depth {
			l.Select(i + 1)
		}
	}
	l.OnLeft = func(i int) {
		r := rows()[i]
		if r.open {
			s.turn(r.path, false)
			return
		}
		for ; i >= 0; i-- {
			if rows()[i].depth < r.depth {
				l.Select(i)
				return
			}
		}
	}
	l.OnSecondary = func(i int, at fyne.Position) { s.folderMenu(rows()[i].path, at) }
	l.OnKey = func(_ int, e *fyne.KeyEvent) {
		if e.Name == fyne.KeyBackspace {
			s.up()
		}
	}
	l.TypeAhead = func(i int) string { return rows()[i].name }
	return l
}

func (s *Screen) newItemList() *look.List {
	l := look.NewList(func() int { return len(s.state.Items) },
		func() fyne.CanvasObject { return newItemRow(s) },
		func(i int, o fyne.CanvasObject) { o.(*itemRow).fill(i) })
	l.OnSelected = s.selected
	l.OnActivated = s.activate
	l.OnSpace = s.toggle
	l.OnSecondary = s.itemMenu
	l.OnHover = func(i int) {
		before := s.state.Hovered
		s.state.Hovered = i
		l.RefreshRow(before)
		l.RefreshRow(i)
	}
	l.OnKey = s.key
	l.TypeAhead = func(i int) string {
		s.ahead = s.now()
		return s.state.Items[i].Name
	}
	return l
}

// draw shows the state.
func (s *Screen) draw() {
	if s.view == nil {
		return
	}
	st := &s.state
	name := shown(st.computer().Name)
	if name == "" {
		name = "Computer"
	}
	s.computer.SetText(name)
	s.asOf.SetText("As of " + asOf(st.moment(), st.Now))
	s.page.Head.Refresh()
	s.deleted.SetChecked(st.Deleted)
	s.hidden.SetChecked(st.Hidden)
	enable(s.asOf, !st.never() && st.Computer != "")
	s.drawTree()
	s.drawContents()
	s.drawBar()
}

func (s *Screen) drawTree() {
	st := &s.state
	s.tree.Refresh()
	selected := -1
	if st.Search == "" {
		selected = st.Tree.index(st.Folder)
	}
	if selected >= 0 && st.Folder != s.sought {
		s.sought = st.Folder
		s.tree.ScrollTo(selected)
	}
	s.tree.SetSelected(selected)
}

func (s *Screen) drawContents() {
	st := &s.state
	if st.Search != "" {
		s.trail.set([]crumb{{name: st.foundWords()}})
	} else {
		s.trail.set(st.crumbs())
	}
	s.heads.set(st.Order, st.Search != "")
	s.drawInstead()
	if s.shown == "" {
		s.heads.Show()
		s.list.Show()
	} else {
		s.heads.Hide()
		s.list.Hide()
	}
	s.list.Refresh()
	if s.scroll {
		s.scroll = false
		s.list.ScrollToTop()
	}
	if s.reveal >= 0 {
		s.list.ScrollTo(s.reveal)
		s.reveal = -1
	}
	s.list.SetSelected(st.Selected) // draws the rows that are in sight now
}

// drawInstead shows, in place of the rows, why there are none.
func (s *Screen) drawInstead() {
	want := s.state.insteadOf()
	if want.key == s.shown {
		return
	}
	s.shown = want.key
	s.instead.RemoveAll()
	if want.key != "" {
		var action fyne.CanvasObject
		if want.action != "" {
			action = look.Secondary(want.action, "", func() { s.remedy(want.action) })
		}
		s.instead.Add(look.Empty(want.icon, want.title, want.words, action))
	}
	s.instead.Refresh()
}

func (s *Screen) drawBar() {
	st := &s.state
	strong, rest := st.summary()
	s.strong.Set(strong)
	s.rest.Set(rest)
	some := st.chosen().len() > 0
	enable(s.get, some)
	if some {
		s.clearing.Show()
	} else {
		s.clearing.Hide()
	}
	s.page.Content().Refresh()
}

func enable(b *look.Button, on bool) {
	if on {
		b.Enable()
	} else {
		b.Disable()
	}
}
