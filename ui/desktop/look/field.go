package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"
)

// Input is a line to type into: 36 high, a line around it that becomes the accent
// with the focus. Esc empties a search, OnEscape is asked first elsewhere.
type Input struct {
	widget.Entry
	OnEscape func() bool // true: done with the key

	search bool
	onDown func()
	edge   *canvas.Rectangle // the line around it
}

// NewInput makes a line to type into.
func NewInput(placeholder string) *Input {
	i := &Input{}
	i.PlaceHolder = placeholder
	i.ExtendBaseWidget(i)
	return i
}

// NewPassword hides what is typed, with an eye to show it.
func NewPassword(placeholder string) *Input {
	i := &Input{}
	i.Password = true
	i.PlaceHolder = placeholder
	i.ExtendBaseWidget(i)
	return i
}

// NewSearch is an Input with a magnifier. Down leaves it for what it found.
func NewSearch(placeholder string, changed func(string), down func()) *Input {
	i := &Input{search: true, onDown: down}
	i.PlaceHolder = placeholder
	i.OnChanged = changed
	i.Icon = Icon("search", ColorSoft)
	i.ExtendBaseWidget(i)
	return i
}

// CreateRenderer is Fyne's, whose line around the field would be edged in black.
func (i *Input) CreateRenderer() fyne.WidgetRenderer {
	r := i.Entry.CreateRenderer()
	for _, o := range r.Objects() {
		if rect, ok := o.(*canvas.Rectangle); ok && rect.FillColor == color.Transparent {
			i.edge = rect
		}
	}
	i.paintEdge()
	return r
}

func (i *Input) paintEdge() {
	if i.edge != nil {
		i.edge.FillColor = barely(Color(ColorLine))
	}
}

// Refresh draws it in the colours of now.
func (i *Input) Refresh() {
	i.paintEdge()
	i.Entry.Refresh()
}

// MinSize is the height of the design and a width that can still be read.
func (i *Input) MinSize() fyne.Size {
	i.ExtendBaseWidget(i)
	m := i.Entry.MinSize()
	if i.MultiLine {
		return m
	}
	return fyne.NewSize(max(m.Width, 80), ControlHeight)
}

// TypedKey adds Esc and, in a search, Down.
func (i *Input) TypedKey(e *fyne.KeyEvent) {
	switch {
	case e.Name == fyne.KeyEscape && i.OnEscape != nil && i.OnEscape():
		return
	case e.Name == fyne.KeyEscape && i.search && i.Text != "":
		i.SetText("")
		return
	case e.Name == fyne.KeyEscape:
		PassOn(i, e)
		return
	case e.Name == fyne.KeyDown && i.onDown != nil:
		i.onDown()
		return
	}
	i.Entry.TypedKey(e)
}

// TypedShortcut passes on what an entry does not know, so that the shortcuts of the
// window work while one types.
func (i *Input) TypedShortcut(shortcut fyne.Shortcut) {
	if _, custom := shortcut.(*desktop.CustomShortcut); custom {
		if c, ok := fyne.CurrentApp().Driver().CanvasForObject(i).(fyne.Shortcutable); ok {
			c.TypedShortcut(shortcut)
			return
		}
	}
	i.Entry.TypedShortcut(shortcut)
}

// Field is a small label above a control.
func Field(label string, control fyne.CanvasObject) fyne.CanvasObject {
	return Column(6, SoftSmall(label), control)
}

// Framed is a control with the line and height of a field around it, as the check
// boxes beside a search.
func Framed(control fyne.CanvasObject) fyne.CanvasObject {
	return container.NewStack(NewBox(ColorSurface, ColorLine, ControlRadius),
		Sized(Pad(Centered(control), 0, 14, 0, 11), 0, ControlHeight))
}

// Choose is a field that opens a list of choices.
type Choose struct {
	Button
	OnChanged func(i int)

	options []string
	chosen  int
}

// Select makes a field of choices; chosen < 0 shows the placeholder.
func Select(options []string, chosen int, placeholder string, changed func(i int)) *Choose {
	c := &Choose{OnChanged: changed, options: options, chosen: chosen}
	words := placeholder
	if chosen >= 0 && chosen < len(options) {
		words = options[chosen]
	}
	c.setup(secondary, words, "")
	c.trailing, c.plain = "chevron-down", true
	c.OnTapped = func() { ShowMenu(c, c.menu()) }
	c.ExtendBaseWidget(c)
	return c
}

// Chosen is the index of the choice, -1 for none.
func (c *Choose) Chosen() int { return c.chosen }

// SetChosen changes the choice and tells nobody.
func (c *Choose) SetChosen(i int) {
	if i < 0 || i >= len(c.options) {
		return
	}
	c.chosen = i
	c.SetText(c.options[i])
}

// SetOptions changes what can be chosen.
func (c *Choose) SetOptions(options []string, chosen int) {
	c.options = options
	c.SetChosen(chosen)
}

func (c *Choose) menu() *fyne.Menu {
	menu := fyne.NewMenu("")
	for i, o := range c.options {
		item := fyne.NewMenuItem(o, func() {
			c.SetChosen(i)
			if c.OnChanged != nil {
				c.OnChanged(i)
			}
		})
		item.Checked = i == c.chosen
		menu.Items = append(menu.Items, item)
	}
	return menu
}

// Tap lets a press anywhere on a plain object do something, with a hand over it.
func Tap(object fyne.CanvasObject, tapped func()) fyne.CanvasObject {
	t := &tappable{object: object, tapped: tapped}
	t.ExtendBaseWidget(t)
	return t
}

type tappable struct {
	widget.BaseWidget
	object fyne.CanvasObject
	tapped func()
}

func (t *tappable) Tapped(*fyne.PointEvent)             { t.tapped() }
func (t *tappable) Cursor() desktop.Cursor              { return desktop.PointerCursor }
func (t *tappable) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(t.object) }

// RowIcon is an icon in a row that can be pressed. It shows no hover of its own, so
// that the row keeps its own under it.
type RowIcon struct {
	widget.BaseWidget
	OnTapped func()
	glyph    *Glyph
	name     string
}

// NewRowIcon makes one; the name is for those who do not see the icon.
func NewRowIcon(icon string, color fyne.ThemeColorName, name string, tapped func()) *RowIcon {
	r := &RowIcon{OnTapped: tapped, glyph: NewGlyph(Icon(icon, color), 16), name: name}
	r.ExtendBaseWidget(r)
	return r
}

// SetIcon changes icon and colour.
func (r *RowIcon) SetIcon(icon string, color fyne.ThemeColorName) {
	r.glyph.SetIcon(Icon(icon, color))
}

// Name is what it does.
func (r *RowIcon) Name() string { return r.name }

// Tapped presses it.
func (r *RowIcon) Tapped(*fyne.PointEvent) {
	if r.OnTapped != nil {
		r.OnTapped()
	}
}

// Cursor is a hand.
func (r *RowIcon) Cursor() desktop.Cursor { return desktop.PointerCursor }

// MinSize is large enough to hit.
func (r *RowIcon) MinSize() fyne.Size { return fyne.NewSize(24, 28) }

// CreateRenderer is for Fyne.
func (r *RowIcon) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.glyph) }
