package getfiles

import (
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/driver/desktop"
	"fyne.io/fyne/v2/widget"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// Where things lie in a row, from its left or right edge.
const (
	rowInset   float32 = 10
	nameLeft   float32 = 60
	dateWidth  float32 = 142
	dateNarrow float32 = 88
	sizeWidth  float32 = 76
	clockWidth float32 = 24
	narrow     float32 = 520 // rows below this show the day without the time
)

// columnsOf are the right edges of size and date and the left edge of the clock.
func columnsOf(width float32) (clock, size, date, dateWide float32) {
	dateWide = dateWidth
	if width < narrow {
		dateWide = dateNarrow
	}
	date = width - rowInset
	size = date - dateWide - 6
	clock = size - sizeWidth - clockWidth
	return clock, size, date, dateWide
}

// markBox is a check box of a row. Unlike look.CheckBox it cannot have the focus:
// the list has it, and Space checks the selected row.
type markBox struct {
	widget.BaseWidget
	tapped func()
	box    *look.Box
	tick   *look.Glyph
	mark   engine.Mark
}

func newMarkBox() *markBox {
	m := &markBox{box: look.NewBox(look.ColorSurface, look.ColorBox, 4), tick: look.NewGlyph(look.Icon("check", look.ColorOnAccent), 12)}
	m.tick.Hide()
	m.ExtendBaseWidget(m)
	return m
}

func (m *markBox) set(mark engine.Mark) {
	if m.mark == mark {
		return
	}
	m.mark = mark
	if mark == engine.MarkEmpty {
		m.box.SetColors(look.ColorSurface, look.ColorBox)
		m.tick.Hide()
		return
	}
	m.box.SetColors(look.ColorAccent, look.ColorAccent)
	name := "check"
	if mark == engine.MarkDash {
		name = "minus"
	}
	m.tick.SetIcon(look.Icon(name, look.ColorOnAccent))
	m.tick.Show()
}

func (m *markBox) Tapped(*fyne.PointEvent) { m.tapped() }
func (m *markBox) Cursor() desktop.Cursor  { return desktop.PointerCursor }
func (m *markBox) MinSize() fyne.Size      { return fyne.NewSize(36, look.RowHeight) }
func (m *markBox) CreateRenderer() fyne.WidgetRenderer {
	return &markRenderer{m}
}

type markRenderer struct{ m *markBox }

func (r *markRenderer) Layout(size fyne.Size) {
	at := fyne.NewPos(rowInset, (size.Height-16)/2)
	r.m.box.Resize(fyne.NewSquareSize(16))
	r.m.box.Move(at)
	r.m.tick.Resize(fyne.NewSquareSize(12))
	r.m.tick.Move(at.AddXY(2, 2))
}
func (r *markRenderer) MinSize() fyne.Size { return r.m.MinSize() }
func (r *markRenderer) Refresh()           { r.m.box.Refresh(); r.m.tick.Refresh() }
func (r *markRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.m.box, r.m.tick}
}
func (r *markRenderer) Destroy() {}

// itemRow is one row of the contents. It is filled again for another item as the
// list scrolls, so filling does as little as it can.
type itemRow struct {
	widget.BaseWidget
	screen *Screen
	index  int
	box    *markBox
	kind   *look.Glyph
	icon   string
	name   *look.Text
	note   *look.Text // "deleted 4 Nov"
	place  *look.Text // the folder of a search hit
	where  fyne.CanvasObject
	clock  *look.RowIcon
	size   *look.Text
	date   *look.Text
	item   engine.Item
}

func newItemRow(s *Screen) *itemRow {
	r := &itemRow{
		screen: s, index: -1, box: newMarkBox(), kind: look.NewGlyph(look.Icon("file", look.ColorText), 17), icon: "file",
		name: look.Body("").Truncate(), note: look.Small(""), place: look.SoftSmall("").TruncateMiddle(),
		size: look.Figures("").Right(), date: look.Figures("").Right(),
	}
	r.note.SetColor(look.ColorWarn)
	r.box.tapped = func() { s.rowPressed(r.index); s.toggle(r.index) }
	r.clock = look.NewRowIcon("clock", look.ColorAccent, "Versions", func() { s.rowPressed(r.index); s.showVersions(r.index) })
	r.where = look.Tap(r.place, func() { s.openPlace(r.index) })
	r.ExtendBaseWidget(r)
	return r
}

// fill shows an item.
func (r *itemRow) fill(i int) {
	st := &r.screen.state
	r.index, r.item = i, st.Items[i]
	item := r.item
	r.box.set(st.chosen().mark(item))
	if icon := iconOf(item); icon != r.icon {
		r.icon = icon
		r.kind.SetIcon(look.Icon(icon, look.ColorText))
	}
	r.name.Set(shown(item.Name))
	note := ""
	if !item.Deleted.IsZero() {
		note = "deleted " + shortDay(item.Deleted, st.Now)
	}
	r.note.Set(note)
	place := ""
	if st.Search != "" {
		place = st.placeOf(item)
	}
	r.place.Set(place)
	size := ""
	if item.Kind == engine.KindFile {
		size = look.Bytes(item.Size)
	}
	r.size.Set(size)
	r.showClock()
	r.layout(r.Size())
}

