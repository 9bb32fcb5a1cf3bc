package settings

import (
	"context"
	"fmt"
	"slices"

	"fyne.io/fyne/v2"

	"holdfast/engine"
	"holdfast/ui/desktop/codepage"
	"holdfast/ui/desktop/look"
)

func newSecurity(s *Screen) *section {
	keys := look.Column(10)
	var drawn []engine.Key
	code := look.Secondary("New code…", "key-round", s.askCode)
	set := look.Secondary("Set…", "lock", s.askPassphrase)
	drop := look.SmallLink("", s.askNoPassphrase)
	offer := look.Pad(look.Leading(drop), 0, 0, 4, 0)
	place, icon := look.Paragraph(""), look.NewGlyph(nil, look.IconSize)
	where := look.Row(10, icon, look.Grow(place))
	who := look.Paragraph("")
	means := look.SmallParagraph("")
	return &section{name: "Security", icon: "lock",
		content: look.Column(look.Gap,
			card("How the key is kept",
				look.Column(8, look.SoftParagraph("Everything is encrypted before it leaves this computer. This computer has a key of its own, so nothing has to be typed here."), who, where),
				row("Recovery code", "Opens the backup when everything else is lost. A new one replaces the old one.", code),
				look.Column(4, look.Row(look.Gap, look.Grow(look.Column(2, look.Body("Passphrase").Truncate(), means)), set), offer)),
			card("Keys", keys)),
		draw: func() {
			destination := s.state.status.Destination
			words, name, ink := keyPlace(destination)
			place.Set(words)
			icon.SetIcon(look.Icon(name, ink))
			show(where, words != "")
			who.Set(keptBy(destination, s.state.keys))
			show(who, who.Words() != "")
			means.Set(passphraseMeans(destination))
			set.SetText(onWords("Change…", "Set…", hasKey(s.state.keys, engine.KeyPassphrase)))
			drop.SetText(onWords("Go back to Standard…", "Remove the passphrase…", destination.Account != ""))
			show(offer, withoutPassphrase(destination, s.state.keys))
			if len(drawn) > 0 && slices.Equal(drawn, s.state.keys) && s.state.keysBad == "" {
				return // a row that is pressed must not be made anew
			}
			drawn = s.state.keys
			keys.Objects = nil
			switch {
			case s.state.keysBad != "":
				keys.Add(look.SoftParagraph(s.state.keysBad))
			case len(s.state.keys) == 0:
				keys.Add(look.SoftBody("Reading…"))
			}
			for i, k := range s.state.keys {
				if i > 0 {
					keys.Add(look.Rule())
				}
				keys.Add(s.keyRow(k))
			}
		}}
}

// keyPlace says where this computer's key lies.
func keyPlace(d engine.Destination) (words, icon string, ink fyne.ThemeColorName) {
	switch {
	case d.Address == "":
		return "", "", look.ColorText
	case d.KeyNote != "":
		return d.KeyNote, "triangle-alert", look.ColorWarn
	}
	return "The key lies in the keychain of this computer.", "circle-check", look.ColorOK
}

func (s *Screen) keyRow(k engine.Key) fyne.CanvasObject {
	icon := map[engine.KeyKind]string{engine.KeyComputer: "laptop", engine.KeyPassphrase: "lock", engine.KeyInstitution: "server"}[k.Kind]
	if icon == "" {
		icon = "key-round"
	}
	words := look.Column(0, look.Body(keyName(k)).Truncate(), look.SmallParagraph(keySays(k, s.deps.Now())))
	parts := []fyne.CanvasObject{look.NewGlyph(look.Icon(icon, look.ColorSoft), look.IconSize), look.Grow(words)}
	if !k.Current && k.Kind != engine.KeyInstitution { // that one goes with a passphrase
		parts = append(parts, look.Secondary("Revoke…", "", func() { s.askRevoke(k) }))
	}
	return look.Row(12, parts...)
}

func (s *Screen) askRevoke(k engine.Key) {
	s.askDanger("Revoke "+keyName(k)+"?", revokeSays(k), "Revoke", func() {
		s.act("Revoking a key", func(ctx context.Context) error { return s.deps.Engine.RevokeKey(ctx, k.ID) },
			keyName(k)+" no longer opens the backup.")
	})
}

// askDanger asks before something that cannot be undone.
func (s *Screen) askDanger(title, words, do string, then func()) {
	var sheet *look.Dialog
	sheet = look.SheetSized(s.deps.Window, title, look.SoftParagraph(words), 480,
		look.Secondary("Cancel", "", func() { sheet.Hide() }),
		look.Danger(do, "", func() { sheet.Hide(); then() }))
	sheet.Show()
}

// act does something with the keys, after a fresh sign-in where the account wants one,
// and shows them anew.
func (s *Screen) act(what string, do func(ctx context.Context) error, done string) {
	s.afresh.Do(what, do, func(err error) {
		if err != nil {
			look.Say(s.deps.Window, err)
		} else {
			s.state.note = note{words: done, tone: engine.ToneOK}
		}
		s.view.draw()
		s.readKeys()
	})
}

