package look

import (
	"errors"
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/widget"

	"holdfast/engine"
)

// Dialog is a modal card over the window. Esc and Hide close it; Enter presses the
// last button where nothing else has the focus.
type Dialog struct {
	OnClosed func()

	window  fyne.Window
	overlay *overlay
	buttons []*Button
	title   *Text
	width   float32
	shown   bool
	focus   fyne.Focusable
}

// Sheet makes a dialog; buttons stand at the bottom right, the primary one last.
// A button does not close it by itself. Show shows it.
func Sheet(window fyne.Window, title string, content fyne.CanvasObject, buttons ...*Button) *Dialog {
	return SheetSized(window, title, content, 560, buttons...)
}

// SheetSized is a sheet of another width; content that is higher than the window
// scrolls when it is put into Scroll.
func SheetSized(window fyne.Window, title string, content fyne.CanvasObject, width float32, buttons ...*Button) *Dialog {
	d := &Dialog{window: window, buttons: buttons, width: width, title: Title(title).Truncate()}
	foot := []fyne.CanvasObject{Space()}
	for _, b := range buttons {
		foot = append(foot, b)
	}
	parts := []fyne.CanvasObject{}
	if title != "" {
		parts = append(parts, d.title)
	}
	parts = append(parts, Grow(content))
	if len(buttons) > 0 {
		parts = append(parts, Pad(Row(8, foot...), 8, 0, 0, 0))
	}
	d.overlay = newOverlay(d, CardPadded(Column(Gap, parts...), 28))
	return d
}

// SetTitle changes the title.
func (d *Dialog) SetTitle(title string) { d.title.Set(title) }

// Show shows it and gives it the keys.
func (d *Dialog) Show() {
	if d.shown {
		return
	}
	d.shown = true
	c := d.window.Canvas()
	if c.Overlays().Top() == nil { // what is open above the page may be gone when this closes
		d.focus = c.Focused()
	}
	c.Overlays().Add(d.overlay)
	d.overlay.Resize(c.Size())
	c.Focus(d.overlay)
}

// Focus gives the keys to something inside.
func (d *Dialog) Focus(to fyne.Focusable) { d.window.Canvas().Focus(to) }

// Hide closes it.
func (d *Dialog) Hide() {
	if !d.shown {
		return
	}
	d.shown = false
	d.window.Canvas().Overlays().Remove(d.overlay)
	if d.focus != nil && d.window.Canvas().Overlays().Top() == nil {
		d.window.Canvas().Focus(d.focus)
	}
	d.focus = nil
	if d.OnClosed != nil {
		d.OnClosed()
	}
}

// Shown says whether it is on the screen.
func (d *Dialog) Shown() bool { return d.shown }

// Resize is called when the content or a button became larger or smaller.
func (d *Dialog) Resize() {
	d.overlay.card.Refresh() // lays out the row of buttons too
	d.overlay.Refresh()
}

// enter presses the last button, unless that takes something away for good: such a
// one wants to be meant.
func (d *Dialog) enter() {
	if n := len(d.buttons); n > 0 && d.buttons[n-1].kind != danger {
		d.buttons[n-1].Tapped(nil)
	}
}

// overlay dims the window and holds the card in the middle. It takes every press
// and, while nothing inside has the focus, every key.
type overlay struct {
	widget.BaseWidget
	dialog *Dialog
	shade  *canvas.Rectangle
	card   fyne.CanvasObject
}

func newOverlay(d *Dialog, card fyne.CanvasObject) *overlay {
	o := &overlay{dialog: d, shade: canvas.NewRectangle(color.NRGBA{10, 14, 17, 115}), card: card}
	o.ExtendBaseWidget(o)
	return o
}

func (o *overlay) Tapped(*fyne.PointEvent) {}
func (o *overlay) FocusGained()            {}
func (o *overlay) FocusLost()              {}
func (o *overlay) TypedRune(rune)          {}
func (o *overlay) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyEscape:
		o.dialog.Hide()
	case fyne.KeyReturn, fyne.KeyEnter:
		o.dialog.enter()
	}
}

func (o *overlay) CreateRenderer() fyne.WidgetRenderer { return &overlayRenderer{o} }

type overlayRenderer struct{ o *overlay }

func (r *overlayRenderer) MinSize() fyne.Size { return fyne.NewSize(200, 120) }
func (r *overlayRenderer) Layout(size fyne.Size) {
	o := r.o
	o.shade.Resize(size)
	width := min(o.dialog.width, size.Width-32)
	o.card.Resize(fyne.NewSize(width, min(o.card.MinSize().Height, size.Height-32)))
	height := min(o.card.MinSize().Height, size.Height-32) // known once words are wrapped
	o.card.Resize(fyne.NewSize(width, height))
	o.card.Move(fyne.NewPos((size.Width-width)/2, (size.Height-height)/2))
}
func (r *overlayRenderer) Refresh() { r.Layout(r.o.Size()); canvas.Refresh(r.o.card) }
func (r *overlayRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.o.shade, r.o.card}
}
func (r *overlayRenderer) Destroy() {}

// Ask asks a question with two answers; yes is called after it closed.
func Ask(window fyne.Window, title, words, yes, no string, do func()) *Dialog {
	var d *Dialog
	d = SheetSized(window, title, SoftParagraph(words), 460,
		Secondary(no, "", func() { d.Hide() }),
		Primary(yes, "", func() { d.Hide(); do() }))
	d.Show()
	return d
}

// Say shows an error as its sentence; none is shown for nil and for what was
// cancelled. The cause, where there is one, stands small below.
func Say(window fyne.Window, err error) {
	if err == nil || engine.KindOf(err) == engine.KindCancelled {
		return
	}
	var d *Dialog
	d = SheetSized(window, headline(err), saying(err), 460, Primary("OK", "", func() { d.Hide() }))
	d.Show()
}

func saying(err error) fyne.CanvasObject {
	body := Column(8, Paragraph(Sentence(err)))
	var e *engine.Error
	if errors.As(err, &e) && e.Message != "" && e.Err != nil {
		body.Add(SmallParagraph(e.Err.Error()))
	}
	return body
}

// Notice tells something that is not an error.
func Notice(window fyne.Window, title, words string) {
	var d *Dialog
	d = SheetSized(window, title, SoftParagraph(words), 460, Primary("OK", "", func() { d.Hide() }))
	d.Show()
}

// Sentence is what an error says to a person.
func Sentence(err error) string {
	var e *engine.Error
	if errors.As(err, &e) && e.Message != "" {
		return e.Message
	}
	return "Something went wrong: " + err.Error() + "."
}

// headline is what an error is about, in a few words.
func headline(err error) string {
	switch engine.KindOf(err) {
	case engine.KindSecret:
		return "That does not open it"
	case engine.KindNotEmpty:
		return "There are other things there"
	case engine.KindNotRepo:
		return "No backup is there"
	case engine.KindTooNew:
		return "A newer program wrote this"
	case engine.KindUnreachable:
		return "The backup cannot be reached"
	case engine.KindReadOnly:
		return "Nothing can be written there"
	case engine.KindFull:
		return "There is no space left"
	case engine.KindDenied:
		return "Not permitted"
	case engine.KindDamaged:
		return "Something stored is damaged"
	case engine.KindBusy:
		return "Another program is busy there"
	case engine.KindNotFound:
		return "It is not there"
	case engine.KindNotSetUp:
		return "Setup is incomplete"
	}
	return "That did not work"
}
