package look

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"
)

// ShowMenu opens a menu below something, or above it where there is no room.
func ShowMenu(below fyne.CanvasObject, menu *fyne.Menu) {
	driver := fyne.CurrentApp().Driver()
	at, size := driver.AbsolutePositionForObject(below), below.Size()
	openMenu(driver.CanvasForObject(below), menu, size.Width, func(window, card fyne.Size) fyne.Position {
		x := at.X
		if x+card.Width > window.Width-MarginX { // then it ends where the button ends
			x = min(at.X+size.Width, window.Width-8) - card.Width
		}
		y := at.Y + size.Height + 4
		if y+card.Height > window.Height-8 {
			y = at.Y - card.Height - 4
		}
		return fyne.NewPos(x, y)
	})
}

// ShowMenuAt opens a menu where the pointer is.
func ShowMenuAt(c fyne.Canvas, menu *fyne.Menu, at fyne.Position) {
	openMenu(c, menu, 0, func(fyne.Size, fyne.Size) fyne.Position { return at })
}

func openMenu(c fyne.Canvas, menu *fyne.Menu, width float32, place func(window, card fyne.Size) fyne.Position) {
	if c == nil || menu == nil || len(menu.Items) == 0 {
		return
	}
	m := &menuCard{canvas: c, menu: widget.NewMenu(menu), width: width, place: place, before: c.Focused(),
		floor: canvas.NewRectangle(color.Transparent)}
	line := NewBox(ColorClear, ColorLine, 0)
	m.card = container.NewStack(m.menu, line)
	m.menu.OnDismiss = m.hide
	m.ExtendBaseWidget(m)
	c.Overlays().Add(m)
	m.Resize(c.Size())
	c.Focus(m)
}

// menuCard is a menu with a line around it, which Fyne's own has not. A press
// elsewhere or Esc closes it; the arrows, Enter and Space choose.
type menuCard struct {
	widget.BaseWidget
	canvas fyne.Canvas
	floor  *canvas.Rectangle
	menu   *widget.Menu
	card   *fyne.Container
	width  float32 // it is at least as wide as this
	place  func(window, card fyne.Size) fyne.Position
	before fyne.Focusable
}

func (m *menuCard) hide() {
	m.canvas.Overlays().Remove(m)
	if m.before != nil && m.canvas.Overlays().Top() == nil {
		m.canvas.Focus(m.before)
	}
}

func (m *menuCard) Tapped(*fyne.PointEvent)          { m.hide() }
func (m *menuCard) TappedSecondary(*fyne.PointEvent) { m.hide() }
func (m *menuCard) FocusGained()                     {}
func (m *menuCard) FocusLost()                       {}
func (m *menuCard) TypedRune(rune)                   {}
func (m *menuCard) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyDown:
		m.menu.ActivateNext()
	case fyne.KeyUp:
		m.menu.ActivatePrevious()
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		m.menu.TriggerLast()
	case fyne.KeyEscape:
		m.hide()
	}
}

// CreateRenderer is for Fyne.
func (m *menuCard) CreateRenderer() fyne.WidgetRenderer { return &menuRenderer{m} }

type menuRenderer struct{ m *menuCard }

func (r *menuRenderer) Layout(size fyne.Size) {
	r.m.floor.Resize(size)
	card := r.m.card.MinSize()
	card = fyne.NewSize(max(card.Width, r.m.width), min(card.Height, size.Height-16))
	r.m.card.Resize(card)
	at := r.m.place(size, card)
	r.m.card.Move(fyne.NewPos(max(4, min(at.X, size.Width-card.Width-4)), max(4, min(at.Y, size.Height-card.Height-4))))
}
func (r *menuRenderer) MinSize() fyne.Size { return fyne.NewSize(100, 60) }
func (r *menuRenderer) Refresh()           { r.Layout(r.m.Size()); canvas.Refresh(r.m.card) }
func (r *menuRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.m.floor, r.m.card}
}
func (r *menuRenderer) Destroy() {}
