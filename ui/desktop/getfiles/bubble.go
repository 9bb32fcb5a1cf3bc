package getfiles

import (
	"image/color"
	"math"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"holdfast/ui/desktop/look"
)

// bubble is a card that floats beside what it belongs to. A press elsewhere or Esc
// closes it; keys go to what it was told to focus.
type bubble struct {
	widget.BaseWidget
	window fyne.Window
	floor  *canvas.Rectangle // the rest of the window: a press there closes
	card   fyne.CanvasObject
	place  func(window, card fyne.Size) fyne.Position
	closed func()
	before fyne.Focusable
}

// showBubble floats content of a size; place says where, given the size of the
// window and of the card.
func (s *Screen) showBubble(content fyne.CanvasObject, focus fyne.Focusable, place func(window, card fyne.Size) fyne.Position) *bubble {
	s.closeBubble()
	b := &bubble{window: s.window, floor: canvas.NewRectangle(color.Transparent), place: place}
	b.card = container.NewStack(look.NewBox(look.ColorSurface, look.ColorSoft, look.CardRadius), look.Pad(content, 12, 12, 16, 12))
	b.ExtendBaseWidget(b)
	c := s.window.Canvas()
	b.before = c.Focused()
	s.floating = b
	b.closed = func() { s.floating = nil }
	c.Overlays().Add(b)
	b.Resize(c.Size())
	if focus != nil {
		c.Focus(focus)
	} else {
		c.Focus(b)
	}
	return b
}

// closeBubble closes the open one, if there is one.
func (s *Screen) closeBubble() {
	if s.floating != nil {
		s.floating.hide()
	}
}

func (b *bubble) hide() {
	c := b.window.Canvas()
	c.Overlays().Remove(b)
	b.closed()
	if b.before != nil {
		c.Focus(b.before)
	}
}

// Tapped closes when it was beside the card.
func (b *bubble) Tapped(e *fyne.PointEvent) {
	at, size := b.card.Position(), b.card.Size()
	in := e.Position.X >= at.X && e.Position.X < at.X+size.Width && e.Position.Y >= at.Y && e.Position.Y < at.Y+size.Height
	if !in {
		b.hide()
	}
}

// TappedSecondary is a press beside it, too.
func (b *bubble) TappedSecondary(e *fyne.PointEvent) { b.Tapped(e) }

func (b *bubble) FocusGained()   {}
func (b *bubble) FocusLost()     {}
func (b *bubble) TypedRune(rune) {}
func (b *bubble) TypedKey(e *fyne.KeyEvent) {
	if e.Name == fyne.KeyEscape {
		b.hide()
	}
}

// CreateRenderer is for Fyne.
func (b *bubble) CreateRenderer() fyne.WidgetRenderer { return &bubbleRenderer{b} }

type bubbleRenderer struct{ b *bubble }

func (r *bubbleRenderer) Layout(size fyne.Size) {
	r.b.floor.Resize(size)
	card := r.b.card.MinSize()
	card.Width = float32(math.Ceil(float64(card.Width)))
	card.Height = float32(math.Ceil(float64(min(card.Height, size.Height-16))))
	r.b.card.Resize(card)
	at := r.b.place(size, card)
	// On whole pixels: lines between two of them blur, and are cut where things scroll.
	x := math.Floor(float64(max(8, min(at.X, size.Width-card.Width-8))))
	y := math.Floor(float64(max(8, min(at.Y, size.Height-card.Height-8))))
	r.b.card.Move(fyne.NewPos(float32(x), float32(y)))
}
func (r *bubbleRenderer) MinSize() fyne.Size { return fyne.NewSize(100, 100) }
func (r *bubbleRenderer) Refresh()           { r.Layout(r.b.Size()); canvas.Refresh(r.b.card) }
func (r *bubbleRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.b.floor, r.b.card}
}
func (r *bubbleRenderer) Destroy() {}

// below places a card under something at a point, or above it where there is no
// room; right is the card's right edge.
func below(right, under, over float32) func(window, card fyne.Size) fyne.Position {
	return func(window, card fyne.Size) fyne.Position {
		y := under
		if y+card.Height > window.Height-8 && over-card.Height >= 8 {
			y = over - card.Height
		}
		return fyne.NewPos(right-card.Width, y)
	}
}
