package home

import (
	"context"

	"holdfast/engine"
	"holdfast/ui/desktop/afresh"
	"holdfast/ui/desktop/look"
)

// signInAgain lets the person prove who they are in the browser, after which backing
// up goes on from where it was.
func (s *Screen) signInAgain() {
	again := afresh.New(afresh.Deps{Engine: s.deps.Engine, Window: s.deps.Window, Desk: s.desk, OpenURL: s.deps.OpenURL, Raise: s.deps.Raise})
	var signed engine.SignedIn
	again.SignIn(func(ctx context.Context, in engine.SignedIn) error {
		signed = in
		_, err := s.deps.Engine.Join(ctx, engine.JoinRequest{SignIn: in.ID})
		return err
	}, func(err error) {
		if signed.NeedSecret && engine.KindOf(err) == engine.KindSecret {
			s.askSecret(signed)
			return
		}
		s.goOn(err)
	})
}

// goOn looks at the state again after something that kept backing up waiting was mended.
func (s *Screen) goOn(err error) {
	look.Say(s.deps.Window, err)
	s.status.Void()
	s.load()
}

// secretSheet asks for what only the person has.
type secretSheet struct {
	sheet *look.Dialog
	input *look.Input
	wrong *look.Words
	open  *look.Button
}

// askSecret is for a computer whose own key is gone, where the institution keeps none.
func (s *Screen) askSecret(in engine.SignedIn) {
	v := &secretSheet{input: look.NewPassword(""), wrong: look.SmallParagraph("")}
	v.wrong.SetColor(look.ColorBad)
	v.wrong.Hide()
	v.open = look.Primary("Open the backup", "", func() { s.openWith(v, in) })
	v.input.OnSubmitted = func(string) { s.openWith(v, in) }
	body := look.Column(12,
		look.SoftParagraph("You are signed in. This computer lost its key to your backup, and only you have another one. Type it, and backing up goes on from where it was."),
		look.Field("Passphrase or recovery code", v.input), v.wrong)
	v.sheet = look.SheetSized(s.deps.Window, "Open your backup", body, 480,
		look.Secondary("Cancel", "", func() { v.sheet.Hide() }), v.open)
	v.sheet.OnClosed = func() { s.goOn(nil) }
	v.sheet.Show()
	v.sheet.Focus(v.input)
}

// openWith tries what was typed. What does not open it can be typed again.
func (s *Screen) openWith(v *secretSheet, in engine.SignedIn) {
	secret := v.input.Text
	if secret == "" || v.open.Disabled() {
		return
	}
	v.open.SetText("Opening…")
	v.open.Disable()
	s.desk.Once(func(ctx context.Context) func() {
		_, err := s.deps.Engine.Join(ctx, engine.JoinRequest{SignIn: in.ID, Secret: secret})
		return func() {
			if !v.sheet.Shown() { // closed meanwhile
				s.goOn(err)
				return
			}
			if engine.KindOf(err) == engine.KindSecret {
				v.open.SetText("Open the backup")
				v.open.Enable()
				v.wrong.Set(look.Sentence(err))
				v.wrong.Show()
				v.sheet.Resize()
				return
			}
			v.sheet.OnClosed = nil
			v.sheet.Hide()
			s.goOn(err)
		}
	})
}
