package replace

import (
	"slices"

	"fyne.io/fyne/v2"

	"holdfast/ui/desktop/look"
)

// startView is the choice of the old computer.
type startView struct {
	content fyne.CanvasObject
	none    fyne.CanvasObject
	rows    *fyne.Container
	radio   *look.RadioGroup
	drawn   []string
}

func (s *Screen) buildStart() {
	v := &s.view.start
	v.rows = look.Column(0)
	v.content = look.Column(14,
		look.Column(2, look.Heading("Which computer does this one replace?"),
			look.SoftParagraph("This computer takes over its seat, history and settings, and goes on where it stopped. Nothing changes on either of them before the last step.")),
		look.Grow(look.Pad(look.Scroll(look.Pad(v.rows, 2, 12, 2, 2)), 0, -12, 0, -2)))
	v.none = look.Empty("laptop", "There is no computer to replace", "No other computer of your account can be replaced. One that your institution blocked has to be released first.", nil)
}

func (s *Screen) drawStart() fyne.CanvasObject {
	v, st := &s.view.start, &s.state
	if !st.Listed {
		return look.Centered(look.SoftBody("Asking for your computers…"))
	}
	if len(st.Computers) == 0 {
		return v.none
	}
	var options []look.Option
	var drawn []string
	chosen := -1
	for i, c := range st.Computers {
		note := described(c, s.deps.Now())
		options = append(options, look.Option{Label: c.Name, Note: note})
		drawn = append(drawn, c.ID, c.Name, note)
		if c.ID == st.Chosen {
			chosen = i
		}
	}
	if !slices.Equal(drawn, v.drawn) {
		v.drawn = drawn
		v.radio = look.Radio(options, chosen, func(i int) {
			s.state.Chosen, s.state.Err = s.state.Computers[i].ID, nil
			s.draw()
		})
		v.rows.Objects = []fyne.CanvasObject{v.radio}
		v.rows.Refresh()
	}
	v.radio.SetChosen(chosen)
	return v.content
}
