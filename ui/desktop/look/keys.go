package look

import "fyne.io/fyne/v2"

// PassOn gives a key that a control has no use for to what the control stands in:
// the dialog or bubble above the page, else the window. Without it, Esc and Enter
// would be lost wherever something has the focus.
func PassOn(from fyne.CanvasObject, e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyEscape, fyne.KeyReturn, fyne.KeyEnter:
	default:
		return
	}
	c := fyne.CurrentApp().Driver().CanvasForObject(from)
	if c == nil {
		return
	}
	switch top := c.Overlays().Top().(type) {
	case nil:
		if typed := c.OnTypedKey(); typed != nil {
			typed(e)
		}
	case fyne.Focusable:
		top.TypedKey(e)
	}
}
