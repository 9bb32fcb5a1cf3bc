package home

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// view holds the widgets of the screen.
type view struct {
	page         *look.PageView
	pause        *look.Button
	resume, now  *look.Button
	again        *look.Button
	againRow     fyne.CanvasObject
	compare      *look.Button
	compareRow   fyne.CanvasObject
	ring         *look.Ring
	pill         *look.PillWidget
	reason       *look.Words
	bars         *fyne.Container
	checked      *meter
	uploaded     *meter
	stored       *look.Text
	limit, at    *look.Text
	said         *look.Text
	facts        *fyne.Container
	due          *look.Text
	dueRow       fyne.CanvasObject
	proofHead    *look.Text
	proofLine    *look.Words
	proofLink    *look.Button
	problemsHead *look.Text
	problemsLine *look.Words
	problemsLink *look.Button
	days         *look.ColumnsChart
	daysNone     *look.Text
	replacing    fyne.CanvasObject
	replaceLine  *look.Words
	others       *fyne.Container
	otherRows    *fyne.Container
	drawnOthers  []string
	drawnFacts   []fact
	body         *fyne.Container
}

func (s *Screen) build() {
	v := &s.view
	v.pause = look.MenuButton("Pause", "pause", s.pauseMenu)
	v.resume = look.Secondary("Resume", "play", s.resume)
	v.now = look.Secondary("Back up now", "refresh-cw", s.backUpNow)
	v.body = look.Column(look.Gap, s.replaceCard(), s.stateCard(), s.cards(), s.othersCard())
	v.page = look.Page("This computer", "", look.Scroll(v.body), v.now, v.pause, v.resume)
}

func (s *Screen) stateCard() fyne.CanvasObject {
	v := &s.view
	v.ring = look.NewRing()
	v.pill = look.Pill("", engine.ToneQuiet)
	v.reason = look.SoftParagraph("")
	v.checked = newMeter("Checking files", "Checking")
	v.uploaded = newMeter("Uploading what is new", "Uploading")
	v.stored, v.limit = look.SoftSmall("").Truncate(), look.SoftSmall("")
	v.at = look.SoftSmall("").TruncateMiddle()
	v.said = look.SoftSmall("").Truncate()
	v.bars = look.Column(8, v.checked.object, v.uploaded.object, look.Column(0, v.stored, look.Row(3, v.limit, look.Grow(v.at))))
	v.facts = look.Column(4)
	v.due = look.Body("").Truncate()
	v.dueRow = look.Column(2, look.Row(8, look.Sized(look.SoftBody("Old versions"), 104, 20), look.Grow(v.due)),
		look.Pad(look.Leading(look.SmallLink("Free up space", func() { s.deps.FreeSpace() })), 0, 0, 0, 112))
	v.again = look.Secondary("Sign in again", "external-link", s.signInAgain)
	v.againRow = look.Leading(v.again)
	v.compare = look.Secondary("Compare the certificate", "shield-check", s.compareCertificate)
	v.compareRow = look.Leading(v.compare)
	middle := look.Column(12, container.New(&leadIn{}, v.pill, v.reason), v.againRow, v.compareRow, v.bars, v.facts, v.dueRow)
	buttons := look.Sized(look.Column(10,
		look.Primary("Get Files", "history", func() { s.deps.GetFiles("") }),
		look.Secondary("Manage Files", "list-checks", func() { s.deps.ManageFiles() }),
		look.Link("Details", func() { s.deps.Details() })), 150, 0)
	return look.CardPadded(look.Sized(look.Row(32, v.ring, look.Grow(middle), buttons), 0, 142), 28)
}

// replaceCard offers to go on with a replacement that is under way.
func (s *Screen) replaceCard() fyne.CanvasObject {
	v := &s.view
	v.replaceLine = look.Paragraph("")
	v.replacing = container.NewStack(look.NewBox(look.ColorAccentSoft, "", look.CardRadius),
		look.Pad(look.Row(14, look.NewGlyph(look.Icon("laptop", look.ColorAccent), look.IconSize), look.Grow(v.replaceLine),
			look.Secondary("Go on", "", func() { s.deps.Replace() })), 12, 14, 12, 20))
	v.replacing.Hide()
	return v.replacing
}

func (s *Screen) cards() fyne.CanvasObject {
	v := &s.view
	v.proofHead, v.proofLine = look.Heading("").Truncate(), look.SmallParagraph("")
	v.proofLink = look.SmallLink("Try it now", s.prove)
	v.problemsHead, v.problemsLine = look.Heading("").Truncate(), look.SmallParagraph("")
	v.problemsLink = look.SmallLink("See which and why", func() { s.deps.Details() })
	v.days = look.Columns(50)
	v.daysNone = look.SoftSmall("Nothing stored yet").Truncate()
	small := func(title string, objects ...fyne.CanvasObject) fyne.CanvasObject {
		return look.Card(look.Column(4, append([]fyne.CanvasObject{look.SoftSmall(title).Truncate()}, objects...)...))
	}
	return container.New(thirds{},
		small("Last proven restorable", v.proofHead, v.proofLine, look.Leading(v.proofLink)),
		small("Not protected", v.problemsHead, v.problemsLine, look.Leading(v.problemsLink)),
		small("Stored per day, last two weeks", look.Grow(v.days), v.daysNone))
}

