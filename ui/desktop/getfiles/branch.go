package getfiles

import (
	"image/color"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"holdfast/ui/desktop/look"
)

// branchRow is one row of the tree.
type branchRow struct {
	widget.BaseWidget
	screen *Screen
	row    treeRow
	turn   *look.RowIcon
	icon   *look.Glyph
	name   *look.Text
	drawn  string

	painted color.Color // of its words when it was drawn whole
}

func newBranchRow(s *Screen) *branchRow {
	b := &branchRow{screen: s, icon: look.NewGlyph(look.Icon("folder", look.ColorText), 16), name: look.Body("").Truncate()}
	b.turn = look.NewRowIcon("chevron-right", look.ColorSoft, "Open", func() { s.turn(b.row.path, !b.row.open) })
	b.ExtendBaseWidget(b)
	return b
}

func (b *branchRow) fill(row treeRow) {
	b.row = row
	icon, color := "folder", look.ColorText
	if row.path == top {
		icon = "laptop"
	}
	if row.deleted {
		color = look.ColorWarn
	}
	chevron := "chevron-right"
	if row.open {
		chevron = "chevron-down"
	}
	if drawn := icon + string(color) + chevron; drawn != b.drawn {
		b.drawn = drawn
		b.icon.SetIcon(look.Icon(icon, color))
		b.turn.SetIcon(chevron, look.ColorSoft)
	}
	if row.leaf {
		b.turn.Hide()
	} else {
		b.turn.Show()
	}
	b.name.Set(row.name)
	b.layout(b.Size())
}

func (b *branchRow) layout(size fyne.Size) {
	// Deep trees are indented less, so that names stay readable.
	step := min(18, max(4, (size.Width-120)/float32(max(1, b.screen.state.Tree.deepest))))
	x := 5 + min(step*float32(b.row.depth), max(0, size.Width-110))
	place := func(o fyne.CanvasObject, x, w, h float32) {
		o.Resize(fyne.NewSize(w, h))
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
	}
	place(b.turn, x, 24, 28)
	place(b.icon, x+29, 18, 18)
	place(b.name, x+55, max(0, size.Width-x-55-6), 20)
}

// CreateRenderer is for Fyne.
func (b *branchRow) CreateRenderer() fyne.WidgetRenderer { return &branchRenderer{b} }

type branchRenderer struct{ b *branchRow }

func (w *branchRenderer) Layout(size fyne.Size) { w.b.layout(size) }
func (w *branchRenderer) MinSize() fyne.Size    { return fyne.NewSize(80, 30) }

// Refresh does nothing as long as the colours are the same, as with itemRow.
func (w *branchRenderer) Refresh() {
	if now := look.Color(look.ColorText); now != w.b.painted {
		w.b.painted = now
		for _, o := range w.Objects() {
			o.Refresh()
		}
	}
}
func (w *branchRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{w.b.turn, w.b.icon, w.b.name}
}
func (w *branchRenderer) Destroy() {}
