package signin

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/canvas"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// view holds the widgets of the screen.
type view struct {
	accountView
	root  *fyne.Container
	steps map[Step]fyne.CanvasObject

	drives      *fyne.Container
	drawnDrives []Drive
	driveRows   []*driveRow
	address     *look.Input
	verdict     *look.Words
	verdictIcon *look.Glyph
	verdictRow  fyne.CanvasObject
	inside      *look.Button
	warning     *look.Words
	warningRow  fyne.CanvasObject
	secret      *look.Input
	secretField fyne.CanvasObject
	ownPhrase   *look.CheckBox
	phrase      *look.Input
	again       *look.Input
	phrases     fyne.CanvasObject
	wrong       *look.Words
	goOn        *look.Button
	body        *fyne.Container

	code   *fyne.Container
	note   *look.Words
	copied *look.Words
	kept   *look.CheckBox
	done   *look.Button

	openedNote *look.Words
	openedList *fyne.Container
}

func (s *Screen) build() {
	s.view.steps = map[Step]fyne.CanvasObject{
		StepStart:   s.buildStart(),
		StepServer:  s.buildServer(),
		StepBrowser: s.buildBrowser(),
		StepJoin:    s.buildJoin(),
		StepPlace:   s.buildPlace(),
		StepCode:    s.buildCode(),
		StepOpened:  s.buildOpened(),
	}
	s.view.root = container.NewStack()
}

// middle puts a card of a width in the middle of the window; what is higher than
// the window scrolls.
func middle(content fyne.CanvasObject, width float32) fyne.CanvasObject {
	return put(content, centred{width: width})
}

func put(content fyne.CanvasObject, where centred) fyne.CanvasObject {
	return look.Scroll(container.New(&where, look.CardPadded(content, 36)))
}

// The card stays where its top is when it grows or shrinks, so that nothing moves
// away from the pointer; it is put into the middle anew when the window changes.
type centred struct {
	width  float32
	lift   float32   // how far above the middle it begins, when it is going to grow
	window fyne.Size // for which top was found
	top    float32
}

func (c *centred) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(320, objects[0].MinSize().Height+48)
}

func (c *centred) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	width := min(c.width, size.Width-48)
	o := objects[0]
	o.Resize(fyne.NewSize(width, o.MinSize().Height))
	height := o.MinSize().Height
	o.Resize(fyne.NewSize(width, height))
	if c.window != size {
		c.window, c.top = size, (size.Height-height)/2-c.lift
	}
	top := max(24, min(c.top, size.Height-height-24))
	o.Move(fyne.NewPos((size.Width-width)/2, top))
}

func (s *Screen) buildPlace() fyne.CanvasObject {
	v := &s.view
	v.drives = look.Column(4)
	v.address = look.NewInput("Path of a folder")
	v.address.OnChanged = s.setAddress
	v.address.OnSubmitted = func(string) { s.goOn() }
	browse := look.Secondary("Browse…", "folder", func() {
		look.PickFolder(s.deps.Window, func(path string) { v.address.SetText(path) })
	})
	v.verdict, v.verdictIcon = look.SmallParagraph(""), look.NewGlyph(look.Icon("circle-check", look.ColorOK), look.IconSize)
	v.verdictRow = look.Row(8, v.verdictIcon, look.Grow(v.verdict))
	v.warning = look.SmallParagraph("")
	v.warning.SetColor(look.ColorWarn)
	v.warningRow = look.Row(8, look.NewGlyph(look.Icon("triangle-alert", look.ColorWarn), look.IconSize), look.Grow(v.warning))
	v.inside = look.SmallLink("", func() { v.address.SetText(s.state.inside()) })
	v.secret = look.NewPassword("")
	v.secret.OnSubmitted = func(string) { s.goOn() }
	v.secretField = look.Field("Password or recovery code", v.secret)
	v.ownPhrase = look.Check("I also want to open it with a passphrase of my own", engine.MarkEmpty, s.setOwnPhrase)
	v.phrase, v.again = look.NewPassword(""), look.NewPassword("")
	v.again.OnSubmitted = func(string) { s.goOn() }
	v.phrases = container.NewGridWithColumns(2, look.Field("Passphrase", v.phrase), look.Field("The same again", v.again))
	v.wrong = look.SmallParagraph("")
	v.wrong.SetColor(look.ColorBad)
	v.goOn = look.Primary("Continue", "", s.goOn)
	v.body = look.Column(look.Gap,
		look.Column(6, look.Title("Where should the backup be kept?"),
			look.SoftParagraph("Best on a drive that is not always in this computer. Everything is encrypted before it is written there.")),
		v.drives,
		look.Column(8, look.Field("Folder", look.Row(8, look.Grow(v.address), browse)), v.verdictRow, look.Leading(v.inside), v.warningRow),
		v.secretField, v.ownPhrase, v.phrases, v.wrong,
		look.Pad(look.Row(8, look.Space(), look.Secondary("Back", "", s.start), v.goOn), 4, 0, 0, 0))
	return put(v.body, centred{width: 560, lift: 72})
}

