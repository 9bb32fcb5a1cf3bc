package getfiles

import (
	"image/color"
	"path/filepath"
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
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
	sizeNarrow float32 = 60
	clockWidth float32 = 24
	narrow     float32 = 520 // rows below this show the day without the time
)

// columnsOf are the right edges of size and date and the left edge of the clock.
func columnsOf(width float32) (clock, size, date, dateWide, sizeWide float32) {
	dateWide, sizeWide = dateWidth, sizeWidth
	if width < narrow {
		dateWide, sizeWide = dateNarrow, sizeNarrow
	}
	date = width - rowInset
	size = date - dateWide - 6
	clock = size - sizeWide - clockWidth - 8
	return clock, size, date, dateWide, sizeWide
}

// markBox is a check box of a row. Unlike look.CheckBox it cannot have the focus:
// the list has it, and Space checks the selected row.
type markBox struct {
	widget.BaseWidget
	tapped func()
	box    *look.Box
	tick   [2]*canvas.Line // short and long stroke; a dash is the long one alone
	mark   engine.Mark
}

func newMarkBox() *markBox {
	m := &markBox{box: look.NewBox(look.ColorSurface, look.ColorBox, 4)}
	for i := range m.tick {
		m.tick[i] = canvas.NewLine(color.Transparent)
		m.tick[i].StrokeWidth = 2
	}
	m.ExtendBaseWidget(m)
	m.paint()
	return m
}

func (m *markBox) set(mark engine.Mark) {
	if m.mark != mark {
		m.mark = mark
		m.paint()
		m.layout(m.Size())
	}
}

func (m *markBox) paint() {
	m.tick[0].Hidden, m.tick[1].Hidden = m.mark != engine.MarkCheck, m.mark == engine.MarkEmpty
	if m.mark == engine.MarkEmpty {
		m.box.SetColors(look.ColorSurface, look.ColorBox)
	} else {
		m.box.SetColors(look.ColorAccent, look.ColorAccent)
	}
	for _, line := range m.tick {
		line.StrokeColor = look.Color(look.ColorOnAccent)
		line.Refresh()
	}
}

func (m *markBox) layout(size fyne.Size) {
	at := fyne.NewPos(rowInset, (size.Height-16)/2)
	m.box.Resize(fyne.NewSquareSize(16))
	m.box.Move(at)
	set := func(l *canvas.Line, x1, y1, x2, y2 float32) {
		l.Position1, l.Position2 = at.AddXY(x1, y1), at.AddXY(x2, y2)
	}
	set(m.tick[0], 3.6, 8.2, 6.8, 11.2)
	if m.mark == engine.MarkDash {
		set(m.tick[1], 4, 8, 12, 8)
	} else {
		set(m.tick[1], 6.6, 11.2, 12.4, 4.8)
	}
}

func (m *markBox) Tapped(*fyne.PointEvent) { m.tapped() }
func (m *markBox) Cursor() desktop.Cursor  { return desktop.PointerCursor }
func (m *markBox) MinSize() fyne.Size      { return fyne.NewSize(36, look.RowHeight) }
func (m *markBox) CreateRenderer() fyne.WidgetRenderer {
	return &markRenderer{m}
}

type markRenderer struct{ m *markBox }

func (r *markRenderer) Layout(size fyne.Size) { r.m.layout(size) }
func (r *markRenderer) MinSize() fyne.Size    { return r.m.MinSize() }
func (r *markRenderer) Refresh()              { r.m.paint() }
func (r *markRenderer) Objects() []fyne.CanvasObject {
	return []fyne.CanvasObject{r.m.box, r.m.tick[0], r.m.tick[1]}
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

	painted color.Color // of its words when it was drawn whole
}

func newItemRow(s *Screen) *itemRow {
	r := &itemRow{
		screen: s, index: -1, box: newMarkBox(), kind: look.NewGlyph(look.Icon("file", look.ColorText), 16), icon: "file",
		name: look.Body("").TruncateMiddle(), note: look.Small(""), place: look.SoftSmall("").TruncateMiddle(),
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
		if item.Unchosen {
			note = "not backed up since " + shortDay(item.Deleted, st.Now)
		}
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
	clock, right, date, dateWide, sizeWide := columnsOf(size.Width)
	r.box.Resize(fyne.NewSize(36, size.Height))
	r.box.Move(fyne.Position{})
	middle(r.kind, 34, 18, 18)
	r.date.Set(changed(r.item.ModTime, r.screen.state.Now, dateWide == dateWidth))
	middle(r.date, date-dateWide, dateWide, 20)
	middle(r.size, right-sizeWide, sizeWide, 20)
	middle(r.clock, clock, clockWidth, 28)
	room := clock - nameLeft - 6
	if size.Width < narrow && !r.clock.Visible() {
		room += clockWidth
	}
	note, place := measureSmall(r.note.Words()), measureSmall(r.place.Words())
	if note > 0 {
		room -= note + 6
	}
	name := fyne.MeasureText(r.name.Words(), 14, fyne.TextStyle{}).Width + 1
	placeRoom := float32(0)
	if place > 0 && (note == 0 || room-name-8 >= 60) {
		placeRoom = min(place, max(room-name-8, room*0.35))
		room -= placeRoom + 8
	}
	name = max(0, min(name, room))
	middle(r.name, nameLeft, name, 20)
	middle(r.note, nameLeft+name+6, note, 16)
	r.where.Hide()
	if placeRoom > 0 {
		r.where.Show()
	}
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

// Refresh draws the row in the colours of now. The list asks for it at every step
// of a scroll, while its parts are refreshed where they change: so it does nothing
// as long as the colours are the same.
func (w *itemRenderer) Refresh() {
	if now := look.Color(look.ColorText); now != w.r.painted {
		w.r.painted = now
		for _, o := range w.Objects() {
			o.Refresh()
		}
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
