package replace

import (
	"slices"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// settingsView is what is taken over, and where the paths lie on this computer.
type settingsView struct {
	content    fyne.CanvasObject
	choices    []*offered
	pathsBlock *fyne.Container
	paths      *fyne.Container
	inputs     []*pathRow
	drawn      []string
	body       *fyne.Container
	scroll     *container.Scroll
}

// offered is one kind of settings.
type offered struct {
	box   *look.CheckBox
	note  *look.Words
	row   fyne.CanvasObject
	value func(*engine.Take) *bool
	says  func(engine.OldSettings) string
}

func (s *Screen) buildSettings() {
	v := &s.view.settings
	offer := func(label string, value func(*engine.Take) *bool, says func(engine.OldSettings) string) {
		o := &offered{note: look.SmallParagraph(""), value: value, says: says}
		o.box = look.Check("", engine.MarkEmpty, func(on bool) {
			*value(&s.state.Take) = on
			s.draw()
		})
		o.row = look.Row(12, o.box, look.Grow(look.Tap(look.Column(0, look.Body(label), o.note), o.box.Toggle)))
		v.choices = append(v.choices, o)
	}
	offer("What is backed up", func(t *engine.Take) *bool { return &t.Selection }, func(o engine.OldSettings) string { return selectionWords(o.Selection) })
	offer("Exclusions", func(t *engine.Take) *bool { return &t.Exclusions }, func(o engine.OldSettings) string { return exclusionWords(o.Selection) })
	offer("Schedule", func(t *engine.Take) *bool { return &t.Schedule }, func(o engine.OldSettings) string { return scheduleWords(o.Settings.Schedule) })
	offer("Limits", func(t *engine.Take) *bool { return &t.Limits }, func(o engine.OldSettings) string { return limitWords(o.Settings) })
	v.paths = look.Column(8)
	v.pathsBlock = look.Column(10, look.Rule(),
		look.Column(0, look.Heading("Where is it on this computer?"), look.SoftParagraph("The old home folder became this computer’s own. Change a path, or empty it to leave it out.")),
		container.New(fromTo{}, look.SmallStrong("On the old computer"), look.Body(""), look.SmallStrong("On this computer")),
		v.paths)
	rows := container.NewGridWithColumns(2)
	for _, o := range v.choices {
		rows.Add(o.row)
	}
	v.body = look.Column(16, rows, v.pathsBlock)
	v.scroll = look.Scroll(look.Pad(v.body, 2, 12, 2, 2))
	v.content = look.Column(16,
		look.Column(0, look.Heading("Which settings should this computer take over?"),
			look.SoftParagraph("What is not checked stays as it is here. Name, language and appearance of this computer stay in any case.")),
		look.Grow(look.Pad(v.scroll, 0, -12, 0, -2)))
}

func (s *Screen) drawSettings() fyne.CanvasObject {
	v, st := &s.view.settings, &s.state
	switch {
	case st.OldErr != nil:
		return look.Empty("triangle-alert", "The old settings cannot be read", look.Sentence(st.OldErr)+" You can go on; they are taken over with Finish as they are then.",
			look.Secondary("Try again", "refresh-cw", func() { s.readOld() }))
	case !st.OldKnown:
		return look.Centered(look.SoftBody("Reading the old settings…"))
	case !st.Old.Known:
		return look.Empty("settings-2", "The old computer kept no settings", "This computer keeps its own.", nil)
	}
	for _, o := range v.choices {
		o.box.SetChecked(*o.value(&st.Take))
		o.note.Set(o.says(st.Old))
	}
	s.drawPaths()
	show(v.pathsBlock, st.Take.Selection && len(st.Take.Paths) > 0)
	v.body.Refresh()
	v.scroll.Refresh()
	return v.content
}

// pathRow is one path and where it goes.
type pathRow struct {
	input *look.Input
	wrong *look.Words
	row   fyne.CanvasObject
}

// drawPaths makes the rows anew only for other paths: one is being typed into.
func (s *Screen) drawPaths() {
	v, take := &s.view.settings, &s.state.Take
	var from []string
	for _, p := range take.Paths {
		from = append(from, p.From)
	}
	if !slices.Equal(from, v.drawn) {
		v.drawn, v.inputs, v.paths.Objects = from, nil, nil
		for i, p := range take.Paths {
			r := s.newPathRow(i, p)
			v.inputs = append(v.inputs, r)
			v.paths.Add(r.row)
		}
	}
	for i, r := range v.inputs {
		if r.input.Text != take.Paths[i].To {
			r.input.SetText(take.Paths[i].To)
		}
		words := wrongPath(take.Paths[i].To)
		r.wrong.Set(words)
		show(r.wrong, words != "")
	}
	v.paths.Refresh()
}

func (s *Screen) newPathRow(i int, p engine.PathMove) *pathRow {
	r := &pathRow{input: look.NewInput("left out"), wrong: look.SmallParagraph("")}
	r.wrong.SetColor(look.ColorBad)
	r.input.SetText(p.To)
	r.input.OnChanged = func(text string) {
		if s.state.Take.Paths[i].To != text {
			s.state.Take.Paths[i].To = text
			s.draw()
		}
	}
	words := look.Column(0, look.Body(p.From).TruncateMiddle())
	if s.leftOut(p.From) {
		words.Add(look.SoftSmall("not backed up there"))
	}
	arrow := look.NewGlyph(look.Icon("chevron-right", look.ColorSoft), look.IconSize)
	r.row = container.New(fromTo{}, words, arrow, look.Column(4, r.input, r.wrong))
	return r
}

// fromTo gives both paths of a row the same room, so that rows line up.
type fromTo struct{}

func (fromTo) MinSize(objects []fyne.CanvasObject) fyne.Size {
	size := fyne.NewSize(320, 0)
	for _, o := range objects {
		size.Height = max(size.Height, o.MinSize().Height)
	}
	return size
}

func (fromTo) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	const between float32 = 44
	half := (size.Width - between) / 2
	place := func(o fyne.CanvasObject, x, width float32) {
		o.Resize(fyne.NewSize(width, o.MinSize().Height))
		o.Resize(fyne.NewSize(width, o.MinSize().Height)) // wrapped words tell their height only now
		o.Move(fyne.NewPos(x, (size.Height-o.Size().Height)/2))
	}
	place(objects[0], 0, half)
	place(objects[1], half+(between-look.IconSize)/2, look.IconSize)
	place(objects[2], half+between, half)
}

// leftOut says that the old computer chose a path in order to leave it out.
func (s *Screen) leftOut(path string) bool {
	return slices.ContainsFunc(s.state.Old.Selection.Choices, func(c engine.Choice) bool { return c.Path == path && !c.Include })
}
