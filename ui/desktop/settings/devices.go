package settings

import (
	"context"
	"slices"
	"strings"
	"time"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// newDevices lists the computers, and is where this one begins to take the place of
// another.
func newDevices(s *Screen) *section {
	rows := look.Column(10)
	var drawn []string
	start := look.Secondary("Start", "", func() { s.deps.Replace() })
	s.view.replace = start
	why := look.SmallParagraph("")
	replace := look.Row(look.Gap, look.Grow(look.Column(2, look.Body("Replace Device…").Truncate(), why)), start)
	return &section{name: "Devices", icon: "laptop",
		content: look.Column(look.Gap, card("Computers", rows), card("", replace)),
		draw: func() {
			words, can, button := replaceWords(s.state.status, s.state.computers, s.state.replacing)
			why.Set(words)
			start.SetText(button)
			enable(start, can && s.deps.Replace != nil)
			var now []string
			for _, c := range s.state.computers {
				now = append(now, c.ID, c.Name, c.State, deviceSays(c, s.deps.Now()))
			}
			if slices.Equal(now, drawn) && len(rows.Objects) > 0 {
				return
			}
			drawn = now
			rows.Objects = nil
			for i, c := range s.state.computers {
				if i > 0 {
					rows.Add(look.Rule())
				}
				rows.Add(deviceRow(c, s.deps.Now()))
			}
			if len(s.state.computers) == 0 {
				rows.Add(look.SoftBody("Reading…"))
			}
		}}
}

func deviceRow(c engine.Computer, now time.Time) fyne.CanvasObject {
	parts := []fyne.CanvasObject{look.NewGlyph(look.Icon("laptop", look.ColorSoft), look.IconSize),
		look.Grow(look.Column(0, look.Body(c.Name).Truncate(), look.SmallParagraph(deviceSays(c, now))))}
	switch {
	case c.This:
		parts = append(parts, look.Pill("This computer", engine.ToneOK))
	case c.State == "blocked" || c.State == "signed out" || c.State == "removed":
		parts = append(parts, look.Pill(strings.ToUpper(c.State[:1])+c.State[1:], engine.ToneWarn))
	}
	return look.Row(12, parts...)
}

// deviceSays is the second line of a computer.
func deviceSays(c engine.Computer, now time.Time) string {
	words := "Nothing stored yet"
	if !c.LastBackup.IsZero() {
		words = "Last backup " + look.Ago(c.LastBackup, now) + " · " + look.Files(c.Stored.Files) + ", " + look.Bytes(c.Stored.Bytes)
	}
	switch c.Owner {
	case engine.OwnerInstitution:
		words += " · institution"
	case engine.OwnerPersonal:
		words += " · personal"
	}
	if c.Asset != "" {
		words += " · " + c.Asset
	}
	return words
}

// replaceWords say what Replace Device is, or why it is not to be had now.
func replaceWords(s engine.Status, all []engine.Computer, r engine.Replacement) (words string, can bool, button string) {
	switch {
	case r.Old.ID != "":
		return "Replacing “" + r.Old.Name + "” is under way.", true, "Go on"
	case s.Destination.Account == "":
		return "For computers with an account on a server. With a folder or drive, get the files of the old computer in Get Files.", false, "Start"
	case !slices.ContainsFunc(all, func(c engine.Computer) bool { return !c.This && !c.Earlier() && c.State != "removed" }):
		return "Your account has no other computer.", false, "Start"
	}
	return "This computer takes the place of another one: its seat, history and settings, and its files if you like.", true, "Start"
}

// readDevices asks for the computers and what is under way.
func (s *Screen) readDevices() {
	s.desk.Ask(&s.listing, func(ctx context.Context) func() {
		all, err := s.deps.Engine.Computers(ctx)
		r, under := s.deps.Engine.Replacement(ctx)
		return func() {
			if err == nil {
				s.state.computers = slices.DeleteFunc(all, engine.Computer.Earlier)
			}
			if under == nil {
				s.state.replacing = r
			}
			s.view.draw()
		}
	})
}