func (s *Screen) othersCard() fyne.CanvasObject {
	v := &s.view
	v.otherRows = look.Column(0)
	v.others = container.NewStack(look.Card(look.Column(12, look.Heading("My other computers"), v.otherRows)))
	v.others.Hide()
	return v.others
}

func (s *Screen) pauseMenu() *fyne.Menu {
	menu := fyne.NewMenu("")
	for _, p := range pauses(s.deps.Now()) {
		menu.Items = append(menu.Items, fyne.NewMenuItem(p.Words, func() { s.pause(p.Until) }))
	}
	return menu
}

// draw shows a state, whole.
func (s *Screen) draw(next State) {
	s.state = next
	v := &s.view
	v.page.SetSubtitle(next.subtitle())
	running := next.Status.State == engine.StateBackingUp
	paused := next.Status.State == engine.StatePaused
	show(v.pause, next.Known && !paused)
	show(v.resume, paused)
	show(v.now, next.Known && !running && next.Status.State != engine.StateSetup)
	v.now.SetText("Back up now")
	if next.Starting {
		v.now.SetText("Starting…")
		v.now.Disable()
		v.said.Set("")
	} else {
		v.now.Enable()
	}
	v.replaceLine.Set(next.replacing())
	show(v.replacing, next.Replacing.Old.ID != "")
	s.drawState(running)
	s.drawCards()
	s.drawOthers()
	v.page.Head.Refresh()
	v.body.Refresh()
}

func (s *Screen) drawState(running bool) {
	v, st := &s.view, s.state
	words, reason, tone := string(st.Status.State), st.Status.Reason, look.StateTone(st.Status.State)
	switch {
	case st.Err != nil:
		words, reason, tone = "No answer", look.Sentence(st.Err), engine.ToneBad
	case !st.Known:
		words, reason, tone = "Looking", "Asking how the backup stands.", engine.ToneQuiet
	}
	v.pill.Set(words, tone)
	v.reason.Set(reason)
	show(v.againRow, st.Status.SignIn && st.Err == nil)
	show(v.compareRow, st.Status.Certificate && st.Err == nil)
	s.drawCompare()
	fraction, big, icon, small := st.picture()
	ink := look.ColorAccent
	if !running {
		ink, _ = look.ToneColors(tone)
	}
	if icon != "" {
		v.ring.SetIcon(fraction, icon, small, ink)
	} else {
		v.ring.Set(fraction, big, small, ink)
	}
	show(v.bars, running)
	if running {
		p := st.Status.Progress
		figure, share := checking(p)
		v.checked.set(figure, share, share >= 1 && !p.Counting)
		figure, share = uploading(p)
		v.uploaded.set(figure, share, false)
		v.stored.Set(stored(p))
		show(v.stored, v.stored.Words() != "")
		v.limit.Set(limit(p))
		show(v.limit, p.Limit != "")
		v.at.Set(current(p, st.Status.Computer.Home))
	}
	s.drawFacts(st.Known && !running)
	v.due.Set(due(st.Status.Due))
	show(v.dueRow, st.Known && !running && st.Status.Due.Any())
}

func (s *Screen) drawFacts(visible bool) {
	v := &s.view
	show(v.facts, visible)
	show(v.said, v.said.Words() != "")
	if !visible {
		return
	}
	facts := s.state.facts()
	if slices.Equal(facts, v.drawnFacts) {
		return
	}
	v.drawnFacts = facts
	v.facts.Objects = nil
	for _, f := range facts {
		v.facts.Add(look.Row(8, look.Sized(look.SoftBody(f.Name), 104, 20), look.Grow(look.Body(f.Value).TruncateMiddle())))
	}
	v.facts.Add(v.said)
}

func (s *Screen) drawCards() {
	v, st := &s.view, s.state
	head, line, bad := st.proven()
	v.proofHead.Set(head)
	v.proofLine.Set(line)
	ink := look.ColorText
	if bad {
		ink = look.ColorBad
	}
	v.proofHead.SetColor(ink)
	if st.Proving.IsZero() {
		v.proofLink.SetText("Try it now")
	} else {
		v.proofLink.SetText("Stop")
	}
	show(v.proofLink, st.Known && !st.Status.LastBackup.IsZero())
	head, line = st.unprotected()
	v.problemsHead.Set(head)
	v.problemsLine.Set(line)
	show(v.problemsLine, line != "")
	show(v.problemsLink, st.Status.Problems > 0)
	values, any := make([]int64, len(st.Status.Days)), false
	for i, d := range st.Status.Days {
		values[i] = d.Bytes
		any = any || d.Bytes > 0
	}
	v.days.Set(values)
	show(v.days, any)
	show(v.daysNone, st.Known && !any)
}