// showClock shows the clock on the selected row and under the pointer.
func (r *itemRow) showClock() {
	st := &r.screen.state
	if clockable(r.item) && (r.index == st.Selected || r.index == st.Hovered) {
		r.clock.Show()
	} else {
		r.clock.Hide()
	}
}

// layout sets the columns; names are cut where the clock begins.
func (r *itemRow) layout(size fyne.Size) {
	if size.Width <= 0 {
		return
	}
	middle := func(o fyne.CanvasObject, x, w, h float32) {
		o.Resize(fyne.NewSize(w, h))
		o.Move(fyne.NewPos(x, (size.Height-h)/2))
	}
	clock, right, date, dateWide := columnsOf(size.Width)
	r.box.Resize(fyne.NewSize(36, size.Height))
	r.box.Move(fyne.Position{})
	middle(r.kind, 34, 18, 18)
	r.date.Set(changed(r.item.ModTime, r.screen.state.Now, dateWide == dateWidth))
	middle(r.date, date-dateWide, dateWide, 20)
	middle(r.size, right-sizeWidth, sizeWidth, 20)
	middle(r.clock, clock, clockWidth, 28)
	room := clock - nameLeft - 6
	note, place := measureSmall(r.note.Words()), measureSmall(r.place.Words())
	if note > 0 {
		room -= note + 6
	}
	name := fyne.MeasureText(r.name.Words(), 14, fyne.TextStyle{}).Width + 1
	placeRoom := float32(0)
	if place > 0 {
		placeRoom = min(place+1, max(room-name-8, room*0.4))
		room -= placeRoom + 8
	}
	name = max(0, min(name, room))
	middle(r.name, nameLeft, name, 20)
	middle(r.note, nameLeft+name+6, note, 16)
	x := nameLeft + name + 8
	if note > 0 {
		x += note + 6
	}
	middle(r.where, x, placeRoom, 16)
}

func measureSmall(words string) float32 {
	if words == "" {
		return 0
	}
	return fyne.MeasureText(words, 12, fyne.TextStyle{}).Width + 1
}

// CreateRenderer is for Fyne.
func (r *itemRow) CreateRenderer() fyne.WidgetRenderer { return &itemRenderer{r} }

type itemRenderer struct{ r *itemRow }

func (w *itemRenderer) Layout(size fyne.Size) { w.r.layout(size) }
func (w *itemRenderer) MinSize() fyne.Size    { return fyne.NewSize(300, look.RowHeight) }
func (w *itemRenderer) Refresh() {
	for _, o := range w.Objects() {
		o.Refresh()
	}
}
func (w *itemRenderer) Objects() []fyne.CanvasObject {
	r := w.r
	return []fyne.CanvasObject{r.box, r.kind, r.name, r.note, r.where, r.clock, r.size, r.date}
}
func (w *itemRenderer) Destroy() {}

// iconOf is the icon that goes with an item's kind.
func iconOf(item engine.Item) string {
	switch item.Kind {
	case engine.KindFolder:
		return "folder"
	case engine.KindSymlink:
		return "link"
	}
	switch strings.ToLower(filepath.Ext(item.Name)) {
	case ".png", ".jpg", ".jpeg", ".gif", ".tif", ".tiff", ".webp", ".bmp", ".svg", ".heic":
		return "image"
	}
	return "file"
}

// placeOf is the folder of a search hit, as short as it can be said.
func (s *State) placeOf(item engine.Item) string {
	folder, home := parent(item.Path), s.home()
	if home != "" && folder == home {
		return s.folderName(home)
	}
	if home != "" && within(folder, home) {
		return shown(folder[len(home)+1:])
	}
	return shown(folder)
}

// branchRow is one row of the tree.
type branchRow struct {
	widget.BaseWidget
	screen *Screen
	row    treeRow
	turn   *look.RowIcon
	icon   *look.Glyph
	name   *look.Text
	drawn  string
}

func newBranchRow(s *Screen) *branchRow {
	b := &branchRow{screen: s, icon: look.NewGlyph(look.Icon("folder", look.ColorText), 17), name: look.Body("").Truncate()}
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
	x := 5 + 18*float32(min(b.row.depth, 12))
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
func (w *branchRenderer) Refresh() {
	for _, o := range w.Objects() {
		o.Refresh()
	}
}
func (w *branchRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{w.b.turn, w.b.icon, w.b.name}
}
func (w *branchRenderer) Destroy() {}
