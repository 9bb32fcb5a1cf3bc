package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"holdfast/engine"
)

const (
	boxSize float32 = 16
	boxGap  float32 = 8
)

// CheckBox has three marks. Pressing a dash or an empty box asks for a check, and
// pressing a check asks for none; where a press may be refused, SetMark puts back
// what is true. It shows no hover of its own, so that a row keeps its own.
type CheckBox struct {
	widget.DisableableWidget
	// OnChanged is told what a press asks for.
	OnChanged func(on bool)

	mark    engine.Mark
	focused bool
	box     *Box
	ring    *Box
	tick    *Glyph
	label   *Text
}

// Check makes a check box. An empty label is only the box.
func Check(label string, mark engine.Mark, changed func(bool)) *CheckBox {
	c := &CheckBox{OnChanged: changed, mark: mark}
	c.label = Body(label)
	c.ExtendBaseWidget(c)
	return c
}

// SetMark changes the mark and tells nobody.
func (c *CheckBox) SetMark(mark engine.Mark) {
	if c.mark == mark {
		return
	}
	c.mark = mark
	c.Refresh()
}

// SetChecked is SetMark for a box that knows no dash.
func (c *CheckBox) SetChecked(on bool) {
	if on {
		c.SetMark(engine.MarkCheck)
	} else {
		c.SetMark(engine.MarkEmpty)
	}
}

// Mark is the present mark.
func (c *CheckBox) Mark() engine.Mark { return c.mark }

// Checked says whether the mark is a check.
func (c *CheckBox) Checked() bool { return c.mark == engine.MarkCheck }

// SetText changes the label.
func (c *CheckBox) SetText(label string) { c.label.Set(label) }

// Toggle presses it.
func (c *CheckBox) Toggle() {
	if c.Disabled() {
		return
	}
	on := c.mark != engine.MarkCheck
	c.SetChecked(on)
	if c.OnChanged != nil {
		c.OnChanged(on)
	}
}

// Tapped toggles.
func (c *CheckBox) Tapped(*fyne.PointEvent) { c.Toggle() }

// FocusGained is for Fyne.
func (c *CheckBox) FocusGained() { c.focused = true; c.Refresh() }

// FocusLost is for Fyne.
func (c *CheckBox) FocusLost() { c.focused = false; c.Refresh() }

// TypedRune toggles with Space.
func (c *CheckBox) TypedRune(r rune) {
	if r == ' ' {
		c.Toggle()
	}
}

// TypedKey is for Fyne.
func (c *CheckBox) TypedKey(e *fyne.KeyEvent) { PassOn(c, e) }

// Cursor is a hand.
func (c *CheckBox) Cursor() desktop.Cursor { return desktop.PointerCursor }

// CreateRenderer is for Fyne.
func (c *CheckBox) CreateRenderer() fyne.WidgetRenderer {
	c.ExtendBaseWidget(c)
	c.box, c.ring = NewBox(ColorSurface, ColorBox, 4), NewBox(ColorClear, "", RowRadius)
	c.tick = NewGlyph(nil, 12)
	r := &checkRenderer{c}
	r.paint()
	return r
}

type checkRenderer struct{ c *CheckBox }

func (r *checkRenderer) MinSize() fyne.Size {
	const side = boxSize + 6
	if r.c.label.Words() == "" {
		return fyne.NewSquareSize(side)
	}
	return fyne.NewSize(boxSize+boxGap+r.c.label.MinSize().Width, max(side, 20))
}

func (r *checkRenderer) Layout(size fyne.Size) {
	y := (size.Height - boxSize) / 2
	x := float32(0)
	if r.c.label.Words() == "" {
		x = (size.Width - boxSize) / 2
	}
	r.c.box.Resize(fyne.NewSquareSize(boxSize))
	r.c.box.Move(fyne.NewPos(x, y))
	r.c.ring.Resize(fyne.NewSquareSize(boxSize + 6))
	r.c.ring.Move(fyne.NewPos(x-3, y-3))
	r.c.tick.Resize(fyne.NewSquareSize(12))
	r.c.tick.Move(fyne.NewPos(x+2, y+2))
	r.c.label.Resize(fyne.NewSize(max(0, size.Width-x-boxSize-boxGap), 20))
	r.c.label.Move(fyne.NewPos(x+boxSize+boxGap, (size.Height-20)/2))
}

