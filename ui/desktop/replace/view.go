package replace

import (
	"fmt"

	"fyne.io/fyne/v2"
	"fyne.io/fyne/v2/container"

	"holdfast/ui/desktop/look"
)

// view holds the widgets.
type view struct {
	page   *look.PageView
	cancel *look.Button
	steps  *fyne.Container
	card   *fyne.Container // what the step shows
	wrong  *look.Words
	left   *look.Text
	back   *look.Button
	skip   *look.Button
	next   *look.Button
	leave  *look.Button // of the last page
	body   *fyne.Container

	start    startView
	files    filesView
	settings settingsView
	finish   finishView
	done     doneView
}

func (s *Screen) build() {
	v := &s.view
	v.cancel = look.Secondary("Cancel", "", s.askCancel)
	v.steps = container.New(stepsLayout{})
	v.card = container.NewStack()
	v.wrong = look.Paragraph("")
	v.wrong.SetColor(look.ColorBad)
	v.left = look.SoftBody("").Truncate()
	v.back = look.Secondary("Back", "", s.back)
	v.skip = look.Secondary("Skip", "", s.skip)
	v.next = look.Primary("Continue", "", s.goOn)
	s.buildStart()
	s.buildFiles()
	s.buildSettings()
	s.buildFinish()
	s.buildDone()
	card := container.NewStack(look.NewBox(look.ColorSurface, look.ColorLine, look.CardRadius), look.Pad(v.card, 20, 20, 20, 20))
	v.body = look.Column(look.Gap,
		container.NewStack(look.NewBox(look.ColorSurface, look.ColorLine, look.CardRadius), look.Pad(v.steps, 16, 20, 16, 20)),
		look.Grow(card), v.wrong,
		look.Row(8, look.Grow(v.left), v.back, v.skip, v.next))
	v.page = look.Page("Replace a computer", "", v.body, v.cancel)
}

// goOn is the one primary button.
func (s *Screen) goOn() {
	switch s.state.Step {
	case StepStart:
		s.begin()
	case StepFiles:
		s.getFiles()
	case StepSettings:
		s.settle()
	case StepFinish:
		s.finish()
	case StepDone:
		s.deps.Leave()
	}
}

// draw shows the state, whole.
func (s *Screen) draw() {
	v := &s.view
	s.drawSteps()
	var shown fyne.CanvasObject
	switch {
	case !s.state.Known:
		shown = look.Centered(look.SoftBody("Reading…"))
	case s.state.Step == StepStart:
		shown = s.drawStart()
	case s.state.Step == StepFiles:
		shown = s.drawFiles()
	case s.state.Step == StepSettings:
		shown = s.drawSettings()
	case s.state.Step == StepFinish:
		shown = s.drawFinish()
	default:
		shown = s.drawDone()
	}
	if len(v.card.Objects) != 1 || v.card.Objects[0] != shown {
		v.card.Objects = []fyne.CanvasObject{shown}
		v.card.Refresh()
	}
	s.drawFoot()
	v.body.Refresh()
}

// drawFoot shows the line and the buttons of the step.
func (s *Screen) drawFoot() {
	v, st := &s.view, &s.state
	v.wrong.Set("")
	if st.Err != nil {
		v.wrong.Set(look.Sentence(st.Err))
	}
	show(v.wrong, st.Err != nil)
	left, next, can := "", "Continue", st.Known
	switch st.Step {
	case StepStart:
		can = can && st.Chosen != ""
	case StepFiles:
		left, next = fetchWords(*st), "Get Files and continue"
		can = can && st.TreeKnown && len(st.Tree.picks()) > 0
		if st.onTheirWay() {
			next, can = "Continue", true
		}
	case StepSettings:
		left = "Nothing is applied before Finish."
		can = can && !s.badPath() && (st.OldKnown || st.OldErr != nil)
	case StepFinish:
		next = "Finish"
	case StepDone:
		next = "Done"
	}
	if st.Doing != "" {
		left = st.Doing
	}
	v.left.Set(left)
	v.next.SetText(next)
	enable(v.next, can && st.Doing == "")
	enable(v.back, st.Doing == "")
	enable(v.skip, st.Doing == "")
	enable(v.cancel, st.Doing == "")
	show(v.back, st.Known && st.Step != StepStart && st.Step != StepDone && !st.R.Moving)
	show(v.skip, st.Known && st.Step == StepFiles && !st.onTheirWay())
	show(v.cancel, st.Known && st.Step != StepDone && !st.R.Moving)
}

func enable(b *look.Button, on bool) {
	if on {
		b.Enable()
	} else {
		b.Disable()
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

// drawSteps shows which steps are done, and which one it is.
func (s *Screen) drawSteps() {
	v := &s.view
	v.steps.Objects = nil
	for i, name := range stepNames {
		if i > 0 {
			v.steps.Add(look.NewBox(look.ColorLine, "", 0))
		}
		ground, ink, number := look.ColorTrack, look.ColorSoft, fyne.CanvasObject(nil)
		words := look.Body(name)
		switch {
		case Step(i) < s.state.Step:
			ground, ink = look.ColorAccent, look.ColorOnAccent
			number = look.NewGlyph(look.Icon("check", ink), 14)
		case Step(i) == s.state.Step:
			ground, ink = look.ColorAccent, look.ColorOnAccent
			words = look.Strong(name)
		}
		if number == nil {
			text := look.SmallStrong(fmt.Sprint(i + 1))
			text.SetColor(ink)
			number = text
		}
		circle := look.Sized(container.NewStack(look.NewBox(ground, "", 12), look.Centered(number)), 24, 24)
		v.steps.Add(look.Row(8, circle, words))
	}
	v.steps.Refresh()
}

// stepsLayout spreads the steps over the width, with lines between them.
type stepsLayout struct{}

func (stepsLayout) MinSize(objects []fyne.CanvasObject) fyne.Size {
	return fyne.NewSize(480, 26)
}

func (stepsLayout) Layout(objects []fyne.CanvasObject, size fyne.Size) {
	const apart float32 = 14
	room := size.Width
	for i := 0; i < len(objects); i += 2 {
		room -= objects[i].MinSize().Width
	}
	lines := len(objects) / 2
	line := max(8, room/float32(max(1, lines))-2*apart)
	x := float32(0)
	for i, o := range objects {
		if i%2 == 1 {
			o.Move(fyne.NewPos(x+apart, size.Height/2))
			o.Resize(fyne.NewSize(line, 1))
			x += line + 2*apart
			continue
		}
		m := o.MinSize()
		o.Move(fyne.NewPos(x, (size.Height-m.Height)/2))
		o.Resize(m)
		x += m.Width
	}
}
