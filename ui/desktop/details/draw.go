package details

import (
	"path/filepath"
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// view holds the widgets of the screen.
type view struct {
	page               *look.PageView
	body               *fyne.Container
	wrong              *look.Words
	toDoHead, toDoLine *look.Text
	pill               *look.PillWidget
	address            *look.Text
	addressLine        *look.Words
	savedHead          *look.Text
	savedLine          *look.Words
	days               *look.ColumnsChart
	daysLine           *look.Text
	drawnDays          []engine.Day
	space              *look.TreemapWidget
	spaceNone          *look.Words
	drawnSpace         []engine.SpaceItem
	problemsHead       *look.Text
	problemsNone       *look.Words
	retryAll           *look.Button
	list               *look.List
	listRoom           *listRoom
	listHolder         *fyne.Container
}

const problemHeight = 52

func (s *Screen) build() {
	v := &s.view
	v.wrong = look.Paragraph("")
	v.wrong.SetColor(look.ColorBad)
	v.body = look.Column(look.Gap, v.wrong, s.figures(), s.pictures(), s.problems())
	v.page = look.Page("Details", "", look.Scroll(v.body))
	back := look.IconButton("arrow-left", "Back to Home", func() { s.deps.Back() })
	v.page.Head.Objects = append([]fyne.CanvasObject{back}, v.page.Head.Objects...)
}

func (s *Screen) figures() fyne.CanvasObject {
	v := &s.view
	v.toDoHead, v.toDoLine = look.Heading("").Truncate(), look.SoftSmall("").Truncate()
	v.pill, v.address, v.addressLine = look.Pill("", engine.ToneQuiet), look.Heading("").TruncateMiddle(), look.SmallParagraph("")
	v.savedHead, v.savedLine = look.Heading("").Truncate(), look.SmallParagraph("")
	return container.New(shares{2, 3, 3},
		look.Card(look.Column(4, look.SoftSmall("To do"), v.toDoHead, v.toDoLine)),
		look.Card(look.Column(4, look.Row(8, look.Grow(look.SoftSmall("Kept at").Truncate()), v.pill), v.address, v.addressLine)),
		look.Card(look.Column(4, look.SoftSmall("Stored there"), v.savedHead, v.savedLine)))
}

func (s *Screen) pictures() fyne.CanvasObject {
	v := &s.view
	v.days, v.daysLine = look.Columns(132), look.SoftSmall("").Truncate()
	v.days.OnHover = s.overDay
	v.space = look.Treemap(fyne.NewSize(120, 132))
	v.spaceNone = look.SmallParagraph("Shown after the first backup.")
	return container.New(shares{1, 1},
		look.Card(look.Column(8, look.Heading("Stored per day"), v.daysLine, look.Grow(v.days))),
		look.Card(look.Column(8, look.Heading("What takes the space"), v.spaceNone, look.Grow(v.space))))
}

func (s *Screen) problems() fyne.CanvasObject {
	v := &s.view
	v.problemsHead = look.Heading("").Truncate()
	v.problemsNone = look.SoftParagraph("Every chosen file could be read at the last look.")
	v.retryAll = look.Secondary("Retry all", "refresh-cw", func() { s.retry("") })
	v.list = look.NewList(func() int { return len(s.state.Problems) }, func() fyne.CanvasObject { return newProblemRow() }, s.fill)
	v.list.SetRowHeight(problemHeight)
	v.list.OnActivated = s.tell
	v.list.TypeAhead = func(i int) string { return filepath.Base(s.state.Problems[i].Path) }
	v.listRoom = &listRoom{}
	v.listHolder = container.New(v.listRoom, v.list)
	return look.Card(look.Column(10, look.Sized(look.Row(8, look.Grow(v.problemsHead), v.retryAll), 0, look.ControlHeight), v.problemsNone, v.listHolder))
}

// tell shows one problem whole.
func (s *Screen) tell(i int) {
	p := s.state.Problems[i]
	look.Notice(s.deps.Window, filepath.Base(p.Path), p.Path+"\n\n"+line(p)+"\n\nSince "+look.When(p.Since, s.state.Now)+".")
}

func (s *Screen) overDay(i int) {
	if i >= 0 && i < len(s.state.Details.Days) {
		s.view.daysLine.Set(day(s.state.Details.Days[i], s.state.Now))
	} else {
		s.view.daysLine.Set(perDay(s.state.Details.Days))
	}
}

func (s *Screen) fill(i int, o fyne.CanvasObject) {
	p := s.state.Problems[i]
	row := o.(*problemRow)
	row.name.Set(filepath.Base(p.Path))
	row.folder.Set(below(filepath.Dir(p.Path), s.state.Status.Computer.Home))
	row.line.Set(line(p))
	row.pill.Set(kind(p.Kind))
	row.retry.OnTapped = func() { s.retry(p.Path) }
	if s.state.Retrying[p.Path] || s.state.Retrying[""] {
		row.retry.SetText("Looking…")
		row.retry.Disable()
	} else {
		row.retry.SetText("Retry")
		row.retry.Enable()
	}
	row.Refresh()
}

// draw shows a state, whole.
func (s *Screen) draw(next State) {
	changed := !slices.Equal(s.state.Problems, next.Problems)
	s.state = next
	v := &s.view
	show(v.wrong, next.Err != nil)
	if next.Err != nil {
		v.wrong.Set(look.Sentence(next.Err))
	}
	head, words := next.toDo()
	v.toDoHead.Set(head)
	v.toDoLine.Set(words)
	pill, tone, words := next.place()
	v.pill.Set(pill, tone)
	v.address.Set(next.Status.Destination.Address)
	v.addressLine.Set(words)
	head, words = next.saved()
	v.savedHead.Set(head)
	v.savedLine.Set(words)
	s.drawPictures()
	v.problemsHead.Set(next.heading())
	show(v.retryAll, len(next.Problems) > 0)
	show(v.problemsNone, len(next.Problems) == 0)
	show(v.listHolder, len(next.Problems) > 0)
	v.listRoom.rows = len(next.Problems)
	if changed || len(next.Retrying) > 0 || len(next.Problems) > 0 {
		v.list.Refresh()
	}
	v.page.Head.Refresh()
	v.body.Refresh()
}

func (s *Screen) drawPictures() {
	v, d := &s.view, s.state.Details
	if !slices.Equal(v.drawnDays, d.Days) || v.daysLine.Words() == "" {
		v.drawnDays = d.Days
		values := make([]int64, len(d.Days))
		for i, day := range d.Days {
			values[i] = day.Bytes
		}
		v.days.Set(values)
		v.daysLine.Set(perDay(d.Days))
	}
	show(v.spaceNone, len(d.Space) == 0)
	if !slices.Equal(v.drawnSpace, d.Space) {
		v.drawnSpace = d.Space
		v.space.Set(areas(d.Space, s.state.Status.Computer.Home))
	}
}

func show(o fyne.CanvasObject, visible bool) {
	if visible == o.Visible() {
		return
	}
	if visible {
		o.Show()
	} else {
		o.Hide()
	}
}

// listRoom gives the list the height of its rows, up to eight of them.
type listRoom struct{ rows int }

func (l *listRoom) MinSize([]fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(200, problemHeight*float32(min(l.rows, 8)))
}

func (l *listRoom) Layout(objects []fyne.CanvasObject, size fyne.Size) { objects[0].Resize(size) }

// shares puts cards beside one another, as wide as their shares, equally high.
type shares []float32

func (s shares) MinSize(objects []fyne.CanvasObject) fyne.Size {
	var size fyne.Size
	for _, o := range objects {
		size.Height = max(size.Height, o.MinSize().Height)
	}
	return fyne.NewSize(480, size.Height)
}

func (s shares) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	total := float32(0)
	for _, v := range s {
		total += v
	}
	unit, x := (size.Width-look.Gap*float32(len(s)-1))/total, float32(0)
	for i, o := range objects {
		o.Resize(fyne.NewSize(unit*s[i], size.Height))
		o.Move(fyne.NewPos(x, 0))
		x += unit*s[i] + look.Gap
	}
}