func (r *checkRenderer) paint() {
	c := r.c
	fill, words, tick := ColorAccent, ColorText, ColorOnAccent
	if c.Disabled() {
		fill, words, tick = ColorDisabled, ColorDisabled, ColorSurface
	}
	c.label.SetColor(words)
	c.tick.Hidden = c.mark == engine.MarkEmpty
	switch c.mark {
	case engine.MarkCheck:
		c.box.SetColors(fill, fill)
		c.tick.SetIcon(iconStroke("check", tick, 4.5))
	case engine.MarkDash:
		c.box.SetColors(fill, fill)
		c.tick.SetIcon(iconStroke("minus", tick, 4.5))
	default:
		line := ColorBox
		if c.Disabled() {
			line = ColorDisabled
		}
		c.box.SetColors(ColorSurface, line)
	}
	if c.focused {
		c.ring.SetColors(ColorClear, ColorAccent)
		c.ring.SetLine(1.5)
	} else {
		c.ring.SetColors(ColorClear, "")
	}
}

func (r *checkRenderer) Refresh() {
	r.paint()
	r.c.label.Refresh() // it may be in the colours of another theme
	r.Layout(r.c.Size())
}
func (r *checkRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.c.ring, r.c.box, r.c.tick, r.c.label}
}
func (r *checkRenderer) Destroy() {}

// Option is one line of a Radio group; Note is a small second line, may be empty.
type Option struct{ Label, Note string }

// RadioGroup chooses one of a few. Up and Down move the choice.
type RadioGroup struct {
	widget.BaseWidget
	OnChanged func(i int)

	chosen  int
	focused bool
	options []*radioLine
	body    *fyne.Container
}

// Radio makes a group; chosen < 0 is none yet.
func Radio(options []Option, chosen int, changed func(i int)) *RadioGroup {
	g := &RadioGroup{OnChanged: changed, chosen: chosen, body: Column(8)}
	for i, o := range options {
		line := newRadioLine(o, func() { g.choose(i) })
		g.options = append(g.options, line)
		g.body.Add(line)
	}
	g.ExtendBaseWidget(g)
	g.paint()
	return g
}

// Chosen is the index of the choice.
func (g *RadioGroup) Chosen() int { return g.chosen }

// SetChosen changes the choice and tells nobody.
func (g *RadioGroup) SetChosen(i int) { g.chosen = i; g.paint() }

// SetNote changes the second line of an option.
func (g *RadioGroup) SetNote(i int, note string) {
	line := g.options[i]
	line.note.Set(note)
	if note == "" {
		line.note.Hide()
	} else {
		line.note.Show()
	}
	line.body.Refresh()
	g.body.Refresh()
}

func (g *RadioGroup) choose(i int) {
	if i < 0 || i >= len(g.options) {
		return
	}
	if c := fyne.CurrentApp().Driver().CanvasForObject(g); c != nil {
		c.Focus(g)
	}
	g.chosen = i
	g.paint()
	if g.OnChanged != nil {
		g.OnChanged(i)
	}
}

func (g *RadioGroup) paint() {
	for i, line := range g.options {
		line.paint(i == g.chosen, g.focused && (i == g.chosen || g.chosen < 0 && i == 0))
	}
}

// Refresh draws it in the colours of now.
func (g *RadioGroup) Refresh() { g.paint(); g.BaseWidget.Refresh() }

// FocusGained is for Fyne.
func (g *RadioGroup) FocusGained() { g.focused = true; g.paint() }

