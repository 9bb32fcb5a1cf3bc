package history

import (
	"strings"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"
	"fyne.io/fyne/v2/widget"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// view holds the widgets; it draws the state and keeps none of its own.
type view struct {
	screen *Screen
	page   *look.PageView
	search *look.Input
	list   *look.List
	body   *fyne.Container
	whole  *wholeCard
	parts  *fyne.Container
}

func newView(s *Screen) {
	v := &view{screen: s}
	s.view = v
	v.list = look.NewList(
		func() int { return len(s.state.pages.events) },
		func() fyne.CanvasObject { return newRow(v) },
		func(i int, o fyne.CanvasObject) {
			events := s.state.pages.events
			if i < len(events) {
				o.(*row).show(events[i])
			}
			if i > len(events)-20 {
				s.more()
			}
		})
	v.list.OnSelected = func(i int) {
		if i >= 0 && i < len(s.state.pages.events) {
			s.state.selected = s.state.pages.events[i].ID
			v.drawWhole()
		}
	}
	v.list.TypeAhead = func(i int) string { return s.state.pages.events[i].Text }
	v.search = look.NewSearch("Search what happened", s.search, func() { s.deps.Window.Canvas().Focus(v.list) })
	save := look.MenuButton("Export", "download", func() *fyne.Menu {
		return fyne.NewMenu("",
			fyne.NewMenuItem("As a table (CSV)…", func() { s.askExport(true) }),
			fyne.NewMenuItem("As text…", func() { s.askExport(false) }))
	})
	head := container.New(columns{}, look.SmallStrong("When"), look.Space(), look.SmallStrong("What"), look.SmallStrong("Event"))
	v.body = container.NewStack(v.list)
	card := container.NewStack(look.NewBox(look.ColorSurface, look.ColorLine, look.CardRadius),
		look.Pad(look.Column(0, look.Sized(head, 0, 30), look.Rule(), look.Grow(v.body)), 10, 11, 10, 11))
	v.whole = newWholeCard()
	v.parts = look.Column(look.Gap, v.search, look.Grow(card), v.whole.card)
	v.page = look.Page("History", "", v.parts, save)
	v.draw()
}

func (v *view) draw() {
	s := &v.screen.state
	var instead fyne.CanvasObject
	switch {
	case len(s.pages.events) > 0:
	case s.failed != "":
		instead = look.Empty("triangle-alert", "The history cannot be shown", s.failed,
			look.Secondary("Try again", "refresh-cw", func() { v.screen.load(0) }))
	case !s.loaded:
		instead = look.Centered(look.SoftBody("Reading…"))
	case s.text != "":
		instead = look.Empty("search", "Nothing found", "No event has “"+s.text+"” in it.", nil)
	default:
		instead = look.Empty("history", "Nothing has happened yet", "Backups, restores and changes of settings are listed here.", nil)
	}
	if instead == nil {
		instead = v.list
	}
	if v.body.Objects[0] != instead {
		v.body.Objects = []fyne.CanvasObject{instead}
		v.body.Refresh()
	}
	v.list.SetSelected(s.pages.find(s.selected))
	v.list.Refresh()
	v.drawWhole()
}

// drawWhole shows the selected event with all its words.
func (v *view) drawWhole() {
	s := &v.screen.state
	i := s.pages.find(s.selected)
	if i < 0 {
		v.whole.card.Hide()
	} else {
		v.whole.show(s.pages.events[i])
		v.whole.card.Show()
	}
	v.parts.Refresh()
}

// columns are date, icon, kind and sentence.
type columns struct{}

const (
	edge     float32 = 10
	dateWide float32 = 132
	kindWide float32 = 84
)

func (columns) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(360, look.RowHeight) }

func (columns) Layout(o []fyne.CanvasObject, size fyne.Size) {
	place := func(o fyne.CanvasObject, x, width, height float32) {
		o.Move(fyne.NewPos(x, (size.Height-height)/2))
		o.Resize(fyne.NewSize(width, height))
	}
	x := edge
	place(o[0], x, dateWide, 16)
	x += dateWide
	place(o[1], x, look.IconSize, look.IconSize)
	if o[1].MinSize().Width > 0 {
		x += look.IconSize + 8
	}
	place(o[2], x, kindWide-8, 16)
	x = edge + dateWide + look.IconSize + 8 + kindWide
	place(o[3], x, max(0, size.Width-x-edge), 20)
}

// row is one event on one line.
type row struct {
	widget.BaseWidget
	view *view
	when *look.Text
	icon *look.Glyph
	kind *look.Text
	text *look.Text
	body *fyne.Container
}

func newRow(v *view) *row {
	r := &row{view: v, when: look.SoftSmall(""), icon: look.NewGlyph(look.Icon("info", look.ColorSoft), 16), kind: look.SoftSmall(""), text: look.Body("").Truncate()}
	r.body = container.New(columns{}, r.when, r.icon, r.kind, r.text)
	r.ExtendBaseWidget(r)
	return r
}

func (r *row) show(e engine.Event) {
	color, _ := look.ToneColors(e.Tone)
	r.when.Set(look.When(e.Time, r.view.screen.deps.Now()))
	r.icon.SetIcon(look.Icon(iconName(e), color))
	r.kind.Set(kindWord(e))
	r.kind.SetColor(color)
	r.text.Set(oneLine(e.Text))
}

// CreateRenderer is for Fyne.
func (r *row) CreateRenderer() fyne.WidgetRenderer { return widget.NewSimpleRenderer(r.body) }

// kindWord is the word beside the colour of an event.
func kindWord(e engine.Event) string {
	if e.Kind == "" {
		return "Event"
	}
	return strings.ToUpper(e.Kind[:1]) + e.Kind[1:]
}

func iconName(e engine.Event) string {
	switch e.Tone {
	case engine.ToneBad:
		return "circle-x"
	case engine.ToneWarn:
		return "triangle-alert"
	}
	switch e.Kind {
	case "backup":
		return "circle-check"
	case "restore":
		return "download"
	case "settings":
		return "sliders-horizontal"
	case "check":
		return "shield-check"
	case "key":
		return "key-round"
	case "problem":
		return "triangle-alert"
	}
	return "info"
}

// wholeCard is the selected event below the list: a line of it may be too short.
type wholeCard struct {
	card fyne.CanvasObject
	when *look.Text
	text *look.Words
}

func newWholeCard() *wholeCard {
	c := &wholeCard{when: look.SoftSmall(""), text: look.Paragraph("")}
	c.card = look.Card(look.Column(4, c.when, c.text))
	return c
}

func (c *wholeCard) show(e engine.Event) {
	c.when.Set(e.Time.Local().Format("Monday 2 January 2006, 15:04:05") + " · " + kindWord(e))
	c.text.Set(e.Text)
}
