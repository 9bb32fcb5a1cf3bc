package settings

import (
	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// section is one page of the settings.
type section struct {
	name, icon string
	content    fyne.CanvasObject
	draw       func()
}

// view holds the widgets; it draws the state and keeps none of its own but which
// section is in front.
type view struct {
	screen   *Screen
	page     *look.PageView
	sections []*section
	list     *look.List
	scroll   *container.Scroll
	body     *fyne.Container
	note     *noteLine
	parts    *fyne.Container
	replace  *look.Button // of Devices
}

// bar is room for the scroll bar, taken from the margin of the page.
const bar float32 = 12

// newView builds the widgets of a screen and draws its first state.
func newView(s *Screen) {
	v := &view{screen: s}
	s.view = v
	v.sections = []*section{
		newGeneral(s), newUsage(s), newSchedule(s), newNetwork(s),
		newVersions(s), newSecurity(s), newDestination(s), newDevices(s), newAbout(s),
	}
	v.list = look.NewList(func() int { return len(v.sections) },
		func() fyne.CanvasObject { return newSectionRow(v) },
		func(i int, o fyne.CanvasObject) { o.(*sectionRow).show(i) })
	v.list.SetRowHeight(look.ControlHeight)
	v.list.OnSelected = func(int) { v.open() }
	v.list.TypeAhead = func(i int) string { return v.sections[i].name }
	v.body = look.Column(0)
	v.scroll = look.Scroll(look.Pad(v.body, 0, bar, 0, 0))
	v.note = newNoteLine(s)
	v.parts = look.Column(12, look.Grow(look.Pad(v.scroll, 0, -bar, 0, 0)), v.note.line)
	v.page = look.Page("Settings", "", container.New(aside{}, v.list, v.parts))
	v.list.SetSelected(0)
	v.open()
}

// open brings the selected section in front.
func (v *view) open() {
	i := max(0, v.list.Selected())
	v.screen.state.note = note{}
	v.body.Objects = []fyne.CanvasObject{v.sections[i].content}
	v.scroll.ScrollToTop()
	v.draw()
}

// Open shows a section by its name, as "Destination"; other screens point here.
func (s *Screen) Open(name string) {
	for i, section := range s.view.sections {
		if section.name == name {
			s.view.list.Select(i)
		}
	}
}

func (v *view) draw() {
	s := &v.screen.state
	if !s.loaded {
		waiting := look.Centered(look.SoftBody("Reading…"))
		if s.failed != "" {
			waiting = look.Empty("triangle-alert", "The settings cannot be shown", s.failed,
				look.Secondary("Try again", "refresh-cw", v.screen.load))
		}
		v.body.Objects = []fyne.CanvasObject{look.Pad(waiting, 120, 0, 0, 0)}
		v.body.Refresh()
		return
	}
	front := v.sections[max(0, v.list.Selected())]
	if v.body.Objects[0] != front.content {
		v.body.Objects = []fyne.CanvasObject{front.content}
	}
	front.draw()
	v.note.draw()
	v.body.Refresh()
	v.scroll.Refresh()
	v.parts.Refresh()
}

// sectionRow is one line of the list of sections.
type sectionRow struct {
	widget.BaseWidget
	view *view
	icon *look.Glyph
	name *look.Text
	body fyne.CanvasObject
}

func newSectionRow(v *view) *sectionRow {
	r := &sectionRow{view: v, icon: look.NewGlyph(look.Icon("info", look.ColorText), look.IconSize), name: look.Body("").Truncate()}
	r.body = look.Pad(look.Row(10, r.icon, look.Grow(r.name)), 0, 8, 0, 10)
	r.ExtendBaseWidget(r)
	return r
}

func (r *sectionRow) show(i int) {
	section, color := r.view.sections[i], look.ColorText
	if i == r.view.list.Selected() {
		color = look.ColorAccent
	}
	r.icon.SetIcon(look.Icon(section.icon, color))
	r.name.Set(section.name)
	r.name.SetColor(color)
	r.name.SetStrong(i == r.view.list.Selected())
}

// CreateRenderer is for Fyne.
func (r *sectionRow) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.body) }

// aside puts the list of sections left of the section.
type aside struct{}

func (aside) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(400, 320) }

func (aside) Layout(o []fyne.CanvasObject, size fyne.Size) {
	wide := float32(184)
	if size.Width < 720 {
		wide = 148
	}
	o[0].Resize(fyne.NewSize(wide, size.Height))
	o[1].Move(fyne.NewPos(wide+look.Gap, 0))
	o[1].Resize(fyne.NewSize(size.Width-wide-look.Gap, size.Height))
}

// noteLine says what was changed, with the undo beside it.
type noteLine struct {
	screen *Screen
	line   fyne.CanvasObject
	icon   *look.Glyph
	words  *look.Words
	undo   *look.Button
}

func newNoteLine(s *Screen) *noteLine {
	n := &noteLine{screen: s, icon: look.NewGlyph(look.Icon("check", look.ColorOK), look.IconSize), words: look.Paragraph("")}
	n.undo = look.Link("Undo", s.undo)
	n.line = container.NewStack(look.NewBox(look.ColorSurface, look.ColorLine, look.CardRadius),
		look.Pad(look.Row(10, n.icon, look.Grow(n.words), look.Sized(n.undo, 0, look.ControlHeight)), 6, 10, 6, 16))
	return n
}

func (n *noteLine) draw() {
	note := n.screen.state.note
	show(n.line, note.words != "")
	show(n.undo, note.undo != nil)
	icon, color := "check", look.ColorOK
	if note.tone == engine.ToneBad {
		icon, color = "circle-x", look.ColorBad
	}
	n.icon.SetIcon(look.Icon(icon, color))
	n.words.Set(note.words)
}

func show(o fyne.CanvasObject, visible bool) {
	if visible {
		o.Show()
	} else {
		o.Hide()
	}
}