// FocusLost is for Fyne.
func (g *RadioGroup) FocusLost() { g.focused = false; g.paint() }

// TypedRune is for Fyne.
func (g *RadioGroup) TypedRune(rune) {}

// TypedKey moves the choice.
func (g *RadioGroup) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyUp, fyne.KeyLeft:
		g.choose(max(0, g.chosen-1))
	case fyne.KeyDown, fyne.KeyRight:
		g.choose(min(len(g.options)-1, g.chosen+1))
	case fyne.KeySpace:
		g.choose(max(0, g.chosen))
	default:
		PassOn(g, e)
	}
}

// CreateRenderer is for Fyne.
func (g *RadioGroup) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(g.body) }

// RadioDot is the round mark alone, for rows that choose one of many.
type RadioDot struct {
	widget.BaseWidget
	circle *canvas.Circle
	dot    *canvas.Circle
	on     bool
	ring   bool
}

// NewRadioDot makes the mark.
func NewRadioDot(on bool) *RadioDot {
	d := &RadioDot{circle: canvas.NewCircle(color.Transparent), dot: canvas.NewCircle(color.Transparent), on: on}
	d.ExtendBaseWidget(d)
	d.paint()
	return d
}

// Set turns it on or off.
func (d *RadioDot) Set(on bool) {
	if d.on != on {
		d.on = on
		d.Refresh()
	}
}

func (d *RadioDot) paint() {
	d.circle.StrokeWidth = 1
	d.dot.Hidden = !d.on
	d.circle.FillColor, d.circle.StrokeColor = Color(ColorSurface), Color(ColorBox)
	if d.on {
		d.circle.FillColor, d.circle.StrokeColor = Color(ColorAccent), Color(ColorAccent)
		d.dot.FillColor = Color(ColorOnAccent)
	}
	if d.ring {
		d.circle.StrokeWidth, d.circle.StrokeColor = 2, Color(ColorText)
	}
}

// Refresh draws it in the colours of now.
func (d *RadioDot) Refresh() { d.paint(); d.circle.Refresh(); d.dot.Refresh() }

// CreateRenderer is for Fyne.
func (d *RadioDot) CreateRenderer() fyne.WidgetRenderer { return &dotRenderer{d} }

type dotRenderer struct{ d *RadioDot }

func (r *dotRenderer) MinSize() fyne.Size { return fyne.NewSquareSize(16) }
func (r *dotRenderer) Layout(size fyne.Size) {
	x, y := (size.Width-16)/2, (size.Height-16)/2
	r.d.circle.Resize(fyne.NewSquareSize(16))
	r.d.circle.Move(fyne.NewPos(x, y))
	r.d.dot.Resize(fyne.NewSquareSize(6))
	r.d.dot.Move(fyne.NewPos(x+5, y+5))
}
func (r *dotRenderer) Refresh() { r.d.Refresh() }
func (r *dotRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.d.circle, r.d.dot}
}
func (r *dotRenderer) Destroy() {}

type radioLine struct {
	widget.BaseWidget
	tapped func()
	dot    *RadioDot
	note   *Words
	body   *fyne.Container
}

func newRadioLine(o Option, tapped func()) *radioLine {
	l := &radioLine{tapped: tapped, dot: NewRadioDot(false), note: SmallParagraph(o.Note)}
	if o.Note == "" {
		l.note.Hide()
	}
	l.body = Column(2, Row(10, l.dot, Grow(Sized(Body(o.Label).Truncate(), 120, 22))), Pad(l.note, 0, 0, 0, 26))
	l.ExtendBaseWidget(l)
	return l
}

func (l *radioLine) paint(on, ring bool) {
	l.dot.on, l.dot.ring = on, ring
	l.dot.Refresh()
}
func (l *radioLine) Tapped(*fyne.PointEvent)             { l.tapped() }
func (l *radioLine) Cursor() desktop.Cursor              { return desktop.PointerCursor }
func (l *radioLine) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(l.body) }
