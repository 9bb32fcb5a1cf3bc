package managefiles

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// view holds the widgets; it draws the state and keeps none of its own.
type view struct {
	screen *Screen
	page   *look.PageView
	cancel *look.Button
	save   *look.Button
	list   *look.List
	body   *fyne.Container // list, or what stands in its place
	parts  *fyne.Container // tree and cards
	why    *whyCard
	rules  *rulesCard
	note   *noteCard
}

// newView builds the widgets of a screen and draws its first state.
func newView(s *Screen) {
	v := &view{screen: s}
	s.view = v
	v.cancel = look.Secondary("Cancel", "", s.cancel)
	v.save = look.Primary("Save", "", func() { s.save(func() {}) })
	v.why, v.rules, v.note = newWhyCard(s), newRulesCard(s), newNoteCard(s)
	v.list = v.newList()
	head := container.New(&headLayout{}, look.SmallStrong("Name"), look.SmallStrong("State"), look.SmallStrong("Size").Right())
	v.body = container.NewStack(v.list)
	tree := container.NewStack(look.NewBox(look.ColorSurface, look.ColorLine, look.CardRadius),
		look.Pad(look.Column(0, look.Sized(head, 0, 30), look.Rule(), look.Grow(v.body)), 10, 11, 10, 11))
	v.parts = container.New(&split{v}, tree, v.why.card, v.rules.card, v.note.card, v.rules.short)
	v.page = look.Page("Manage Files", " ", v.parts, v.cancel, v.save)
	v.draw()
}

func (v *view) newList() *look.List {
	s := v.screen
	l := look.NewList(
		func() int { return len(s.state.tree.flat) },
		func() fyne.CanvasObject { return newRow(v) },
		func(i int, o fyne.CanvasObject) {
			if i < len(s.state.tree.flat) {
				o.(*row).show(s.state.tree.flat[i])
			}
		})
	at := func(do func(*node)) func(int) {
		return func(i int) {
			if i >= 0 && i < len(s.state.tree.flat) {
				do(s.state.tree.flat[i])
			}
		}
	}
	l.OnSelected = at(s.choose)
	l.OnSpace = at(s.toggleCheck)
	l.OnActivated = at(s.toggleOpen)
	l.OnRight = at(v.right)
	l.OnLeft = at(v.left)
	l.OnSecondary = func(i int, where fyne.Position) {
		at(func(n *node) {
			look.ShowMenuAt(s.deps.Window.Canvas(), s.menu(n), where)
		})(i)
	}
	l.TypeAhead = func(i int) string { return s.state.tree.flat[i].row.Name }
	return l
}

// right opens a folder, and goes into one that is open.
func (v *view) right(n *node) {
	switch {
	case !n.row.Parent:
	case !n.open:
		v.screen.toggleOpen(n)
	case len(n.children) > 0:
		v.list.Select(v.screen.state.tree.index(n.children[0]))
	}
}

// left closes a folder, and goes out of one that is closed.
func (v *view) left(n *node) {
	switch {
	case n.open:
		v.screen.toggleOpen(n)
	case n.parent != nil:
		v.list.Select(v.screen.state.tree.index(n.parent))
	}
}

func (v *view) draw() {
	v.drawHead()
	v.drawRows()
	v.drawWhy()
	v.drawRules()
	v.drawNote()
}

// drawHead shows the live line and the two buttons.
func (v *view) drawHead() {
	s := &v.screen.state
	switch {
	case s.failed != "" && !s.loaded:
		v.page.SetSubtitle(" ")
	case s.saving:
		v.page.SetSubtitle("Saving…")
	case s.estimated:
		v.page.SetSubtitle(liveLine(s.estimate))
	default:
		v.page.SetSubtitle("Counting what is chosen…")
	}
	for _, b := range []*look.Button{v.cancel, v.save} {
		if s.dirty() && !s.saving {
			b.Enable()
		} else {
			b.Disable()
		}
	}
}

// drawRows shows the tree, or why there is none.
func (v *view) drawRows() {
	s := &v.screen.state
	var instead fyne.CanvasObject
	switch {
	case s.failed != "" && len(s.tree.flat) == 0:
		instead = look.Empty("triangle-alert", "The files cannot be shown", s.failed,
			look.Secondary("Try again", "refresh-cw", v.screen.load))
	case len(s.tree.flat) == 0:
		instead = look.Centered(look.SoftBody("Looking at the drives…"))
	}
	if instead != nil {
		v.body.Objects = []fyne.CanvasObject{instead}
		v.body.Refresh()
		return
	}
	if len(v.body.Objects) != 1 || v.body.Objects[0] != v.list {
		v.body.Objects = []fyne.CanvasObject{v.list}
		v.body.Refresh()
	}
	if s.selected != nil {
		v.list.SetSelected(s.tree.index(s.selected))
	}
	v.list.Refresh()
}

func (v *view) drawWhy()   { v.why.draw() }
func (v *view) drawRules() { v.rules.draw() }
func (v *view) drawNote()  { v.note.draw() }

// relayout gives the cards the heights that they need now.
func (v *view) relayout() { v.parts.Refresh() }

// pointAtWhy selects a row, so that the card is about it, and lets the card be seen
// to have been asked.
func (v *view) pointAtWhy(n *node) {
	v.list.Select(v.screen.state.tree.index(n))
	v.why.flash()
}

// focusList gives the keys back to the rows after a press on a box in one of them.
func (v *view) focusList(n *node) {
	if i := v.screen.state.tree.index(n); i >= 0 {
		v.list.Select(i)
	}
	if w := v.screen.deps.Window; w != nil {
		w.Canvas().Focus(v.list)
	}
}

// split puts the cards beside the tree, or below it where the window is narrow.
type split struct{ v *view }

const (
	sideWidth   float32 = 272
	narrowBelow float32 = 720
)

func (l *split) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(420, 340) }

func (l *split) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	tree, why, rules, note, short := objects[0], objects[1], objects[2], objects[3], objects[4]
	if size.Width < narrowBelow {
		rules.Hide()
		note.Hide()
		short.Show()
		wide := size.Width - 200 - look.Gap
		high := max(fit(why, wide), fit(short, 200))
		place(tree, 0, 0, size.Width, size.Height-high-look.Gap)
		place(why, 0, size.Height-high, wide, high)
		place(short, wide+look.Gap, size.Height-high, 200, high)
		return
	}
	rules.Show()
	note.Show()
	short.Hide()
	x := size.Width - sideWidth
	place(tree, 0, 0, x-look.Gap, size.Height)
	a, c := fit(why, sideWidth), fit(note, sideWidth)
	b := min(l.v.rules.wanted(), size.Height-a-c-2*look.Gap)
	place(why, x, 0, sideWidth, a)
	place(rules, x, a+look.Gap, sideWidth, b)
	place(note, x, a+b+2*look.Gap, sideWidth, c)
}

// fit is the height that an object needs at a width; words that wrap know it only
// once they have the width.
func fit(o fyne.CanvasObject, width float32) float32 {
	if o.Size().Width != width {
		o.Resize(fyne.NewSize(width, o.MinSize().Height))
	}
	return o.MinSize().Height
}

func place(o fyne.CanvasObject, x, y, width, height float32) {
	o.Move(fyne.NewPos(x, y))
	o.Resize(fyne.NewSize(width, height))
}

// ruleCount is the line of the short card.
func ruleCount(s engine.Selection) string {
	n := len(inForce(s))
	if n == 0 {
		return "None in force"
	}
	return fmt.Sprintf("%d in force", n)
}
