package details

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// problemRow is one file that could not be stored as it is.
type problemRow struct {
	widget.BaseWidget
	name, folder, line *look.Text
	pill               *look.PillWidget
	retry              *look.Button
	body               fyne.CanvasObject
}

func newProblemRow() *problemRow {
	r := &problemRow{name: look.Strong("").TruncateMiddle(), folder: look.SoftSmall("").TruncateMiddle(), line: look.SoftSmall("").Truncate(),
		pill: look.Pill("", engine.ToneQuiet), retry: look.SmallLink("Retry", nil)}
	words := look.Column(0, look.Row(8, look.Grow(r.name), look.Sized(r.folder.Right(), 220, 16)), r.line)
	r.body = look.Pad(look.Row(14, look.Grow(words), look.Sized(look.Trailing(r.pill), 116, 24), look.Sized(look.Trailing(r.retry), 56, 16)), 0, 10, 0, 10)
	r.ExtendBaseWidget(r)
	return r
}

// CreateRenderer is for Fyne.
func (r *problemRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.body) }
