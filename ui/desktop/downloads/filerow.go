package downloads

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// fileRow is one file of a job: where it is, how large, what is said about it, and
// the answers where it waits for one.
type fileRow struct {
	widget.BaseWidget
	card *card
	item engine.JobItem
	path *look.Text
	size *look.Text
	said *look.Text
	row  fyne.CanvasObject
}

func (c *card) newFileRow(ask bool) *fileRow {
	r := &fileRow{card: c, path: look.Body("").TruncateMiddle(), said: look.SoftSmall("").Truncate(), size: look.SmallFigures("").Right()}
	right := []fyne.CanvasObject{look.Grow(look.Column(0, r.path, r.said))}
	if ask {
		right = append(right, c.answers(func() string { return r.item.Path })...)
	} else {
		right = append(right, r.size)
	}
	r.row = look.Pad(look.Row(12, right...), 0, 4, 0, 4)
	r.ExtendBaseWidget(r)
	return r
}

func (r *fileRow) fill(item engine.JobItem) {
	r.item = item
	path := item.Path
	if item.Target != "" {
		path = item.Target
	}
	r.path.Set(strings.ToValidUTF8(path, "\uFFFD"))
	r.size.Set(look.Bytes(item.Size))
	r.said.Set(said(item))
}

// CreateRenderer is for Fyne.
func (r *fileRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.row) }
