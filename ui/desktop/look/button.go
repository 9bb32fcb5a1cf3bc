package look

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

type buttonKind int

const (
	primary buttonKind = iota
	secondary
	link
	quiet // an icon alone
	danger
)

// Button is every button: the one primary action of a screen, the others, links
// and icons alone. Enter and Space press it. In a room wider than it needs, a
// button with an icon keeps its words at the left.
type Button struct {
	widget.DisableableWidget
	OnTapped func()

	kind           buttonKind
	words          string
	iconName       string
	trailing       string // icon after the words
	small          bool
	plain          bool // words of a field, not of an action
	hover, focused bool
	box            *Box
	label          *Text
	icon, after    *Glyph
}

func newButton(kind buttonKind, words, icon string, tapped func()) *Button {
	b := &Button{OnTapped: tapped}
	b.setup(kind, words, icon)
	b.ExtendBaseWidget(b)
	return b
}

func (b *Button) setup(kind buttonKind, words, icon string) {
	b.kind, b.words, b.iconName = kind, words, icon
	b.box = NewBox(ColorClear, "", ControlRadius)
	b.label = newText(words, 14, 20, true, ColorText)
}

// Primary is the one action of a screen. An empty icon name is none.
func Primary(words, icon string, tapped func()) *Button {
	return newButton(primary, words, icon, tapped)
}

// Secondary is any other button.
func Secondary(words, icon string, tapped func()) *Button {
	return newButton(secondary, words, icon, tapped)
}

// Danger is a primary action that takes something away.
func Danger(words, icon string, tapped func()) *Button {
	return newButton(danger, words, icon, tapped)
}

// Link is words in the accent that can be pressed.
func Link(words string, tapped func()) *Button { return newButton(link, words, "", tapped) }

// SmallLink is a link at 12 px without room around it.
func SmallLink(words string, tapped func()) *Button {
	b := newButton(link, words, "", tapped)
	b.small = true
	b.label = newText(words, 12, 16, true, ColorText)
	return b
}

// IconButton is an icon alone; its name is for those who do not see it.
func IconButton(icon, name string, tapped func()) *Button {
	b := newButton(quiet, "", icon, tapped)
	b.words = name
	return b
}

// MenuButton opens a menu below itself. The menu is asked for at each press.
func MenuButton(words, icon string, menu func() *fyne.Menu) *Button {
	b := newButton(secondary, words, icon, nil)
	b.trailing = "chevron-down"
	b.OnTapped = func() { ShowMenu(b, menu()) }
	return b
}

// IconMenuButton is an icon alone that opens a menu.
func IconMenuButton(icon, name string, menu func() *fyne.Menu) *Button {
	b := IconButton(icon, name, nil)
	b.OnTapped = func() { ShowMenu(b, menu()) }
	return b
}

// SetText changes the words.
func (b *Button) SetText(words string) {
	if b.words == words {
		return
	}
	b.words = words
	if b.kind != quiet {
		b.label.Set(words)
	}
	b.Refresh()
}

// Text are the words, or the name of an icon.
func (b *Button) Text() string { return b.words }

// SetIcon changes the icon, by its Lucide name.
func (b *Button) SetIcon(name string) {
	if b.iconName == name {
		return
	}
	b.iconName = name
	b.Refresh()
}

// Tapped presses it.
func (b *Button) Tapped(*fyne.PointEvent) {
	if b.Disabled() {
		return
	}
	if b.OnTapped != nil {
		b.OnTapped()
	}
}

// MouseIn and the like are for Fyne.
func (b *Button) MouseIn(*desktop.MouseEvent) { b.hover = true; b.Refresh() }

// MouseMoved is for Fyne.
func (b *Button) MouseMoved(*desktop.MouseEvent) {}

// MouseOut is for Fyne.
func (b *Button) MouseOut() { b.hover = false; b.Refresh() }

// FocusGained is for Fyne.
func (b *Button) FocusGained() { b.focused = true; b.Refresh() }

// FocusLost is for Fyne.
func (b *Button) FocusLost() { b.focused = false; b.Refresh() }

// TypedRune is for Fyne.
func (b *Button) TypedRune(rune) {}

// TypedKey presses it with Enter or Space.
func (b *Button) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		b.Tapped(nil)
	default:
		PassOn(b, e)
	}
}