func (s *Screen) buildCode() fyne.CanvasObject {
	v := &s.view
	v.code = container.NewGridWithColumns(3)
	box := container.NewStack(look.NewBox(look.ColorAccentSoft, "", look.ControlRadius), look.Pad(v.code, 18, 12, 18, 12))
	v.copied, v.note = look.SmallParagraph(""), look.SmallParagraph("")
	v.kept = look.Check("I have kept it in a safe place", engine.MarkEmpty, s.setKept)
	v.done = look.Primary("Done", "", s.done)
	keep := []fyne.CanvasObject{look.Secondary("Copy", "copy", s.copyCode), look.Secondary("Save as text…", "save", s.saveCode)}
	if s.deps.Print != nil {
		keep = append(keep, look.Secondary("Print", "printer", s.printCode))
	}
	return middle(look.Column(look.Gap,
		look.Column(6, look.Title("Your recovery code"),
			look.SoftParagraph("It opens your backup on any computer, should this one be lost. It is shown **this once** and nobody else has it. Keep it on paper or in a password manager, away from this computer.")),
		box, look.Row(8, keep...), v.copied, v.note, look.Rule(),
		look.Row(8, look.Grow(v.kept), v.done)), 560)
}

func (s *Screen) buildOpened() fyne.CanvasObject {
	v := &s.view
	v.openedNote, v.openedList = look.SmallParagraph(""), look.Column(8)
	return middle(look.Column(look.Gap,
		look.Column(6, look.Title("The backup is open"),
			look.SoftParagraph("This computer joins it. What is stored there already is not uploaded again, and nothing in it is changed.")),
		v.openedList, v.openedNote,
		look.Row(8, look.Space(), look.Primary("Done", "", s.done))), 480)
}

// draw shows a state, whole.
func (s *Screen) draw(next State) {
	before := s.state.Step
	s.state = next
	switch next.Step {
	case StepStart:
		s.drawStart()
	case StepServer:
		s.drawServer()
	case StepBrowser:
		s.drawBrowser()
	case StepJoin:
		s.drawJoin()
	case StepPlace:
		s.drawPlace()
	case StepCode:
		s.drawCode()
	case StepOpened:
		s.drawOpened()
	}
	step := s.view.steps[next.Step]
	if len(s.view.root.Objects) == 0 || s.view.root.Objects[0] != step {
		s.view.root.Objects = []fyne.CanvasObject{step}
		if s.deps.Window != nil && before != next.Step {
			s.deps.Window.Canvas().Unfocus()
		}
	}
	s.view.root.Refresh()
	if next.Step == StepPlace && before != StepPlace && s.deps.Window != nil {
		s.deps.Window.Canvas().Focus(s.view.address)
	}
}

func (s *Screen) drawPlace() {
	v, st := &s.view, s.state
	s.drawDrives()
	words, tone, icon := st.verdict()
	show(v.verdictRow, words != "")
	if words != "" {
		ink, _ := look.ToneColors(tone)
		v.verdict.Set(words)
		v.verdictIcon.SetIcon(look.Icon(icon, ink))
	}
	show(v.inside, st.inside() != "")
	v.inside.SetText("Use " + st.inside())
	v.warning.Set(st.warning())
	show(v.warningRow, st.warning() != "")
	show(v.secretField, st.opens())
	show(v.ownPhrase, st.makes())
	v.ownPhrase.SetChecked(st.OwnPhrase)
	show(v.phrases, st.makes() && st.OwnPhrase)
	v.wrong.Set("")
	if st.ConnectErr != nil {
		v.wrong.Set(look.Sentence(st.ConnectErr))
	}
	show(v.wrong, st.ConnectErr != nil)
	switch {
	case st.Connecting && st.opens():
		v.goOn.SetText("Opening…")
	case st.Connecting:
		v.goOn.SetText("Preparing…")
	default:
		v.goOn.SetText("Continue")
	}
	if st.Connecting || st.Looking || st.PlaceErr != nil || !st.usable() {
		v.goOn.Disable()
	} else {
		v.goOn.Enable()
	}
	v.body.Refresh()
}

func (s *Screen) drawDrives() {
	v, st := &s.view, s.state
	show(v.drives, len(st.Drives) > 0)
	if !slices.Equal(v.drawnDrives, st.Drives) {
		v.drawnDrives, v.driveRows, v.drives.Objects = st.Drives, nil, nil
		for _, d := range st.Drives {
			row := newDriveRow(d, func() { v.address.SetText(folderOn(d)) })
			v.driveRows = append(v.driveRows, row)
			v.drives.Add(row)
		}
	}
	for _, row := range v.driveRows {
		row.setChosen(st.Address == folderOn(row.drive))
	}
}

func (s *Screen) drawCode() {
	v, st := &s.view, s.state
	v.code.Objects = nil
	for _, g := range groups(st.Connected.RecoveryCode) {
		v.code.Add(newGroup(g))
	}
	v.code.Refresh()
	show(v.copied, v.copied.Words() != "")
	v.note.Set(st.Connected.KeyNote)
	show(v.note, st.Connected.KeyNote != "")
	v.kept.SetChecked(st.Kept)
	if st.Kept {
		v.done.Enable()
	} else {
		v.done.Disable()
	}
}

func (s *Screen) drawOpened() {
	v, st := &s.view, s.state
	v.openedNote.Set(st.Connected.KeyNote)
	show(v.openedNote, st.Connected.KeyNote != "")
	v.openedList.Objects = nil
	for _, c := range st.Connected.Computers {
		name := c.Name
		if c.This {
			name += " (this computer)"
		}
		v.openedList.Add(look.Row(10, look.NewGlyph(look.Icon("laptop", look.ColorText), look.IconSize), look.Grow(look.Body(name).Truncate()),
			look.SoftSmall(look.Ago(c.LastBackup, s.deps.Now()))))
	}
}

// newGroup is one group of the code, in a face in which no two signs look alike.
func newGroup(words string) fyne.CanvasObject {
	return look.Centered(look.Code(words))
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
	canvas.Refresh(o)
}
