package settings

import (
	"strings"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

var appearances = []option[string]{{"system", "As the system"}, {"light", "Light"}, {"dark", "Dark"}}

func newGeneral(s *Screen) *section {
	name := newNameInput(func(text string) {
		text = strings.TrimSpace(text)
		if text != "" {
			s.change("The computer is now called "+text+".", func(e *engine.Settings) { e.Computer = text })
		}
		s.view.draw()
	})
	appearance := newChoice(func(a string) {
		s.change("The appearance was changed.", func(e *engine.Settings) { e.Appearance = a })
	})
	login, loginRow := onOff("Start at login", "The backup begins by itself when you sign in to this computer.", func(on bool) {
		s.change(onWords("Holdfast starts at login.", "Holdfast no longer starts at login.", on), func(e *engine.Settings) { e.AtLogin = on })
	})
	tray, trayRow := onOff("Icon in the tray", "Shows the state, and stays when the window is closed.", func(on bool) {
		s.change(onWords("The icon is in the tray.", "The icon is no longer in the tray.", on), func(e *engine.Settings) { e.Tray = on })
	})
	return &section{name: "General", icon: "sliders-horizontal",
		content: card("General",
			row("Name of this computer", "As you and others see it in Get Files.", wide(name)),
			row("Appearance", "", appearance.field()), loginRow, trayRow),
		draw: func() {
			e := s.state.settings
			name.put(e.Computer)
			appearance.set(e.Appearance, appearances)
			login.SetChecked(e.AtLogin)
			tray.SetChecked(e.Tray)
		}}
}

func onWords(on, off string, is bool) string {
	if is {
		return on
	}
	return off
}

// nameInput is done when Enter is pressed or the focus leaves it.
type nameInput struct {
	look.Input
	focused bool
	done    func(string)
}

func newNameInput(done func(string)) *nameInput {
	n := &nameInput{done: done}
	n.ExtendBaseWidget(n)
	n.OnSubmitted = func(text string) { done(text) }
	return n
}

// put shows a text, unless the person is just writing another one.
func (n *nameInput) put(text string) {
	if !n.focused && n.Text != text {
		n.SetText(text)
	}
}

// FocusGained is for Fyne.
func (n *nameInput) FocusGained() { n.focused = true; n.Input.FocusGained() }

// FocusLost takes what was written.
func (n *nameInput) FocusLost() {
	n.Input.FocusLost()
	n.focused = false
	n.done(n.Text)
}