// Cursor is a hand over what can be pressed.
func (b *Button) Cursor() desktop.Cursor {
	if b.Disabled() {
		return desktop.DefaultCursor
	}
	return desktop.PointerCursor
}

// colors are those of the ground, the line and the words at this moment.
func (b *Button) colors() (ground, line, words fyne.ThemeColorName) {
	switch b.kind {
	case primary:
		ground, words = ColorAccent, ColorOnAccent
	case danger:
		ground, words = ColorBad, ColorSurface
	case secondary:
		ground, line, words = ColorSurface, ColorLine, ColorText
	case link:
		ground, words = ColorClear, ColorAccent
	case quiet:
		ground, words = ColorClear, ColorText
	}
	if b.Disabled() {
		if b.kind == primary || b.kind == danger {
			ground = ColorTrack
		}
		return ground, line, ColorDisabled
	}
	if b.hover {
		switch b.kind {
		case primary:
			ground = ColorAccentHover
		case secondary, quiet:
			ground = ColorHover
		case link:
			if !b.small {
				ground = ColorAccentSoft
			}
		}
	}
	if b.focused {
		line = ColorAccent
		if b.kind == primary || b.kind == danger {
			line = ColorText
		}
	}
	return ground, line, words
}

// CreateRenderer is for Fyne.
func (b *Button) CreateRenderer() fyne.WidgetRenderer {
	b.ExtendBaseWidget(b)
	b.icon, b.after = NewGlyph(nil, IconSize), NewGlyph(nil, IconSize)
	r := &buttonRenderer{b}
	r.paint()
	return r
}

type buttonRenderer struct{ b *Button }

func (r *buttonRenderer) pad() float32 {
	switch {
	case r.b.small:
		return 0
	case r.b.kind == quiet:
		return 7
	case r.b.kind == link:
		return 8
	}
	return 15
}

const iconGap float32 = 8

func (r *buttonRenderer) contentWidth() float32 {
	b := r.b
	w := float32(0)
	if b.iconName != "" {
		w += IconSize
	}
	if b.kind == quiet {
		return w
	}
	if b.iconName != "" {
		w += iconGap
	}
	w += b.label.MinSize().Width
	if b.trailing != "" {
		w += iconGap + IconSize
	}
	return w
}

func (r *buttonRenderer) MinSize() fyne.Size {
	if r.b.small {
		return fyne.NewSize(r.contentWidth(), 16)
	}
	if r.b.kind == quiet {
		return fyne.NewSize(32, 32)
	}
	return fyne.NewSize(r.contentWidth()+2*r.pad(), ControlHeight)
}

func (r *buttonRenderer) Layout(size fyne.Size) {
	b := r.b
	b.box.Resize(size)
	wide := size.Width - r.contentWidth()
	x := wide / 2
	if (b.iconName != "" || b.plain) && b.kind != quiet {
		x = min(wide/2, r.pad())
	}
	middle := func(o fyne.CanvasObject, w, h float32) {
		o.Resize(fyne.NewSize(w, h))
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
	}
	if b.iconName != "" {
		middle(b.icon, IconSize, IconSize)
		x += IconSize + iconGap
	}
	m := b.label.MinSize()
	middle(b.label, m.Width, m.Height)
	if b.trailing != "" {
		x = max(x+m.Width+iconGap, size.Width-r.pad()-IconSize)
		middle(b.after, IconSize, IconSize)
	}
}

func (r *buttonRenderer) paint() {
	b := r.b
	ground, line, words := b.colors()
	b.box.SetColors(ground, line)
	width := float32(1)
	if b.focused {
		width = 2
	}
	if line != "" {
		b.box.SetLine(width)
	}
	b.label.SetColor(words)
	b.label.Hidden = b.kind == quiet
	b.label.SetStrong(!b.plain)
	b.icon.Hidden = b.iconName == ""
	if b.iconName != "" {
		b.icon.SetIcon(Icon(b.iconName, words))
	}
	b.after.Hidden = b.trailing == ""
	if b.trailing != "" {
		b.after.SetIcon(Icon(b.trailing, words))
	}
}

func (r *buttonRenderer) Refresh() {
	r.paint()
	r.b.label.Refresh()
	r.Layout(r.b.Size())
}

func (r *buttonRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.b.box, r.b.icon, r.b.label, r.b.after}
}
func (r *buttonRenderer) Destroy() {}