func (s *Screen) drawOthers() {
	v, st := &s.view, s.state
	show(v.others, len(st.Others) > 0)
	var words []string // what the rows say; they are made anew only when it changes
	for _, c := range st.Others {
		state, _ := other(c, st.Now)
		words = append(words, c.ID, c.Name, state, holds(c), look.Ago(c.LastBackup, st.Now))
	}
	if slices.Equal(v.drawnOthers, words) {
		return
	}
	v.drawnOthers = words
	v.otherRows.Objects = nil
	for _, c := range st.Others {
		words, tone := other(c, st.Now)
		id := c.ID
		v.otherRows.Add(look.Column(0, look.Rule(), look.Pad(look.Row(12,
			look.NewGlyph(look.Icon("laptop", look.ColorText), look.IconSize),
			look.Grow(look.Column(0, look.Strong(c.Name).Truncate(), look.SoftSmall(holds(c)).Truncate())),
			look.Pill(words, tone),
			look.Sized(look.SoftSmall(look.Ago(c.LastBackup, st.Now)).Right(), 112, 16),
			look.Secondary("Get Files", "history", func() { s.deps.GetFiles(id) })), 10, 0, 10, 0)))
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

// leadIn puts words beside the pill where they fit on one line, else below it.
type leadIn struct{ width float32 }

const leadGap = 10

func (l *leadIn) beside(objects []fyne.CanvasObject, width float32) bool {
	words := look.Body(objects[1].(*look.Words).Words()).MinSize().Width
	return objects[0].MinSize().Width+leadGap+words <= width
}

// MinSize is that of the width that was last given.
func (l *leadIn) MinSize(objects []fyne.CanvasObject) fyne.Size {
	pill, words := objects[0].MinSize(), objects[1].MinSize()
	if l.beside(objects, l.width) {
		return fyne.NewSize(160, pill.Height)
	}
	return fyne.NewSize(160, pill.Height+6+words.Height)
}

// Layout decides anew.
func (l *leadIn) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	l.width = size.Width
	pill := objects[0].MinSize()
	objects[0].Resize(pill)
	x, y := pill.Width+leadGap, float32(2)
	if !l.beside(objects, size.Width) {
		x, y = 0, pill.Height+6
	}
	objects[1].Resize(fyne.NewSize(size.Width-x, size.Height-y))
	objects[1].Move(fyne.NewPos(x, y))
}

// meter is a bar with its name and figure above. Where there is no room for both,
// the name is shorter: the figure is what one looks for.
type meter struct {
	object      fyne.CanvasObject
	name        *look.Text
	figure      *look.Text
	bar         *look.BarWidget
	long, short string
}

func newMeter(long, short string) *meter {
	m := &meter{name: look.Body(long), figure: look.Figures("").Truncate(), bar: look.Bar(0), long: long, short: short}
	m.object = look.Column(4, container.New(m, m.name, m.figure), m.bar)
	return m
}

func (m *meter) set(figure string, fraction float64, done bool) {
	m.figure.Set(figure)
	m.bar.Set(fraction)
	ink := look.ColorAccent
	if done {
		ink = look.ColorOK
	}
	m.bar.SetColor(ink)
}

// MinSize and Layout make a meter the layout of its own first line.
func (m *meter) MinSize([]fyne.CanvasObject) fyne.Size { return fyne.NewSize(160, 20) }

// Layout gives the figure what it needs.
func (m *meter) Layout(_ []fyne.CanvasObject, size fyne.Size) {
	const gap = 12
	want := look.Figures(m.figure.Words()).MinSize().Width
	words := m.long
	if look.Body(words).MinSize().Width+gap+want > size.Width {
		words = m.short
	}
	m.name.Set(words)
	left := m.name.MinSize().Width
	m.name.Resize(fyne.NewSize(left, 20))
	m.figure.Move(fyne.NewPos(left+gap, 0))
	m.figure.Resize(fyne.NewSize(max(0, size.Width-left-gap), 20))
}

// thirds puts three cards beside one another, the last one wider.
type thirds struct{}

func (thirds) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(480, 118)
	for _, o := range objects {
		size.Height = max(size.Height, o.MinSize().Height)
	}
	return size
}

func (thirds) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	unit := (size.Width - 2*look.Gap) / 7
	x := float32(0)
	for i, o := range objects {
		width := 2 * unit
		if i == 2 {
			width = 3 * unit
		}
		o.Resize(fyne.NewSize(width, size.Height))
		o.Move(fyne.NewPos(x, 0))
		x += width + look.Gap
	}
}
