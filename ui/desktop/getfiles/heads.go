package getfiles

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"holdfast/ui/desktop/look"
)

// heads are the heads of the columns; pressing one sorts by it.
type heads struct {
	widget.BaseWidget
	words [3]*look.Text
	tap   [3]fyne.CanvasObject
	arrow *look.Glyph
	order order
	plain bool // no order shows: search hits come best first
}

var columnNames = [3]string{byName: "Name", bySize: "Size", byChanged: "Changed"}

func newHeads(sortBy func(column)) *heads {
	h := &heads{arrow: look.NewGlyph(look.Icon("chevron-up", look.ColorSoft), 12)}
	for i, name := range columnNames {
		h.words[i] = look.SmallStrong(name)
		h.tap[i] = look.Tap(h.words[i], func() { sortBy(column(i)) })
	}
	h.ExtendBaseWidget(h)
	return h
}

func (h *heads) set(o order, plain bool) {
	if h.order == o && h.plain == plain {
		return
	}
	h.order, h.plain = o, plain
	name := "chevron-up"
	if o.down {
		name = "chevron-down"
	}
	h.arrow.SetIcon(look.Icon(name, look.ColorSoft))
	h.layout(h.Size())
}

func (h *heads) layout(size fyne.Size) {
	// The default order needs no sign; the design shows none.
	if h.plain || h.order == (order{}) {
		h.arrow.Hide()
	} else {
		h.arrow.Show()
	}
	_, sizeRight, dateRight, _, _ := columnsOf(size.Width)
	for i, words := range h.words {
		w := words.MinSize()
		x := rowInset
		switch column(i) {
		case bySize:
			x = sizeRight - w.Width
		case byChanged:
			x = dateRight - w.Width
		}
		h.tap[i].Resize(w)
		h.tap[i].Move(fyne.NewPos(x, (size.Height-w.Height)/2))
		if column(i) == h.order.by {
			at := fyne.NewPos(x-15, (size.Height-12)/2)
			if i == int(byName) {
				at.X = x + w.Width + 3
			}
			h.arrow.Resize(fyne.NewSquareSize(12))
			h.arrow.Move(at)
		}
	}
}

// CreateRenderer is for Fyne.
func (h *heads) CreateRenderer() fyne.WidgetRenderer { return &headsRenderer{h} }

type headsRenderer struct{ h *heads }

func (r *headsRenderer) Layout(size fyne.Size) { r.h.layout(size) }
func (r *headsRenderer) MinSize() fyne.Size    { return fyne.NewSize(200, 18) }
func (r *headsRenderer) Refresh() {
	for _, o := range r.Objects() {
		o.Refresh()
	}
}
func (r *headsRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.h.tap[0], r.h.tap[1], r.h.tap[2], r.h.arrow}
}
func (r *headsRenderer) Destroy() {}