func (s *Screen) askCode() {
	words := "A new code takes the place of the old one, which then opens nothing any more. The code is shown once: print it, save it or write it down, and keep it away from this computer."
	look.Ask(s.deps.Window, "Make a new recovery code?", words, "Make it", "Cancel", func() {
		var code string
		s.afresh.Do("A new recovery code", func(ctx context.Context) (err error) {
			code, err = s.deps.Engine.NewRecoveryCode(ctx)
			return err
		}, func(err error) {
			if err != nil {
				look.Say(s.deps.Window, err)
				return
			}
			s.showCode(code)
			s.readKeys()
		})
	})
}

// showCode shows a code this once; it cannot be asked for again.
func (s *Screen) showCode(code string) {
	window := s.deps.Window
	box := look.Framed(look.Strong(code))
	text := codepage.Text(code, codepage.Of{Computer: s.state.settings.Computer, Address: s.state.status.Destination.Address}, s.deps.Now())
	says := look.SmallParagraph("")
	says.Hide()
	var sheet *look.Dialog
	kept := func(words string) {
		says.Set(words)
		says.Show()
		sheet.Resize()
	}
	var copied *look.Button
	copied = look.Secondary("Copy", "copy", func() {
		fyne.CurrentApp().Clipboard().SetContent(code)
		copied.SetText("Copied")
	})
	save := look.Secondary("Save…", "save", func() {
		look.SaveText(window, "Holdfast recovery code.txt", text, func(path string) {
			kept("Saved as " + path + ". Move it off this computer.")
		})
	})
	buttons := []fyne.CanvasObject{copied, save}
	if s.deps.Print != nil {
		buttons = append(buttons, look.Secondary("Print", "printer", func() { s.printCode(text, kept) }))
	}
	body := look.Column(12,
		look.SoftParagraph(codeSays(s.state.keys)),
		box, look.Row(8, buttons...), says)
	sheet = look.SheetSized(window, "Your recovery code", body, 620,
		look.Primary("I have kept it", "", func() { sheet.Hide() }))
	sheet.Show()
}

func (s *Screen) printCode(text string, kept func(words string)) {
	s.desk.Once(func(context.Context) func() {
		err := s.deps.Print(text)
		return func() {
			if err != nil {
				look.Say(s.deps.Window, &engine.Error{Op: "print", Message: "It could not be printed. Save it as a text file and print that.", Err: err})
				return
			}
			kept("Sent to the printer.")
		}
	})
}

// askPassphrase asks for a passphrase twice.
func (s *Screen) askPassphrase() {
	one, two := look.NewPassword(""), look.NewPassword("")
	wrong := look.Paragraph("")
	wrong.SetColor(look.ColorBad)
	wrong.Hide()
	var sheet *look.Dialog
	save := func() {
		if says := passphraseWrong(one.Text, two.Text); says != "" {
			wrong.Set(says)
			wrong.Show()
			sheet.Resize()
			return
		}
		sheet.Hide()
		phrase := one.Text
		s.act("Setting the passphrase", func(ctx context.Context) error { return s.deps.Engine.SetPassphrase(ctx, phrase) },
			"The passphrase now opens the backup.")
	}
	for _, i := range []*look.Input{one, two} {
		i.OnSubmitted = func(string) { save() }
		i.OnEscape = func() bool { sheet.Hide(); return true }
	}
	body := look.Column(12,
		look.SoftParagraph("Nobody but you knows it, and nobody can look it up. A few words that do not belong together are good."),
		look.Field("Passphrase", one), look.Field("The same again", two), wrong)
	sheet = look.SheetSized(s.deps.Window, "Passphrase", body, 460,
		look.Secondary("Cancel", "", func() { sheet.Hide() }), look.Primary("Set the passphrase", "", save))
	sheet.Show()
	sheet.Focus(one)
}

// passphraseWrong says what is wrong with a new passphrase, "" when nothing is.
func passphraseWrong(one, two string) string {
	switch {
	case len([]rune(one)) < engine.MinPassphrase:
		return fmt.Sprintf("Take at least %d characters; a few words are best.", engine.MinPassphrase)
	case one != two:
		return "The two are not the same."
	}
	return ""
}

// askNoPassphrase asks before the passphrase goes, with which an account goes back to
// Standard.
func (s *Screen) askNoPassphrase() {
	remove := func(ctx context.Context) error { return s.deps.Engine.SetPassphrase(ctx, "") }
	d := s.state.status.Destination
	if d.Account == "" {
		s.askDanger("Remove the passphrase?", "It then opens nothing any more. The recovery code and the keys of your computers still do.", "Remove", func() {
			s.act("Removing the passphrase", remove, "The passphrase no longer opens the backup.")
		})
		return
	}
	look.Ask(s.deps.Window, "Go back to Standard?", standardSays(d), "Go back", "Cancel", func() {
		s.act("Changing how the key is kept", remove, "The key is kept as Standard: a passphrase is no longer needed.")
	})
}
