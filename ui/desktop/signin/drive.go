package signin

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"holdfast/ui/desktop/look"
)

// driveRow is a drive that can be chosen.
type driveRow struct {
	widget.BaseWidget
	drive                  Drive
	tapped                 func()
	chosen, hover, focused bool
	box                    *look.Box
	dot                    *look.RadioDot
	body                   fyne.CanvasObject
}

func newDriveRow(d Drive, tapped func()) *driveRow {
	r := &driveRow{drive: d, tapped: tapped, box: look.NewBox(look.ColorSurface, look.ColorLine, look.ControlRadius), dot: look.NewRadioDot(false)}
	icon, free := "hard-drive", ""
	if d.Removable {
		icon = "usb"
	}
	if d.Free >= 0 {
		free = look.Bytes(d.Free) + " free"
	}
	r.body = look.Row(12, r.dot, look.NewGlyph(look.Icon(icon, look.ColorText), look.IconSize),
		look.Grow(look.Column(0, look.Strong(d.Name).Truncate(), look.SoftSmall(d.Path).TruncateMiddle())), look.SoftSmall(free))
	r.ExtendBaseWidget(r)
	return r
}

func (r *driveRow) setChosen(chosen bool) {
	r.chosen = chosen
	r.dot.Set(chosen)
	r.Refresh()
}

func (r *driveRow) Refresh() {
	ground, line := look.ColorSurface, look.ColorLine
	switch {
	case r.chosen:
		ground, line = look.ColorAccentSoft, look.ColorAccentSoft
	case r.hover:
		ground = look.ColorHover
	}
	if r.focused {
		line = look.ColorAccent
	}
	r.box.SetColors(ground, line)
	r.BaseWidget.Refresh()
}

func (r *driveRow) Tapped(*fyne.PointEvent)        { r.tapped() }
func (r *driveRow) MouseIn(*desktop.MouseEvent)    { r.hover = true; r.Refresh() }
func (r *driveRow) MouseMoved(*desktop.MouseEvent) {}
func (r *driveRow) MouseOut()                      { r.hover = false; r.Refresh() }
func (r *driveRow) FocusGained()                   { r.focused = true; r.Refresh() }
func (r *driveRow) FocusLost()                     { r.focused = false; r.Refresh() }
func (r *driveRow) TypedRune(rune)                 {}
func (r *driveRow) TypedKey(e *fyne.KeyEvent) {
	switch e.Name {
	case fyne.KeyReturn, fyne.KeyEnter, fyne.KeySpace:
		r.tapped()
	default:
		look.PassOn(r, e)
	}
}
func (r *driveRow) Cursor() desktop.Cursor { return desktop.PointerCursor }
func (r *driveRow) CreateRenderer() fyne.WidgetRenderer {
	return widget.NewSimpleRenderer(container.NewStack(r.box, look.Pad(r.body, 8, 14, 8, 14)))
}
