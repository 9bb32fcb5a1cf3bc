package home

import (
	"context"

	"holdfast/engine"
	"holdfast/ui/desktop/look"
)

// signInAgain lets the person prove who they are in the browser, after which backing
// up goes on from where it was. Pressed again, it begins anew, so that a browser that
// was closed does no harm.
func (s *Screen) signInAgain() {
	s.desk.Ask(&s.again, func(ctx context.Context) func() {
		begun, err := s.deps.Engine.SignIn(ctx, engine.SignInRequest{})
		if err == nil && s.deps.OpenURL != nil {
			err = s.deps.OpenURL(begun.URL)
		}
		return func() {
			if err != nil {
				look.Say(s.deps.Window, err)
				return
			}
			s.joinAgain(begun.ID)
		}
	})
}

// joinAgain waits for the browser.
func (s *Screen) joinAgain(id string) {
	s.desk.Ask(&s.again, func(ctx context.Context) func() {
		in, err := s.deps.Engine.WaitSignIn(ctx, id)
		if err == nil {
			_, err = s.deps.Engine.Join(ctx, engine.JoinRequest{SignIn: in.ID})
		}
		return func() {
			if ctx.Err() == nil {
				look.Say(s.deps.Window, err)
			}
			s.status.Void()
			s.load()
		}
	})
}
