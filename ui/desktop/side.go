package desktop

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"holdfast/ui/desktop/look"
)

const (
	sideWide    float32 = 216
	sideNarrow  float32 = 60
	narrowBelow float32 = 1000 // width of the window
)

// side is the side bar. In a narrow window it shows icons alone.
type side struct {
	object fyne.CanvasObject
	items  map[Place]*navItem
	name   *look.Text
	foot   *fyne.Container
	who    *look.Text
	where  *look.Text
	narrow bool
	mark24 *look.Glyph
	tip    *tip // the name of the icon under the pointer, where there is no room for names
}

func newSide(open func(Place)) *side {
	s := &side{items: map[Place]*navItem{}, name: look.Title("Holdfast"),
		who: look.SoftSmall("").TruncateMiddle(), where: look.SoftSmall("").TruncateMiddle()}
	s.name.SetSize(17)
	s.tip = newTip()
	top, bottom := look.Column(4), look.Column(4)
	for _, p := range places {
		item := newNavItem(string(p.place), p.icon, func() { open(p.place) })
		item.tip = s.tip
		s.items[p.place] = item
		if p.place == Settings {
			bottom.Add(item)
		} else {
			top.Add(item)
		}
	}
	s.mark24 = look.NewGlyph(look.Mark(look.ColorAccent), 24)
	mark := look.Pad(container.New(s, s.mark24, s.name), 21, 0, 19, 0)
	s.foot = look.Column(0, s.who, s.where)
	s.foot.Hide()
	s.object = container.NewStack(look.NewBox(look.ColorSide, "", 0),
		look.Pad(look.Column(0, mark, top, look.Space(), bottom, look.Pad(s.foot, 14, 10, 0, 10)), 0, 12, 30, 12))
	return s
}

// MinSize and Layout make the side bar the layout of its own head.
func (s *side) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(24, 28) }

// Layout puts the mark above the icons, and the name beside it where there is room.
func (s *side) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	x := float32(11)
	if s.narrow {
		x = (size.Width - 24) / 2
	}
	s.mark24.Resize(fyne.NewSquareSize(24))
	s.mark24.Move(fyne.NewPos(x, 1))
	s.name.Resize(fyne.NewSize(max(0, size.Width-46), 28))
	s.name.Move(fyne.NewPos(46, 0))
}

func (s *side) width(window float32) float32 {
	if !s.object.Visible() {
		return 0
	}
	if window < narrowBelow {
		return sideNarrow
	}
	return sideWide
}

func (s *side) setNarrow(narrow bool) {
	if narrow == s.narrow {
		return
	}
	s.narrow = narrow
	s.tip.Hide()
	for _, item := range s.items {
		item.narrow = narrow
		item.Refresh()
	}
	s.showFoot()
	if narrow {
		s.name.Hide()
	} else {
		s.name.Show()
	}
}

func (s *side) setFoot(who, where string) {
	s.who.Set(who)
	s.where.Set(where)
	s.showFoot()
}

func (s *side) showFoot() {
	if s.narrow || s.who.Words()+s.where.Words() == "" {
		s.foot.Hide()
	} else {
		s.foot.Show()
	}
}

func (s *side) mark(at Place) {
	if at == Details {
		at = Home
	}
	for place, item := range s.items {
		item.setCurrent(place == at)
	}
}

// shellLayout puts the side bar at the left and the page in the rest.
type shellLayout struct{ s *Shell }

func (l *shellLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(720, 480) }

func (l *shellLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := l.s.side.width(size.Width)
	l.s.side.setNarrow(size.Width < narrowBelow)
	objects[0].Resize(size)
	objects[1].Resize(fyne.NewSize(width, size.Height))
	objects[2].Move(fyne.NewPos(width, 0))
	objects[2].Resize(fyne.NewSize(size.Width-width, size.Height))
}

// navItem is one line of the side bar.
type navItem struct {
	widget.BaseWidget
	name, icon                      string
	tapped                          func()
	current, hover, focused, narrow bool
	tip                             *tip
	box                             *look.Box
	glyph                           *look.Glyph
	text                            *look.Text
}

func newNavItem(name, icon string, tapped func()) *navItem {
	n := &navItem{name: name, icon: icon, tapped: tapped, box: look.NewBox(look.ColorClear, "", look.ControlRadius),
		glyph: look.NewGlyph(look.Icon(icon, look.ColorText), look.IconSize), text: look.Body(name)}
	n.ExtendBaseWidget(n)
	return n
}

func (n *navItem) setCurrent(current bool) {
	if n.current != current {
		n.current = current
		n.Refresh()
	}
}

func (n *navItem) paint() {
	ground, line, ink := look.ColorClear, fyne.ThemeColorName(""), look.ColorText
	switch {
	case n.current:
		ground, ink = look.ColorAccentSoft, look.ColorAccent
	case n.hover:
		ground = look.ColorTrack
	}
	if n.focused {
		line = look.ColorAccent
	}
	n.box.SetColors(ground, line)
	n.glyph.SetIcon(look.Icon(n.icon, ink))
	n.text.SetStrong(n.current)
	n.text.SetColor(ink)
	n.text.Refresh() // it may be in the colours of another theme
	n.text.Hidden = n.narrow
}

// tell shows the name beside an icon that stands alone.
func (n *navItem) tell() {
	switch {
	case n.tip == nil:
	case n.narrow && (n.hover || n.focused):
		n.tip.show(n)
	default:
		n.tip.hide(n)
	}
}

func (n *navItem) Tapped(*fyne.PointEvent)        { n.tapped() }
func (n *navItem) MouseIn(*desktop.MouseEvent)    { n.hover = true; n.Refresh(); n.tell() }
func (n *navItem) MouseMoved(*desktop.MouseEvent) {}
func (n *navItem) MouseOut()                      { n.hover = false; n.Refresh(); n.tell() }
func (n *navItem) FocusGained()                   { n.focused = true; n.Refresh(); n.tell() }
func (n *navItem) FocusLost()                     { n.focused = false; n.Refresh(); n.tell() }
func (n *navItem) TypedRune(rune)                 {}
func (n *navItem) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		n.tapped()
	default:
		look.PassOn(n, e)
	}
}
func (n *navItem) Cursor() desktop.Cursor { return desktop.PointerCursor }

func (n *navItem) CreateRenderer() fyne.WidgetRenderer {
	n.paint()
	return &navRenderer{n}
}

type navRenderer struct{ n *navItem }

func (r *navRenderer) MinSize() fyne.Size { return fyne.NewSize(36, look.ControlHeight) }
func (r *navRenderer) Layout(size fyne.Size) {
	n := r.n
	n.box.Resize(size)
	x := float32(10)
	if n.narrow {
		x = (size.Width - look.IconSize) / 2
	}
	n.glyph.Resize(fyne.NewSquareSize(look.IconSize))
	n.glyph.Move(fyne.NewPos(x, (size.Height-look.IconSize)/2))
	n.text.Resize(fyne.NewSize(max(0, size.Width-38), 20))
	n.text.Move(fyne.NewPos(38, (size.Height-20)/2))
}
func (r *navRenderer) Refresh() { r.n.paint(); r.Layout(r.n.Size()) }
func (r *navRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.n.box, r.n.glyph, r.n.text}
}
func (r *navRenderer) Destroy() {}
