package managefiles

import (
	"path/filepath"
	"slices"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/widget"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

const (
	indent   float32 = 22
	rowEdge  float32 = 10
	sizeWide float32 = 72
)

// stateColumn is where the words of a row's state stand.
func stateColumn(width float32) (x, wide float32) {
	wide = 172
	if width < 480 {
		wide = 120
	}
	return width - rowEdge - sizeWide - wide, wide - 8
}

// row draws one node: chevron, box, icon, name, state, size. The right columns are
// pinned to the edge, so that they line up at every depth.
type row struct {
	widget.BaseWidget
	view *view
	node *node

	chevron *look.RowIcon
	box     *look.CheckBox
	icon    *look.Glyph
	name    *look.Text
	state   *look.Text
	size    *look.Text
	drawn   string // the icon that is shown
}

func newRow(v *view) *row {
	r := &row{view: v}
	r.chevron = look.NewRowIcon("chevron-right", look.ColorSoft, "Open or close", func() {
		v.focusList(r.node)
		v.screen.toggleOpen(r.node)
	})
	r.box = look.Check("", engine.MarkEmpty, func(bool) { r.pressed() })
	r.icon = look.NewGlyph(look.Icon("file", look.ColorSoft), look.IconSize)
	r.name = look.Body("").Truncate()
	r.state = look.SoftSmall("").Truncate()
	r.size = look.SoftBody("").Right()
	r.ExtendBaseWidget(r)
	return r
}

// pressed lets the screen decide; until it has, the box shows what is true.
func (r *row) pressed() {
	n := r.node
	r.view.focusList(n)
	r.view.screen.toggleCheck(n)
	if r.node == n {
		r.box.SetMark(n.row.Mark)
	}
}

func (r *row) show(n *node) {
	moved := r.node == nil || r.node.depth != n.depth
	r.node = n
	r.chevron.Hidden = !n.row.Parent
	if n.open {
		r.chevron.SetIcon("chevron-down", look.ColorText)
	} else {
		r.chevron.SetIcon("chevron-right", look.ColorText)
	}
	r.box.SetMark(n.row.Mark)
	if name := iconName(n.row); name != r.drawn {
		r.drawn = name
		r.icon.SetIcon(look.Icon(name, look.ColorSoft))
	}
	r.name.Set(n.row.Name)
	words, tone := rowState(n.row), n.row.Tone
	if n.open && n.failed != "" {
		words, tone = n.failed, engine.ToneBad
	}
	color, _ := look.ToneColors(tone)
	r.state.Set(words)
	r.state.SetColor(color)
	r.size.Set(sizeWords(n.row))
	r.view.screen.sizes.show(r, wanted(n.row))
	if moved {
		r.Refresh()
	}
}

// wanted is the path to count, "" when there is nothing to count.
func wanted(r engine.SelectRow) string {
	if r.Size < 0 && r.Parent && !strings.HasPrefix(r.State, "Absent") {
		return r.Path
	}
	return ""
}

func sizeWords(r engine.SelectRow) string {
	switch {
	case r.Size >= 0:
		return look.Bytes(r.Size)
	case wanted(r) != "":
		return "…"
	}
	return ""
}

var pictures = []string{".png", ".jpg", ".jpeg", ".gif", ".heic", ".webp", ".svg", ".tif", ".tiff", ".bmp", ".raw"}
var writings = []string{".txt", ".md", ".doc", ".docx", ".odt", ".pdf", ".rtf", ".tex", ".csv", ".xlsx", ".ods"}

// iconName says which icon stands before a row.
func iconName(r engine.SelectRow) string {
	switch r.Kind {
	case engine.RowDrive:
		return "hard-drive"
	case engine.RowHome:
		return "house"
	case engine.RowFolder:
		return "folder"
	case engine.RowLink:
		return "link"
	}
	end := strings.ToLower(filepath.Ext(r.Name))
	switch {
	case slices.Contains(pictures, end):
		return "image"
	case slices.Contains(writings, end):
		return "file-text"
	}
	return "file"
}

// CreateRenderer is for Fyne.
func (r *row) CreateRenderer() fyne.WidgetRenderer { return &rowRenderer{r} }

type rowRenderer struct{ r *row }

func (d *rowRenderer) MinSize() fyne.Size { return fyne.NewSize(240, look.RowHeight) }

func (d *rowRenderer) Layout(size fyne.Size) {
	r := d.r
	x := rowEdge
	if r.node != nil {
		x += indent * float32(r.node.depth)
	}
	middle := func(o fyne.CanvasObject, x, width, height float32) {
		place(o, x, (size.Height-height)/2, width, height)
	}
	stateX, stateWide := stateColumn(size.Width)
	middle(r.chevron, x-3, 24, 28)
	middle(r.box, x+23, 22, 22)
	middle(r.icon, x+50, look.IconSize, look.IconSize)
	middle(r.name, x+76, max(0, stateX-x-84), 20)
	middle(r.state, stateX, stateWide, 16)
	middle(r.size, size.Width-rowEdge-sizeWide, sizeWide, 20)
}

func (d *rowRenderer) Refresh() {
	d.Layout(d.r.Size())
	for _, o := range d.Objects() {
		o.Refresh()
	}
}

func (d *rowRenderer) Objects() []fyne.CanvasObject {
	r := d.r
	return []fyne.CanvasObject{r.chevron, r.box, r.icon, r.name, r.state, r.size}
}

func (d *rowRenderer) Destroy() {}

// headLayout puts the headings above the columns of the rows.
type headLayout struct{}

func (headLayout) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(240, 30) }

func (headLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	stateX, stateWide := stateColumn(size.Width)
	place(objects[0], rowEdge, 0, stateX-2*rowEdge, size.Height)
	place(objects[1], stateX, 0, stateWide, size.Height)
	place(objects[2], size.Width-rowEdge-sizeWide, 0, sizeWide, size.Height)
}
