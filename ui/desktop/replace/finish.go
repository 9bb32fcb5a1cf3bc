package replace

import (
	"fyne.io/fyne/v2"

	"holdfast/ui/desktop/look"
)

// finishView says what Finish does.
type finishView struct {
	content fyne.CanvasObject
	title   *look.Text
	lead    *look.Words
	files   *look.Words
	taken   *look.Words
	kept    *look.Words
	facts   fyne.CanvasObject
}

func (s *Screen) buildFinish() {
	v := &s.view.finish
	v.title, v.lead = look.Heading("").Truncate(), look.SoftParagraph("")
	v.files, v.taken, v.kept = look.Paragraph(""), look.Paragraph(""), look.Paragraph("")
	fact := func(words *look.Words) fyne.CanvasObject {
		return look.Row(10, look.NewGlyph(look.Icon("check", look.ColorOK), look.IconSize), look.Grow(words))
	}
	v.facts = look.Column(12,
		fact(look.Paragraph("Seat, identity and history: what the old computer stored is this computer’s own past. Nothing is uploaded again.")),
		fact(v.files), fact(v.taken), fact(v.kept),
		fact(look.Paragraph("The old computer stops backing up and says that it was replaced.")))
	v.content = look.Scroll(look.Column(18, look.Column(0, v.title, v.lead), v.facts))
}

func (s *Screen) drawFinish() fyne.CanvasObject {
	v, st := &s.view.finish, &s.state
	name := quoted(st.R.Old.Name)
	v.title.Set("This computer takes the place of " + name)
	v.lead.Set("Press Finish, and it is done in a moment. Until then nothing has changed.")
	if st.R.Moving {
		v.title.Set("This computer was about to take the place of " + name)
		v.lead.Set("That was interrupted. Nothing is lost: press Finish, and it goes on.")
	}
	v.files.Set(filesWords(st.R))
	v.taken.Set(takenWords(st.Old, st.Take))
	v.kept.Set("All files: in Get Files, **" + st.R.Old.Name + earlierWords + "** lists what the old computer stored. None of it is deleted.")
	v.content.Refresh()
	return v.content
}

// doneView is the end.
type doneView struct {
	content fyne.CanvasObject
	words   *look.Words
	title   *look.Text
	see     fyne.CanvasObject
}

func (s *Screen) buildDone() {
	v := &s.view.done
	v.title, v.words = look.Heading("").Center(), look.SoftParagraph("").Center()
	v.see = look.Centered(look.Secondary("See its files", "history", func() { s.deps.GetFiles(s.state.Earlier) }))
	v.content = look.Centered(look.Column(look.Gap,
		look.Centered(look.NewGlyph(look.Icon("circle-check", look.ColorOK), 40)),
		look.Column(4, v.title, look.Sized(v.words, 460, 20)),
		v.see))
}

func (s *Screen) drawDone() fyne.CanvasObject {
	v := &s.view.done
	show(v.see, s.state.Earlier != "")
	v.title.Set("This computer took the place of " + quoted(s.state.Name))
	v.words.Set("It is looking through its files now; what is stored already is not uploaded again. Files that are still on their way are in Downloads.")
	return v.content
}
